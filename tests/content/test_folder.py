from __future__ import annotations

import hashlib
import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image as Pictures

from content.storing import (
    LATER_NS,
    LONG_AGO_NS,
    MS,
    NOTHING,
    Clock,
    clock,
    codes,
    item_text,
    picture,
    put,
    store,
)
from syndicate.content import file as file_module
from syndicate.content.file import NO_ITEM
from syndicate.content.folder import FolderStore
from syndicate.content.look import MAX_IMAGE_BYTES
from syndicate.content.places import real
from syndicate.errors import ConfigError, ImageUnusable
from syndicate.items.frontmatter import MAX_FILE_BYTES
from syndicate.items.item import Image
from syndicate.items.presets import rules_of

__all__ = ["clock", "store"]  # fixtures


def test_items_are_found_in_every_folder_and_in_order(store: FolderStore) -> None:
    put(store, "b.md", item_text(2))
    put(store, "news/deep/a.markdown", item_text(1))

    scan = store.scan(NOTHING)

    assert list(scan.files) == ["b.md", "news/deep/a.markdown"]
    assert scan.read == ("b.md", "news/deep/a.markdown")
    assert set(scan.items) == {"s:1", "s:2"}
    assert (scan.gone, scan.waiting, scan.faults) == ((), (), ())
    content = (store.root / "b.md").read_bytes()
    assert scan.files["b.md"].stamp.digest == hashlib.sha256(content).hexdigest()


def test_an_unchanged_file_is_not_read_again(store: FolderStore) -> None:
    path = put(store, "a.md", item_text())
    first = store.scan(NOTHING)
    with path.open("r+b") as same_file:  # same inode, size and time: only reading it would tell
        same_file.write(item_text(title="U").encode())
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))

    second = store.scan(first.files)

    assert second.read == ()
    assert second.files == first.files


def test_a_touched_file_with_the_same_bytes_is_not_parsed_again(store: FolderStore) -> None:
    path = put(store, "a.md", item_text())
    first = store.scan(NOTHING)
    os.utime(path, ns=(LONG_AGO_NS + MS, LONG_AGO_NS + MS))

    second = store.scan(first.files)

    assert second.read == ()
    assert second.files["a.md"].item == first.files["a.md"].item
    assert second.files["a.md"].stamp.mtime_ns == LONG_AGO_NS + MS


def test_an_edit_a_rename_and_a_deletion_are_told_apart(store: FolderStore) -> None:
    edited, renamed, deleted = (put(store, f"{name}.md", item_text(n)) for n, name in enumerate("abc"))
    first = store.scan(NOTHING)
    put(store, "a.md", item_text(0, title="Edited"))
    renamed.rename(store.root / "moved.md")
    deleted.unlink()

    second = store.scan(first.files)

    assert second.read == ("a.md", "moved.md")
    assert second.gone == ("b.md", "c.md")
    assert second.items["s:0"].title == "Edited"
    assert second.items["s:1"].revision == first.items["s:1"].revision
    assert "s:2" not in second.items
    assert edited.exists()


@pytest.mark.parametrize(
    "name",
    [".hidden.md", "a.md~", "a.md.tmp", ".#a.md", "a.md.swp", ".git/a.md", "notes.txt", "README.md", "news/_index.md"],
)
def test_temporary_hidden_and_other_files_are_no_items(store: FolderStore, name: str) -> None:
    put(store, name, item_text())

    assert store.scan(NOTHING).files == {}


def test_excluded_paths_are_left_out(store: FolderStore) -> None:
    store.rules = rules_of("medigy", exclude=["Drafts/*"])
    put(store, "drafts/a.md", item_text(1))
    put(store, "b.md", item_text(2))

    assert list(store.scan(NOTHING).files) == ["b.md"]


def test_a_bad_file_is_named_with_line_and_remedy_and_the_rest_goes_on(store: FolderStore) -> None:
    put(store, "bad.md", "---\ntitle: Foo: Bar # x\n---\n")
    put(store, "good.md", item_text())

    scan = store.scan(NOTHING)

    assert set(scan.items) == {"s:1"}
    (fault,) = scan.files["bad.md"].faults
    assert str(fault).startswith(f"{store.root}/bad.md:2:11: E-FRONTMATTER: ")
    assert "put the value in quotes" in str(fault)


