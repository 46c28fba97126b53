"""Changes in folders as the system tells them, those of a burst together: by inotify on Linux, else by watchfiles.

inotify is spoken to as it is, since watchfiles looks thirty times a second whether anything came: that was a third of
what an idle publisher took.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct, field

from syndicate.content.passing import CALM

if TYPE_CHECKING:
    from watchfiles import Change

STEP_MS: Final = CALM // timedelta(milliseconds=1) + 5
"""A burst is over when nothing more came for so long: the file that was written last may be used, and not before."""

DEBOUNCE_MS: Final = 1500
"""So long a burst takes at most."""

HAS_INOTIFY: Final = sys.platform == "linux"

# From <sys/inotify.h> (Linux, "inotify(7)").
_MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x40, 0x80, 0x100, 0x200
_OVERFLOW = 0x4000
_NEWS = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
_EVENT = struct.Struct("iIII")
_MOST_BYTES = 65_536

_PAUSE_MS = 5
"""Within a burst it is read so often: each write of a large file would be a turn of its own."""


class Burst(Struct):
    """The paths near which something changed; those that came are named again."""

    changed: set[str] = field(default_factory=set)
    came: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.changed) + len(self.came)

    def add(self, path: str, *, came: bool) -> None:
        """Something changed at this path, or came there."""
        self.changed.add(path)
        if came:
            self.came.add(path)


class Listener(Protocol):
    """Who hears of bursts, in a thread of its own."""

    end: End

    def stands(self) -> None:
        """All is watched from now on."""

    def is_news(self, path: str) -> bool:
        """Whether a change at this path matters."""


class End:
    """Whether to listen no more; whoever waits for something to read is woken by it."""

    def __init__(self) -> None:
        self._is_set = False
        self._bell, self.ear = socket.socketpair()

    def set(self) -> None:
        """End it."""
        self._is_set = True
        with suppress(OSError):  # nobody listens any more
            self._bell.send(b"x")

    def is_set(self) -> bool:
        """Whether to end."""
        return self._is_set

    def close(self) -> None:
        """Nobody listens any more."""
        self._bell.close()
        self.ear.close()


def bursts_in(folders: Sequence[str], listener: Listener) -> Iterator[Burst]:
    """The bursts of changes in these folders, each of which is watched for itself, until the listener's end is set.

    Raises:
        OSError: a folder is missing, or the system cannot watch (more).
        Exception: whatever befalls watchfiles.
    """
    return _by_inotify(folders, listener) if HAS_INOTIFY else by_watchfiles(folders, listener)


def by_watchfiles(folders: Sequence[str], listener: Listener) -> Iterator[Burst]:
    """As `bursts_in`, on every system.

    Asked for a folder and all below it, watchfiles looks at every file there and lets nothing else run meanwhile.
    """
    from watchfiles import watch

    def is_news(_change: Change, path: str) -> bool:
        return listener.is_news(path)

    for found in watch(
        *folders,
        watch_filter=is_news,
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        stop_event=_Asked(listener),
        rust_timeout=0,  # with one, what comes just then is lost
        force_polling=False,
        recursive=False,
    ):
        yield Burst({path for _, path in found}, {path for change, path in found if change == change.added})


class _Asked:
    """What watchfiles asks whether it is to end."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    @property
    def is_set(self) -> Callable[[], bool]:
        """Looked up whenever watchfiles begins to wait, so once the watch is made."""
        self._listener.stands()
        return self._listener.end.is_set


def _by_inotify(folders: Sequence[str], listener: Listener) -> Iterator[Burst]:
    with closing(_Inotify(folders, listener)) as inotify:
        listener.stands()
        while (burst := inotify.burst()) is not None:
            yield burst


class _Inotify:
    """One instance of inotify that watches these folders."""

    def __init__(self, folders: Sequence[str], listener: Listener) -> None:
        from ctypes import CDLL, get_errno

        self._listener = listener
        self._folders: dict[int, str] = {}
        library = CDLL(None, use_errno=True)
        self._descriptor = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise _error(get_errno(), "inotify")
        try:
            for folder in folders:
                number = library.inotify_add_watch(self._descriptor, os.fsencode(folder), _NEWS)
                if number < 0:
                    raise _error(get_errno(), folder)
                self._folders[number] = folder
            self._waiting = select.poll()
            self._waiting.register(self._descriptor, select.POLLIN)
            self._waiting.register(listener.end.ear, select.POLLIN)
            self._pausing = select.poll()
            self._pausing.register(listener.end.ear, select.POLLIN)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Watch nothing any more."""
        os.close(self._descriptor)

    def burst(self) -> Burst | None:
        """The next burst of changes that matter; None: it is to end.

        What comes again and again, as a file that grows, holds up what else came for two steps at most.
        """
        burst = Burst()
        while not burst:
            self._waiting.poll()
            if self._listener.end.is_set():
                return None
            self._read(burst)
        began = heard = grown = time.monotonic()
        step_s = STEP_MS / 1000
        while (now := time.monotonic()) < min(heard + step_s, grown + 2 * step_s, began + DEBOUNCE_MS / 1000):
            if self._pausing.poll(_PAUSE_MS):
                return None
            former = len(burst)
            if self._read(burst):
                heard = now
            if len(burst) > former:
                grown = now
        return burst

    def _read(self, burst: Burst) -> bool:
        """Take in what came; gives whether anything did that matters."""
        try:
            events = os.read(self._descriptor, _MOST_BYTES)
        except BlockingIOError:
            return False
        is_news, place = False, 0
        while place < len(events):
            number, mask, _, length = _EVENT.unpack_from(events, place)
            place += _EVENT.size + length
            if mask & _OVERFLOW:  # what came is lost: each folder is looked at, and what is below it
                for folder in self._folders.values():
                    burst.add(folder, came=True)
                return True
            if not mask & _NEWS:
                continue
            name, path = events[place - length : place].rstrip(b"\0"), self._folders[number]
            if name:  # else it is the folder itself
                path = os.path.join(path, os.fsdecode(name))  # noqa: PTH118
            if self._listener.is_news(path):
                burst.add(path, came=bool(mask & (_MOVED_TO | _CREATE)))
                is_news = True
        return is_news


def _error(number: int, place: str) -> OSError:
    """What a call left behind: running out of watches is no full disk."""
    words = os.strerror(number)
    if number == errno.ENOSPC:
        words = "no more watches are left (fs.inotify.max_user_watches)"
    elif number == errno.EMFILE:
        words = "no more are left (fs.inotify.max_user_instances, or open files)"
    return OSError(number, words, place)
