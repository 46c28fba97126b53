from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from deliver_rig import NOW, item
from syndicate.items.item import Item, Topic
from syndicate.items.posting import Posting, Wording
from syndicate.outbox.delivery import Action, Origin, State, uid_of
from syndicate.outbox.plan import (
    ChannelPlan,
    FirstSight,
    OnEdit,
    OnWithdrawal,
    Sight,
    able,
    decide,
    filtered_by,
    oldest_first,
    plan,
    plan_mended,
    planned,
)
from syndicate.outbox.reasons import Reason

NEWS = ChannelPlan("news", "social.example")
SEEN = {"news"}


def sight(*new: Item, visible: tuple[Item, ...] = (), same_link: dict[str, str] | None = None) -> Sight:
    return Sight(new, visible or new, same_link or {})


def test_new_item_is_planned_for_every_channel() -> None:
    other = ChannelPlan("blue", "host")

    decided = plan(sight(item()), (NEWS, other), {"news", "blue"}, NOW)

    assert [(one.channel, one.account, one.item_id, one.state, one.reason) for one in decided] == [
        ("news", "social.example", "store:1", State.PLANNED, "new"),
        ("blue", "host", "store:1", State.PLANNED, "new"),
    ]
    assert decided[0].uid == uid_of("news", "social.example", "store:1", Action.POST)
    assert decided[0].revision == item().revision
    assert decided[0].origin is Origin.LIVE


def test_known_channel_decides_about_new_items_only() -> None:
    decided = plan(sight(item(2), visible=(item(1), item(2))), (NEWS,), SEEN, NOW)

    assert [one.item_id for one in decided] == ["store:2"]


@pytest.mark.parametrize(
    ("posting", "is_out"),
    [
        (None, False),
        (Posting(only=()), True),
        (Posting(named=(("mastodon", Wording(is_skipped=True)),)), True),
        (Posting(named=(("news", Wording(is_skipped=False)),), only=("other",)), False),
    ],
)
def test_an_items_own_file_keeps_it_from_a_channel(posting: Posting | None, is_out: bool) -> None:
    channel = structs.replace(NEWS, network="mastodon")
    told = item(posting=posting)

    [decided] = plan(sight(told), (channel,), SEEN, NOW)

    assert (decided.state, decided.code) == (
        (State.SKIPPED, Reason.OPTED_OUT) if is_out else (State.PLANNED, Reason.NEW)
    )
    assert decided.reason.startswith("opted out: ") == is_out
    assert (filtered_by(told, channel) is None) != is_out
    assert bool(plan_mended((told,), (channel,), NOW)) != is_out


def test_first_sight_of_a_store_is_a_baseline() -> None:
    decided = plan(sight(visible=(item(1), item(2))), (NEWS,), set(), NOW)

    assert [(one.item_id, one.state) for one in decided] == [("store:1", State.SKIPPED), ("store:2", State.SKIPPED)]
    assert decided[0].reason == "baseline: it was there before the channel; `syndicate backfill` posts it"


def test_first_sight_of_a_store_may_be_posted() -> None:
    eager = structs.replace(NEWS, first_sight=FirstSight.POST)

    decided = plan(sight(visible=(item(1), item(2))), (eager,), set(), NOW)

    assert [one.state for one in decided] == [State.PLANNED, State.PLANNED]


def test_items_come_oldest_first_and_fall_due_in_that_order() -> None:
    decided = plan(sight(item(3), item(1), item(2)), (NEWS,), SEEN, NOW)

    assert [one.item_id for one in decided] == ["store:1", "store:2", "store:3"]
    assert [one.due - NOW for one in decided] == [timedelta(microseconds=number) for number in range(3)]


@given(st.permutations([item(1), item(2), replace(item(3), published=item(2).published)]))
def test_order_does_not_depend_on_how_items_were_found(items: list[Item]) -> None:
    assert [one.id for one in oldest_first(items)] == ["store:1", "store:2", "store:3"]


