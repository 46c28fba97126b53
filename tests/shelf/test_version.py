from __future__ import annotations

import gzip
import os
from pathlib import Path

import brotli
import pytest

from syndicate.shelf.folder import FolderShelf
from syndicate.shelf.version import ENCODINGS, Versions


def test_version_is_read_once_and_anew_when_replaced(tmp_path: Path) -> None:
    shelf, versions = FolderShelf(tmp_path), Versions(tmp_path)
    shelf.put("ai/rss.xml", b"one")
    first = versions.find(["ai", "rss.xml"], is_text=True)

    again = versions.find(["ai", "rss.xml"], is_text=True)
    shelf.put("ai/rss.xml", b"two")
    second = versions.find(["ai", "rss.xml"], is_text=True)

    assert first is again
    assert first is not None and second is not None
    assert (first.content, second.content) == (b"one", b"two")
    assert first.etag != second.etag


def test_same_content_has_the_same_tag_whatever_its_time(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_bytes(b"same")
    os.utime(tmp_path / "a.txt", (1, 1))
    versions = Versions(tmp_path)

    tags = {versions.find([name], is_text=True).etag for name in ("a.txt", "b.txt")}

    assert len(tags) == 1


def test_only_text_that_gains_is_compressed(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_bytes(b"word " * 500)
    (tmp_path / "short.txt").write_bytes(b"word")
    (tmp_path / "noise.txt").write_bytes(os.urandom(2000))
    versions = Versions(tmp_path)
    long, short, noise = (versions.find([f"{name}.txt"], is_text=True) for name in ("long", "short", "noise"))

    for encoding in ENCODINGS:
        long, noise = versions.pack("long.txt", long, encoding), versions.pack("noise.txt", noise, encoding)

    assert gzip.decompress(long.body("gzip")) == brotli.decompress(long.body("br")) == long.body("") == b"word " * 500
    assert {long.tag("gzip"), long.tag("br")} == {f'{long.etag[:-1]}-{name}"' for name in ("gzip", "br")}
    assert short.codings == noise.codings == ()


def test_forms_are_made_when_asked_for_and_kept_with_their_version(tmp_path: Path) -> None:
    shelf, versions = FolderShelf(tmp_path), Versions(tmp_path)
    shelf.put("a.txt", b"word " * 500)
    plain = versions.find(["a.txt"], is_text=True)
    versions.pack("a.txt", plain, "gzip")
    versions.pack("a.txt", plain, "br")

    kept = versions.find(["a.txt"], is_text=True)
    shelf.put("a.txt", b"other " * 500)
    other = versions.find(["a.txt"], is_text=True)
    late = versions.pack("a.txt", plain, "gzip")

    assert plain.packed == other.packed == {}
    assert kept.packed.keys() == {"br", "gzip"}
    assert gzip.decompress(late.body("gzip")) == b"word " * 500
    assert versions.find(["a.txt"], is_text=True) is other


def test_image_is_not_compressed(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"word " * 500)

    assert Versions(tmp_path).find(["a.jpg"], is_text=False).codings == ()


@pytest.mark.parametrize(
    "parts",
    [
        ["..", "secret.txt"],
        [".hidden"],
        ["a", "..", "..", "secret.txt"],
        ["../secret.txt"],
        ["\0"],
        ["a\\b"],
        [""],
        ["out.txt"],
        ["folder"],
        ["x" * 999],
    ],
)
def test_what_is_not_on_the_shelf_is_not_found(tmp_path: Path, parts: list[str]) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (root / ".hidden").write_text("secret")
    (root / "out.txt").symlink_to(tmp_path / "secret.txt")

    assert Versions(root).find(parts, is_text=True) is None


def test_least_recently_asked_for_makes_room(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_bytes(name.encode() * 80)
    versions = Versions(tmp_path, room_bytes=900)
    a, b = (versions.find([name], is_text=True) for name in ("a.txt", "b.txt"))
    assert versions.fresh("a.txt") is a

    versions.find(["c.txt"], is_text=True)

    assert versions.find(["a.txt"], is_text=True) is a
    assert versions.find(["b.txt"], is_text=True) is not b


def test_former_versions_take_no_room(tmp_path: Path) -> None:
    shelf, versions = FolderShelf(tmp_path), Versions(tmp_path, room_bytes=900)
    shelf.put("a.txt", b"a" * 400)
    a = versions.find(["a.txt"], is_text=True)
    for number in range(9):
        shelf.put("b.txt", b"%d" % number * 400)
        versions.find(["b.txt"], is_text=True)

    assert versions.fresh("a.txt") is a


def test_file_larger_than_the_room_is_served_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * 500)

    assert Versions(tmp_path, room_bytes=10).find(["a.txt"], is_text=True).content == b"x" * 500
