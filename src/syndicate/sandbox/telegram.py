"""A fake Telegram Bot API: messages go into chats and cannot be read again by anyone.

Written from core.telegram.org/bots/api, "Making requests", "sendMessage", "sendPhoto", "editMessageText",
"editMessageCaption", "deleteMessage", and from the errors that tdlib/telegram-bot-api gives. Read 2026-11.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.board import Board, File, Message
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.limits import Quota
from syndicate.sandbox.pictures import Picture, TooManyPixels, look_at
from syndicate.sandbox.telegram_text import BadText, Parsed, parsed, utf16_length
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, Upload, as_json, form_of

# core.telegram.org/bots/faq: at most 20 messages a minute into one group. Read 2026-11.
SENDING = Quota("chat", 20, 60)
# "sendMessage", "sendPhoto". Read 2026-11.
TEXT, CAPTION = 4_096, 1_024
LARGEST_PHOTO_BYTES, MOST_SIDES_PX, MOST_RATIO = 10 * 1024 * 1024, 10_000, 20
# Answers as tdlib/telegram-bot-api words them; other statuses come from the servers in front of it.
WORDS = {401: "Unauthorized", 403: "Forbidden: bot was kicked from the channel chat", 404: "Not Found", 410: "Gone"}
TOKEN = re.compile(r"[0-9]+:[\w-]+")
CHAT = re.compile(r"@[A-Za-z]\w{4,31}|-?[1-9][0-9]*")

Method = Callable[[Call, dict[str, Any]], Awaitable[Answer]]


class Telegram:
    """The fake API; each chat is an account, whichever bot writes into it."""

    name = "telegram"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.board = Board(self.name, ground)

    def routes(self) -> Sequence[Route]:
        """The methods a publisher needs, by GET and POST."""
        methods: tuple[tuple[str, RouteKind, Method], ...] = (
            ("sendMessage", RouteKind.POST, self._send),
            ("sendPhoto", RouteKind.POST, self._send_photo),
            ("editMessageText", RouteKind.EDIT, self._edit_text),
            ("editMessageCaption", RouteKind.EDIT, self._edit_caption),
            ("deleteMessage", RouteKind.DELETE, self._delete),
            ("getMe", RouteKind.SESSION, self._who),
            ("getChat", RouteKind.SESSION, self._chat),
            ("getChatMember", RouteKind.SESSION, self._member),
        )
        return tuple(
            Route(verb, f"/bot{{token}}/{name}", kind, _admitted(method))
            for name, kind, method in methods
            for verb in ("GET", "POST")
        )

    def trouble(self, status: int) -> Answer:
        """An error in Telegram's shape."""
        return said_no(status, WORDS.get(status, "Internal Server Error"))

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Too many requests: the wait stands in the body."""
        return said_no(429, f"Too Many Requests: retry after {wait_s}", retry_after=wait_s)

    def reset(self) -> None:
        """Forget every message."""
        self.board.reset()

    async def _send(self, call: Call, told: dict[str, Any]) -> Answer:
        chat = _chat_in(told)
        text = _text(told, "text", TEXT, "message is too long")
        if not text.text.strip():
            raise refused("message text is empty")
        preview = _preview(told)
        self._spend(chat)
        body = {"text": text.text} | _entities("entities", text)
        if preview:
            body["link_preview_options"] = preview
        link = str(preview["url"]) if preview.get("url") else text.first_link
        return await self._put(call, chat, text, link, body)

    async def _send_photo(self, call: Call, told: dict[str, Any]) -> Answer:
        chat = _chat_in(told)
        caption = _text(told, "caption", CAPTION, "message caption is too long")
        photo = told.get("photo")
        if isinstance(photo, Upload):
            file = await self._photo(photo)
        elif isinstance(photo, str) and re.fullmatch(r"https?://\S+", photo):
            file = File(photo, photo, "", 0)
        else:
            raise refused("there is no photo in the request")
        self._spend(chat)
        body = {"caption": caption.text} | _entities("caption_entities", caption)
        if file.picture is not None:
            size = {"width": file.picture.width, "height": file.picture.height, "file_size": file.bytes}
            body["photo"] = [{"file_id": file.id, "file_unique_id": file.id, **size}]
        files = (file,) if file.picture is not None else ()
        return await self._put(call, chat, caption, caption.first_link, body, files)

    async def _photo(self, upload: Upload) -> File:
        if len(upload.body) > LARGEST_PHOTO_BYTES:
            raise Refusal(said_no(413, "Request Entity Too Large"))
        picture = await asyncio.to_thread(look_at, upload.body, limit_px=100_000_000)
        if picture is None:
            raise refused("IMAGE_PROCESS_FAILED")
        if isinstance(picture, TooManyPixels) or not _fits(picture):
            raise refused("PHOTO_INVALID_DIMENSIONS")
        digest = await self._ground.attic.keep(upload.body)
        return File(f"AgAC{digest[:20]}", upload.filename, digest, len(upload.body), picture)

    async def _put(
        self, call: Call, chat: str, text: Parsed, link: str | None, body: dict[str, Any], files: tuple[File, ...] = ()
    ) -> Answer:
        message_id = str(self.board.number(1))
        url = f"{self._ground.base_url}/s/{chat.removeprefix('@')}/{message_id}" if chat.startswith("@") else None
        message = self.board.message(
            chat, message_id, text.text, link, url=url, files=files, value=body, called=text.called
        )
        await self.board.put(message, call)
        return as_json({"ok": True, "result": _shown(message)})

    async def _edit_text(self, call: Call, told: dict[str, Any]) -> Answer:
        message = self._own(told, "message to edit not found")
        if "caption" in message.value:
            raise refused("there is no text in the message to edit")
        text = _text(told, "text", TEXT, "message is too long")
        if not text.text.strip():
            raise refused("message text is empty")
        preview = _preview(told)
        link = str(preview["url"]) if preview.get("url") else text.first_link
        body = {"text": text.text} | _entities("entities", text)
        if preview:
            body["link_preview_options"] = preview
        return await self._edited(call, message, text.text, link, body)

    async def _edit_caption(self, call: Call, told: dict[str, Any]) -> Answer:
        message = self._own(told, "message to edit not found")
        if "caption" not in message.value:
            raise refused("there is no caption in the message to edit")
        caption = _text(told, "caption", CAPTION, "message caption is too long")
        body = {"caption": caption.text} | _entities("caption_entities", caption)
        photo = {"photo": message.value["photo"]} if "photo" in message.value else {}
        return await self._edited(call, message, caption.text, caption.first_link, body | photo)

    async def _edited(self, call: Call, message: Message, text: str, link: str | None, body: dict[str, Any]) -> Answer:
        if body == message.value:
            same = "specified new message content and reply markup are exactly the same as a current content"
            raise refused(f"message is not modified: {same} and reply markup of the message")
        changed = replace(message, text=text, link=link, value=body)
        changed = await self.board.edit(changed, call)
        return as_json({"ok": True, "result": _shown(changed)})

    async def _delete(self, call: Call, told: dict[str, Any]) -> Answer:
        await self.board.delete(self._own(told, "message to delete not found"), call)
        return as_json({"ok": True, "result": True})

    async def _who(self, call: Call, _told: dict[str, Any]) -> Answer:
        bot_id, _, secret = call.path_values["token"].partition(":")
        name = re.sub(r"\W", "_", secret.removeprefix(TOKEN_PREFIX))
        return as_json(
            {"ok": True, "result": {"id": int(bot_id), "is_bot": True, "first_name": name, "username": f"{name}_bot"}}
        )

    async def _chat(self, _call: Call, told: dict[str, Any]) -> Answer:
        return as_json({"ok": True, "result": _chat_value(_chat_in(told))})

    async def _member(self, _call: Call, told: dict[str, Any]) -> Answer:
        _chat_in(told)
        user = {"id": int(told.get("user_id") or 0), "is_bot": True, "first_name": "sandbox"}
        rights = {"can_post_messages": True, "can_edit_messages": True, "can_delete_messages": True}
        return as_json({"ok": True, "result": {"status": "administrator", "user": user, **rights}})

    def _own(self, told: Mapping[str, Any], refusal: str) -> Message:
        message = self.board.find(_chat_in(told), str(told.get("message_id")))
        if message is None:
            raise refused(refusal)
        return message

    def _spend(self, chat: str) -> None:
        standing = self.board.spend(chat, SENDING)
        if standing.is_over:
            wait_s = max(1, int((standing.resets_at - self._ground.clock.now()).total_seconds()))
            raise Refusal(self.limited(standing.resets_at, wait_s))


def said_no(status: int, description: str, **parameters: int) -> Answer:
    """An error by status and description."""
    said: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return as_json(said | ({"parameters": parameters} if parameters else {}), status)


def refused(description: str) -> Refusal:
    """A bad request in Telegram's words."""
    return Refusal(said_no(400, f"Bad Request: {description}"))


