from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from msgspec.structs import replace

from syndicate.outbox.delivery import (
    KEY_MARGIN,
    Action,
    Delivery,
    Evidence,
    Guarantee,
    Receipt,
    Remedy,
    State,
    may_ask_again,
    may_repeat_key,
    remedy_for,
    uid_of,
)
from syndicate.outbox.outcome import (
    READS_TO_BE_SURE,
    Absent,
    Done,
    Duplicated,
    NotDone,
    Outcome,
    Refused,
    RetryPolicy,
    Step,
    Uncertain,
    after,
    orphaned,
)
from syndicate.outbox.reasons import Reason

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SETTLE = timedelta(seconds=90)
DURABLE = Guarantee(timedelta.max, Evidence.BY_KEY, SETTLE)
WINDOWED = Guarantee(timedelta(hours=1), Evidence.READS_OWN, SETTLE)
READABLE = Guarantee(None, Evidence.READS_OWN, SETTLE)
WRITE_ONLY = Guarantee(None, Evidence.NONE, SETTLE)
KEY_ONLY = Guarantee(timedelta(hours=1), Evidence.NONE, SETTLE)
REFUSES = Guarantee(None, Evidence.DUPLICATE_REFUSAL, SETTLE)
ALL = (DURABLE, WINDOWED, READABLE, WRITE_ONLY, KEY_ONLY, REFUSES)
RETRY = RetryPolicy()
RECEIPT = Receipt("1", "https://social.example/1", NOW)


def delivery(state: State = State.SENDING, **more: object) -> Delivery:
    one = Delivery(
        "u1", "news", "social.example", "i1", Action.POST, "r1", state, "new", NOW,
        attempts=1, key="k", payload=b"post", frozen_at=NOW, first_sent_at=NOW, owner="me", fence=1,
    )  # fmt: skip
    return structs.replace(one, **more)  # type: ignore[arg-type]  # the tests name fields of Delivery


def step(one: Delivery, outcome: Outcome, guarantee: Guarantee = WINDOWED, *, now: datetime = NOW) -> Step:
    return after(one, outcome, now=now, guarantee=guarantee, retry=RETRY, jitter=1.0)


UNCLEAR = delivery(is_unclear=True)
LOOKING = delivery(State.UNKNOWN, is_unclear=True)


