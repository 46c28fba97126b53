"""The networks' trial accounts in the shared sandbox, as fixtures: one channel for each network of the table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from channels.channel_rig import ALT, PUBLISHED, TRIALS, channel_of, picture, post
from channels.descriptions import description_of
from channels.scripted import Heard
from channels.shared_sandbox import SharedSandbox
from clocks import lapse
from sandbox_rig import image_bytes
from syndicate.channels.http import Answer, Web
from syndicate.errors import NetworkError
from syndicate.items.item import Image
from syndicate.outbox.delivery import Receipt
from syndicate.ports.channel import Channel
from syndicate.posts.post import Post
from syndicate.sandbox.faults import Effect

PICTURED = {"image": Image("heron.jpg", ALT), "image_url": "https://feeds.example/heron.jpg"}
SLOW_MS = 3_600_000
"""How long a fault takes that is slow on purpose: so long that nobody waits for it."""

SLOW = {Effect.SLOW, Effect.SLOW_AFTER, Effect.SLOW_HEADERS, Effect.SLOW_BODY}
Told = TypeVar("Told")


@pytest.fixture(params=TRIALS)
def trial(request: pytest.FixtureRequest) -> str:
    """The name of a trial account: the network's, and a word more where a network has several kinds."""
    name: str = request.param
    return name


@pytest.fixture
def network(trial: str) -> str:
    return trial.partition(" ")[0]


@pytest.fixture
def settings(trial: str, shared: SharedSandbox, tmp_path: Path) -> dict[str, object]:
    return TRIALS[trial](shared.addresses, tmp_path)


class Listener(Web):
    """A web that remembers what was sent: method, address, and the body where it is plain bytes.

    `heard` are the same as requests, save those whose body is a form that only the library writes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str, object]] = []
        self.heard: list[Heard] = []

    async def call(self, method: str, url: str, **kwargs: Any) -> Answer:
        body = kwargs.get("body")
        if body is None or isinstance(body, bytes):
            parts = urlsplit(url)
            headers = {name.lower(): value for name, value in (kwargs.get("headers") or {}).items()}
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            self.heard.append(Heard(method, path, headers, body or b""))
        self.sent.append((method, url, body if isinstance(body, bytes) else None))
        return await super().call(method, url, **kwargs)


@pytest_asyncio.fixture
async def listener() -> AsyncIterator[Listener]:
    async with Listener() as web:
        yield web


@pytest_asyncio.fixture
async def closed(network: str, settings: dict[str, object], listener: Listener) -> AsyncIterator[Channel]:
    channel = channel_of(network, settings, listener)
    yield channel
    await channel.close()
    if (description := description_of(network)) is not None:
        wrong = [f"{one.method} {one.path}: {told}" for one in listener.heard if (told := description.faults(one))]
        assert not wrong, "\n".join(wrong)


@pytest_asyncio.fixture
async def channel(closed: Channel) -> Channel:
    await closed.open()
    return closed


async def frozen(channel: Channel, number: int = 1, made: Post | None = None) -> tuple[bytes, str]:
    """A payload with its picture, ready to be published, and its key."""
    made = made or post(channel.wants, number, picture=picture(image_bytes()), **PICTURED)
    is_uploaded = channel.wants.image is not None and not channel.wants.image_by_address
    media = await channel.upload(made.picture) if is_uploaded and made.picture else None
    key = channel.key_of(f"uid{number}", 0, PUBLISHED)
    return await channel.stage(channel.freeze(made, media, key, datetime.now(UTC)), key), key


async def attempt(channel: Channel, payload: bytes, key: str) -> tuple[NetworkError | None, Receipt | None]:
    """How one try at a post ends: in an error or with a receipt."""
    try:
        return None, await channel.publish(payload, key)
    except NetworkError as outcome:
        return outcome, None


def posts_in(shared: SharedSandbox, channel: Channel) -> int:
    """How many posts the channel's place really has."""
    if channel.is_rehearsal:
        return len(list(Path(channel.account).glob("*/*.json")))
    return len(shared.entries(channel.network))


async def hurried(shared: SharedSandbox, effect: Effect, call: Awaitable[Told]) -> Told:
    """What a call gives that meets a fault: once a slow one happened, two hours pass at once."""
    if effect not in SLOW:
        return await call
    task = asyncio.ensure_future(call)
    while not task.done() and not shared.fired():
        await asyncio.wait({task}, timeout=0.01)
    if not task.done():
        await lapse(7200)
    return await task
