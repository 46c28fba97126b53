"""The publisher at work: passes when there is a reason, lanes that do not hurt each other, an end in good order."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from site_rig import SiteRig
from syndicate.content.folder import FolderStore
from syndicate.deliver import Settled
from syndicate.errors import CannotWrite, StateLost, Stopped
from syndicate.house import House, clock, open_house
from syndicate.ingest import Ingest, Pass
from syndicate.outbox.delivery import Action, Delivery, Origin, State
from syndicate.outbox.lock import PublisherLock
from syndicate.outbox.outcome import Step
from syndicate.outbox.store import SqlOutbox
from syndicate.plot import plot_of
from syndicate.posts.cardimage import card_image_of
from syndicate.publisher import LOOKS_AT_HALF_WRITTEN, Tally, merged, publish_forever, publish_once
from syndicate.shelf.folder import FolderShelf

LIMIT_S = 20.0


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.upper().startswith("SYNDICATE_"):
            monkeypatch.delenv(name)
    yield


@pytest.fixture
def site(tmp_path: Path) -> SiteRig:
    site = SiteRig(tmp_path / "site")
    site.write(1)
    return site


@asynccontextmanager
async def house_of(site: SiteRig) -> AsyncIterator[House]:
    async with open_house(plot_of(site.config)) as house:
        yield house


def settled(uid: str, channel: str, state: State) -> Settled:
    now = clock()
    delivery = Delivery(uid, channel, "account", "item:1", Action.POST, "r", State.SENDING, "", now, Origin.LIVE)
    return Settled(delivery, Step(state, "", now))


def nothing(*_: object) -> None:
    """Hears and does nothing."""


# --- tallies and passes told as one


def test_tally_counts_each_delivery_with_its_last_state() -> None:
    tally = Tally()

    for one in (
        settled("1", "news", State.UNKNOWN),
        settled("1", "news", State.SENT),
        settled("2", "news", State.HELD),
    ):
        tally(one)
    tally(settled("3", "other", State.SENT))

    assert dict(tally.of("news")) == {State.SENT: 1, State.HELD: 1}
    assert dict(tally.states) == {State.SENT: 2, State.HELD: 1}


def test_two_passes_are_told_as_one() -> None:
    first = Pass(items=1, new=1, waiting=("2.md",), written=("a",), decided={State.PLANNED: 1}, took_ms=5)
    second = Pass(items=2, new=1, revised=1, written=("b",), decided={State.PLANNED: 1, State.HELD: 1}, took_ms=6)

    both = merged(first, second)

    assert (both.items, both.new, both.revised, both.waiting) == (2, 2, 1, ())
    assert (both.written, both.took_ms) == (("a", "b"), 11)
    assert dict(both.decided) == {State.PLANNED: 2, State.HELD: 1}


# --- once


@dataclass
class ScriptedLane:
    """A lane that fails, or does its work when let go."""

    error: Exception | None = None
    drained: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def drain(self, stop: asyncio.Event, tell: Callable[[Settled], None]) -> None:
        if self.error is not None:
            raise self.error
        for _ in range(5):
            await asyncio.sleep(0)
        self.drained = True

    async def run(self, stop: asyncio.Event, tell: Callable[[Settled], None]) -> None:
        await stop.wait()
        self.drained = True


def with_lanes(house: House, *lanes: ScriptedLane) -> House:
    return replace(house, lanes=lanes)  # type: ignore[arg-type]  # scripted in place of real ones


async def test_channel_that_fails_does_not_cut_the_others_short(site: SiteRig) -> None:
    full, fine = ScriptedLane(CannotWrite("outbox", "disk full", "make room")), ScriptedLane()

    async with house_of(site) as house:
        with pytest.raises(CannotWrite, match="disk full"):
            await publish_once(with_lanes(house, full, fine), nothing)

    assert fine.drained


@pytest.fixture
def drawing(site: SiteRig) -> SiteRig:
    """The site with card images."""
    site.configure(cards={"image": {"enabled": True}})
    return site


def card_paths(house: House) -> set[str]:
    look = house.site.cards
    assert look is not None
    cards = [card_image_of(item, look) for item in house.store.scan({}).items.values()]
    return {path for card in cards if card for path in card.paths}


async def test_cards_stand_after_once_and_only_those_that_are_named(drawing: SiteRig) -> None:
    async with house_of(drawing) as house:
        await publish_once(house, nothing)
        drawing.write(1, title="Another title")
        second = await publish_once(house, nothing)

        cards = card_paths(house)
        assert house.gallery is not None
        assert house.gallery.missing == 0

    assert len([path for path in second.dropped if "card-" in path]) == 2
    shelved = {
        path.relative_to(drawing.folder / "feeds").as_posix() for path in (drawing.folder / "feeds").rglob("card-*")
    }
    assert shelved == cards
    assert len(cards) == 2


async def test_publisher_draws_what_is_missing_beside_its_passes(drawing: SiteRig) -> None:
    stop = asyncio.Event()
    async with house_of(drawing) as house:
        working = asyncio.create_task(publish_forever(with_lanes(house), stop, nothing))
        async with asyncio.timeout(LIMIT_S):
            while len(list((drawing.folder / "feeds").rglob("card-*"))) < 2:  # noqa: ASYNC110  # files tell no event
                await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(working, LIMIT_S)


async def test_cards_that_cannot_be_written_stop_neither_passes_nor_posts(drawing: SiteRig) -> None:
    class Full:
        def expect(self, items: object, former: object) -> frozenset[str]:
            return frozenset()

        async def draw(self, *, most: int | None = None) -> int:
            raise CannotWrite("media", "disk full", "make room")

    stop, lane = asyncio.Event(), ScriptedLane()
    async with house_of(drawing) as house:
        full = replace(with_lanes(house, lane), gallery=Full())  # type: ignore[arg-type]  # scripted
        with capture_logs() as told:
            working = asyncio.create_task(publish_forever(full, stop, nothing))
            async with asyncio.timeout(LIMIT_S):
                await lane.wake.wait()
            stop.set()
            await asyncio.wait_for(working, LIMIT_S)

    assert "cards_failed" in [one["event"] for one in told]
    assert lane.drained


async def test_item_that_stays_half_written_does_not_hold_up_the_rest(site: SiteRig) -> None:
    ingest = ScriptedIngest([Pass(waiting=("2.md",))] * 20)

    async with house_of(site) as house:
        done = await publish_once(replace(with_lanes(house), ingest=ingest), nothing)  # type: ignore[arg-type]  # scripted

    assert done.waiting == ("2.md",)
    assert 2 <= len(ingest.called) <= 1 + LOOKS_AT_HALF_WRITTEN


async def test_once_that_is_stopped_ends_its_pass(site: SiteRig) -> None:
    stop, lane = asyncio.Event(), ScriptedLane()
    looking = threading.Event()

    async with house_of(site) as house:

        def look(done: int, total: int) -> None:
            looking.set()
            while True:
                time.sleep(0.001)
                house.brake(done, total)

        ingest = Ingest(
            FolderStore(site.folder / "content", house.plot.roots[0].rules, tell=look),
            house.outbox,
            FolderShelf(site.folder / "feeds"),
            house.site,
            (),
            rules="",
            clock=clock,
        )
        working = asyncio.create_task(
            publish_once(replace(with_lanes(house, lane), ingest=ingest), nothing, stop),
        )
        await asyncio.to_thread(looking.wait, LIMIT_S)
        stop.set()
        with pytest.raises(Stopped):
            await asyncio.wait_for(working, LIMIT_S)

    assert not lane.drained


async def test_once_that_is_stopped_finishes_what_is_being_sent(site: SiteRig) -> None:
    stop, lane = asyncio.Event(), SendingLane()

    async with house_of(site) as house:
        working = asyncio.create_task(publish_once(with_lanes(house, lane), nothing, stop))
        await asyncio.wait_for(lane.begun.wait(), LIMIT_S)
        stop.set()
        lane.answer.set()
        with pytest.raises(Stopped):
            await asyncio.wait_for(working, LIMIT_S)

    assert lane.drained


@dataclass
class SendingLane(ScriptedLane):
    """A lane that waits for an answer."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def drain(self, stop: asyncio.Event, tell: Callable[[Settled], None]) -> None:
        self.begun.set()
        await self.answer.wait()
        await asyncio.sleep(0)
        self.drained = True


