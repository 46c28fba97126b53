"""A fake Slack workspace: messages without idempotency keys, in channels that can be read.

Written from docs.slack.dev, "chat.postMessage", "chat.update", "chat.delete", "conversations.history", "auth.test",
"chat.getPermalink" and from slack-api-specs. An error is HTTP 200 with `ok: false`. Read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from syndicate.sandbox.board import Board, Message
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.limits import Quota
from syndicate.sandbox.slack_blocks import blocks_of, called_in, file_ids_in, link_in, metadata_of, words_of
from syndicate.sandbox.slack_desk import Bot, admit, arguments_of, channel_in, failed, trouble
from syndicate.sandbox.slack_files import Files
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, as_json, whole

# docs.slack.dev "Rate limits": about one message a second and channel. Read 2026-11.
POSTING = Quota("chat.postMessage", 1, 1)
# docs.slack.dev "chat.postMessage": longer texts are cut; "chat.update": longer ones are refused. Read 2026-11.
LONGEST_TEXT, LONGEST_UPDATE = 40_000, 4_000
# docs.slack.dev "conversations.history": default 100, at most 999. Read 2026-11.
DEFAULT_LISTED, MOST_LISTED = 100, 999

Method = Callable[[Call, dict[str, Any], Bot], Awaitable[Answer]]


class Slack:
    """The fake workspace; each channel is an account."""

    name = "slack_bot"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.board = Board(self.name, ground)
        self._files = Files(ground, self.board)

    def routes(self) -> Sequence[Route]:
        """The methods a publisher needs; those that read take GET, too."""
        return (
            _route("POST", "chat.postMessage", RouteKind.POST, self._post),
            _route("POST", "chat.update", RouteKind.EDIT, self._update),
            _route("POST", "chat.delete", RouteKind.DELETE, self._delete),
            _route("POST", "auth.test", RouteKind.SESSION, self._who),
            _route("GET", "auth.test", RouteKind.SESSION, self._who),
            _route("POST", "conversations.history", RouteKind.READ, self._history, takes_json=False),
            _route("GET", "conversations.history", RouteKind.READ, self._history),
            _route("GET", "chat.getPermalink", RouteKind.READ, self._permalink),
            _route("POST", "chat.getPermalink", RouteKind.READ, self._permalink, takes_json=False),
            _route("GET", "conversations.info", RouteKind.READ, self._channel),
            _route("POST", "conversations.info", RouteKind.READ, self._channel, takes_json=False),
            *self._files.routes(),
        )

    def trouble(self, status: int) -> Answer:
        """An error in Slack's shape."""
        return trouble(status)

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Too many requests: Slack tells the wait in Retry-After alone."""
        return trouble(429)

    def reset(self) -> None:
        """Forget every message and upload."""
        self.board.reset()
        self._files.reset()

    async def _post(self, call: Call, arguments: dict[str, Any], bot: Bot) -> Answer:
        channel = channel_in(arguments)
        value = self._value(arguments, bot)
        blocks = value.get("blocks", [])
        standing = self.board.spend(channel, POSTING)
        if standing.is_over:
            raise Refusal(trouble(429).with_headers({"Retry-After": "1"}))
        ts = self._next_ts()
        message = self.board.message(
            channel,
            ts,
            words_of(value["text"], blocks),
            link_in(value["text"], blocks),
            url=self._page(channel, ts),
            files=tuple(self._files.shown(*named) for named in file_ids_in(blocks)),
            value=value,
            called=called_in(value["text"], blocks),
        )
        await self.board.put(message, call)
        return as_json({"ok": True, "channel": channel, "ts": ts, "message": _shown(message, has_metadata=True)})

    async def _update(self, call: Call, arguments: dict[str, Any], bot: Bot) -> Answer:
        message = self._own(arguments, bot, "cant_update_message")
        if len(str(arguments.get("text") or "")) > LONGEST_UPDATE:
            raise failed("msg_too_long")
        value = self._value(arguments, bot)
        blocks = value.get("blocks", [])
        text, link = words_of(value["text"], blocks), link_in(value["text"], blocks)
        changed = replace(message, text=text, link=link, value=value)
        changed = await self.board.edit(changed, call)
        shown = _shown(changed, has_metadata=True)
        return as_json(
            {"ok": True, "channel": message.account, "ts": message.id, "text": value["text"], "message": shown}
        )

    async def _delete(self, call: Call, arguments: dict[str, Any], bot: Bot) -> Answer:
        message = self._own(arguments, bot, "cant_delete_message")
        await self.board.delete(message, call)
        return as_json({"ok": True, "channel": message.account, "ts": message.id})

    async def _who(self, _call: Call, _arguments: dict[str, Any], bot: Bot) -> Answer:
        team = {"url": f"{self._ground.base_url}/slack/", "team": "Sandbox", "team_id": "TSANDBOX"}
        return as_json({"ok": True, **team, "user": bot.name, "user_id": bot.user_id, "bot_id": bot.bot_id})

    async def _channel(self, _call: Call, arguments: dict[str, Any], _bot: Bot) -> Answer:
        channel = channel_in(arguments)
        facts = {"id": channel, "name": channel[1:].lower(), "is_channel": True, "is_archived": False}
        return as_json({"ok": True, "channel": facts | {"is_member": True, "is_private": channel[0] == "G"}})

    async def _permalink(self, _call: Call, arguments: dict[str, Any], _bot: Bot) -> Answer:
        channel, ts = channel_in(arguments), str(arguments.get("message_ts"))
        if self.board.find(channel, ts) is None:
            raise failed("message_not_found")
        return as_json({"ok": True, "channel": channel, "permalink": self._page(channel, ts)})

    async def _history(self, call: Call, arguments: dict[str, Any], _bot: Bot) -> Answer:
        channel = channel_in(arguments)
        oldest, latest = _ts(arguments, "oldest", 0.0), _ts(arguments, "latest", float("inf"))
        is_inclusive = str(arguments.get("inclusive", "")).lower() in {"1", "true"}
        cursor = _ts_of_cursor(arguments.get("cursor"))
        limit = _limit(arguments.get("limit"))

        def is_asked_for(message: Message) -> bool:
            number = float(message.id)
            if cursor is not None and number >= cursor:
                return False
            return oldest < number < latest or (is_inclusive and number in (oldest, latest))

        found = [message for message in self.board.listed(channel, call) if is_asked_for(message)]
        page = found[:limit]
        has_metadata = str(arguments.get("include_all_metadata", "")).lower() in {"1", "true"}
        answer: dict[str, Any] = {
            "ok": True,
            "messages": [_shown(message, has_metadata=has_metadata) for message in page],
            "has_more": len(found) > limit,
            "pin_count": 0,
        }
        if len(found) > limit:
            answer["response_metadata"] = {"next_cursor": base64.b64encode(f"next_ts:{page[-1].id}".encode()).decode()}
        return as_json(answer)

    def _value(self, arguments: Mapping[str, Any], bot: Bot) -> dict[str, Any]:
        """The checked parts of a message."""
        text, blocks, metadata = arguments.get("text") or "", blocks_of(arguments), metadata_of(arguments)
        if not isinstance(text, str):
            raise failed("invalid_arguments", "invalid text")
        if not text.strip() and not blocks:
            raise failed("no_text")
        value: dict[str, Any] = {"text": text[:LONGEST_TEXT], "user": bot.user_id, "bot_id": bot.bot_id}
        return value | ({"blocks": blocks} if blocks else {}) | ({"metadata": metadata} if metadata else {})

    def _own(self, arguments: Mapping[str, Any], bot: Bot, refusal: str) -> Message:
        message = self.board.find(channel_in(dict(arguments)), str(arguments.get("ts")))
        if message is None:
            raise failed("message_not_found")
        if message.value.get("bot_id") != bot.bot_id:
            raise failed(refusal)
        return message

    def _next_ts(self) -> str:
        number = self.board.number(int(self._ground.clock.wall().timestamp() * 1_000_000))
        return f"{number // 1_000_000}.{number % 1_000_000:06}"

    def _page(self, channel: str, ts: str) -> str:
        return f"{self._ground.base_url}/archives/{channel}/p{ts.replace('.', '')}"


def _route(method: str, name: str, kind: RouteKind, answer: Method, *, takes_json: bool = True) -> Route:
    async def called(call: Call) -> Answer:
        arguments = arguments_of(call, takes_json=takes_json)
        return await answer(call, arguments, admit(call, arguments))

    return Route(method, f"/api/{name}", kind, called)


def _shown(message: Message, *, has_metadata: bool) -> dict[str, Any]:
    value = {name: part for name, part in message.value.items() if has_metadata or name != "metadata"}
    files = [{"id": file.id, "name": file.name, "alt_txt": file.alt} for file in message.files]
    shown = {"type": "message", "ts": message.id, **value} | ({"files": files} if files else {})
    if message.edited_at is not None:
        shown["edited"] = {"user": value.get("user"), "ts": f"{message.edited_at.timestamp():.6f}"}
    return shown


def _ts(arguments: Mapping[str, Any], name: str, default: float) -> float:
    told = arguments.get(name)
    if told is None or told == "":
        return default
    try:
        return float(told)
    except (TypeError, ValueError) as cause:
        raise failed(f"invalid_ts_{name}") from cause


def _ts_of_cursor(cursor: object) -> float | None:
    if not cursor:
        return None
    try:
        return float(base64.b64decode(str(cursor), validate=True).decode().removeprefix("next_ts:"))
    except (binascii.Error, ValueError) as cause:
        raise failed("invalid_cursor") from cause


def _limit(told: object) -> int:
    if told is None or told == "":
        return DEFAULT_LISTED
    limit = whole(told)
    if not limit:
        raise failed("invalid_limit")
    return min(limit, MOST_LISTED)
