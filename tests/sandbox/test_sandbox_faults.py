from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.sandbox.faults import Effect, InjectedFault, Plan, fault_from
from syndicate.sandbox.wire import RouteKind

RESET = InjectedFault(network="mastodon", route="post", effect=Effect.RESET_BEFORE)


def fired(plan: Plan, times: int, network: str = "mastodon", route: RouteKind = RouteKind.POST) -> list[bool]:
    return [plan.next(network, route) is not None for _ in range(times)]


def armed(*faults: InjectedFault, seed: int = 0) -> Plan:
    plan = Plan(seed)
    plan.arm(faults)
    return plan


def test_an_empty_plan_does_nothing() -> None:
    assert fired(Plan(), 3) == [False] * 3


def test_a_fault_happens_as_often_as_planned() -> None:
    plan = armed(InjectedFault(network="mastodon", effect=Effect.SLOW, times=2))

    assert fired(plan, 4) == [True, True, False, False]
    assert plan.state()["faults"][0]["fired"] == 2


def test_a_fault_can_let_requests_pass_first() -> None:
    assert fired(armed(InjectedFault(network="*", effect=Effect.SLOW, skip=2)), 4) == [False, False, True, False]


def test_a_fault_meets_only_what_it_is_aimed_at() -> None:
    plan = armed(RESET)

    assert fired(plan, 2, "bluesky") == [False, False]
    assert fired(plan, 2, route=RouteKind.MEDIA) == [False, False]
    assert fired(plan, 1) == [True]


def test_the_first_fault_that_fires_takes_the_request() -> None:
    plan = armed(RESET, InjectedFault(network="*", effect=Effect.HTML_200))

    effects = [getattr(plan.next("mastodon", RouteKind.POST), "effect", None) for _ in range(3)]

    assert effects == [Effect.RESET_BEFORE, Effect.HTML_200, None]


def test_arming_again_counts_from_zero() -> None:
    plan = armed(RESET)
    first = fired(plan, 2)
    plan.arm((RESET,))

    assert fired(plan, 2) == first == [True, False]


@given(seed=st.integers(0, 10_000), chance=st.floats(0, 1))
def test_a_seed_repeats_its_faults(seed: int, chance: float) -> None:
    fault = InjectedFault(network="*", effect=Effect.SLOW, times=None, probability=chance)

    assert fired(armed(fault, seed=seed), 30) == fired(armed(fault, seed=seed), 30)


def test_traffic_on_another_route_does_not_shift_the_draws() -> None:
    fault = InjectedFault(network="*", route="post", effect=Effect.SLOW, times=None, probability=0.5)
    quiet, busy = armed(fault), armed(fault)
    fired(busy, 17, route=RouteKind.READ)

    assert fired(quiet, 30) == fired(busy, 30)


def test_probability_is_about_kept_and_seeds_differ() -> None:
    fault = InjectedFault(network="*", effect=Effect.SLOW, times=None, probability=0.15)
    first, second = (fired(armed(fault, seed=seed), 2_000) for seed in (1, 2))

    assert 240 < sum(first) < 360
    assert first != second


def test_a_fault_is_read_from_json() -> None:
    fault = fault_from({"network": "bluesky", "route": "post", "effect": "late_commit", "delay_ms": 5})

    assert fault == InjectedFault(network="bluesky", route="post", effect=Effect.LATE_COMMIT, delay_ms=5)


def test_a_probability_alone_goes_on_without_end() -> None:
    row = {"network": "*", "effect": "slow", "probability": 0.5}

    assert fault_from(row).times is None
    assert fault_from({**row, "times": 3}).times == 3
    assert fault_from({"network": "*", "effect": "slow"}).times == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"efect": "slow"}, "efect: is no field of a fault"),
        ({"network": "myspace"}, "network: 'myspace' is none of"),
        ({"route": "posts"}, "route: 'posts' is none of"),
        ({"effect": "explode"}, "effect: 'explode' is none of"),
        ({"form": "never"}, "form: 'never' is none of"),
        ({"times": -1}, "times: must be a whole number"),
        ({"times": True}, "times: must be a whole number"),
        ({"skip": None}, "skip: must be a whole number"),
        ({"delay_ms": 1.5}, "delay_ms: must be a whole number"),
        ({"probability": 2}, "probability: must be a number from 0 to 1"),
        ({"probability": "0.5"}, "probability: must be a number from 0 to 1"),
    ],
)
def test_a_wrong_fault_is_refused_with_its_field(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="^" + message.replace("'", ".")):
        fault_from({"network": "mastodon", "effect": "slow", **change})


@pytest.mark.parametrize("name", ["network", "effect"])
def test_network_and_effect_are_needed(name: str) -> None:
    row = {"network": "mastodon", "effect": "slow"}
    del row[name]

    with pytest.raises(ValueError, match=f"{name}: is missing"):
        fault_from(row)
