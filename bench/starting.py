"""Goal 8: how long a start takes: `--help`, `once`, and `run` up to its first feed served and first post delivered.

What a start costs is told in two parts: what it costs with a store of 200 items, and what each further item adds.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_bytes
from typing import Any

from building import prepared
from corpus import Corpus
from peers import Place, free_port, ours, python, settings
from timing import cost_of, cpu_s_of, spreads

FEW_ITEMS = 200
PATIENCE_S = 120.0
STEP_S = 0.005
CHANNELS = """\
channels:
  hook: {{network: webhook, url: "http://127.0.0.1:{port}/", secret: "whsec_{secret}"}}
"""


def start(corpus: Corpus, place: Place, rounds: int) -> dict[str, Any]:
    """The cost of `--help`, of `once` with and without a new item or pages, and of `run` up to its first work."""
    helps = [cost_of([python(), "-P", "-m", "syndicate", "--help"], folder=place.root).told() for _ in range(rounds)]
    few = Corpus(FEW_ITEMS, min(len(corpus.names), FEW_ITEMS))
    cold, paged, paged_changed = _passes(corpus, place, rounds, is_full=True)
    _, quiet, changed = _passes(corpus, place, rounds)
    _, least, least_changed = _passes(few, prepared(few, place.root.parent), rounds)
    further = max(corpus.items - FEW_ITEMS, 1)
    each = [
        {"cpu_us": (one["cpu_s"] - other["cpu_s"]) / further * 1e6} for one, other in zip(quiet, least, strict=True)
    ]
    return {
        "sides": {
            "--help": spreads(helps),
            "once": spreads(quiet),
            "once, one new": spreads(changed),
            f"once, {FEW_ITEMS}": spreads(least),
            f"one new, {FEW_ITEMS}": spreads(least_changed),
            "each item": spreads(each),
            "all pages, cold": spreads(cold),
            "all pages, once": spreads(paged),
            "pages, one new": spreads(paged_changed),
            "run": spreads(_starts(place, rounds)),
        },
        "ratios": {},
        "wanted": {},
    }


Costs = list[dict[str, float]]


def _passes(corpus: Corpus, place: Place, rounds: int, *, is_full: bool = False) -> tuple[Costs, Costs, Costs]:
    """Costs of `once` on a store that is not known; that is known, without a change; and with one new item each."""
    place.clear()
    settings(place, is_full=is_full)
    command = ours(place, "once")
    cold = [cost_of(command, folder=place.root).told()]
    quiet = [cost_of(command, folder=place.root).told() for _ in range(rounds)]
    with closing(corpus.arrivals(place.content, rounds)) as numbers:
        changed = [cost_of(command, folder=place.root).told() for _ in numbers]
    cost_of(command, folder=place.root)
    return cold, quiet, changed


def _starts(place: Place, rounds: int) -> list[dict[str, float]]:
    """Seconds from the start of the process to each first, with a post that is owed from before."""
    with _sink() as sink:
        settings(place, channels=CHANNELS.format(port=sink.port, secret=b64encode(token_bytes(32)).decode()))
        cost_of(ours(place, "once"), folder=place.root)
        return [_started(place, sink, number) for number in range(1, rounds + 1)]


def _started(place: Place, sink: Sink, number: int) -> dict[str, float]:
    owe = ("backfill", "--channel", "hook", "--limit", str(number), "--gap", "1s", "--yes", "--no-wait")
    cost_of(ours(place, *owe), folder=place.root)
    sink.heard.clear()
    port = free_port()
    serving = {"SYNDICATE_SERVER__ENABLED": "true", "SYNDICATE_SERVER__PORT": str(port)}
    found: dict[str, float] = {}
    begun = time.perf_counter()
    with subprocess.Popen(
        ours(place, "run"), cwd=place.root, env=os.environ | serving, stdout=subprocess.PIPE, text=True
    ) as process:
        waits = (
            threading.Thread(target=_note, args=(found, "feed_s", begun, lambda: _await_feed(port))),
            threading.Thread(target=_note, args=(found, "post_s", begun, lambda: sink.heard.wait(PATIENCE_S))),
        )
        try:
            for wait in waits:
                wait.start()
            assert process.stdout is not None
            for line in process.stdout:
                if "Watching for new items" in line:
                    break
            found |= {"pass_s": time.perf_counter() - begun, "cpu_s": cpu_s_of(process.pid)}
            for wait in waits:
                wait.join()
        finally:
            process.terminate()
    return found


def _note(found: dict[str, float], name: str, begun: float, wait: Any) -> None:
    wait()
    found[name] = time.perf_counter() - begun


def _await_feed(port: int) -> None:
    """Ask for a feed until it is there."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            connection.request("GET", "/all/rss.xml")
            if connection.getresponse().status == 200:
                return
        except ConnectionError:
            pass
        finally:
            connection.close()
        time.sleep(STEP_S)
    raise TimeoutError(f"no feed was served in {PATIENCE_S:.0f} s")


@dataclass(slots=True)
class Sink:
    """Where posts arrive: its port, and whether one did."""

    port: int
    heard: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _sink() -> Iterator[Sink]:
    """Takes whatever is posted to it."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sink.heard.set()
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        sink = Sink(server.server_port)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
