"""When the next post of a channel may go, which one it is, and why not sooner: one answer for lanes and operators.

Hourly and daily caps slide: no 60 minutes and no 24 hours ever hold more, whatever the calendar or the clock's changes.
Money is counted by calendar day and month in the channel's zone, as bills are. Pure.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter

from msgspec import Struct
from msgspec.structs import replace

from syndicate.outbox.delivery import Origin
from syndicate.outbox.hours import Window, next_day, next_month, opens_at
from syndicate.outbox.reasons import Reason

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONTH = timedelta(days=31)

LONGEST_REST = timedelta(hours=24)
"""However long a network asks to wait, and however far ahead a retry may lie."""

CLOCK_STEP = timedelta(minutes=1)
"""By so much a clock may be set back without any wait being cut short."""

LATE = timedelta(seconds=5)
"""A backfill post that goes out this much after its time was held up, not merely queued."""

PASSED_OVER_BY = DAY
"""Another topic is preferred only to what is owed at most so much longer: nothing waits for ever."""

TRIPS_AFTER = 5
"""Failures of a network in a row after which its channel counts as broken."""

MOST_STEPS = 1000
"""So many posts ahead are looked into."""

_BY_AGE = attrgetter("due", "uid")


class Overflow(StrEnum):
    """What becomes of new posts when more wait than the pace lets go in time."""

    DELAY = "delay"
    SKIP = "skip"
    EXPIRE = "expire"


class Why(StrEnum):
    """What a post waits for."""

    NOTHING = "nothing"
    DUE = "due"
    GAP = "gap"
    PER_HOUR = "per hour"
    PER_DAY = "per day"
    HOURS = "hours"
    BUDGET_PER_DAY = "budget per day"
    BUDGET_PER_MONTH = "budget per month"
    LIMIT = "limit"
    BREAKER = "breaker"
    ACCESS = "access"

    @property
    def in_words(self) -> str:
        """For operators, to stand behind "because"."""
        return _WORDS[self]


_WORDS = {
    Why.NOTHING: "nothing keeps it back",
    Why.DUE: "it is not due before",
    Why.GAP: "the gap to the last post",
    Why.PER_HOUR: "the hour's cap is reached",
    Why.PER_DAY: "the day's cap is reached",
    Why.HOURS: "outside active hours",
    Why.BUDGET_PER_DAY: "the day's budget is spent",
    Why.BUDGET_PER_MONTH: "the month's budget is spent",
    Why.LIMIT: "the network asked to wait",
    Why.BREAKER: "the network keeps failing",
    Why.ACCESS: "the network refuses access",
}


class Price(Struct, frozen=True):
    """What a network asks for one post."""

    amount: Decimal
    currency: str


class PaceRules(Struct, frozen=True):
    """A channel's pace; None where there is no limit.

    `jitter` is what is added to the gap at most, by chance that `seed` fixes. `zone` is that of hours and budgets.
    `interleaves`: prefer the post that shares fewest topics with the last. `expires_after`: how long a new post may
    wait. `price` is of one post, in the budgets' currency.
    """

    gap: timedelta = timedelta(0)
    jitter: timedelta = timedelta(0)
    per_hour: int | None = None
    per_day: int | None = None
    hours: tuple[Window, ...] = ()
    zone: tzinfo = UTC
    interleaves: bool = True
    overflow: Overflow = Overflow.DELAY
    expires_after: timedelta | None = None
    price: Decimal | None = None
    budget_per_day: Decimal | None = None
    budget_per_month: Decimal | None = None
    seed: str = ""

    @property
    def is_free(self) -> bool:
        """Whether a post may go at any time after another one."""
        limits = (
            self.per_hour,
            self.per_day,
            self.posts_for(self.budget_per_day),
            self.posts_for(self.budget_per_month),
        )
        return not self.gap and not self.jitter and all(limit is None for limit in limits)

    @property
    def memory(self) -> int:
        """How many of the last posts' times the pace depends on."""
        counts = (self.per_hour, self.per_day, self.posts_for(self.budget_per_day))
        return max(1, *(count or 0 for count in (*counts, self.posts_for(self.budget_per_month))))

    def posts_for(self, budget: Decimal | None) -> int | None:
        """How many posts a budget pays for; None: any number."""
        return None if budget is None or not self.price else int(budget // self.price)


class Waiting(Struct, frozen=True):
    """One thing owed that may be done when it is due.

    `is_post`: followers see something new, so that it has to keep to the pace; looking up, edits and deletions do not.
    `batch` is its backfill.
    """

    uid: str
    due: datetime
    origin: Origin = Origin.LIVE
    owed_since: datetime | None = None
    topics: frozenset[str] = frozenset()
    is_post: bool = True
    batch: str | None = None


class Circuit(StrEnum):
    """Whether posts flow to a network that fails."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Rest(Struct, frozen=True):
    """Until when a channel is left alone, since when and why; `words` tell more. `failures` are those in a row."""

    why: Why
    until: datetime
    words: str
    noted_at: datetime
    failures: int = 0

    def holds(self, now: datetime) -> bool:
        """Whether it is in force; one further ahead than any can last was written before the clock was set back."""
        return now < self.until <= now + LONGEST_REST + CLOCK_STEP

    def circuit(self, now: datetime) -> Circuit:
        """How a channel that fails stands: it rests, or one post may try whether the network is back."""
        if self.failures < TRIPS_AFTER:
            return Circuit.CLOSED
        return Circuit.OPEN if now < self.until else Circuit.HALF_OPEN


class Past(Struct, frozen=True):
    """What was done: times of posts that stand or may stand, ascending, the topics of the newest, and rests."""

    sent: tuple[datetime, ...] = ()
    topics: frozenset[str] = frozenset()
    rests: tuple[Rest, ...] = ()

    def and_(self, at: datetime, topics: frozenset[str]) -> Past:
        """With one more post."""
        return replace(self, sent=(*self.sent, at), topics=topics)


class Outlook(Struct, frozen=True):
    """What a channel did and owes; of long queues, what comes first."""

    past: Past
    queue: tuple[Waiting, ...]


class Turn(Struct, frozen=True):
    """What goes next, when, and what it waits for until then."""

    uid: str
    at: datetime
    why: Why


class Forecast(Struct, frozen=True):
    """When one delivery will go, why not sooner, and how many posts go before it."""

    at: datetime
    why: Why
    before: int


class Dropped(Struct, frozen=True):
    """A post that is not sent any more, and why."""

    uid: str
    reason: str
    code: Reason = Reason.OVERFLOW


class _End(Struct, frozen=True):
    at: datetime
    why: Why


def turn(rules: PaceRules, past: Past, queue: Sequence[Waiting], now: datetime) -> Turn | None:
    """What a channel does next, and when: `now` if at once. None if nothing is owed, or no budget will ever pay for it.

    Args:
        rules: the channel's pace.
        past: what was done so far.
        queue: what is owed, in any order.
        now: aware UTC.
    """
    rest = _latest([_End(one.until, one.why) for one in past.rests if one.holds(now)], now)
    posts = [one for one in queue if one.is_post]
    post = _next_post(rules, past, posts, rest, now)
    if len(posts) == len(queue):
        return post
    others = [one for one in queue if not one.is_post]
    soonest = min(others, key=lambda one: (_due(one, now), one.uid))
    end = _latest([rest, _End(_due(soonest, now), Why.DUE)], now)
    return Turn(soonest.uid, end.at, end.why) if post is None or end.at <= post.at else post


def forecast(rules: PaceRules, past: Past, queue: Sequence[Waiting], now: datetime, uid: str) -> Forecast | None:
    """When that delivery will go if nothing new comes between; None if it never will, or is too far to tell."""
    rest = {one.uid: one for one in queue}
    why, before = Why.NOTHING, 0
    for _ in range(MOST_STEPS):
        step = turn(rules, past, list(rest.values()), now)
        if step is None:
            return None
        why = step.why if step.at > now else why
        if step.uid == uid:
            return Forecast(step.at, why, before)
        now, gone = step.at, rest.pop(step.uid)
        if gone.is_post:
            past, before = past.and_(now, gone.topics), before + 1
            _push_back(rest, gone, now)
    return None


def dropped(rules: PaceRules, past: Past, queue: Sequence[Waiting], now: datetime) -> tuple[Dropped, ...]:
    """New posts that are not to be sent any more: those that waited too long, and those over what fits."""
    live = sorted(_live(queue), key=lambda one: (_since(one), one.uid))
    stale = [one for one in live if (end := drops_at(rules, one)) is not None and now > end]
    gone = [Dropped(one.uid, f"expired: it waited longer than {rules.expires_after}", Reason.EXPIRED) for one in stale]
    fresh = live[len(stale) :]
    over = 0 if rules.overflow is Overflow.DELAY else len(fresh) - _fitting(rules, past, fresh, now)
    if not over:
        return tuple(gone)
    chosen = fresh[-over:] if rules.overflow is Overflow.SKIP else fresh[:over]
    reason = f"over the pace: {len(fresh)} wait, {len(fresh) - over} fit (`overflow: {rules.overflow}`)"
    return (*gone, *(Dropped(one.uid, reason) for one in chosen))


def drops_at(rules: PaceRules, one: Waiting) -> datetime | None:
    """When a post will have waited too long; None if it may wait for ever."""
    is_new = one.is_post and one.origin is Origin.LIVE
    return _since(one) + rules.expires_after if is_new and rules.expires_after is not None else None


def rest_after(failures: int, now: datetime, *, first: timedelta, longest: timedelta) -> datetime:
    """Until when a channel rests after so many failures in a row: twice as long each time."""
    doublings: int = 2 ** min(max(failures - 1, 0), 16)
    return now + min(first * doublings, longest)


def _next_post(rules: PaceRules, past: Past, queue: list[Waiting], rest: _End, now: datetime) -> Turn | None:
    if not queue or 0 in (rules.posts_for(rules.budget_per_day), rules.posts_for(rules.budget_per_month)):
        return None
    due = [one for one in queue if one.due <= now]
    waits = [] if due else [_End(min(_due(one, now) for one in queue), Why.DUE)]
    end = _latest([rest, *_ends(rules, past.sent, now), *waits], now)
    opens = opens_at(rules.hours, rules.zone, end.at)
    if opens > end.at:
        end = _End(opens, Why.HOURS)
    if len(due) < len(queue):
        due = [one for one in queue if one.due <= now or _due(one, now) <= end.at]
    return Turn(_chosen(rules, past, due).uid, end.at, end.why)


def _ends(rules: PaceRules, sent: tuple[datetime, ...], now: datetime) -> Iterator[_End]:
    """Until when each limit keeps the next post back; limits that do not are left out.

    A time further ahead than its limit reaches was written before the clock was set back, and does not count.
    """
    if sent and (rules.gap or rules.jitter) and (known := _known(sent, now, rules.gap + rules.jitter)):
        yield _End(known[-1] + rules.gap + rules.jitter * _chance(rules.seed, known[-1]), Why.GAP)
    for cap, length, why in ((rules.per_hour, HOUR, Why.PER_HOUR), (rules.per_day, DAY, Why.PER_DAY)):
        if cap is not None and len(known := _known(sent, now, length)) >= cap:
            yield _End(known[-cap] + length, why)
    for budget, length, ends, why in (
        (rules.budget_per_day, DAY, next_day, Why.BUDGET_PER_DAY),
        (rules.budget_per_month, MONTH, next_month, Why.BUDGET_PER_MONTH),
    ):
        count = rules.posts_for(budget)
        if count is not None and len(known := _known(sent, now, length)) >= count:
            yield _End(ends(known[-count], rules.zone), why)


def _known(sent: tuple[datetime, ...], now: datetime, length: timedelta) -> tuple[datetime, ...]:
    return sent[: bisect_right(sent, now + length + CLOCK_STEP)]


def _chance(seed: str, last: datetime) -> float:
    """From 0 to 1, the same for one post whoever asks, so that a restart or a second look draws no other lot."""
    digest = hashlib.sha256(f"{seed}\x1f{last.isoformat()}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def _chosen(rules: PaceRules, past: Past, due: list[Waiting]) -> Waiting:
    """Live before backfill, then the oldest, unless it shares more topics with the last post than another one."""
    live = Origin.LIVE  # an enum's members are slow to reach
    first = [one for one in due if one.origin is live] or due
    oldest = min(first, key=_BY_AGE)
    if not rules.interleaves or not past.topics & oldest.topics:
        return oldest
    near = (one for one in first if one.due - oldest.due <= PASSED_OVER_BY)
    return min(near, key=lambda one: (len(one.topics & past.topics), one.due, one.uid))


def _latest(ends: Sequence[_End], now: datetime) -> _End:
    """What keeps back longest; of equal ones, and of those that are over, the first."""
    return max([_End(now, Why.NOTHING), *ends], key=lambda end: end.at)


def _due(one: Waiting, now: datetime) -> datetime:
    """What lies further ahead than any retry was written before the clock was set back; a backfill may lie far."""
    is_off = one.origin is Origin.LIVE and one.due - now > LONGEST_REST + CLOCK_STEP
    return now if is_off else one.due


def _since(one: Waiting) -> datetime:
    return one.owed_since or one.due


def _live(queue: Sequence[Waiting]) -> list[Waiting]:
    return [one for one in queue if one.is_post and one.origin is Origin.LIVE]


def _fitting(rules: PaceRules, past: Past, queue: list[Waiting], now: datetime) -> int:
    """How many of these go within the time that they may wait, or a day."""
    horizon = now + (rules.expires_after or DAY)
    rest, at = {one.uid: one for one in queue}, now
    for count in range(len(queue)):
        step = turn(rules, past, list(rest.values()), at)
        if step is None or step.at >= horizon:
            return count
        at, gone = step.at, rest.pop(step.uid)
        past = past.and_(at, gone.topics)
    return len(queue)


def _push_back(rest: dict[str, Waiting], gone: Waiting, at: datetime) -> None:
    """A backfill that was held up goes on at its pace: what comes after the late one keeps its distance."""
    lag = at - gone.due
    if gone.origin is not Origin.BACKFILL or lag <= LATE:
        return
    behind = [one for one in rest.values() if one.origin is Origin.BACKFILL and one.batch == gone.batch]
    rest.update((one.uid, replace(one, due=one.due + lag)) for one in behind if one.due > gone.due)
