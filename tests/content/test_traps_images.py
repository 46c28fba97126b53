"""The habits of real stores with their images, one named case each, on real files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from content.storing import Clock, codes, picture, put
from syndicate.content.folder import FolderStore
from syndicate.content.look import look
from syndicate.content.places import image_stamp, inside, spelt
from syndicate.errors import ImageUnusable
from syndicate.items.item import Image
from syndicate.items.presets import rules_of
from syndicate.items.rules import ImageSearch
from syndicate.ports.content import Scan

SITE = "https://site.example/"


def hugo(tmp_path: Path, *, preset: str = "hugo", images: ImageSearch | None = None) -> FolderStore:
    root = tmp_path / "site" / "content"
    root.mkdir(parents=True)
    rules = rules_of(preset, site_url=SITE)
    return FolderStore(root, replace(rules, images=images) if images is not None else rules, clock=Clock())


def post(image: str = "", body: str = "Some words of the text.") -> str:
    return f"---\ntitle: T\ndate: 2024-01-01\n{image}\n---\n{body}\n"


def shown(scan: Scan, path: str = "post/a.md") -> Image | None:
    item = scan.files[path].item
    assert item is not None
    return item.image


CASES = {
    "root path in the static folder": ("image: /images/a.png", "../static/images/a.png"),
    "static folder named, too": ("image: static/images/a.png", "../static/images/a.png"),
    "beside the post": ("image: ./a.png", "post/a.png"),
    "below the post": ("image: img/a.png", "post/img/a.png"),
    "mapping of a theme": ("cover: {image: img/a.png, alt: A, relative: true}", "post/img/a.png"),
    "list": ("images: [missing, a.png]", "post/a.png"),
    "list of mappings": ("images: [{src: a.png}]", "post/a.png"),
    "resources with a glob": ("resources: [{src: 'img/*FEATURE*', name: featured}]", "post/img/my-feature.png"),
    "escaped": ("image: my%20a.png", "post/my a.png"),
    "hash in the name": ("image: 'a#1.png'", "post/a#1.png"),
    "version behind": ("image: a.png?v=3", "post/a.png"),
    "capitals": ("image: A.PNG", "post/a.png"),
    "no extension": ("image: plain", "post/plain"),
    "png called jpg": ("image: wrong.jpg", "post/wrong.jpg"),
}


@pytest.mark.parametrize("case", CASES)
def test_local_images_are_found(tmp_path: Path, case: str) -> None:
    named, place = CASES[case]
    store = hugo(tmp_path)
    put(store, "post/a.md", post(named))
    for name in ("a.png", "img/a.png", "img/my-feature.png", "my a.png", "a#1.png", "plain", "wrong.jpg"):
        put(store, f"post/{name}", picture((30, 20)))
    put(store, "../static/images/a.png", picture((30, 20)))

    scan = store.scan({})

    image = shown(scan)
    assert (image.ref if image else None) == place
    if image is not None:
        assert (image.media_type, image.width_px, image.height_px) == ("image/png", 30, 20)
        assert store.image_bytes(image)


REFUSED = {
    "missing": ("image: gone.png", b"", "W-IMAGE-MISSING"),
    "drawing": ("image: x.svg", b"<?xml version='1.0'?><svg xmlns='x'/>", "W-IMAGE-UNUSABLE"),
    "pdf": ("image: x.pdf", b"%PDF-1.7 ", "W-IMAGE-UNUSABLE"),
    "avif": ("image: x.avif", b"\0\0\0\x1cftypavif", "W-IMAGE-UNUSABLE"),
    "a page for an image": ("image: x.png", b"<!DOCTYPE html><p>403", "W-IMAGE-UNUSABLE"),
    "cut off": ("image: x.png", picture((30, 20))[:-20], "W-IMAGE-UNUSABLE"),
    "empty": ("image: x.png", b"", "W-IMAGE-UNUSABLE"),
    "marked as invalid": ("image: {src: x.png, valid: false}", picture(), "W-IMAGE-INVALID"),
    "out of the store": ("image: ../../../secret/a.png", b"", "W-IMAGE-UNSAFE"),
    "climbs when unescaped": ("image: '%2e%2e/%2e%2e/%2e%2e/secret/a.png'", b"", "W-IMAGE-UNSAFE"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_image_costs_the_image_and_tells_the_line(tmp_path: Path, case: str) -> None:
    named, content, code = REFUSED[case]
    store = hugo(tmp_path)
    path = put(store, "post/a.md", post(named))
    if case != "missing":
        put(store, "post/x" + named.rpartition("x")[2].partition(",")[0], content)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.png").write_bytes(picture())

    scan = store.scan({})

    (fault,) = scan.files["post/a.md"].faults
    assert shown(scan) is None
    assert fault.code == code
    assert (fault.path, fault.line) == (str(path), 4)
    assert "goes out without an image" in fault.remedy


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"%PDF-1.7", "PDF"), (b"\0\0\0\x1cftypheic", "HEIC"), (b"\n<svg>", "SVG"), (b"<html>", "page")],
)
def test_what_is_no_image_is_called_by_its_name(content: bytes, name: str) -> None:
    with pytest.raises(ImageUnusable, match=name):
        look(content, "x.png")


def test_a_bundle_shows_its_cover_or_the_first_image_of_its_body(tmp_path: Path) -> None:
    store = hugo(tmp_path)
    put(store, "post/a/index.md", post(body="Words.\n\n![B](b.png)"))
    put(store, "post/a/cover.txt", "no image")
    put(store, "post/a/my-Cover.png", picture())
    put(store, "post/b/index.md", post(body="Words.\n\n![B & C](b.png)"))
    put(store, "post/b/b.png", picture())
    put(store, "post/c/index.md", post(body="Words.\n\n![B](gone.png)"))

    scan = store.scan({})

    assert getattr(shown(scan, "post/a/index.md"), "ref", "") == "post/a/my-Cover.png"
    first = shown(scan, "post/b/index.md")
    assert first is not None
    assert (first.ref, first.alt) == ("post/b/b.png", "B & C")
    assert shown(scan, "post/c/index.md") is None
    assert codes(scan) == []


def test_an_image_beside_the_store_that_appears_or_changes_is_noticed(tmp_path: Path) -> None:
    store = hugo(tmp_path)
    put(store, "post/a.md", post("image: /a.png"))
    put(store, "../static/b.png", picture())
    put(store, "post/b/index.md", post())
    before = store.scan({})

    put(store, "../static/a.png", picture())
    put(store, "post/b/cover.png", picture())
    appeared = store.scan(before.files)
    put(store, "../static/a.png", picture((8, 8)), at=1_700_000_500_000_000_000)
    changed = store.scan(appeared.files)

    assert shown(before) is None
    assert getattr(shown(appeared), "width_px", 0) == 6
    assert shown(appeared, "post/b/index.md") is not None
    assert getattr(shown(changed), "width_px", 0) == 8
    assert store.scan(changed.files).read == ()


def test_links_lead_nowhere_but_into_allowed_folders(tmp_path: Path) -> None:
    store = hugo(tmp_path)
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.png").write_bytes(picture())
    put(store, "../static/ok.png", picture())
    (store.root.parent / "static" / "a.png").symlink_to(secret / "a.png")
    (store.root.parent / "static" / "b.png").symlink_to("ok.png")
    put(store, "post/a.md", post("image: /a.png"))
    put(store, "post/b.md", post("image: /b.png"))

    scan = store.scan({})

    assert shown(scan) is None
    assert getattr(shown(scan, "post/b.md"), "ref", "") == "../static/b.png"


@pytest.mark.parametrize(
    "path", ["../static/../x.png", "../other/x.png", "../static//etc", "../static/", "..", "/x.png"]
)
def test_the_gate_opens_named_folders_only(tmp_path: Path, path: str) -> None:
    root = tmp_path / "content"
    for folder in ("content", "static", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.png").write_bytes(b"x")
    (tmp_path / "x.png").write_bytes(b"x")

    with pytest.raises(OSError, match=r"out|No such"):
        inside(root, path, ("../static",))
    assert inside(root, "../static/x.png", ("../static",)).read_bytes() == b"x"


def test_places_are_spelt_as_on_disk(tmp_path: Path) -> None:
    (tmp_path / "Img").mkdir()
    (tmp_path / "Img" / "A.JPG").write_bytes(b"x")
    (tmp_path / "top.png").write_bytes(b"x")

    assert spelt(tmp_path, ("gone/a.jpg", "Img/a.jpg", "later")) == ("gone/a.jpg", "Img/A.JPG")
    assert spelt(tmp_path, ("TOP.png",)) == ("top.png",)
    assert spelt(tmp_path, ("Img/*.png", "gone/*")) == ("Img/*.png", "gone/*")
    assert image_stamp(tmp_path, ("gone/*", "gone")) == "-\tgone/*\n-\tgone"


def test_a_fifo_is_no_image(tmp_path: Path) -> None:
    store = hugo(tmp_path)
    put(store, "post/a.md", post("image: pipe.png"))
    os.mkfifo(store.root / "post" / "pipe.png")

    assert shown(store.scan({})) is None
