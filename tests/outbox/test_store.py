"""What every outbox promises, run over a real SQLite file."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs
from msgspec.structs import replace

from deliver_rig import ACCOUNT, NAME, NOW, PLAN, acceptance, item, kept, known
from syndicate.errors import Fault, LostClaim, UsageError
from syndicate.items.item import Item, Topic
from syndicate.items.snapshot import pack
from syndicate.outbox.delivery import Delivery, Origin, Planned, Receipt, State
from syndicate.outbox.outcome import Step
from syndicate.outbox.plan import planned
from syndicate.outbox.reasons import Reason
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.content import UNREAD, Indexed, Stamp
from syndicate.ports.outbox import Acceptance, ChannelCounts

LATER = NOW + timedelta(hours=1)
RECEIPT = Receipt("42", "https://social.example/42", NOW)


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[SqlOutbox]:
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as opened:
        yield opened


async def claimed(outbox: SqlOutbox) -> Delivery:
    delivery = await outbox.claim(NAME, "me", LATER)
    assert delivery is not None
    return delivery


async def sending(outbox: SqlOutbox) -> Delivery:
    composed = structs.replace(await claimed(outbox), payload=b"post", key="key")
    return await outbox.freeze(composed, b"post", "key", NOW)


async def ended(outbox: SqlOutbox, step: Step) -> Delivery:
    """The only delivery, frozen and settled by that step."""
    delivery = await sending(outbox)
    await outbox.settle(delivery, step, LATER)
    [found] = await outbox.deliveries()
    return found


def owed(one: Item, state: State = State.PLANNED, reason: str = "new", origin: Origin = Origin.LIVE) -> Planned:
    return planned(one, PLAN, state, reason, NOW, origin, code=Reason.NEW)


# Ingest


async def test_an_ingest_is_accepted_whole(outbox: SqlOutbox) -> None:
    fresh = await outbox.accept(acceptance(item(1), item(2)), NOW)

    assert fresh == 2
    assert await outbox.known() == {one.id: known(one) for one in (item(1), item(2))}
    assert {path: one.item for path, one in (await outbox.index("rules")).items()} == {
        "news/1.md": item(1),
        "news/2.md": item(2),
    }
    assert await outbox.channels() == {NAME: ACCOUNT}
    assert [one.state for one in await outbox.deliveries()] == [State.PLANNED, State.PLANNED]
    assert await outbox.item("store:1") == item(1)


async def test_an_ingest_that_fails_leaves_nothing(outbox: SqlOutbox) -> None:
    broken = replace(acceptance(item(1)), planned=(replace(owed(item(1)), due=None),))  # type: ignore[arg-type]  # on purpose

    with pytest.raises(Exception, match="NOT NULL"):
        await outbox.accept(broken, NOW)

    assert await outbox.known() == {}
    assert await outbox.index("rules") == {}
    assert await outbox.channels() == {}


async def test_the_same_ingest_again_plans_nothing(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    sent = await ended(outbox, Step(State.SENT, "accepted", NOW, receipt=RECEIPT))

    again = await outbox.accept(acceptance(item(1)), LATER)

    assert again == 0
    assert await outbox.deliveries() == [sent]
    assert (await outbox.known())["store:1"].first_seen == NOW


async def test_one_delivery_planned_twice_in_one_ingest_is_one(outbox: SqlOutbox) -> None:
    twice = replace(acceptance(item(1)), planned=(owed(item(1)), owed(item(1))))

    assert await outbox.accept(twice, NOW) == 1


async def test_moved_item_is_found_at_its_new_path(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    moved = item(1, path="news/moved.md")

    await outbox.accept(replace(acceptance(moved), gone=("news/1.md",)), LATER)

    assert await outbox.item("store:1") == moved
    assert set(await outbox.index("rules")) == {"news/moved.md"}


async def test_index_made_with_other_rules_looks_changed(outbox: SqlOutbox) -> None:
    assert await outbox.index("rules") == {}
    await outbox.accept(acceptance(item(1)), NOW)

    assert await outbox.index("other rules") == {"news/1.md": Indexed("news/1.md", UNREAD, item(1))}

    await outbox.accept(replace(acceptance(item(1)), rules="other rules"), NOW)
    assert (await outbox.index("rules"))["news/1.md"].stamp == UNREAD
    assert (await outbox.index("other rules"))["news/1.md"].stamp == Stamp(1, 2, 3, "digest")


@pytest.mark.parametrize(
    ("column", "damaged"),
    [
        ("packed", zlib.compress(b'{"image": null, "published": "2026-11-01"}')),  # of another version
        *(("packed", packed) for packed in (None, b"", b"2", "text", pack(item(1))[:-1])),
        ("faults", "[{"),
    ],
)
@pytest.mark.parametrize("rules", ["rules", "other rules"])
async def test_index_that_cannot_be_read_looks_changed(
    outbox: SqlOutbox, tmp_path: Path, column: str, damaged: bytes | str | None, rules: str
) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    with closing(sqlite3.connect(tmp_path / "outbox.sqlite3")) as connection:
        connection.execute(f"UPDATE files SET {column} = ?", (damaged,))
        connection.commit()

    assert await outbox.index(rules) == {"news/1.md": Indexed("news/1.md", UNREAD)}


async def test_index_keeps_everything_known_of_a_file(outbox: SqlOutbox) -> None:
    fault = Fault("bad.md", "E-NO-DATE", "has no date", "add `date`", line=3, column=1, key="date")
    files = (
        Indexed("bad.md", Stamp(10, 2**62, 2**62, "digest", "image"), faults=(fault,)),
        Indexed("hidden.md", Stamp(1, 2, 3), skipped="valid"),
        Indexed("good.md", Stamp(1, 2, 3), item(1, path="good.md")),
    )

    await outbox.accept(Acceptance(indexed=files, rules="rules"), NOW)

    assert await outbox.index("rules") == {one.path: one for one in files}


async def test_thousands_of_items_are_accepted_at_once(outbox: SqlOutbox) -> None:
    many = [item(number) for number in range(1100)]
    assert await outbox.accept(acceptance(*many), NOW) == 1100

    gone = Acceptance(withdrawn=tuple(one.id for one in many), gone=tuple(one.path for one in many))
    await outbox.accept(gone, LATER)

    assert {one.state for one in await outbox.deliveries(limit=5000)} == {State.SKIPPED}
    assert await outbox.index("rules") == {}


async def test_withdrawn_items_are_not_posted(outbox: SqlOutbox) -> None:
    held = replace(acceptance(item(1), item(2)), planned=(owed(item(1)), owed(item(2), State.HELD, "flood")))
    await outbox.accept(held, NOW)

    await outbox.accept(Acceptance(withdrawn=("store:1", "store:2"), gone=("news/1.md", "news/2.md")), LATER)

    assert {(one.state, one.code) for one in await outbox.deliveries()} == {(State.SKIPPED, Reason.WITHDRAWN)}
    assert (await outbox.known())["store:1"].is_withdrawn
    assert await outbox.item("store:1") is None
    assert await outbox.claim(NAME, "me", LATER) is None
    history = await outbox.history(owed(item(1)).uid)
    assert [(event.state, event.code, event.at) for event in history] == [
        (State.PLANNED, Reason.NEW, NOW),
        (State.SKIPPED, Reason.WITHDRAWN, LATER),
    ]


async def test_withdrawn_item_that_returns_is_planned_anew_and_composed_anew(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    await ended(outbox, Step(State.PLANNED, "refused connection", NOW, failures=3))
    await outbox.accept(Acceptance(withdrawn=("store:1",)), NOW)

    back = await outbox.accept(acceptance(item(1), reason="returned"), LATER)

    [one] = await outbox.deliveries()
    assert back == 1
    assert (one.state, one.reason, one.failures) == (State.PLANNED, "returned", 0)
    assert (one.payload, one.frozen_at) == (None, None)
    assert not (await outbox.known())["store:1"].is_withdrawn


@pytest.mark.parametrize("code", [Reason.BASELINE, Reason.TOO_OLD, Reason.SAME_LINK, Reason.NEEDS_IMAGE])
async def test_item_skipped_for_another_reason_is_not_planned_by_an_ingest(outbox: SqlOutbox, code: Reason) -> None:
    await outbox.accept(acceptance(item(1), state=State.SKIPPED, code=code), NOW)

    assert await outbox.accept(acceptance(item(1)), LATER) == 0
    assert [one.code for one in await outbox.deliveries()] == [code]


async def test_unclear_delivery_is_not_forgotten_when_its_item_is_withdrawn(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    await ended(outbox, Step(State.HELD, "unknown outcome", NOW, is_unclear=True))

    await outbox.accept(Acceptance(withdrawn=("store:1",)), NOW)

    assert [one.state for one in await outbox.deliveries()] == [State.HELD]


@pytest.mark.parametrize("state", [State.PLANNED, State.HELD, State.SENT, State.FAILED, State.DEAD])
async def test_backfill_revives_what_was_skipped_and_nothing_else(outbox: SqlOutbox, state: State) -> None:
    await outbox.accept(acceptance(item(1), state=State.SKIPPED, reason="baseline"), NOW)
    await outbox.accept(acceptance(item(2), state=state), NOW)
    wanted = [owed(item(number), reason="backfill", origin=Origin.BACKFILL) for number in (1, 2, 3)]

    assert await outbox.revive(wanted, LATER) == 2
    assert await outbox.revive(wanted, LATER) == 0

    found = {one.item_id: (one.state, one.origin) for one in await outbox.deliveries()}
    assert found == {
        "store:1": (State.PLANNED, Origin.BACKFILL),
        "store:2": (state, Origin.LIVE),
        "store:3": (State.PLANNED, Origin.BACKFILL),
    }


# Claims


async def test_live_goes_before_backfill_and_the_oldest_due_first(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(5)), NOW)
    ages = {
        item(1): (1, Origin.LIVE),
        item(2): (5, Origin.LIVE),
        item(3): (9, Origin.BACKFILL),
        item(4): (7, Origin.LIVE),
    }
    await outbox.revive(
        [
            planned(one, PLAN, State.PLANNED, "", NOW - timedelta(minutes=age), origin, code=Reason.NEW)
            for one, (age, origin) in ages.items()
        ],
        NOW,
    )

    order = []
    while (delivery := await outbox.claim(NAME, "me", NOW)) is not None:
        order.append(delivery.item_id)

    assert order == ["store:4", "store:2", "store:1", "store:5", "store:3"]


async def test_claim_gives_what_is_due_only(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)

    assert await outbox.next_due(NAME) == NOW
    assert await outbox.claim(NAME, "me", NOW - timedelta(microseconds=1)) is None
    assert await outbox.claim("other", "me", NOW) is None
    assert await outbox.claim(NAME, "me", NOW) is not None
    assert await outbox.next_due(NAME) is None


async def test_claim_has_owner_and_a_new_fence_each_time(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)

    first = await claimed(outbox)
    assert await outbox.claim(NAME, "you", LATER) is None
    assert await outbox.orphans(NAME) == [kept(first)]
    await outbox.settle(first, Step(State.PLANNED, "later", NOW), NOW)
    second = await claimed(outbox)

    assert (first.state, first.owner, first.fence) == (State.CLAIMED, "me", 1)
    assert (second.state, second.fence) == (State.CLAIMED, 2)


async def test_a_backfill_that_was_held_up_keeps_its_pace(outbox: SqlOutbox) -> None:
    hour = timedelta(hours=1)
    rows = [replace(owed(item(n), origin=Origin.BACKFILL), due=NOW + n * hour) for n in range(1, 4)]
    await outbox.revive(rows, NOW)
    two_days_later = NOW + timedelta(days=2)

    first = await outbox.claim(NAME, "me", two_days_later)

    assert first is not None
    assert first.item_id == "store:1"
    assert await outbox.claim(NAME, "me", two_days_later + timedelta(minutes=59)) is None
    assert await outbox.next_due(NAME) == two_days_later + hour
    second = await outbox.claim(NAME, "me", two_days_later + hour)
    assert second is not None
    assert (second.item_id, await outbox.next_due(NAME)) == ("store:2", two_days_later + 2 * hour)


async def test_live_deliveries_that_wait_are_not_pushed_back(outbox: SqlOutbox) -> None:
    await outbox.accept(Acceptance(planned=(owed(item(1)), replace(owed(item(2)), due=LATER))), NOW)

    await outbox.claim(NAME, "me", NOW + timedelta(days=2))

    assert await outbox.next_due(NAME) == LATER


@pytest.mark.parametrize("state", [State.FAILED, State.SENT, State.DEAD, State.HELD, State.SKIPPED, State.PLANNED])
async def test_an_edit_stands_in_for_what_was_refused_and_for_nothing_else(outbox: SqlOutbox, state: State) -> None:
    await outbox.accept(acceptance(item(1), state=state, reason="as it was"), NOW)

    changed = await outbox.accept(Acceptance(mended=(owed(item(1), reason="edited"), owed(item(2)))), LATER)

    [found] = await outbox.deliveries()
    assert changed == (1 if state is State.FAILED else 0)
    assert (found.item_id, found.state) == ("store:1", State.PLANNED if state is State.FAILED else state)


async def test_a_channels_account_is_the_one_of_the_settings(outbox: SqlOutbox) -> None:
    await outbox.accept(Acceptance(channels={NAME: "old.example"}), NOW)

    await outbox.accept(Acceptance(channels={NAME: "new.example"}), LATER)

    assert await outbox.channels() == {NAME: "new.example"}


async def test_unknown_is_claimed_as_unknown(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    await ended(outbox, Step(State.UNKNOWN, "reset", NOW, is_unclear=True))

    again = await claimed(outbox)

    assert (again.state, again.payload, again.key, again.is_unclear) == (State.UNKNOWN, b"post", "key", True)
    assert await outbox.claim(NAME, "you", LATER) is None
    assert await outbox.orphans("other") == []
    assert await outbox.orphans(NAME) == [kept(again)]


# Fences


async def test_intent_is_kept_with_payload_key_and_time(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)

    frozen = await sending(outbox)

    assert await outbox.deliveries() == [kept(frozen)]
    assert (frozen.state, frozen.payload, frozen.key, frozen.attempts) == (State.SENDING, b"post", "key", 1)
    assert (frozen.frozen_at, frozen.first_sent_at) == (NOW, NOW)
    assert [event.reason for event in await outbox.history(frozen.uid)] == ["new", "intent"]


async def test_second_intent_keeps_when_the_key_was_first_sent(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    await ended(outbox, Step(State.UNKNOWN, "reset", NOW, is_unclear=True))
    again = await claimed(outbox)

    same = await outbox.freeze(again, b"post", "key", LATER)

    assert (same.frozen_at, same.first_sent_at, same.attempts) == (NOW, NOW, 2)


async def test_other_bytes_are_frozen_at_their_own_time(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    await ended(outbox, Step(State.PLANNED, "gone", NOW, thaws=True))

    other = await outbox.freeze(await claimed(outbox), b"other", "key", LATER)

    assert (other.frozen_at, other.first_sent_at) == (LATER, NOW)


async def test_nothing_is_written_under_a_past_fence(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    old = await claimed(outbox)
    await outbox.settle(old, Step(State.PLANNED, "taken away", NOW), NOW)
    new = await claimed(outbox)

    with pytest.raises(LostClaim):
        await outbox.freeze(old, b"old", "key", NOW)
    with pytest.raises(LostClaim):
        await outbox.settle(old, Step(State.SENT, "old", NOW, receipt=RECEIPT), NOW)

    assert await outbox.deliveries() == [kept(new)]
    assert [event.reason for event in await outbox.history(new.uid)] == ["new", "taken away"]


async def test_a_claim_has_one_intent_and_one_end(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    delivery = await sending(outbox)

    with pytest.raises(LostClaim):
        await outbox.freeze(delivery, b"post", "key", NOW)
    await outbox.settle(delivery, Step(State.SENT, "accepted", NOW, receipt=RECEIPT), NOW)
    with pytest.raises(LostClaim):
        await outbox.settle(delivery, Step(State.FAILED, "no", NOW), NOW)

    assert [one.state for one in await outbox.deliveries()] == [State.SENT]


async def test_sent_keeps_the_receipt_and_lets_the_payload_go(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)

    sent = await ended(outbox, Step(State.SENT, "accepted", NOW, receipt=RECEIPT))

    assert (sent.state, sent.receipt, sent.payload, sent.owner) == (State.SENT, RECEIPT, None, None)
    assert await outbox.orphans(NAME) == []


async def test_thaw_forgets_the_payload_and_keeps_the_key(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)

    thawed = await ended(outbox, Step(State.PLANNED, "gone", NOW, failures=1, thaws=True))

    assert (thawed.payload, thawed.frozen_at) == (None, None)
    assert (thawed.key, thawed.first_sent_at, thawed.generation, thawed.failures) == ("key", NOW, 0, 1)


async def test_renewed_key_begins_a_new_generation(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)

    renewed = await ended(outbox, Step(State.PLANNED, "absent", NOW, thaws=True, renews_key=True))

    assert (renewed.key, renewed.first_sent_at, renewed.generation) == (None, None, 1)


async def test_looking_is_kept(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)

    found = await ended(
        outbox, Step(State.UNKNOWN, "not yet", LATER, 2, readings=1, is_unclear=True, is_key_spent=True)
    )

    assert (found.readings, found.is_unclear, found.is_key_spent) == (1, True, True)
    assert (found.failures, found.due) == (2, LATER)


# Waiting


@pytest.mark.parametrize("microseconds", [0, 1, 999_999, 123_457])
async def test_moments_are_exact_to_the_microsecond(outbox: SqlOutbox, microseconds: int) -> None:
    moments = [
        NOW + timedelta(microseconds=microseconds),
        NOW.replace(year=1969, microsecond=microseconds),
        NOW.replace(year=2262, microsecond=microseconds),
    ]
    for number, moment in enumerate(moments):
        await outbox.revive([replace(owed(item(number)), due=moment)], NOW)

    assert [one.due for one in await outbox.deliveries()] == sorted(moments, reverse=True)


# Operators


async def test_counts_tell_how_every_channel_stands(outbox: SqlOutbox) -> None:
    other = replace(PLAN, name="other", account="elsewhere")
    await outbox.accept(acceptance(item(1), item(2), item(3)), NOW)
    await outbox.accept(acceptance(item(1), channel=other, state=State.SKIPPED, reason="baseline"), NOW)
    await outbox.settle(await sending(outbox), Step(State.SENT, "accepted", NOW, receipt=RECEIPT), LATER)
    await outbox.settle(await sending(outbox), Step(State.UNKNOWN, "reset", LATER, is_unclear=True), LATER)

    assert await outbox.counts() == [
        ChannelCounts(
            NAME,
            ACCOUNT,
            {State.SENT: 1, State.UNKNOWN: 1, State.PLANNED: 1},
            NOW + timedelta(microseconds=2),
            NOW,
        ),
        ChannelCounts("other", "elsewhere", {State.SKIPPED: 1}),
    ]


async def test_deliveries_are_found_by_state_channel_and_item(outbox: SqlOutbox) -> None:
    other = replace(PLAN, name="other")
    await outbox.accept(acceptance(item(1), item(2)), NOW)
    await outbox.accept(acceptance(item(1), channel=other, state=State.HELD, reason="flood"), NOW)

    async def found(**how: object) -> list[tuple[str, str]]:
        return [(one.channel, one.item_id) for one in await outbox.deliveries(**how)]  # type: ignore[arg-type]  # names of arguments

    assert await found(states=[State.HELD]) == [("other", "store:1")]
    assert await found(channel=NAME) == [(NAME, "store:2"), (NAME, "store:1")]
    assert sorted(await found(item_id="store:1")) == [(NAME, "store:1"), ("other", "store:1")]
    assert await found(channel=NAME, limit=1) == [(NAME, "store:2")]
    assert await found(states=[State.SENT, State.DEAD]) == []


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("store:1", ["store:1"]),
        ("1", ["store:1"]),
        ("news/1.md", ["store:1"]),
        ("1.md", ["store:1"]),
        ("title-1", ["store:1"]),
        ("100%_a\\b", ["store:100%_a\\b"]),
        ("1__%", []),
        ("%", []),
        ("_", []),
        ("tle-1", []),
        ("health-ai", []),
        ("TITLE-1", []),
    ],
)
async def test_items_are_found_by_id_path_or_slug(outbox: SqlOutbox, text: str, ids: list[str]) -> None:
    odd = item(2, id="store:100%_a\\b", path="a/100%_a.md", slug="odd", topics=(Topic("health-ai", "Health AI"),))
    await outbox.accept(acceptance(item(1), odd, item(11)), NOW)

    assert [one.id for one in await outbox.find_items(text)] == ids


async def test_delivery_without_events_has_no_history(outbox: SqlOutbox) -> None:
    assert await outbox.history("nobody") == []


@pytest.mark.parametrize("state", [State.HELD, State.FAILED, State.DEAD])
async def test_operator_sends_again_under_a_new_key(outbox: SqlOutbox, state: State) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    stopped = await ended(outbox, Step(state, "unknown", NOW, failures=12, readings=1, is_unclear=True))

    resolved = await outbox.resolve(stopped.uid[:6], State.PLANNED, "send again", LATER)

    assert [resolved] == await outbox.deliveries()
    assert (resolved.state, resolved.due, resolved.failures, resolved.readings) == (State.PLANNED, LATER, 0, 0)
    assert (resolved.key, resolved.payload, resolved.first_sent_at, resolved.generation) == (None, None, None, 1)
    assert not resolved.is_unclear
    assert (await outbox.history(stopped.uid))[-1].reason == "send again"
    assert await outbox.claim(NAME, "me", LATER) is not None


async def test_operator_lets_a_flood_go_under_the_first_key(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1), state=State.HELD, reason="flood"), NOW)

    resolved = await outbox.resolve(owed(item(1)).uid, State.PLANNED, "let go", LATER)

    assert resolved.generation == 0


@pytest.mark.parametrize("url", ["https://social.example/7", None])
async def test_operator_says_that_it_is_there(outbox: SqlOutbox, url: str | None) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    held = await ended(outbox, Step(State.HELD, "unknown", NOW, is_unclear=True))

    resolved = await outbox.resolve(held.uid, State.SENT, "is there", LATER, url)

    assert (resolved.state, resolved.payload, resolved.is_unclear) == (State.SENT, None, False)
    assert resolved.receipt == Receipt(url or "told by the operator", url, LATER)


async def test_operator_drops_it(outbox: SqlOutbox) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    held = await ended(outbox, Step(State.HELD, "unknown", NOW, is_unclear=True))

    assert (await outbox.resolve(held.uid, State.DEAD, "dropped", LATER)).state is State.DEAD
    assert await outbox.next_due(NAME) is None


@pytest.mark.parametrize("state", [State.SENT, State.UNKNOWN, State.PLANNED, State.SKIPPED])
async def test_only_what_waits_for_the_operator_is_resolved(outbox: SqlOutbox, state: State) -> None:
    await outbox.accept(acceptance(item(1)), NOW)
    one = await ended(outbox, Step(state, "as it is", NOW))

    with pytest.raises(UsageError, match=f"is {state}"):
        await outbox.resolve(one.uid, State.PLANNED, "send again", LATER)


@pytest.mark.parametrize("uid", ["nobody", "%", "_"])
async def test_word_about_no_delivery_is_refused(outbox: SqlOutbox, uid: str) -> None:
    await outbox.accept(acceptance(item(1), state=State.HELD, reason="flood"), NOW)

    with pytest.raises(UsageError, match="is no delivery"):
        await outbox.resolve(uid, State.PLANNED, "send again", LATER)


async def test_beginning_of_two_deliveries_is_refused(outbox: SqlOutbox) -> None:
    held = [replace(owed(item(number), State.HELD, "flood"), uid=f"ab{number}") for number in (1, 2)]
    await outbox.revive(held, NOW)

    with pytest.raises(UsageError, match="fits 2 deliveries"):
        await outbox.resolve("ab", State.PLANNED, "send again", LATER)


# Tokens


async def test_token_is_kept_sealed_and_replaced(outbox: SqlOutbox) -> None:
    assert await outbox.sealed_token("news") is None

    await outbox.keep_sealed_token("news", b"\x00first", NOW)
    await outbox.keep_sealed_token("news", b"second", LATER)

    assert await outbox.sealed_token("news") == b"second"
    assert await outbox.sealed_token("other") is None
