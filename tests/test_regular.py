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
from syndicate.channels.secrets import secret_in
from syndicate.channels.tokens import FILE_NAME, vault_in
from syndicate.checkpoint import Checkpoints
from syndicate.cli.feeds import _in_folder
from syndicate.content.cards import CardKit, look_of, problems_in
from syndicate.content.child import _picture
from syndicate.content.glyphs import Glyphs
from syndicate.content.typefaces import digest_of
from syndicate.dress import page_rules_of
from syndicate.errors import CannotWrite, ConfigError
from syndicate.outbox import epoch
from syndicate.outbox.backup import manifest_of
from syndicate.outbox.lock import PublisherLock, holder_of
from syndicate.outbox.witness import Witnesses
from syndicate.posts.card import CardRules
from syndicate.regular import opened, read_regular
from syndicate.settings.pages import PageSettings
from syndicate.settings.tables import table_of
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
    ("use", "error"),
    [
        (secret_in, ValueError),
        (lambda pipe: table_of(pipe, origin="syndicate.yaml", key="content.images.table"), ConfigError),
        (lambda pipe: page_rules_of(PageSettings(style=pipe), CardRules()), ConfigError),
        (Glyphs, OSError),
        (digest_of, OSError),
        (manifest_of, ConfigError),
    ],
)
def test_a_pipe_that_settings_name_in_place_of_a_file_is_told(
    tmp_path: Path, use: Callable[[Path], object], error: type[Exception]
) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    os.mkfifo(tmp_path / "pipe.json.json")  # the manifest of a backup

    with pytest.raises(error, match="is no regular file"):
        use(pipe)


def test_pipes_in_place_of_pictures_and_fonts_of_cards_are_told(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    problems = list(problems_in(CardKit(logo=pipe, background=pipe, font=pipe)))

    assert [name for name, _ in problems] == ["logo", "background", "font"]
    assert all(problem.endswith("cannot be read (is no regular file)") for _, problem in problems)
    with pytest.raises(OSError, match="is no regular file"):
        look_of(CardKit(logo=pipe), brand="", shows=(), color="", is_generating=True, limit_bytes=1)
    assert _picture(str(pipe)) is None


def test_a_pipe_in_the_place_of_a_feed_is_missing_to_whoever_verifies_the_feeds(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rss.xml")

    assert _in_folder(tmp_path)("rss.xml") is None


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
