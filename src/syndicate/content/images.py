"""Featured images made fit for networks and cards, and cards generated: all in a child process."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from contextlib import suppress
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, Final, Self, TypeVar

from msgspec.structs import asdict, replace

from syndicate.errors import ImageUnusable
from syndicate.posts.post import ImageRules, Picture, Room
from syndicate.workers import ended, pipe, started

if TYPE_CHECKING:
    from syndicate.content.fetch import Fetcher
    from syndicate.items.item import Image
    from syndicate.ports.content import Store

ACCEPT: Final = "image/jpeg, image/png, image/webp, image/gif;q=0.8"
LIMIT_S: Final = 10.0
"""So much working time a picture may take, as the child's own clock counts it."""

PATIENCE: Final = 3
"""The limit is so many times longer by the clock on the wall: the machine may be busy with other things."""

KEPT_PICTURES: Final = 16
KEPT_FETCHED: Final = 4
FRESH_S: Final = 300.0
"""So long a fetched image serves all channels; then it is fetched again."""

# The return code of a child that its own alarm ended; Windows has no such alarm.
_OVERTIME: Final = -signal.SIGPROF if hasattr(signal, "SIGPROF") else None

_CHILD: Final = "syndicate.content.child"

_Value = TypeVar("_Value")


class PictureMaker:
    """Makes pictures of a store's images; open it with `async with`.

    Decoding happens one at a time in a child process that starts with the first picture: it has a memory limit,
    ends when it works longer than `limit_s`, and a crash in a decoder costs one picture only. A thread would give
    none of this. The last pictures are kept, so that three channels with the same rules decode once.
    """

    def __init__(self, store: Store, fetcher: Fetcher, *, limit_s: float = LIMIT_S) -> None:
        self._store = store
        self._fetcher = fetcher
        self._darkroom = _Darkroom(limit_s)
        self._pictures: OrderedDict[Hashable, Picture] = OrderedDict()
        self._fetched: OrderedDict[Hashable, tuple[float, bytes]] = OrderedDict()
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._darkroom.close()

    async def picture(self, image: Image, rules: ImageRules) -> Picture:
        """The image within the rules: read or fetched, decoded, cut, scaled, encoded, alt text fitted.

        Raises:
            ImageUnusable: with the reason in words.
        """
        async with self._turn:
            content = await self._content(image)
            # By the bytes, not by what the item knows of them: the file may have changed since.
            key = hashlib.sha256(content).digest(), replace(rules, limit_alt=0)
            picture = self._pictures.get(key)
            if picture is None:
                picture = await self._darkroom.develop(image.ref, content, rules)
            _keep(self._pictures, key, picture, KEPT_PICTURES)
        from syndicate.posts.fit import fit

        return replace(picture, alt=fit(image.alt, Room(rules.limit_alt)))

    async def card(self, image: Image, *, color: str, limit_bytes: int) -> tuple[bytes, bytes]:
        """The image as a card of 1200x630 in JPEG and WebP; `color` is for transparent ones.

        Raises:
            ImageUnusable: with the reason in words.
        """
        async with self._turn:
            content = await self._content(image)
            rules = {"color": color, "limit_bytes": limit_bytes}
            (jpeg, webp), _ = await self._darkroom.ask(image.ref, "card", content, rules)
        return jpeg, webp

    async def poster(self, sheet: Mapping[str, Any], *, limit_bytes: int) -> tuple[bytes, bytes, tuple[str, ...]]:
        """A generated card in JPEG and WebP, and the scripts that no font has.

        Args:
            sheet: the fields of `poster.Sheet`, faces and pictures as paths.
            limit_bytes: of each file.

        Raises:
            ImageUnusable: it cannot be made so small, or the child fails.
        """
        async with self._turn:
            rules = {"sheet": sheet, "limit_bytes": limit_bytes}
            (jpeg, webp), answer = await self._darkroom.ask("a generated card", "poster", b"", rules)
        return jpeg, webp, tuple(answer["missing"])

    async def _content(self, image: Image) -> bytes:
        if not image.is_remote:
            return await asyncio.to_thread(self._store.image_bytes, image)
        now = asyncio.get_running_loop().time()
        at, content = self._fetched.get(image.ref, (-FRESH_S, b""))
        if now - at >= FRESH_S:
            at, content = now, (await self._fetcher.fetch(image.ref, accept=ACCEPT)).content
        _keep(self._fetched, image.ref, (at, content), KEPT_FETCHED)
        return content


