"""What is kept of an item is posted only if it can be read and, before the first pass, if its file stands unchanged."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, MutableMapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from msgspec.structs import replace
from structlog.testing import capture_logs

from deliver_rig import ACCOUNT, NAME, NOW, WRITE_ONLY, Rig, acceptance, item, rig
from syndicate.content.folder import FolderStore
from syndicate.errors import Rejected, Unknown
from syndicate.items.item import Item
from syndicate.items.presets import rules_of
from syndicate.items.snapshot import pack
from syndicate.lookout import CHANGED, DAMAGED, Lookout
from syndicate.outbox.delivery import Action, Delivery, Origin, Planned, State, uid_of
from syndicate.outbox.outcome import Step
from syndicate.outbox.reasons import Reason
from syndicate.ports.content import Indexed, Stamp
from syndicate.ports.outbox import Acceptance

DAMAGES = (None, b"", b"2", pack(item(1))[:-1], "text")


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; nothing is printed."""
    with capture_logs() as lines:
        yield lines


def damage(one: Rig, packed: bytes | str | None = b"2") -> None:
    """Damage what is kept of the first item."""
    with closing(sqlite3.connect(one.path / "outbox.sqlite3")) as connection:
        connection.execute("UPDATE files SET packed = ? WHERE path = 'news/1.md'", (packed,))
        connection.commit()


def watched(one: Rig, store: Path | None = None) -> Lookout:
    """From now on the lane looks at the store, where its items are kept as `keep` wrote them."""
    kept = None if store is None else FolderStore(store, rules_of("generic", site_url="https://site.example/"))
    lookout = Lookout(one.outbox, one.clock, store=kept, rules="rules")
    one.restart(replace(one.rules, attempts=replace(one.rules.attempts, lookout=lookout)))
    return lookout


def read_again(*items: Item) -> Acceptance:
    return structs.replace(acceptance(*items), planned=())


async def keep(one: Rig, store: Path, *items: Item) -> None:
    """Write files and keep them as they are, with the items; the posts are owed already."""
    indexed = []
    for number, each in enumerate(items):
        path = store / each.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("kept" * (number + 1), encoding="utf-8")
        facts = path.stat()
        indexed.append(Indexed(each.path, Stamp(facts.st_size, facts.st_mtime_ns, facts.st_ino), each))
    await one.outbox.accept(structs.replace(read_again(*items), indexed=tuple(indexed)), NOW)


async def states(one: Rig) -> dict[str, State]:
    return {delivery.item_id: delivery.state for delivery in await one.outbox.deliveries()}


async def of(one: Rig, number: int) -> Delivery:
    [found] = await one.outbox.deliveries(item_id=f"store:{number}")
    return found


@pytest.mark.parametrize("packed", DAMAGES)
async def test_damaged_item_is_left_alone_until_a_pass_has_read_it_again(
    tmp_path: Path, logs: list[MutableMapping[str, Any]], packed: bytes | str | None
) -> None:
    async with rig(tmp_path, item(1), item(2)) as one:
        lookout = watched(one)
        damage(one, packed)

        assert [await one.step() for _ in range(4)] == [State.PLANNED, State.SENT, None, None]
        left = await of(one, 1)
        assert (left.code, left.attempts, left.reason) == (Reason.UNREAD, 0, DAMAGED)
        [told] = [line for line in logs if line["event"] == "delivery_postponed"]
        assert (told["item"], told["reason"]) == ("store:1", DAMAGED)

        await one.outbox.accept(read_again(item(1)), NOW)
        lookout.passed()
        one.clock.pass_(timedelta(seconds=2))

        assert await one.step() is State.SENT
        assert await states(one) == {"store:1": State.SENT, "store:2": State.SENT}
        assert len(one.channel.made) == 2


async def test_what_a_delivery_was_told_before_it_waited_says_how_it_goes_on(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1)) as one:
        lookout = watched(one)
        claimed = await one.outbox.claim(NAME, "me", NOW)
        assert claimed is not None
        refused = Step(State.PLANNED, "422 (no such picture)", NOW, 1, code=Reason.PICTURE_REFUSED)
        await one.outbox.settle(claimed, refused, NOW)
        damage(one)
        for _ in range(2):  # waits twice: what it was told before both of them counts
            assert await one.step() is State.PLANNED
            lookout.passed()
            one.clock.pass_(timedelta(seconds=2))
        assert (await of(one, 1)).code is Reason.UNREAD
        await one.outbox.accept(read_again(item(1)), NOW)

        again = await one.outbox.claim(NAME, "me", one.clock())

        assert again is not None
        assert (again.code, again.reason) == (Reason.PICTURE_REFUSED, "422 (no such picture)")


async def test_what_a_pass_could_not_mend_is_looked_at_once_after_each(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1)) as one:
        lookout = watched(one)
        damage(one)
        assert [await one.step(), await one.step()] == [State.PLANNED, None]

        lookout.passed()
        one.clock.pass_(timedelta(seconds=2))

        assert [await one.step(), await one.step()] == [State.PLANNED, None]
        assert one.channel.calls == ["open"]


