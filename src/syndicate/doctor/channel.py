"""One channel: whether it would post now, on what terms, how it stands, and what its network told on the way."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.doctor.finding import Finding, Level
from syndicate.durations import written
from syndicate.errors import NetworkError, RateLimited, Unauthorized
from syndicate.outbox.delivery import Action, State
from syndicate.outbox.pace import Outlook, PaceRules, Rest, Turn, Why
from syndicate.ports.channel import Channel, Quota, Rights
from syndicate.ports.outbox import ChannelCounts, Doubt
from syndicate.ports.web import Heard, Sight
from syndicate.posts.post import ImageRules

SOON = timedelta(days=14)
"""So long before an access ends a person is asked to renew it."""

_LIMITS = ("x-ratelimit", "ratelimit", "x-rate-limit")
"""How networks name the headers that tell a limit: Mastodon and Discord, Bluesky, X."""

_EPOCH = re.compile(r"\d{9,11}(\.\d+)?")
_COUNT = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Books:
    """What the state knows of a channel: its deliveries, last posts and queue, next turn, and the rests in force.

    `doubt` is what may have been sent without the state knowing, after another state was put in its place.
    """

    counts: ChannelCounts
    waiting: int
    outlook: Outlook
    turn: Turn | None
    rests: tuple[Rest, ...]
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """A channel with all that is known of it without asking its network.

    `needs_sign_in`: a person gives access at a browser. `books` is None where nothing was published yet, or the state
    cannot be read. `heard` gives what hosts answered so far. `overview` names the network's page in the docs.
    """

    channel: Channel
    title: str
    cost: str
    quotas: tuple[Quota, ...]
    needs_sign_in: bool
    rules: PaceRules
    currency: str
    overview: str
    books: Books | None
    heard: Callable[[], Sequence[Heard]]


async def access_findings(patient: Patient, sight: Sight, now: datetime) -> AsyncIterator[Finding]:
    """Ask the network, posting nothing: is it there, are we let in, as whom, and with what limits."""
    channel = patient.channel
    if channel.is_rehearsal:
        yield Finding(Level.OK, "D-ACCESS", channel.name, f"{patient.title}: needs no access")
        return
    if channel.address is not None:
        yield await _reach_finding(channel.name, channel.address, sight)
        return
    try:
        await channel.open()
    except NetworkError as error:
        yield _refusal(patient, error)
    else:
        standing = await channel.standing()
        who = standing.who or channel.account
        yield Finding(Level.OK, "D-ACCESS", channel.name, f"{patient.title}: works, as {who}", facts={"who": who})
        yield await _rights(channel)
        async for finding in _allowance(channel):
            yield finding
    hosts = sorted({one.host for one in patient.heard()})
    if hosts:
        yield Finding(Level.OK, "D-REACH", channel.name, f"{', '.join(hosts)} answered", facts={"hosts": hosts})
    for told in quota_told(patient.heard(), now):
        words = f"the network takes {told.remaining} more requests"
        words += f" until {told.until:%Y-%m-%d %H:%M}Z" if told.until else ""
        facts = {"remaining": told.remaining, "until": told.until}
        level = Level.WARNING if told.remaining == 0 else Level.OK
        yield Finding(
            level, "D-QUOTA", channel.name, words, "posts wait until then" if not told.remaining else "", facts
        )


async def term_findings(patient: Patient, now: datetime) -> AsyncIterator[Finding]:
    """On what terms it posts: end of the access, limits, promise, cost, pace. The network is not asked."""
    channel = patient.channel
    standing = await channel.standing()
    if standing.until is not None:
        yield expiry_finding(channel.name, standing.until, now, needs_sign_in=patient.needs_sign_in)
    yield _room(channel)
    promise = channel.guarantee.in_words
    yield Finding(Level.OK, "D-PROMISE", channel.name, f"promise: {promise}", facts={"promise": promise})
    yield _cost(patient, now)
    yield Finding(Level.OK, "D-PACE", channel.name, f"pace: {pace_in_words(patient.rules)}")
    for quota in patient.quotas:
        yield _declared(patient, quota, now)


def book_findings(patient: Patient, now: datetime) -> Iterator[Finding]:
    """How its deliveries stand, what waits for a person, and what keeps it silent."""
    name, books = patient.channel.name, patient.books
    if books is None:
        return
    yield _queue(name, books, now)
    unknown = books.counts.states.get(State.UNKNOWN, 0)
    if unknown:
        words = f"{unknown} posts are unclear: whether they were made is looked up before anything is sent again"
        yield Finding(Level.NOTE, "D-UNKNOWN", name, words, facts={"unknown": unknown})
    if books.waiting:
        states = {state.value: books.counts.states.get(state, 0) for state in (State.HELD, State.FAILED, State.DEAD)}
        told = ", ".join(f"{number} {state}" for state, number in states.items() if number)
        words = f"{books.waiting} wait for you ({told})"
        remedy = f"`syndicate held list --channel {name}` tells why, `syndicate held resolve` decides"
        yield Finding(Level.WARNING, "D-HELD", name, words, remedy, states)
    if books.doubt is not None:
        since, until = (f"{at:%Y-%m-%d %H:%M}Z" for at in (books.doubt.since, books.doubt.until))
        words = (
            f"what was sent from {since} to {until} is not known to this state; it is looked up before anything is sent"
        )
        yield Finding(
            Level.NOTE, "D-DOUBT", name, words, facts={"since": books.doubt.since, "until": books.doubt.until}
        )
    for rest in books.rests:
        yield _rest(patient, rest)


def expiry_finding(name: str, until: datetime, now: datetime, *, needs_sign_in: bool) -> Finding:
    """Whether an access ends soon unless a person renews it."""
    facts = {"until": until}
    remedy = f"`syndicate auth {name}` renews it" if needs_sign_in else "make a new token, and set it"
    if until <= now:
        return Finding(Level.PROBLEM, "D-EXPIRY", name, f"the access ended {until:%Y-%m-%d}", remedy, facts)
    words = f"the access lasts until {until:%Y-%m-%d}"
    if until - now < SOON:
        return Finding(Level.WARNING, "D-EXPIRY", name, words, remedy, facts)
    return Finding(Level.OK, "D-EXPIRY", name, words, facts=facts)


def rights_finding(name: str, rights: Rights) -> Finding:
    """What the access may do, as far as the network tells."""
    facts = {"has": list(rights.has), "lacks": list(rights.lacks), "excess": list(rights.excess)}
    if rights.lacks:
        words = f"the access lacks {', '.join(rights.lacks)}"
        return Finding(Level.PROBLEM, "D-SCOPES", name, words, "give the access these rights, and sign in anew", facts)
    if rights.excess:
        words = f"the access may do more than posting takes: {', '.join(rights.excess)}"
        return Finding(Level.WARNING, "D-SCOPES", name, words, "make an access that may only post, and set it", facts)
    if rights.is_told:
        return Finding(Level.OK, "D-SCOPES", name, f"the access may: {', '.join(rights.has)}", facts=facts)
    return Finding(Level.NOTE, "D-SCOPES", name, "rights not known: the network does not tell", facts=facts)


@dataclass(frozen=True, slots=True)
class Told:
    """What a network told of its own limit: how many more requests it takes, until when (None: not told)."""

    remaining: int
    until: datetime | None


def quota_told(heard: Sequence[Heard], now: datetime) -> tuple[Told, ...]:
    """The tightest limit that the last answers told; empty if none did."""
    found = []
    for one in heard:
        headers = {key.lower(): value.strip() for key, value in one.headers.items()}
        for prefix in _LIMITS:
            remaining = headers.get(f"{prefix}-remaining", "")
            if _COUNT.fullmatch(remaining):
                found.append(Told(int(remaining), _moment(headers.get(f"{prefix}-reset", ""), now)))
    return (min(found, key=lambda told: told.remaining),) if found else ()


def pace_in_words(rules: PaceRules) -> str:
    """How fast a channel posts at most."""
    parts = []
    if rules.gap or rules.jitter:
        more = f" and up to {written(rules.jitter)} more by chance" if rules.jitter else ""
        parts.append(f"{written(rules.gap)}{more} between two posts")
    parts += [f"at most {rules.per_hour} an hour"] if rules.per_hour is not None else []
    parts += [f"at most {rules.per_day} a day"] if rules.per_day is not None else []
    parts += [f"only in active hours ({rules.zone})"] if rules.hours else []
    parts += [f"new posts expire after {written(rules.expires_after)}"] if rules.expires_after is not None else []
    return "; ".join(parts) or "as fast as the network takes them"


async def _rights(channel: Channel) -> Finding:
    try:
        return rights_finding(channel.name, await channel.rights())
    except NetworkError as error:
        words = f"what the access may do could not be asked: {error}"
        return Finding(Level.NOTE, "D-SCOPES", channel.name, words)


async def _allowance(channel: Channel) -> AsyncIterator[Finding]:
    try:
        told = await channel.allowance()
    except NetworkError as error:
        yield Finding(Level.NOTE, "D-QUOTA", channel.name, f"what is left of the quota could not be asked: {error}")
        return
    if told is None:
        return
    facts = {"used": told.used, "total": told.total, "per_s": told.per.total_seconds()}
    words = f"the network counts {told.used} of {told.total} posts used in {written(told.per)}"
    if told.used >= told.total:
        yield Finding(Level.WARNING, "D-QUOTA", channel.name, words, "nothing to do: posts wait", facts)
    else:
        yield Finding(Level.OK, "D-QUOTA", channel.name, words, facts=facts)


def picture_in_words(image: ImageRules) -> str:
    """What a picture must be."""
    kinds = ", ".join(kind.removeprefix("image/") for kind in image.media_types)
    words = f"alt text of {image.limit_alt} characters" if image.limit_alt else "without alt text"
    return f"{kinds}, at most {image.limit_bytes} bytes, {words}"


def abilities_in_words(channel: Channel) -> str:
    """What can be done about a post besides making it; empty: nothing."""
    return ", ".join(sorted(action.value for action in channel.abilities - {Action.POST}))


def _refusal(patient: Patient, error: NetworkError) -> Finding:
    name = patient.channel.name
    match error:
        case RateLimited(until=until):
            words = f"{patient.title}: asks to wait until {until:%Y-%m-%d %H:%M}Z ({error})"
            return Finding(
                Level.WARNING, "D-QUOTA", name, words, "nothing to do: posts wait until then", {"until": until}
            )
        case Unauthorized():
            remedy = f"`syndicate auth {name}` signs in anew; {patient.overview} says what it needs"
            if not patient.needs_sign_in:
                remedy = f"{patient.overview} says what it needs"
            return Finding(Level.PROBLEM, "D-ACCESS", name, f"{patient.title}: refuses access: {error}", remedy)
    remedy = "see whether this machine reaches the network (name server, firewall), and whether the address is right"
    return Finding(Level.PROBLEM, "D-REACH", name, f"{patient.title}: {error}", remedy)


async def _reach_finding(name: str, address: str, sight: Sight) -> Finding:
    try:
        reached = await sight.reach(address)
    except NetworkError as error:
        remedy = "see whether this machine reaches it (name server, firewall), and whether the address is right"
        return Finding(Level.PROBLEM, "D-REACH", name, str(error), remedy)
    words = f"{address} takes connections; whether it takes posts is seen at the first one, as it answers nothing else"
    return Finding(Level.OK, "D-REACH", name, words, facts={"took_ms": reached.took_ms})


def _room(channel: Channel) -> Finding:
    room, image = channel.wants.room, channel.wants.image
    words = f"text: at most {room.limit} {room.measure.value}"
    words += f"; picture: {picture_in_words(image)}" if image is not None else ""
    others = abilities_in_words(channel)
    words += f"; can also {others}" if others else ""
    facts: Mapping[str, object] = {
        "text_limit": room.limit,
        "text_unit": room.measure.value,
        "picture_bytes": image.limit_bytes if image else None,
    }
    return Finding(Level.OK, "D-LIMITS", channel.name, words, facts=facts)


def _cost(patient: Patient, now: datetime) -> Finding:
    name, rules = patient.channel.name, patient.rules
    if rules.price is None:
        return Finding(Level.OK, "D-COST", name, f"cost: {patient.cost}")
    words = f"cost: {rules.price} {patient.currency} a post"
    facts: dict[str, object] = {"price": str(rules.price), "currency": patient.currency}
    local = now.astimezone(rules.zone)
    sent = patient.books.outlook.past.sent if patient.books else ()
    spent = [at.astimezone(rules.zone) for at in sent]
    is_short = False
    for period, budget, form in (("day", rules.budget_per_day, "%Y-%m-%d"), ("month", rules.budget_per_month, "%Y-%m")):
        used = rules.price * sum(f"{at:{form}}" == f"{local:{form}}" for at in spent)
        facts |= {f"used_per_{period}": str(used), f"budget_per_{period}": None if budget is None else str(budget)}
        if budget is not None:
            words += f"; {used} of {budget} used this {period}"
            is_short = is_short or used + rules.price > budget
    if is_short:
        remedy = "nothing to do: posts wait for the next period; raise the budget if they must not"
        return Finding(Level.WARNING, "D-COST", name, words, remedy, facts)
    if rules.budget_per_day is None and rules.budget_per_month is None:
        remedy = "set `budget_per_month`, so that no slip can cost more"
        return Finding(Level.WARNING, "D-COST", name, f"{words}; no budget is set", remedy, facts)
    return Finding(Level.OK, "D-COST", name, words, facts=facts)


def _declared(patient: Patient, quota: Quota, now: datetime) -> Finding:
    name = patient.channel.name
    words = f"the network takes {quota.posts} {'post' if quota.posts == 1 else 'posts'} in {written(quota.per)}"
    words += f" ({quota.about})" if quota.about else ""
    facts: dict[str, object] = {"posts": quota.posts, "per_s": quota.per.total_seconds()}
    if patient.books is not None and not quota.about:
        used = sum(at > now - quota.per for at in patient.books.outlook.past.sent)
        words += f"; {used} went out from here"
        facts |= {"used": used}
    return Finding(Level.OK, "D-QUOTA", name, words, facts=facts)


def _queue(name: str, books: Books, now: datetime) -> Finding:
    states = books.counts.states
    owed = sum(states.get(state, 0) for state in (State.PLANNED, State.CLAIMED, State.SENDING, State.PAUSED))
    words = f"{states.get(State.SENT, 0)} sent"
    if books.counts.last_sent is not None:
        words += f", the last {books.counts.last_sent:%Y-%m-%d %H:%M}Z"
    words += f"; {owed} owed"
    turn = books.turn
    if turn is not None:
        words += ", the next now" if turn.at <= now else f", the next {turn.at:%Y-%m-%d %H:%M}Z ({turn.why.in_words})"
    facts = {state.value: number for state, number in states.items()} | {"last_sent": books.counts.last_sent}
    return Finding(Level.OK, "D-QUEUE", name, words, facts=facts)


def _rest(patient: Patient, rest: Rest) -> Finding:
    name, words = patient.channel.name, f": {rest.words}" if rest.words else ""
    facts: Mapping[str, object] = {"why": rest.why.value, "until": rest.until, "failures": rest.failures}
    match rest.why:
        case Why.ACCESS:
            told = f"access was refused {rest.noted_at:%Y-%m-%d %H:%M}Z{words}; what is owed is kept"
            remedy = f"`syndicate auth {name}` renews it" if patient.needs_sign_in else "set a token that works"
            return Finding(Level.PROBLEM, "D-REST", name, told, remedy, facts)
        case Why.BREAKER:
            failures = "1 failure" if rest.failures == 1 else f"{rest.failures} failures"
            told = f"paused after {failures} until {rest.until:%Y-%m-%d %H:%M}Z{words}"
            remedy = "nothing to do if the network is down: it is tried again by itself"
            return Finding(Level.WARNING, "D-REST", name, told, remedy, facts)
    told = f"the network asked to wait until {rest.until:%Y-%m-%d %H:%M}Z"
    return Finding(Level.NOTE, "D-REST", name, told, facts=facts)


def _moment(text: str, now: datetime) -> datetime | None:
    """When a limit is lifted: an epoch, seconds from now, or an ISO 8601 time."""
    try:
        if _EPOCH.fullmatch(text):
            return datetime.fromtimestamp(float(text), now.tzinfo)
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return now + timedelta(seconds=float(text))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else None
