"""Discord by a bot, which posts to one channel and can read it.

Source: Discord documentation, "Message", "User", "Reference" (Snowflakes). Read 2026-11.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Self

from pydantic import Field, RootModel, SecretStr, model_validator

from syndicate.channels import discord_message as wire
from syndicate.channels.accounts import shown_name
from syndicate.channels.addresses import EndpointURL, host_of
from syndicate.channels.discord_desk import Desk
from syndicate.channels.discord_rights import Guarded, Member, Roles, named, permissions
from syndicate.channels.marks import Mark
from syndicate.channels.networks import Network, Tools
from syndicate.channels.parcels import INLINE, Parcel
from syndicate.channels.secrets import SecretFile, either
from syndicate.durations import Duration
from syndicate.errors import Transient
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel, Rights, Standing
from syndicate.posts.post import Picture, Post, Wants

API = "https://discord.com/api/v10"

NONCE_LENGTH = 25
"""Most characters of a nonce (documentation, "Create Message")."""

PAGE = 100
LIMIT_PAGES = 20
CLOCKS_DIFFER = timedelta(minutes=5)
EPOCH_MS = 1420070400000
"""First millisecond of Discord's ids (documentation, "Snowflakes")."""

_REMEDY = "check `token` and `channel`, and that the bot may view the channel, send messages, embed links, attach files"
_NEW_ONLY = ("message_reference",)


class DiscordBotSettings(wire.DiscordSettings):
    """A bot's token and the id of the channel it posts to. `settle` is how long to wait before reading back."""

    token: SecretStr | None = None
    token_file: SecretFile | None = None
    channel: str = Field(pattern=wire.ID)
    api_url: EndpointURL = API
    settle: Duration = timedelta(seconds=30)

    @model_validator(mode="after")
    def _has_token(self) -> Self:
        either("token", self.token, self.token_file)
        return self


