"""The web with an ear: what hosts tell in passing of their time and limits, while channels ask for other things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from syndicate.channels.http import Answer, Body, Web
from syndicate.ports.web import Heard


class HearingWeb(Web):
    """A web that keeps in mind what its answers told besides.

    It derives from `Web`, as channels know no other.
    """

    def __init__(self, clock: Callable[[], datetime], *, timeout: timedelta, connect_s: float) -> None:
        super().__init__(timeout=timeout)
        self.connect_s = connect_s
        self.heard: list[Heard] = []
        self._clock = clock

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
        """Ask a host once, and hear what it tells."""
        answer = await super().call(
            method, url, headers=headers, body=body, is_repeatable=is_repeatable, is_keyed=is_keyed, within=within
        )
        host = answer.place.partition("://")[2].partition("/")[0]
        self.heard.append(Heard(host, _skew_s(answer.headers.get("Date", ""), self._clock()), answer.headers))
        return answer


def _skew_s(told: str, now: datetime) -> float | None:
    """How far the server's clock is ahead of ours; it tells whole seconds, so half of one is added."""
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return None
    return (at - now).total_seconds() + 0.5 if at.tzinfo else None
