"""What Discord shows and answers: messages, embeds, and what each refusal proves.

Source: Discord documentation, "Message", "Webhook", "Rate Limits", "Opcodes and Status Codes" (JSON error codes), and
discord-api-spec `openapi.json`. Read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from syndicate import __version__
from syndicate.channels.http import LONGEST_WAIT, Answer, RemoteId, check_access, json_bytes, verdict
from syndicate.channels.parcels import PARCEL_BYTES, Parcel, Part, form_of
from syndicate.channels.secrets import ChannelSettings
from syndicate.errors import NetworkError, RateLimited, Rejected, Unauthorized
from syndicate.ports.channel import Quota
from syndicate.posts.dialects import escape, write
from syndicate.posts.fit import shorten
from syndicate.posts.markup import defuse
from syndicate.posts.measure import fits
from syndicate.posts.post import Dialect, ImageRules, Measure, Post, Room, Shape, Wants

Attach = Literal["card", "image"]

CONTENT = Room(2000, Measure.UTF16, dialect=Dialect.DISCORD)
DESCRIPTION = Room(4096, Measure.UTF16, dialect=Dialect.DISCORD)
TITLE = Room(256, Measure.UTF16, dialect=Dialect.DISCORD)
AUTHOR = Room(256, Measure.UTF16)
FOOTER = Room(256, Measure.UTF16)
"""2048 are allowed, but all of an embed together is 6000 (documentation, "Embed Limits")."""
ALT = Room(1024, Measure.UTF16)
THREAD_NAME = Room(100, Measure.UTF16)
URL_LENGTH = 2048

QUOTA = Quota(5, timedelta(seconds=2))
"""What clients see; each answer tells how much is left ("Rate Limits" names no numbers)."""

ID = r"^\d{1,20}$"
UPLOAD_TIME = timedelta(seconds=60)
USER_AGENT = {"User-Agent": f"DiscordBot (https://syndicate.example, {__version__})"}
"""The documentation ("User Agent") asks for this form; without it, requests may be blocked."""

_RESET = "X-RateLimit-Reset-After"
UNKNOWN_MESSAGE = 10008
# Unknown channel, guild, webhook; no access, no permission, bad webhook token, unauthorized.
_GONE = frozenset({10003, 10004, 10015, 40001, 50001, 50013, 50027})
# Automatic moderation and the filter of harmful links read the post and refuse it, with 400 or 403.
_MODERATED = frozenset({200000, 200001, 240000})
# Slow mode, limits of writing in a channel or guild, edits of an old message: told with and without 429.
_SLOWED = frozenset({20016, 20022, 20028, 20029, 30046})


def colour_of(value: str) -> str:
    """A colour as `#rrggbb`.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError("must be a colour such as #2f6f4f")
    return value.lower()


class DiscordSettings(ChannelSettings):
    """What both ways share. `colour` is that of the embed's edge."""

    attach: Attach = "card"
    colour: Annotated[str, AfterValidator(colour_of)] | None = None

    @property
    def colour_number(self) -> int | None:
        """The colour as Discord writes it."""
        return None if self.colour is None else int(self.colour[1:], 16)


def wants_of(attach: Attach, *, hashtags: int = 0) -> Wants:
    """An embed carries title, link and picture; as an image, all is said in the text."""
    if attach == "card":
        rules = ImageRules(Shape.CARD, PARCEL_BYTES, limit_alt=ALT.limit)
        return Wants(DESCRIPTION, rules, link_in_text=False, title_in_text=False, hashtags=hashtags)
    return Wants(CONTENT, ImageRules(Shape.PHOTO, PARCEL_BYTES, limit_alt=ALT.limit), hashtags=hashtags)


def parcel_of(post: Post, media: str | None, attach: Attach, colour: int | None) -> Parcel:
    """The message with its picture.

    Raises:
        ValueError: the link is longer than an embed takes.
    """
    parcel = Parcel.of({}, post.picture if media is not None else None)
    file = parcel.file("files[0]")
    alt = _cut(post.picture.alt, ALT) if post.picture is not None else ""
    message: dict[str, JsonValue] = {"allowed_mentions": {"parse": [], "replied_user": False}}
    if file is not None:
        message["attachments"] = [{"id": "0", "filename": file.file_name, "description": alt}]
    text = write(post.text, post.spans, Dialect.DISCORD)
    if attach == "card":
        embed = _embed(post, text, colour)
        if file is not None:
            # An embed has its own alt text since 2026-06 (discord-api-docs, issue 8373); older clients read the file's.
            embed["image"] = {"url": f"attachment://{file.file_name}", "description": alt}
        message["embeds"] = [embed]
    else:
        message["content"] = text
    return parcel.model_copy(update={"message": message})


def body_of(message: dict[str, JsonValue], file: Part | None) -> tuple[str, bytes]:
    """Content type and body of a request with this message."""
    if file is None:
        return "application/json", json_bytes(message)
    return form_of((Part("payload_json", json_bytes(message), "application/json"), file))


