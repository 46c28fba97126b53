"""A whole site in a temporary folder, commands called on it, publishers run on it, and a sandbox in a thread beside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import yaml
from click.testing import CliRunner, Result
from PIL import Image as Pictures

from syndicate.cli import main
from syndicate.sandbox.addresses import WEBHOOK_SECRET, SandboxAddresses
from syndicate.sandbox.faults import InjectedFault
from syndicate.sandbox.server import Running, start
from syndicate.sandbox.truth import Action, Entry

T = TypeVar("T")

BATCH_WORDS = {(word,) for word in ("list", "status", "pause", "resume", "cancel")}
"""Words that follow `backfill`."""

LIMIT_S = 40.0
"""A process under coverage on a busy machine takes seconds to start; a wait that is over this is a hang."""


def environment(**more: str) -> dict[str, str]:
    """The environment of a child: none of the operator's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("SYNDICATE_")}
    return kept | more


def until(is_so: Callable[[], T], what: str, limit_s: float = LIMIT_S) -> T:
    """Wait for another process; gives what was true at last."""
    ends = time.monotonic() + limit_s
    while not (found := is_so()):
        assert time.monotonic() < ends, f"not within {limit_s} s: {what}"
        time.sleep(0.03)
    return found


@dataclass
class SiteRig:
    """A project's folder. Items are an hour old and their files were left alone for as long.

    No card images are drawn unless the test configures them: they cost more than all else of a pass.
    """

    folder: Path
    channels: dict[str, dict[str, Any]] = field(default_factory=lambda: {"shown": {"network": "preview"}})
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "content").mkdir(parents=True, exist_ok=True)
        self.configure()

    @property
    def config(self) -> Path:
        return self.folder / "config" / "syndicate.yaml"

    def configure(self, **more: Any) -> None:
        """Write the settings anew."""
        self.more |= more
        self.config.parent.mkdir(exist_ok=True)
        sections: dict[str, Any] = {
            "site": {"title": "Marsh Notes", "url": "https://marsh.example/", "tag_authority": "marsh.example,2026"},
            "content": {"preset": "generic"},
            "server": {"port": 0},
            "delivery": {"retry_first": "0.2s", "retry_longest": "1s", "drain": "5s"},
            "log": {"format": "json"},
            "cards": {"image": {"enabled": False}},
            "channels": self.channels,
        }
        self.config.write_text(yaml.safe_dump(sections | self.more), encoding="utf-8")

    def write(self, number: int, *, age: timedelta = timedelta(hours=1), name: str = "", **front: Any) -> Path:
        """An item's file."""
        now = datetime.now(UTC)
        values = {
            "id": number,
            "title": f"Title {number}",
            "date": (now - timedelta(hours=1) + timedelta(seconds=number)).isoformat(),
            "link": f"https://herons.example/{number}",
            "categories": ["Water Birds"],
            "section": "News",
            "slug": f"slug-{number}",
            "description": f"What happened, part {number}.",
        }
        text = f"---\n{yaml.safe_dump(values | front)}---\nBody.\n"
        return self.put(name or f"{number}.md", text.encode(), age=age)

    def put(self, name: str, content: bytes, *, age: timedelta = timedelta(hours=1)) -> Path:
        """A file of the store, there at once."""
        path = self.folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        passing = path.with_name(f".{path.name}.tmp")
        passing.write_bytes(content)
        at = (datetime.now(UTC) - age).timestamp()
        os.utime(passing, (at, at))
        passing.replace(path)
        return path

    def call(self, *words: str, answer: str | None = None) -> Result:
        """A command in this process."""
        config = [] if words[0] in {"sample", "sandbox", "demo"} else ["--config", str(self.config)]
        is_group = words[0] in {"held", "feeds", "channels"} or words[1:2] in BATCH_WORDS
        split = 2 if is_group else 1
        return CliRunner(env={"SYNDICATE_CONFIG": None}).invoke(
            main, [*words[:split], *config, *words[split:]], input=answer, catch_exceptions=False
        )

    def ask(self, *words: str, code: int = 0) -> Any:
        """What a command reports as JSON."""
        result = self.call(*words, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command in a process of its own; its log lies in the folder."""
        with (self.folder / "process.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "syndicate", *words, "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
                start_new_session=True,
                text=True,
            )

    def log(self) -> str:
        path = self.folder / "process.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        """`syndicate run`, past its first pass; killed at the end if it still runs."""
        before = self.log().count("Watching for new items")
        process = self.start("run")
        try:
            until(lambda: self.log().count("Watching for new items") > before or process.poll() is not None, "a start")
            assert process.poll() is None, self.log()
            yield process
        finally:
            end(process, signal.SIGKILL)

    def feed(self) -> list[str]:
        """Titles in the feed of everything."""
        feed = json.loads((self.folder / "feeds" / "all" / "feed.json").read_text(encoding="utf-8"))
        return [entry["title"] for entry in feed["items"]]


def end(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> int:
    """Send the signal and wait; gives the exit code."""
    if process.poll() is None:
        process.send_signal(number)
    return process.wait(LIMIT_S)


def picture(colour: str = "teal") -> bytes:
    stream = BytesIO()
    Pictures.new("RGB", (1200, 800), colour).save(stream, "JPEG")
    return stream.getvalue()


class SandboxThread:
    """A sandbox that answers from a thread of its own, so that commands may run in the main one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()
        self.running: Running = self._do(start())

    @property
    def addresses(self) -> SandboxAddresses:
        return self.running.addresses

    def arm(self, *faults: InjectedFault) -> None:
        self._loop.call_soon_threadsafe(self.running.arm, *faults)

    def reset(self) -> None:
        self._do(self.running.reset())

    def posts(self, network: str = "", account: str = "") -> list[Entry]:
        return [
            one
            for one in self.running.truth
            if one.action is Action.POST and network in {"", one.network} and account in {"", one.account}
        ]

    def links(self, network: str) -> list[str]:
        """What was posted there, as links in order."""
        return [str(one.link) for one in self.posts(network)]

    def channels(self, *names: str) -> dict[str, dict[str, Any]]:
        """Settings of channels that post here."""
        at = self.addresses
        known: dict[str, dict[str, Any]] = {
            "mastodon": {"network": "mastodon", "instance": at.mastodon_url, "token": "sandbox-news", "settle": "0.3s"},
            "bluesky": {
                "network": "bluesky",
                "service": at.bluesky_url,
                "identifier": "news.test",
                "password": "sandbox-news",
                "settle": "0.3s",
            },
            "threads": {
                "network": "threads",
                "account": "news",
                "api_url": at.threads_url,
                "token": "sandbox-news",
                "settle": "0.3s",
            },
            "webhook": {
                "network": "webhook",
                "url": f"{at.webhook_url}/news",
                "secret": WEBHOOK_SECRET,
                "settle": "0.3s",
            },
        }
        return {name: known[name] for name in names}

    def close(self) -> None:
        self._do(self.running.close())
        self._do(_end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT_S)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT_S)


async def _end_all() -> None:
    """End what a cut connection left behind."""
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
