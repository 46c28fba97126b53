"""Thousands of seeded schedules do no harm, and each safety rule is missed when it is switched off."""

from __future__ import annotations

import json

import pytest

from outbox.simulated import KINDS
from outbox.simulator import RULES, judged, kind_of, main, simulate

NEVER_HOLDING = {"durable", "windowed", "readable"}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_nothing_stands_twice_and_nothing_comes_early(kind: str) -> None:
    tally = simulate(0, 800, kind)

    assert (dict(tally.harms), tally.seeds) == ({}, [])
    assert tally.unclear > 200, "the faults hit"
    settled = {"sent", "skipped"}  # skipped: its item left before
    assert set(tally.states) == (settled if kind in NEVER_HOLDING else settled | {"held", "planned"})


def test_write_only_network_holds_every_unclear_outcome_and_nothing_else() -> None:
    tally = simulate(0, 800, "write_only")

    assert tally.states["held"] == tally.unclear


def test_key_without_readings_is_repeated_in_its_window_and_held_after() -> None:
    tally = simulate(0, 800, "key_only")

    assert 0 < tally.states["held"] < tally.unclear


OF_KEYS = {"clock", "first_attempt"}
"""Rules that only keys with a window need."""


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_switched_off_is_missed_within_a_thousand_schedules(rule: str) -> None:
    kind = "windowed" if rule in OF_KEYS else None
    caught = (seed for seed in range(1000) if judged(seed, kind_of(seed, kind), rule)[1])

    assert next(caught, None) is not None


def test_a_schedule_is_told_by_its_seed() -> None:
    first, second = (judged(7, "windowed", is_traced=True)[0] for _ in range(2))

    assert first.trace
    assert (first.record, first.network.made, first.trace) == (second.record, second.network.made, second.trace)


def test_a_harmful_seed_is_told_and_can_be_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--schedules", "300", "--without", "unknown", "--json"])
    told = json.loads(capsys.readouterr().out)

    again = main(["--replay", str(told["seeds"][0]), "--without", "unknown"])
    trace = capsys.readouterr().out

    assert (code, again) == (1, 1)
    assert "harm: {'" in trace


def test_processes_count_the_same_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    results = []
    for jobs in ("1", "2"):
        assert main(["--schedules", "400", "--jobs", jobs, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        results.append({name: value for name, value in told.items() if name != "took_s"})

    assert results[0] == results[1]
    assert results[0]["schedules"] == 400
