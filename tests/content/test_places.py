from __future__ import annotations

import os
from pathlib import Path

import pytest

from syndicate.content.places import NotSettled, bytes_of, inside


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store with a folder, links within it, links out of it, and a neighbour."""
    root = tmp_path / "store"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "x.md").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.md").write_text("secret")
    (root / "to-b").symlink_to(root / "a" / "b")
    (root / "to-x.md").symlink_to(Path("a", "b", "x.md"))
    (root / "out").symlink_to(tmp_path / "other")
    (root / "a" / "out.md").symlink_to(tmp_path / "other" / "x.md")
    (root / "ring").symlink_to(root / "ring")
    return root


@pytest.mark.parametrize("path", ["a/b/x.md", "a/b", "a//b/./x.md", "a/b/", "to-b/x.md", "to-x.md", "./to-b"])
def test_a_place_inside_is_its_real_path(root: Path, path: str) -> None:
    assert inside(root, path) == Path(os.path.realpath(root / path))


@pytest.mark.parametrize("path", ["out/x.md", "a/out.md", "out", "/etc/passwd", "../other/x.md", "a/%2e%2e/x.md", ""])
def test_what_leads_out_is_refused_whether_by_name_or_by_link(root: Path, path: str) -> None:
    with pytest.raises(PermissionError, match="leads out"):
        inside(root, path)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("a/none.md", FileNotFoundError),
        ("none/x.md", FileNotFoundError),
        ("a/b/x.md/y", NotADirectoryError),
        ("ring", OSError),
        ("a/" + "x" * 300, OSError),
    ],
)
def test_what_is_not_there_is_told_as_the_system_does(root: Path, path: str, error: type[OSError]) -> None:
    with pytest.raises(error):
        inside(root, path)


def test_a_folder_beside_is_real_before_anything_below_it(root: Path) -> None:
    (root.parent / "pictures").symlink_to(root.parent / "other")

    assert inside(root, "../pictures/x.md", ("../pictures",)) == root.parent / "other" / "x.md"


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 5000])
def test_bytes_are_all_up_to_one_over_the_limit(tmp_path: Path, size: int) -> None:
    file = tmp_path / "x"
    file.write_bytes(bytes(size))

    content, facts = bytes_of(file, 100)

    assert (len(content), facts.st_size) == (min(size, 101), size)


def test_a_file_that_says_nothing_of_its_size_is_read_to_its_end() -> None:
    told = Path("/proc/self/status")
    if not told.exists():
        pytest.skip("there is no /proc")

    content, facts = bytes_of(told, 100_000)

    assert facts.st_size == 0
    assert content.startswith(b"Name:")
    assert len(content) > 100


def test_a_file_that_grows_between_the_looks_is_not_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"one")
    read = os.read

    def grown(descriptor: int, size: int) -> bytes:
        with file.open("ab") as more:
            more.write(b", two")
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", grown)

    with pytest.raises(NotSettled):
        bytes_of(file, 100)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermissionError, match="no regular file"):
        bytes_of(tmp_path, 100)
