"""Changes in folders as the system tells them, those of a burst together: by inotify on Linux, else by watchfiles.

watchfiles looks thirty times a second whether anything came: that was a third of what an idle publisher took.
"""

from __future__ import annotations

import errno
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct, field

from syndicate.content.passing import CALM
from syndicate.log import log

if TYPE_CHECKING:
    from watchfiles import Change

STEP_MS: Final = CALM // timedelta(milliseconds=1) + 5
"""A burst is over when nothing more came for so long: the file that was written last may be used, and not before."""

DEBOUNCE_MS: Final = 1500
"""So long a burst takes at most."""

HAS_INOTIFY: Final = sys.platform == "linux"

_MOST_EVENTS = 200
"""So many are read at a time, of the longest names."""

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
        self._closing = threading.Lock()  # whoever sets it must not ring at what has the number of a closed bell
        self._bell, self.ear = socket.socketpair()

    def set(self) -> None:
        """End it."""
        self._is_set = True
        with self._closing, suppress(OSError):  # nobody listens any more
            self._bell.send(b"x")

    def is_set(self) -> bool:
        """Whether to end."""
        return self._is_set

    def close(self) -> None:
        """Nobody listens any more."""
        with self._closing:
            self._bell.close()
            self.ear.close()


def bursts_in(folders: Sequence[str], listener: Listener) -> Iterator[Burst]:
    """The bursts of changes in these folders, each of which is watched for itself, until the listener's end is set.

    Raises:
        OSError: a folder is missing, or the system cannot watch (more).
        Exception: whatever befalls watchfiles.
    """
    return _by_inotify(folders, listener) if HAS_INOTIFY and _speaks() else by_watchfiles(folders, listener)


@cache
def _speaks() -> bool:
    """Whether what speaks with inotify can be loaded: it looks for the C library, which it may not find."""
    try:
        import asyncinotify  # noqa: F401
    except (ImportError, OSError, AttributeError) as error:
        log.warning("inotify_not_used", reason=str(error))
        return False
    return True


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
        from asyncinotify import Inotify, Mask

        self._listener = listener
        self._folders = folders
        self._came, self._lost = Mask.CREATE | Mask.MOVED_TO, Mask.Q_OVERFLOW
        self._news = self._came | Mask.MODIFY | Mask.ATTRIB | Mask.CLOSE_WRITE | Mask.MOVED_FROM | Mask.DELETE
        try:
            self._inotify = Inotify(cache_size=_MOST_EVENTS, sync_timeout=0)
        except OSError as error:
            raise _told(error, "inotify") from error
        try:
            for folder in folders:
                try:
                    self._inotify.add_watch(folder, self._news)
                except OSError as error:
                    raise _told(error, folder) from error
            self._waiting = select.poll()
            self._waiting.register(self._inotify.fd, select.POLLIN)
            self._waiting.register(listener.end.ear, select.POLLIN)
            self._pausing = select.poll()
            self._pausing.register(listener.end.ear, select.POLLIN)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Watch nothing any more."""
        self._inotify.close()

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
        is_news = False
        for event in self._inotify:
            if self._lost in event.mask:  # what came is lost: each folder is looked at, and what is below it
                for folder in self._folders:
                    burst.add(folder, came=True)
                is_news = True
            elif event.path is not None and event.mask & self._news and self._listener.is_news(str(event.path)):
                burst.add(str(event.path), came=bool(event.mask & self._came))
                is_news = True
        return is_news


def _told(error: OSError, place: str) -> OSError:
    """The error of a call for a place: running out of watches is no full disk."""
    words = error.strerror
    if error.errno == errno.ENOSPC:
        words = "no more watches are left (fs.inotify.max_user_watches)"
    elif error.errno == errno.EMFILE:
        words = "no more are left (fs.inotify.max_user_instances, or open files)"
    return OSError(error.errno, words, place)
