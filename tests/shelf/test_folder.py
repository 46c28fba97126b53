from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from syndicate.errors import CannotWrite
from syndicate.shelf import sealed
from syndicate.shelf.folder import CLEAN, MANIFEST, FolderShelf
from syndicate.shelf.sealed import SEALS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "feeds"


def all_files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_put_publishes_and_tells_whether_it_changed_anything(root: Path) -> None:
    shelf = FolderShelf(root)

    told = [shelf.put("ai/rss.xml", content) for content in (b"one", b"one", b"two", b"2wo", b"")]

    assert told == [True, False, True, True, True]
    assert (root / "ai/rss.xml").read_bytes() == b""


def test_unchanged_file_keeps_its_time_and_place(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"same")
    os.utime(root / "ai/rss.xml", (1, 1))
    before = (root / "ai/rss.xml").stat()

    shelf.put("ai/rss.xml", b"same")

    after = (root / "ai/rss.xml").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_nothing_half_written_stays_behind(root: Path) -> None:
    FolderShelf(root).put("ai/rss.xml", b"x")

    assert all_files(root) == {"ai/rss.xml", MANIFEST, CLEAN}


def test_published_file_has_the_rights_of_any_new_file(root: Path) -> None:
    FolderShelf(root).put("a.txt", b"x")
    (root / "b.txt").touch()

    assert (root / "a.txt").stat().st_mode == (root / "b.txt").stat().st_mode


def test_paths_are_what_the_shelf_published_over_restarts(root: Path) -> None:
    root.mkdir()
    (root / "README.md").write_text("a stranger's")
    FolderShelf(root).put("ai/rss.xml", b"1")
    FolderShelf(root).put("健康/rss.xml", b"2")
    (root / "ai/rss.xml").unlink()

    assert FolderShelf(root).paths() == {"健康/rss.xml"}


def test_drop_takes_the_file_and_its_empty_folders(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put("section/news/rss.xml", b"1")
    shelf.put("section/other/rss.xml", b"1")

    assert shelf.drop("section/news/rss.xml")

    assert not (root / "section/news").exists()
    assert shelf.paths() == FolderShelf(root).paths() == {"section/other/rss.xml"}


def test_folder_with_a_strangers_file_stays(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"1")
    (root / "ai/notes.txt").write_text("mine")

    shelf.drop("ai/rss.xml")

    assert (root / "ai/notes.txt").read_text() == "mine"


def test_strangers_file_is_never_dropped(root: Path) -> None:
    shelf = FolderShelf(root)
    (root / "README.md").write_text("mine")

    assert not shelf.drop("README.md")
    assert (root / "README.md").read_text() == "mine"


def test_file_that_came_after_a_drop_is_a_strangers(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"1")
    shelf.drop("ai/rss.xml")
    (root / "ai").mkdir()
    (root / "ai/rss.xml").write_text("mine")

    assert not FolderShelf(root).drop("ai/rss.xml")
    assert (root / "ai/rss.xml").exists()


def test_drop_of_a_file_that_vanished_is_false(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"1")
    (root / "ai/rss.xml").unlink()

    assert not shelf.drop("ai/rss.xml")


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", "/etc/x", "", "a//b", "a/./b", ".hidden", "a/.git/x", "a\\..\\b", "a\x00b", "a/", "a\nb"],
)
def test_path_that_is_no_plain_path_below_the_shelf_is_refused(root: Path, path: str) -> None:
    shelf = FolderShelf(root)

    with pytest.raises(CannotWrite, match="not a plain path"):
        shelf.put(path, b"x")
    with pytest.raises(CannotWrite, match="not a plain path"):
        shelf.drop(path)
    assert all_files(root.parent) <= {f"feeds/{MANIFEST}"}


def test_nothing_is_made_or_swept_where_a_link_leads_out(root: Path, tmp_path: Path) -> None:
    FolderShelf(root).put("ai/deep/rss.xml", b"x")
    outside = tmp_path / "outside"
    (root / "ai").rename(outside)
    (root / "ai").symlink_to(outside)
    (root / CLEAN).unlink()
    (outside / "deep/.x.syndicate-new").touch()

    with pytest.raises(CannotWrite, match="leads out of the shelf"):
        FolderShelf(root).put("ai/new/rss.xml", b"x")
    assert all_files(outside) == {"deep/rss.xml", "deep/.x.syndicate-new"}
    assert not (outside / "new").exists()