@pytest.mark.parametrize(
    ("one", "outcome", "guarantee", "state"),
    [
        (delivery(), Done(RECEIPT), WRITE_ONLY, State.SENT),
        (delivery(), NotDone("refused connection"), WRITE_ONLY, State.PLANNED),
        (delivery(), NotDone("429", until=NOW + SETTLE), WRITE_ONLY, State.PLANNED),
        (delivery(), NotDone("401", is_paused=True), WRITE_ONLY, State.PLANNED),
        (delivery(failures=11), NotDone("refused connection"), WINDOWED, State.DEAD),
        (delivery(failures=11), NotDone("429", until=NOW + SETTLE), WINDOWED, State.PLANNED),
        (delivery(), Refused("422"), WINDOWED, State.FAILED),
        (delivery(), Refused("422", is_stale_media=True), WINDOWED, State.PLANNED),
        (delivery(failures=11), Refused("422", is_stale_media=True), WINDOWED, State.FAILED),
        (delivery(), Refused("422", may_pass_bare=True), WINDOWED, State.PLANNED),
        (delivery(code=Reason.PICTURE_REFUSED), Refused("422", may_pass_bare=True), WINDOWED, State.FAILED),
        (delivery(failures=11), Refused("422", may_pass_bare=True), WINDOWED, State.FAILED),
        (UNCLEAR, Refused("422", may_pass_bare=True), WINDOWED, State.UNKNOWN),
        (delivery(), Uncertain("reset"), DURABLE, State.UNKNOWN),
        (delivery(), Uncertain("reset"), WINDOWED, State.UNKNOWN),
        (delivery(), Uncertain("reset"), READABLE, State.UNKNOWN),
        (delivery(), Uncertain("reset"), KEY_ONLY, State.UNKNOWN),
        (delivery(), Uncertain("reset"), WRITE_ONLY, State.HELD),
        (delivery(), Uncertain("reset"), REFUSES, State.UNKNOWN),
        (structs.replace(UNCLEAR, first_sent_at=NOW - timedelta(hours=1)), Uncertain("reset"), REFUSES, State.HELD),
        (delivery(), Duplicated("there", RECEIPT), REFUSES, State.HELD),
        (delivery(), Duplicated("there"), REFUSES, State.HELD),
        (delivery(), Duplicated("there"), READABLE, State.HELD),
        (UNCLEAR, Duplicated("there", RECEIPT), REFUSES, State.SENT),
        (UNCLEAR, Duplicated("there"), REFUSES, State.HELD),
        (UNCLEAR, Duplicated("there"), READABLE, State.UNKNOWN),
        (delivery(failures=11), Uncertain("reset"), DURABLE, State.HELD),
        (UNCLEAR, Done(RECEIPT), WINDOWED, State.SENT),
        (UNCLEAR, NotDone("429", until=NOW + SETTLE), WINDOWED, State.UNKNOWN),
        (UNCLEAR, NotDone("401", is_paused=True), KEY_ONLY, State.UNKNOWN),
        (structs.replace(UNCLEAR, failures=11), NotDone("refused connection"), WINDOWED, State.HELD),
        (UNCLEAR, Refused("duplicate"), WINDOWED, State.UNKNOWN),
        (UNCLEAR, Refused("duplicate"), KEY_ONLY, State.HELD),
        (UNCLEAR, Refused("422", is_stale_media=True), WINDOWED, State.UNKNOWN),
        (LOOKING, Done(RECEIPT), READABLE, State.SENT),
        (LOOKING, Absent(), READABLE, State.UNKNOWN),
        (structs.replace(LOOKING, readings=1), Absent(), READABLE, State.PLANNED),
        (LOOKING, NotDone("503"), READABLE, State.UNKNOWN),
        (structs.replace(LOOKING, failures=11), NotDone("503"), READABLE, State.HELD),
    ],
)
def test_one_outcome_leads_to_one_state(one: Delivery, outcome: Outcome, guarantee: Guarantee, state: State) -> None:
    assert step(one, outcome, guarantee).state is state


@pytest.mark.parametrize(
    ("one", "outcome", "code"),
    [
        (delivery(), NotDone("no"), Reason.NOT_DONE),
        (delivery(), NotDone("429", until=NOW), Reason.TOLD_TO_WAIT),
        (delivery(), NotDone("401", is_paused=True), Reason.NO_ACCESS),
        (delivery(failures=11), NotDone("no"), Reason.GAVE_UP),
        (delivery(), Refused("422"), Reason.REFUSED),
        (delivery(), Refused("no room", code=Reason.CANNOT_COMPOSE), Reason.CANNOT_COMPOSE),
        (delivery(), Refused("gone", is_stale_media=True), Reason.STALE_MEDIA),
        (delivery(), Refused("gone", is_stale_media=True, may_pass_bare=True), Reason.STALE_MEDIA),
        (delivery(), Refused("422", may_pass_bare=True), Reason.PICTURE_REFUSED),
        (delivery(code=Reason.STALE_MEDIA), Refused("422", True, may_pass_bare=True), Reason.PICTURE_REFUSED),
        (delivery(code=Reason.STALE_MEDIA), Refused("422", is_stale_media=True), Reason.STALE_MEDIA),
        (delivery(code=Reason.PICTURE_REFUSED), Refused("422", may_pass_bare=True), Reason.REFUSED),
        (UNCLEAR, Duplicated("there", RECEIPT), Reason.THERE_ALREADY),
        (delivery(), Duplicated("there"), Reason.DUPLICATE),
        (delivery(), Uncertain("reset"), Reason.UNCLEAR),
        (structs.replace(UNCLEAR, failures=11), Uncertain("reset"), Reason.UNKNOWN_OUTCOME),
        (LOOKING, Absent(), Reason.NOT_FOUND_YET),
        (structs.replace(LOOKING, readings=1), Absent(), Reason.NOT_FOUND),
    ],
)
def test_reason_is_told_as_a_code(one: Delivery, outcome: Outcome, code: Reason) -> None:
    assert step(one, outcome).code is code