def _admitted(method: Method) -> Callable[[Call], Awaitable[Answer]]:
    async def answer(call: Call) -> Answer:
        token = call.path_values["token"]
        if not TOKEN.fullmatch(token):
            raise Refusal(said_no(404, "Not Found"))
        if not token.partition(":")[2].startswith(TOKEN_PREFIX):
            raise Refusal(said_no(401, "Unauthorized"))
        try:
            told = dict(call.query) | form_of(call)
        except ValueError as cause:
            raise refused("can't parse JSON object") from cause
        return await method(call, told)

    return answer


def _chat_in(told: Mapping[str, Any]) -> str:
    chat = told.get("chat_id")
    if chat is None or chat == "":
        raise refused("chat_id is empty")
    if isinstance(chat, bool) or not CHAT.fullmatch(str(chat)):
        raise refused("chat not found")
    return str(chat)


def _text(told: Mapping[str, Any], name: str, limit: int, refusal: str) -> Parsed:
    """The text as people read it, measured after its markup was taken away."""
    mode = str(told.get("parse_mode") or "")
    try:
        text = parsed(str(told.get(name) or ""), mode)
    except BadText as cause:
        raise refused(str(cause)) from cause
    if utf16_length(text.text) > limit:
        raise refused(refusal)
    return text


