"""Channels as the house makes them, posts for them, and where in the sandbox each network's trial account is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from syndicate.channels.http import Web
from syndicate.channels.networks import Tools, network_of
from syndicate.ports.channel import Channel
from syndicate.posts.compose import compose
from syndicate.posts.post import Card, Picture, Post, Wants
from syndicate.sandbox.addresses import WEBHOOK_SECRET, SandboxAddresses
from syndicate.sandbox.graph import number_of

CANARY = "sandbox-canary-5ec7e7"
ALT = "A heron on one leg"
SNOWFLAKE = "1234567890123456789"
USER, PAGE, MEMBER = "canary_5ec7e7", number_of("canary-5ec7e7"), "urn:li:person:canary-5ec7e7"
"""Whose token the canary is, as networks with names or numbers of their own call it."""
PUBLISHED = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

TRIALS: Mapping[str, Callable[[SandboxAddresses, Path], dict[str, object]]] = {
    "preview": lambda _, folder: {"folder": str(folder / "preview")},
    "mastodon": lambda at, _: {"instance": at.mastodon_url, "token": CANARY},
    "mastodon card": lambda at, _: {"instance": at.mastodon_url, "token": CANARY, "attach": "card"},
    "bluesky": lambda at, _: {"service": at.bluesky_url, "identifier": "news.test", "password": CANARY},
    "bluesky image": lambda at, _: {
        "service": at.bluesky_url,
        "identifier": "news.test",
        "password": CANARY,
        "attach": "image",
    },
    "discord": lambda at, _: {"url": f"{at.discord_url}/webhooks/1234567890/{CANARY}"},
    "slack_bot": lambda at, _: {"api_url": at.slack_url, "token": f"xoxb-{CANARY}", "channel": "CNEWS"},
    "telegram": lambda at, _: {"api_url": at.telegram_url, "token": f"1:{CANARY}", "chat": "@marshnotes"},
    "telegram image": lambda at, _: {
        "api_url": at.telegram_url,
        "token": f"1:{CANARY}",
        "chat": "@marshnotes",
        "attach": "image",
    },
    "discord_bot": lambda at, _: {
        "api_url": f"{at.discord_url}/v10",
        "token": CANARY,
        "channel": SNOWFLAKE,
    },
    "linkedin": lambda at, _: {"api_url": at.linkedin_url, "token": CANARY, "author": "urn:li:organization:5"},
    "slack": lambda at, _: {"url": f"{at.slack_webhook_url}/T1/B1/{CANARY}"},
    "teams": lambda at, _: {"url": f"{at.teams_url}?api-version=1&sig={CANARY}"},
    "email": lambda at, _: {
        "host": "127.0.0.1",
        "port": at.smtp_port,
        "security": "none",
        "username": "news@site.example",
        "password": CANARY,
        "sender": "news@site.example",
        "to": "readers@lists.example",
    },
    "facebook": lambda at, _: {"api_url": at.facebook_url, "token": CANARY, "page": PAGE, "attach": "image"},
    "instagram": lambda at, _: {"api_url": at.instagram_url, "token": CANARY, "account": USER},
    "threads": lambda at, _: {"api_url": at.threads_url, "token": CANARY, "account": USER, "attach": "image"},
    "linkedin member": lambda at, _: {"api_url": at.linkedin_url, "token": CANARY, "author": MEMBER},
    "x": lambda at, _: {"api_url": at.x_url, "token": CANARY, "account": USER, "attach": "image"},
    "webhook": lambda at, _: {"url": f"{at.webhook_url}/news", "secret": WEBHOOK_SECRET, "headers": {"X-Key": CANARY}},
}
"""Settings of an account in the sandbox, by network (and a word of its kind): a new network adds its line."""


def example_of(network: str) -> dict[str, object]:
    """Settings as the network's own example has them, with `CANARY` for its secrets."""
    [written] = yaml.safe_load(network_of(network).example).values()
    del written["network"]
    given = {key.removesuffix("_file"): CANARY if key.endswith("_file") else value for key, value in written.items()}
    return {
        key: value.replace("the-secret-part", CANARY) if isinstance(value, str) else value
        for key, value in given.items()
    }


@dataclass
class KeptTokens:
    """Tokens for as long as the test lasts; `writes` in order."""

    kept: dict[str, str] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    async def token(self, name: str) -> str | None:
        return self.kept.get(name)

    async def keep_token(self, name: str, secret: str) -> None:
        self.kept[name] = secret
        self.writes.append(secret)


@dataclass
class Naps:
    """A sleep that takes no time; `taken` in seconds."""

    taken: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def channel_of(
    network: str,
    settings: Mapping[str, object],
    web: Web,
    *,
    tokens: KeptTokens | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Naps | None = None,
) -> Channel:
    """A channel named `news`, not yet opened."""
    kind = network_of(network)
    tools = Tools(web, tokens or KeptTokens(), clock, sleep or Naps())
    return kind.make("news", kind.settings.model_validate(settings), tools)


def picture(content: bytes = b"\xff\xd8\xff jpeg", media_type: str = "image/jpeg", alt: str = ALT) -> Picture:
    return Picture(content, media_type, 1200, 630, alt)


def card(number: int = 1, **changes: object) -> Card:
    values: dict[str, object] = {
        "item_id": f"herons:{number}",
        "title": f"Herons are back, no. {number}",
        "summary": "They stand where the water is shallow.",
        "url": f"https://news.example.org/herons/{number}?from=feed&lang=en",
        "site_name": "Marsh Notes",
        "published": PUBLISHED,
        "language": "en",
        "topics": ("Water Birds",),
    }
    return Card(**{**values, **changes})  # type: ignore[arg-type]  # tests name the fields rightly


def post(wants: Wants, number: int = 1, *, picture: Picture | None = None, **changes: object) -> Post:
    return compose(card(number, **changes), wants, picture=picture)
