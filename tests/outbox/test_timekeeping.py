"""Keys grow no younger when a clock is set back, whatever restarts lie in between."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliver_rig import NAME, NOW, WINDOWED, acceptance, item, rig
from syndicate.errors import Unknown
from syndicate.outbox import clocks
from syndicate.outbox.delivery import State
from syndicate.outbox.store import SqlOutbox
from syndicate.outbox.timekeeping import NOBODY_KNOWS, SLACK, Timekeeper, begun

HOUR = timedelta(hours=1)
EARLIER = Timekeeper("boot", 100.0, NOW, NOW - HOUR)


@pytest.mark.parametrize(
    ("ticks", "now", "sent", "latest"),
    [
        (100.0, NOW, None, NOW),
        (160.0, NOW + timedelta(minutes=1), NOW, NOW + timedelta(minutes=1)),
        (3700.0, NOW - HOUR, NOW, NOW + HOUR),  # set back by two hours
        (160.0, NOW + HOUR, NOW, NOW + HOUR),  # set forward, or the machine was frozen as a whole
        (160.0, NOW, NOW - HOUR, NOW + timedelta(minutes=1)),
        (160.0, NOW, NOW - HOUR - SLACK, NOBODY_KNOWS),
    ],
)
def test_latest_is_what_clock_or_count_say(ticks: float, now: object, sent: object, latest: object) -> None:
    assert EARLIER.latest(ticks, now, sent) == latest  # type: ignore[arg-type]  # times, as the table has them


def test_clock_that_was_set_forward_is_kept_and_small_corrections_are_not() -> None:
    assert EARLIER.seen(160.0, NOW + timedelta(minutes=1) + SLACK) is EARLIER
    assert EARLIER.seen(160.0, NOW - HOUR) is EARLIER
    assert EARLIER.seen(160.0, NOW + HOUR) == Timekeeper("boot", 160.0, NOW + HOUR, NOW - HOUR)


def test_run_of_the_machine_goes_on_and_another_one_knows_nothing_of_what_was_sent() -> None:
    assert begun(EARLIER, "boot", 3700.0, NOW, NOW) is EARLIER
    first = begun(None, "boot", 5.0, NOW, None)
    assert first == Timekeeper("boot", 5.0, NOW, NOW)
    assert first.latest(5.0, NOW, NOW) == NOW

    another = begun(EARLIER, "other", 1.0, NOW - HOUR, NOW)

    assert another.latest(2.0, NOW - HOUR, NOW) == NOBODY_KNOWS


hours = st.integers(-48, 48).map(lambda number: number * HOUR)
life = st.lists(st.tuples(st.sampled_from(["wait", "set", "restart", "look"]), hours), max_size=12)


@given(life)
def test_age_is_never_less_than_the_true_one(steps: list[tuple[str, timedelta]]) -> None:
    true, offset = timedelta(0), timedelta(0)
    keeper = begun(None, "boot", 0.0, NOW, None)
    keeper, sent, sent_at = keeper.seen(0.0, NOW), NOW, true
    for deed, by in steps:
        match deed:
            case "wait":
                true += abs(by)
            case "set":
                offset += by
            case "restart":
                keeper = begun(keeper, "boot", true.total_seconds(), NOW + true + offset, sent)
            case _:
                sent, sent_at = NOW + true + offset, true
                keeper = keeper.seen(true.total_seconds(), sent)
        latest = keeper.latest(true.total_seconds(), NOW + true + offset, sent)
        assert latest - sent >= true - sent_at - SLACK


async def test_time_is_kept_over_restarts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = [50.0]
    monkeypatch.setattr(clocks, "ticks", lambda: count[0])
    async with SqlOutbox(tmp_path / "db") as outbox:
        assert outbox.latest(NOW, NOW) == NOW, "nothing is known before it begins"
        await outbox.begin(NOW, has_feeds=False)
        await outbox.accept(acceptance(item(1)), NOW)
        claimed = await outbox.claim(NAME, "me", NOW)
        assert claimed is not None
        sent = NOW + HOUR  # the clock was set forward meanwhile
        await outbox.freeze(claimed, b"payload", "key", sent)
    count[0] += 3600.0
    async with SqlOutbox(tmp_path / "db") as outbox:
        await outbox.begin(NOW, has_feeds=False)

        assert outbox.latest(NOW, sent) == sent + HOUR

    monkeypatch.setattr(clocks, "boot", lambda: "another")
    async with SqlOutbox(tmp_path / "db") as outbox:
        await outbox.begin(NOW, has_feeds=False)

        assert outbox.latest(NOW, sent) == NOBODY_KNOWS


def test_runs_of_the_machine_have_names(tmp_path: Path) -> None:
    name = tmp_path / "boot_id"
    assert clocks.boot(name) == clocks.boot(name) != ""
    name.write_text("a run\n")
    assert clocks.boot(name) == "a run"
    assert clocks.ticks() > 0


async def test_key_that_expired_is_not_repeated_after_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = [0.0]
    monkeypatch.setattr(clocks, "ticks", lambda: count[0])
    async with rig(tmp_path, item(1), guarantee=WINDOWED) as lane:
        await lane.outbox.begin(lane.clock(), has_feeds=False)
        lane.channel.after_made = [Unknown("the answer is lost")]
        assert await lane.step() is State.UNKNOWN
        count[0] += 2 * 3600  # two hours later the clock is set back to when it was sent

        while await lane.outbox.next_due(NAME) is not None:
            await lane.step_when_due()

        assert (len(lane.channel.sent), (await lane.only()).state) == (1, State.SENT)
        assert "find" in lane.channel.calls
