"""The timelines as a person sees them: each fake account's posts with images, alt texts and cards."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from syndicate.sandbox.bluesky import Bluesky, StoredRecord
from syndicate.sandbox.bluesky_record import alts_of
from syndicate.sandbox.board import Board, Message
from syndicate.sandbox.clock import stamp
from syndicate.sandbox.mastodon import Mastodon
from syndicate.sandbox.mastodon_entities import Status
from syndicate.sandbox.mastodon_text import Kind, pieces_of
from syndicate.sandbox.pictures import FORMATS, digest_of
from syndicate.sandbox.webhook import Event, Webhook

if TYPE_CHECKING:
    from jinja2 import Template

    from syndicate.sandbox.truth import Truth

SUFFIXES = {mime_type: name.lower() for name, mime_type in FORMATS.items()}
TYPES = {suffix: mime_type for mime_type, suffix in SUFFIXES.items()}
# Newest posts shown of each account; a backfill's thousands would make the page useless.
MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Run:
    """A run of text; `href` if it is a link a person may follow."""

    text: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a post: where the page finds it and what it tells people who do not see it."""

    source: str
    alt: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """A link card; `image` is the thumb's address."""

    url: str | None
    host: str
    title: str
    description: str
    image: str | None


@dataclass(frozen=True, slots=True)
class Post:
    """One post on the page; `note` says what is special about it."""

    id: str
    at: str
    url: str | None
    runs: tuple[Run, ...]
    images: tuple[Image, ...] = ()
    card: Card | None = None
    note: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One account's posts, newest first; `count` is of all, also those not shown."""

    network: str
    account: str
    count: int
    posts: tuple[Post, ...]


class Boarded(Protocol):
    """A network that keeps its posts as messages on a board."""

    name: str
    board: Board


@dataclass(frozen=True, slots=True)
class Shown:
    """The networks whose timelines are shown."""

    mastodon: Mastodon
    bluesky: Bluesky
    webhook: Webhook
    boarded: tuple[Boarded, ...]


def timelines_of(shown: Shown, truth: Truth) -> tuple[Timeline, ...]:
    """Every account's timeline."""
    mastodon, bluesky, webhook = shown.mastodon, shown.bluesky, shown.webhook
    types = {medium.id: (medium.sha256, medium.type) for entry in truth for medium in entry.media}
    sources = {medium_id: image_path(sha256, mime_type) for medium_id, (sha256, mime_type) in types.items()}
    return (
        *(
            _timeline("mastodon", name, statuses, [_status_post(each) for each in statuses[:MOST_SHOWN]])
            for name, statuses in mastodon.timelines().items()
        ),
        *(
            _timeline("bluesky", name, records, [_record_post(each, sources) for each in records[:MOST_SHOWN]])
            for name, records in bluesky.timelines().items()
        ),
        *(
            _timeline("webhook", name, events, [_event_post(each) for each in events[:MOST_SHOWN]])
            for name, events in webhook.timelines().items()
        ),
        *(
            _timeline(network.name, name, messages, [_message_post(each) for each in messages[:MOST_SHOWN]])
            for network in shown.boarded
            for name, messages in network.board.timelines().items()
        ),
    )


def image_path(sha256: str, mime_type: str) -> str:
    """Where the page serves an upload. Not the network's own address: looking must not use up planned faults."""
    return f"/sandbox/images/{sha256}.{SUFFIXES.get(mime_type, 'bin')}"


def render(timelines: Sequence[Timeline], summary: Mapping[str, Any], plan: Mapping[str, Any], pending: int) -> str:
    """The page."""
    return _template().render(
        timelines=timelines,
        counts=summary["counts"],
        duplicates=summary["duplicates"],
        orphan_media=summary["orphan_media"],
        faults=plan["faults"],
        pending=pending,
        most_shown=MOST_SHOWN,
    )


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=folder, autoescape=True, undefined=StrictUndefined).get_template("timelines.html")


def _timeline(network: str, account: str, everything: Sequence[object], posts: Sequence[Post]) -> Timeline:
    return Timeline(network, account, len(everything), tuple(posts))