def test_drafts_and_files_without_front_matter_are_skipped_by_name(store: FolderStore) -> None:
    put(store, "draft.md", "---\ndraft: true\n---\n")
    put(store, "notes.md", "# Notes\n")

    files = store.scan(NOTHING).files

    assert (files["draft.md"].skipped, files["notes.md"].skipped) == ("draft", NO_ITEM)


def test_a_file_over_the_cap_is_refused_unread(store: FolderStore) -> None:
    put(store, "a.md", b"---\n" + b"x" * MAX_FILE_BYTES)

    scan = store.scan(NOTHING)

    assert codes(scan) == ["E-TOO-BIG"]
    assert scan.files["a.md"].stamp.digest == ""


def test_a_broken_edit_keeps_the_last_good_item(store: FolderStore) -> None:
    put(store, "a.md", item_text())
    first = store.scan(NOTHING)
    put(store, "a.md", "---\ntitle: Foo: Bar # x\n---\n")

    second = store.scan(first.files)
    third = store.scan(second.files)

    assert second.items == third.items == first.items
    assert codes(second) == codes(third) == ["E-FRONTMATTER"]
    assert third.read == ()


@pytest.fixture
def untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system cannot tell who has a file open for writing."""
    monkeypatch.setattr(file_module, "is_written", lambda _file: None)


@pytest.mark.usefixtures("untold")
def test_a_file_just_written_is_waited_for(store: FolderStore, clock: Clock) -> None:
    put(store, "a.md", item_text(), at=LATER_NS - 100 * MS)

    early = store.scan(NOTHING)
    clock.now += 200 * MS
    late = store.scan(early.files)

    assert (early.files, early.waiting) == ({}, ("a.md",))
    assert (late.read, late.waiting) == (("a.md",), ())


@pytest.mark.parametrize("half", ["", "---\ntitle: T\n", "---\ntitle: 'T", "---\nid: 1\n---\n"])
def test_a_half_written_file_gets_time_before_it_is_reported(store: FolderStore, clock: Clock, half: str) -> None:
    put(store, "a.md", half, at=LATER_NS - 500 * MS)

    early = store.scan(NOTHING)
    clock.now += 2000 * MS
    late = store.scan(early.files)

    assert early.waiting == ("a.md",)
    assert late.waiting == ()
    assert late.files["a.md"].faults or late.files["a.md"].skipped == NO_ITEM


def test_an_item_being_rewritten_stays_as_it_was_known(store: FolderStore, clock: Clock) -> None:
    put(store, "a.md", item_text())
    first = store.scan(NOTHING)
    put(store, "a.md", "---\nid: 1\n", at=LATER_NS - 500 * MS)

    second = store.scan(first.files)

    assert second.waiting == ("a.md",)
    assert second.items == first.items


def test_a_file_that_grows_while_it_is_read_is_waited_for(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(store, "a.md", item_text())
    true_fstat, calls = os.fstat, []

    def growing(number: int) -> os.stat_result:
        calls.append(number)
        if len(calls) == 2:  # the second look at the open file, after reading it
            with path.open("ab") as file:
                file.write(b"more")
        return true_fstat(number)

    monkeypatch.setattr(os, "fstat", growing)

    assert store.scan(NOTHING).waiting == ("a.md",)


def test_a_file_replaced_after_the_sweep_is_waited_for(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, "a.md", item_text())

    def replacing(root: Path, path: str) -> str:
        put(store, "a.md", item_text(title="Another, longer"))
        return real(root, path)

    monkeypatch.setattr(file_module, "real", replacing)

    assert store.scan(NOTHING).waiting == ("a.md",)


@pytest.mark.usefixtures("untold")
def test_a_file_from_the_future_is_used_once_it_keeps_still(store: FolderStore, clock: Clock) -> None:
    put(store, "a.md", item_text(), at=LATER_NS + 3600 * 1000 * MS)

    waits = [store.scan(NOTHING).waiting]
    clock.now += 100 * MS
    waits.append(store.scan(NOTHING).waiting)
    clock.now += 200 * MS
    waits.append(store.scan(NOTHING).waiting)

    assert waits == [("a.md",), ("a.md",), ()]


def test_nothing_is_gone_while_its_new_name_may_be_settling(store: FolderStore, clock: Clock) -> None:
    path = put(store, "a.md", item_text())
    first = store.scan(NOTHING)
    path.unlink()
    put(store, "b.md", item_text(title="New"), at=LATER_NS)

    second = store.scan(first.files)
    clock.now += 1000 * MS
    third = store.scan(second.files)

    assert (second.gone, set(second.items)) == ((), {"s:1"})
    assert (third.gone, third.items["s:1"].path) == (("a.md",), "b.md")


def test_one_id_in_two_files_is_an_error_that_names_both(store: FolderStore) -> None:
    put(store, "a.md", item_text(1))
    put(store, "b.md", item_text(1, title="Copy", link="https://a.example/other"))

    scan = store.scan(NOTHING)

    (fault,) = scan.faults
    assert fault.code == "E-DUPLICATE"
    assert fault.path == f"{store.root}/b.md"
    assert f"{store.root}/a.md" in fault.problem
    assert scan.items["s:1"].title == "T"


def test_two_items_with_one_link_are_warned_of(store: FolderStore) -> None:
    put(store, "a.md", item_text(1, link="https://a.example/x"))
    put(store, "b.md", item_text(2, link="http://www.a.example/x/?utm_source=mail"))

    scan = store.scan(NOTHING)

    (fault,) = scan.faults
    assert (fault.code, fault.is_warning) == ("W-SAME-LINK", True)
    assert len(scan.items) == 2


def test_native_items_without_link_do_not_clash(store: FolderStore) -> None:
    for name in "ab":
        put(store, f"{name}.md", f"---\ntitle: T\ndate: 2024-01-01\naliases: /{name}\n---\n")

    assert store.scan(NOTHING).faults == ()


def test_an_image_is_known_by_its_bytes_not_by_its_name(store: FolderStore) -> None:
    content = picture((7, 5))
    put(store, "news/a.md", item_text(image="pic.jpeg"))
    put(store, "news/pic.jpeg", content)

    item = store.scan(NOTHING).items["s:1"]

    assert item.image == Image(
        "news/pic.jpeg", "Alt", "image/png", len(content), 7, 5, hashlib.sha256(content).hexdigest()
    )
    assert store.image_bytes(item.image) == content


def test_a_new_picture_is_a_change_of_the_item(store: FolderStore) -> None:
    put(store, "a.md", item_text(image="pic.png"))
    put(store, "pic.png", picture())
    first = store.scan(NOTHING)
    put(store, "pic.png", picture((9, 9)), at=LONG_AGO_NS + MS)

    second = store.scan(first.files)

    assert second.read == ("a.md",)
    assert second.items["s:1"].revision != first.items["s:1"].revision


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "W-IMAGE-MISSING"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "W-IMAGE-UNUSABLE"),
        (b"", "W-IMAGE-UNUSABLE"),
        (picture()[:-20], "W-IMAGE-UNUSABLE"),
    ],
)
def test_an_item_goes_out_without_an_image_that_cannot_be_used(
    store: FolderStore, content: bytes | None, code: str
) -> None:
    put(store, "a.md", item_text(image="pic.png"))
    if content is not None:
        put(store, "pic.png", content)

    scan = store.scan(NOTHING)

    assert scan.items["s:1"].image is None
    (fault,) = scan.files["a.md"].faults
    assert (fault.code, fault.is_warning, fault.path) == (code, True, f"{store.root}/a.md")
    assert store.scan(scan.files).read == ()


def test_an_image_that_arrives_later_is_noticed(store: FolderStore) -> None:
    put(store, "a.md", item_text(image="pic.png"))
    first = store.scan(NOTHING)
    put(store, "pic.png", picture())

    second = store.scan(first.files)

    assert first.items["s:1"].image is None
    assert second.items["s:1"].image is not None
    assert second.files["a.md"].faults == ()


def test_a_new_item_waits_for_its_image(store: FolderStore, clock: Clock) -> None:
    put(store, "a.md", item_text(image="pic.png"), at=LATER_NS - 500 * MS)

    without = store.scan(NOTHING)
    put(store, "pic.png", picture()[:40], at=LATER_NS - 400 * MS)
    with_half = store.scan(without.files)
    fresh = put(store, "pic.png", picture(), at=LATER_NS - 100 * MS)
    with fresh.open("ab"):
        with_fresh = store.scan(with_half.files)
    clock.now += 500 * MS
    whole = store.scan(with_fresh.files)

    assert without.waiting == with_half.waiting == with_fresh.waiting == ("a.md",)
    assert whole.items["s:1"].image is not None


def test_a_remote_image_stays_an_address(store: FolderStore) -> None:
    put(store, "a.md", item_text(image="https://cdn.example/x.png"))

    item = store.scan(NOTHING).items["s:1"]

    assert item.image == Image("https://cdn.example/x.png", "Alt")
    with pytest.raises(ImageUnusable, match="outside the store"):
        store.image_bytes(item.image)


@pytest.mark.parametrize(
    "ref", ["../secret.png", "/etc/passwd", "link.png", "missing.png", "folder", "a/../../x", "pipe.png", ""]
)
def test_no_path_leads_out_of_the_store(store: FolderStore, ref: str) -> None:
    (store.root.parent / "secret.png").write_bytes(picture())
    (store.root / "link.png").symlink_to(store.root.parent / "secret.png")
    (store.root / "folder").mkdir()
    os.mkfifo(store.root / "pipe.png")

    with pytest.raises(ImageUnusable):
        store.image_bytes(Image(ref, ""))


def test_an_image_over_the_cap_is_refused(store: FolderStore) -> None:
    put(store, "big.png", b"\0" * (MAX_IMAGE_BYTES + 1))

    with pytest.raises(ImageUnusable, match="over the limit"):
        store.image_bytes(Image("big.png", ""))


def test_links_are_followed_inside_the_store_only(store: FolderStore) -> None:
    outside = store.root.parent / "outside.md"
    outside.write_text(item_text(3))
    real = put(store, ".data/a.md", item_text(1))
    (store.root / "inside.md").symlink_to(real)
    (store.root / "outside.md").symlink_to(outside)
    (store.root / "dangling.md").symlink_to(store.root / "nowhere.md")
    (store.root / "loop").symlink_to(store.root, target_is_directory=True)

    scan = store.scan(NOTHING)

    assert set(scan.items) == {"s:1"}
    assert sorted((fault.code, Path(fault.path).name) for fault in scan.faults) == [
        ("E-PATH", "dangling.md"),
        ("E-PATH", "outside.md"),
        ("W-LINKED-FOLDER", "loop"),
    ]


def test_odd_files_do_not_stop_a_scan(store: FolderStore) -> None:
    os.mkfifo(store.root / "pipe.md")
    Path(os.fsdecode(os.fsencode(store.root) + b"/caf\xe9.md")).write_text(item_text(1))
    put(store, "a b #%20[] ü.md", item_text(2))
    put(store, "x.md/inside.md", item_text(3))

    scan = store.scan(NOTHING)

    assert set(scan.items) == {"s:2", "s:3"}
    assert sorted(fault.problem for fault in scan.faults) == [
        "has a name that is not UTF-8 or holds control characters",
        "is a pipe, no file",
    ]


def test_a_file_that_vanishes_during_the_sweep_is_passed_over(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(store, "a.md", item_text())

    def vanishing(_path: str) -> bool:
        path.unlink(missing_ok=True)
        return True

    monkeypatch.setattr("syndicate.content.sweep.wanted_among", lambda **_globs: vanishing)

    assert store.scan(NOTHING).files == {}


def test_folders_in_folders_have_an_end(store: FolderStore) -> None:
    put(store, "/".join("d" * 40) + "/deep.md", item_text())

    assert store.scan(NOTHING).files == {}


def test_files_in_a_folder_that_cannot_be_read_are_not_gone(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "sub/a.md", item_text(1))
    put(store, "b.md", item_text(2))
    first = store.scan(NOTHING)
    true_scandir = os.scandir

    def refusing(path: Path) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied")
        return true_scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)

    second = store.scan(first.files)

    assert second.gone == ()
    assert set(second.items) == {"s:1", "s:2"}
    assert [fault.code for fault in second.faults] == ["E-READ"]


def test_a_file_that_cannot_be_read_is_reported(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, "a.md", item_text())

    def refusing(path: Path, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refusing)

    scan = store.scan(NOTHING)

    (fault,) = scan.files["a.md"].faults
    assert (fault.code, fault.problem) == ("E-READ", "cannot be read: Permission denied")


def test_whatever_a_parser_trips_over_costs_one_file_only(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, "a.md", item_text())

    def failing(content: bytes, path: str) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr("syndicate.items.frontmatter.read", failing)

    assert codes(store.scan(NOTHING)) == ["E-READ"]


def test_a_missing_store_is_told_with_the_way_out(store: FolderStore) -> None:
    store.root.rmdir()

    with pytest.raises(ConfigError) as caught:
        store.scan(NOTHING)

    (fault,) = caught.value.faults
    assert fault.key == "content.folder"
    assert "create it" in fault.remedy
    with pytest.raises(ImageUnusable):
        store.image_bytes(Image("a.png", ""))


def turned_photo() -> bytes:
    """A JPEG that lies on its side and tells where it was taken."""
    exif = Pictures.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[29] = "Canary Wharf"
    stream = BytesIO()
    Pictures.new("RGB", (60, 40), "red").save(stream, "JPEG", exif=exif, comment=b"Canary Wharf")
    return stream.getvalue()


def test_the_facts_are_those_of_the_bytes_that_go_public(store: FolderStore) -> None:
    put(store, "a.md", item_text(image="pic.jpg"))
    put(store, "pic.jpg", turned_photo())

    image = store.scan(NOTHING).items["s:1"].image

    assert image is not None
    public = store.image_bytes(image)
    assert b"Canary" in turned_photo()
    assert b"Canary" not in public
    assert (image.size_bytes, image.digest) == (len(public), hashlib.sha256(public).hexdigest())
    assert (image.width_px, image.height_px) == (40, 60) == Pictures.open(BytesIO(public)).size


def test_an_image_that_broke_since_the_scan_is_never_given_as_it_is(store: FolderStore) -> None:
    put(store, "pic.jpg", turned_photo()[:-40])

    with pytest.raises(ImageUnusable):
        store.image_bytes(Image("pic.jpg", ""))


def test_an_item_that_came_to_its_end_leaves_though_its_file_is_the_same(store: FolderStore, clock: Clock) -> None:
    put(store, "a.md", item_text().replace("slug: t", "slug: t\nexpires: 2100-01-01"))
    first = store.scan(NOTHING)

    clock.now = 4_200_000_000 * 10**9
    second = store.scan(first.files)

    assert set(first.items) == {"s:1"}
    assert (second.items, second.files["a.md"].skipped) == ({}, "expired")


def test_an_item_that_came_to_its_end_leaves_though_its_file_was_broken_since(store: FolderStore, clock: Clock) -> None:
    put(store, "a.md", item_text().replace("slug: t", "slug: t\nexpires: 2100-01-01"))
    first = store.scan(NOTHING)
    put(store, "a.md", "---\ntitle: [\n---\n", at=LONG_AGO_NS + 1)
    broken = store.scan(first.files)

    clock.now = 4_200_000_000 * 10**9
    over = store.scan(broken.files, near=())

    assert set(broken.items) == {"s:1"}
    assert over.items == {}
    assert over.files["a.md"].faults == broken.files["a.md"].faults


def test_excluded_folders_are_not_entered_and_the_usual_files_are_no_items(store: FolderStore) -> None:
    for name in ("README.md", "node_modules/p/x.md", "_drafts/x.md", "archetypes/default.md", "_index.de.md"):
        put(store, name, item_text())

    assert store.scan(NOTHING).files == {}


def test_files_in_an_older_encoding_are_read_if_the_site_says_so(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "content").mkdir()
    rules = rules_of("medigy", site_url="https://site.example/", fallback_encoding="cp1252")
    store = FolderStore(tmp_path / "content", rules, clock=clock)
    put(store, "a.md", item_text(title="Caf\u00e9").encode("cp1252"))

    scan = store.scan(NOTHING)

    assert scan.items["s:1"].title == "Café"
    assert codes(scan) == ["W-ENCODING"]
