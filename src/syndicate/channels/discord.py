"""Discord by a webhook, which posts to one channel.

A webhook needs no more than its address, but cannot be read back: an unclear outcome waits for the operator.

Source: Discord documentation, "Webhook", "Message", "Reference". Read 2026-11.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from syndicate.channels import discord_message as wire
from syndicate.channels.accounts import shown_name
from syndicate.channels.addresses import EndpointURL, endpoint_url, host_of
from syndicate.channels.discord_desk import Desk
from syndicate.channels.networks import Network, Tools
from syndicate.channels.parcels import INLINE, Parcel
from syndicate.channels.secrets import SecretFile, either
from syndicate.errors import Rejected
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel, Standing
from syndicate.posts.post import Picture, Post, Wants

_WEBHOOK = re.compile(r"(?P<root>.*/api)(?:/v\d+)?/webhooks/(?P<id>\d{1,20})/(?P<token>[\w-]+)/?")
_REMEDY = "make a new webhook in the channel's settings (Integrations) and set its `url`"
_NEW_ONLY = ("username", "avatar_url", "thread_name")


class DiscordWebhookSettings(wire.DiscordSettings):
    """A webhook, whose address is the secret; `forum`: each post opens a thread of its own."""

    url: SecretStr | None = None
    url_file: SecretFile | None = None
    thread_id: str | None = Field(default=None, pattern=wire.ID)
    forum: bool = False
    username: str | None = Field(default=None, min_length=1, max_length=80)
    avatar_url: EndpointURL | None = None

    @model_validator(mode="after")
    def _has_url(self) -> Self:
        webhook_of(either("url", self.url, self.url_file).get_secret_value())
        if self.forum and self.thread_id is not None:
            raise ValueError("thread_id: a post goes to this thread or opens its own; set `thread_id` or `forum`")
        return self

    @field_validator("username")
    @classmethod
    def _is_allowed(cls, name: str | None) -> str | None:
        # Documentation, "Usernames and Nicknames".
        if name is not None and re.search(r"clyde|discord", name, re.IGNORECASE):
            raise ValueError("must hold neither `clyde` nor `discord`, which Discord refuses")
        return name


def webhook_of(url: str) -> tuple[str, str, str]:
    """The address of a webhook's calls under a fixed version of the API, its id, and its token.

    Raises:
        ValueError: it is none; the words do not repeat it.
    """
    parts = urlsplit(endpoint_url(url))
    found = _WEBHOOK.fullmatch(parts.path)
    if found is None or parts.query:
        raise ValueError("url: must be a webhook's address, as https://discord.com/api/webhooks/1234/...")
    address = f"{parts.scheme}://{parts.netloc.lower()}{found['root']}/v10/webhooks/{found['id']}/{found['token']}"
    return address, found["id"], found["token"]


class DiscordWebhook(Channel):
    """One webhook."""

    network = "discord"
    is_rehearsal = False

    def __init__(self, name: str, settings: DiscordWebhookSettings, tools: Tools) -> None:
        url = either("url", settings.url, settings.url_file).get_secret_value()
        address, webhook_id, token = webhook_of(url)
        tools.web.hide(url, address, token)
        self.name = name
        thread = f"/{settings.thread_id}" if settings.thread_id else ""
        self.account = f"{host_of(address)}/webhooks/{webhook_id}{thread}"
        self._settings = settings
        self._desk = Desk(tools, _REMEDY, address, wire.USER_AGENT)
        self._place: wire.Place | None = None

    @property
    def wants(self) -> Wants:
        """An embed or a text, with the picture inside the request."""
        return wire.wants_of(self._settings.attach)

    @property
    def guarantee(self) -> Guarantee:
        """Webhooks have no keys, and give a message only to those who know its id."""
        return Guarantee(key_window=None, evidence=Evidence.NONE)

    @property
    def abilities(self) -> frozenset[Action]:
        """A webhook may change what it posted; it cannot reply."""
        return frozenset({Action.POST, Action.EDIT, Action.DELETE})

    async def open(self) -> None:
        """Ask for the webhook itself: is it there, and in which guild."""
        self._place = (await self._desk.ask()).read(wire.Place)
        self._desk.addresses = wire.Addresses(self._place.guild_id)

    @property
    def place(self) -> str | None:
        """The channel or thread, once the webhook has told it."""
        channel_id = self._settings.thread_id or (self._place and self._place.channel_id)
        return f"discord/{channel_id}" if channel_id else f"discord/{self.account}"

    async def standing(self) -> Standing:
        """Which webhook, once it is open."""
        if self._place is None:
            return Standing()
        return Standing(shown_name(f"{self._place.name or 'webhook'} in channel {self._place.channel_id}"))

    async def upload(self, picture: Picture) -> str:
        """Nothing to bring: the picture is part of the message."""
        return INLINE

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """For our own books: webhooks take no key."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The message and its picture.

        Raises:
            ValueError: the link is too long for an embed.
        """
        settings = self._settings
        parcel = wire.parcel_of(post, media, settings.attach, settings.colour_number)
        if settings.username is not None:
            parcel.message["username"] = settings.username
        if settings.avatar_url is not None:
            parcel.message["avatar_url"] = settings.avatar_url
        if settings.forum:
            parcel.message["thread_name"] = wire.thread_name(post)
        return parcel.kept()

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Post and wait for the message: without `wait`, errors are not told and no id comes back."""
        thread = f"&thread_id={self._settings.thread_id}" if self._settings.thread_id else ""
        return await self._desk.post(f"?wait=true{thread}", Parcel.opened(payload))

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """A webhook cannot list its messages.

        Raises:
            Rejected: always.
        """
        raise Rejected(f"{self.account}: a webhook cannot be read back; use the network `discord_bot`")

    async def edit(self, receipt: Receipt, payload: bytes) -> Receipt:
        """Put the new message in the place of the old one."""
        return await self._desk.edit(self._message(receipt), payload, _NEW_ONLY)

    async def delete(self, receipt: Receipt) -> None:
        """Take the message away."""
        await self._desk.delete(self._message(receipt))

    async def close(self) -> None:
        """Nothing is held: connections belong to the web."""

    def _message(self, receipt: Receipt) -> str:
        # A post of a forum stands in the thread that it opened, which has the id of its first message.
        thread = receipt.remote_id if self._settings.forum else self._settings.thread_id
        return f"/messages/{receipt.remote_id}" + (f"?thread_id={thread}" if thread else "")


NETWORK = Network(
    name="discord",
    title="Discord (webhook)",
    settings=DiscordWebhookSettings,
    make=DiscordWebhook,
    quotas=(wire.QUOTA,),
    needs=(
        "A webhook: the channel's settings, Integrations, Webhooks, New Webhook, Copy Webhook URL.",
        "Its address is a secret: whoever has it can post; keep it in a file (`url_file`) or in the environment.",
    ),
    example="""\
news_discord:
  network: discord
  url: https://discord.com/api/webhooks/1234567890/the-secret-part
""",
)
