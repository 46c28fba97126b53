from __future__ import annotations

from pathlib import Path

import pytest

from content.storing import LONG_AGO_NS, NOTHING, Clock, clock, codes, item_text, picture, put
from syndicate.content.folder import FolderStore
from syndicate.content.roots import Roots
from syndicate.errors import ConfigError, ImageUnusable
from syndicate.items.item import Image
from syndicate.items.presets import rules_of

__all__ = ["clock"]  # fixtures

SITE = "https://site.example/"
PAGE_ONLY = "---\ntitle: T\ndate: 2024-01-01\n---\nBody.\n"


class TwoRoots:
    """News in one form and a blog in another, as one store."""

    def __init__(self, folder: Path, clock: Clock, *, news: str = "medigy") -> None:
        presets = {"news": news, "blog": "generic"}
        self.parts = {
            name: FolderStore(folder / name, rules_of(preset, site_url=SITE), name=name, clock=clock)
            for name, preset in presets.items()
        }
        for store in self.parts.values():
            store.root.mkdir()
        self.whole = Roots(tuple(self.parts.values()))

    def put(self, root: str, name: str, content: str | bytes) -> Path:
        return put(self.parts[root], name, content)


@pytest.fixture
def alike(tmp_path: Path, clock: Clock) -> TwoRoots:
    """Both in one form, so that an item may lie in either."""
    return TwoRoots(tmp_path, clock, news="generic")


@pytest.fixture
def two(tmp_path: Path, clock: Clock) -> TwoRoots:
    return TwoRoots(tmp_path, clock)


def test_each_root_is_read_by_its_own_rules_and_stands_before_its_paths(two: TwoRoots) -> None:
    two.put("news", "2024/a.md", item_text(1))
    two.put("blog", "a.md", PAGE_ONLY)

    scan = two.whole.scan(NOTHING)

    assert list(scan.files) == ["news/2024/a.md", "blog/a.md"]
    assert {item.id: item.path for item in scan.items.values()} == {
        "s:1": "news/2024/a.md",
        "path:blog/a.md": "blog/a.md",
    }
    assert scan.read == ("news/2024/a.md", "blog/a.md")
    assert two.whole.scan(scan.files).read == ()


def test_an_image_is_found_by_its_root(two: TwoRoots) -> None:
    two.put("news", "pic.png", picture((8, 4)))
    two.put("blog", "pic.png", picture((6, 4)))
    two.put("news", "a.md", item_text(1, image="pic.png"))

    item = two.whole.scan(NOTHING).items["s:1"]

    assert item.image is not None
    assert (item.image.ref, item.image.width_px) == ("news/pic.png", 8)
    assert two.whole.image_bytes(item.image)
    with pytest.raises(ImageUnusable, match="no root"):
        two.whole.image_bytes(Image("elsewhere/pic.png", ""))


def test_clashes_are_told_across_roots(two: TwoRoots) -> None:
    two.put("news", "a.md", item_text(1, link="https://a.example/x"))
    two.put("news", "b.md", item_text(2, link="https://a.example/y"))
    two.put("blog", "a.md", "---\nid: 1\nsource: s\ntitle: T\ndate: 2024-01-01\nlink: https://a.example/y\n---\n")

    scan = two.whole.scan(NOTHING)

    (fault,) = scan.faults
    assert (fault.code, fault.path) == ("W-SAME-LINK", str(two.parts["news"].root / "b.md"))
    assert str(two.parts["blog"].root / "a.md") in fault.problem


def test_the_same_path_in_two_roots_is_no_clash(two: TwoRoots) -> None:
    two.put("blog", "a.md", PAGE_ONLY.replace("title: T", "title: T\nslug: x"))
    two.put("news", "a.md", item_text(1))

    assert two.whole.scan(NOTHING).faults == ()


def test_a_lost_root_is_told_and_keeps_its_items_while_others_go_on(two: TwoRoots) -> None:
    two.put("news", "a.md", item_text(1))
    two.put("blog", "a.md", PAGE_ONLY)
    first = two.whole.scan(NOTHING)
    two.parts["news"].root.rename(two.parts["news"].root.with_name("away"))
    two.put("blog", "b.md", PAGE_ONLY)

    second = two.whole.scan(first.files)

    assert set(second.items) == {"s:1", "path:blog/a.md", "path:blog/b.md"}
    assert second.gone == ()
    assert [(fault.code, fault.key) for fault in second.faults if fault.key] == [
        ("E-STORE", "content.roots.news.folder")
    ]