def test_pipe_in_the_place_of_the_mark_holds_nobody_up(root: Path) -> None:
    FolderShelf(root).put("ai/rss.xml", b"one")
    (root / CLEAN).unlink()
    os.mkfifo(root / CLEAN)

    assert FolderShelf(root).put("ai/rss.xml", b"two")


def test_mark_of_a_clean_shelf_is_made_nowhere_else(tmp_path: Path) -> None:
    root = tmp_path / "feeds"
    FolderShelf(root).put("ai/rss.xml", b"x")
    (root / CLEAN).unlink()
    (root / CLEAN).symlink_to(tmp_path / "outside")

    FolderShelf(root)

    assert not (tmp_path / "outside").exists()


def test_folder_in_the_place_of_what_tells_that_nothing_is_half_written(root: Path) -> None:
    FolderShelf(root).put("ai/rss.xml", b"one")
    (root / CLEAN).unlink()
    (root / CLEAN).mkdir()
    (root / "ai/.x.syndicate-new").touch()

    assert FolderShelf(root).put("ai/rss.xml", b"two")
    assert all_files(root) == {"ai/rss.xml", MANIFEST}


def test_link_that_leads_out_is_not_followed(root: Path, tmp_path: Path) -> None:
    shelf = FolderShelf(root)
    (tmp_path / "outside").mkdir()
    (root / "ai").symlink_to(tmp_path / "outside")

    with pytest.raises(CannotWrite, match="leads out of the shelf"):
        shelf.put("ai/rss.xml", b"x")

    assert list((tmp_path / "outside").iterdir()) == []


def test_link_in_the_place_of_a_published_file_is_replaced_not_followed(root: Path, tmp_path: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put("a.txt", b"x")
    (tmp_path / "outside").write_bytes(b"x")
    (root / "a.txt").unlink()
    (root / "a.txt").symlink_to(tmp_path / "outside")

    assert shelf.put("a.txt", b"x")

    assert not (root / "a.txt").is_symlink()


def test_strangers_file_is_never_written_over(root: Path, tmp_path: Path) -> None:
    shelf = FolderShelf(root)
    (tmp_path / "outside").write_bytes(b"ours")
    (root / "index.html").write_bytes(b"mine")
    (root / "linked.html").symlink_to(tmp_path / "outside")
    (root / "dangling.html").symlink_to(tmp_path / "nowhere")

    for name in ("index.html", "linked.html", "dangling.html"):
        with pytest.raises(CannotWrite) as caught:
            shelf.put(name, b"ours")

        assert caught.value.path == str(root / name)
        assert caught.value.reason == "a file stands there that syndicate did not write"
        assert caught.value.remedy.startswith("move it away, or choose another `feeds.folder`")
    assert (root / "index.html").read_bytes() == b"mine"
    assert (root / "linked.html").is_symlink()
    assert FolderShelf(root).paths() == frozenset()


def test_lost_manifest_is_made_again_of_files_that_are_the_same(root: Path) -> None:
    FolderShelf(root).put("ai/rss.xml", b"1")
    (root / MANIFEST).unlink()
    shelf = FolderShelf(root)

    assert not shelf.put("ai/rss.xml", b"1")
    assert shelf.put("ai/rss.xml", b"2")
    assert FolderShelf(root).paths() == {"ai/rss.xml"}


def test_shelf_is_whole_as_long_as_all_it_published_stands(root: Path) -> None:
    shelf = FolderShelf(root)
    assert shelf.is_whole()

    shelf.put("ai/rss.xml", b"1")
    shelf.put("ai/atom.xml", b"1")
    shelf.drop("ai/atom.xml")

    assert shelf.is_whole()


def lose_one(root: Path) -> None:
    (root / "ai/rss.xml").unlink()


def lose_manifest(root: Path) -> None:
    (root / MANIFEST).unlink()


def lose_all_that_shows(root: Path) -> None:
    shutil.rmtree(root / "ai")


@pytest.mark.parametrize("lose", [shutil.rmtree, lose_one, lose_manifest, lose_all_that_shows])
def test_shelf_that_lost_something_can_be_filled_again(root: Path, lose: Callable[[Path], None]) -> None:
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"1")
    shelf.put("ai/atom.xml", b"1")
    lose(root)

    assert not shelf.is_whole()

    assert shelf.paths() == {path for path in ("ai/rss.xml", "ai/atom.xml") if (root / path).exists()}
    for path in ("ai/rss.xml", "ai/atom.xml"):
        shelf.put(path, b"2" if path in shelf.paths() else b"1")
    assert shelf.is_whole()
    assert FolderShelf(root).paths() == {"ai/rss.xml", "ai/atom.xml"}