def edited(parcel: Parcel, fields: Iterable[str]) -> dict[str, JsonValue]:
    """The message for an edit: what it does not say is emptied, and fields that only a new post takes are left out."""
    kept = {name: value for name, value in parcel.message.items() if name not in set(fields)}
    return {"content": "", "embeds": [], "attachments": [], **kept}


def thread_name(post: Post) -> str:
    """The name of a forum's thread for a post."""
    return _cut(defuse(post.card.title), THREAD_NAME) or post.card.item_id[:100]


def judge(answer: Answer, now: datetime, *, remedy: str) -> Answer:
    """What an answer proves: its own code goes before its status.

    Raises:
        NetworkError: by kind.
    """
    refusal = None if answer.is_success else _refusal(answer)
    if refusal is None:
        return verdict(answer, now, reset_header=_RESET, remedy=remedy)
    said = f"{answer.place}: {answer.status}, code {refusal.code} ({answer.words})"
    if refusal.code in _MODERATED:
        raise Rejected(said)
    if 400 <= answer.status < 500 and answer.status != 429 and refusal.code in _SLOWED:
        raise RateLimited(said, now + _wait(refusal, timedelta(seconds=60)))
    if refusal.code in _GONE and answer.status in {400, 401, 403, 404, 410}:
        raise Unauthorized(f"{said}; {remedy}")
    try:
        return verdict(answer, now, reset_header=_RESET, remedy=remedy)
    except RateLimited as limit:
        until = now + _wait(refusal, limit.until - now)
        raise RateLimited(str(limit), until, is_app_wide=refusal.is_global) from None


def judge_access(answer: Answer, now: datetime, *, remedy: str) -> Answer:
    """What an answer at the door proves: every refusal is a matter for a person.

    Raises:
        Transient, RateLimited, Unauthorized: by kind.
    """
    try:
        judge(answer, now, remedy=remedy)
    except RateLimited:
        raise
    except NetworkError:
        return check_access(answer, now, remedy=remedy, reset_header=_RESET)
    return answer


def is_gone(answer: Answer) -> bool:
    """Whether the message that was asked for is there no more."""
    refusal = _refusal(answer)
    return answer.status == 404 and refusal is not None and refusal.code == UNKNOWN_MESSAGE


def _embed(post: Post, text: str, colour: int | None) -> dict[str, JsonValue]:
    card = post.card
    if len(card.url) > URL_LENGTH:
        raise ValueError(f"the link has {len(card.url)} characters; Discord takes {URL_LENGTH} in an embed")
    embed: dict[str, JsonValue] = {
        "title": _cut(defuse(card.title), TITLE),
        "url": card.url,
        "timestamp": card.published.astimezone(UTC).isoformat(timespec="seconds"),
    }
    if text:
        embed["description"] = text
    if colour is not None:
        embed["color"] = colour
    if card.brand:
        embed["author"] = {"name": _cut(defuse(card.brand), AUTHOR)}
    if card.site_name:
        embed["footer"] = {"text": _cut(defuse(card.site_name), FOOTER)}
    return embed


def _cut(text: str, room: Room) -> str:
    """The text in the room's dialect, shortened so that it fits as written."""
    short = shorten(text, lambda candidate: fits(escape(candidate, room.dialect), room))
    return escape(short, room.dialect)


def _wait(refusal: _Refusal, usual: timedelta) -> timedelta:
    """How long to be silent: the body tells seconds with a fraction, headers only whole ones."""
    told = usual if refusal.retry_after is None else timedelta(seconds=refusal.retry_after)
    return min(max(told, timedelta(seconds=1)), LONGEST_WAIT)


def _refusal(answer: Answer) -> _Refusal | None:
    try:
        return _Refusal.model_validate_json(answer.body)
    except ValidationError:
        return None


class _Entity(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class _Refusal(_Entity):
    """ErrorResponse and RatelimitedResponse."""

    code: int = 0
    message: str
    retry_after: Annotated[float, Field(ge=0, le=10**9)] | None = None
    is_global: Annotated[bool, Field(alias="global")] = False


class Place(_Entity):
    """A webhook or a channel, as far as it is needed; a webhook names its channel."""

    guild_id: RemoteId | None = None
    channel_id: RemoteId | None = None
    name: str | None = None


class Author(_Entity):
    """Who wrote a message."""

    id: RemoteId
    username: str = ""


class Embed(_Entity):
    """A card on a message."""

    url: str | None = None


class Message(_Entity):
    """A message as it stands in a channel."""

    id: RemoteId
    channel_id: RemoteId
    author: Author | None = None
    content: str = ""
    embeds: tuple[Embed, ...] = ()


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a message can be seen, once its guild is known."""

    guild_id: str | None = None

    def of(self, message: Message) -> str | None:
        """The message's address; None where its guild is not known."""
        if self.guild_id is None:
            return None
        return f"https://discord.com/channels/{self.guild_id}/{message.channel_id}/{message.id}"
