"""What an image's bytes are, whatever its name says: format, true size, and whether they are all there."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from syndicate.errors import ImageUnusable

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAX_IMAGE_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000  # phones make 48 megapixels; decoded this is 150 MB

_ORIENTATION = 0x0112  # EXIF 2.32, table 4: values 5 to 8 mean that the picture lies on its side
_LYING = frozenset({5, 6, 7, 8})

# What Pillow's parsers raise on broken or hostile bytes, besides its own OSErrors.
_BROKEN = (
    *(OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError, RuntimeError),
    *(AttributeError, ZeroDivisionError, struct.error),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Media type and size as seen by readers (a picture that lies on its side counts as turned)."""

    media_type: str
    width_px: int
    height_px: int


def look(content: bytes, ref: str) -> Facts:
    """The facts about an image, read from its header without decoding it.

    Args:
        content: the whole file.
        ref: its name, for messages.

    Raises:
        ImageUnusable: no JPEG, PNG, WebP or GIF, damaged, cut short, or over a cap.
    """
    if len(content) > MAX_IMAGE_BYTES:
        raise ImageUnusable(ref, f"has {len(content)} bytes, over the limit of {MAX_IMAGE_BYTES}")
    media_type, is_whole = _kind(content)
    if not media_type:
        raise ImageUnusable(ref, "is no JPEG, PNG, WebP or GIF" if content else "is empty")
    try:
        width, height = _size(content, media_type)
    except _BROKEN as error:
        raise ImageUnusable(ref, f"is damaged ({type(error).__name__})") from error
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise ImageUnusable(ref, f"is {width} x {height}, over the limit of {MAX_PIXELS} pixels")
    if not is_whole(content):
        raise ImageUnusable(ref, "is cut short")
    return Facts(media_type, width, height)


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


def _size(content: bytes, media_type: str) -> tuple[int, int]:
    # Each format's own class: Image.open would try 43 formats and print its own warnings about size.
    with _reader(media_type)(BytesIO(content)) as picture:
        width, height = picture.size
        if media_type == "image/jpeg" and picture.getexif().get(_ORIENTATION) in _LYING:
            return height, width
        return width, height


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