def _status_post(status: Status) -> Post:
    notes = [] if status.visibility == "public" else [status.visibility]
    if status.edited_at is not None:
        notes.append(f"edited {_shown_time(stamp(status.edited_at))}")
    return Post(
        id=status.id,
        at=_shown_time(stamp(status.created_at)),
        url=f"/@{status.account.username}/{status.id}",
        runs=tuple(_status_runs(status.text)),
        images=tuple(
            Image(image_path(medium.sha256, medium.picture.type), medium.description) for medium in status.media
        ),
        note=", ".join(notes),
    )


def _status_runs(text: str) -> Iterator[Run]:
    for piece in pieces_of(text):
        yield Run(piece.text, _safe(piece.target) if piece.kind is Kind.LINK else None)


def _record_post(record: StoredRecord, sources: Mapping[str, str]) -> Post:
    embed = record.value.get("embed") or {}
    return Post(
        id=record.rkey,
        at=_shown_time(stamp(record.written_at)),
        url=f"/profile/{record.holder.handle}/post/{record.rkey}",
        runs=tuple(facet_runs(str(record.value["text"]), record.value.get("facets") or [])),
        images=tuple(Image(sources[cid], alt) for cid, alt in alts_of(record.value).items()),
        card=_external_card(embed["external"], sources) if isinstance(embed.get("external"), dict) else None,
        note=f"dated {_shown_time(str(record.value['createdAt']))}",
    )


def _external_card(external: Mapping[str, Any], sources: Mapping[str, str]) -> Card:
    thumb = external.get("thumb")
    uri = str(external["uri"])
    return Card(
        url=_safe(uri),
        host=urlsplit(uri).netloc or uri,
        title=str(external["title"]),
        description=str(external["description"]),
        image=sources[thumb["ref"]["$link"]] if isinstance(thumb, dict) else None,
    )


def facet_runs(text: str, facets: Sequence[Mapping[str, Any]]) -> Iterator[Run]:
    """A Bluesky text cut at its facets, whose offsets count UTF-8 bytes; overlapping or stray ones stay plain."""
    raw, done = text.encode("utf-8", "surrogatepass"), 0
    for facet in sorted(facets, key=lambda each: int(each["index"]["byteStart"])):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        link = next((feature["uri"] for feature in facet["features"] if "uri" in feature), None)
        if link is None or not done <= start < end <= len(raw):
            continue
        yield Run(raw[done:start].decode(errors="replace"))
        yield Run(raw[start:end].decode(errors="replace"), _safe(str(link)))
        done = end
    yield Run(raw[done:].decode(errors="replace"))


def _event_post(event: Event) -> Post:
    return Post(
        id=digest_of(event.id.encode())[:16],
        at=_shown_time(stamp(event.received_at)),
        url=None,
        runs=(Run(event.title),),
        card=Card(_safe(event.link), urlsplit(event.link).netloc, event.link, "", None) if event.link else None,
        note=str(event.body["type"]),
        source=json.dumps(event.body, ensure_ascii=False, indent=2),
    )


def _message_post(message: Message) -> Post:
    """The words as people read them; the request's own form stands below."""
    return Post(
        id=message.id,
        at=_shown_time(stamp(message.at)),
        url=None,
        runs=tuple(_status_runs(message.text)),
        images=tuple(
            Image(image_path(file.sha256, file.picture.type), file.alt) for file in message.files if file.picture
        ),
        card=Card(_safe(message.link), urlsplit(message.link).netloc, message.link, "", None) if message.link else None,
        note="" if message.edited_at is None else f"edited {_shown_time(stamp(message.edited_at))}",
        source=json.dumps(message.value, ensure_ascii=False, indent=2),
    )


def _safe(url: str) -> str | None:
    """The URL if a person can follow it: a record may hold any scheme."""
    return url if url.lower().startswith(("http://", "https://")) else None


def _shown_time(at: str) -> str:
    return at[:19].replace("T", " ")
