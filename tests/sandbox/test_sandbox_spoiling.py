"""What goes wrong on the wire itself: seen by a plain HTTP client."""

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

from sandbox_rig import Caller
from syndicate.sandbox.faults import Effect, InjectedFault
from syndicate.sandbox.server import Running


def fault(effect: str, delay_ms: int = 0, skew_s: int = -86_400) -> InjectedFault:
    return InjectedFault(network="mastodon", route="post", effect=Effect(effect), delay_ms=delay_ms, skew_s=skew_s)


async def test_a_body_longer_than_promised_is_no_answer(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("long_body"))
    with pytest.raises(aiohttp.ClientError):
        await caller.status()

    assert len(sandbox.truth) == 1


@pytest.mark.parametrize("effect", ["slow_headers", "slow_body"])
async def test_an_answer_in_drops_is_whole_in_the_end(caller: Caller, sandbox: Running, effect: str) -> None:
    sandbox.arm(fault(effect, delay_ms=60))
    loop = asyncio.get_running_loop()
    began = loop.time()
    reply = await caller.status()

    assert (reply.status, reply.json["content"]) == (200, "<p>Hello</p>")
    assert loop.time() - began >= 0.05


async def test_a_client_that_leaves_ends_the_drops(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("slow_body", delay_ms=600_000))
    with pytest.raises(TimeoutError):
        await caller.mastodon(
            "POST", "/api/v1/statuses", json={"status": "Hello"}, timeout=aiohttp.ClientTimeout(total=0.3)
        )

    assert len(sandbox.truth) == 1


async def test_a_half_closed_connection_gives_no_answer(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("half_closed", delay_ms=20))
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.status()

    assert len(sandbox.truth) == 1


async def test_a_kept_connection_is_reset_after_the_answer(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("keepalive_reset"))
    answered = await caller.status()
    await asyncio.sleep(0.1)
    again = await caller.status()

    assert (answered.status, again.status, len(sandbox.truth)) == (200, 200, 2)


@pytest.mark.parametrize("skew_s", [-86_400, 86_400])
async def test_the_date_of_an_answer_can_be_off(caller: Caller, sandbox: Running, skew_s: int) -> None:
    sandbox.arm(fault("skewed_date", skew_s=skew_s))
    reply = await caller.status()

    off = parsedate_to_datetime(reply.headers["Date"]) - datetime.now(UTC)
    assert abs(off.total_seconds() - skew_s) < 60


async def test_a_listing_of_mastodon_lags_and_loses_its_newest(caller: Caller) -> None:
    account = (await caller.mastodon("GET", "/api/v1/accounts/verify_credentials")).json["id"]
    for text in ("Old", "New"):
        await caller.status(text)
    await caller.plan({"network": "mastodon", "route": "read", "effect": "page_loss", "lacks": 2})
    lost = await caller.mastodon("GET", f"/api/v1/accounts/{account}/statuses")
    await caller.control("POST", "/rules", json={"listing_lag_s": 60})
    lagging = await caller.mastodon("GET", f"/api/v1/accounts/{account}/statuses")
    await caller.control("POST", "/clock", json={"advance_s": 61})
    whole = await caller.mastodon("GET", f"/api/v1/accounts/{account}/statuses")

    assert [len(reply.json) for reply in (lost, lagging, whole)] == [0, 0, 2]
