"""Passes over a real store: what changes feeds, what is planned, and what a stop in the middle leaves behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace
from structlog.testing import capture_logs

from newsroom import NEWS, NOW, Newsroom, PowerCut, picture
from syndicate.content.folder import FolderStore
from syndicate.errors import CannotWrite, ConfigError, ImageUnusable
from syndicate.items.item import Image
from syndicate.outbox.delivery import Receipt, State
from syndicate.outbox.outcome import Step
from syndicate.outbox.plan import FirstSight
from syndicate.outbox.reasons import Reason

OTHER = replace(NEWS, name="other", account="other.example")


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Newsroom]:
    """A store with items 1 and 2, seen before: both are baseline."""
    room = Newsroom(tmp_path)
    room.write("1.md")
    room.write("2.md")
    async with room:
        await room.look()
        yield room


def titles(room: Newsroom, path: str = "all/feed.json") -> list[str]:
    return [entry["title"] for entry in json.loads(room.feed(path))["items"]]


async def test_first_sight_is_a_baseline(room: Newsroom) -> None:
    assert titles(room) == ["Title 1", "Title 2"]
    assert await room.states() == {"item:1": State.SKIPPED, "item:2": State.SKIPPED}
    assert {one.reason.partition(":")[0] for one in (await room.deliveries()).values()} == {"baseline"}


async def test_pass_tells_what_it_saw_and_did(tmp_path: Path) -> None:
    room = Newsroom(tmp_path)
    room.write("1.md")
    room.write("2.md", draft=True)
    room.write("3.md", date="2026-02-30")
    room.write("4.md", date=NOW + timedelta(days=1))
    room.put("notes.md", b"# No front matter\n")
    async with room:
        done = await room.look()

    assert (done.files, done.items, done.new, done.topics, done.scheduled) == (5, 1, 1, 1, 1)
    assert done.next_due == NOW + timedelta(days=1)
    assert dict(done.skipped) == {"draft": 1, "no front matter": 1}
    assert [fault.code for fault in done.errors] == ["E-DATE"]
    assert dict(done.decided) == {State.SKIPPED: 1}
    assert {"all/rss.xml", "index.opml", "index.html"} <= set(done.written)


async def test_new_item_is_shown_and_planned(room: Newsroom) -> None:
    room.write("3.md")

    done = await room.look()

    assert (done.new, done.revised, dict(done.decided)) == (1, 0, {State.PLANNED: 1})
    assert "Title 3" in titles(room)
    assert (await room.states())["item:3"] is State.PLANNED
    assert (await room.deliveries())["item:3"].due == room.now


async def test_change_is_logged_once(room: Newsroom) -> None:
    room.write("3.md")

    with capture_logs() as events:
        await room.look()
        await room.look()

    assert [(one["event"], one["new"], one["revised"], one["withdrawn"]) for one in events] == [
        ("store_changed", 1, 0, 0)
    ]


async def test_nothing_changed_writes_nothing(room: Newsroom) -> None:
    before = room.shelved()

    done = await room.look()

    assert (done.written, dict(done.decided)) == ((), {})
    assert room.shelved() == before


async def test_new_process_writes_nothing_when_nothing_changed(room: Newsroom) -> None:
    before = room.shelved()

    await room.restart()
    done = await room.look()

    assert (done.new, done.revised, done.written) == (0, 0, ())
    assert room.shelved() == before


async def test_edited_item_changes_feeds_and_plans_nothing(room: Newsroom) -> None:
    room.write("1.md", title="Better title", age=timedelta(minutes=1))

    done = await room.look()

    assert (done.new, done.revised, dict(done.decided)) == (0, 1, {})
    assert titles(room) == ["Better title", "Title 2"]
    assert (await room.states())["item:1"] is State.SKIPPED


async def test_edit_between_planning_and_posting_posts_the_new_text(room: Newsroom) -> None:
    room.write("3.md")
    await room.look()
    room.write("3.md", title="Better title", age=timedelta(minutes=1))
    await room.look()

    item = await room.outbox.item("item:3")

    assert item is not None
    assert item.title == "Better title"
    assert (await room.states())["item:3"] is State.PLANNED


async def test_moved_file_changes_nothing_for_anybody(room: Newsroom) -> None:
    room.write("3.md", permalink="/birds/3/")
    await room.look()
    before, planned = room.shelved(), await room.deliveries()
    (room.content / "deep" / "er").mkdir(parents=True)
    (room.content / "3.md").rename(room.content / "deep" / "er" / "other-name.md")

    done = await room.look()

    assert (done.new, done.revised, done.withdrawn, done.moved) == (0, 0, 0, 1)
    assert (done.written, room.shelved()) == ((), before)
    assert await room.deliveries() == planned
    item = await room.outbox.item("item:3")
    assert item is not None
    assert item.path == "deep/er/other-name.md"


async def test_touched_file_changes_nothing(room: Newsroom) -> None:
    before = room.shelved()
    (room.content / "1.md").touch()

    done = await room.look()

    assert (done.revised, done.written, room.shelved()) == (0, (), before)


async def test_deleted_item_leaves_the_feeds_and_is_not_posted(room: Newsroom) -> None:
    room.write("3.md", categories=["Reeds"])
    await room.look()
    assert (room.feeds / "reeds" / "rss.xml").is_file()
    (room.content / "3.md").unlink()

    done = await room.look()

    assert (done.withdrawn, titles(room)) == (1, ["Title 1", "Title 2"])
    assert "<item>" not in room.feed("reeds/rss.xml")
    delivery = (await room.deliveries())["item:3"]
    assert (delivery.state, delivery.code) == (State.SKIPPED, Reason.WITHDRAWN)
    assert await room.outbox.next_due("news") is None


async def test_item_that_becomes_a_draft_leaves_too(room: Newsroom) -> None:
    room.write("1.md", draft=True, age=timedelta(minutes=1))

    done = await room.look()

    assert (done.withdrawn, titles(room)) == (1, ["Title 2"])


async def test_returned_item_is_shown_and_planned_again(room: Newsroom) -> None:
    room.write("3.md")
    await room.look()
    (room.content / "3.md").unlink()
    await room.look()
    room.write("3.md", title="Back", age=timedelta(minutes=1))

    done = await room.look()

    assert (done.new, "Back" in titles(room)) == (1, True)
    assert (await room.states())["item:3"] is State.PLANNED


async def test_returned_item_that_was_posted_is_not_posted_again(room: Newsroom) -> None:
    room.write("3.md")
    await room.look()
    uid = (await room.deliveries())["item:3"].uid
    await room.outbox.claim("news", "test", room.now)
    await post_by_hand(room, uid)
    (room.content / "3.md").unlink()
    await room.look()
    room.write("3.md", age=timedelta(minutes=1))

    await room.look()

    assert (await room.states())["item:3"] is State.SENT
    assert await room.outbox.next_due("news") is None


async def post_by_hand(room: Newsroom, uid: str) -> None:
    claimed = next(one for one in await room.outbox.deliveries() if one.uid == uid)
    sending = await room.outbox.freeze(claimed, b"{}", "key", room.now)
    await room.outbox.settle(
        sending, Step(State.SENT, "posted", room.now, receipt=Receipt("1", None, room.now)), room.now
    )


async def test_item_leaves_at_its_end(room: Newsroom) -> None:
    room.write("3.md", expires=NOW + timedelta(hours=1))
    room.write("4.md", expires=NOW + timedelta(hours=2))

    early = await room.look()
    late = await room.look(timedelta(hours=1))
    room.put("4.md", b"---\ntitle: [\n---\n")
    await room.look()
    last = await room.look(timedelta(hours=1))

    assert (early.next_end, early.next_due) == (NOW + timedelta(hours=1), None)
    assert (late.withdrawn, late.next_end) == (1, NOW + timedelta(hours=2))
    assert (last.withdrawn, last.next_end) == (1, None)
    assert titles(room) == ["Title 1", "Title 2"]


async def test_future_item_falls_due(room: Newsroom) -> None:
    room.write("3.md", date=NOW + timedelta(hours=1))

    early = await room.look()
    late = await room.look(timedelta(hours=1))
    again = await room.look()

    assert (early.new, early.scheduled, early.next_due) == (0, 1, NOW + timedelta(hours=1))
    assert (late.new, late.scheduled, late.next_due) == (1, 0, None)
    assert (dict(late.decided), dict(again.decided)) == ({State.PLANNED: 1}, {})
    assert "Title 3" in titles(room)


async def test_item_put_off_into_the_future_leaves_until_then(room: Newsroom) -> None:
    room.write("3.md")
    await room.look()
    room.write("3.md", date=NOW + timedelta(hours=1), age=timedelta(minutes=1))

    put_off = await room.look()
    due = await room.look(timedelta(hours=1))

    assert (put_off.withdrawn, put_off.scheduled, due.new) == (1, 1, 1)
    assert (await room.states())["item:3"] is State.PLANNED


async def test_clock_set_back_takes_nothing_away(room: Newsroom) -> None:
    room.write("3.md")
    await room.look()
    before = room.shelved()

    back = await room.look(-timedelta(days=9000))
    await room.restart()
    again = await room.look()

    assert (back.withdrawn, again.withdrawn, again.items, again.scheduled) == (0, 0, 3, 0)
    assert room.shelved() == before
    assert (await room.states())["item:3"] is State.PLANNED


async def test_bad_file_is_named_and_the_rest_goes_on(room: Newsroom) -> None:
    bad = room.put("3.md", b"---\ntitle: [\n---\n")
    room.write("4.md")

    done = await room.look()

    (fault,) = done.errors
    assert (fault.path, fault.line) == (str(bad), 2)
    assert fault.remedy
    assert titles(room) == ["Title 1", "Title 2", "Title 4"]
    assert (await room.states())["item:4"] is State.PLANNED


async def test_item_that_breaks_keeps_its_last_good_form(room: Newsroom) -> None:
    before = room.shelved()
    room.put("1.md", b"---\ntitle: [\n---\n", age=timedelta(minutes=1))

    broken = await room.look()
    room.write("1.md", title="Mended", age=timedelta(minutes=1))
    mended = await room.look()

    assert (len(broken.errors), broken.withdrawn, broken.written) == (1, 0, ())
    assert broken.items == 2
    assert before != room.shelved()
    assert (mended.errors, titles(room)) == ((), ["Mended", "Title 2"])


async def test_half_written_file_is_waited_for(room: Newsroom) -> None:
    room.write("3.md", age=timedelta(0))

    with room.content.joinpath("3.md").open("ab"):
        waits = await room.look(timedelta(milliseconds=100))
    taken = await room.look(timedelta(seconds=3))

    assert (waits.waiting, waits.new) == (("3.md",), 0)
    assert (taken.waiting, taken.new) == ((), 1)


async def test_image_that_comes_after_its_text_is_waited_for(room: Newsroom) -> None:
    room.write("3.md", featuredImage={"href": "3.png", "alt": "A heron"}, age=timedelta(seconds=1))
    waits = await room.look(timedelta(0))
    room.put("3.png", picture(), age=timedelta(seconds=1))

    taken = await room.look(timedelta(0))

    assert (waits.waiting, taken.new, taken.faults) == (("3.md",), 1, ())
    assert [path for path in room.shelved() if path.startswith("media/")]


async def test_two_files_with_one_id_are_one_item(room: Newsroom) -> None:
    room.write("a/3.md")
    room.write("b/3.md", title="Copy", link="https://herons.example/copy")

    done = await room.look()

    assert [fault.code for fault in done.errors] == ["E-DUPLICATE"]
    assert done.errors[0].path == str(room.content / "b/3.md")
    assert (done.new, "Title 3" in titles(room), "Copy" in titles(room)) == (1, True, False)


async def test_second_item_with_the_same_link_is_shown_and_not_posted(room: Newsroom) -> None:
    room.write("3.md", link="https://herons.example/1?utm_source=x")
    room.write("4.md")
    room.write("5.md", link="https://herons.example/4")

    await room.look()

    deliveries = await room.deliveries()
    assert deliveries["item:3"].reason == "same link as item:1"
    assert deliveries["item:5"].state is State.PLANNED
    assert deliveries["item:4"].reason == "same link as item:5"
    assert len(titles(room)) == 5


async def test_flood_is_held(room: Newsroom) -> None:
    for number in range(3, 14):
        room.write(f"{number}.md")

    done = await room.look()

    assert dict(done.decided) == {State.HELD: 11}
    assert len(titles(room)) == 13
    assert (await room.deliveries())["item:3"].reason == "flood guard: 11 new items at once, limit 10"


async def test_another_store_is_shown_and_held(room: Newsroom) -> None:
    for number in range(3, 6):
        room.write(f"{number}.md")
    await room.look()
    for file in room.content.glob("*.md"):
        file.unlink()
    for number in range(30, 33):
        room.write(f"{number}.md")

    done = await room.look()

    assert dict(done.decided) == {State.HELD: 3}
    assert {"Title 30", "Title 31", "Title 32"} <= set(titles(room))
    assert (await room.deliveries())["item:30"].reason.startswith("another store: none of the ")


async def test_an_edit_tries_again_what_was_refused(room: Newsroom) -> None:
    room.write("3.md")
    await room.look()
    [refused] = [one for one in (await room.deliveries()).values() if one.state is State.PLANNED]
    claimed = await room.outbox.claim(refused.channel, "me", room.now)
    assert claimed is not None
    await room.outbox.settle(claimed, Step(State.FAILED, "422 (too rude)", room.now), room.now)

    room.write("3.md", title="Title 3, politely")
    await room.look()

    again = (await room.deliveries())["item:3"]
    assert (again.state, again.reason) == (State.PLANNED, "edited after it was refused")


async def test_old_item_is_shown_and_not_posted(room: Newsroom) -> None:
    room.write("3.md", date=NOW - timedelta(days=31))

    await room.look()

    assert (await room.deliveries())["item:3"].reason.startswith("too old")
    assert "Title 3" in titles(room)


async def test_lost_store_keeps_feeds_and_posts(room: Newsroom) -> None:
    room.write("3.md")
    await room.look()
    before = room.shelved()
    elsewhere = room.folder / "elsewhere"
    room.content.rename(elsewhere)
    room.content.mkdir()

    lost = await room.look()
    room.content.rmdir()
    elsewhere.rename(room.content)
    found = await room.look()

    assert [fault.code for fault in lost.errors] == ["E-STORE-LOST"]
    assert room.shelved() == before
    assert (found.errors, found.new, found.withdrawn, dict(found.decided)) == ((), 0, 0, {})
    assert (await room.states())["item:3"] is State.PLANNED


async def test_after_a_lost_store_all_is_looked_at(room: Newsroom) -> None:
    gone = [room.content / "1.md", room.content / "2.md"]
    for path in gone:
        path.unlink()
    lost = await room.look(near=gone)
    new = room.write("3.md")

    found = await room.look(near=[new])

    assert [fault.code for fault in lost.errors] == ["E-STORE-LOST"]
    assert (found.errors, found.new, found.withdrawn) == ((), 1, 2)


async def test_lost_store_is_told_by_a_new_process_too(room: Newsroom) -> None:
    before = room.shelved()
    shutil.rmtree(room.content)
    room.content.mkdir()

    await room.restart()
    done = await room.look()

    assert [fault.code for fault in done.errors] == ["E-STORE-LOST"]
    assert room.shelved() == before


async def test_missing_store_is_a_fault_of_the_settings(room: Newsroom) -> None:
    shutil.rmtree(room.content)

    with pytest.raises(ConfigError, match="cannot be read"):
        await room.look()


async def test_last_item_of_several_files_may_leave(room: Newsroom) -> None:
    room.put("notes.md", b"# No front matter\n")
    await room.look()
    (room.content / "1.md").unlink()
    (room.content / "2.md").unlink()

    done = await room.look()

    assert (done.withdrawn, done.errors, titles(room)) == (2, (), [])


@pytest.mark.parametrize("is_new_process", [False, True])
@pytest.mark.parametrize("ends", ["before", "after"])
async def test_stop_between_feeds_and_acceptance_plans_once(room: Newsroom, ends: str, is_new_process: bool) -> None:
    room.write("3.md")
    room.outbox.ends = ends
    with pytest.raises(PowerCut):
        await room.look()
    assert "Title 3" in titles(room)
    before = room.shelved()

    if is_new_process:
        await room.restart()
    await room.look()
    await room.look()

    assert room.shelved() == before
    assert await room.states() == {"item:1": State.SKIPPED, "item:2": State.SKIPPED, "item:3": State.PLANNED}
    history = await room.outbox.history((await room.deliveries())["item:3"].uid)
    assert [one.state for one in history] == [State.PLANNED]


async def test_feed_that_cannot_be_written_plans_nothing_until_it_can(room: Newsroom) -> None:
    page = room.feeds / "all" / "rss.xml"
    page.unlink()
    page.mkdir()
    room.write("3.md")
    with pytest.raises(CannotWrite):
        await room.look()
    assert "item:3" not in await room.states()

    page.rmdir()
    done = await room.look()

    assert dict(done.decided) == {State.PLANNED: 1}
    assert page.is_file()


async def test_changed_image_changes_feeds_and_plans_nothing(room: Newsroom) -> None:
    room.put("3.png", picture("teal"))
    room.write("3.md", featuredImage={"href": "3.png", "alt": "A heron"})
    await room.look()
    first = {path for path in room.shelved() if path.startswith("media/")}
    room.put("3.png", picture("brown"), age=timedelta(minutes=1))

    done = await room.look()

    second = {path for path in room.shelved() if path.startswith("media/")}
    assert (done.new, done.revised, dict(done.decided)) == (0, 1, {})
    assert (len(first), len(second), first & second) == (1, 1, set())
    assert next(iter(second)) in room.feed()


class ForgetfulStore(FolderStore):
    """A store whose images vanish between the scan and the reading."""

    def image_bytes(self, image: Image) -> bytes:
        raise ImageUnusable(image.ref, "is gone")


async def test_image_that_vanishes_in_the_middle_of_a_pass_costs_the_image_only(tmp_path: Path) -> None:
    room = Newsroom(tmp_path, store=ForgetfulStore)
    room.put("3.png", picture())
    room.write("3.md", featuredImage={"href": "3.png", "alt": "A heron"})
    async with room:
        with capture_logs() as events:
            done = await room.look()

    assert [one for one in events if one["event"] == "image_not_shelved"] == [
        {"event": "image_not_shelved", "image": "3.png", "reason": "is gone", "log_level": "warning"}
    ]
    assert (done.new, titles(room)) == (1, ["Title 3"])


async def test_new_channel_on_an_old_store_begins_with_a_baseline(room: Newsroom) -> None:
    room.write("3.md")
    await room.look()

    await room.restart(NEWS, OTHER)
    done = await room.look()
    room.write("4.md")
    await room.look()

    assert dict(done.decided) == {State.SKIPPED: 3}
    former = dict.fromkeys(("item:1", "item:2", "item:3"), State.SKIPPED)
    assert await room.states("other") == {**former, "item:4": State.PLANNED}
    assert (await room.states())["item:4"] is State.PLANNED


async def test_new_channel_may_post_what_is_there(room: Newsroom) -> None:
    await room.restart(NEWS, replace(OTHER, first_sight=FirstSight.POST))

    done = await room.look()

    assert dict(done.decided) == {State.PLANNED: 2}


async def test_channel_of_an_empty_store_has_seen_it(tmp_path: Path) -> None:
    async with Newsroom(tmp_path) as room:
        await room.look()
        room.write("1.md")
        done = await room.look()

    assert dict(done.decided) == {State.PLANNED: 1}


async def test_other_mapping_reads_all_files_again_and_plans_nothing(room: Newsroom) -> None:
    room.rules = "rules-2"

    await room.restart()
    done = await room.look()

    assert (done.new, done.revised, dict(done.decided)) == (0, 0, {})
    assert len(await room.outbox.index("rules-2")) == 2


async def test_file_of_a_stranger_among_the_feeds_stays(room: Newsroom) -> None:
    stranger = room.feeds / "all" / "robots.txt"
    stranger.write_text("hello", encoding="ascii")
    (room.content / "1.md").unlink()

    await room.look()

    assert stranger.read_text(encoding="ascii") == "hello"


async def test_feeds_that_were_taken_away_come_back_with_the_next_pass(room: Newsroom) -> None:
    room.write("1.md")
    await room.look()
    before = room.shelved()

    shutil.rmtree(room.feeds)
    done = await room.look()
    again = await room.look()

    after = room.shelved()
    assert {path: content for path, (content, _) in after.items()} == {path: one for path, (one, _) in before.items()}
    assert set(done.written) == set(before)
    assert again.written == ()
