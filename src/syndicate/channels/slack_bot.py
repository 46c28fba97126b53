"""Slack by a bot, which posts to one channel and can read it.

Source: docs.slack.dev, "chat.postMessage", "chat.update", "chat.delete", "conversations.history",
"conversations.replies", "files.getUploadURLExternal", "files.completeUploadExternal", "files.info", "auth.test",
"Message metadata". Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, model_validator

from syndicate.channels import slack_message as wire
from syndicate.channels.accounts import shown_name
from syndicate.channels.addresses import EndpointURL, endpoint_url, host_of
from syndicate.channels.http import Answer, json_bytes, page_url
from syndicate.channels.networks import Network, Tools
from syndicate.channels.secrets import ChannelSettings, SecretFile, either
from syndicate.durations import Duration
from syndicate.errors import Rejected, Transient, Unauthorized
from syndicate.items.item import SUFFIXES
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel, Rights, Standing
from syndicate.posts.post import Picture, Post, Wants

API = "https://slack.com/api"
EVENT = "syndicate_post"
UPLOAD_TIME = timedelta(seconds=60)
PROCESSING_TIME = timedelta(seconds=30)
POLL_EVERY = timedelta(seconds=1)

PAGE = 100
LIMIT_PAGES = 20
CLOCKS_DIFFER = timedelta(minutes=5)
LONGEST_ALT = 1000
"""Of an uploaded file (files.getUploadURLExternal, `alt_txt`); the image block takes more."""

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_REMEDY = "check `token`, `channel`, the bot's membership in it, and the app's scopes"


class SlackBotSettings(ChannelSettings):
    """A bot's token and the id of the channel it posts to. `settle` is how long to wait before reading back.

    `broadcast`: a correction in the thread of its post is shown in the channel, too.
    """

    token: SecretStr | None = None
    token_file: SecretFile | None = None
    channel: str = Field(pattern=r"^[CGD][A-Z0-9]{2,}$")
    attach: wire.Attach = "image"
    broadcast: bool = True
    api_url: EndpointURL = API
    settle: Duration = timedelta(seconds=30)

    @model_validator(mode="after")
    def _has_token(self) -> Self:
        either("token", self.token, self.token_file)
        return self


class SlackBot(Channel):
    """One channel that a bot posts to."""

    network = "slack_bot"
    is_rehearsal = False

    def __init__(self, name: str, settings: SlackBotSettings, tools: Tools) -> None:
        token = either("token", settings.token, settings.token_file).get_secret_value()
        tools.web.hide(token)
        self.name = name
        self.account = f"{host_of(settings.api_url)}/{settings.channel}"
        self._api = settings.api_url.rstrip("/")
        self._settings = settings
        self._tools = tools
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._team_url: str | None = None
        self._scopes: tuple[str, ...] = ()
        self._who = ""

    @property
    def wants(self) -> Wants:
        """Rich text, with an uploaded picture or a card that Slack makes of the page."""
        return wire.wants_of(self._settings.attach, is_by_address=False)

    @property
    def guarantee(self) -> Guarantee:
        """Slack has no keys; the channel can be read, and each post carries our mark where nobody sees it."""
        return Guarantee(key_window=None, evidence=Evidence.READS_OWN, settle=self._settings.settle)

    @property
    def abilities(self) -> frozenset[Action]:
        """All there is."""
        return frozenset(Action)

    async def open(self) -> None:
        """Ask who we are and what the token may do."""
        answer = await self._call("auth.test", {}, is_repeatable=True)
        who = wire.judge_access(answer, self._now(), remedy=_REMEDY).read(wire.Who)
        missing = self._missing_scopes(answer.headers.get("X-OAuth-Scopes"))
        if missing:
            raise Unauthorized(f"{self.account}: the token lacks the scopes {', '.join(missing)}; add them to the app")
        self._team_url = page_url(who.url)
        self._scopes = _scopes_in(answer.headers.get("X-OAuth-Scopes"))
        self._who = shown_name(f"@{who.user} in {who.team}") if who.user else ""

    async def rights(self) -> Rights:
        """The token's scopes, as Slack told them with its first answer; what it lacks it was refused for."""
        return Rights(self._scopes)

    async def standing(self) -> Standing:
        """Which bot, and in which workspace, once it is open."""
        return Standing(self._who or None)

    async def upload(self, picture: Picture) -> str:
        """Upload the picture for ourselves alone and wait until Slack has looked at it; gives the file's id.

        Raises:
            NetworkError: by kind; nothing was posted.
        """
        if self._settings.attach == "card":
            raise Rejected(f"{self.account}: a card of the page is shown, no picture")
        name = f"image.{SUFFIXES.get(picture.media_type, 'bin')}"
        asked = {"filename": name, "length": str(len(picture.content))}
        if picture.alt:
            asked["alt_txt"] = picture.alt[:LONGEST_ALT]
        ticket = (await self._read("files.getUploadURLExternal", asked)).read(wire.Ticket)
        try:
            address = endpoint_url(ticket.upload_url)
        except ValueError as error:
            raise Rejected(f"{self.account}: the address for the upload {error}") from None
        # The address is its own proof: the token does not go there.
        kind = {"Content-Type": picture.media_type}
        body = picture.content
        sent = await self._tools.web.call(
            "POST", address, headers=kind, body=body, is_repeatable=True, within=UPLOAD_TIME
        )
        if not sent.is_success:
            raise Transient(f"{sent.place}: {sent.status}, the upload was not taken")
        files: JsonValue = [{"id": ticket.file_id, "title": picture.alt[:LONGEST_ALT] or name}]
        done = await self._call("files.completeUploadExternal", {"files": files}, is_repeatable=True)
        wire.judge(done, self._now(), remedy=_REMEDY)
        await self._processed(ticket.file_id)
        return ticket.file_id

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """What our posts are known by, in their metadata."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The JSON body of the message."""
        attach = self._settings.attach
        image: dict[str, JsonValue] | None = None if media is None else {"slack_file": {"id": media}}
        message = wire.message_of(post, attach, image if attach == "image" else None)
        message["channel"] = self._settings.channel
        message["metadata"] = {"event_type": EVENT, "event_payload": {"key": key}}
        if post.reply_to is not None:
            message |= {"thread_ts": post.reply_to, "reply_broadcast": self._settings.broadcast}
        return json_bytes(message)

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Post once."""
        answer = await self._send("chat.postMessage", payload)
        return self._receipt(wire.judge(answer, self._now(), remedy=_REMEDY))

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Look through the channel, or the thread of a reply, for a message with our key in its metadata."""
        thread = _Payload.model_validate_json(payload).thread_ts
        asked = {
            "channel": self._settings.channel,
            "oldest": f"{(since - CLOCKS_DIFFER).timestamp():.6f}",
            "include_all_metadata": "true",
            "limit": str(PAGE),
        }
        method = "conversations.history"
        if thread is not None:
            method, asked = "conversations.replies", {**asked, "ts": thread}
        for _ in range(LIMIT_PAGES):
            page = (await self._read(method, asked)).read(wire.History)
            for message in page.messages:
                if message.metadata.event_type == EVENT and message.metadata.event_payload.get("key") == key:
                    return Receipt(message.ts, self._page(self._settings.channel, message.ts), self._now())
            cursor = page.response_metadata.next_cursor
            if not cursor:
                return None
            asked = {**asked, "cursor": cursor}
        raise Transient(f"{self.account}: more than {LIMIT_PAGES} pages since then, cannot read back so far")

    async def edit(self, receipt: Receipt, payload: bytes) -> Receipt:
        """Put the new message in the place of the old one."""
        message = _Payload.model_validate_json(payload)
        fields = message.model_dump(mode="json", include={"text", "blocks", "metadata"})
        changed = {**fields, "channel": self._settings.channel, "ts": receipt.remote_id}
        answer = await self._call("chat.update", changed, is_repeatable=True)
        return self._receipt(wire.judge(answer, self._now(), remedy=_REMEDY))

    async def delete(self, receipt: Receipt) -> None:
        """Take the message away."""
        named: dict[str, JsonValue] = {"channel": self._settings.channel, "ts": receipt.remote_id}
        answer = await self._call("chat.delete", named, is_repeatable=True)
        if wire.error_in(answer) != wire.MESSAGE_NOT_FOUND:
            wire.judge(answer, self._now(), remedy=_REMEDY)

    async def close(self) -> None:
        """Nothing is held: connections belong to the web."""

    def _missing_scopes(self, header: str | None) -> list[str]:
        """What the posts need and the token has not; nothing where Slack does not tell."""
        if header is None:
            return []
        scopes = {scope.strip() for scope in header.split(",")}
        needed = {"chat:write"} | ({"files:write", "files:read"} if self._settings.attach == "image" else set())
        missing = sorted(needed - scopes)
        if not any(scope.endswith(":history") for scope in scopes):
            missing.append("channels:history (or groups:history, for a private channel)")
        return missing

    async def _processed(self, file_id: str) -> None:
        """Wait until a message may show the file.

        Raises:
            Transient: it takes too long; another upload may fare better.
        """
        for _ in range(int(PROCESSING_TIME / POLL_EVERY)):
            info = (await self._read("files.info", {"file": file_id})).read(wire.FileInfo)
            if info.file.mimetype:
                return
            await self._tools.sleep(POLL_EVERY.total_seconds())
        raise Transient(f"{self.account}: the image is still being processed after {PROCESSING_TIME}")

    async def _read(self, method: str, arguments: Mapping[str, str]) -> Answer:
        """A call that may be repeated, of a method that takes a form and no JSON."""
        headers = {**self._authorization, **_FORM}
        body = urlencode(arguments).encode()
        answer = await self._tools.web.call(
            "POST", f"{self._api}/{method}", headers=headers, body=body, is_repeatable=True
        )
        return wire.judge(answer, self._now(), remedy=_REMEDY)

    async def _call(self, method: str, arguments: Mapping[str, JsonValue], *, is_repeatable: bool) -> Answer:
        return await self._send(method, json_bytes(dict(arguments)), is_repeatable=is_repeatable)

    async def _send(self, method: str, body: bytes, *, is_repeatable: bool = False) -> Answer:
        headers = {**self._authorization, **_JSON}
        return await self._tools.web.call(
            "POST", f"{self._api}/{method}", headers=headers, body=body, is_repeatable=is_repeatable
        )

    def _receipt(self, answer: Answer) -> Receipt:
        posted = answer.read(wire.Posted)
        return Receipt(posted.ts, self._page(posted.channel, posted.ts), self._now())

    def _page(self, channel: str, ts: str) -> str | None:
        """A message's address, in the form of chat.getPermalink."""
        if self._team_url is None:
            return None
        return f"{self._team_url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"

    def _now(self) -> datetime:
        return self._tools.clock()


class _Payload(BaseModel):
    """What `freeze` wrote."""

    model_config = ConfigDict(frozen=True)

    text: str
    blocks: list[JsonValue]
    metadata: dict[str, JsonValue]
    thread_ts: str | None = None


def _scopes_in(header: str | None) -> tuple[str, ...]:
    return tuple(sorted(scope.strip() for scope in (header or "").split(",") if scope.strip()))


NETWORK = Network(
    name="slack_bot",
    title="Slack (bot)",
    settings=SlackBotSettings,
    make=SlackBot,
    quotas=(wire.QUOTA,),
    needs=(
        "A Slack app with a bot (api.slack.com/apps), installed in the workspace; its token begins with `xoxb-`.",
        "The bot's scopes chat:write, files:write, files:read and channels:history (groups:history if it is private).",
        "The bot as a member of the channel (`/invite`), and the channel's id: at the end of its details.",
    ),
    example="""\
news_slack_bot:
  network: slack_bot
  channel: C0123456789
  token_file: ~/.config/syndicate/slack.token
""",
)
