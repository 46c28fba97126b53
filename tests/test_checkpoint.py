"""What one process writes down is what the next one would find out: no more, no less, and never of another state."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

import syndicate
from newsroom import NEWS, SITE, Newsroom, PowerCut, picture
from syndicate import program
from syndicate.brake import Brake
from syndicate.checkpoint import Checkpoints, settings_of
from syndicate.content import clashes
from syndicate.content.folder import FolderStore
from syndicate.content.roots import Roots
from syndicate.feeds.catalogue import Catalogue
from syndicate.feeds.pagerules import PageRules
from syndicate.feeds.query import Query
from syndicate.feeds.site import KINDS, Named, Site
from syndicate.feeds.tombstone import TombstoneRules
from syndicate.ingest import Ingest
from syndicate.items.rules import Rules
from syndicate.outbox.plan import ChannelPlan
from syndicate.shelf.folder import FolderShelf
from syndicate.shelf.pressroom import Pressroom
from syndicate.standing import Standing

RICH = replace(
    SITE,
    kinds=KINDS,
    least=1,
    size=3,
    archives=True,
    named=(Named("recent", Query(most_age=timedelta(hours=6)), "Recent"),),
    tombstones=TombstoneRules(5, timedelta(hours=2)),
    pages=PageRules(share="page", has_filter=True, has_sitemap=True),
)


def two_roots(content: Path, rules: Rules, *, clock: Callable[[], int]) -> Any:
    (content / "deep").mkdir(exist_ok=True)
    flat = dataclasses.replace(rules, exclude=(*rules.exclude, "deep"))
    places = {"flat": (content, flat), "deep": (content / "deep", rules)}
    return Roots([FolderStore(at, own, name=name, clock=clock) for name, (at, own) in places.items()])


class Relay(Newsroom):
    """A newsroom whose processes leave notes to each other; one that `forgets` finds out everything itself."""

    forgets = False

    def __init__(self, folder: Path, *channels: ChannelPlan, site: Site = RICH, has_roots: bool = False) -> None:
        super().__init__(folder, *channels, store=two_roots if has_roots else FolderStore)
        self.site = site

    async def __aenter__(self) -> Relay:
        await super().__aenter__()
        shelf = FolderShelf(self.feeds)
        self.ingest = Ingest(
            self.store, self.outbox, shelf, self.site, self.channels, rules=self.rules, clock=lambda: self.now
        )
        if not self.forgets:
            self.ingest.checkpoints = Checkpoints(self.file, settings_of(self.site, self.rules))
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.ingest.note()
        await super().__aexit__(*error)

    @property
    def file(self) -> Path:
        return self.folder / "state" / "outbox.checkpoint"

    async def next(self, *, forgets: bool = False) -> Relay:
        """The next process; one that `forgets` does not even know what the files on the shelf were made of."""
        await self.__aexit__(None, None, None)
        self.forgets = forgets
        if forgets:
            (self.feeds / ".syndicate-seals").unlink(missing_ok=True)
        await self.__aenter__()
        return self


def is_resumed(room: Relay) -> bool:
    """Whether the process took up what the one before wrote down."""
    return room.ingest._is_resumed


def known_by(room: Relay) -> dict[str, Any]:
    """What a process has in memory, in a form that does not depend on how it came there."""
    ingest = room.ingest
    standing, press = ingest._standing, ingest.shelving._press
    catalogue, clashes = press.catalogue, room.store._clashes
    layout = getattr(room.store, "_layout", None)
    filing = catalogue._filing
    return {
        "visible": standing.visible,
        "scheduled": standing.scheduled,
        "places": standing._places,
        "labels": standing._labels,
        "spellings": whole(standing._spellings),
        "topics": +standing._topics,
        "faults": standing._faults,
        "skipped": standing._skipped,
        "ends": standing._ends,
        "keys": {path: known[1:] for path, known in clashes._keys.items()},
        "single": clashes._single,
        "shared": clashes._shared,
        "layout ends": layout.ends if layout and layout.files is ingest._index else None,
        "filed": {
            item_id: ([filing._subjects.things[one] for one in filed.subjects], filed.full_bytes, filed.short_bytes)
            for item_id, filed in filing._filed.items()
        },
        "items": filing.items,
        "members": {key: filing.at(key).members for key in filing._all() if filing.at(key).members},
        "subjects": whole({key: filing.at(key).spellings for key in filing._all()}),
        "neighbours": whole({key: filing.at(key).shared for key in filing._all()}),
        "feeds": catalogue.feeds,
        "chosen": {key: one for key, one in catalogue._chosen.items() if one[1]},
        "documents": {key: [one.path for one in found] for key, found in press._kept.items()},
        "pictures": ingest.shelving._pictures,
        "accepted": ingest._accepted,
        "index": ingest._index,
    }


def whole(counters: Mapping[str, Counter[Any]]) -> dict[str, Counter[Any]]:
    return {key: +counts for key, counts in counters.items() if +counts}


def write_some(room: Relay, chance: Random) -> None:
    """A few files come, change, or go."""
    for number in chance.sample(range(1, 9), chance.randrange(1, 4)):
        path, kind = room.content / chance.choice(["", "", "deep"]) / f"{number}.md", chance.random()
        if kind < 0.2:
            path.unlink(missing_ok=True)
        elif kind < 0.3:
            room.put(name_of(room, path), b"---\ntitle: [\n---\n")
        elif kind < 0.4:
            room.write(name_of(room, path), draft=True)
        elif kind < 0.5 and path.exists():
            os.utime(path, ns=(1, 10**18 + chance.randrange(10**9)))
        else:
            write_one(room, chance, name_of(room, path))


def name_of(room: Relay, path: Path) -> str:
    return path.relative_to(room.content).as_posix()


def write_one(room: Relay, chance: Random, name: str) -> None:
    front: dict[str, Any] = {
        "title": f"Title {chance.random()}",
        "date": room.now + timedelta(hours=chance.randrange(-9, 3)),
        "categories": chance.sample(["Water Birds", "water birds", "Reeds", "Mud"], chance.randrange(3)),
        "tags": chance.sample(["spring", "Spring"], 1),
        "author": chance.choice(["Ada", "Bo"]),
    }
    if chance.random() < 0.3:
        front["link"] = "https://herons.example/same"
    if chance.random() < 0.3:
        front["expiryDate"] = room.now + timedelta(hours=chance.randrange(1, 4))
    if chance.random() < 0.4:
        room.put(f"{name}.png", picture(chance.choice(["teal", "red"])))
        front["image"] = f"{name}.png"
    room.write(name, **front)


@pytest.mark.parametrize("seed", range(6))
async def test_a_process_knows_what_it_would_have_found_out(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    room, resumed = Relay(tmp_path, has_roots=seed % 3 == 2), 0
    write_some(room, chance)
    async with room:
        await room.look()
        for step in range(4):
            await room.next()
            write_some(room, chance)
            await room.look(timedelta(minutes=chance.randrange(1, 100)))
            resumed += is_resumed(room)
            # To tell all that is known opens what was noted: every other time the notes are passed on unopened.
            known = known_by(room) if step % 2 else {}

            await room.next(forgets=True)
            done = await room.look(timedelta())

            assert (done.new, done.revised, done.withdrawn, done.written, done.dropped) == (0, 0, 0, (), ())
            for name, found in known_by(room).items():
                assert name not in known or name == "layout ends" or known[name] == found, name
            room.forgets = False
    assert resumed


async def test_a_process_that_forgot_leaves_notes_again(tmp_path: Path) -> None:
    room = Relay(tmp_path)
    room.write("1.md")
    async with room:
        await room.look()
        await room.next(forgets=True)
        room.write("2.md")
        await room.look()
        await room.next()
        await room.look()
        assert not is_resumed(room)

        await room.next()
        await room.look()

        assert is_resumed(room)


async def test_a_quiet_pass_of_a_process_that_resumed_writes_nothing(tmp_path: Path) -> None:
    room = Relay(tmp_path)
    room.write("1.md")
    async with room:
        await room.look()
        await room.next()
        before, kept = room.shelved(), room.file.read_bytes()

        done = await room.look()
        await room.next()

        assert (done.written, done.dropped, room.shelved(), room.file.read_bytes()) == ((), (), before, kept)
        await room.look()
        assert is_resumed(room)


async def test_a_process_that_resumed_keeps_its_brake_and_its_pressroom(tmp_path: Path) -> None:
    room = Relay(tmp_path)
    room.write("1.md")
    async with room:
        await room.look()
        await room.next()
        room.ingest.shelving.brake, room.ingest.shelving.pressroom = brake, pressroom = Brake(), Pressroom(RICH)

        await room.look()

        assert is_resumed(room)
        assert (room.ingest.shelving.brake, room.ingest.shelving.pressroom) == (brake, pressroom)


async def test_what_readers_lost_is_made_anew(tmp_path: Path) -> None:
    room = Relay(tmp_path)
    room.write("1.md")
    async with room:
        await room.look()
        await room.next()
        whole = room.feed("all/feed.json")
        (room.feeds / "all" / "feed.json").unlink()
        (room.feeds / "all" / "atom.xml").write_text("spoilt")

        done = await room.look()

        assert is_resumed(room)
        assert {"all/feed.json", "all/atom.xml"} <= set(done.written)
        assert room.feed("all/feed.json") == whole


@pytest.mark.parametrize("spoil", ["other settings", "other rules", "damaged", "cut", "gone", "swapped"])
async def test_notes_of_something_else_are_not_used(tmp_path: Path, spoil: str) -> None:
    room = Relay(tmp_path)
    room.write("1.md")
    async with room:
        await room.look()
        await room.next()
        former = room.file.read_bytes()
        room.write("2.md")
        await room.look()
        await room.__aexit__(None, None, None)
        content = room.file.read_bytes()
        match spoil:
            case "other settings":
                room.site = replace(RICH, title="Fen Notes")
            case "other rules":
                room.rules = "rules-2"
            case "damaged":
                room.file.write_bytes(content[:-9] + b"?" + content[-8:])
            case "cut":
                room.file.write_bytes(content[:20])
            case "gone":
                room.file.unlink()
            case "swapped":
                room.file.write_bytes(former)
        await room.__aenter__()

        done = await room.look()

        assert not is_resumed(room)
        assert (done.items, done.new, done.withdrawn) == (2, 0, 0)


async def test_notes_that_cannot_be_written_cost_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Relay(tmp_path)
    room.write("1.md")
    async with room:
        await room.look()

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("syndicate.checkpoint.replace_file", full)
        await room.next()
        await room.look()

        assert not is_resumed(room)
        assert not room.file.exists()


async def test_a_pass_that_failed_leaves_no_notes(tmp_path: Path) -> None:
    room = Relay(tmp_path)
    room.write("1.md")
    async with room:
        await room.look()
        await room.next()
        room.write("2.md")
        room.outbox.ends = "before"
        with pytest.raises(PowerCut):
            await room.look()
        before = room.file.read_bytes()
        await room.next()
        assert room.file.read_bytes() == before

        done = await room.look()

        assert (is_resumed(room), done.new, done.items) == (True, 1, 2)
        assert set(await room.states()) == {"item:1", "item:2"}


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Standing, "_note"), (Catalogue, "_named_feed"), (clashes, "repeat"), (FolderStore, "resume")],
)
async def test_notes_that_cannot_be_taken_up_cost_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    room, calls, real = Relay(tmp_path), [], getattr(owner, name)

    def failing(*given: Any, **named: Any) -> Any:
        calls.append(name)
        if len(calls) == 3 or owner is not Catalogue:
            monkeypatch.setattr(owner, name, real)
            raise LookupError("a fault of ours")
        return real(*given, **named)

    for number in range(1, 5):
        room.write(f"{number}.md")
    async with room:
        await room.look()
        await room.next()
        former = room.shelved()
        monkeypatch.setattr(owner, name, failing)
        done = await room.look()
        assert getattr(owner, name) is real, "it failed"
        assert (is_resumed(room), done.items, done.new, room.shelved()) == (False, 4, 0, former)

        room.write("5.md")
        (room.content / "1.md").unlink()
        await room.look()

        found, shelved = known_by(room), room.shelved()
        await room.next(forgets=True)
        await room.look(timedelta())
        assert {key: one for key, one in known_by(room).items() if key != "layout ends" and one != found[key]} == {}
        assert {path: text for path, (text, _) in room.shelved().items()} == {
            path: text for path, (text, _) in shelved.items()
        }


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the program is installed, that another one may be put in its place."""
    package = tmp_path / "package"
    for name in ("items", "feeds/templates", "posts", "content", "outbox", "ports", "shelf"):
        (package / name).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(syndicate, "__file__", str(package / "__init__.py"))
    program.files_in.cache_clear()
    yield package
    program.files_in.cache_clear()


