"""Where messages of one channel are written, changed and taken away, by a webhook or a bot.

Source: Discord documentation, "Webhook", "Message". Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from syndicate.channels import discord_message as wire
from syndicate.channels.http import Answer
from syndicate.channels.networks import Tools
from syndicate.channels.parcels import Parcel
from syndicate.outbox.delivery import Receipt


@dataclass
class Desk:
    """One way in. `url` is where its calls begin, `remedy` what a person has to do when it is refused.

    `addresses` are known better once the channel is open.
    """

    tools: Tools
    remedy: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    addresses: wire.Addresses = field(default_factory=wire.Addresses)

    async def ask(self, path: str = "") -> Answer:
        """Read at the door, where every refusal is a matter for a person."""
        return wire.judge_access(await self._get(path), self._now(), remedy=self.remedy)

    async def read(self, path: str) -> Answer:
        """Read what is there."""
        return wire.judge(await self._get(path), self._now(), remedy=self.remedy)

    async def post(self, path: str, parcel: Parcel, **more: JsonValue) -> Receipt:
        """Write a message, with further fields where they are given."""
        body = wire.body_of({**parcel.message, **more}, parcel.file("files[0]"))
        return await self._written("POST", path, body)

    async def edit(self, path: str, payload: bytes, new_only: Iterable[str]) -> Receipt:
        """Put the new message in the place of the old one; `new_only` are fields that an edit does not take."""
        parcel = Parcel.opened(payload)
        body = wire.body_of(wire.edited(parcel, new_only), parcel.file("files[0]"))
        return await self._written("PATCH", path, body, is_repeatable=True)

    async def delete(self, path: str) -> None:
        """Take a message away; one that is gone already is done."""
        answer = await self.tools.web.call("DELETE", self.url + path, headers=self.headers, is_repeatable=True)
        if not wire.is_gone(answer):
            wire.judge(answer, self._now(), remedy=self.remedy)

    def receipt_of(self, message: wire.Message) -> Receipt:
        """The receipt of a message that is there."""
        return Receipt(message.id, self.addresses.of(message), self._now())

    async def _written(
        self, method: str, path: str, body: tuple[str, bytes], *, is_repeatable: bool = False
    ) -> Receipt:
        content_type, content = body
        answer = await self.tools.web.call(
            method,
            self.url + path,
            headers={**self.headers, "Content-Type": content_type},
            body=content,
            is_repeatable=is_repeatable,
            within=wire.UPLOAD_TIME,
        )
        return self.receipt_of(wire.judge(answer, self._now(), remedy=self.remedy).read(wire.Message))

    async def _get(self, path: str) -> Answer:
        return await self.tools.web.call("GET", self.url + path, headers=self.headers, is_repeatable=True)

    def _now(self) -> datetime:
        return self.tools.clock()
