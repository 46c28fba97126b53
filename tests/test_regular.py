"""What stands in the place of a file holds nobody up: a pipe that nobody writes, a device that has no end."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType

import pytest

from newsroom import NOW
from syndicate.channels import preview
from syndicate.channels.tokens import FILE_NAME, vault_in
from syndicate.checkpoint import Checkpoints
from syndicate.errors import CannotWrite
from syndicate.outbox import epoch
from syndicate.outbox.lock import PublisherLock, holder_of
from syndicate.outbox.witness import Witnesses
from syndicate.regular import opened, read_regular
from syndicate.shelf.folder import MANIFEST, FolderShelf
from syndicate.shelf.sealed import SealFile, Stamps

LIMIT_S = 4


@pytest.fixture(autouse=True)
def _limit() -> Iterator[None]:
    """Who waits for a pipe is told so, in place of waiting for ever."""

    def tell(number: int, frame: FrameType | None) -> None:
        pytest.fail("held up")  # no `OSError`, which those who read would catch

    former = signal.signal(signal.SIGALRM, tell)
    signal.alarm(LIMIT_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, former)


def listen(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as made:
        made.bind(str(path))


def lead_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("put", "number"),
    [(os.mkfifo, errno.ENXIO), (lead_to_a_device, errno.ENXIO), (listen, errno.ENXIO), (os.mkdir, errno.EISDIR)],
)
def test_what_is_no_regular_file_is_not_read(
    tmp_path: Path, put: Callable[[Path], None], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    put(Path("one"))

    with pytest.raises(OSError) as caught:
        read_regular(Path("one"))

    assert caught.value.errno == number


@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND | os.O_CREAT])
def test_no_pipe_is_opened_to_be_written(tmp_path: Path, flags: int) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OSError) as caught:
        opened(str(tmp_path / "pipe"), flags)

    assert caught.value.errno == errno.ENXIO


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")

    assert read_regular(tmp_path / "link") == b"content"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (lambda pipe: Checkpoints(pipe, "settings").read("token"), None),
        (lambda pipe: SealFile(pipe.parent, Stamps(pipe.parent)).read(["a"]), {}),
        (epoch.read, None),
        (lambda pipe: epoch.note(pipe, epoch.Epoch("a", 1, 1, 1)), False),
        (lambda pipe: Witnesses((pipe,)).read(), ()),
        (holder_of, (None, None)),
        (preview._read, None),
    ],
)
def test_a_pipe_in_the_place_of_a_note_of_ours_says_nothing(
    tmp_path: Path, told: Callable[[Path], object], expected: object
) -> None:
    pipe = tmp_path / ".syndicate-seals"  # the name of those that choose it themselves
    os.mkfifo(pipe)

    assert told(pipe) == expected


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("publisher.lock", lambda folder: PublisherLock(folder / "publisher.lock", NOW).__enter__()),
        (MANIFEST, FolderShelf),
        (FILE_NAME, lambda folder: vault_in(folder, {})),
    ],
)
def test_a_pipe_in_the_place_of_what_we_cannot_do_without_is_told(
    tmp_path: Path, name: str, start: Callable[[Path], object]
) -> None:
    os.mkfifo(tmp_path / name)

    with pytest.raises(CannotWrite, match=r"is no regular file; .*: move it away") as caught:
        start(tmp_path)

    assert name in str(caught.value)


def test_a_pipe_in_the_place_of_a_feed_has_no_digest(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path)
    os.mkfifo(tmp_path / "rss.xml")

    with pytest.raises(CannotWrite, match="is no regular file"):
        shelf.digest("rss.xml")


def test_the_manifest_of_a_shelf_that_became_a_pipe_is_not_written(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path)
    os.mkfifo(tmp_path / MANIFEST)

    with pytest.raises(CannotWrite, match="move it away"):
        shelf.put("rss.xml", b"content")
