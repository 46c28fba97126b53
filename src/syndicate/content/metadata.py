"""Image files without what they tell besides the picture: place, camera, names, comments, previews, trailing data.

Pixels are copied as they are, never decoded. Each format has a list of what is kept, not of what is dropped: nobody
knows all that cameras and editors write. The colour profile stays, as the picture looks wrong without it.

Sources: ITU-T T.81, annex B (JPEG); PNG, third edition, 5.3 and 11; RFC 9649 (WebP); GIF89a, 12 to 26; EXIF 2.32,
4.6 (CIPA DC-008). Read 2026-11.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

# The next JPEG marker: bytes stuffed into pixels (FF 00), restarts (FF D0 to D7) and filling (FF FF) are none.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_JPEG_KEPT = frozenset((*range(0xC0, 0xD0), _SOS, 0xDB, 0xDC, 0xDD))  # frames, scans and their tables
_JFIF_BYTES = 12  # name, version and density; a preview follows them

_ORIENTATION = 0x0112  # EXIF 2.32, table 4: a number of 16 bits, stored in the entry itself

_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    (
        *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"pHYs", b"sBIT"),
        *(b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"acTL", b"fcTL", b"fdAT"),
    )
)

_WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_METADATA_FLAGS = 0x08 | 0x04  # EXIF and XMP in the first byte of VP8X

_GIF_IMAGE, _GIF_EXTENSION, _GIF_TRAILER = 0x2C, 0x21, 0x3B
_GIF_COMMENT, _GIF_APPLICATION = 0xFE, 0xFF
_GIF_LOOPS = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")


def without_metadata(content: bytes, media_type: str) -> bytes:
    """The same picture in a file that tells nothing else; a second time changes nothing.

    Args:
        content: a whole file.
        media_type: what it is: `image/jpeg`, `image/png`, `image/webp` or `image/gif`.

    Raises:
        ValueError: the file is not built as its format demands.
    """
    kept = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp, "image/gif": _gif}[media_type]
    return b"".join(kept(content))


def orientation_in(exif: bytes) -> int:
    """The orientation that an EXIF block asks for, 1 (upright) if it says nothing that can be read."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order: Literal["big", "little"] = "big" if tiff.startswith(b"MM") else "little"
    try:
        directory = _number(tiff, 4, 4, order)
        for entry in range(_number(tiff, directory, 2, order)):
            at = directory + 2 + 12 * entry
            if _number(tiff, at, 2, order) == _ORIENTATION:
                return _number(tiff, at + 8, 2, order)
    except ValueError:
        pass  # the picture can do without
    return 1


def _jpeg(content: bytes) -> Iterator[bytes]:
    """Tables, frames and scans, and of the applications' segments those that say how to read the colours."""
    if content[:2] != b"\xff\xd8":
        raise ValueError("begins with no image")
    yield content[:2]
    at = 2
    while marker := _MARKER.search(content, at):
        kind, start = marker[1][0], marker.start()
        if kind == _EOI:
            yield content[start : start + 2]
            return
        if kind == _SOI:
            raise ValueError("holds an image in an image")
        end = start + 2 + _number(content, start + 2, 2, "big")
        segment = _part(content, start, end)
        if len(segment) < 4:
            raise ValueError("holds a segment shorter than its length")
        yield _jpeg_segment(kind, segment)
        at = end
        if kind == _SOS:
            pixels_end = _MARKER.search(content, end)
            at = pixels_end.start() if pixels_end else len(content)
            yield content[end:at]
    raise ValueError("has no end")


def _jpeg_segment(kind: int, segment: bytes) -> bytes:
    payload = segment[4:]
    if kind == 0xE0 and payload.startswith(b"JFIF\0") and len(payload) >= _JFIF_BYTES:
        return b"\xff\xe0\x00\x10" + payload[:_JFIF_BYTES] + b"\0\0"
    is_colour = (kind == 0xE2 and payload.startswith(b"ICC_PROFILE\0")) or (kind == 0xEE and payload[:5] == b"Adobe")
    return segment if is_colour or kind in _JPEG_KEPT else b""


def _png(content: bytes) -> Iterator[bytes]:
    if not content.startswith(_PNG_HEAD):
        raise ValueError("begins with no image")
    yield _PNG_HEAD
    at = len(_PNG_HEAD)
    kind = b""
    while kind != b"IEND":
        end = at + 12 + _number(content, at, 4, "big")
        chunk = _part(content, at, end)
        kind = chunk[4:8]
        if kind in _PNG_KEPT:
            yield chunk
        at = end


def _webp(content: bytes) -> Iterator[bytes]:
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        raise ValueError("begins with no image")
    whole = _part(content, 0, 8 + _number(content, 4, 4, "little"))
    kept = []
    at = 12
    while at < len(whole):
        size = _number(whole, at + 4, 4, "little")
        chunk = _part(whole, at, at + 8 + size)
        if chunk[:4] == b"VP8X" and size:
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_METADATA_FLAGS]) + chunk[9:]
        if chunk[:4] in _WEBP_KEPT:
            kept.append(chunk + b"\0" * (size % 2))
        at += 8 + size + size % 2
    chunks = b"".join(kept)
    yield b"RIFF" + (4 + len(chunks)).to_bytes(4, "little") + b"WEBP" + chunks


def _gif(content: bytes) -> Iterator[bytes]:
    if content[:6] not in (b"GIF87a", b"GIF89a"):
        raise ValueError("begins with no image")
    at = 13 + _colours_bytes(content, 10)
    yield _part(content, 0, at)
    while (kind := _number(content, at, 1, "big")) != _GIF_TRAILER:
        start = at
        if kind == _GIF_IMAGE:
            at = _after_blocks(content, at + 11 + _colours_bytes(content, at + 9))
            yield content[start:at]
        elif kind == _GIF_EXTENSION:
            at = _after_blocks(content, at + 2)
            if _is_shown(content[start:at]):
                yield content[start:at]
        else:
            raise ValueError("holds an unknown block")
    yield bytes([_GIF_TRAILER])


def _is_shown(extension: bytes) -> bool:
    """Whether a GIF extension changes what is seen; of the applications' only the loop does."""
    if extension[1] == _GIF_APPLICATION:
        return extension[2:14] in _GIF_LOOPS
    return extension[1] != _GIF_COMMENT


def _colours_bytes(content: bytes, at: int) -> int:
    """The length of the colour table that the flags at this place announce."""
    flags = _number(content, at, 1, "big")
    return 3 << ((flags & 0x07) + 1) if flags & 0x80 else 0


def _after_blocks(content: bytes, at: int) -> int:
    """The place behind a chain of GIF sub-blocks."""
    while size := _number(content, at, 1, "big"):
        at += 1 + size
    return at + 1


def _number(content: bytes, at: int, size: int, order: Literal["big", "little"]) -> int:
    return int.from_bytes(_part(content, at, at + size), order)


def _part(content: bytes, start: int, end: int) -> bytes:
    """The bytes in between.

    Raises:
        ValueError: the file ends before.
    """
    if end > len(content):
        raise ValueError("is cut short")
    return content[start:end]
