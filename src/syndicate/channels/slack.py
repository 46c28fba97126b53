"""Slack by an incoming webhook, which posts to one channel.

A webhook needs no more than its address, but gives nothing back: neither an id nor a way to look, change or take away.

Source: docs.slack.dev, "Sending messages using incoming webhooks". Read 2026-11.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Self
from urllib.parse import urlsplit

from pydantic import SecretStr, model_validator

from syndicate.channels import slack_message as wire
from syndicate.channels.addresses import endpoint_url, host_of, origin_of
from syndicate.channels.http import json_bytes
from syndicate.channels.networks import Network, Tools
from syndicate.channels.secrets import ChannelSettings, SecretFile, either
from syndicate.errors import Rejected
from syndicate.outbox.delivery import Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel
from syndicate.posts.post import Picture, Post, Wants

BY_ADDRESS = "by address"
_REMEDY = "make a new webhook of the app (Incoming Webhooks) and set its `url`"
# Addresses that start workflows look alike, but take other fields.
_WORKFLOWS = ("/workflows/", "/triggers/")


class SlackWebhookSettings(ChannelSettings):
    """An incoming webhook, whose address is the secret."""

    url: SecretStr | None = None
    url_file: SecretFile | None = None
    attach: wire.Attach = "image"

    @model_validator(mode="after")
    def _has_url(self) -> Self:
        address = endpoint_url(either("url", self.url, self.url_file).get_secret_value())
        if urlsplit(address).path.startswith(_WORKFLOWS):
            raise ValueError(
                "url: starts a workflow; it must be an incoming webhook's, https://hooks.slack.com/services/..."
            )
        return self


class SlackWebhook(Channel):
    """One webhook."""

    network = "slack"
    is_rehearsal = False

    def __init__(self, name: str, settings: SlackWebhookSettings, tools: Tools) -> None:
        self._url = endpoint_url(either("url", settings.url, settings.url_file).get_secret_value())
        tools.web.hide(self._url, *(part for part in urlsplit(self._url).path.split("/") if len(part) > 8))
        self.name = name
        # The path is a secret, yet another path is another place.
        self.account = f"{host_of(self._url)}#{hashlib.sha256(self._url.encode()).hexdigest()[:8]}"
        self._attach = settings.attach
        self._tools = tools

    @property
    def wants(self) -> Wants:
        """Rich text, with a picture that Slack fetches or a card that Slack makes of the page."""
        return wire.wants_of(self._attach, is_by_address=True)

    @property
    def guarantee(self) -> Guarantee:
        """A webhook takes no key and shows nothing."""
        return Guarantee(key_window=None, evidence=Evidence.NONE)

    @property
    def address(self) -> str:
        """The host of the address, which is asked nothing."""
        return origin_of(self._url)

    async def open(self) -> None:
        """Nothing to ask: a webhook takes messages and answers nothing else."""

    async def upload(self, picture: Picture) -> str:
        """Nothing to bring: Slack fetches the picture from its public address.

        Raises:
            Rejected: none is wanted.
        """
        if self._attach == "card":
            raise Rejected(f"{self.account}: a card of the page is shown, no picture")
        return BY_ADDRESS

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """For our own books: a webhook takes no key."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The message, with its picture where Slack can fetch it."""
        image = wire.image_at(post.card.image_url) if self._attach == "image" else None
        return json_bytes(wire.message_of(post, self._attach, image))

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Post once; the receipt holds our own key, as Slack gives no id."""
        headers = {"Content-Type": "application/json"}
        answer = await self._tools.web.call("POST", self._url, headers=headers, body=payload)
        now = self._tools.clock()
        wire.judge_webhook(answer, now, remedy=_REMEDY)
        return Receipt(key, None, now)

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """A webhook shows nothing.

        Raises:
            Rejected: always.
        """
        raise Rejected(f"{self.account}: a webhook cannot be read back; use the network `slack_bot`")

    async def close(self) -> None:
        """Nothing is held: connections belong to the web."""


NETWORK = Network(
    name="slack",
    title="Slack (incoming webhook)",
    settings=SlackWebhookSettings,
    make=SlackWebhook,
    quotas=(wire.QUOTA,),
    needs=(
        "A Slack app with Incoming Webhooks switched on, and a webhook for the channel (api.slack.com/apps).",
        "Its address is a secret: whoever has it can post; keep it in a file (`url_file`) or in the environment.",
    ),
    example="""\
news_slack:
  network: slack
  url: https://hooks.slack.com/services/T00000000/B00000000/the-secret-part
""",
)