# --- for ever


class ScriptedIngest:
    """Passes as written down, then empty ones; errors are raised. `called` at these times."""

    def __init__(self, script: list[Pass | Exception]) -> None:
        self._script = list(script)
        self.called: list[float] = []
        self._waiters: list[tuple[int, asyncio.Event]] = []

    async def run(self, near: Collection[Path] | None = None) -> Pass:
        self.called.append(asyncio.get_running_loop().time())
        for number, event in self._waiters:
            if len(self.called) >= number:
                event.set()
        step = self._script.pop(0) if self._script else Pass()
        if isinstance(step, Exception):
            raise step
        return step

    async def was_called(self, times: int) -> None:
        event = asyncio.Event()
        self._waiters.append((times, event))
        if len(self.called) < times:
            await asyncio.wait_for(event.wait(), LIMIT_S)


@asynccontextmanager
async def publishing(
    house: House, ingest: ScriptedIngest, tell_pass: Callable[..., Any] = nothing
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A publisher at work; the block gets the function that stops it, and it is stopped at the end in any case."""
    stop = asyncio.Event()
    scripted = replace(house, ingest=ingest)  # type: ignore[arg-type]  # scripted in place of a real one
    working = asyncio.create_task(publish_forever(scripted, stop, nothing, tell_pass=tell_pass))

    async def end() -> None:
        stop.set()
        await asyncio.wait_for(working, LIMIT_S)

    try:
        yield end
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def test_first_pass_comes_at_once_and_the_end_when_told(site: SiteRig) -> None:
    ingest, lane = ScriptedIngest([]), ScriptedLane()

    async with house_of(site) as house, publishing(with_lanes(house, lane), ingest) as end:
        await ingest.was_called(1)
        await end()

    assert lane.drained


async def test_changed_file_wakes_a_pass(site: SiteRig) -> None:
    site.configure(schedule={"every": "1h"})
    ingest, passes = ScriptedIngest([]), asyncio.Event()

    async with house_of(site) as house, publishing(with_lanes(house), ingest, lambda *_: passes.set()) as end:
        await ingest.was_called(1)
        before = len(ingest.called)
        # The watch needs a moment to begin; until it has, further changes are made.
        async with asyncio.timeout(LIMIT_S):
            number = 2
            while len(ingest.called) == before:
                site.write(number)
                number += 1
                await asyncio.sleep(0.3)
        await end()


async def test_nothing_is_looked_at_before_the_store_is_watched(site: SiteRig, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest, begun, may_stand = ScriptedIngest([]), asyncio.Event(), asyncio.Event()

    async def slow(folder: Path, stirred: object, stop: asyncio.Event, *, stands: Callable[[], None]) -> None:
        begun.set()
        await may_stand.wait()
        stands()
        await stop.wait()

    monkeypatch.setattr("syndicate.publisher.wake", slow)

    async with house_of(site) as house, publishing(with_lanes(house), ingest) as end:
        await asyncio.wait_for(begun.wait(), LIMIT_S)
        early = list(ingest.called)
        may_stand.set()
        await ingest.was_called(1)
        await end()

    assert early == []


async def test_schedule_looks_while_a_watch_takes_too_long(site: SiteRig, monkeypatch: pytest.MonkeyPatch) -> None:
    site.configure(schedule={"every": "1h"})
    ingest, may_stand = ScriptedIngest([]), asyncio.Event()

    async def slow(folder: Path, stirred: object, stop: asyncio.Event, *, stands: Callable[[], None]) -> None:
        await may_stand.wait()
        stands()
        await stop.wait()

    monkeypatch.setattr("syndicate.publisher.wake", slow)
    monkeypatch.setattr("syndicate.publisher.WATCH_S", 0.01, raising=False)

    with capture_logs() as events:
        async with house_of(site) as house, publishing(with_lanes(house), ingest) as end:
            await ingest.was_called(1)
            early = len(ingest.called)
            may_stand.set()
            await ingest.was_called(2)
            await end()

    assert early == 1
    assert [one["folder"] for one in events if one["event"] == "watch_failed"] == [str(site.folder / "content")]


async def test_stop_ends_a_publisher_whose_watch_is_being_made(site: SiteRig, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest, begun = ScriptedIngest([]), asyncio.Event()

    async def endless(folder: Path, stirred: object, stop: asyncio.Event, **_: object) -> None:
        begun.set()
        await stop.wait()

    monkeypatch.setattr("syndicate.publisher.wake", endless)

    async with house_of(site) as house:
        before = asyncio.all_tasks()
        async with publishing(with_lanes(house), ingest) as end:
            await asyncio.wait_for(begun.wait(), LIMIT_S)
            await end()
        left = asyncio.all_tasks() - before

    assert left == set()


async def test_half_written_file_and_item_that_comes_or_ends_bring_their_own_pass(site: SiteRig) -> None:
    site.configure(schedule={"every": "1h", "watch": False})
    soon = clock() + timedelta(milliseconds=300)
    later = clock() + timedelta(days=3)
    ends = (Pass(next_due=later, next_end=soon), Pass(next_due=later, next_end=later))
    ingest = ScriptedIngest([Pass(waiting=("2.md",)), Pass(next_due=soon), *ends])

    async with house_of(site) as house, publishing(with_lanes(house), ingest) as end:
        await ingest.was_called(4)
        await end()

    assert len(ingest.called) == 4


async def test_pass_that_fails_is_told_and_the_next_one_comes(site: SiteRig) -> None:
    site.configure(schedule={"every": "1s", "watch": False})
    ingest = ScriptedIngest([CannotWrite("feeds", "disk full", "make room"), ValueError("no luck"), Pass()])

    with capture_logs() as events:
        async with house_of(site) as house, publishing(with_lanes(house), ingest) as end:
            await ingest.was_called(3)
            await end()

    failed = [one for one in events if one["event"] == "pass_failed"]
    assert failed[0]["reason"] == "feeds: disk full; make room"
    assert failed[1]["exc_info"]


async def test_pass_that_finds_the_state_gone_ends_the_publisher(site: SiteRig) -> None:
    ingest = ScriptedIngest([StateLost("state", "was removed", "bring it back")])

    async with house_of(site) as house:
        scripted = replace(with_lanes(house), ingest=ingest)  # type: ignore[arg-type]  # as above
        with pytest.raises(StateLost):
            await asyncio.wait_for(publish_forever(scripted, asyncio.Event(), nothing), LIMIT_S)


@pytest.mark.parametrize("lost", ["outbox.sqlite3", "publisher.lock"])
async def test_publisher_with_nothing_to_do_notices_that_its_state_is_gone(
    site: SiteRig, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.setattr("syndicate.publisher.STATE_LOOK_S", 0.01)
    site.configure(schedule={"every": "1h", "watch": False})
    plot = plot_of(site.config)

    with PublisherLock(plot.lock_path, clock()):
        async with house_of(site) as house:
            (plot.state_folder / lost).unlink()
            scripted = replace(with_lanes(house), ingest=ScriptedIngest([]))  # type: ignore[arg-type]  # as above
            with pytest.raises(StateLost, match=lost):
                await asyncio.wait_for(publish_forever(scripted, asyncio.Event(), nothing), LIMIT_S)


async def test_what_another_command_writes_wakes_the_lanes(site: SiteRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicate.publisher.STATE_LOOK_S", 0.01)
    site.configure(schedule={"every": "1h", "watch": False})
    lane, plot = ScriptedLane(), plot_of(site.config)

    async with (
        house_of(site) as house,
        SqlOutbox(plot.outbox_path) as other,
        publishing(with_lanes(house, lane), ScriptedIngest([])) as end,
        asyncio.timeout(LIMIT_S),
    ):
        while not lane.wake.is_set():  # nothing tells when it began to look
            await other.keep_checkpoint("another")
            await asyncio.sleep(0.01)
        await end()


async def test_new_deliveries_wake_the_lanes(site: SiteRig) -> None:
    site.configure(schedule={"watch": False})
    lane, ingest = ScriptedLane(), ScriptedIngest([Pass(decided={State.PLANNED: 1})])

    async with house_of(site) as house, publishing(with_lanes(house, lane), ingest) as end:
        await asyncio.wait_for(lane.wake.wait(), LIMIT_S)
        await end()


async def test_publisher_that_cannot_go_on_ends_with_the_error(site: SiteRig) -> None:
    def broken(*_: object) -> None:
        raise BrokenPipeError("nobody listens")

    async with house_of(site) as house:
        scripted = replace(with_lanes(house), ingest=ScriptedIngest([]))  # type: ignore[arg-type]  # as above
        with pytest.raises(BrokenPipeError):
            await asyncio.wait_for(publish_forever(scripted, asyncio.Event(), nothing, tell_pass=broken), LIMIT_S)


async def test_folder_that_cannot_be_watched_is_told(site: SiteRig) -> None:
    ingest = ScriptedIngest([])
    async with house_of(site) as house:
        (site.folder / "content" / "1.md").unlink()
        (site.folder / "content").rmdir()
        with capture_logs() as events:
            async with publishing(with_lanes(house), ingest) as end, asyncio.timeout(LIMIT_S):
                while not any(one["event"] == "watch_failed" for one in events):  # noqa: ASYNC110  # logs wake nobody
                    await asyncio.sleep(0.01)
                await end()

    assert ingest.called


async def test_lane_that_does_not_end_is_cut_off_after_the_drain(site: SiteRig) -> None:
    class Stubborn(ScriptedLane):
        """Sends for ever."""

        async def run(self, stop: asyncio.Event, tell: Callable[[Settled], None]) -> None:
            await asyncio.Event().wait()

    site.configure(delivery={"drain": "0.1s"}, schedule={"watch": False})
    ingest = ScriptedIngest([])

    async with house_of(site) as house, publishing(with_lanes(house, Stubborn()), ingest) as end:
        await ingest.was_called(1)
        await end()