def test_an_emptied_root_was_lost_like_a_disk(two: TwoRoots) -> None:
    path = two.put("news", "a.md", item_text(1))
    two.put("blog", "a.md", PAGE_ONLY)
    first = two.whole.scan(NOTHING)
    path.unlink()

    second = two.whole.scan(first.files)

    assert (set(second.items), second.gone) == ({"s:1", "path:blog/a.md"}, ())
    assert codes(second) == ["E-STORE-LOST"]


def test_a_root_that_was_lost_is_looked_at_everywhere_once_it_is_back(two: TwoRoots) -> None:
    path = two.put("news", "a.md", item_text(1))
    two.put("blog", "a.md", PAGE_ONLY)
    first = two.whole.scan(NOTHING)
    path.unlink()
    second = two.whole.scan(first.files, near=[path])
    new = two.put("news", "b.md", item_text(2))

    third = two.whole.scan(second.files, near=[new])

    assert codes(second) == ["E-STORE-LOST"]
    assert (set(third.items), third.gone, third.faults) == ({"s:2", "path:blog/a.md"}, ("news/a.md",), ())


@pytest.mark.parametrize("is_told", ["as old and new place", "as old place", "everywhere"])
def test_the_only_file_of_a_root_that_is_moved_to_another_root_leaves_no_ghost(alike: TwoRoots, is_told: str) -> None:
    new = alike.parts["blog"].root / "b.md"
    alike.put("blog", "a.md", PAGE_ONLY)
    old = alike.put("news", "a.md", PAGE_ONLY.replace("title: T", "id: 1\ntitle: T"))
    first = alike.whole.scan(NOTHING)
    old.rename(new)

    near = {"as old and new place": [old, new], "as old place": [old], "everywhere": None}[is_told]
    second = alike.whole.scan(first.files, near)

    assert (second.gone, second.read, second.faults) == (("news/a.md",), ("blog/b.md",), ())
    assert {item.id: item.path for item in second.items.values()} == {
        "path:blog/a.md": "blog/a.md",
        "item:1": "blog/b.md",
    }


def test_of_a_root_that_is_lost_only_items_stay_that_stand_in_no_other_root(alike: TwoRoots) -> None:
    for number in (1, 2):
        alike.put("news", f"{number}.md", PAGE_ONLY.replace("title: T", f"id: {number}\ntitle: T"))
    first = alike.whole.scan(NOTHING)
    root = alike.parts["news"].root
    root.rename(root.with_name("away"))
    alike.put("blog", "2.md", PAGE_ONLY.replace("title: T", "id: 2\ntitle: Moved"))

    second = alike.whole.scan(first.files)

    assert (codes(second), second.gone) == (["E-STORE"], ("news/2.md",))
    assert {item.id: item.path for item in second.items.values()} == {"item:1": "news/1.md", "item:2": "blog/2.md"}


def test_all_roots_missing_is_no_store(two: TwoRoots) -> None:
    for store in two.parts.values():
        store.root.rmdir()

    with pytest.raises(ConfigError) as caught:
        two.whole.scan(NOTHING)

    assert [fault.key for fault in caught.value.faults] == ["content.roots.news.folder", "content.roots.blog.folder"]


def test_a_root_may_be_empty_from_the_start(two: TwoRoots) -> None:
    two.put("news", "a.md", item_text(1))

    assert two.whole.scan(NOTHING).faults == ()


def test_paths_of_no_root_are_gone(two: TwoRoots, tmp_path: Path, clock: Clock) -> None:
    single = FolderStore(tmp_path / "news", rules_of("medigy", site_url=SITE), clock=clock)
    two.put("news", "a.md", item_text(1))
    before = single.scan(NOTHING)

    after = two.whole.scan(before.files)

    assert after.gone == ("a.md",)
    assert after.items["s:1"].revision == before.items["s:1"].revision


def test_a_broken_file_of_a_root_keeps_its_last_good_item(two: TwoRoots) -> None:
    path = two.put("news", "a.md", item_text(1))
    first = two.whole.scan(NOTHING)
    put(two.parts["news"], "a.md", "---\ntitle: [\n---\n", at=LONG_AGO_NS + 1)

    second = two.whole.scan(first.files)

    assert second.items["s:1"].path == "news/a.md"
    assert second.files["news/a.md"].faults[0].path == str(path)
