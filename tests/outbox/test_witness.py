"""What is told outside of the state's folder, and what tells a file from its copy."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path

import pytest

from deliver_rig import NAME, NOW, acceptance, item
from syndicate.outbox import epoch, store
from syndicate.outbox.store import SqlOutbox
from syndicate.outbox.witness import Witnesses, born_ns, witnesses_of


def told_by(folder: Path) -> list[epoch.Epoch | None]:
    return [epoch.parsed(path.read_bytes()) for path in sorted(folder.iterdir())]


async def intend(outbox: SqlOutbox, number: int) -> None:
    await outbox.accept(acceptance(item(number)), NOW)
    claimed = await outbox.claim(NAME, "me", NOW)
    assert claimed is not None
    await outbox.freeze(claimed, b"payload", "key", NOW)


def test_folder_that_is_missing_or_full_of_something_else_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    witnesses = witnesses_of(tmp_path / "db", [tmp_path / "missing", tmp_path / "file"])

    witnesses.write(b"word")

    assert witnesses.read() == ()
    assert Witnesses().read() == ()


def test_each_database_has_a_witness_of_its_own_in_a_shared_folder(tmp_path: Path) -> None:
    one, other = (witnesses_of(tmp_path / name / "db", [tmp_path]) for name in ("one", "other"))

    one.write(b"1")
    other.write(b"2")

    assert (one.read(), other.read()) == ((b"1",), (b"2",))


async def test_word_is_given_before_the_first_send_and_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    async with SqlOutbox(tmp_path / "db") as outbox:
        await outbox.begin(NOW, has_feeds=False, folders=[folder, tmp_path / "missing"])
        started = told_by(folder)
        await intend(outbox, 1)
        soon = told_by(folder)
        await intend(outbox, 2)
        await outbox.check()
        looked = told_by(folder)
        await intend(outbox, 3)
    ended = told_by(folder)

    numbers = [one[0].events if one[0] else None for one in (started, soon, looked, ended)]
    assert numbers == [0, 0, 4, 6], "not for each send, but at a look and at the end"


async def test_word_that_is_old_is_given_anew_before_a_send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "TELL_S", 0.0)
    async with SqlOutbox(tmp_path / "db") as outbox:
        (tmp_path / "elsewhere").mkdir()
        await outbox.begin(NOW, has_feeds=False, folders=[tmp_path / "elsewhere"])
        await intend(outbox, 1)

        [told] = told_by(tmp_path / "elsewhere")

    assert told is not None and told.events == 2


async def test_witness_of_another_state_at_the_same_place_is_an_alarm(tmp_path: Path) -> None:
    path = tmp_path / "state" / "db"
    for _ in range(2):
        shutil.rmtree(path.parent, ignore_errors=True)
        async with SqlOutbox(path) as outbox:
            assert await outbox.begin(NOW, has_feeds=False, folders=[tmp_path]) is None, "a new one is none"
    witness = witnesses_of(path, [tmp_path])
    assert [one is not None for one in map(epoch.parsed, witness.read())] == [True]
    witness.write(epoch.content_of(epoch.Epoch("another", 1, 0, 0)))

    async with SqlOutbox(path) as outbox:
        restored = await outbox.begin(NOW, has_feeds=False, folders=[tmp_path])

    assert restored is not None and restored.reason == "another database stood here"


def test_copy_has_a_birth_of_its_own(tmp_path: Path) -> None:
    first, copy = tmp_path / "first", tmp_path / "copy"
    first.write_bytes(b"1")
    shutil.copy2(first, copy)
    born = born_ns(first)
    if born is None:
        pytest.skip("this file system does not tell when a file was made")
    first.write_bytes(b"2")
    first.chmod(0o600)

    assert born_ns(first) == born != born_ns(copy)
    assert born_ns(first.rename(tmp_path / "renamed")) == born


class NoStatx:
    """A C library that lacks the call, or whose file system does not know."""

    def __init__(self, *, has_it: bool) -> None:
        self._has_it = has_it

    def __getattr__(self, name: str) -> object:
        if not self._has_it:
            raise AttributeError(name)
        return lambda *_: 0  # done, and nothing was written


@pytest.mark.parametrize("has_it", [False, True])
def test_birth_that_nobody_tells_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_it: bool) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: NoStatx(has_it=has_it))

    assert born_ns(tmp_path) is None
    unknown = epoch.Epoch("x", 1, 1, 7, None)
    assert unknown.is_file_of(epoch.Epoch("x", 1, 1, 7, 5)) and not unknown.is_file_of(epoch.Epoch("x", 1, 1, 8, 5))