@pytest.mark.parametrize(
    ("one", "guarantee", "age", "may"),
    [
        (LOOKING, REFUSES, timedelta(minutes=54), True),
        (LOOKING, REFUSES, timedelta(minutes=55), False),
        (LOOKING, REFUSES, timedelta(minutes=-6), False),
        (LOOKING, WRITE_ONLY, timedelta(0), False),
        (structs.replace(LOOKING, is_key_spent=True), REFUSES, timedelta(0), False),
        (structs.replace(LOOKING, payload=None), REFUSES, timedelta(0), False),
        (structs.replace(LOOKING, first_sent_at=None), REFUSES, timedelta(0), False),
    ],
)
def test_same_bytes_are_offered_only_while_the_network_surely_refuses_them(
    one: Delivery, guarantee: Guarantee, age: timedelta, may: bool
) -> None:
    assert may_ask_again(one, guarantee, NOW + age) is may


def test_duplicate_refusal_of_a_post_that_is_looked_up_is_read_after_the_settle_time() -> None:
    looked = step(UNCLEAR, Duplicated("there"), READABLE)

    assert (looked.due, looked.is_key_spent, looked.is_unclear) == (NOW + SETTLE, True, True)


def test_outcome_of_no_kind_is_an_error() -> None:
    with pytest.raises(AssertionError):
        step(delivery(), "sent?")  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    ("one", "how", "code"),
    [
        (delivery(), "accepted", Reason.ACCEPTED),
        (delivery(attempts=3), "accepted at attempt 3", Reason.ACCEPTED),
        (LOOKING, "found by reading back", Reason.FOUND),
    ],
)
def test_sent_tells_how_it_is_known(one: Delivery, how: str, code: Reason) -> None:
    assert step(one, Done(RECEIPT)) == Step(State.SENT, how, NOW, receipt=RECEIPT, code=code)


def test_failures_wait_twice_as_long_each_time_up_to_the_longest() -> None:
    waits = [step(delivery(failures=failures), NotDone("no")).due - NOW for failures in range(11)]

    assert waits[:4] == [timedelta(seconds=seconds) for seconds in (5, 10, 20, 40)]
    assert waits[10] == RETRY.longest


def test_jitter_takes_up_to_half_of_a_wait() -> None:
    soonest = after(delivery(), NotDone("no"), now=NOW, guarantee=READABLE, retry=RETRY, jitter=0.0)

    assert soonest.due - NOW == RETRY.first / 2


def test_silence_is_kept_but_capped_and_is_no_failure_of_the_post() -> None:
    kept = step(delivery(), NotDone("429", until=NOW + timedelta(hours=3)))
    capped = step(delivery(), NotDone("429", until=NOW + timedelta(days=400)))

    assert (kept.due, kept.failures) == (NOW + timedelta(hours=3), 0)
    assert capped.due == NOW + RETRY.longest_wait


def test_silence_that_is_over_still_waits_a_little() -> None:
    assert step(delivery(), NotDone("429", until=NOW - SETTLE)).due == NOW + RETRY.first


def test_stale_media_are_made_anew_at_once_then_with_waits() -> None:
    first = step(delivery(), Refused("gone", is_stale_media=True))
    third = step(delivery(failures=2), Refused("gone", is_stale_media=True))

    assert (first.due, first.thaws, first.renews_key) == (NOW, True, False)
    assert third.due == NOW + 4 * RETRY.first


def test_post_whose_picture_is_refused_is_composed_anew_at_once_under_its_key() -> None:
    bare = step(delivery(failures=3), Refused("400", may_pass_bare=True))

    assert (bare.due, bare.failures, bare.thaws, bare.renews_key) == (NOW, 4, True, False)


def test_unclear_outcome_waits_until_late_commits_are_seen() -> None:
    assert step(delivery(), Uncertain("reset")).due == NOW + SETTLE
    assert step(delivery(failures=9), Uncertain("reset")).due == NOW + 512 * RETRY.first


@pytest.mark.parametrize(
    ("guarantee", "is_spent"), [(WINDOWED, True), (READABLE, True), (DURABLE, False), (KEY_ONLY, False)]
)
def test_repeat_that_is_no_clearer_is_settled_by_reading_unless_the_key_lasts(
    guarantee: Guarantee, is_spent: bool
) -> None:
    again = step(UNCLEAR, Uncertain("500"), guarantee)

    assert (again.state, again.is_key_spent, again.failures) == (State.UNKNOWN, is_spent, 1)


