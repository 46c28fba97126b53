"""The web with patience: a wish to wait is heeded, then it asks again; for commands that read much and send nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta

from syndicate.channels.http import Answer, Body, Web, silent_until

MOST = timedelta(hours=1)
"""A longer wish is given back as it is: nobody sits before a command for so long."""

_RESETS = ("X-RateLimit-Reset", "RateLimit-Reset")


class PatientWeb(Web):
    """A web that asks again what may be repeated, when the time that the network named has come.

    It derives from `Web`, as channels know no other. `tell` hears until when it waits.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        tell: Callable[[datetime], None],
        *,
        hidden: Iterable[str] = (),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(hidden=hidden)
        self._clock = clock
        self._tell = tell
        self._sleep = sleep

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        is_repeatable: bool = False,
        is_keyed: bool = False,
        within: timedelta | None = None,
    ) -> Answer:
        """Ask a host until it asks for no more patience."""
        while True:
            answer = await super().call(
                method, url, headers=headers, body=body, is_repeatable=is_repeatable, is_keyed=is_keyed, within=within
            )
            if answer.status != 429 or not is_repeatable:
                return answer
            now = self._clock()
            reset = next((name for name in _RESETS if name in answer.headers), None)
            until = silent_until(answer.headers, now, reset)
            if until - now > MOST:
                return answer
            self._tell(until)
            await self._sleep((until - now).total_seconds())
