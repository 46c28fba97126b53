"""A store that becomes several roots, or gets a root of another name: nobody gets anything twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from newsroom import Newsroom
from syndicate.content.folder import FolderStore
from syndicate.content.roots import Roots
from syndicate.items.rules import Rules
from syndicate.outbox.delivery import State

PAGE_ONLY = {"id": None, "link": None, "permalink": "/birds/heron/"}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Newsroom]:
    """It saw the store before; then three items were new and are owed: one with an id, one with a link, one page."""
    async with Newsroom(tmp_path) as made:
        made.write("1.md")
        await made.look()
        made.write("2.md")
        made.write("3.md", id=None)
        made.write("4.md", **PAGE_ONLY)
        await made.look()
        yield made


def roots(**folders: str) -> Callable[..., Any]:
    """Makes a store of roots: folders below the content folder, by root name."""

    def store(content: Path, rules: Rules, *, clock: Callable[[], int]) -> Roots:
        return Roots([FolderStore(content / at, rules, name=name, clock=clock) for name, at in folders.items()])

    return store


async def change_to(room: Newsroom, store: Callable[..., Any], rules: str) -> None:
    room._store = store
    room.rules = rules
    await room.restart()


async def planned(room: Newsroom) -> set[str]:
    return {item for item, state in (await room.states()).items() if state is State.PLANNED}


async def test_a_single_folder_that_becomes_a_root_posts_nothing_again(room: Newsroom) -> None:
    before = await planned(room)
    await change_to(room, roots(birds="."), "rules-2")

    done = await room.look()

    # The item without id and link is another one now, yet it leads to the same page: what was owed is owed once.
    assert (done.new, done.withdrawn, done.moved) == (1, 1, 3)
    assert await planned(room) == before - {"path:4.md"} | {"path:birds/4.md"}
    assert (await room.deliveries())["path:4.md"].state is State.SKIPPED


async def test_a_root_of_another_name_posts_nothing_again(room: Newsroom) -> None:
    await change_to(room, roots(birds="."), "rules-2")
    await room.look()
    before = await planned(room)
    await change_to(room, roots(herons="."), "rules-3")

    await room.look()

    assert await planned(room) == before - {"path:birds/4.md"} | {"path:herons/4.md"}


async def test_a_root_named_as_its_folder_was_keeps_even_paths(room: Newsroom) -> None:
    (room.content / "birds").mkdir()
    room.write("birds/5.md", **(PAGE_ONLY | {"permalink": "/birds/egret/"}))
    await room.look()
    for path in room.content.glob("*.md"):
        path.rename(path.parent / "birds" / path.name)
    before = await planned(room)
    await change_to(room, roots(birds="birds"), "rules-2")

    await room.look()

    assert "path:birds/5.md" in before
    assert "path:birds/5.md" in await planned(room)


async def with_two_roots(room: Newsroom) -> None:
    """What was there lies in `birds` now, and `more` has item 7."""
    (room.content / "birds").mkdir()
    for path in room.content.glob("*.md"):
        path.rename(path.parent / "birds" / path.name)
    room.put("more/7.md", room.write("7.md").read_bytes())
    await change_to(room, roots(birds="birds", more="more"), "rules-2")
    await room.look()
    assert "item:7" in await room.states()


async def test_a_root_that_is_taken_out_of_the_settings_takes_its_items_along(room: Newsroom) -> None:
    await with_two_roots(room)
    await change_to(room, roots(birds="birds"), "rules-3")

    done = await room.look()

    assert (done.errors, done.withdrawn) == ((), 1)
    assert "Title 7" not in room.feed()


async def test_a_missing_root_withdraws_nothing(room: Newsroom) -> None:
    await with_two_roots(room)
    (room.content / "more").rename(room.content / "away")

    done = await room.look()

    assert done.withdrawn == 0
    assert [fault.code for fault in done.errors] == ["E-STORE"]
    assert "Title 7" in room.feed()


async def test_the_last_item_of_a_root_is_moved_to_another_root_and_edited_there(room: Newsroom) -> None:
    await with_two_roots(room)
    old, new = room.content / "more/7.md", room.content / "birds/7.md"
    old.rename(new)

    moved = await room.look(near=[old, new])
    room.write("birds/7.md", title="Title seven", age=timedelta(minutes=1))
    edited = await room.look(near=[new])

    assert (moved.errors, moved.moved, moved.withdrawn) == ((), 1, 0)
    assert (edited.errors, edited.revised) == ((), 1)
    assert "Title seven" in room.feed()