def test_absent_once_is_read_again_and_the_key_is_not_repeated_in_between() -> None:
    looked = step(LOOKING, Absent())

    assert looked.due == NOW + SETTLE
    assert (looked.readings, looked.is_key_spent, looked.is_unclear) == (1, True, True)


def test_absent_twice_is_a_new_post_under_a_new_key() -> None:
    again = step(structs.replace(LOOKING, readings=1), Absent())

    assert (again.thaws, again.renews_key, again.is_unclear, again.is_key_spent) == (True, True, False, False)


@pytest.mark.parametrize(
    ("guarantee", "remedy"),
    [
        (DURABLE, Remedy.REPEAT),
        (WINDOWED, Remedy.REPEAT),
        (KEY_ONLY, Remedy.REPEAT),
        (READABLE, Remedy.READ_BACK),
        (WRITE_ONLY, Remedy.HOLD),
        (REFUSES, Remedy.ASK_AGAIN),
    ],
)
def test_remedy_is_key_then_reading_then_person(guarantee: Guarantee, remedy: Remedy) -> None:
    assert remedy_for(LOOKING, guarantee, NOW) is remedy


@pytest.mark.parametrize(
    ("guarantee", "remedy"), [(WINDOWED, Remedy.READ_BACK), (KEY_ONLY, Remedy.HOLD), (DURABLE, Remedy.REPEAT)]
)
def test_remedy_changes_when_the_window_ends(guarantee: Guarantee, remedy: Remedy) -> None:
    assert remedy_for(LOOKING, guarantee, NOW + timedelta(hours=1)) is remedy


@pytest.mark.parametrize(
    ("one", "guarantee", "age", "may"),
    [
        (LOOKING, WINDOWED, timedelta(minutes=54), True),
        (LOOKING, WINDOWED, timedelta(minutes=55), False),
        (LOOKING, WINDOWED, timedelta(minutes=-4), True),
        (LOOKING, WINDOWED, timedelta(minutes=-6), False),
        (LOOKING, DURABLE, timedelta(days=9999), True),
        (LOOKING, READABLE, timedelta(0), False),
        (LOOKING, Guarantee(KEY_MARGIN, Evidence.READS_OWN), timedelta(0), False),
        (structs.replace(LOOKING, is_key_spent=True), DURABLE, timedelta(0), False),
        (structs.replace(LOOKING, payload=None), DURABLE, timedelta(0), False),
        (structs.replace(LOOKING, first_sent_at=None), DURABLE, timedelta(0), False),
    ],
)
def test_key_is_repeated_only_while_it_is_surely_known(
    one: Delivery, guarantee: Guarantee, age: timedelta, may: bool
) -> None:
    assert may_repeat_key(one, guarantee, NOW + age) is may


@pytest.mark.parametrize(
    ("one", "guarantee", "state", "due"),
    [
        (delivery(State.CLAIMED, failures=3), WRITE_ONLY, State.PLANNED, NOW),
        (delivery(), WRITE_ONLY, State.HELD, NOW),
        (delivery(), READABLE, State.UNKNOWN, NOW + SETTLE),
        (delivery(), DURABLE, State.UNKNOWN, NOW + SETTLE),
        (structs.replace(LOOKING, readings=1, is_key_spent=True, failures=3), READABLE, State.UNKNOWN, NOW),
    ],
)
def test_dead_publishers_delivery_is_unclear_from_the_intent_on(
    one: Delivery, guarantee: Guarantee, state: State, due: datetime
) -> None:
    found = orphaned(one, now=NOW, guarantee=guarantee, retry=RETRY)

    assert (found.state, found.due, found.is_unclear) == (state, due, one.state is not State.CLAIMED)


def test_readings_survive_a_dead_publisher() -> None:
    one = structs.replace(LOOKING, readings=1, is_key_spent=True, failures=3)

    found = orphaned(one, now=NOW, guarantee=READABLE, retry=RETRY)

    assert (found.readings, found.is_key_spent, found.failures) == (1, True, 3)


