"""The stage of `syndicate demo`: a site, a sandbox, a publisher that can be killed, and the count at the end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from syndicate.errors import SyndicateError
from syndicate.outbox.delivery import Delivery
from syndicate.outbox.store import SqlOutbox
from syndicate.proof.stand import without_settings
from syndicate.sandbox.addresses import TOKEN_PREFIX, WEBHOOK_SECRET, SandboxAddresses

FAULTS: tuple[dict[str, Any], ...] = (
    {"network": "*", "route": "post", "effect": "lost_after", "probability": 0.12},
    {"network": "*", "route": "post", "effect": "error_503_after", "probability": 0.08},
    {"network": "*", "route": "post", "effect": "error_429", "retry_after": 1, "probability": 0.1},
    {"network": "*", "route": "post", "effect": "slow_after", "delay_ms": 400, "probability": 0.5},
    {"network": "*", "route": "media", "effect": "error_502_before", "probability": 0.1},
)
"""What goes wrong while the publisher is being killed: answers lost after the post was made, 5xx, 429, slowness."""

HEADLINES = (
    ("Ward Tablets Learn to Share One Login", "ward-tablets-one-login"),
    ("A Quiet Standard for Loud Monitors", "quiet-standard-loud-monitors"),
    ("Discharge Letters That Patients Finish Reading", "discharge-letters"),
    ("The Registry That Corrects Itself Overnight", "registry-corrects-itself"),
    ("Video Visits Reach the Last Lighthouse", "video-visits-lighthouse"),
    ("Twenty Clinics, One Medication List", "one-medication-list"),
    ("When the Scanner Explains Its Doubts", "scanner-explains-doubts"),
    ("Night Shift, Day Data: A Handover Story", "night-shift-day-data"),
)
"""Title and address of the items that are dropped in during the demo; the outlet is fictional."""

OUTLET = "https://lanternpost.example/"
ACCOUNTS: Mapping[str, str] = {
    "mastodon": "mastodon/news",
    "bluesky": "bluesky/news.test",
    "bluesky_pictures": "bluesky/pictures.test",
    "webhook": "webhook/news",
}
"""Each channel's network and account, as the sandbox's log names them."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """An item that the demo wrote into the store."""

    path: Path
    title: str
    link: str


def settings_for(addresses: SandboxAddresses, port: int) -> dict[str, Any]:
    """Settings of a site that posts to the sandbox and to nothing else."""
    account = {"identifier": "news.test", "password": f"{TOKEN_PREFIX}news"}
    pictures = {"identifier": "pictures.test", "password": f"{TOKEN_PREFIX}pictures"}
    mastodon = {"network": "mastodon", "instance": addresses.mastodon_url, "token": f"{TOKEN_PREFIX}news"}
    bluesky = {"network": "bluesky", "service": addresses.bluesky_url}
    webhook = {"network": "webhook", "url": f"{addresses.webhook_url}/news", "secret": WEBHOOK_SECRET}
    settle = {"settle": "1s"}  # the sandbox shows at once what it took
    return {
        "site": {"title": "Care Wire", "url": "https://carewire.example/", "tag_authority": "carewire.example,2026"},
        "feeds": {"url": f"http://127.0.0.1:{port}/"},
        "server": {"port": port},
        "state": {"witness": "state"},  # the whole stage is thrown away
        "schedule": {"every": "5s"},
        "delivery": {"retry_first": "0.3s", "retry_longest": "2s", "retries": 40},
        "channels": {
            "mastodon": mastodon | settle,
            "bluesky": bluesky | account | settle,
            "bluesky_pictures": bluesky | pictures | {"attach": "image"} | settle,
            "webhook": webhook | settle,
        },
        "log": {"level": "info", "format": "json"},
    }


def drop_item(content: Path, number: int, pictures: Sequence[Path], now: datetime) -> Dropped:
    """Write one new item with its image into the store, as an editor's export would: the image first."""
    title, slug = HEADLINES[number]
    name = f"demo-{number:02}-{slug}"
    (content / "news").mkdir(exist_ok=True)
    front: dict[str, Any] = {
        "id": 90_000 + number,
        "source": "demo",
        "title": title,
        "slug": name,
        "date": (now - timedelta(minutes=len(HEADLINES) - number)).isoformat(timespec="seconds"),
        "author": ["Ines Farrow"],
        "categories": ["Healthcare IT News: Interoperability", "Symplur: Digital Health"],
        "identifier": "News",
        "description": "A short report on what changed, for whom, and what it took.",
        "link": {"brand": "lanternpost.example", "href": OUTLET + slug, "original": OUTLET + slug},
    }
    if pictures:
        picture = pictures[number % len(pictures)]
        (content / "news" / f"{name}{picture.suffix}").write_bytes(picture.read_bytes())
        front["featuredImage"] = {"href": f"{name}{picture.suffix}", "alt": f"Illustration for the article: {title}"}
    path = content / "news" / f"{name}.md"
    text = f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---\n<p>{front['description']}</p>\n"
    half_written = path.with_name(f".{path.name}.tmp")
    half_written.write_text(text, encoding="utf-8")
    half_written.replace(path)
    return Dropped(path, title, OUTLET + slug)


