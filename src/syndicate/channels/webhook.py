"""Any receiver of Standard Webhooks: one signed JSON event an item.

Source: Standard Webhooks specification 1.0, spec/standard-webhooks.md. Read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Self

import msgspec
from pydantic import Field, SecretStr, field_validator, model_validator

from syndicate.channels.addresses import EndpointURL, host_of, origin_of
from syndicate.channels.http import Answer, json_bytes, verdict
from syndicate.channels.networks import Network, Tools
from syndicate.channels.pages import is_page
from syndicate.channels.secrets import ChannelSettings, SecretFile, either
from syndicate.durations import Duration
from syndicate.errors import Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel
from syndicate.posts.fit import shorten
from syndicate.posts.post import Measure, Picture, Post, Room, Wants

SECRET_PREFIX = "whsec_"  # noqa: S105  # a prefix, no secret
SECRET_BYTES = range(24, 65)
"""Length of a symmetric secret (specification, "Signature scheme")."""

EVENT_BYTES = 20_000
"""Payloads should stay under 20 kB (specification, "Payload size")."""

TEXT_LIMIT = 1000
"""A choice of ours, for receivers that show the text as it is; with all else it stays well within the event's size."""

# The summary gives way when an event grows too large: nothing else in it may be cut.
_SUMMARY_LIMITS = (None, 2000, 500, 100, 0)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2, token
_RESERVED_HEADERS = ("webhook-", "content-", "host", "transfer-encoding", "connection")


