import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from sandbox_rig import Caller, Reply, post_record
from syndicate.sandbox.faults import Effect, InjectedFault
from syndicate.sandbox.server import Running

Send = Callable[[Caller], Awaitable[Reply]]


async def send_status(caller: Caller) -> Reply:
    return await caller.status("Hello", key="k1")


async def send_record(caller: Caller) -> Reply:
    return await caller.put(await caller.login(), post_record(), swapRecord=None)


async def send_event(caller: Caller) -> Reply:
    return await caller.webhook()


SENDS = {"mastodon": send_status, "bluesky": send_record, "webhook": send_event}
EVERYWHERE = pytest.mark.parametrize("network", list(SENDS))


def fault(network: str, effect: str, **fields: Any) -> InjectedFault:
    return InjectedFault(network=network, route="post", effect=Effect(effect), **fields)


def posts(sandbox: Running, network: str) -> int:
    return len(sandbox.truth.posts(network))


@EVERYWHERE
@pytest.mark.parametrize(("effect", "taken"), [("reset_before", 0), ("lost_after", 1)])
async def test_a_cut_connection_gives_no_answer(
    caller: Caller, sandbox: Running, network: str, effect: str, taken: int
) -> None:
    sandbox.arm(fault(network, effect))
    with pytest.raises(aiohttp.ClientConnectionError):
        await SENDS[network](caller)
    after_cut = posts(sandbox, network)
    reply = await SENDS[network](caller)

    assert after_cut == taken
    assert reply.status == 200
    assert posts(sandbox, network) == 1


@EVERYWHERE
async def test_a_late_commit_comes_after_the_cut(caller: Caller, sandbox: Running, network: str) -> None:
    sandbox.arm(fault(network, "late_commit", delay_ms=30))
    with pytest.raises(aiohttp.ClientConnectionError):
        await SENDS[network](caller)

    assert (posts(sandbox, network), sandbox.pending) == (0, 1)
    await sandbox.settle()
    assert (posts(sandbox, network), sandbox.pending) == (1, 0)


async def test_a_late_upload_is_read_after_its_connection_is_gone(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(InjectedFault(network="mastodon", route="media", effect=Effect.LATE_COMMIT))
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.medium(description="Late")
    await sandbox.settle()

    assert [entry.media[0].alt for entry in sandbox.truth] == ["Late"]


async def test_a_late_commit_that_is_refused_leaves_nothing(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("mastodon", "late_commit"))
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.status("")
    await sandbox.settle()

    assert len(sandbox.truth) == 0


async def test_a_reset_drops_late_commits(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("mastodon", "late_commit", delay_ms=60_000))
    with pytest.raises(aiohttp.ClientConnectionError):
        await send_status(caller)
    await sandbox.reset()

    assert sandbox.pending == 0


@EVERYWHERE
@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(("when", "taken"), [("before", 0), ("after", 1)])
async def test_server_errors_before_and_after_the_commit(
    caller: Caller, sandbox: Running, network: str, status: int, when: str, taken: int
) -> None:
    sandbox.arm(fault(network, f"error_{status}_{when}"))
    reply = await SENDS[network](caller)

    assert reply.status == status
    assert isinstance(reply.json["error"], str)
    assert posts(sandbox, network) == taken


@EVERYWHERE
@pytest.mark.parametrize(("effect", "status"), [("unauthorized_401", 401), ("forbidden_403", 403), ("gone_410", 410)])
async def test_refusals_come_in_the_networks_shape_and_nothing_is_done(
    caller: Caller, sandbox: Running, network: str, effect: str, status: int
) -> None:
    sandbox.arm(fault(network, effect))
    reply = await SENDS[network](caller)

    assert reply.status == status
    assert ("message" in reply.json) is (network == "bluesky")
    assert posts(sandbox, network) == 0


async def test_a_429_tells_seconds(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("mastodon", "error_429", retry_after=77))
    reply = await send_status(caller)

    assert (reply.status, reply.headers["Retry-After"]) == (429, "77")
    assert len(sandbox.truth) == 0


@EVERYWHERE
async def test_a_429_tells_a_date(caller: Caller, sandbox: Running, network: str) -> None:
    sandbox.arm(fault(network, "error_429", retry_after=120, form="date"))
    reply = await SENDS[network](caller)

    wait = parsedate_to_datetime(reply.headers["Retry-After"]) - datetime.now(UTC)
    assert 60 < wait.total_seconds() <= 120


async def test_a_429_of_mastodon_without_retry_after_has_an_iso_reset(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("mastodon", "error_429", retry_after=120, form="absent"))
    reply = await send_status(caller)

    assert "Retry-After" not in reply.headers
    assert reply.headers["X-RateLimit-Remaining"] == "0"
    wait = datetime.fromisoformat(reply.headers["X-RateLimit-Reset"]) - datetime.now(UTC)
    assert 60 < wait.total_seconds() <= 120


async def test_a_429_of_bluesky_without_retry_after_has_an_epoch_reset(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("bluesky", "error_429", retry_after=120, form="absent"))
    reply = await send_record(caller)

    assert reply.json["error"] == "RateLimitExceeded"
    assert "Retry-After" not in reply.headers
    assert 60 < int(reply.headers["RateLimit-Reset"]) - datetime.now(UTC).timestamp() <= 120


async def test_a_429_can_be_absurd(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("webhook", "error_429", form="absurd"))

    assert (await send_event(caller)).headers["Retry-After"] == "after lunch"


@EVERYWHERE
@pytest.mark.parametrize("effect", ["slow", "slow_after"])
async def test_a_slow_answer_comes_in_the_end(caller: Caller, sandbox: Running, network: str, effect: str) -> None:
    sandbox.arm(fault(network, effect, delay_ms=40))
    loop = asyncio.get_running_loop()
    began = loop.time()
    reply = await SENDS[network](caller)

    assert reply.status == 200
    assert loop.time() - began >= 0.04
    assert posts(sandbox, network) == 1


async def test_a_client_that_gave_up_on_a_slow_answer_was_posted_all_the_same(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("mastodon", "slow_after", delay_ms=60_000))
    sending = asyncio.create_task(caller.status())
    async with asyncio.timeout(20):
        while not posts(sandbox, "mastodon"):  # noqa: ASYNC110  # the truth wakes nobody
            await asyncio.sleep(0)

    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)

    assert posts(sandbox, "mastodon") == 1