async def test_post_that_may_be_out_is_settled_though_its_item_is_damaged(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1)) as one:
        one.channel.after_made = [Unknown("cut off")]
        assert await one.step() is State.UNKNOWN

        damage(one)

        assert await one.step_when_due() is State.SENT
        assert len(one.channel.made) == 1


async def test_refusal_is_settled_though_the_item_was_damaged_meanwhile(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1)) as one:

        async def damaged() -> None:
            damage(one)

        one.outbox.after["freeze"] = [damaged]
        one.channel.script["publish"] = [Rejected("422 (text is spam)")]

        assert await one.step() is State.FAILED


async def test_what_is_known_of_a_delivery_stays_while_it_is_left_alone(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        lookout = watched(one)
        delivery = Delivery(
            "u", NAME, ACCOUNT, "store:1", Action.DELETE, "r", State.CLAIMED, "", NOW, failures=2, is_unclear=True
        )

        step = await lookout.hold_up(structs.replace(delivery, is_damaged=True))

        assert step is not None
        assert (step.due, step.failures, step.is_unclear) == (NOW, 2, True)


async def test_late_backfill_does_not_push_the_others_back_once_more(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        late = NOW - timedelta(days=1)
        delivery = Delivery("u", NAME, ACCOUNT, "store:1", Action.POST, "r", State.CLAIMED, "", late, Origin.BACKFILL)

        step = await watched(one).hold_up(structs.replace(delivery, is_damaged=True))

        assert step is not None
        assert step.due == NOW


# Before the first pass


async def test_item_whose_file_stands_as_it_was_is_posted_before_the_first_pass(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1)) as one:
        watched(one, tmp_path / "store")
        await keep(one, tmp_path / "store", item(1))

        assert await one.step() is State.SENT


def gone(file: Path) -> None:
    file.unlink()


def edited(file: Path) -> None:
    file.write_text("Kept", encoding="utf-8")
    os.utime(file, ns=(1, 1))


def in_the_way(file: Path) -> None:
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("", encoding="utf-8")


@pytest.mark.parametrize("happened", [gone, edited, in_the_way])
async def test_item_whose_file_changed_waits_for_the_first_pass(tmp_path: Path, happened: Any) -> None:
    async with rig(tmp_path, item(1), item(2, path="other/2.md")) as one:
        lookout = watched(one, tmp_path / "store")
        await keep(one, tmp_path / "store", item(1), item(2, path="other/2.md"))
        happened(tmp_path / "store" / "news" / "1.md")

        assert [await one.step(), await one.step(), await one.step()] == [State.PLANNED, State.SENT, None]
        assert ((await of(one, 1)).code, (await of(one, 1)).reason) == (Reason.UNREAD, CHANGED)

        await one.outbox.accept(Acceptance(withdrawn=("store:1",), gone=("news/1.md",)), NOW)
        lookout.passed()
        one.clock.pass_(timedelta(seconds=2))

        assert await one.step() is None
        assert (await of(one, 1)).code is Reason.WITHDRAWN
        assert len(one.channel.sent) == 1


async def test_nothing_is_posted_of_files_that_are_to_be_read_by_other_rules(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1)) as one:
        lookout = watched(one, tmp_path / "store")
        await keep(one, tmp_path / "store", item(1))
        await one.outbox.accept(Acceptance(rules="former rules"), NOW)

        assert [await one.step(), await one.step()] == [State.PLANNED, None]

        lookout.passed()
        one.clock.pass_(timedelta(seconds=2))

        assert await one.step() is State.SENT


async def test_item_that_is_over_is_not_posted_before_the_first_pass(tmp_path: Path) -> None:
    over = item(1, expires=NOW)
    async with rig(tmp_path, over) as one:
        watched(one, tmp_path / "store")
        await keep(one, tmp_path / "store", over)

        assert await one.step() is State.PLANNED
        assert one.channel.sent == []


async def test_post_is_not_taken_away_before_the_first_pass_as_its_item_may_be_back(tmp_path: Path) -> None:
    async with rig(tmp_path, guarantee=WRITE_ONLY) as one:
        lookout = watched(one, tmp_path / "store")
        left = Planned(
            uid_of(NAME, ACCOUNT, "store:1", Action.DELETE), NAME, ACCOUNT, "store:1", Action.DELETE, "left",
            State.PLANNED, "its item left the store", NOW, code=Reason.LEFT, item=item(1),
        )  # fmt: skip
        await one.outbox.accept(Acceptance(planned=(left,), channels={NAME: ACCOUNT}), NOW)

        assert [await one.step(), await one.step()] == [State.PLANNED, None]

        lookout.passed()
        one.clock.pass_(timedelta(seconds=2))

        assert await one.step() is State.SKIPPED  # it was not posted here
