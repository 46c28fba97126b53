"""Fake Discord webhooks: a message goes in, nothing but a message of known id can be read.

Written from the Discord documentation, "Webhook Resource", "Message Resource", "Reference: Uploading Files",
"Rate Limits", "Opcodes and Status Codes" and its OpenAPI description. Read 2026-11.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.board import Board, File, Message, account_in
from syndicate.sandbox.clock import stamp
from syndicate.sandbox.discord_message import Draft, draft_of, first_link, refused, trouble
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.limits import Quota
from syndicate.sandbox.pictures import Picture, look_at
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, Upload, as_json

# Not documented and not to be relied on: what others measured for one webhook. Read 2026-11.
EXECUTING = Quota("webhook", 5, 2)
# Documentation "Reference", section "Uploading Files": 10 MiB a file, 25 MiB a request. Read 2026-11.
LARGEST_FILE_BYTES, LARGEST_BODY_BYTES = 10 * 1024 * 1024, 25 * 1024 * 1024
LIMIT_PX = 100_000_000
# Documentation "Reference", section "Snowflakes": milliseconds since the first second of 2015, 22 bits below them.
EPOCH_MS = 1_420_070_400_000


class Discord:
    """The fake webhooks; the name in a webhook's token is its account."""

    name = "discord"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.board = Board(self.name, ground)

    def routes(self) -> Sequence[Route]:
        """The webhook and its messages, with and without a version in the address."""
        found = []
        for base in ("/api/webhooks", "/api/{version:v[0-9]+}/webhooks"):
            hook = base + "/{id:[0-9]+}/{token}"
            found += [
                Route("POST", hook, RouteKind.POST, self._execute),
                Route("GET", hook, RouteKind.SESSION, self._show_hook),
                Route("GET", hook + "/messages/{message}", RouteKind.READ, self._show),
                Route("PATCH", hook + "/messages/{message}", RouteKind.EDIT, self._edit),
                Route("DELETE", hook + "/messages/{message}", RouteKind.DELETE, self._delete),
            ]
        return tuple(found)

    def trouble(self, status: int) -> Answer:
        """An error in Discord's shape."""
        return trouble(status)

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Too many requests: the wait stands in the body and in headers of Discord's own."""
        return limited(until, wait_s)

    def reset(self) -> None:
        """Forget every message."""
        self.board.reset()

    async def _execute(self, call: Call) -> Answer:
        account = self._admit(call)
        draft, files = await taken(call, self._ground)
        standing = self.board.spend(account, EXECUTING)
        if standing.is_over:
            wait_s = max((standing.resets_at - self._ground.clock.now()).total_seconds(), 0.1)
            raise Refusal(limited(standing.resets_at, 1).with_headers({"Retry-After": f"{wait_s:.3f}"}))
        message_id = next_id(self._ground, self.board)
        message = self.board.message(
            account,
            message_id,
            draft.words,
            first_link(draft.value),
            url=f"{self._ground.base_url}/channels/1/{call.path_values['id']}/{message_id}",
            files=files,
            value=draft.value,
            called=draft.called,
        )
        await self.board.put(message, call)
        if not call.asked_yes("wait"):
            return Answer(204, b"")
        return as_json(shown(message, call.path_values["id"], webhook_id=call.path_values["id"]))

    async def _show_hook(self, call: Call) -> Answer:
        account = self._admit(call)
        hook = {"id": call.path_values["id"], "type": 1, "guild_id": "1", "channel_id": call.path_values["id"]}
        rest = {"name": account, "avatar": None, "token": call.path_values["token"], "application_id": None}
        return as_json(hook | rest)

    async def _show(self, call: Call) -> Answer:
        return as_json(shown(self._own(call), call.path_values["id"], webhook_id=call.path_values["id"]))

    async def _edit(self, call: Call) -> Answer:
        changed = await self.board.edit(await edited(call, self._own(call), self._ground), call)
        return as_json(shown(changed, call.path_values["id"], webhook_id=call.path_values["id"]))

    async def _delete(self, call: Call) -> Answer:
        await self.board.delete(self._own(call), call)
        return Answer(204, b"")

    def _admit(self, call: Call) -> str:
        account = account_in(call.path_values["token"], TOKEN_PREFIX)
        if account is None:
            raise refused(401, 50027, "Invalid Webhook Token")
        return account

    def _own(self, call: Call) -> Message:
        message = self.board.find(self._admit(call), call.path_values["message"])
        if message is None:
            raise refused(404, 10008, "Unknown Message")
        return message


