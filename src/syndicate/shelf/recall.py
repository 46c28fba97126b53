"""Answers that are known by heart: a request for what was asked before is answered without being read again.

Readers ask for the same few feeds in the same words all day, but for who they are. Reading their headers and making
those of the answer costs some twenty times as much as sending it.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from msgspec import Struct

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from typing import Any

    from syndicate.shelf.version import Version

FRESH_S = 10.0
"""So long an answer is repeated; what it tells of other files, such as links to other formats, may be so old. The file
itself is looked at each time."""

MOST_ANSWERS = 4096
MOST_ASKED_BYTES = 2048

_END = b"\r\n\r\n"
_NO_MATTER = re.compile(
    rb"(\r\n(?:Host|User-Agent|From|Referer|Accept-Language|Cookie|Via|Forwarded|X-Forwarded-[a-z]+|X-Real-IP"
    rb"|Cache-Control|Pragma|DNT|Sec-[a-z-]+|Traceparent|X-Request-ID):)[\x20-\x7e]*(?=\r\n)",
    re.IGNORECASE,
)
"""What headers say that make no difference to an answer; that they are there, and how often, may make one."""


class Answer(Struct, frozen=True):
    """An answer as it was given: its head without the date, of which version of which file, in which coding.

    `encoding` is None where no body was sent.
    """

    head: bytes
    name: str
    stamp: tuple[int, int, int]
    encoding: str | None
    until_s: float


class Recall:
    """The latest answers by what was asked; `look` gives the version that stands at a path now.

    Two requests ask the same that differ in nothing but values of headers by which no answer is chosen.
    """

    def __init__(self, look: Callable[[str], Version | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._clock = clock
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()

    def learn(
        self, asked: bytes, name: str, version: Version, encoding: str | None, status: str, headers: Mapping[str, str]
    ) -> None:
        """Keep an answer.

        Args:
            asked: the request, whole and alone.
            name: the file's path on the shelf.
            version: of the file.
            encoding: of the body that was sent, empty for the bytes as they are; None if none was.
            status: code and reason.
            headers: all but the date and the length.
        """
        lines = [f"HTTP/1.1 {status}", *(f"{key}: {value}" for key, value in headers.items())]
        if encoding is not None:
            lines.append(f"Content-Length: {len(version.body(encoding))}")
        head = ("\r\n".join(lines) + "\r\n").encode()
        wish = _wish(asked)
        self._answers[wish] = Answer(head, name, version.stamp, encoding, self._clock() + FRESH_S)
        self._answers.move_to_end(wish)
        if len(self._answers) > MOST_ANSWERS:
            self._answers.popitem(last=False)

    def answer(self, asked: bytes) -> bytes | None:
        """The whole answer to a request that was answered so a moment ago, if the file is still the same."""
        wish = _wish(asked)
        found = self._answers.get(wish)
        if found is None:
            return None
        version = self._look(found.name) if self._clock() < found.until_s else None
        if version is None or version.stamp != found.stamp or (found.encoding and found.encoding not in version.packed):
            del self._answers[wish]
            return None
        self._answers.move_to_end(wish)
        body = b"" if found.encoding is None else version.body(found.encoding)
        return b"%bDate: %b\r\n\r\n%b" % (found.head, _date(int(time.time())), body)


def _wish(asked: bytes) -> bytes:
    """What is asked, whoever asks."""
    return _NO_MATTER.sub(rb"\1", asked)


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


RECALL: web.AppKey[Recall] = web.AppKey("recall", Recall)
"""Where an application keeps its answers."""


class Connection(RequestHandler):
    """A connection whose requests are answered by heart where they can be, else by the application.

    By heart are answered only requests that come whole, in one piece, while nothing else is on its way in or out, on a
    connection that never carried anything but such; so nothing can be hidden behind one.
    """

    __slots__ = ("_asked", "_is_plain", "_recall")

    def __init__(self, server: web.Server, recall: Recall, **options: Any) -> None:
        super().__init__(server, **options)
        self._recall = recall
        self._is_plain = True
        self._asked: bytes | None = None

    @property
    def asked(self) -> bytes | None:
        """The request that is being answered, if its answer may be kept."""
        return self._asked

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        self._is_plain = self._is_plain and _is_whole(data)
        is_idle = self._waiter is not None and not self._waiter.done() and not self._messages
        self._asked = data if self._is_plain and is_idle and len(data) <= MOST_ASKED_BYTES else None
        if self._asked is not None and not (self._close or self._force_close):
            answer = self._recall.answer(data)
            transport = cast("asyncio.Transport", self.transport)
            if answer is not None and transport.get_write_buffer_size() == 0:
                self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
                transport.write(answer)
                return
        super().data_received(data)


def _is_whole(data: bytes) -> bool:
    """Whether this is one request for a file, from beginning to end, or looks like it."""
    return data.startswith(b"GET /") and data.endswith(_END) and data.find(_END) == len(data) - len(_END)
