"""The product's own adapters against the sandbox's harder moods, the publisher's clock set by hand."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from deliver_rig import Clock, Pictures, acceptance, item, lane_of
from syndicate.attempt import AttemptRules
from syndicate.channels.http import Answer, Web
from syndicate.channels.networks import Tools, network_of
from syndicate.channels.oauth import Access, Terms
from syndicate.channels.oauth_app import App
from syndicate.deliver import LaneRules
from syndicate.draft import DraftRules
from syndicate.outbox.delivery import State
from syndicate.outbox.plan import ChannelPlan
from syndicate.outbox.store import SqlOutbox
from syndicate.posts.card import CardRules
from syndicate.sandbox.faults import Effect, InjectedFault, RetryForm
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action

WAIT_S = 50
TICK = timedelta(seconds=10)
# A Date header and a reset tell whole seconds, so a told wait may be a second shorter than meant.
ROUNDING = timedelta(seconds=1)


class KeptTokens:
    """Tokens in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def token(self, name: str) -> str | None:
        return self._kept.get(name)

    async def keep_token(self, name: str, secret: str) -> None:
        self._kept[name] = secret


async def test_a_hundred_calls_refused_at_once_refresh_once(sandbox: Running) -> None:
    async with Web() as web:
        tools = Tools(web, KeptTokens(), lambda: datetime.now(UTC))
        app = App(sandbox.addresses.oauth_url, "app", "secret")
        access = Access(Terms("news", "news", renew=app.renewal(tools, remedy="sign in")), tools)
        code = {"grant_type": "authorization_code", "code": "sandbox-news"}
        await access.keep(await app.ask(code, tools, remedy="sign in"))
        sandbox.ground.clock.advance(timedelta(hours=3))  # past the token's end, which the client's clock has not seen

        async def send(token: str) -> Answer:
            url, headers = f"{sandbox.addresses.linkedin_url}/v2/userinfo", {"Authorization": f"Bearer {token}"}
            return await web.call("GET", url, headers=headers)

        answers = await asyncio.gather(*(access.ask(send) for _ in range(100)))

    assert {answer.status for answer in answers} == {200}
    assert [entry.action for entry in sandbox.truth] == [Action.REFRESH] * 2  # the sign-in, and one for all the calls


@pytest.mark.parametrize("form", ["seconds", "date", "absent"])
async def test_ten_minutes_of_429_see_no_early_request(sandbox: Running, tmp_path: Path, form: RetryForm) -> None:
    storm = InjectedFault(
        network="mastodon", route="post", effect=Effect.ERROR_429, times=None, retry_after=WAIT_S, form=form
    )
    sandbox.arm(storm)
    clock = Clock(datetime.now(UTC))
    end = clock() + timedelta(minutes=10)
    asked_at = []
    async with Web() as web, SqlOutbox(tmp_path / "outbox.sqlite3") as outbox:
        network = network_of("mastodon")
        own = network.settings(instance=sandbox.addresses.mastodon_url, token="sandbox-news")
        channel = network.make("news", own, Tools(web, KeptTokens(), clock))
        plan = ChannelPlan("news", channel.account)
        due = acceptance(item(1), channel=plan)
        await outbox.accept(due, clock())
        lane = lane_of(channel, outbox, Pictures(), LaneRules(AttemptRules(DraftRules(CardRules()))), clock)
        fired = 0
        while clock() < end:
            await lane.step()
            if sandbox.plan.state()["faults"][0]["fired"] > fired:
                fired += 1
                asked_at.append(clock())
            clock.pass_(TICK)
        sandbox.arm()
        clock.pass_(timedelta(minutes=5))
        await lane.step()
        (delivery,) = await outbox.deliveries()

    waits = [after - before for before, after in pairwise(asked_at)]
    assert len(waits) >= 5
    assert min(waits) >= timedelta(seconds=WAIT_S) - ROUNDING
    assert delivery.state is State.SENT
    assert len(sandbox.truth.posts("mastodon")) == 1
