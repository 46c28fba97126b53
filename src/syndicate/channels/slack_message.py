"""What Slack shows and answers: blocks, the text of notifications, and what each refusal proves.

Blocks are rich text: its parts are plain values, so that no sign in a title can be markup, a mention or an emoji.
Slack's documentation prefers it to mrkdwn ("Rich text block"); mrkdwn has no way to escape `*`, `_`, `~` and backticks.

Source: docs.slack.dev, "Block Kit" (rich text, image, context), "Formatting message text", "Web API" (errors), "Rate
limits", "Incoming webhooks". Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field, JsonValue

from syndicate.channels.http import Answer, Entity, RemoteId, silent_until, verdict
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.ports.channel import Quota
from syndicate.posts.dialects import slack_link, write
from syndicate.posts.fit import fit, shorten
from syndicate.posts.markup import defuse
from syndicate.posts.measure import fits
from syndicate.posts.post import Dialect, ImageRules, Measure, Post, Room, Shape, SpanKind, Wants

Attach = Literal["image", "card"]

TEXT = Room(3000, Measure.UTF16)
"""What a section takes; rich text has no limit of its own, a message fails somewhere above 12,000."""
TITLE = Room(300, Measure.UTF16)
CONTEXT = Room(300, Measure.UTF16)
ALT = 2000
IMAGE_URL_LENGTH = 3000
IMAGE_BYTES = 2_000_000
NOTIFICATION = 4000
"""What `text` beside the blocks may have in an edit ("chat.update")."""

QUOTA = Quota(1, timedelta(seconds=1))
"""Rate limits: one message a second in a channel, short bursts are let through."""

MESSAGE_NOT_FOUND = "message_not_found"
_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
# Some part of the operation may have succeeded before the error was raised: docs.slack.dev says so of the first two.
_UNCLEAR = frozenset({"fatal_error", "internal_error", "service_unavailable"})
# The body came in truncated, or the workspace is being moved: nothing was done.
_TRANSIENT = frozenset({"request_timeout", "team_added_to_org"})
_ACCESS = frozenset(
    {
        "access_denied",
        "account_inactive",
        "accesslimited",
        "channel_not_found",
        "channel_is_archived",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "is_archived",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "not_in_channel",
        "org_login_required",
        "posting_to_general_channel_denied",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "team_access_not_granted",
        "team_not_found",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
        "user_not_in_channel",
    }
)
# The picture is at fault, or nothing that another composition would mend.
_BLOCKS = "invalid_blocks"


def wants_of(attach: Attach, *, is_by_address: bool) -> Wants:
    """With an image, the title is a link above the text; as a card, Slack shows the page that the text leads to."""
    if attach == "card":
        return Wants(TEXT, hashtags=0, reads_page=True)
    rules = ImageRules(Shape.PHOTO, IMAGE_BYTES, limit_alt=ALT)
    return Wants(
        TEXT, rules, link_in_text=False, title_in_text=False, hashtags=0, image_by_address=is_by_address
    )  # fmt: skip


def message_of(post: Post, attach: Attach, image: dict[str, JsonValue] | None) -> dict[str, JsonValue]:
    """The fields of a message: blocks, and the text that notifications show.

    Args:
        post: as composed.
        attach: image or card.
        image: where the picture is, as an image block says it (`image_url` or `slack_file`).
    """
    card = post.card
    title = _cut(card.title, TITLE) or card.url
    text = write(post.text, post.spans, Dialect.SLACK)
    if attach == "card":
        elements = _elements(post)
    else:
        elements = [{"type": "link", "url": card.url, "text": title, "style": {"bold": True}}]
        if post.text:
            elements += [{"type": "text", "text": "\n"}, *_elements(post)]
        text = f"{slack_link(card.url, title)}\n{text}".strip()
    if len(text) > NOTIFICATION:
        text = slack_link(card.url, title)
    section: JsonValue = {"type": "rich_text_section", "elements": elements}
    blocks: list[JsonValue] = [{"type": "rich_text", "elements": [section]}]
    if image is not None:
        blocks.append({"type": "image", "alt_text": _alt(post), **image})
    if attach == "image" and card.brand:
        context: JsonValue = {"type": "plain_text", "text": _cut(card.brand, CONTEXT), "emoji": False}
        blocks.append({"type": "context", "elements": [context]})
    unfurls = attach == "card"
    return {"text": text, "mrkdwn": False, "blocks": blocks, "unfurl_links": unfurls, "unfurl_media": unfurls}


def judge(answer: Answer, now: datetime, *, remedy: str) -> Answer:
    """What an answer of the Web API proves: most errors are HTTP 200 with `ok: false`.

    Raises:
        NetworkError: by kind.
    """
    told = answer.tried(_Told)
    if answer.status == 429 or (told is not None and told.error in _LIMITED):
        raise RateLimited(_said(answer, told), silent_until(answer.headers, now))
    if told is None or told.error is None:
        verdict(answer, now, remedy=remedy)
        if told is None or not told.ok:
            raise _unclear(answer, f"{answer.place}: {answer.status}, but the answer cannot be read")
        return answer
    raise _refusal(answer, told, remedy)


def judge_access(answer: Answer, now: datetime, *, remedy: str) -> Answer:
    """What an answer at the door proves: every refusal is a matter for a person.

    Raises:
        Transient, RateLimited, Unauthorized: by kind.
    """
    try:
        return judge(answer, now, remedy=remedy)
    except Rejected as refusal:
        raise Unauthorized(f"{refusal}; {remedy}") from None


def judge_webhook(answer: Answer, now: datetime, *, remedy: str) -> Answer:
    """What an answer of an incoming webhook proves: `ok` as text, or an error's name with a status of its own.

    Raises:
        NetworkError: by kind.
    """
    if answer.status in {404, 410}:  # no_service, no_team, channel_not_found; channel_is_archived
        raise Unauthorized(f"{answer.place}: {answer.status} ({answer.words}); {remedy}")
    verdict(answer, now, remedy=remedy)
    if answer.body.strip() != b"ok":
        raise Unknown(f"{answer.place}: {answer.status}, but not the `ok` that Slack answers; check `url`")
    return answer


def error_in(answer: Answer) -> str | None:
    """Slack's own name of an error; None if there is none."""
    told = answer.tried(_Told)
    return None if told is None else told.error