def test_what_is_gone_and_not_put_again_is_missed_once_only(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"1")
    shelf.put("ai/atom.xml", b"1")
    lose_one(root)

    assert [shelf.is_whole(), shelf.is_whole()] == [False, True]
    assert FolderShelf(root).paths() == {"ai/atom.xml"}


def test_shelf_that_cannot_be_made_again_says_so(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"1")
    shutil.rmtree(root)
    root.touch()

    with pytest.raises(CannotWrite, match="move it away"):
        shelf.is_whole()


def test_torn_last_line_of_the_manifest_is_forgotten(root: Path) -> None:
    FolderShelf(root).put("a.txt", b"1")
    with (root / MANIFEST).open("a") as manifest:
        manifest.write('"b.t')

    FolderShelf(root).put("c.txt", b"1")

    assert FolderShelf(root).paths() == {"a.txt", "c.txt"}
    assert [json.loads(line) for line in (root / MANIFEST).read_text().splitlines()] == ["a.txt", "c.txt"]


def test_foreign_lines_in_the_manifest_do_no_harm(root: Path) -> None:
    root.mkdir()
    (root / MANIFEST).write_text('{"a": 1}\nnonsense\n"a.txt"\n')
    (root / "a.txt").touch()

    assert FolderShelf(root).paths() == {"a.txt"}


def test_left_over_of_a_killed_process_is_swept(root: Path) -> None:
    FolderShelf(root).put("ai/rss.xml", b"1")
    left = root / "ai" / ".rss.xml.4711.syndicate-new"
    left.write_bytes(b"half")
    (root / CLEAN).unlink()  # as it is while files are written

    FolderShelf(root)

    assert not left.exists()
    assert (root / CLEAN).exists()


def test_shelf_with_nothing_half_written_is_not_looked_through(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FolderShelf(root).put("ai/rss.xml", b"1")
    looked: list[str] = []
    listed = os.listdir
    monkeypatch.setattr(os, "listdir", lambda place: looked.append(str(place)) or listed(place))

    FolderShelf(root)

    assert root in map(Path, looked)
    assert root / "ai" not in map(Path, looked)


def test_folder_that_vanished_meanwhile_is_no_trouble(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"1")
    (root / "ai/rss.xml").unlink()
    (root / "ai").rmdir()

    assert FolderShelf(root).put("ai/rss.xml", b"1")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "make room on the disk"),
        (errno.EACCES, "give this user the right to write there"),
        (errno.EIO, "see what the system says"),
    ],
)
def test_failed_write_leaves_the_former_file_and_names_the_remedy(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"former")

    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(CannotWrite, match=remedy):
            shelf.put("ai/rss.xml", b"new")

    assert (root / "ai/rss.xml").read_bytes() == b"former"
    assert all_files(root) == {"ai/rss.xml", MANIFEST}


def test_file_where_a_folder_belongs_is_named(root: Path) -> None:
    shelf = FolderShelf(root)
    (root / "ai").write_text("mine")

    with pytest.raises(CannotWrite, match="move it away"):
        shelf.put("ai/rss.xml", b"x")


def test_folder_where_the_file_belongs_is_named(root: Path) -> None:
    shelf = FolderShelf(root)
    (root / "a.txt").mkdir()

    with pytest.raises(CannotWrite, match="a folder stands where the file belongs"):
        shelf.put("a.txt", b"x")


