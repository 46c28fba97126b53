"""Many cards in one message: what a digest says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from syndicate.posts.fit import shorten
from syndicate.posts.markup import clean
from syndicate.posts.measure import fits
from syndicate.posts.post import Card, Post, Room
from syndicate.posts.template import SUBJECT, render

SUBJECT_LENGTH: Final = 150
"""Signs of a subject: mail programs show fewer."""


class Issue(Struct, frozen=True):
    """What makes one digest: its cards in order, when it goes out, and where all of it can be read."""

    id: str
    cards: tuple[Card, ...]
    at: datetime
    home: str
    language: str
    subject: str = SUBJECT


def digest_of(issue: Issue, room: Room) -> Post:
    """The message: title, summary and link of each card, by topic, as many as the room takes; its card is the issue's.

    Raises:
        ValueError: the issue holds nothing, not even one card fits, or the subject's template is wrong.
    """
    if not issue.cards:
        raise ValueError("a digest without items")
    parts = tuple(card for _, cards in by_topic(issue.cards) for card in cards)
    taken = len(parts)
    while taken and not fits(_text(parts[:taken], len(parts) - taken, issue.home), room):
        taken -= 1
    if not taken:
        raise ValueError(f"{parts[0].title!r} does not fit even alone: the limit is {room.limit} {room.measure}")
    first = parts[0]
    card = Card(
        item_id=issue.id,
        title=_subject(issue, first),
        summary="",
        url=issue.home,
        site_name=first.site_name,
        published=issue.at,
        language=issue.language,
    )
    text = _text(parts[:taken], len(parts) - taken, issue.home)
    return Post(text=text, card=card, language=issue.language, parts=parts[:taken])


def by_topic(cards: Sequence[Card]) -> list[tuple[str, list[Card]]]:
    """The cards under their first topics, each topic where its first card stands; those without one come last."""
    groups: dict[str, list[Card]] = {}
    for card in cards:
        groups.setdefault(card.topics[0] if card.topics else "", []).append(card)
    return sorted(groups.items(), key=lambda group: not group[0])


def _subject(issue: Issue, first: Card) -> str:
    fields = {
        "site_name": clean(first.site_name),
        "title": clean(first.title),
        "count": str(len(issue.cards)),
        "more": str(len(issue.cards) - 1) if len(issue.cards) > 1 else "",
        "date": f"{issue.at:%Y-%m-%d}",
    }
    line = " ".join(render(issue.subject, fields).split())
    return shorten(line, lambda text: len(text) <= SUBJECT_LENGTH) or clean(first.site_name)


def _text(cards: Sequence[Card], left: int, home: str) -> str:
    blocks = []
    for topic, group in by_topic(cards):
        blocks += [f"## {clean(topic)}"] if topic else []
        blocks += ["\n".join(filter(None, (clean(card.title), clean(card.summary), card.url))) for card in group]
    if left:
        blocks.append(f"+{left}: {home}")
    return "\n\n".join(blocks)