def _keep(kept: OrderedDict[Hashable, _Value], key: Hashable, value: _Value, most: int) -> None:
    """Keep a value as the latest used and let the oldest go."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)


class _Darkroom:
    """The child process in which images are decoded and cards are drawn (see `child`).

    A plain process and a thread that waits for it, rather than a process pool: the pool has no way to kill a worker,
    and starts its workers by importing the program's main module once more.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._child: subprocess.Popen[bytes] | None = None
        # A thread whose job was cancelled may still be there when the next one begins.
        self._in_use = threading.Lock()

    async def develop(self, ref: str, content: bytes, rules: ImageRules) -> Picture:
        """The picture without alt text.

        Raises:
            ImageUnusable: with the reason in words.
        """
        (picture,), answer = await self.ask(ref, "develop", content, asdict(rules))
        return Picture(picture, answer["media_type"], answer["width_px"], answer["height_px"], alt="")

    async def ask(
        self, ref: str, task: str, content: bytes, rules: Mapping[str, Any]
    ) -> tuple[list[bytes], dict[str, Any]]:
        """The files that a task makes of an image, and what is told of them (see `child`).

        Raises:
            ImageUnusable: with the reason in words.
        """
        header = _header(task, content, rules, self._limit_s)
        is_answered = False
        try:
            async with asyncio.timeout(self._limit_s * PATIENCE):
                answer, files = await asyncio.to_thread(self._ask, header, content)
            is_answered = True
        except TimeoutError as error:
            raise ImageUnusable(ref, f"takes longer than {self._limit_s:g} s to decode") from error
        except (OSError, EOFError, ValueError) as error:
            raise ImageUnusable(ref, "makes the decoder fail") from error
        finally:
            # Timed out or cancelled: the thread is waiting still, and a late answer would be taken for the next one.
            if not is_answered and self._child is not None:
                self._child.kill()
        if "error" in answer:
            raise ImageUnusable(ref, answer["error"])
        return files, answer

    async def close(self) -> None:
        """End the child."""
        await asyncio.to_thread(self._end)

    def _ask(self, header: bytes, content: bytes) -> tuple[dict[str, Any], list[bytes]]:
        with self._in_use:
            if self._child is None or self._child.poll() is not None:
                self._discard()
                self._child = started(_CHILD)
            try:
                return _exchange(self._child, header, content)
            except (OSError, EOFError, ValueError) as error:
                if self._discard() == _OVERTIME:
                    raise TimeoutError from error
                raise

    def _end(self) -> None:
        with self._in_use:
            if self._child is not None:
                # The end of its input ends it; the killing below is for one that is stuck.
                with suppress(OSError):
                    pipe(self._child.stdin).close()
                with suppress(subprocess.TimeoutExpired):
                    self._child.wait(timeout=1)
            self._discard()

    def _discard(self) -> int | None:
        """Let go of the child, dead or alive; gives its return code."""
        child, self._child = self._child, None
        return None if child is None else ended(child)


def upright(ref: str, content: bytes, *, limit_s: float = LIMIT_S) -> bytes:
    """The whole image turned as its EXIF says, made by a child of its own; blocks until that has ended.

    Raises:
        ImageUnusable: with the reason in words.
    """
    header = _header("upright", content, {}, limit_s)
    child = started(_CHILD)
    try:
        told, _ = child.communicate(header + content, limit_s * PATIENCE)
        answer, files = _answer_in(BytesIO(told))
    except (subprocess.TimeoutExpired, OSError, EOFError, ValueError) as error:
        is_late = isinstance(error, subprocess.TimeoutExpired) or child.poll() == _OVERTIME
        reason = f"takes longer than {limit_s:g} s to decode" if is_late else "makes the decoder fail"
        raise ImageUnusable(ref, reason) from error
    finally:
        ended(child)
    if "error" in answer:
        raise ImageUnusable(ref, answer["error"])
    return files[0]


def _header(task: str, content: bytes, rules: Mapping[str, Any], limit_s: float) -> bytes:
    """The beginning of a job, as `child` reads it."""
    told = json.dumps({"task": task, "size": len(content), "limit_s": limit_s, "rules": rules}).encode()
    return len(told).to_bytes(4, "big") + told


def _exchange(child: subprocess.Popen[bytes], header: bytes, content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    jobs = pipe(child.stdin)
    jobs.write(header)
    jobs.write(content)
    jobs.flush()
    return _answer_in(pipe(child.stdout))


def _answer_in(answers: IO[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    answer = json.loads(_exactly(answers, int.from_bytes(_exactly(answers, 4), "big")))
    return answer, [_exactly(answers, size) for size in answer["sizes"]]


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError
    return content