def _preview(told: Mapping[str, Any]) -> dict[str, Any]:
    options = told.get("link_preview_options")
    if isinstance(options, str):
        try:
            options = json.loads(options)
        except ValueError as cause:
            raise refused("can't parse link preview options JSON object") from cause
    if options is None:
        return {}
    kinds = {
        **dict.fromkeys(("is_disabled", "prefer_small_media", "prefer_large_media", "show_above_text"), bool),
        "url": str,
    }
    if not isinstance(options, dict) or not all(isinstance(options[name], kinds.get(name, object)) for name in options):
        raise refused("object expected as link preview options")
    return options


def _entities(name: str, text: Parsed) -> dict[str, Any]:
    return {name: [dict(entity) for entity in text.entities]} if text.entities else {}


def _fits(picture: Picture) -> bool:
    sides = (picture.width, picture.height)
    return sum(sides) <= MOST_SIDES_PX and max(sides) <= MOST_RATIO * min(sides)


def _chat_value(chat: str) -> dict[str, Any]:
    if chat.startswith("@"):
        name = chat.removeprefix("@")
        number = -1_000_000_000_000 - sum(name.encode())
        return {"id": number, "title": name, "username": name, "type": "channel"}
    return {"id": int(chat), "title": f"Chat {chat}", "type": "channel" if chat.startswith("-100") else "supergroup"}


def _shown(message: Message) -> dict[str, Any]:
    chat = _chat_value(message.account)
    shown = {"message_id": int(message.id), "sender_chat": chat, "chat": chat, "date": int(message.at.timestamp())}
    if message.edited_at is not None:
        shown["edit_date"] = int(message.edited_at.timestamp())
    return shown | message.value
