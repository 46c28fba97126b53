"""The product's channels as the lanes use them, opened against a server of this suite."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from PIL import Image as Raster

from syndicate.channels.http import Web
from syndicate.channels.networks import Tools, network_of
from syndicate.ports.channel import Channel
from syndicate.posts.compose import compose
from syndicate.posts.post import Card, Picture, Post

PUBLISHED = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ALT = "Hands hold a spade with dark soil, worms and “roots” in it 🪱"


class KeptTokens:
    """Sessions for as long as the test lasts."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def token(self, name: str) -> str | None:
        """The kept secret of that name, or None."""
        return self._kept.get(name)

    async def keep_token(self, name: str, secret: str) -> None:
        """Keep a secret until the end of the test."""
        self._kept[name] = secret


@asynccontextmanager
async def closed_channel(network: str, settings: Mapping[str, object]) -> AsyncIterator[Channel]:
    """A channel of that network, as `house` makes it, before `open`."""
    kind = network_of(network)
    async with Web() as web:
        tools = Tools(web=web, tokens=KeptTokens(), clock=lambda: datetime.now(UTC))
        channel = kind.make("under_test", kind.settings.model_validate(settings), tools)
        try:
            yield channel
        finally:
            await channel.close()


@asynccontextmanager
async def open_channel(network: str, settings: Mapping[str, object]) -> AsyncIterator[Channel]:
    """A channel of that network that has signed in and read the server's limits."""
    async with closed_channel(network, settings) as channel:
        await channel.open()
        yield channel


def picture() -> Picture:
    """A JPEG of the size of a card, the same bytes each time."""
    content = io.BytesIO()
    Raster.radial_gradient("L").resize((1200, 630)).convert("RGB").save(content, "JPEG", quality=90)
    return Picture(content.getvalue(), "image/jpeg", 1200, 630, ALT)


def post_for(channel: Channel, number: int) -> Post:
    """A post with all its parts; its number makes its link its own."""
    card = Card(
        item_id=f"suite:{number}",
        title=f"Café de Zürich: soil & “roots” 🪱 no. {number}",
        summary="Earthworms move the ground below our feet, and with it carbon, water and seeds. " * 2,
        url=f"https://news.example.org/soil/{number}?from=feed&lang=en",
        site_name="Example site",
        published=PUBLISHED,
        language="en",
        brand="news.example.org",
        topics=("Soil Science", "Café Culture"),
    )
    return compose(card, channel.wants, picture=picture())