class Publisher:
    """`syndicate run` as a process of its own, to be killed and started again."""

    def __init__(self, config: Path, log: Path) -> None:
        self._config = config
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0

    async def start(self) -> None:
        """Start it; it works in the background."""
        command = (sys.executable, "-m", "syndicate", "run", "--config", str(self._config))
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdout=log,
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                env=without_settings(os.environ),
            )
        self.starts += 1

    async def kill(self) -> None:
        """SIGKILL: no goodbye, no clean-up."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM: it finishes what it is sending."""
        await self._end(signal.SIGTERM)

    @property
    def has_ended(self) -> bool:
        """Whether it ended by itself, which it must not."""
        return self._process is not None and self._process.returncode is not None

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:]

    async def _end(self, number: signal.Signals) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(number)
        try:
            await asyncio.wait_for(process.wait(), 40)
        except TimeoutError:
            process.kill()
            await process.wait()


class Stage:
    """What the demo looks at: the sandbox's truth and the publisher's feeds, over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, addresses: SandboxAddresses, feeds_url: str) -> None:
        self._http = http
        self._addresses = addresses
        self._feeds_url = feeds_url

    async def arm(self, faults: Sequence[dict[str, Any]]) -> None:
        """Let these things go wrong from now on."""
        async with self._http.post(f"{self._addresses.control_url}/plan", json={"faults": list(faults)}) as answer:
            answer.raise_for_status()

    async def posts(self) -> list[dict[str, Any]]:
        """Every post in the sandbox's own log, oldest first."""
        async with self._http.get(f"{self._addresses.control_url}/truth") as answer:
            answer.raise_for_status()
            return [entry for entry in (await answer.json())["entries"] if entry["action"] == "post"]

    async def mishaps(self) -> dict[str, int]:
        """How often each thing went wrong so far, by the effect's name."""
        async with self._http.get(f"{self._addresses.control_url}/plan") as answer:
            answer.raise_for_status()
            return {fault["effect"]: fault["fired"] for fault in (await answer.json())["faults"]}

    async def feed_has(self, title: str | None) -> bool:
        """Whether the JSON feed of everything shows the title (None: any); False while nobody serves it."""
        try:
            async with self._http.get(f"{self._feeds_url}all/feed.json") as answer:
                if answer.status != 200:
                    return False
                feed = json.loads(await answer.read())
        except (aiohttp.ClientError, OSError, ValueError):
            return False
        return any(title in {None, item.get("title")} for item in feed["items"])

    async def feed_size(self) -> int:
        """How many entries the JSON feed of everything shows."""
        async with self._http.get(f"{self._feeds_url}all/feed.json") as answer:
            answer.raise_for_status()
            return len(json.loads(await answer.read())["items"])

    async def until_feed_has(self, title: str | None, publisher: Publisher, limit_s: float = 30) -> float:
        """Seconds until the feed shows the title; None: until it shows anything."""
        begun = time.monotonic()
        while not await self.feed_has(title):
            _still_alive(publisher, begun, limit_s, f"the feed did not show {title!r}")
            await asyncio.sleep(0.02)
        return time.monotonic() - begun

    async def until_posted(self, link: str, count: int, publisher: Publisher, limit_s: float = 40) -> float:
        """Seconds until so many posts about the link are in the truth."""
        begun = time.monotonic()
        while sum(post["link"] == link for post in await self.posts()) < count:
            _still_alive(publisher, begun, limit_s, f"only some channels posted {link}")
            await asyncio.sleep(0.05)
        return time.monotonic() - begun

    async def until_more_than(self, count: int, publisher: Publisher, limit_s: float = 20) -> int:
        """Wait until the truth holds more posts than that, or nothing more comes; gives how many there are."""
        begun = time.monotonic()
        while (found := len(await self.posts())) <= count:
            if time.monotonic() - begun > limit_s:
                return found
            _still_alive(publisher, begun, limit_s + 1, "no post came")
            await asyncio.sleep(0.01)
        return found


def _still_alive(publisher: Publisher, begun: float, limit_s: float, what: str) -> None:
    if publisher.has_ended:
        raise SyndicateError(f"the publisher ended by itself:\n{publisher.last_words()}")
    if time.monotonic() - begun > limit_s:
        raise SyndicateError(f"{what} within {limit_s:g} s:\n{publisher.last_words()}")


async def until_settled(outbox_path: Path, publisher: Publisher, limit_s: float = 60) -> list[Delivery]:
    """Wait until no delivery is open; gives all of them."""
    begun = time.monotonic()
    async with SqlOutbox(outbox_path) as outbox:
        while True:
            deliveries = await outbox.deliveries(limit=100_000)
            if all(one.state.is_final for one in deliveries):
                return deliveries
            _still_alive(publisher, begun, limit_s, "some deliveries are still open")
            await asyncio.sleep(0.1)


def free_port() -> int:
    """A port that nobody listens at on this machine right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
