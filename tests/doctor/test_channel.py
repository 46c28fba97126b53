"""One channel: whether it would post, on what terms, and how it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec import structs

from doctor.looking import NOW, FakeSight, page
from syndicate.doctor.channel import (
    Books,
    Patient,
    access_findings,
    book_findings,
    expiry_finding,
    pace_in_words,
    picture_in_words,
    quota_told,
    term_findings,
)
from syndicate.doctor.finding import Finding
from syndicate.errors import NetworkError, RateLimited, Transient, Unauthorized
from syndicate.outbox.delivery import Action, Evidence, Guarantee, State
from syndicate.outbox.hours import window_of
from syndicate.outbox.pace import Outlook, PaceRules, Past, Rest, Turn, Why
from syndicate.ports.channel import Allowance, Channel, Quota, Rights, Standing
from syndicate.ports.outbox import ChannelCounts, Doubt
from syndicate.ports.web import Heard
from syndicate.posts.post import ImageRules, Room, Shape, Wants


class FakeChannel(Channel):
    """Opens as it is told to."""

    name, network, account, is_rehearsal = "news", "mastodon", "social.example", False
    wants = Wants(Room(500), ImageRules(Shape.CARD, 1_000_000))
    guarantee = Guarantee(timedelta.max, Evidence.NONE)
    abilities = frozenset(Action)
    address: str | None = None

    def __init__(
        self,
        refusal: NetworkError | None = None,
        standing: Standing | None = None,
        rights: Rights | NetworkError | None = None,
    ) -> None:
        self.refusal = refusal
        self.told = rights
        self.left: Allowance | NetworkError | None = None
        self.stands = standing or Standing()
        self.is_opened = False

    async def open(self) -> None:
        self.is_opened = True
        if self.refusal is not None:
            raise self.refusal

    async def standing(self) -> Standing:
        return self.stands

    async def allowance(self) -> Allowance | None:
        if isinstance(self.left, NetworkError):
            raise self.left
        return self.left

    async def rights(self) -> Rights:
        if isinstance(self.told, NetworkError):
            raise self.told
        return self.told or await super().rights()


def patient(channel: Channel | None = None, *, rules: PaceRules | None = None, books: Books | None = None) -> Patient:
    return Patient(
        channel=channel or FakeChannel(),
        title="Mastodon",
        cost="free",
        quotas=(),
        needs_sign_in=True,
        rules=rules or PaceRules(),
        currency="USD",
        overview="docs/networks/mastodon.md",
        books=books,
        heard=lambda: (),
    )


def books(
    *,
    states: dict[State, int] | None = None,
    waiting: int = 0,
    sent: tuple[timedelta, ...] = (),
    turn: Turn | None = None,
    rests: tuple[Rest, ...] = (),
) -> Books:
    past = Past(tuple(sorted(NOW - ago for ago in sent)))
    last = past.sent[-1] if past.sent else None
    counts = ChannelCounts("news", "social.example", states or {}, last_sent=last)
    return Books(counts, waiting, Outlook(past, ()), turn, rests)


async def access(one: Patient, sight: FakeSight | None = None) -> dict[str, Finding]:
    return {found.code: found async for found in access_findings(one, sight or FakeSight({}), NOW)}


async def terms(one: Patient) -> dict[str, Finding]:
    return {found.code: found async for found in term_findings(one, NOW)}


async def test_channel_that_works_tells_as_whom() -> None:
    found = await access(patient(FakeChannel(standing=Standing("@news", ("write",)))))

    assert (found["D-ACCESS"].level, found["D-ACCESS"].facts["who"]) == ("ok", "@news")
    assert (found["D-SCOPES"].level, "write" in found["D-SCOPES"].words) == ("ok", True)


@pytest.mark.parametrize(
    ("rights", "level", "words"),
    [
        (Rights(), "note", "does not tell"),
        (Rights(("post",)), "ok", "may: post"),
        (Rights(("read",), ("write:statuses",), ("all",)), "problem", "lacks write:statuses"),
        (Rights((), ("post",)), "problem", "lacks post"),
        (Rights(("post",), excess=("the account's own password",)), "warning", "more than posting takes"),
        (Transient("no answer"), "note", "could not be asked: no answer"),
    ],
)
async def test_rights_are_told_with_what_they_lack(rights: Rights | NetworkError, level: str, words: str) -> None:
    found = await access(patient(FakeChannel(rights=rights)))

    assert (found["D-SCOPES"].level, words in found["D-SCOPES"].words) == (level, True), found["D-SCOPES"].words


@pytest.mark.parametrize(
    ("left", "level", "words"),
    [
        (Allowance(2, 100, timedelta(days=1)), "ok", "2 of 100 posts used in 1d"),
        (Allowance(100, 100, timedelta(days=1)), "warning", "100 of 100"),
        (Transient("no answer"), "note", "could not be asked: no answer"),
    ],
)
async def test_quota_is_told_by_the_networks_own_count(left: Allowance | NetworkError, level: str, words: str) -> None:
    channel = FakeChannel()
    channel.left = left

    found = await access(patient(channel))

    assert (found["D-QUOTA"].level, words in found["D-QUOTA"].words) == (level, True), found["D-QUOTA"].words


@pytest.mark.parametrize(
    ("refusal", "code", "level"),
    [
        (Unauthorized("401"), "D-ACCESS", "problem"),
        (Transient("cannot connect"), "D-REACH", "problem"),
        (RateLimited("429", NOW + timedelta(minutes=5)), "D-QUOTA", "warning"),
    ],
)
async def test_refusal_is_told_by_its_kind(refusal: NetworkError, code: str, level: str) -> None:
    found = await access(patient(FakeChannel(refusal)))

    assert [(one.code, one.level.value) for one in found.values()] == [(code, level)]
    assert found[code].remedy


@pytest.mark.parametrize("needs_sign_in", [True, False])
async def test_way_back_in_is_the_one_of_the_network(needs_sign_in: bool) -> None:
    one = replace(patient(FakeChannel(Unauthorized("401"))), needs_sign_in=needs_sign_in)

    found = await access(one)

    assert ("syndicate auth news" in found["D-ACCESS"].remedy) is needs_sign_in


@pytest.mark.parametrize(("pages", "level"), [({"https://hooks.example/": page()}, "ok"), ({}, "problem")])
async def test_host_that_answers_nothing_is_only_reached(pages: dict[str, object], level: str) -> None:
    channel = FakeChannel()
    channel.address = "https://hooks.example"

    found = await access(patient(channel), FakeSight(pages))  # type: ignore[arg-type]  # no page is read

    assert [(one.code, one.level.value) for one in found.values()] == [("D-REACH", level)]
    assert not channel.is_opened


async def test_rehearsal_is_not_opened() -> None:
    channel = FakeChannel()
    channel.is_rehearsal = True

    found = await access(patient(channel))

    assert list(found) == ["D-ACCESS"]
    assert not channel.is_opened


@pytest.mark.parametrize(("remaining", "level"), [("7", "ok"), ("0", "warning")])
async def test_what_the_network_tells_of_its_limit_is_told(remaining: str, level: str) -> None:
    heard = Heard("social.example", 0.0, {"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": "60"})

    found = await access(replace(patient(), heard=lambda: (heard,)))

    assert found["D-QUOTA"].level == level
    assert found["D-QUOTA"].facts["until"] == NOW + timedelta(seconds=60)
    assert "social.example answered" in found["D-REACH"].words


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, []),
        ({"RateLimit-Remaining": "many"}, []),
        ({"RateLimit-Remaining": "9" * 4301}, []),
        ({"ratelimit-remaining": "5"}, [(5, None)]),
        ({"x-rate-limit-remaining": "5", "x-rate-limit-reset": "1795435260"}, [(5, 60)]),
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "2026-11-23T12:01:00Z"}, [(5, 60)]),
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "2026-11-23T12:01:00"}, [(5, None)]),
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "soon"}, [(5, None)]),
        ({"X-RateLimit-Remaining": "5", "RateLimit-Remaining": "3"}, [(3, None)]),
    ],
)
def test_limits_are_read_in_every_spelling(headers: dict[str, str], expected: list[tuple[int, int | None]]) -> None:
    told = quota_told([Heard("x", None, headers)], NOW)

    seconds = [(one.remaining, None if one.until is None else int((one.until - NOW).total_seconds())) for one in told]
    assert seconds == expected


@pytest.mark.parametrize(("days", "level"), [(-1, "problem"), (0, "problem"), (13, "warning"), (15, "ok")])
def test_access_that_ends_soon_is_warned_of(days: int, level: str) -> None:
    assert expiry_finding("news", NOW + timedelta(days=days), NOW, needs_sign_in=True).level == level


@pytest.mark.parametrize("needs_sign_in", [True, False])
async def test_end_of_access_is_told_where_it_is_known(needs_sign_in: bool) -> None:
    one = patient(FakeChannel(standing=Standing(until=NOW + timedelta(days=3))))

    found = await terms(replace(one, needs_sign_in=needs_sign_in))

    assert ("syndicate auth" in found["D-EXPIRY"].remedy) is needs_sign_in
    assert "D-EXPIRY" not in await terms(patient())


async def test_terms_are_told_without_asking() -> None:
    channel = FakeChannel()

    found = await terms(replace(patient(channel), quotas=(Quota(300, timedelta(hours=3)),)))

    assert sorted(found) == ["D-COST", "D-LIMITS", "D-PACE", "D-PROMISE", "D-QUOTA"]
    assert found["D-PROMISE"].facts["promise"] == channel.guarantee.in_words
    assert not channel.is_opened


async def test_declared_quota_is_held_against_what_went_out() -> None:
    hours = timedelta(hours=1)
    one = patient(books=books(sent=(hours, 2 * hours, 4 * hours)))

    found = await terms(replace(one, quotas=(Quota(300, 3 * hours),)))

    assert found["D-QUOTA"].facts["used"] == 2


PRICED = PaceRules(price=Decimal("0.2"))
DAY = structs.replace(PRICED, budget_per_day=Decimal("0.5"))
MONTH = structs.replace(PRICED, budget_per_month=Decimal("10"))


@pytest.mark.parametrize(
    ("rules", "sent", "level", "used"),
    [
        (PRICED, 1, "warning", "0.2"),
        (DAY, 1, "ok", "0.2"),
        (DAY, 2, "warning", "0.4"),
        (MONTH, 3, "ok", "0.6"),
        (PaceRules(), 3, "ok", None),
    ],
)
async def test_cost_is_held_against_its_budget(rules: PaceRules, sent: int, level: str, used: str | None) -> None:
    found = await terms(patient(rules=rules, books=books(sent=tuple(timedelta(minutes=n) for n in range(sent)))))

    assert (found["D-COST"].level, found["D-COST"].facts.get("used_per_day")) == (level, used)


async def test_cost_of_a_channel_without_books_is_nothing_so_far() -> None:
    assert (await terms(patient(rules=DAY)))["D-COST"].facts["used_per_day"] == "0.0"


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (PaceRules(), "as fast as the network takes them"),
        (PaceRules(gap=timedelta(minutes=5)), "5m between two posts"),
        (
            PaceRules(gap=timedelta(minutes=5), jitter=timedelta(minutes=1), per_hour=3, per_day=9),
            "5m and up to 1m more by chance between two posts; at most 3 an hour; at most 9 a day",
        ),
        (
            PaceRules(hours=(window_of("08:00-22:00"),), expires_after=timedelta(days=1)),
            "only in active hours (UTC); new posts expire after 1d",
        ),
    ],
)
def test_pace_is_told_in_words(rules: PaceRules, words: str) -> None:
    assert pace_in_words(rules) == words


def test_channel_without_books_has_nothing_to_tell() -> None:
    assert list(book_findings(patient(), NOW)) == []


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (None, "0 sent; 2 owed"),
        (Turn("u", NOW, Why.NOTHING), "the next now"),
        (Turn("u", NOW + timedelta(hours=1), Why.GAP), "the next 2026-11-23 13:00Z (the gap to the last post)"),
    ],
)
def test_queue_is_told_with_its_next_turn(turn: Turn | None, words: str) -> None:
    found = next(book_findings(patient(books=books(states={State.PLANNED: 1, State.CLAIMED: 1}, turn=turn)), NOW))

    assert (found.code, words in found.words) == ("D-QUEUE", True), found.words


def test_what_waits_for_a_person_is_told_with_the_command() -> None:
    one = patient(books=books(states={State.HELD: 2, State.DEAD: 1, State.UNKNOWN: 1}, waiting=3, sent=(timedelta(1),)))

    found = {finding.code: finding for finding in book_findings(one, NOW)}

    assert (found["D-HELD"].level, found["D-HELD"].facts) == ("warning", {"held": 2, "failed": 0, "dead": 1})
    assert "syndicate held list --channel news" in found["D-HELD"].remedy
    assert found["D-UNKNOWN"].level == "note"
    assert "the last 2026-11-22" in found["D-QUEUE"].words


def test_doubt_about_what_was_sent_is_told() -> None:
    doubt = Doubt(NOW - timedelta(days=1), NOW)

    told = {one.code: one for one in book_findings(patient(books=replace(books(), doubt=doubt)), NOW)}

    assert (told["D-DOUBT"].level, "from 2026-11-22 12:00Z" in told["D-DOUBT"].words) == ("note", True)


@pytest.mark.parametrize(("why", "level"), [(Why.ACCESS, "problem"), (Why.BREAKER, "warning"), (Why.LIMIT, "note")])
@pytest.mark.parametrize("needs_sign_in", [True, False])
def test_rests_are_told_by_what_they_ask_of_a_person(why: Why, level: str, needs_sign_in: bool) -> None:
    rest = Rest(why, NOW + timedelta(minutes=5), "502" if needs_sign_in else "", NOW, failures=6)
    one = replace(patient(books=books(rests=(rest,))), needs_sign_in=needs_sign_in)

    told = [(found.code, found.level.value) for found in book_findings(one, NOW)]

    assert told == [("D-QUEUE", "ok"), ("D-REST", level)]


@pytest.mark.parametrize(("limit", "words"), [(1500, "alt text of 1500 characters"), (0, "without alt text")])
def test_a_network_without_alt_text_is_told_so(limit: int, words: str) -> None:
    assert picture_in_words(ImageRules(Shape.PHOTO, 400_000, limit_alt=limit)).endswith(words)