def limited(until: datetime, wait_s: int) -> Answer:
    """Too many requests: the wait stands in the body and in headers of Discord's own."""
    body = {"message": "You are being rate limited.", "retry_after": float(wait_s), "global": False}
    headers = {
        "X-RateLimit-Limit": str(EXECUTING.points),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": f"{until.timestamp():.3f}",
        "X-RateLimit-Reset-After": f"{wait_s:.3f}",
        "X-RateLimit-Bucket": "sandbox",
        "X-RateLimit-Scope": "shared",
    }
    return as_json(body, 429, headers)


def next_id(ground: Ground, board: Board) -> str:
    """The snowflake of a message of this moment."""
    ms = int(ground.clock.wall().timestamp() * 1000) - EPOCH_MS
    return str(board.number(ms << 22))


async def taken(call: Call, ground: Ground) -> tuple[Draft, tuple[File, ...]]:
    """The checked body of a new message, and its files.

    Raises:
        Refusal: it does not fit, or there is nothing to see.
    """
    if len(call.body) > LARGEST_BODY_BYTES:
        raise refused(413, 40005, "Request entity too large")
    draft = draft_of(call)
    files = await _files(draft, ground)
    if not draft.is_something and not files:
        raise refused(400, 50006, "Cannot send an empty message")
    return draft, files


async def edited(call: Call, message: Message, ground: Ground) -> Message:
    """The message as a PATCH leaves it.

    Raises:
        Refusal: as for a new one.
    """
    draft = draft_of(call)
    value = message.value | {name: part for name, part in draft.value.items() if name in ("content", "embeds")}
    files = (*message.files, *await _files(draft, ground))
    whole = Draft(value, (), {})
    if not whole.is_something and not files:
        raise refused(400, 50006, "Cannot send an empty message")
    return replace(message, text=whole.words, link=first_link(value), value=value, files=files)


async def _files(draft: Draft, ground: Ground) -> tuple[File, ...]:
    return tuple([await _file(place, upload, draft.alts.get(place), ground) for place, upload in draft.uploads])


async def _file(place: int, upload: Upload, alt: str | None, ground: Ground) -> File:
    if len(upload.body) > LARGEST_FILE_BYTES:
        raise refused(413, 40005, "Request entity too large")
    picture = await asyncio.to_thread(look_at, upload.body, limit_px=LIMIT_PX)
    seen = picture if isinstance(picture, Picture) else None
    digest = await ground.attic.keep(upload.body)
    return File(f"{digest[:16]}-{place}", upload.filename, digest, len(upload.body), seen, alt)


def shown(message: Message, channel_id: str, *, webhook_id: str | None = None) -> dict[str, Any]:
    """A message as the API gives it."""
    value = message.value
    attachments = [
        {"id": str(place), "filename": file.name, "size": file.bytes, "description": file.alt}
        for place, file in enumerate(message.files)
    ]
    author = {"id": webhook_id or value.get("author", "1"), "username": value.get("username") or message.account}
    return {
        "id": message.id,
        "type": 0,
        "content": value.get("content") or "",
        "channel_id": channel_id,
        **({} if webhook_id is None else {"webhook_id": webhook_id}),
        "author": author | {"bot": True},
        "attachments": attachments,
        "embeds": value.get("embeds") or [],
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "pinned": False,
        "tts": False,
        "timestamp": stamp(message.at),
        "edited_timestamp": None if message.edited_at is None else stamp(message.edited_at),
        "flags": value.get("flags") or 0,
        **({"nonce": value["nonce"]} if value.get("nonce") is not None else {}),
    }