@pytest.mark.parametrize(
    ("guarantee", "words"),
    [
        (DURABLE, "never twice: the network knows each post by our key"),
        (
            replace(DURABLE, evidence=Evidence.NONE),
            "never twice, if the receiver heeds our key: it is the same with every attempt",
        ),
        (WINDOWED, "never twice: unclear outcomes are looked up before anything is sent again"),
        (
            REFUSES,
            "never twice, as the network refuses the same post again; "
            "an outcome that stays unclear for 1:00:00 waits for you",
        ),
        (KEY_ONLY, "never twice within 1:00:00; after that an unclear outcome waits for you"),
        (WRITE_ONLY, "at most once: an unclear outcome waits for you"),
    ],
)
def test_promise_is_told_in_words(guarantee: Guarantee, words: str) -> None:
    assert guarantee.in_words == words


def test_final_states_wait_for_a_person() -> None:
    assert {state for state in State if not state.is_final} == {
        State.PLANNED, State.PAUSED, State.CLAIMED, State.SENDING, State.UNKNOWN,
    }  # fmt: skip


# Laws

MOMENTS = st.timedeltas(timedelta(days=-900), timedelta(days=900)).map(lambda off: NOW + off)
GUARANTEES = st.sampled_from(ALL)
NOT_DONE = st.builds(NotDone, st.text(max_size=5), st.none() | MOMENTS, st.booleans())
OUTCOMES = st.one_of(
    st.just(Done(RECEIPT)),
    st.just(Uncertain("reset")),
    NOT_DONE,
    st.builds(Refused, st.just("no"), st.booleans()),
    st.builds(Duplicated, st.just("there"), st.none() | st.just(RECEIPT)),
    st.just(Absent()),
)
DELIVERIES = st.builds(
    delivery,
    st.sampled_from([State.SENDING, State.UNKNOWN]),
    attempts=st.integers(1, 20),
    failures=st.integers(0, 12),
    readings=st.integers(0, READS_TO_BE_SURE - 1),
    is_unclear=st.booleans(),
    is_key_spent=st.booleans(),
    first_sent_at=st.none() | MOMENTS,
)
CHANCES = st.floats(0, 1)


@given(DELIVERIES, OUTCOMES, GUARANTEES, MOMENTS, CHANCES)
def test_law_unclear_is_neither_failed_nor_sent_again_blindly(
    one: Delivery, outcome: Outcome, guarantee: Guarantee, now: datetime, jitter: float
) -> None:
    one = structs.replace(one, is_unclear=True)

    found = after(one, outcome, now=now, guarantee=guarantee, retry=RETRY, jitter=jitter)

    assert found.state in {State.SENT, State.UNKNOWN, State.HELD, State.PLANNED}
    if found.state is State.PLANNED:
        assert isinstance(outcome, Absent) and one.readings + 1 >= READS_TO_BE_SURE
        assert found.renews_key and found.thaws
    if found.state in {State.UNKNOWN, State.HELD}:
        assert found.is_unclear and not found.renews_key and not found.thaws


@given(DELIVERIES, OUTCOMES, GUARANTEES, MOMENTS, CHANCES)
def test_law_a_spent_key_stays_spent_until_it_is_renewed(
    one: Delivery, outcome: Outcome, guarantee: Guarantee, now: datetime, jitter: float
) -> None:
    one = structs.replace(one, is_unclear=True, is_key_spent=True)

    found = after(one, outcome, now=now, guarantee=guarantee, retry=RETRY, jitter=jitter)

    assert found.is_key_spent or found.renews_key or found.state.is_final


@given(DELIVERIES, st.just(WRITE_ONLY), MOMENTS, CHANCES)
def test_law_without_key_and_readings_unclear_is_held(
    one: Delivery, guarantee: Guarantee, now: datetime, jitter: float
) -> None:
    found = after(one, Uncertain("reset"), now=now, guarantee=guarantee, retry=RETRY, jitter=jitter)
    left = orphaned(structs.replace(one, state=State.SENDING), now=now, guarantee=guarantee, retry=RETRY)

    assert (found.state, left.state) == (State.HELD, State.HELD)


@given(DELIVERIES, NOT_DONE, GUARANTEES, MOMENTS, CHANCES)
def test_law_never_earlier_than_told_nor_later_than_the_longest_wait(
    one: Delivery, outcome: NotDone, guarantee: Guarantee, now: datetime, jitter: float
) -> None:
    found = after(one, outcome, now=now, guarantee=guarantee, retry=RETRY, jitter=jitter)

    assert now <= found.due <= now + RETRY.longest_wait
    if outcome.until is not None and not outcome.is_paused and not found.state.is_final:
        assert found.due >= min(outcome.until, now + RETRY.longest_wait)