def test_what_came_while_a_channel_was_off_is_decided_as_if_it_were_new_and_said_so() -> None:
    old = replace(item(2), published=NOW - timedelta(days=31))
    others = structs.replace(NEWS, name="others")
    seen = structs.replace(sight(item(3)), missed={NEWS.name: (item(1), old)})

    decided = plan(seen, (NEWS, others), {*SEEN, "others"}, NOW)

    told = [(one.channel, one.item_id, one.state, one.code) for one in decided]
    assert told == [
        (NEWS.name, "store:2", State.SKIPPED, Reason.TOO_OLD),
        (NEWS.name, "store:1", State.PLANNED, Reason.NEW),
        (NEWS.name, "store:3", State.PLANNED, Reason.NEW),
        ("others", "store:3", State.PLANNED, Reason.NEW),
    ]
    assert [one.reason for one in decided if one.state is State.PLANNED] == [
        "new: came while the channel was off", "new", "new"
    ]  # fmt: skip


def test_flood_of_what_was_missed_is_held() -> None:
    seen = structs.replace(sight(item(11)), missed={NEWS.name: tuple(item(number) for number in range(1, 11))})

    decided = plan(seen, (NEWS,), SEEN, NOW)

    assert {(one.state, one.code) for one in decided} == {(State.HELD, Reason.FLOOD)}
    assert len(decided) == 11


def test_old_items_are_left_out() -> None:
    old = replace(item(), published=NOW - timedelta(days=30, seconds=1))

    [decided] = plan(sight(old), (NEWS,), SEEN, NOW)

    assert (decided.state, decided.reason) == (State.SKIPPED, "too old: published 2026-10-02, limit 30 days")


@pytest.mark.parametrize(
    ("age", "limit"),
    [(timedelta(days=30), timedelta(days=30)), (timedelta(days=9999), None)],
    ids=["just young enough", "no limit"],
)
def test_age_is_no_matter_within_the_limit(age: timedelta, limit: timedelta | None) -> None:
    old = replace(item(), published=NOW - age)

    [decided] = plan(sight(old), (structs.replace(NEWS, most_age=limit),), SEEN, NOW)

    assert decided.state is State.PLANNED


def test_second_item_of_one_article_is_left_out() -> None:
    decided = plan(sight(item(1), item(2), same_link={"store:2": "store:1"}), (NEWS,), SEEN, NOW)

    assert [one.state for one in decided] == [State.PLANNED, State.SKIPPED]
    assert decided[1].reason == "same link as store:1"


MANY = tuple(item(number) for number in range(1, 12))


def test_flood_is_held_for_the_operator() -> None:
    decided = plan(sight(*MANY), (NEWS,), SEEN, NOW)

    assert {(one.state, one.reason) for one in decided} == {(State.HELD, "flood guard: 11 new items at once, limit 10")}


def test_flood_counts_what_would_be_posted_and_holds_nothing_else() -> None:
    old = replace(MANY[0], published=NOW - timedelta(days=99))

    within = plan(sight(old, *MANY[1:]), (NEWS,), SEEN, NOW)
    over = plan(sight(replace(old, id="store:99"), *MANY), (NEWS,), SEEN, NOW)

    assert [one.state for one in within] == [State.SKIPPED] + [State.PLANNED] * 10
    assert [one.state for one in over] == [State.SKIPPED] + [State.HELD] * 11


def test_flood_guard_may_be_off() -> None:
    decided = plan(sight(*MANY), (structs.replace(NEWS, most_new=None),), SEEN, NOW)

    assert {one.state for one in decided} == {State.PLANNED}


def test_flood_is_counted_for_each_channel() -> None:
    picky = ChannelPlan("picky", "host", not_topics=("health-ai",), most_new=0)

    decided = plan(sight(item()), (NEWS, picky), {"news", "picky"}, NOW)

    assert [one.state for one in decided] == [State.PLANNED, State.SKIPPED]


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        (NEWS, None),
        (structs.replace(NEWS, topics=("health-ai",)), None),
        (structs.replace(NEWS, topics=("HEALTH ai", "other")), None),
        (structs.replace(NEWS, topics=("other",)), "filtered: none of its topics is among `topics`"),
        (structs.replace(NEWS, not_topics=("other",)), None),
        (structs.replace(NEWS, not_topics=("Health AI",)), "filtered: one of its topics is among `not_topics`"),
        (structs.replace(NEWS, not_topics=("health ai",)), "filtered: one of its topics is among `not_topics`"),
        (structs.replace(NEWS, sections=("NEWS",)), None),
        (structs.replace(NEWS, sections=("insights",)), "filtered: its section is not among `sections`"),
        (structs.replace(NEWS, languages=("EN",)), None),
        (structs.replace(NEWS, languages=("de",)), "filtered: its language is not among `languages`"),
    ],
)  # fmt: skip
def test_filters_tell_which_one_keeps_an_item_out(channel: ChannelPlan, reason: str | None) -> None:
    assert filtered_by(item(section="News"), channel) == reason