def image_at(url: str | None) -> dict[str, JsonValue] | None:
    """A public picture, as a block says it; None where there is none that Slack takes."""
    if url is None or len(url) > IMAGE_URL_LENGTH or not url.startswith(("https://", "http://")):
        return None
    return {"image_url": url}


def has_image(blocks: Iterable[JsonValue]) -> bool:
    """Whether a picture is among the blocks."""
    return any(isinstance(block, dict) and block.get("type") == "image" for block in blocks)


def _elements(post: Post) -> list[JsonValue]:
    """The text as rich text: links as links, everything else as it stands."""
    content, found, at = post.text.encode(), list[JsonValue](), 0
    links = [span for span in post.spans if span.kind is SpanKind.LINK]
    for span in links:
        if span.start_bytes > at:
            found.append({"type": "text", "text": content[at : span.start_bytes].decode()})
        found.append({"type": "link", "url": span.target})
        at = span.end_bytes
    if at < len(content):
        found.append({"type": "text", "text": content[at:].decode()})
    return found


def _alt(post: Post) -> str:
    """The alt text, which Slack asks for with every picture."""
    told = post.picture.alt if post.picture is not None else ""
    if not told and post.card.image is not None:
        told = post.card.image.alt
    return fit(told or post.card.title, Room(ALT, Measure.UTF16)) or "-"


def _cut(text: str, room: Room) -> str:
    return shorten(defuse(text), lambda candidate: fits(candidate, room))


def _refusal(answer: Answer, told: _Told, remedy: str) -> NetworkError:
    said = _said(answer, told)
    if told.error in _UNCLEAR:
        return _unclear(answer, said)
    if told.error in _TRANSIENT:
        return Transient(said)
    if told.error in _ACCESS:
        return Unauthorized(f"{said}; {remedy}")
    return Rejected(said, is_stale_media=told.error == _BLOCKS)


def _unclear(answer: Answer, said: str) -> NetworkError:
    return Transient(said) if answer.is_repeatable else Unknown(said)


def _said(answer: Answer, told: _Told | None) -> str:
    if told is None:
        return f"{answer.place}: {answer.status}"
    parts = [told.error or "", *told.messages, f"needs the scope {told.needed}" if told.needed else ""]
    return f"{answer.place}: {answer.status} ({answer.masked('; '.join(part for part in parts if part))[:300]})"


class _Metadata(Entity):
    messages: tuple[str, ...] = ()
    next_cursor: str = ""


class _Told(Entity):
    """What every answer of the Web API has."""

    ok: bool
    error: str | None = None
    needed: str | None = None
    response_metadata: _Metadata = _Metadata()

    @property
    def messages(self) -> tuple[str, ...]:
        return self.response_metadata.messages


class Who(Entity):
    """auth.test."""

    url: str
    team: str = ""
    user: str = ""
    bot_id: RemoteId | None = None


class Posted(Entity):
    """chat.postMessage, chat.update."""

    channel: RemoteId
    ts: RemoteId


class Ticket(Entity):
    """files.getUploadURLExternal."""

    upload_url: str
    file_id: RemoteId


class _File(Entity):
    mimetype: str = ""


class FileInfo(Entity):
    """files.info: the type is empty until Slack has looked at the file."""

    file: _File


class _Marked(Entity):
    event_type: str = ""
    event_payload: dict[str, JsonValue] = Field(default_factory=dict)


class _Message(Entity):
    ts: RemoteId
    metadata: _Marked = _Marked()


class History(Entity):
    """conversations.history, conversations.replies."""

    messages: tuple[_Message, ...]
    has_more: bool = False
    response_metadata: _Metadata = _Metadata()
