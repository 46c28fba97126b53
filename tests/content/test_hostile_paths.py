"""Names and files that a store may hold by accident or by malice: told, survived, and never a reason to stop."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from content.storing import LONG_AGO_NS, NOTHING, RULES, Clock, clock, item_text, put, store
from syndicate.content.folder import FolderStore
from syndicate.content.sweep import MAX_DEPTH
from syndicate.ports.content import Scan

__all__ = ["clock", "store"]  # fixtures


def told(scan: Scan) -> list[tuple[str, str]]:
    return sorted((fault.code, fault.problem) for fault in scan.faults)


@pytest.fixture(autouse=True)
def _sound(store: FolderStore) -> None:
    """Whatever else lies there, this is read."""
    put(store, "sound.md", item_text(99))


def test_pipes_and_sockets_are_told_and_never_opened(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(store.root / "pipe.md")
    monkeypatch.chdir(store.root)  # the address of a socket has 108 bytes
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.md")

        scan = store.scan(NOTHING)

    assert told(scan) == [("E-PATH", "is a pipe, no file"), ("E-PATH", "is a socket, no file")]
    assert set(scan.items) == {"s:99"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make devices")
def test_devices_are_told_and_never_opened(store: FolderStore) -> None:
    try:
        os.mknod(store.root / "zero.md", 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this root may not make devices, as in most containers")

    assert told(store.scan(NOTHING)) == [("E-PATH", "is a device, no file")]


def test_a_link_to_a_device_is_no_way_to_it(store: FolderStore) -> None:
    (store.root / "zero.md").symlink_to("/dev/zero")

    assert told(store.scan(NOTHING)) == [("E-PATH", "is a link that cannot be used: leads out of the store")]


def test_links_in_a_ring_and_into_nothing_are_told(store: FolderStore) -> None:
    (store.root / "a.md").symlink_to("b.md")
    (store.root / "b.md").symlink_to("a.md")
    (store.root / "c.md").symlink_to("nowhere.md")

    scan = store.scan(NOTHING)

    assert [code for code, _ in told(scan)] == ["E-PATH"] * 3
    assert set(scan.items) == {"s:99"}


def test_a_file_linked_twice_is_one_item_and_a_told_duplicate(store: FolderStore) -> None:
    first = put(store, "a.md", item_text(1))
    (store.root / "b.md").hardlink_to(first)

    scan = store.scan(NOTHING)

    assert (scan.items["s:1"].path, [code for code, _ in told(scan)]) == ("a.md", ["E-DUPLICATE"])


@pytest.mark.parametrize("name", [f"{'n' * 252}.md", f"{'ü' * 126}.md", "a b #%20[]{}$&'.md", "-rf.md", "💧.md"])
def test_odd_names_are_names(store: FolderStore, name: str) -> None:
    put(store, name, item_text(1))

    scan = store.scan(NOTHING)

    assert scan.items["s:1"].path == name
    assert scan.faults == ()


@pytest.mark.parametrize("name", [b"a\nb.md", b"a\x1b[31m.md", b"caf\xe9.md", b"tab\t.md", "a\u202eb.md".encode()])
def test_names_that_would_steer_a_terminal_are_refused_and_told_plainly(store: FolderStore, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(store.root) + b"/" + name)).write_text(item_text(1))

    scan = store.scan(NOTHING)

    assert [code for code, _ in told(scan)] == ["E-PATH"]
    assert all(str(fault).isprintable() for fault in scan.faults)
    assert set(scan.items) == {"s:99"}


def test_names_that_differ_in_case_only_are_two_files(store: FolderStore) -> None:
    put(store, "Heron.md", item_text(1))
    put(store, "heron.md", item_text(2))

    assert {"s:1", "s:2"} < set(store.scan(NOTHING).items)


def test_folders_beyond_the_depth_are_told_once(store: FolderStore) -> None:
    put(store, "/".join(["d"] * (MAX_DEPTH - 1)) + "/in.md", item_text(1))
    put(store, "/".join(["d"] * (MAX_DEPTH + 40)) + "/out.md", item_text(2))

    scan = store.scan(NOTHING)

    assert set(scan.items) == {"s:1", "s:99"}
    assert told(scan) == [("E-PATH", f"lies more than {MAX_DEPTH} folders deep and is not looked into")]


def test_a_file_that_grows_while_it_is_read_waits(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    growing = put(store, "a.md", item_text(1))
    true_fstat, inode = os.fstat, growing.stat().st_ino

    def fstat(descriptor: int) -> os.stat_result:
        """Before and after the read; between the two the file grows."""
        facts = true_fstat(descriptor)
        if facts.st_ino == inode:
            with growing.open("a") as opened:
                opened.write("More.\n")
        return facts

    monkeypatch.setattr(os, "fstat", fstat)

    assert store.scan(NOTHING).waiting == ("a.md",)


def test_ten_thousand_files_take_time_in_proportion(tmp_path: Path, clock: Clock) -> None:
    def cpu_s(number: int) -> float:
        root = tmp_path / str(number)
        root.mkdir()
        for at in range(number):
            file = root / f"n{at}.md"
            file.write_text("Just words.\n")
            os.utime(file, ns=(LONG_AGO_NS, LONG_AGO_NS))
        begun = time.process_time()
        scan = FolderStore(root, RULES, clock=clock).scan(NOTHING)
        assert len(scan.files) == number
        return time.process_time() - begun

    few = cpu_s(1000)

    # A quadratic step would take a hundred times as long for ten times as many.
    assert cpu_s(10_000) < 30 * few + 1


@pytest.mark.parametrize("target", ["loop", "sound.md/below", "x" * 300])
def test_a_link_that_leads_nowhere_costs_no_other_file(store: FolderStore, target: str) -> None:
    (store.root / "loop").symlink_to(target)

    scan = store.scan(NOTHING)

    assert set(scan.items) == {"s:99"}
    assert scan.faults == ()