def test_item_without_topics_and_section_passes_no_filter_that_asks_for_them() -> None:
    bare = item(topics=(), section=None)

    assert filtered_by(bare, structs.replace(NEWS, topics=("health-ai",))) is not None
    assert filtered_by(bare, structs.replace(NEWS, sections=("news",))) is not None
    assert filtered_by(bare, structs.replace(NEWS, not_topics=("health-ai",))) is None


def test_filter_is_told_before_baseline_age_and_link() -> None:
    channel = structs.replace(NEWS, languages=("de",))
    old = item(published=NOW - timedelta(days=99))

    decided = decide(old, channel, {old.id: "store:0"}, is_first=True, now=NOW)

    assert decided.reason.startswith("filtered")


def test_every_item_gets_one_decision_for_each_channel() -> None:
    items = (item(1), item(2, topics=(Topic("other", "Other"),)), item(3, published=NOW - timedelta(days=99)))
    channels = (
        NEWS,
        structs.replace(NEWS, name="other", topics=("other",)),
        structs.replace(NEWS, name="none", languages=("de",)),
    )

    decided = plan(sight(*items), channels, {one.name for one in channels}, NOW)

    assert len({one.uid for one in decided}) == len(decided) == 9
    assert {one.state for one in decided} <= {State.PLANNED, State.SKIPPED}


def test_backfill_is_told_from_live() -> None:
    one = planned(item(), NEWS, State.PLANNED, "backfill", NOW, Origin.BACKFILL, code=Reason.BACKFILL)

    assert (one.origin, one.due, one.action) == (Origin.BACKFILL, NOW, Action.POST)


def test_another_store_is_held_for_the_operator() -> None:
    doubtful = structs.replace(sight(item(1)), doubt="another store: none of the 9 items that were known is in it")

    [decided] = plan(doubtful, [NEWS], SEEN, NOW)

    assert (decided.state, decided.reason) == (State.HELD, doubtful.doubt)


def test_an_edited_item_is_tried_again_where_it_passes_the_filters() -> None:
    strict = ChannelPlan("strict", "host", sections=("Events",))

    decided = plan_mended([item(2), item(1)], [NEWS, strict], NOW)

    assert [(one.channel, one.item_id, one.state) for one in decided] == [
        ("news", "store:1", State.PLANNED),
        ("news", "store:2", State.PLANNED),
    ]
    assert decided[0].due < decided[1].due


@pytest.mark.parametrize(
    ("policy", "followed"),
    [
        (OnEdit.IGNORE, OnEdit.IGNORE),
        (OnEdit.DELETE, OnEdit.DELETE),
        (OnEdit.EDIT, OnEdit.IGNORE),
        (OnWithdrawal.REPLY, OnWithdrawal.IGNORE),
    ],
)
def test_policy_that_the_network_cannot_follow_leaves_posts_as_they_are(
    policy: Any, followed: OnEdit | OnWithdrawal
) -> None:
    abilities = frozenset({Action.POST, Action.DELETE})

    assert able(policy, abilities) is followed


def test_a_new_name_for_an_account_is_no_new_channel() -> None:
    renamed = structs.replace(NEWS, name="renamed", first_sight=FirstSight.POST)

    [told] = plan(sight(item(1)), (renamed,), SEEN, NOW, forsaken={NEWS.account})
    [new] = plan(sight(item(1)), (renamed,), SEEN, NOW, forsaken={"another.example"})

    assert (told.state, told.code) == (State.SKIPPED, Reason.BASELINE)
    assert new.state is State.PLANNED
