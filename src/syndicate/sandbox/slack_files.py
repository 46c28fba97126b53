"""The uploads of a fake Slack: an address is asked for, the bytes are sent there, the upload is completed.

Source: docs.slack.dev "files.getUploadURLExternal", "files.completeUploadExternal". The first of them takes a form and
no JSON (seen by others: it says that every argument is missing). Read 2026-11.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from syndicate.sandbox.board import Board, File
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.pictures import Picture, look_at
from syndicate.sandbox.slack_blocks import link_in, words_of
from syndicate.sandbox.slack_desk import admit, arguments_of, channel_in, failed
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, Upload, as_json, form_of, whole

LONGEST_ALT = 1_000
# Slack's own limit is 1 GB; the sandbox's server takes less, and no image comes near.
LARGEST_BYTES = 50 * 1024 * 1024
LIMIT_PX = 100_000_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """An upload that was asked for; `file` is there once the bytes came."""

    id: str
    bot: str
    name: str
    length: int
    alt: str | None
    file: File | None = None
    is_complete: bool = False


class Files:
    """Uploads by id."""

    def __init__(self, ground: Ground, board: Board) -> None:
        self._ground = ground
        self._board = board
        self._tickets: dict[str, Ticket] = {}

    def routes(self) -> Sequence[Route]:
        """The three steps, and a look at what became of the file."""
        return (
            Route("POST", "/api/files.getUploadURLExternal", RouteKind.MEDIA, self._ask),
            Route("GET", "/api/files.getUploadURLExternal", RouteKind.MEDIA, self._ask),
            Route("POST", "/slack/upload/v1/{id}", RouteKind.MEDIA, self._take),
            Route("POST", "/api/files.completeUploadExternal", RouteKind.MEDIA, self._complete),
            Route("POST", "/api/files.info", RouteKind.MEDIA, self._info),
            Route("GET", "/api/files.info", RouteKind.MEDIA, self._info),
        )

    def reset(self) -> None:
        """Forget every upload."""
        self._tickets.clear()

    def shown(self, file_id: str, alt: str) -> File:
        """A completed upload, to be shown by an image block.

        Raises:
            Refusal: invalid_blocks, there is no such file.
        """
        ticket = self._tickets.get(file_id)
        if ticket is None or ticket.file is None or not ticket.is_complete:
            raise failed("invalid_blocks", "invalid slack file")
        return replace(ticket.file, alt=alt)

    async def _ask(self, call: Call) -> Answer:
        arguments = arguments_of(call, takes_json=False)
        bot = admit(call, arguments)
        missing = [name for name in ("filename", "length") if not arguments.get(name)]
        if missing:
            raise failed("invalid_arguments", *(f"missing required field: {name}" for name in missing))
        length = whole(arguments["length"])
        if not length:
            raise failed("invalid_arguments", "invalid length")
        if length > LARGEST_BYTES:
            raise failed("file_upload_size_restricted")
        alt = arguments.get("alt_txt") or None
        if alt is not None and len(str(alt)) > LONGEST_ALT:
            raise failed("alt_txt_too_large")
        ticket = Ticket(f"F{len(self._tickets) + 1:08X}", bot.name, str(arguments["filename"]), length, alt)
        self._tickets[ticket.id] = ticket
        url = f"{self._ground.base_url}/slack/upload/v1/{ticket.id}"
        return as_json({"ok": True, "upload_url": url, "file_id": ticket.id})

    async def _take(self, call: Call) -> Answer:
        ticket = self._tickets.get(call.path_values["id"])
        if ticket is None:
            return Answer(404, b"", content_type="text/plain")
        body = _bytes_of(call)
        if len(body) != ticket.length:
            return Answer(400, b"length does not match", content_type="text/plain")
        picture = await asyncio.to_thread(look_at, body, limit_px=LIMIT_PX)
        seen = picture if isinstance(picture, Picture) else None
        digest = await self._ground.attic.keep(body)
        file = File(ticket.id, ticket.name, digest, len(body), seen, ticket.alt)
        self._tickets[ticket.id] = replace(ticket, file=file)
        return Answer(200, f"OK - {len(body)}".encode(), content_type="text/plain")

    async def _complete(self, call: Call) -> Answer:
        arguments = arguments_of(call, takes_json=True)
        bot = admit(call, arguments)
        tickets = [self._uploaded(row, bot.name) for row in _rows(arguments.get("files"))]
        files = tuple(ticket.file for ticket in tickets if ticket.file is not None)
        for ticket in tickets:
            self._tickets[ticket.id] = replace(ticket, is_complete=True)
        if arguments.get("channel_id"):
            channel = channel_in(arguments, "channel_id")
            text = str(arguments.get("initial_comment") or "")
            now = self._ground.clock.wall()
            number = self._board.number(int(now.timestamp() * 1_000_000))
            ts = f"{number // 1_000_000}.{number % 1_000_000:06}"
            shown = self._board.message(channel, ts, words_of(text, []), link_in(text, []), files=files)
            await self._board.put(replace(shown, value={"bot_id": bot.bot_id, "text": text}), call)
        else:
            for file in files:
                await self._board.keep(bot.name, file, call)
        return as_json({"ok": True, "files": [{"id": file.id, "title": file.name} for file in files]})

    async def _info(self, call: Call) -> Answer:
        arguments = arguments_of(call, takes_json=False)
        bot = admit(call, arguments)
        ticket = self._uploaded({"id": arguments.get("file")}, bot.name)
        kind = "image/jpeg" if ticket.is_complete else ""
        return as_json({"ok": True, "file": {"id": ticket.id, "name": ticket.name, "mimetype": kind}})

    def _uploaded(self, row: Any, bot: str) -> Ticket:
        ticket = self._tickets.get(str(row.get("id"))) if isinstance(row, dict) else None
        if ticket is None or ticket.file is None or ticket.bot != bot:
            raise failed("file_not_found")
        return ticket


def _rows(told: object) -> list[Any]:
    rows = told
    if isinstance(told, str):
        try:
            rows = json.loads(told)
        except ValueError:
            rows = None
    if not isinstance(rows, list) or not rows:
        raise failed("invalid_arguments", "missing required field: files")
    return rows


def _bytes_of(call: Call) -> bytes:
    """The file, raw or as the one file of a multipart form."""
    if not call.headers.get("content-type", "").startswith("multipart/form-data"):
        return call.body
    try:
        uploads = [value for value in form_of(call).values() if isinstance(value, Upload)]
    except ValueError as cause:
        raise Refusal(Answer(400, b"bad form", content_type="text/plain")) from cause
    return uploads[0].body if uploads else b""
