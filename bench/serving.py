"""Goal 5: a feed of about 60 kB over HTTP, against aiohttp's `add_static` and nginx, each in a process of its own.

    .venv/bin/python bench/serving.py {syndicate,static} FOLDER

serves a folder and prints its port; `run.py bench --goal 5` asks with wrk. Beside how many answers a second there are
it tells the CPU that the server takes for a thousand of them: that depends less on what else the machine does. nginx
compresses anew for each answer, as it does out of the box; ours has compressed once.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus import Corpus
from peers import Missing, Place, free_port, install, python
from readers import READERS, await_port, made, rebuilt_beside, rebuilt_by_ours
from syndicate.shelf.version import PACK
from timing import Failed, cpu_s_of, ratios, spreads

SECONDS = 3
WANTED = {"static": {"full_per_s": 8.0}, "nginx": {"full_per_s": 0.3}}
NGINX = """\
worker_processes 1; daemon off; pid {root}/nginx.pid; error_log {root}/nginx.log;
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  gzip on; gzip_comp_level 6; gzip_types application/rss+xml;
  types {{ application/rss+xml xml; }}
  server {{ listen 127.0.0.1:{port}; root {feeds}; }}
}}
"""


def serve(corpus: Corpus, place: Place, peers: Sequence[str], rounds: int) -> dict[str, Any]:
    """Answers a second in full and as 304, of ours and of each peer in turn; and how long readers wait in a rebuild."""
    install("wrk")
    feed = made(place)
    path = feed.relative_to(place.feeds).as_posix()
    sides = ["syndicate", "static", *(["nginx"] if "nginx" in peers else [])]
    costs: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    waits: dict[str, list[dict[str, float]]] = {side: [] for side in sides if side != "static"}
    for _ in range(rounds):
        for side in sides:
            with _served(side, place) as server:
                costs[side].append(_asked(server, path, feed.read_bytes()))
    for _ in range(rounds):
        waits["syndicate"].append(rebuilt_by_ours(place, path))
        if "nginx" in waits:
            with _served("nginx", place) as server:
                waits["nginx"].append(rebuilt_beside(place, path, server.port))
    return {
        "same": f"the same {feed.stat().st_size} bytes from all",
        "sides": {
            **{side: spreads(found) for side, found in costs.items()},
            **{f"{side} in a rebuild": spreads(found) for side, found in waits.items()},
            "compressed once": spreads(_compressed(feed.read_bytes())),
        },
        "ratios": {
            **{side: ratios(costs["syndicate"], costs[side]) for side in sides[1:]},
            **{
                f"{side} in a rebuild": _waits(waits["syndicate"], waits[side]) for side in waits if side != "syndicate"
            },
        },
        "wanted": {side: WANTED[side] for side in sides[1:]},
    }


def _waits(ours: Sequence[dict[str, float]], theirs: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
    return {name: found for name, found in ratios(ours, theirs).items() if name.endswith("_ms")}


@dataclass(frozen=True, slots=True)
class Server:
    """One that answers at a port, and its process."""

    port: int
    pid: int


def _asked(server: Server, path: str, content: bytes) -> dict[str, float]:
    url = f"http://127.0.0.1:{server.port}/{path}"
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == content, "another feed is served"
        tag = answer.headers["ETag"] or ""
        since = answer.headers["Last-Modified"]
    known = f"If-None-Match: {tag}" if tag else f"If-Modified-Since: {since}"
    found = {}
    for kind, headers in {"full": (), "known": (known,), "packed": ("Accept-Encoding: gzip",)}.items():
        begun_s = cpu_s_of(server.pid)
        asked = _wrk(url, 64, *headers)
        found |= {
            f"{kind}_per_s": asked["per_s"],
            f"{kind}_cpu_s_per_1000": (cpu_s_of(server.pid) - begun_s) * 1000 / asked["answers"],
        }
    return found


def _compressed(content: bytes) -> list[dict[str, float]]:
    """What is done once for a new version that somebody asks for in that form: CPU, and the size by the plain one's."""
    found = []
    for _ in range(5):
        one: dict[str, float] = {}
        for coding, pack in PACK.items():
            begun_s = time.thread_time()
            size = len(pack(content))
            one |= {f"{coding}_ms": (time.thread_time() - begun_s) * 1000, f"{coding}_size": size / len(content)}
        found.append(one)
    return found


def _wrk(url: str, readers: int, *headers: str) -> dict[str, float]:
    more = [part for header in headers for part in ("-H", header)]
    command = ["wrk", "-t1", f"-c{readers}", f"-d{SECONDS}s", *more, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    per_s = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    answers = re.search(r"(\d+) requests in", done.stdout)
    if per_s is None or answers is None:
        raise Failed(f"wrk says: {done.stdout}")
    return {"per_s": float(per_s[1]), "answers": float(answers[1])}


@contextmanager
def _served(side: str, place: Place) -> Iterator[Server]:
    if side == "nginx":
        with _nginx(place) as server:
            yield server
        return
    command = [python(), str(Path(__file__)), side, str(place.feeds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Server(int(process.stdout.readline()), process.pid)
        finally:
            process.terminate()


@contextmanager
def _nginx(place: Place) -> Iterator[Server]:
    install("nginx")
    port = free_port()
    config = place.root / "nginx.conf"
    config.write_text(NGINX.format(root=place.root, feeds=place.feeds, port=port), encoding="ascii")
    for folder in (place.feeds, *place.feeds.parents):
        if not folder.stat().st_mode & 0o005:
            raise Missing(f"nginx cannot read {folder}")
    with subprocess.Popen(["nginx", "-c", str(config)], stderr=subprocess.DEVNULL) as process:
        try:
            await_port(port)
            yield Server(port, process.pid)
        finally:
            process.terminate()


async def main(side: str, folder: Path) -> None:
    from aiohttp import web

    from syndicate.feeds.site import Site
    from syndicate.shelf.listen import listening
    from syndicate.shelf.serve import feed_server

    if side == "syndicate":
        shown = Site(
            "Bench",
            "https://bench.example/",
            "",
            "https://bench.example/feeds/",
            "bench.example,2026",
            formats=("rss",),
        )
        async with listening(feed_server(folder, shown), "127.0.0.1", 0, most=2 * READERS) as (_, port):
            print(port, flush=True)
            await asyncio.Event().wait()
    application = web.Application()
    application.router.add_static("/", folder)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