@pytest.mark.parametrize("reloads", [False, True])
async def test_what_a_program_tells_that_was_replaced_while_it_ran_is_not_used(
    tmp_path: Path, package: Path, reloads: bool
) -> None:
    room = Relay(tmp_path)
    room.write("1.md")
    async with room:
        (package / "feeds" / "subjects.py").write_text("other topics")
        if reloads:
            await room.next()
        await room.look()
        await room.__aexit__(None, None, None)
        assert FolderShelf(room.feeds).sealed()
        program.files_in.cache_clear()  # as a new process begins
        await room.__aenter__()
        sealed = FolderShelf(room.feeds).sealed()

        await room.look()

        assert (is_resumed(room), sealed) == (False, {})


async def test_two_files_with_one_id_are_found_anew(tmp_path: Path) -> None:
    room = Relay(tmp_path)
    room.write("1.md")
    room.write("2.md", id=1)
    async with room:
        await room.look()
        await room.next()
        await room.look()

        assert not is_resumed(room)


async def test_an_edit_after_a_resumption_owes_what_it_owes_otherwise(tmp_path: Path) -> None:
    room = Relay(tmp_path, NEWS)
    room.write("1.md")
    async with room:
        await room.look()
        room.write("2.md")
        await room.look()
        await room.next()
        room.write("2.md", title="Better title", age=timedelta(minutes=1))

        done = await room.look()

        assert (is_resumed(room), done.revised) == (True, 1)
        item = await room.outbox.item("item:2")
        assert item is not None
        assert item.title == "Better title"


async def test_notes_are_not_used_where_an_older_program_accepted_meanwhile(tmp_path: Path) -> None:
    room = Relay(tmp_path)
    room.write("1.md", categories=["Reeds"])
    room.write("2.md", categories=["Mud"])
    async with room:
        await room.look()
        await room.next()
        token = await room.outbox.checkpoint(room.rules)
        former = room.file.read_bytes()
        room.write("2.md", categories=["Reeds"], age=timedelta(minutes=1))
        await room.look()
        await room.__aexit__(None, None, None)
        room.file.write_bytes(former)
        await room.__aenter__()
        assert token is not None
        await room.outbox.keep_checkpoint(token)  # as one leaves it that knows of no token

        done = await room.look()

        assert (is_resumed(room), done.written) == (False, ())