@EVERYWHERE
async def test_truncated_json_is_a_whole_answer_that_does_not_parse(
    caller: Caller, sandbox: Running, network: str
) -> None:
    sandbox.arm(fault(network, "truncated_json"))
    reply = await SENDS[network](caller)

    assert (reply.status, reply.json) == (200, None)
    assert reply.headers["Content-Type"].startswith("application/json")
    assert len(reply.body) == int(reply.headers["Content-Length"]) > 0
    assert posts(sandbox, network) == 1


@EVERYWHERE
async def test_a_short_body_ends_before_its_promised_length(caller: Caller, sandbox: Running, network: str) -> None:
    sandbox.arm(fault(network, "short_body"))
    with pytest.raises(aiohttp.ClientPayloadError):
        await SENDS[network](caller)

    assert posts(sandbox, network) == 1


@EVERYWHERE
async def test_html_with_status_200_is_no_post(caller: Caller, sandbox: Running, network: str) -> None:
    sandbox.arm(fault(network, "html_200"))
    reply = await SENDS[network](caller)

    assert (reply.status, reply.json) == (200, None)
    assert reply.body.startswith(b"<!doctype html>")
    assert posts(sandbox, network) == 0


@EVERYWHERE
@pytest.mark.parametrize("status", [302, 307])
async def test_a_redirect_is_no_post_though_following_it_ends_well(
    caller: Caller, sandbox: Running, network: str, status: int
) -> None:
    sandbox.arm(fault(network, f"redirect_{status}"))
    reply = await SENDS[network](caller)
    followed = await caller.send("GET", sandbox.addresses.mastodon_url + reply.headers["Location"])

    assert (reply.status, followed.status) == (status, 200)
    assert posts(sandbox, network) == 0


async def test_reads_and_sessions_can_fail_too(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(
        InjectedFault(network="mastodon", route="read", effect=Effect.ERROR_503_BEFORE),
        InjectedFault(network="bluesky", route="session", effect=Effect.ERROR_502_BEFORE),
        InjectedFault(network="mastodon", route="session", effect=Effect.UNAUTHORIZED_401),
    )
    account = {"identifier": "news.test", "password": "sandbox-x"}

    assert (await caller.mastodon("GET", "/api/v2/instance", None)).status == 503
    assert (await caller.xrpc("POST", "com.atproto.server.createSession", json=account)).status == 502
    assert (await caller.mastodon("GET", "/api/v1/accounts/verify_credentials")).status == 401


async def test_an_idempotent_repeat_after_a_lost_answer_gets_the_first_post(caller: Caller, sandbox: Running) -> None:
    sandbox.arm(fault("mastodon", "lost_after"))
    with pytest.raises(aiohttp.ClientConnectionError):
        await send_status(caller)
    reply = await send_status(caller)

    (posted,) = sandbox.truth.posts("mastodon")
    assert reply.json["id"] == posted.id
    assert len({entry.digest for entry in sandbox.truth}) == 1
