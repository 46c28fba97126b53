"""What Telegram answers, as checked values, and what each answer proves.

Source: core.telegram.org/bots/api, "Making requests", "ResponseParameters", "ChatMember". Read 2026-11.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from syndicate.channels.http import LONGEST_WAIT, SHORTEST_WAIT, Answer, Entity, check_access, verdict
from syndicate.errors import NetworkError, RateLimited, Rejected, Unauthorized, Unknown
from syndicate.ports.channel import Rights

REMEDY = "check `token` and `chat`, and that the bot is an administrator of the chat who may post"

# The place is at fault and not the post: Telegram tells by its words only (tdlib/telegram-bot-api, Client.cpp).
_NO_PLACE = (
    "chat not found",
    "not enough rights",
    "need administrator rights",
    "have no rights",
    "message thread not found",
    "topic_closed",
)


def judge(answer: Answer, now: datetime) -> Answer:
    """What an answer proves; `ok` decides, whatever the status.

    Raises:
        NetworkError: by kind.
    """
    told = answer.tried(_Told)
    if told is None:
        if answer.is_success:
            raise Unknown(f"{answer.place}: {answer.status}, but the answer cannot be read")
        return verdict(answer, now, remedy=REMEDY)
    if told.ok:
        return verdict(answer, now, remedy=REMEDY)
    status = told.error_code or answer.status
    said = f"{answer.place}: {status} ({answer.masked(told.description)[:200]})"
    if told.parameters.migrate_to_chat_id is not None:
        raise Unauthorized(f"{said}; the group has moved: set `chat` to {told.parameters.migrate_to_chat_id}")
    if status == 429:
        wait = told.parameters.retry_after
        until = now + min(max(timedelta(seconds=wait), SHORTEST_WAIT), LONGEST_WAIT) if wait is not None else None
        if until is not None:
            raise RateLimited(said, until, is_app_wide=True)
    if status == 400 and any(words in told.description.lower() for words in _NO_PLACE):
        raise Unauthorized(f"{said}; check `chat`, and what the bot may do there")
    if status in {401, 404}:  # a wrong token is answered with either
        raise Unauthorized(f"{said}; {REMEDY}")
    # The status in the body is the real one: in front of a gateway of one's own, HTTP may say 200.
    return verdict(_with_status(answer, status), now, remedy=REMEDY)


def judge_access(answer: Answer, now: datetime) -> None:
    """What an answer at the door proves: every refusal is a matter for a person."""
    try:
        judge(answer, now)
    except (RateLimited, Unauthorized):
        raise
    except Rejected as refusal:
        raise Unauthorized(f"{refusal}; {REMEDY}") from None
    except NetworkError:
        check_access(_with_status(answer, max(answer.status, 500)), now, remedy=REMEDY)


def _with_status(answer: Answer, status: int) -> Answer:
    return Answer(answer.place, status, answer.headers, answer.body, answer.is_repeatable, answer.hidden)


def says(answer: Answer, words: str) -> bool:
    """Whether an answer is a refusal in these words."""
    told = answer.tried(_Told)
    return told is not None and not told.ok and told.error_code == 400 and words in told.description


def page_of(message: Message) -> str | None:
    """A message's address: by the chat's name if it is public, else one that its members can follow."""
    if message.chat.username:
        return f"https://t.me/{message.chat.username}/{message.message_id}"
    number = str(message.chat.id)
    return f"https://t.me/c/{number.removeprefix('-100')}/{message.message_id}" if number.startswith("-100") else None


class _Parameters(Entity):
    retry_after: Annotated[float, Field(ge=0, le=10**9)] | None = None
    migrate_to_chat_id: int | None = None


class _Told(Entity):
    """What every answer has."""

    ok: bool
    error_code: Annotated[int, Field(ge=100, le=599)] | None = None
    description: str = ""
    parameters: _Parameters = _Parameters()


class _Bot(Entity):
    username: str = ""


class Me(Entity):
    """getMe."""

    result: _Bot


class Place(Entity):
    """A chat, as far as it is needed."""

    id: int | None = None
    title: str = ""


class _Chat(Entity):
    id: int
    username: Annotated[str, Field(pattern=r"^\w{1,64}$")] | None = None


class Member(Entity):
    """A bot in a chat: `can_post_messages` is told of channels, `can_send_messages` of those that are restricted."""

    status: str
    can_post_messages: bool | None = None
    can_edit_messages: bool | None = None
    can_delete_messages: bool | None = None
    can_send_messages: bool | None = None


class Membership(Entity):
    """getChatMember."""

    result: Member


def rights_of(member: Member) -> Rights:
    """What the bot may do, and what it lacks to post."""
    if member.status in {"left", "kicked"}:
        return Rights((), ("membership in the chat",))
    told = member.model_dump(exclude={"status"}, exclude_none=True)
    has = tuple(name for name, is_granted in told.items() if is_granted)
    # Its own messages a bot may edit and delete without the right to do so with others'.
    posting = ("can_post_messages", "can_send_messages")
    return Rights((member.status, *has), tuple(name for name in posting if told.get(name) is False))


class Message(Entity):
    """A message as it stands in a chat."""

    message_id: int
    chat: _Chat


class Found(Entity):
    """getChat."""

    result: Place


class Sent(Entity):
    """A message that was made or changed."""

    result: Message