def test_drop_that_fails_keeps_the_file_its_own(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put("a.txt", b"1")
    (root / "a.txt").unlink()
    (root / "a.txt").mkdir()

    with pytest.raises(CannotWrite):
        shelf.drop("a.txt")

    (root / "a.txt").rmdir()
    (root / "a.txt").write_bytes(b"1")
    assert FolderShelf(root).drop("a.txt") == ("a.txt",)


def test_shelf_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotWrite, match="move it away"):
        FolderShelf(tmp_path / "file")


def test_reader_never_sees_a_torn_file(root: Path) -> None:
    shelf = FolderShelf(root)
    versions = [bytes([65 + number]) * 200_000 for number in range(4)]
    shelf.put("a.txt", versions[0])
    seen: set[bytes] = set()
    is_done = threading.Event()

    def read() -> None:
        while not is_done.is_set():
            seen.add((root / "a.txt").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        shelf.put("a.txt", versions[number % 4])
    is_done.set()
    reader.join()

    assert seen <= set(versions)
    assert seen


def test_threads_may_put_at_once(root: Path) -> None:
    shelf = FolderShelf(root)
    threads = [
        threading.Thread(target=lambda start=start: [shelf.put(f"t{n}/rss.xml", b"x") for n in range(start, start + 9)])
        for start in (0, 5, 10)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert FolderShelf(root).paths() == {f"t{n}/rss.xml" for n in range(19)}


def test_seals_hold_for_files_that_stand_as_they_did(root: Path) -> None:
    shelf = FolderShelf(root)
    for name in ("same", "edited", "gone"):
        shelf.put(f"{name}/rss.xml", b"one")
    shelf.keep_seals({"same/rss.xml": "s", "edited/rss.xml": "e", "gone/rss.xml": "g", "strange/rss.xml": "t"})

    (root / "edited/rss.xml").write_bytes(b"another")
    (root / "gone/rss.xml").unlink()

    assert FolderShelf(root).sealed() == {"same/rss.xml": "s"}


def test_what_is_edited_before_the_seals_are_kept_is_not_sealed(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put_all({"edited/rss.xml": b"one", "same/rss.xml": b"one", "gone/rss.xml": b"one"})
    (root / "edited/rss.xml").write_bytes(b"another")
    (root / "gone/rss.xml").unlink()
    shelf.keep_seals(dict.fromkeys(("edited/rss.xml", "same/rss.xml", "gone/rss.xml"), "s"))

    assert FolderShelf(root).sealed() == {"same/rss.xml": "s"}


@pytest.mark.parametrize("damage", [b"", b"[]", b"[1, 2]", b'["x", {"a": 1}]', b"{"])
def test_damaged_seals_are_none(root: Path, damage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "_maker", lambda: "x")
    shelf = FolderShelf(root)
    (root / SEALS).write_bytes(damage)

    assert shelf.sealed() == {}


def test_seals_of_another_version_are_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"one")
    shelf.keep_seals({"ai/rss.xml": "s"})

    monkeypatch.setattr(sealed, "_maker", lambda: "a newer one")

    assert shelf.sealed() == {"ai/rss.xml": "s"}  # it is still the older one that asks
    assert FolderShelf(root).sealed() == {}


def test_seals_that_cannot_be_kept_are_told(root: Path) -> None:
    shelf = FolderShelf(root)
    (root / SEALS).mkdir()

    with pytest.raises(CannotWrite, match="syndicate-seals"):
        shelf.keep_seals({})


def test_what_a_killed_process_took_away_is_ours_no_more(root: Path) -> None:
    shelf = FolderShelf(root)
    shelf.put("ai/rss.xml", b"1")
    (root / "ai/rss.xml").unlink()  # and was killed before it told so
    assert FolderShelf(root).paths() == frozenset()

    (root / "ai/rss.xml").write_bytes(b"a stranger's")

    assert FolderShelf(root).drop("ai/rss.xml") == ()
    assert (root / "ai/rss.xml").read_bytes() == b"a stranger's"


def test_a_line_of_the_manifest_that_is_no_text_is_passed_over(root: Path) -> None:
    FolderShelf(root).put("ai/rss.xml", b"1")
    with (root / MANIFEST).open("ab") as manifest:
        manifest.write(b"\xff\n")

    assert FolderShelf(root).paths() == {"ai/rss.xml"}
