"""What an image's bytes are, whatever its name says: format, true size, whether they are all there; and their copy
that everybody may see."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

from msgspec import Struct

from syndicate.content.metadata import orientation_in, without_metadata
from syndicate.errors import ImageUnusable

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_IMAGE_BYTES = 20 * 1024 * 1024

# Orientations of EXIF 2.32, table 4: with the latter the picture lies on its side.
_TURNED = range(2, 9)
_LYING = range(5, 9)

# What Pillow's parsers raise on broken or hostile bytes, besides its own OSErrors.
_BROKEN = (
    *(OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, RuntimeError),
    *(AttributeError, ZeroDivisionError, MemoryError, struct.error),
)


class Facts(Struct, frozen=True):
    """Media type and size as seen by readers (a picture that lies on its side counts as turned).

    `is_turned`: the file asks its readers to turn or mirror the picture, which not all of them do.
    """

    media_type: str
    width_px: int
    height_px: int
    is_turned: bool = False


def shown(content: bytes, ref: str) -> tuple[bytes, Facts]:
    """The image as everybody may see it, and its facts: upright, and nothing in the file besides the picture.

    The pixels of an upright image are not touched.

    Args:
        content: the whole file.
        ref: its name, for messages.

    Raises:
        ImageUnusable: as for `look`, or it cannot be cleaned.
    """
    facts = look(content, ref)
    if facts.is_turned:
        from syndicate.content.images import upright  # it brings all that posts and processes need

        content = upright(ref, content)
        facts = look(content, ref)
    try:
        clean = without_metadata(content, facts.media_type)
    except ValueError as error:
        raise ImageUnusable(ref, f"is damaged ({error})") from error
    return clean, look(clean, ref)


def look(content: bytes, ref: str) -> Facts:
    """The facts about an image, read from its header without decoding it.

    The cap on pixels is that of `pixels`, so that what feeds show can be posted, too.

    Args:
        content: the whole file.
        ref: its name, for messages.

    Raises:
        ImageUnusable: no JPEG, PNG, WebP or GIF, damaged, cut short, or over a cap.
    """
    from PIL.Image import DecompressionBombError

    from syndicate.content.pixels import LIMIT_PIXELS

    if len(content) > MAX_IMAGE_BYTES:
        raise ImageUnusable(ref, f"has {len(content)} bytes, over the limit of {MAX_IMAGE_BYTES}")
    media_type, is_whole = _kind(content)
    if not media_type:
        raise ImageUnusable(ref, f"is {_other(content)}no JPEG, PNG, WebP or GIF" if content else "is empty")
    try:
        width, height, orientation = _seen(content, media_type)
    except DecompressionBombError as error:
        raise ImageUnusable(ref, f"is over the limit of {LIMIT_PIXELS} pixels") from error
    except _BROKEN as error:
        raise ImageUnusable(ref, f"is damaged ({type(error).__name__})") from error
    if width < 1 or height < 1 or width * height > LIMIT_PIXELS:
        raise ImageUnusable(ref, f"is {width} x {height}, over the limit of {LIMIT_PIXELS} pixels")
    if not is_whole(content):
        raise ImageUnusable(ref, "is cut short")
    if orientation in _LYING:
        width, height = height, width
    return Facts(media_type, width, height, orientation in _TURNED)


def _kind(content: bytes) -> tuple[str, Callable[[bytes], bool]]:
    """The media type by the first bytes, and the check for the format's own end mark."""
    if content.startswith(b"\xff\xd8\xff"):
        # After the middle: a cut file may still hold the end mark of the preview in its EXIF block.
        return "image/jpeg", lambda data: data.rfind(b"\xff\xd9") > len(data) // 2
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", lambda data: b"IEND" in data[-64 * 1024 :]
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif", lambda data: data.rstrip(b"\0").endswith(b"\x3b")
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp", lambda data: len(data) >= int.from_bytes(data[4:8], "little") + 8
    return "", bool


def _other(content: bytes) -> str:
    """What else the bytes are, in words that a sentence goes on after."""
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"%pdf"):
        return "a PDF, "
    if content[4:8] == b"ftyp":
        return "an AVIF or HEIC picture, "
    if b"<svg" in start:
        return "an SVG drawing, "
    return "a web page, " if start.startswith((b"<!doctype html", b"<html")) else ""


def _seen(content: bytes, media_type: str) -> tuple[int, int, int]:
    """Width, height and EXIF orientation as they stand in the file."""
    # Each format's own class: Image.open would try 43 formats and print its own warnings about size.
    # In two threads at once the filter may stay: then Pillow's warnings about odd metadata stay unheard, no harm.
    with warnings.catch_warnings(action="ignore"), _reader(media_type)(BytesIO(content)) as picture:
        # Not `getexif`: of a PNG it decodes the pixels in search of metadata, here, where nothing guards us.
        return *picture.size, orientation_in(picture.info.get("exif", b""))


def _reader(media_type: str) -> Callable[[BytesIO], ImageFile]:
    from PIL.GifImagePlugin import GifImageFile
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile
    from PIL.WebPImagePlugin import WebPImageFile

    readers: dict[str, Callable[[BytesIO], ImageFile]] = {
        "image/gif": GifImageFile,
        "image/jpeg": JpegImageFile,
        "image/png": PngImageFile,
        "image/webp": WebPImageFile,
    }
    return readers[media_type]
