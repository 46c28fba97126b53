"""WebSub hubs: the call that tells one of them that a topic changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from syndicate.channels.http import Web, verdict

TIMEOUT = timedelta(seconds=20)
"""Some hubs fetch the topic before they answer."""


class HubCaller:
    """Pings hubs over the web."""

    def __init__(self, web: Web, clock: Callable[[], datetime], *, timeout: timedelta = TIMEOUT) -> None:
        self._web = web
        self._clock = clock
        self._timeout = timeout

    async def ping(self, hub: str, topic: str) -> None:
        """Tell a hub that a topic changed; to tell it twice does no harm.

        The topic stands under both names that are in use: `hub.url` (PubSubHubbub 0.4 and what came from it) and
        `hub.topic`. Source: W3C WebSub, 2018, section 6 "Publishing", leaves the way open. Read 2026-11.

        Raises:
            Transient, RateLimited: to be tried again.
            Rejected, Unauthorized: the hub does not want to hear of it.
        """
        from aiohttp import FormData

        form = FormData({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic})
        answer = await self._web.call("POST", hub, body=form, is_repeatable=True, within=self._timeout)
        if not answer.is_success:  # a hub may show a page of thanks
            verdict(answer, self._clock())