@given(DELIVERIES, OUTCOMES, GUARANTEES, MOMENTS, CHANCES)
def test_law_a_reading_or_repeat_waits_for_the_settle_time_after_a_sending(
    one: Delivery, outcome: Outcome, guarantee: Guarantee, now: datetime, jitter: float
) -> None:
    found = after(one, outcome, now=now, guarantee=guarantee, retry=RETRY, jitter=jitter)

    if found.state is State.UNKNOWN and isinstance(outcome, Uncertain | Refused | Absent):
        assert found.due >= now + guarantee.settle


@given(DELIVERIES, st.timedeltas(timedelta(days=-2), timedelta(days=2)))
def test_law_a_key_is_not_repeated_outside_its_window(one: Delivery, age: timedelta) -> None:
    one = structs.replace(one, first_sent_at=NOW)

    if may_repeat_key(one, WINDOWED, NOW + age):
        assert abs(age) < timedelta(hours=1) - KEY_MARGIN


@given(DELIVERIES, OUTCOMES, GUARANTEES, MOMENTS, CHANCES)
def test_law_what_never_becomes_clear_ends_with_a_person(
    one: Delivery, outcome: Outcome, guarantee: Guarantee, now: datetime, jitter: float
) -> None:
    found = after(one, outcome, now=now, guarantee=guarantee, retry=RETRY, jitter=jitter)

    if found.failures >= RETRY.most_failures and not isinstance(outcome, Absent | Refused | Duplicated):
        is_told_when = isinstance(outcome, NotDone) and (outcome.until is not None or outcome.is_paused)
        assert found.state.is_final or is_told_when


@given(DELIVERIES, OUTCOMES, GUARANTEES, MOMENTS, CHANCES)
def test_law_every_step_has_a_code(
    one: Delivery, outcome: Outcome, guarantee: Guarantee, now: datetime, jitter: float
) -> None:
    assert after(one, outcome, now=now, guarantee=guarantee, retry=RETRY, jitter=jitter).code is not Reason.OTHER


NAMES = st.text(st.characters(blacklist_characters="\x1f", blacklist_categories=["Cs"]), max_size=12)


@given(NAMES, NAMES, NAMES, NAMES, NAMES)
def test_law_an_edited_item_keeps_the_name_of_its_post(
    channel: str, account: str, item: str, before: str, after_it: str
) -> None:
    post = uid_of(channel, account, item, Action.POST, before)

    assert post == uid_of(channel, account, item, Action.POST, after_it) == uid_of(channel, account, item, Action.POST)
    assert (
        uid_of(channel, account, item, Action.EDIT, before) == uid_of(channel, account, item, Action.EDIT, after_it)
    ) is (before == after_it)


@given(st.lists(st.tuples(NAMES, NAMES, NAMES, st.sampled_from(Action)), min_size=2, max_size=6, unique=True))
def test_law_different_things_have_different_names(things: list[tuple[str, str, str, Action]]) -> None:
    assert len({uid_of(*thing) for thing in things}) == len(things)


def test_name_is_the_same_in_every_version() -> None:
    assert uid_of("news", "social.example", "store:1", Action.POST) == "f041e4b666019056036f487b64d1a69d"


@pytest.mark.parametrize(
    "outcome", [NotDone("429", until=NOW + SETTLE, spends_key=True), NotDone("no", spends_key=True)]
)
def test_a_key_that_brings_its_answer_again_is_renewed_only_where_nothing_can_have_been_posted(
    outcome: NotDone,
) -> None:
    clear, unclear = step(delivery(), outcome), step(UNCLEAR, outcome)

    assert (clear.state, clear.thaws, clear.renews_key, clear.is_key_spent) == (State.PLANNED, True, True, False)
    assert (unclear.state, unclear.thaws, unclear.renews_key, unclear.is_key_spent) == (
        State.UNKNOWN,
        False,
        False,
        True,
    )
    assert remedy_for(structs.replace(UNCLEAR, is_key_spent=True), WINDOWED, NOW) is Remedy.READ_BACK