class DiscordBot(Channel):
    """One channel that a bot posts to."""

    network = "discord_bot"
    is_rehearsal = False

    def __init__(self, name: str, settings: DiscordBotSettings, tools: Tools) -> None:
        token = either("token", settings.token, settings.token_file).get_secret_value()
        tools.web.hide(token)
        self.name = name
        self.account = f"{host_of(settings.api_url)}/channels/{settings.channel}"
        self._messages = f"/channels/{settings.channel}/messages"
        self._settings = settings
        headers = {**wire.USER_AGENT, "Authorization": f"Bot {token}"}
        self._desk = Desk(tools, _REMEDY, settings.api_url.rstrip("/"), headers)
        self._user_id: str | None = None
        self._guild_id: str | None = None
        self._who = ""

    @property
    def wants(self) -> Wants:
        """An embed or a text, with the picture inside the request."""
        return wire.wants_of(self._settings.attach)

    @property
    def guarantee(self) -> Guarantee:
        """The channel can be read. A nonce is kept only for "the past few minutes", too short to rely on."""
        return Guarantee(key_window=None, evidence=Evidence.READS_OWN, settle=self._settings.settle)

    @property
    def abilities(self) -> frozenset[Action]:
        """All there is."""
        return frozenset(Action)

    async def open(self) -> None:
        """Ask who we are, and for the channel and its guild."""
        me = (await self._desk.ask("/users/@me")).read(wire.Author)
        place = (await self._desk.ask(f"/channels/{self._settings.channel}")).read(wire.Place)
        self._user_id, self._guild_id, self._desk.addresses = me.id, place.guild_id, wire.Addresses(place.guild_id)
        self._who = shown_name(f"@{me.username or me.id} in #{place.name or self._settings.channel}")

    async def rights(self) -> Rights:
        """What the bot may do in the channel, by its roles and the channel's overwrites."""
        if self._user_id is None or self._guild_id is None:
            return Rights()  # a conversation outside of guilds knows no roles
        guild = f"/guilds/{self._guild_id}"
        member = (await self._desk.read(f"{guild}/members/{self._user_id}")).read(Member)
        roles = (await self._desk.read(f"{guild}/roles")).read(Roles).root
        channel = (await self._desk.read(f"/channels/{self._settings.channel}")).read(Guarded)
        return Rights(*named(permissions(self._guild_id, self._user_id, member, roles, channel.permission_overwrites)))

    @property
    def place(self) -> str | None:
        """The channel, as webhooks name theirs."""
        return f"discord/{self._settings.channel}"

    async def standing(self) -> Standing:
        """Which bot, and in which channel, once it is open."""
        return Standing(self._who or None)

    async def upload(self, picture: Picture) -> str:
        """Nothing to bring: the picture is part of the message."""
        return INLINE

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """The nonce: of a digest, as a uid is longer than one may be."""
        digest = hashlib.sha256(f"{uid}-{generation}".encode()).digest()
        return base64.b32encode(digest).decode()[:NONCE_LENGTH].lower()

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The message and its picture.

        Raises:
            ValueError: the link is too long for an embed.
        """
        parcel = wire.parcel_of(post, media, self._settings.attach, self._settings.colour_number)
        if post.reply_to is not None:
            parcel.message["message_reference"] = {"message_id": post.reply_to, "fail_if_not_exists": False}
        return parcel.kept()

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Post under our nonce: Discord gives the first message again if it sees it twice within minutes."""
        return await self._desk.post(self._messages, Parcel.opened(payload), nonce=key, enforce_nonce=True)

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Look through the channel's messages since then for one of ours with our link."""
        mark = _mark_of(Parcel.opened(payload))
        if self._user_id is None:
            await self.open()
        after = snowflake_at(since - CLOCKS_DIFFER)
        for _ in range(LIMIT_PAGES):
            page = (await self._desk.read(f"{self._messages}?limit={PAGE}&after={after}")).read(_Messages).root
            for message in page:
                if message.author is not None and message.author.id == self._user_id and _carries(message, mark):
                    return self._desk.receipt_of(message)
            if len(page) < PAGE:
                return None
            after = max(int(message.id) for message in page)
        raise Transient(f"{self.account}: more than {LIMIT_PAGES * PAGE} messages since then, cannot read back so far")

    async def edit(self, receipt: Receipt, payload: bytes) -> Receipt:
        """Put the new message in the place of the old one."""
        return await self._desk.edit(f"{self._messages}/{receipt.remote_id}", payload, _NEW_ONLY)

    async def delete(self, receipt: Receipt) -> None:
        """Take the message away."""
        await self._desk.delete(f"{self._messages}/{receipt.remote_id}")

    async def close(self) -> None:
        """Nothing is held: connections belong to the web."""


def snowflake_at(moment: datetime) -> int:
    """The lowest id that Discord gives at a time."""
    return max(int(moment.timestamp() * 1000) - EPOCH_MS, 0) << 22


def _mark_of(parcel: Parcel) -> Mark:
    """What a message of ours is known by: its embed's link, else the last of its text."""
    match parcel.message:
        case {"embeds": [{"url": str(url)}]}:
            return Mark.of(url)
        case {"content": str(content)}:
            return Mark.of(_bare(content))
    return Mark.of("")


def _carries(message: wire.Message, mark: Mark) -> bool:
    return mark.is_on(_bare(message.content), [embed.url for embed in message.embeds])


def _bare(content: str) -> str:
    """A message's text without the signs around its links, which would look like tags."""
    return content.replace("<", " ").replace(">", " ")


class _Messages(RootModel[tuple[wire.Message, ...]]):
    """A page of messages."""


NETWORK = Network(
    name="discord_bot",
    title="Discord (bot)",
    settings=DiscordBotSettings,
    make=DiscordBot,
    quotas=(wire.QUOTA,),
    needs=(
        "An application with a bot at discord.com/developers, and the bot's token.",
        "The bot on your server, with View Channel, Send Messages, Embed Links, Attach Files, Read Message History.",
        "The channel's id: Copy Channel ID in its menu, once developer mode is on.",
    ),
    example="""\
news_discord_bot:
  network: discord_bot
  channel: "1234567890"
  token_file: ~/.config/syndicate/discord.token
""",
)
