"""Images that front matter names for single channels: looked at, stamped and shelved like featured ones."""

from __future__ import annotations

import os

from content.storing import LATER_NS, LONG_AGO_NS, NOTHING, Clock, clock, codes, item_text, picture, put, store
from syndicate.content.folder import FolderStore
from syndicate.items.item import Image, Item
from syndicate.ports.content import Scan

__all__ = ["clock", "store"]  # fixtures


def text(words: str, image: str = "") -> str:
    return item_text(image=image).replace("slug: t", f"slug: t\nsyndicate: {words}")


def only(scan: Scan) -> Item:
    [item] = scan.items.values()
    return item


def shown(item: Item, channel: str = "news") -> Image | None:
    assert item.posting is not None
    return item.posting.wording(channel, "").image


def test_its_facts_are_known_as_those_of_the_featured_one(store: FolderStore) -> None:
    put(store, "a.md", text("{news: {image: Bee.png, alt: Bees}}", image="a.png"))
    put(store, "a.png", picture())
    put(store, "bee.png", picture((30, 20)))

    scan = store.scan(NOTHING)

    image = shown(only(scan))
    assert image is not None and image.shelf_path is not None
    assert (image.ref, image.alt, image.width_px, image.media_type) == ("bee.png", "T", 30, "image/png")
    assert store.image_bytes(image)
    assert only(scan).image is not None
    assert shown(only(scan), "other") is None
    assert store.scan(scan.files).read == ()


def test_one_that_changes_or_appears_is_noticed(store: FolderStore, clock: Clock) -> None:
    put(store, "a.md", text("{image: bee.png}"))
    missing = store.scan(NOTHING)
    assert (codes(missing), shown(only(missing))) == (["W-IMAGE-MISSING"], None)

    bee = put(store, "bee.png", picture())
    there = store.scan(missing.files)
    assert (there.read, codes(there)) == (("a.md",), [])
    first = shown(only(there))

    bee.write_bytes(picture((8, 8)))
    os.utime(bee, ns=(LATER_NS, LATER_NS))
    clock.now = LATER_NS + 10**10
    changed = store.scan(there.files)
    second = shown(only(changed))
    assert first is not None and second is not None
    assert first.digest != second.digest


def test_one_that_is_no_image_is_told_with_its_line_and_the_featured_one_stays(store: FolderStore) -> None:
    put(store, "a.md", text("\n  news:\n    image: bee.png\n  x: {image: bee.png}", image="a.png"))
    put(store, "a.png", picture())
    put(store, "bee.png", b"<html>")

    scan = store.scan(NOTHING)

    faults = scan.files["a.md"].faults
    assert [(fault.code, fault.line) for fault in faults] == [("W-IMAGE-UNUSABLE", 9), ("W-IMAGE-UNUSABLE", 10)]
    assert shown(only(scan)) is None
    assert only(scan).image is not None


def test_in_a_root_of_several_its_path_begins_with_the_roots_name(store: FolderStore, clock: Clock) -> None:
    put(store, "a.md", text("{image: bee.png, x: {image: 'https://cdn.example/x.png'}}"))
    put(store, "bee.png", picture(), at=LONG_AGO_NS)
    named = FolderStore(store.root, store.rules, name="main", clock=clock)

    scan = named.scan(NOTHING)

    image = shown(only(scan))
    assert image is not None and image.ref == "main/bee.png"
    assert named.image_bytes(image)
    remote = shown(only(scan), "x")
    assert remote is not None and remote.ref == "https://cdn.example/x.png"
