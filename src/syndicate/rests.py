"""Which channels are left alone, until when and why: one book for all lanes of a process, kept over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec.structs import replace

from syndicate.outbox.pace import Rest, Why
from syndicate.ports.channel import Channel
from syndicate.ports.outbox import Outbox


def account_scope(channel: Channel) -> str:
    """What all channels to one account share."""
    return f"account {channel.limit_scope}"


def app_scope(channel: Channel) -> str:
    """What all channels of one application share."""
    return f"app {channel.app}"


def channel_scope(name: str) -> str:
    """What a channel has for itself."""
    return f"channel {name}"


Book = Mapping[tuple[str, Why], Rest]


def rests_of(channel: Channel, book: Book) -> tuple[Rest, ...]:
    """Those of all rests that concern a channel."""
    if not book:
        return ()
    scopes = {account_scope(channel), app_scope(channel), channel_scope(channel.name)}
    return tuple(rest for (scope, _), rest in book.items() if scope in scopes)


class Rests:
    """The rests in force. A network's wish for silence holds for the account or app, failures for the channel alone.

    Refused access is remembered over a restart to be told, but not waited for: whoever mended it must not wait.
    """

    def __init__(self, outbox: Outbox, clock: Callable[[], datetime]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._book: dict[tuple[str, Why], Rest] = {}
        self._loading = asyncio.Lock()
        self._is_loaded = False

    async def load(self) -> None:
        """Take up what was kept; once."""
        if self._is_loaded:
            return
        async with self._loading:
            if not self._is_loaded:
                for (scope, why), rest in (await self._outbox.rests()).items():
                    over = replace(rest, until=rest.noted_at) if why is Why.ACCESS else rest
                    self._book.setdefault((scope, why), over)
            self._is_loaded = True

    def of(self, channel: Channel) -> tuple[Rest, ...]:
        """What keeps a channel silent, or did."""
        return rests_of(channel, self._book)

    def silent_until(self, channel: Channel) -> datetime | None:
        """Until when its network asked to wait; None if it did not, or that is over."""
        now = self._clock()
        ends = [rest.until for rest in self.of(channel) if rest.why is Why.LIMIT and rest.holds(now)]
        return max(ends, default=None)

    def find(self, name: str, why: Why) -> Rest | None:
        """The channel's own rest of that kind."""
        return self._book.get((channel_scope(name), why))

    async def keep(self, scope: str, rest: Rest) -> None:
        """Begin a rest; a wish for silence is never cut short by another one."""
        standing = self._book.get((scope, rest.why))
        is_longer = standing is not None and standing.holds(rest.noted_at) and standing.until > rest.until
        if rest.why is Why.LIMIT and is_longer:
            return
        self._book[scope, rest.why] = rest
        await self._outbox.keep_rest(scope, rest)

    async def end(self, scope: str, *kinds: Why) -> None:
        """End rests before their time."""
        for why in kinds:
            if self._book.pop((scope, why), None) is not None:
                await self._outbox.end_rest(scope, why)
