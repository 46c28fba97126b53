"""The message board behind the simpler fake networks: what stands there, who may see it, what was logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from syndicate.sandbox.clock import stamp
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.limits import Limits, Quota, Standing
from syndicate.sandbox.pictures import Picture, digest_of
from syndicate.sandbox.truth import Action, Entry, LoggedMedium
from syndicate.sandbox.wire import Call


@dataclass(frozen=True, slots=True)
class File:
    """An upload that a message can show: `id` as the network calls it, `picture` None for what is no image."""

    id: str
    name: str
    sha256: str
    bytes: int
    picture: Picture | None = None
    alt: str | None = None

    @property
    def logged(self) -> LoggedMedium:
        """The file as the log of truth names it."""
        kind = self.picture.type if self.picture else "application/octet-stream"
        width, height = (self.picture.width, self.picture.height) if self.picture else (None, None)
        return LoggedMedium(self.id, self.alt, self.bytes, width, height, kind, self.sha256)


@dataclass(frozen=True, slots=True)
class Message:
    """A post as a board keeps it.

    `text` is what people read, `link` the address it is about. `at` is the real time, `aged_at` the sandbox's clock.
    `value` is the network's own form of it, `called` whom it would give notice.
    """

    id: str
    account: str
    text: str
    link: str | None
    at: datetime
    aged_at: datetime
    url: str | None = None
    files: tuple[File, ...] = ()
    value: dict[str, Any] = field(default_factory=dict)
    edited_at: datetime | None = None
    called: tuple[str, ...] = ()


class Board:
    """One network's messages, each change logged before it can be seen."""

    def __init__(self, network: str, ground: Ground) -> None:
        self._network = network
        self._ground = ground
        self._messages: dict[tuple[str, str], Message] = {}
        self._limits = Limits()
        self._last_number = 0

    def number(self, floor: int) -> int:
        """A number above every earlier one and not below `floor`, such as a time; ids are made of it."""
        self._last_number = max(self._last_number + 1, floor)
        return self._last_number

    def spend(self, account: str, quota: Quota) -> Standing:
        """Count one use of a quota, where limits are on."""
        now = self._ground.clock.now()
        if not self._ground.rules.has_limits:
            return self._limits.untouched(quota, now)
        return self._limits.take(account, (quota,), now)

    def message(self, account: str, message_id: str, text: str, link: str | None, **more: Any) -> Message:
        """A message of this moment, not yet on the board."""
        clock = self._ground.clock
        return Message(message_id, account, text, link, clock.wall(), clock.now(), **more)

    async def put(self, message: Message, call: Call) -> None:
        """Log a new message and show it."""
        await self._log(Action.POST, message, call)
        self._messages[message.account, message.id] = message

    async def edit(self, message: Message, call: Call) -> Message:
        """Log and show a changed message; gives it with its time."""
        changed = replace(message, edited_at=self._ground.clock.wall())
        await self._log(Action.EDIT, changed, call)
        self._messages[message.account, message.id] = changed
        return changed

    async def delete(self, message: Message, call: Call) -> None:
        """Log that a message went, and take it away."""
        await self._log(Action.DELETE, message, call)
        self._messages.pop((message.account, message.id), None)

    async def repeat(self, message: Message, call: Call) -> None:
        """Log a request that the network recognised and did not carry out again."""
        await self._log(Action.REPEAT, message, call)

    async def keep(self, account: str, file: File, call: Call) -> None:
        """Log an upload."""
        await self._log(Action.MEDIA, self.message(account, file.id, "", None, files=(file,)), call)

    def find(self, account: str, message_id: str) -> Message | None:
        """The message of that id, or None."""
        return self._messages.get((account, message_id))

    def of(self, account: str) -> list[Message]:
        """An account's messages, newest first."""
        return [one for one in reversed(self._messages.values()) if one.account == account]

    def listed(self, account: str, call: Call) -> list[Message]:
        """The same as a listing shows them: late by the rule `listing_lag_s`, and without what a fault leaves out."""
        shown_until = self._ground.clock.now() - timedelta(seconds=self._ground.rules.listing_lag_s)
        return [one for one in self.of(account) if one.aged_at <= shown_until][call.lacks :]

    def timelines(self) -> dict[str, Sequence[Message]]:
        """Each account's messages, newest first."""
        return {account: self.of(account) for account in dict.fromkeys(one.account for one in self._messages.values())}

    def reset(self) -> None:
        """Forget every message and count."""
        self._messages.clear()
        self._limits.reset()

    async def _log(self, action: Action, message: Message, call: Call) -> None:
        await self._ground.truth.append(
            Entry(
                at=stamp(self._ground.clock.wall()),
                network=self._network,
                account=message.account,
                action=action,
                key=None,
                id=message.id,
                url=message.url,
                text=message.text,
                link=message.link,
                media=tuple(file.logged for file in message.files),
                digest=digest_of(call.body),
                called=message.called,
            )
        )


def account_in(secret: str, prefix: str) -> str | None:
    """The account that a credential with the sandbox's prefix names, None for any other credential."""
    name = secret.removeprefix(prefix)
    return name if secret.startswith(prefix) and name else None
