"""Posts of a hundred real-life titles for every network of the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from syndicate.channels.http import Web
from syndicate.channels.networks import NETWORKS, Tools, network_of
from syndicate.posts.compose import compose
from syndicate.posts.post import Card, Post, Wants

from channels.channel_rig import KeptTokens, Naps  # isort: skip
from posts.titles import LABELS, SUMMARIES, TITLES  # isort: skip

LINK = "https://news.example.org/articles/what-a-day?from=feed&lang=en"


@dataclass(frozen=True)
class Fitted:
    """One title's post for one network."""

    network: str
    title: str
    wants: Wants
    post: Post


def wants_of(network: str, secret: Path) -> Wants:
    """What a channel of the network's own example wants before it was opened."""
    kind = network_of(network)
    [written] = yaml.safe_load(kind.example).values()
    del written["network"]
    given: dict[str, Any] = {key: str(secret) if key.endswith("_file") else value for key, value in written.items()}
    tools = Tools(Web(), KeptTokens(), lambda: datetime.now(UTC), Naps())
    return kind.make("news", kind.settings.model_validate(given), tools).wants


def fitted(network: str, wants: Wants) -> Iterator[Fitted]:
    """Each title with one of the summaries, in turn."""
    for number, title in enumerate(TITLES):
        card = Card(
            item_id=f"titles:{number}",
            title=title,
            summary=SUMMARIES[number % len(SUMMARIES)],
            url=LINK,
            site_name="Marsh Notes",
            published=datetime(2026, 11, 2, 8, 0, tzinfo=UTC),
            language="en",
            topics=LABELS,
        )
        yield Fitted(network, title, wants, compose(card, wants))


def all_fitted(secret: Path) -> Iterator[Fitted]:
    """Every title for every network."""
    for network in NETWORKS:
        yield from fitted(network, wants_of(network, secret))
