"""What hosts tell in passing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from syndicate.channels.hearing import HearingWeb

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "skew_s"),
    [
        ("Mon, 23 Nov 2026 12:00:47 GMT", 47.5),
        ("Mon, 23 Nov 2026 11:59:00 GMT", -59.5),
        ("yesterday", None),
        ("Mon, 23 Nov 2026 12:00:47", None),
        ("", None),
    ],
)
async def test_time_and_limits_of_hosts_are_kept(date: str, skew_s: float | None) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="{}", headers={"Date": date, "X-RateLimit-Remaining": "7"})

    app = web.Application()
    app.router.add_get("/", answer)
    async with (
        TestServer(app) as server,
        HearingWeb(lambda: NOW, timeout=timedelta(seconds=30), connect_s=10) as asked,
    ):
        said = await asked.call("GET", str(server.make_url("/")), is_repeatable=True)

        [heard] = asked.heard
        assert said.body == b"{}"
        assert (heard.host, heard.skew_s) == (f"127.0.0.1:{server.port}", skew_s)
        assert heard.headers["x-ratelimit-remaining"] == "7"
