"""What becomes of posts that are out when their items are edited or leave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import structs
from msgspec.structs import replace

from deliver_rig import ACCOUNT, NAME, NOW, PLAN, item
from syndicate.items.item import Item, Topic
from syndicate.outbox.delivery import Action, Delivery, Receipt, State, uid_of
from syndicate.outbox.edits import LEFT, Change, changes_of, follow_up, parent_in, returned, withdrawals_of
from syndicate.outbox.outcome import Step
from syndicate.outbox.plan import ChannelPlan, OnEdit, OnWithdrawal
from syndicate.outbox.reasons import Reason
from syndicate.posts.card import CardRules

GAP = timedelta(minutes=5)
CARDS = CardRules()


def policy(on_edit: OnEdit = OnEdit.EDIT, on_withdrawal: OnWithdrawal = OnWithdrawal.DELETE) -> ChannelPlan:
    return replace(PLAN, on_edit=on_edit, on_withdrawal=on_withdrawal)


def edited(number: int = 1, title: str = "Corrected", *, on_edit: OnEdit = OnEdit.EDIT) -> Change:
    [change] = changes_of([(item(number), item(number, title=title))], [policy(on_edit)], CARDS, NOW)
    return change


def left(on_withdrawal: OnWithdrawal = OnWithdrawal.DELETE) -> Change:
    [change] = withdrawals_of([item()], [policy(on_withdrawal=on_withdrawal)], NOW)
    return change


def standing(action: Action, state: State, *, number: int = 1, revision: str = "", **more: object) -> Delivery:
    one = item(number)
    uid = uid_of(NAME, ACCOUNT, one.id, action, revision)
    sent = Receipt("1", None, NOW - timedelta(hours=1)) if state is State.SENT else None
    made = Delivery(uid, NAME, ACCOUNT, one.id, action, revision, state, "", NOW, receipt=sent)
    return structs.replace(made, **more)


POST = standing(Action.POST, State.SENT)


@pytest.mark.parametrize(
    "after",
    [
        item(path="moved/1.md"),
        item(published=NOW, updated=NOW),
        item(body_html="<p>Another body.</p>"),
        item(slug="another-slug"),
    ],
)
def test_what_readers_of_the_post_do_not_see_changes_no_post(after: Item) -> None:
    assert changes_of([(item(), after)], [policy()], CARDS, NOW) == ()


@pytest.mark.parametrize(
    "after",
    [
        item(title="Another"),
        item(summary="Another."),
        item(link="https://example.org/another"),
        item(topics=(Topic("frogs", "Frogs"),)),
    ],
)
def test_what_readers_of_the_post_see_changes_it(after: Item) -> None:
    assert len(changes_of([(item(), after)], [policy()], CARDS, NOW)) == 1


@pytest.mark.parametrize(
    ("on_edit", "action"),
    [(OnEdit.EDIT, Action.EDIT), (OnEdit.DELETE, Action.DELETE), (OnEdit.REPLY, Action.REPLY)],
)
def test_policy_says_what_is_done_about_an_edit(on_edit: OnEdit, action: Action) -> None:
    planned = edited(on_edit=on_edit).planned

    assert (planned.action, planned.code, planned.item, planned.due) == (action, Reason.EDITED, None, NOW)


def test_nothing_is_done_unless_a_policy_says_so() -> None:
    assert changes_of([(item(), item(title="Another"))], [PLAN], CARDS, NOW) == ()
    assert withdrawals_of([item()], [PLAN], NOW) == ()


@pytest.mark.parametrize(
    ("on_withdrawal", "action"), [(OnWithdrawal.DELETE, Action.DELETE), (OnWithdrawal.REPLY, Action.REPLY)]
)
def test_withdrawal_keeps_the_item_and_waits_in_case_it_returns(on_withdrawal: OnWithdrawal, action: Action) -> None:
    planned = left(on_withdrawal).planned

    assert (planned.action, planned.revision, planned.code) == (action, LEFT, Reason.LEFT)
    assert (planned.item, planned.due) == (item(), NOW + GAP)


def test_of_an_item_that_cannot_be_read_any_more_the_post_is_taken_away_all_the_same() -> None:
    [change] = withdrawals_of([item().id], [policy()], NOW)

    assert change.planned == structs.replace(left().planned, item=None)


def test_answer_about_an_item_that_cannot_be_read_any_more_waits_for_a_person() -> None:
    [change] = withdrawals_of([item().id], [policy(on_withdrawal=OnWithdrawal.REPLY)], NOW)

    assert (change.planned.uid, change.planned.item) == (left(OnWithdrawal.REPLY).planned.uid, None)
    assert (change.planned.state, change.planned.code) == (State.HELD, Reason.CANNOT_COMPOSE)


@pytest.mark.parametrize(
    ("state", "is_owed"),
    [
        (State.SENT, True),
        (State.CLAIMED, True),
        (State.SENDING, True),
        (State.UNKNOWN, True),
        (State.PLANNED, False),
        (State.PAUSED, False),
        (State.HELD, False),
        (State.SKIPPED, False),
        (State.FAILED, False),
        (State.DEAD, False),
    ],
)
def test_only_a_post_that_may_be_out_is_changed(state: State, is_owed: bool) -> None:
    assert len(follow_up([edited()], [standing(Action.POST, state)]).planned) == is_owed
    assert len(follow_up([edited()], [standing(Action.POST, state, is_unclear=True)]).planned) == 1
    assert len(follow_up([edited()], [standing(Action.POST, state, is_doubted=True)]).planned) == 1


def test_edit_of_an_item_that_was_never_posted_posts_nothing() -> None:
    assert follow_up([edited()], []).planned == ()
    assert follow_up([edited()], [standing(Action.POST, State.SENT, number=2)]).planned == ()


def test_changes_keep_their_gap() -> None:
    last = standing(Action.EDIT, State.SENT, revision="r1", receipt=Receipt("1", None, NOW - timedelta(minutes=1)))

    [owed] = follow_up([edited()], [POST, last]).planned

    assert owed.due == NOW + timedelta(minutes=4)


@pytest.mark.parametrize("state", [State.PLANNED, State.HELD, State.FAILED])
def test_newer_change_replaces_older_ones_and_inherits_their_wait(state: State) -> None:
    older = standing(Action.EDIT, state, revision="r1", due=NOW + timedelta(hours=2))

    found = follow_up([edited()], [POST, older])

    assert found.superseded == (older.uid,)
    assert found.planned[0].due == (older.due if state is State.PLANNED else NOW)


@pytest.mark.parametrize("state", [State.CLAIMED, State.SENDING, State.UNKNOWN, State.SENT, State.SKIPPED])
def test_change_that_began_or_ended_is_not_replaced(state: State) -> None:
    older = standing(Action.EDIT, state, revision="r1")

    assert follow_up([edited()], [POST, older]).superseded == ()


@pytest.mark.parametrize("state", [State.PLANNED, State.SENDING, State.SENT, State.HELD])
def test_post_that_is_taken_away_or_about_to_be_is_changed_no_more(state: State) -> None:
    assert follow_up([edited()], [POST, standing(Action.DELETE, state)]).planned == ()


def test_deletion_that_was_taken_back_stands_in_nobodys_way() -> None:
    back = standing(Action.DELETE, State.SKIPPED)

    assert len(follow_up([edited()], [POST, back]).planned) == 1
    assert len(follow_up([left()], [POST, back]).planned) == 1


@pytest.mark.parametrize(
    ("action", "state", "is_owed"),
    [
        (OnEdit.EDIT, State.SENT, True),
        (OnEdit.EDIT, State.SKIPPED, True),
        (OnEdit.EDIT, State.DEAD, True),
        (OnEdit.EDIT, State.PLANNED, False),
        (OnEdit.EDIT, State.CLAIMED, False),
        (OnEdit.REPLY, State.SENT, False),
        (OnEdit.REPLY, State.HELD, False),
        (OnEdit.REPLY, State.SKIPPED, True),
    ],
)
def test_edit_is_made_again_when_the_item_reads_so_again_but_no_reply(
    action: OnEdit, state: State, is_owed: bool
) -> None:
    change = edited(on_edit=action)
    same = standing(change.planned.action, state, revision=change.planned.revision)

    assert len(follow_up([change], [POST, same]).planned) == is_owed


def test_too_many_changes_at_once_wait_for_a_person() -> None:
    numbers = range(1, 12)
    changes = [edited(number) for number in numbers]
    posts = [standing(Action.POST, State.SENT, number=number) for number in numbers]

    held = follow_up(changes, posts).planned
    fewer = follow_up(changes, posts[:10]).planned
    unlimited = follow_up([replace(change, most=None) for change in changes], posts).planned

    assert {(one.state, one.code) for one in held} == {(State.HELD, Reason.FLOOD)}
    assert {one.state for one in (*fewer, *unlimited)} == {State.PLANNED}


def test_what_waits_for_a_person_already_keeps_its_reason_among_too_many() -> None:
    channel = replace(policy(on_withdrawal=OnWithdrawal.REPLY), most_new=2)
    posts = [standing(Action.POST, State.SENT, number=number) for number in range(1, 4)]
    damaged, *whole = [item(number) for number in range(1, 4)]

    changes = withdrawals_of([damaged.id, *whole], [channel], NOW)
    lost, *others = follow_up(changes, posts).planned

    assert (lost.state, lost.code) == (State.HELD, Reason.CANNOT_COMPOSE)
    assert "answer there by hand" in lost.reason
    assert {(one.state, one.code) for one in others} == {(State.HELD, Reason.FLOOD)}


@pytest.mark.parametrize(
    ("others", "becomes"),
    [
        ([], State.SKIPPED),
        ([standing(Action.POST, State.SKIPPED)], State.SKIPPED),
        ([standing(Action.POST, State.DEAD)], State.SKIPPED),
        ([POST, standing(Action.DELETE, State.SENT)], State.SKIPPED),
        ([structs.replace(POST, code=Reason.TOLD)], State.SKIPPED),
        ([structs.replace(POST, account="elsewhere.example")], State.SKIPPED),
        ([standing(Action.POST, State.SENDING)], State.PLANNED),
        ([standing(Action.POST, State.HELD, is_unclear=True)], State.PLANNED),
        ([standing(Action.POST, State.DEAD, is_unclear=True)], State.PLANNED),
    ],
)
def test_change_waits_for_a_post_that_may_be_out_and_ends_without_one(others: list[Delivery], becomes: State) -> None:
    step = parent_in(standing(Action.EDIT, State.CLAIMED, revision="r"), others, now=NOW, settle=GAP)

    assert isinstance(step, Step)
    assert step.state is becomes
    assert (step.due >= NOW + GAP) is (becomes is State.PLANNED)


def test_post_is_told_as_of_its_last_change() -> None:
    at = NOW - timedelta(minutes=1)
    edit = standing(Action.EDIT, State.SKIPPED, revision="r1", receipt=Receipt("1", None, at))

    parent = parent_in(standing(Action.EDIT, State.CLAIMED, revision="r2"), [POST, edit], now=NOW, settle=GAP)

    assert parent == Receipt("1", None, at)


def test_what_was_to_be_done_as_an_item_had_left_ends_when_it_is_back() -> None:
    pending, unclear = (standing(Action.DELETE, State.CLAIMED, is_unclear=is_so) for is_so in (False, True))

    assert (returned(pending, NOW).state, returned(pending, NOW).code) == (State.SKIPPED, Reason.RETURNED)
    assert (returned(unclear, NOW).state, returned(unclear, NOW).is_unclear) == (State.HELD, True)


@pytest.mark.parametrize("state", [State.SKIPPED, State.DEAD])
def test_deletion_that_was_given_up_is_planned_anew_when_the_item_leaves_again(state: State) -> None:
    given_up = standing(Action.DELETE, state)

    assert len(follow_up([left()], [POST, given_up]).planned) == 1
