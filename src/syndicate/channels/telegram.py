"""Telegram by a bot, which posts to a channel or group.

A bot can neither read a chat's history nor its own posts: an unclear outcome waits for the operator. A picture has no
field for an alt text; the usual form is therefore text with a large preview of the page, which has.

Source: core.telegram.org/bots/api, "sendMessage", "sendPhoto", "LinkPreviewOptions", "Making requests", "FAQ". Read
2026-11.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, SecretStr, model_validator

from syndicate.channels.accounts import shown_name
from syndicate.channels.addresses import EndpointURL, host_of
from syndicate.channels.http import Answer, json_bytes
from syndicate.channels.networks import Network, Tools
from syndicate.channels.parcels import INLINE, PARCEL_BYTES, Parcel, Part, form_of
from syndicate.channels.secrets import ChannelSettings, SecretFile, either
from syndicate.channels.telegram_answers import (
    Found,
    Me,
    Membership,
    Place,
    Sent,
    judge,
    judge_access,
    page_of,
    rights_of,
    says,
)
from syndicate.errors import Rejected
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel, Quota, Rights, Standing
from syndicate.posts.dialects import write
from syndicate.posts.post import Dialect, ImageRules, Measure, Picture, Post, Room, Shape, Wants

API = "https://api.telegram.org"

TEXT, CAPTION = 4096, 1024
"""After entities parsing: markup does not count (documentation, "sendMessage", "sendPhoto")."""
MOST_SIDES_PX, MOST_RATIO = 10_000, 20
"""Width and height together, and one to the other (documentation, "sendPhoto")."""
CALL_TIME = timedelta(seconds=60)
"""Generous: an answer that is lost is a post that nobody can look up."""

# The token is part of every address, in which these signs would end it.
_NOT_IN_TOKENS = re.compile(r"[/?#%\s\\]")
_BOT = re.compile(r"(\d{1,20}):")
# Telegram gives no codes for these, only a status and words: the words are all there is to tell them from refusals.
_NOT_MODIFIED = "message is not modified"
_NOT_FOUND = "message to delete not found"
_NO_TEXT = "there is no text in the message to edit"


class TelegramSettings(ChannelSettings):
    """A bot's token and the chat it posts to.

    `attach`: card is text with a preview of the page above it, image is the picture with the text as its caption.
    `thread_id`: topic of a group with topics. `silent`: no sound at the readers'.
    """

    token: SecretStr | None = None
    token_file: SecretFile | None = None
    chat: str = Field(pattern=r"^(@[A-Za-z]\w{3,31}|-?[1-9]\d{0,19})$")
    thread_id: Annotated[int, Field(ge=1)] | None = None
    attach: Literal["card", "image"] = "card"
    silent: bool = False
    api_url: EndpointURL = API

    @model_validator(mode="after")
    def _has_token(self) -> Self:
        if _NOT_IN_TOKENS.search(either("token", self.token, self.token_file).get_secret_value()):
            raise ValueError("token: must be a bot's, as @BotFather gives it: digits, a colon, letters, and no address")
        return self


class Telegram(Channel):
    """One chat that a bot posts to."""

    network = "telegram"
    is_rehearsal = False

    def __init__(self, name: str, settings: TelegramSettings, tools: Tools) -> None:
        token = either("token", settings.token, settings.token_file).get_secret_value()
        tools.web.hide(token, token.partition(":")[2])
        self.name = name
        thread = f"/{settings.thread_id}" if settings.thread_id is not None else ""
        self.account = f"{host_of(settings.api_url)}/{settings.chat}{thread}"
        bot = _BOT.match(token)
        self._bot = bot[1] if bot is not None else hashlib.sha256(token.encode()).hexdigest()[:8]
        self._url = f"{settings.api_url.rstrip('/')}/bot{token}"
        self._settings = settings
        self._tools = tools
        self._place = Place()
        self._who = ""

    @property
    def wants(self) -> Wants:
        """Text with the link; the picture with it, or none as Telegram shows the page's."""
        if self._settings.attach == "card":
            return Wants(Room(TEXT, Measure.UTF16), reads_page=True)
        return Wants(Room(CAPTION, Measure.UTF16), ImageRules(Shape.PHOTO, PARCEL_BYTES, limit_alt=0), reads_page=True)

    @property
    def guarantee(self) -> Guarantee:
        """No keys, and nothing can be read back."""
        return Guarantee(key_window=None, evidence=Evidence.NONE)

    @property
    def abilities(self) -> frozenset[Action]:
        """All there is."""
        return frozenset(Action)

    @property
    def app(self) -> str:
        """Limits are those of the bot, in all its chats."""
        return f"{self.network}/{self._bot}"

    @property
    def place(self) -> str | None:
        """The chat by its number, once it is known, and the topic in it."""
        return f"telegram/{self._place.id or self._settings.chat}/{self._settings.thread_id or ''}"

    async def open(self) -> None:
        """Ask who the bot is, and for the chat."""
        bot = (await self._asked("getMe", {})).read(Me).result
        self._place = (await self._asked("getChat", {"chat_id": self._settings.chat})).read(Found).result
        self._who = shown_name(f"@{bot.username or self._bot} in {self._place.title or self._settings.chat}")

    async def standing(self) -> Standing:
        """Which bot, and in which chat, once it is open."""
        return Standing(self._who or None)

    async def upload(self, picture: Picture) -> str:
        """Nothing to bring: the picture is part of the message.

        Raises:
            Rejected: Telegram takes no picture of this shape, or none is wanted.
        """
        if self._settings.attach == "card":
            raise Rejected(f"{self.account}: a preview of the page is shown, no picture")
        sides = (picture.width_px, picture.height_px)
        if sum(sides) > MOST_SIDES_PX or max(sides) > MOST_RATIO * min(sides):
            raise Rejected(f"{self.account}: a picture of {sides[0]}x{sides[1]} is too large or too narrow")
        return INLINE

    async def rights(self) -> Rights:
        """What the bot may do in the chat (documentation, "ChatMember"). Read 2026-11."""
        bot_id = self._url.rpartition("/bot")[2].partition(":")[0]
        asked = {"chat_id": self._settings.chat, "user_id": int(bot_id)}
        answer = await self._call("getChatMember", ("application/json", json_bytes(asked)), is_repeatable=True)
        return rights_of(judge(answer, self._now()).read(Membership).result)

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """For our own books: Telegram takes no key."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The message's fields, and its picture."""
        settings = self._settings
        picture = post.picture if media is not None else None
        text = write(post.text, post.spans, Dialect.TELEGRAM)
        message: dict[str, JsonValue] = {"chat_id": settings.chat, "parse_mode": "HTML"}
        if picture is not None:
            message["caption"] = text
        else:
            preview: JsonValue = {"url": post.card.url, "prefer_large_media": True, "show_above_text": True}
            message |= {"text": text, "link_preview_options": preview}
        if settings.thread_id is not None:
            message["message_thread_id"] = settings.thread_id
        if settings.silent:
            message["disable_notification"] = True
        if post.reply_to is not None:
            message["reply_parameters"] = {"message_id": int(post.reply_to), "allow_sending_without_reply": True}
        return Parcel.of(message, picture).kept()

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Post once."""
        parcel = Parcel.opened(payload)
        file = parcel.file("photo")
        method = "sendMessage" if file is None else "sendPhoto"
        answer = await self._call(method, _body(parcel.message, file))
        return self._receipt(judge(answer, self._now()))

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """A bot cannot read a chat.

        Raises:
            Rejected: always.
        """
        raise Rejected(f"{self.account}: a bot cannot read back what it posted")

    async def edit(self, receipt: Receipt, payload: bytes) -> Receipt:
        """Put the new text, or the new picture and caption, in the place of the old.

        A message with a picture keeps it where there is no new one: it can be replaced, but not taken away, and only
        the caption changes (documentation, "editMessageText", "editMessageCaption"). Read 2026-11.
        """
        parcel = Parcel.opened(payload)
        file = parcel.file("photo")
        named: dict[str, JsonValue] = {"chat_id": self._settings.chat, "message_id": int(receipt.remote_id)}
        if file is None:
            kept = {name: parcel.message[name] for name in ("text", "parse_mode", "link_preview_options")}
            answer = await self._call("editMessageText", _body({**named, **kept}, None), is_repeatable=True)
            if says(answer, _NO_TEXT):
                kept = {"caption": kept["text"], "parse_mode": kept["parse_mode"]}
                answer = await self._call("editMessageCaption", _body({**named, **kept}, None), is_repeatable=True)
        else:
            media = {"type": "photo", "media": "attach://photo", "parse_mode": "HTML"}
            told: JsonValue = {**media, "caption": parcel.message["caption"]}
            answer = await self._call("editMessageMedia", _body({**named, "media": told}, file), is_repeatable=True)
        if not says(answer, _NOT_MODIFIED):
            judge(answer, self._now())
        return Receipt(receipt.remote_id, receipt.url, self._now())

    async def delete(self, receipt: Receipt) -> None:
        """Take the message away."""
        named: dict[str, JsonValue] = {"chat_id": self._settings.chat, "message_id": int(receipt.remote_id)}
        answer = await self._call("deleteMessage", _body(named, None), is_repeatable=True)
        if not says(answer, _NOT_FOUND):
            judge(answer, self._now())

    async def close(self) -> None:
        """Nothing is held: connections belong to the web."""

    async def _asked(self, method: str, arguments: dict[str, JsonValue]) -> Answer:
        """What is asked at the door."""
        answer = await self._call(method, ("application/json", json_bytes(arguments)), is_repeatable=True)
        judge_access(answer, self._now())
        return answer

    async def _call(self, method: str, body: tuple[str, bytes], *, is_repeatable: bool = False) -> Answer:
        content_type, content = body
        return await self._tools.web.call(
            "POST",
            f"{self._url}/{method}",
            headers={"Content-Type": content_type},
            body=content,
            is_repeatable=is_repeatable,
            within=CALL_TIME,
        )

    def _receipt(self, answer: Answer) -> Receipt:
        message = answer.read(Sent).result
        return Receipt(str(message.message_id), page_of(message), self._now())

    def _now(self) -> datetime:
        return self._tools.clock()


def _body(message: dict[str, JsonValue], file: Part | None) -> tuple[str, bytes]:
    """JSON, or a form in which what is no text stands as JSON (documentation, "Making requests")."""
    if file is None:
        return "application/json", json_bytes(message)
    texts = ((name, value if isinstance(value, str) else json.dumps(value)) for name, value in message.items())
    return form_of([*(Part(name, text.encode()) for name, text in sorted(texts)), file])


NETWORK = Network(
    name="telegram",
    title="Telegram (bot)",
    settings=TelegramSettings,
    make=Telegram,
    quotas=(Quota(20, timedelta(minutes=1), "in a group"),),  # Bot API, "FAQ"
    needs=(
        "A bot: write `/newbot` to @BotFather, who gives its token.",
        "The bot as an administrator of the channel or group, with the right to post messages.",
        "The chat: `@name` if it is public, else its number, which begins with -100.",
    ),
    example="""\
news_telegram:
  network: telegram
  chat: "@marshnotes"
  token_file: ~/.config/syndicate/telegram.token
""",
)
