"""Lanes beside each other: pace, what they share of rests, how many posts are on their way, and clocks that jump."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from deliver_rig import (
    ACCOUNT,
    DURABLE,
    NOW,
    Clock,
    Pictures,
    ScriptedChannel,
    acceptance,
    item,
    pictured,
    rig,
)
from syndicate.attempt import AttemptRules
from syndicate.deliver import Lane, LaneRules, Settled
from syndicate.draft import DraftRules
from syndicate.errors import NetworkError, RateLimited, Transient, Unauthorized
from syndicate.items.item import Item, Topic
from syndicate.outbox.delivery import Delivery, Origin, Receipt, State
from syndicate.outbox.hours import window_of
from syndicate.outbox.outcome import NotDone
from syndicate.outbox.pace import LONGEST_REST, TRIPS_AFTER, Overflow, PaceRules, Why
from syndicate.outbox.plan import ChannelPlan
from syndicate.outbox.store import SqlOutbox
from syndicate.posts.card import CardRules
from syndicate.rests import Rests

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
LIMIT_S = 20.0


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as lines:
        yield lines


@dataclass
class AnsweringChannel(ScriptedChannel):
    """A channel of an app, with room for some posts at once, whose network is asked what it says to each post."""

    app: str = "app"
    in_flight: int = 1
    answer: Callable[[datetime], NetworkError | None] = lambda now: None
    rests_until: datetime | None = None
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    async def _do(self, name: str) -> None:
        self.bell.set()
        await super()._do(name)

    async def publish(self, payload: bytes, key: str) -> Receipt:
        error = self.answer(self.clock())
        if error is not None:
            raise error
        return replace(await super().publish(payload, key), rests_until=self.rests_until)


@dataclass
class Office:
    """Lanes of one process over one outbox."""

    outbox: SqlOutbox
    clock: Clock
    rests: Rests
    lanes: dict[str, Lane] = field(default_factory=dict)
    channels: dict[str, AnsweringChannel] = field(default_factory=dict)
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    async def hire(
        self, name: str, *items: Item, account: str = ACCOUNT, pace: PaceRules | None = None, in_flight: int = 1
    ) -> AnsweringChannel:
        """A lane that owes these items."""
        channel = AnsweringChannel(DURABLE, name, account, clock=self.clock, in_flight=in_flight, bell=self.bell)
        await self.outbox.accept(acceptance(*items, channel=ChannelPlan(name, account)), self.clock())
        self.channels[name] = channel
        self.lanes[name] = self.lane(channel, pace or PaceRules())
        return channel

    def lane(self, channel: AnsweringChannel, pace: PaceRules) -> Lane:
        rules = LaneRules(AttemptRules(DraftRules(CardRules())), pace)
        return Lane(
            channel, self.outbox, Pictures(), rules,
            owner="me", clock=self.clock, chance=lambda: 1.0, rests=self.rests,
        )  # fmt: skip

    async def step(self, name: str) -> State | None:
        settled = await self.lanes[name].step()
        return None if settled is None else settled.step.state

    async def work(self, until: datetime) -> None:
        """All lanes do what falls due, as time goes on to `until`."""
        while True:
            for name in self.lanes:
                while await self.step(name) is not None:
                    pass
            turns = [await lane.next_turn() for lane in self.lanes.values()]
            later = [one.at for one in turns if one is not None and one.at > self.clock.now]
            if not later or min(later) > until:
                return
            self.clock.now = min(later)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = Clock(NOW + SECOND)
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as outbox:
        yield Office(outbox, clock, Rests(outbox, clock))


@asynccontextmanager
async def running(office: Office) -> AsyncIterator[list[Settled]]:
    """The lanes at work; gives what was settled."""
    stop, told = asyncio.Event(), list[Settled]()

    def tell(settled: Settled) -> None:
        told.append(settled)
        office.bell.set()

    tasks = [asyncio.create_task(lane.run(stop, tell)) for lane in office.lanes.values()]
    yield told
    stop.set()
    await asyncio.wait_for(asyncio.gather(*tasks), LIMIT_S)


async def soon(office: Office, is_so: Callable[[], bool]) -> None:
    """Wait until calls and answers have made it so."""
    async with asyncio.timeout(LIMIT_S):
        while not is_so():
            office.bell.clear()
            await office.bell.wait()


def raising(error: NetworkError) -> Callable[[datetime], NetworkError | None]:
    return lambda now: error


# Beside each other


async def test_a_channel_that_hangs_delays_no_other(office: Office) -> None:
    async def hang() -> None:
        await let_go.wait()

    let_go = asyncio.Event()
    slow, quick = await office.hire("slow", item(1)), await office.hire("quick", item(1), item(2), account="other")
    slow.script["publish"] = [hang]

    async with running(office) as told:
        await soon(office, lambda: len(quick.made) == 2)
        assert (len(slow.sent), slow.made) == (1, [])
        let_go.set()

    assert len(told) == 3


async def test_as_many_are_on_their_way_as_the_network_allows(office: Office) -> None:
    async def hang() -> None:
        await let_go.wait()

    let_go = asyncio.Event()
    channel = await office.hire("news", *(item(number) for number in range(7)), in_flight=3)
    channel.script["publish"] = [hang] * 3

    async with running(office) as told:
        await soon(office, lambda: len(channel.sent) == 3)
        assert (len(channel.sent), channel.made) == (3, [])
        let_go.set()
        await soon(office, lambda: len(told) == 7)

    assert len({key for _, key in channel.made}) == 7


async def test_claims_of_one_channel_go_beside_each_other(office: Office) -> None:
    together = asyncio.Barrier(3)

    async def claim(*asked: Any) -> Delivery | None:
        async with asyncio.timeout(LIMIT_S):
            await together.wait()
        return await SqlOutbox.claim(office.outbox, *asked)

    channel = await office.hire("news", *(item(number) for number in range(3)), in_flight=3)
    office.outbox.claim = claim  # type: ignore[method-assign]  # one that waits until three are asked for

    states = await asyncio.gather(*(office.step("news") for _ in range(3)))

    assert states == [State.SENT] * 3
    assert len({key for _, key in channel.made}) == 3


async def test_a_claim_that_fails_is_taken_up_though_others_succeed_beside_it(office: Office) -> None:
    async def fail_after(*asked: Any) -> Delivery | None:
        office.outbox.claim = claim  # type: ignore[method-assign]
        await claim(*asked)
        raise OSError("no space left")

    claim = office.outbox.claim
    channel = await office.hire("news", item(1), item(2), in_flight=2)
    office.outbox.claim = fail_after  # type: ignore[method-assign]  # it stands in the outbox all the same

    ends = await asyncio.gather(*(office.step("news") for _ in range(2)), return_exceptions=True)
    again = [await office.step("news") for _ in range(2)]

    assert [type(end) for end in ends] == [OSError, State]
    assert again == [State.SENT, None]
    assert len({key for _, key in channel.made}) == 2


@pytest.mark.parametrize("pace", [PaceRules(gap=SECOND), PaceRules(per_hour=5), PaceRules(per_day=5)])
async def test_a_pace_is_kept_one_post_at_a_time(office: Office, pace: PaceRules) -> None:
    async def hang() -> None:
        hanging.set()
        await let_go.wait()

    hanging, let_go = asyncio.Event(), asyncio.Event()
    channel = await office.hire("news", item(1), item(2), pace=pace, in_flight=3)
    channel.script["publish"] = [hang]

    async with running(office):
        await asyncio.wait_for(hanging.wait(), LIMIT_S)
        assert await office.step("news") is None
        assert len(channel.sent) == 1
        let_go.set()


async def test_drain_with_several_at_once_leaves_nothing(office: Office) -> None:
    channel = await office.hire("news", *(item(number) for number in range(9)), in_flight=4)
    told: list[Settled] = []

    await office.lanes["news"].drain(asyncio.Event(), told.append)

    assert len(channel.made) == len(told) == 9


async def test_what_is_in_work_is_no_orphan_of_its_own_lane(office: Office) -> None:
    async def hang() -> None:
        await let_go.wait()

    async def full_disk() -> None:
        raise OSError("no space left")

    let_go = asyncio.Event()
    channel = await office.hire("news", item(1), item(2), item(3), in_flight=3)
    channel.script["publish"] = [hang]
    office.lanes["news"].wake.set()

    async with running(office) as told:
        await soon(office, lambda: len(channel.made) == 2)
        office.lanes["news"]._is_tidy = False  # as after an error while writing
        assert await office.step("news") is None
        let_go.set()
        await soon(office, lambda: len(told) == 3)

    assert {one.state for one in await office.outbox.deliveries()} == {State.SENT}


async def test_what_was_taken_away_between_look_and_claim_is_passed(office: Office) -> None:
    channel = await office.hire("news", item(1), item(2))
    assert await office.step("news") is State.SENT
    await office.outbox.claim("news", "another", office.clock())

    assert await office.step("news") is None
    assert len(channel.made) == 1


# Wishes for silence


async def test_silence_holds_for_all_channels_of_the_account_and_over_restarts(office: Office) -> None:
    first, second = await office.hire("first", item(1)), await office.hire("second", item(1))
    other = await office.hire("other", item(1), account="elsewhere.example")
    first.answer = raising(RateLimited("429", office.clock() + HOUR))

    assert [await office.step(name) for name in ("first", "second", "other")] == [State.PLANNED, None, State.SENT]

    office.rests = Rests(office.outbox, office.clock)
    office.lanes["second"] = office.lane(second, PaceRules())
    office.clock.pass_(HOUR - SECOND)
    assert await office.step("second") is None
    office.clock.pass_(SECOND)
    assert await office.step("second") is State.SENT
    assert len(other.made) == 1


async def test_silence_of_an_app_holds_for_its_accounts(office: Office) -> None:
    first = await office.hire("first", item(1))
    await office.hire("second", item(1), account="elsewhere.example")
    stranger = await office.hire("third", item(1), account="third.example")
    stranger.app = "another app"
    first.answer = raising(RateLimited("429", office.clock() + HOUR, is_app_wide=True))

    assert [await office.step(name) for name in ("first", "second", "third")] == [State.PLANNED, None, State.SENT]


async def test_silence_asked_for_while_a_post_is_prepared_is_kept(office: Office) -> None:
    async def wait_for_the_other() -> None:
        uploading.set()
        await asked.wait()

    uploading, asked = asyncio.Event(), asyncio.Event()
    first, second = await office.hire("first", item(1)), await office.hire("second", pictured(2))
    first.answer = raising(RateLimited("429", office.clock() + HOUR))
    second.script["upload"] = [wait_for_the_other]

    preparing = asyncio.create_task(office.step("second"))
    await asyncio.wait_for(uploading.wait(), LIMIT_S)
    await office.step("first")
    asked.set()

    assert await asyncio.wait_for(preparing, LIMIT_S) is State.PLANNED
    assert second.sent == []
    first.answer = lambda now: None
    await office.work(office.clock() + 2 * HOUR)
    assert (len(first.made), len(second.made)) == (1, 1)


async def test_silence_is_never_cut_short_by_a_shorter_wish(office: Office) -> None:
    first, second = await office.hire("first", item(1), in_flight=2), await office.hire("second", item(2))
    await office.rests.load()
    for channel, wait in ((first, HOUR), (second, MINUTE)):
        channel.answer = raising(RateLimited("429", office.clock() + wait))
    later = asyncio.create_task(office.step("second"))
    await office.step("first")
    await later

    turns = [await lane.next_turn() for lane in office.lanes.values()]
    assert [(one.at, one.why) for one in turns if one] == [(NOW + SECOND + HOUR, Why.LIMIT)] * 2


async def test_used_up_limit_in_a_success_is_heeded(office: Office) -> None:
    channel = await office.hire("news", item(1), item(2))
    await office.hire("twin", item(3))
    channel.rests_until = office.clock() + HOUR

    assert [await office.step(name) for name in ("news", "news", "twin")] == [State.SENT, None, None]
    turn = await office.lanes["twin"].next_turn()
    assert turn is not None and (turn.at, turn.why) == (NOW + SECOND + HOUR, Why.LIMIT)


async def test_absurd_wishes_are_capped(office: Office) -> None:
    channel = await office.hire("news", item(1), item(2))
    channel.answer = raising(RateLimited("429", office.clock().replace(year=9999)))
    await office.step("news")
    channel.answer, channel.rests_until = (lambda now: None), office.clock().replace(year=9999)
    office.clock.pass_(LONGEST_REST)
    assert await office.step("news") is State.SENT

    turn = await office.lanes["news"].next_turn()
    assert turn is not None and turn.at == office.clock() + LONGEST_REST


async def test_storm_of_429_is_sat_out_without_one_early_request(office: Office) -> None:
    """Ten minutes in which three lanes, two of one account, are told to wait in every way; then all is delivered."""
    begin, early = office.clock(), list[timedelta]()
    allowed: dict[str, datetime] = {}
    waits = [7, 60, 1, 90, 33, 5, 240]

    def answering(account: str, count: Iterator[int]) -> Callable[[datetime], NetworkError | None]:
        def answer(now: datetime) -> NetworkError | None:
            silent = allowed.get(account, now)
            if now < silent:
                early.append(silent - now)
            if now >= begin + 10 * MINUTE:
                return None
            allowed[account] = max(silent, now + timedelta(seconds=next(count)))
            return RateLimited("429", allowed[account])

        return answer

    shared, alone = answering("a", iter(waits * 99)), answering("b", iter(waits * 99))
    for name, account, answer in (("one", "a", shared), ("two", "a", shared), ("three", "b", alone)):
        channel = await office.hire(name, item(1), item(2), item(3), account=account)
        channel.answer = answer

    await office.work(begin + HOUR)

    assert early == []
    assert allowed["a"] > begin + 9 * MINUTE
    assert [len(channel.made) for channel in office.channels.values()] == [3, 3, 3]
    assert all(one.failures == 0 for one in await office.outbox.deliveries())


# Networks that fail


async def test_failing_network_trips_the_circuit_and_one_post_probes(office: Office) -> None:
    channel = await office.hire("news", *(item(number) for number in range(TRIPS_AFTER + 2)), in_flight=3)
    channel.answer = raising(Transient("refused connection"))
    for _ in range(TRIPS_AFTER):
        assert await office.step("news") is State.PLANNED
        turn = await office.lanes["news"].next_turn()
        assert turn is not None and turn.why is Why.BREAKER
        office.clock.now = turn.at

    probing, let_go = asyncio.Event(), asyncio.Event()

    async def probe() -> None:
        probing.set()
        await let_go.wait()

    channel.answer, channel.script["publish"] = (lambda now: None), [probe]
    trying = asyncio.create_task(office.step("news"))
    await asyncio.wait_for(probing.wait(), LIMIT_S)
    assert await office.step("news") is None
    let_go.set()

    assert await asyncio.wait_for(trying, LIMIT_S) is State.SENT
    assert await office.outbox.rests() == {}
    assert await office.step("news") is State.SENT


async def test_circuit_stays_open_over_a_restart_and_is_told(office: Office) -> None:
    channel = await office.hire("news", item(1))
    channel.answer = raising(Transient("refused connection"))
    await office.step("news")

    office.rests = Rests(office.outbox, office.clock)
    again = office.lane(channel, PaceRules())

    assert await again.step() is None
    assert again.outage == NotDone("refused connection")


@pytest.mark.parametrize("way", ["restart", "token", "time"])
async def test_refused_access_ends_when_it_is_mended(office: Office, way: str) -> None:
    channel = await office.hire("news", item(1))
    channel.answer = raising(Unauthorized("401"))
    await office.step("news")
    assert await office.step("news") is None
    assert [(scope, why) for scope, why in await office.outbox.rests()] == [("channel news", Why.ACCESS)]

    channel.answer = lambda now: None
    office.clock.pass_(6 * SECOND)
    assert await office.step("news") is None
    if way == "restart":
        office.rests = Rests(office.outbox, office.clock)
        office.lanes["news"] = office.lane(channel, PaceRules())
    elif way == "token":
        await office.outbox.keep_sealed_token("news", b"sealed", office.clock())
    else:
        office.clock.pass_(timedelta(minutes=15))

    assert await office.step("news") is State.SENT
    assert await office.outbox.rests() == {}


# Pace


async def test_hours_of_the_channel_are_kept(office: Office) -> None:
    pace = PaceRules(hours=(window_of("20:00-21:00"),), zone=ZoneInfo("Europe/Berlin"))
    channel = await office.hire("news", item(1), pace=pace)

    assert await office.step("news") is None
    await office.work(NOW + HOUR * 24)

    assert (len(channel.made), office.clock()) == (1, NOW.replace(hour=19))


async def test_caps_are_kept_over_restarts(office: Office) -> None:
    pace = PaceRules(per_hour=2)
    channel = await office.hire("news", *(item(number) for number in range(4)), pace=pace)
    assert [await office.step("news") for _ in range(3)] == [State.SENT, State.SENT, None]

    office.lanes["news"] = office.lane(channel, pace)

    assert await office.step("news") is None
    office.clock.pass_(HOUR)
    assert [await office.step("news") for _ in range(3)] == [State.SENT, State.SENT, None]


async def test_posts_of_one_topic_do_not_follow_each_other(office: Office) -> None:
    def about(number: int, topic: str) -> Item:
        return item(number, topics=(Topic(topic, topic),))

    channel = await office.hire("news", about(1, "birds"), about(2, "birds"), about(3, "frogs"))
    await office.work(NOW + HOUR)

    assert [payload.split()[1] for payload, _ in channel.made] == [b"1", b"3", b"2"]


async def test_stale_posts_are_skipped_with_their_reason(office: Office, logs: list[MutableMapping[str, Any]]) -> None:
    channel = await office.hire("news", item(1), pace=PaceRules(expires_after=HOUR))
    office.clock.pass_(HOUR)
    assert await office.step("news") is State.SENT
    await office.outbox.accept(acceptance(item(2), channel=ChannelPlan("news", ACCOUNT)), NOW)
    office.clock.pass_(2 * SECOND)

    assert await office.step("news") is None

    [one] = await office.outbox.deliveries(states=[State.SKIPPED])
    assert (one.item_id, one.reason) == ("store:2", "expired: it waited longer than 1:00:00")
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["delivery_dropped"]
    assert len(channel.made) == 1


async def test_what_does_not_fit_is_skipped(office: Office) -> None:
    pace = PaceRules(per_day=2, overflow=Overflow.SKIP)
    channel = await office.hire("news", *(item(number) for number in range(5)), pace=pace)

    await office.work(NOW + 48 * HOUR)

    states = sorted(one.state for one in await office.outbox.deliveries())
    assert states == [State.SENT] * len(channel.made) + [State.SKIPPED] * (5 - len(channel.made))
    assert len(channel.made) == 2


async def test_live_goes_before_a_late_backfill_that_keeps_its_distance(office: Office) -> None:
    channel = await office.hire("news")
    old = acceptance(*(item(number) for number in range(1, 4)), channel=ChannelPlan("news", ACCOUNT)).planned
    spread = [replace(one, origin=Origin.BACKFILL, due=NOW + number * HOUR) for number, one in enumerate(old)]
    await office.outbox.accept(replace(acceptance(*(item(number) for number in range(1, 4))), planned=()), NOW)
    await office.outbox.revive(spread, NOW)
    office.clock.pass_(10 * HOUR)
    await office.outbox.accept(acceptance(item(9), channel=ChannelPlan("news", ACCOUNT)), NOW)

    assert [await office.step("news") for _ in range(3)] == [State.SENT, State.SENT, None]
    assert [payload.split()[1] for payload, _ in channel.made] == [b"9", b"1"]
    turn = await office.lanes["news"].next_turn()
    assert turn is not None and turn.at - office.clock() == HOUR


# Clocks


@pytest.mark.parametrize("jump", [-365 * 24 * HOUR, -HOUR, HOUR, 365 * 24 * HOUR])
async def test_a_clock_that_jumps_loses_and_doubles_nothing(tmp_path: Path, jump: timedelta) -> None:
    pace = PaceRules(gap=10 * MINUTE, per_hour=3, interleaves=False)
    async with rig(tmp_path, *(item(number) for number in range(1, 5)), guarantee=DURABLE, pace=pace) as jumped:
        jumped.channel.script["publish"] = [Transient("refused connection")]
        await jumped.step()
        jumped.clock.pass_(jump)

        ends = jumped.clock() + 6 * HOUR
        assert await jumped.settle_all() == [State.SENT] * 4

        assert jumped.clock() < ends
        assert len({key for _, key in jumped.channel.made}) == len(jumped.channel.made) == 4


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("America/New_York", "2026-03-07T12:00"),
        ("America/New_York", "2026-10-31T12:00"),
        ("Australia/Lord_Howe", "2026-04-04T00:00"),
        ("Australia/Lord_Howe", "2026-10-03T00:00"),
        ("Asia/Kolkata", "2026-03-07T12:00"),
    ],
)
async def test_days_on_which_the_clock_is_changed_break_no_pace(office: Office, zone: str, begins: str) -> None:
    begin = datetime.fromisoformat(begins).replace(tzinfo=NOW.tzinfo)
    pace = PaceRules(gap=20 * MINUTE, per_hour=2, hours=(window_of("00:30-04:00"),), zone=ZoneInfo(zone))
    channel = await office.hire("news", *(item(number) for number in range(12)), pace=pace)
    office.clock.now = begin
    went: list[datetime] = []
    while len(channel.made) < 12:
        turn = await office.lanes["news"].next_turn()
        assert turn is not None
        office.clock.now = max(office.clock.now, turn.at)
        assert await office.step("news") is State.SENT
        went.append(office.clock.now)

    local = [at.astimezone(ZoneInfo(zone)) for at in went]
    assert all((0, 30) <= (at.hour, at.minute) < (4, 0) for at in local)
    assert all(later - earlier >= 20 * MINUTE for earlier, later in pairwise(went))
    assert all(sum(at <= one < at + HOUR for one in went) <= 2 for at in went)
