"""What shall go wrong, when and how often: a plan that a seed makes repeatable. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Literal, get_args, get_type_hints

from syndicate.sandbox.wire import RouteKind

NETWORKS = (
    *("mastodon", "bluesky", "webhook", "slack", "slack_bot", "discord", "discord_bot", "telegram", "teams", "email"),
    *("facebook", "instagram", "linkedin", "threads", "x", "oauth"),
)
ANY = "*"
RetryForm = Literal["seconds", "date", "absent", "absurd"]


class Effect(StrEnum):
    """What the sender sees, and whether the network did the thing all the same.

    `before`: refused, not done. `after`: done, then the answer is spoilt.
    """

    RESET_BEFORE = "reset_before"
    LOST_AFTER = "lost_after"
    LATE_COMMIT = "late_commit"
    ERROR_500_BEFORE = "error_500_before"
    ERROR_500_AFTER = "error_500_after"
    ERROR_502_BEFORE = "error_502_before"
    ERROR_502_AFTER = "error_502_after"
    ERROR_503_BEFORE = "error_503_before"
    ERROR_503_AFTER = "error_503_after"
    ERROR_504_BEFORE = "error_504_before"
    ERROR_504_AFTER = "error_504_after"
    ERROR_429 = "error_429"
    SLOW = "slow"
    SLOW_AFTER = "slow_after"
    TRUNCATED_JSON = "truncated_json"
    SHORT_BODY = "short_body"
    LONG_BODY = "long_body"
    SLOW_HEADERS = "slow_headers"
    SLOW_BODY = "slow_body"
    HALF_CLOSED = "half_closed"
    KEEPALIVE_RESET = "keepalive_reset"
    SKEWED_DATE = "skewed_date"
    PAGE_LOSS = "page_loss"
    HTML_200 = "html_200"
    REDIRECT_302 = "redirect_302"
    REDIRECT_307 = "redirect_307"
    UNAUTHORIZED_401 = "unauthorized_401"
    FORBIDDEN_403 = "forbidden_403"
    GONE_410 = "gone_410"
    PROCESSING_202 = "processing_202"


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedFault:
    """One line of a fault plan.

    `network`, `route`: where; `*` is everywhere. `times`: how often at most, None without end. `skip`: how many
    matching requests pass first. `probability`: drawn from the seed for each request. `delay_ms`: how long
    `slow` waits, and `late_commit` before it does the thing. `retry_after`: seconds told by a 429, in `form`.
    `polls`: how often a medium says 206 after `processing_202`. `skew_s`: how far the Date header of `skewed_date` is
    off, behind if negative. `lacks`: how many of the newest posts a listing leaves out after `page_loss`.
    """

    network: str
    effect: Effect
    route: str = ANY
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    delay_ms: int = 0
    retry_after: int = 30
    form: RetryForm = "seconds"
    polls: int = 2
    skew_s: int = -86_400
    lacks: int = 1

    def is_aimed_at(self, network: str, route: RouteKind) -> bool:
        """Whether requests for this route can meet the fault."""
        return self.network in (ANY, network) and self.route in (ANY, route)


def fault_from(values: Mapping[str, Any]) -> InjectedFault:
    """A fault as written in JSON; `times` is without end when only a probability is given.

    Raises:
        ValueError: an unknown or missing name or an impossible value. A misspelt field must not be ignored: a fault
            that never fires, or never stops, makes a test say nothing.
    """
    known = get_type_hints(InjectedFault)
    if unknown := set(values) - set(known):
        raise ValueError(f"{', '.join(sorted(unknown))}: is no field of a fault; fields are {', '.join(known)}")
    for name in ("network", "effect"):
        if name not in values:
            raise ValueError(f"{name}: is missing")
    whole: dict[str, Any] = {"times": None} if "probability" in values else {}
    whole |= values
    _check_choice("network", whole["network"], (ANY, *NETWORKS))
    _check_choice("route", whole.get("route", ANY), (ANY, *RouteKind))
    _check_choice("effect", whole["effect"], tuple(Effect))
    _check_choice("form", whole.get("form", "seconds"), get_args(RetryForm))
    for name in ("times", "skip", "delay_ms", "retry_after", "polls", "lacks"):
        _check_count(name, whole.get(name, 0), is_optional=name == "times")
    if isinstance(whole.get("skew_s", 0), bool) or not isinstance(whole.get("skew_s", 0), int):
        raise ValueError("skew_s: must be a whole number")
    chance = whole.get("probability", 1.0)
    if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 <= chance <= 1:
        raise ValueError("probability: must be a number from 0 to 1")
    return InjectedFault(**{**whole, "effect": Effect(whole["effect"])})


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name}: {value!r} is none of {', '.join(choices)}")


def _check_count(name: str, value: object, *, is_optional: bool) -> None:
    if value is None and is_optional:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name}: must be a whole number of 0 or more")


class Plan:
    """The faults still to come. The first that fires takes a request; each counts only requests aimed at it.

    Same seed, same faults, same order of requests on a route: the same requests fail. Draws depend on the request's
    number on its own route, so traffic elsewhere does not shift them.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._faults: list[InjectedFault] = []
        self._fired: list[int] = []
        self._met: list[int] = []
        self._requests: Counter[tuple[str, str]] = Counter()

    def arm(self, faults: tuple[InjectedFault, ...], seed: int | None = None) -> None:
        """Replace the plan and count from zero."""
        self.seed = self.seed if seed is None else seed
        self._faults = list(faults)
        self._fired = [0] * len(faults)
        self._met = [0] * len(faults)
        self._requests.clear()

    def next(self, network: str, route: RouteKind) -> InjectedFault | None:
        """What happens to the request that has just come, if anything."""
        self._requests[network, route] += 1
        number = self._requests[network, route]
        for index, fault in enumerate(self._faults):
            if not fault.is_aimed_at(network, route) or self._is_spent(index):
                continue
            self._met[index] += 1
            if self._met[index] <= fault.skip:
                continue
            if self._draw(index, network, route, number) < fault.probability:
                self._fired[index] += 1
                return fault
        return None

    def state(self) -> dict[str, Any]:
        """The plan as JSON: each fault with how often it `fired`."""
        rows = [
            {field.name: getattr(fault, field.name) for field in fields(fault)} | {"fired": fired}
            for fault, fired in zip(self._faults, self._fired, strict=True)
        ]
        return {"seed": self.seed, "faults": rows}

    def _is_spent(self, index: int) -> bool:
        times = self._faults[index].times
        return times is not None and self._fired[index] >= times

    def _draw(self, index: int, network: str, route: RouteKind, number: int) -> float:
        """A number in [0, 1) from the seed; a hash rather than a generator, so that it needs no state."""
        text = f"{self.seed}:{index}:{network}:{route}:{number}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