class WebhookSettings(ChannelSettings):
    """An endpoint that takes events.

    `secret` is `whsec_` and base64; two of them, with a space between, sign during a change of secrets. `headers` are
    sent along, for receivers behind an access check.
    """

    url: EndpointURL
    secret: SecretStr | None = None
    secret_file: SecretFile | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    settle: Duration = timedelta(seconds=30)

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        either("secret", self.secret, self.secret_file)
        return self

    @field_validator("secret", "secret_file")
    @classmethod
    def _is_of_keys(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and secret.get_secret_value().isprintable():  # what is not is told as that
            keys_in(secret.get_secret_value())
        return secret

    @field_validator("headers")
    @classmethod
    def _sets_no_header_of_ours(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError("a header's name may hold only letters, digits and hyphens")
            if not value.get_secret_value().isprintable():
                raise ValueError("a header's value holds a line break or another character that cannot be seen")
            if name.lower().startswith(_RESERVED_HEADERS):
                raise ValueError("webhook-*, content-* and connection headers are set by the publisher; remove them")
        return headers


def keys_in(secret: str) -> tuple[bytes, ...]:
    """The signing keys of a setting, in order.

    Raises:
        ValueError: one of them is no secret; the words do not repeat it.
    """
    return tuple(_key_of(part) for part in secret.split())


def signatures(keys: tuple[bytes, ...], key: str, at: datetime, payload: bytes) -> str:
    """The `webhook-signature` header: each key's HMAC-SHA256 over id, time and exact bytes."""
    signed = f"{key}.{int(at.timestamp())}.".encode() + payload
    digests = [hmac.digest(secret, signed, "sha256") for secret in keys]
    return " ".join([f"v1,{base64.b64encode(digest).decode()}" for digest in digests])


class Webhook(Channel):
    """One endpoint."""

    network = "webhook"
    is_rehearsal = False

    def __init__(self, name: str, settings: WebhookSettings, tools: Tools) -> None:
        secret = either("secret", settings.secret, settings.secret_file).get_secret_value()
        self._headers = {header: value.get_secret_value() for header, value in settings.headers.items()}
        tools.web.hide(*secret.split(), *self._headers.values())
        self.name = name
        # The path may be a secret, yet another path is another place.
        self.account = f"{host_of(settings.url)}#{hashlib.sha256(settings.url.encode()).hexdigest()[:8]}"
        self._url = settings.url
        self._keys = keys_in(secret)
        self._wants = Wants(room=Room(TEXT_LIMIT, Measure.GRAPHEMES))
        self._guarantee = Guarantee(key_window=timedelta.max, evidence=Evidence.NONE, settle=settings.settle)
        self._tools = tools

    @property
    def wants(self) -> Wants:
        """Text for receivers that show it; the event carries link and image address apart, so no picture."""
        return self._wants

    @property
    def in_flight(self) -> int:
        """Events have names of their own, so that some may be on their way at once; those about one item are not."""
        return 4

    @property
    def guarantee(self) -> Guarantee:
        """The id of an event never changes, and telling repeats by it is the receiver's duty in the specification."""
        return self._guarantee

    @property
    def abilities(self) -> frozenset[Action]:
        """Receivers are told of edits and withdrawals by events of their own."""
        return frozenset({Action.POST, Action.EDIT, Action.DELETE})

    @property
    def address(self) -> str:
        """The host of the address, which is asked nothing."""
        return origin_of(self._url)

    async def open(self) -> None:
        """Nothing to ask: an endpoint takes events and answers nothing else."""

    async def upload(self, picture: Picture) -> str:
        """Events carry no files.

        Raises:
            Rejected: always.
        """
        raise Rejected(f"{self.account}: a webhook takes no image files")

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """The event's `webhook-id`."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The event, within 20 kB; a summary too long for that is cut."""
        event = b""
        for limit in _SUMMARY_LIMITS:
            event = json_bytes(_event(post, now, _cut(post.card.summary, limit)))
            if len(event) <= EVENT_BYTES:
                break
        return event

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Send the event, signed at this moment; its receipt names the item, as later events do."""
        await self._send(payload, key)
        item_id = msgspec.json.decode(payload, type=_Event).data.id
        return Receipt(item_id or key, None, self._tools.clock())

    async def edit(self, receipt: Receipt, payload: bytes) -> Receipt:
        """Tell the item as it reads now: `item.updated`. A repeat has the same `webhook-id`.

        So has no other edit, not even one that brings former words back: a receiver would take it for a repeat.
        """
        event = json.loads(payload) | {"type": "item.updated"}
        content = receipt.at.isoformat().encode() + json_bytes(event["data"])
        await self._send(json_bytes(event), self._name_of("updated", content))
        return Receipt(receipt.remote_id, None, self._tools.clock())

    async def delete(self, receipt: Receipt) -> None:
        """Tell that the item left: `item.withdrawn`."""
        event = {
            "type": "item.withdrawn",
            "timestamp": _instant(self._tools.clock()),
            "data": {"id": receipt.remote_id},
        }
        await self._send(json_bytes(event), self._name_of("withdrawn", receipt.remote_id.encode()))

    def _name_of(self, verb: str, content: bytes) -> str:
        return f"{verb}-{hashlib.sha256(self.account.encode() + b'|' + content).hexdigest()[:32]}"

    async def _send(self, payload: bytes, key: str) -> None:
        now = self._tools.clock()
        headers = {
            **self._headers,
            "Content-Type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signatures(self._keys, key, now, payload),
        }
        answer = await self._tools.web.call("POST", self._url, headers=headers, body=payload, is_keyed=True)
        _judge(answer, now)

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """An endpoint cannot be read.

        Raises:
            Rejected: always.
        """
        raise Rejected(f"{self.account}: a webhook cannot be read back")

    async def close(self) -> None:
        """Nothing is held: connections belong to the web."""


def _judge(answer: Answer, now: datetime) -> None:
    """As `verdict`, but a receiver that is not there today may be tomorrow: the specification retries all but 410.

    A web page with 200 comes from something else in its place, such as the sign-in of a proxy or a parked domain.
    """
    if answer.is_success and is_page(answer.headers, answer.body):
        raise Unknown(f"{answer.place}: {answer.status} with a web page, which no receiver sends; check `url`")
    if answer.status == 410:
        raise Unauthorized(
            f"{answer.place}: 410, the receiver is gone for good; remove the channel, or set a new `url`"
        )
    if answer.status in {404, 405, 409, 421, 423}:
        raise Transient(f"{answer.place}: {answer.status}; check `url` if it stays so")
    verdict(answer, now, remedy="check `secret` and `headers` against the receiver's")


def _event(post: Post, now: datetime, summary: str) -> dict[str, object]:
    card = post.card
    item: dict[str, object] = {
        "id": card.item_id,
        "title": card.title,
        "summary": summary,
        "url": card.url,
        "published": _instant(card.published),
        "language": post.language,
        "topics": list(card.topics),
        "hashtags": list(post.hashtags),
        "authors": list(card.authors),
        "text": post.text,
    }
    if card.image is not None:
        # Without an address its alt text still says what it shows.
        item["image"] = {"url": card.image_url, "alt": card.image.alt}
    return {"type": "item.published", "timestamp": _instant(now), "data": item}


class _Item(msgspec.Struct, frozen=True):
    id: str = ""


class _Event(msgspec.Struct, frozen=True):
    """What `freeze` wrote."""

    data: _Item = _Item()


def _cut(summary: str, limit: int | None) -> str:
    return summary if limit is None else shorten(summary, lambda text: len(text) <= limit)


def _instant(at: datetime) -> datetime:
    """In UTC, whole seconds: JSON has it with a `Z`."""
    return at.astimezone(UTC).replace(microsecond=0)


def _key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or len(key) not in SECRET_BYTES:
        raise ValueError("must be `whsec_` and the base64 of 24 to 64 bytes")
    return key


NETWORK = Network(
    name="webhook",
    title="Webhook (Standard Webhooks)",
    settings=WebhookSettings,
    make=Webhook,
    needs=(
        "A receiver that verifies Standard Webhooks and acts once on each `webhook-id`.",
        "A secret of 24 to 64 random bytes that both sides know.",
    ),
    cost="free, but for the receiver",
    example="""\
my_service:
  network: webhook
  url: https://service.example/hooks/news
  secret_file: ~/.config/syndicate/webhook.secret
""",
)
