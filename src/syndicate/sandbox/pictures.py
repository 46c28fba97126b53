"""Images as a network sees them: judged by their bytes, kept once for each digest."""

from __future__ import annotations

import asyncio
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

# What the sandbox can decode of the types Mastodon documents (Instance entity, supported_mime_types; read 2026-11).
FORMATS = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that decodes: its type by content and its size in pixels."""

    type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class TooManyPixels:
    """An image whose header promises more pixels than allowed; it was not decoded."""

    width: int
    height: int


def look_at(body: bytes, *, limit_px: int) -> Picture | TooManyPixels | None:
    """The picture in these bytes, None if they are no whole image of a known format. Decodes, so run it in a thread."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(body), formats=tuple(FORMATS)) as image:
            if image.width * image.height > limit_px:
                return TooManyPixels(image.width, image.height)
            image.load()
            return Picture(FORMATS[str(image.format)], image.width, image.height)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return TooManyPixels(0, 0)
    except (OSError, SyntaxError, ValueError):
        # Pillow raises SyntaxError for broken PNG chunks.
        return None


def digest_of(body: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


class Attic:
    """Uploaded bytes by digest: files in a folder, or memory without one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._kept: dict[str, bytes] = {}

    async def keep(self, body: bytes) -> str:
        """Store the bytes and give their digest."""
        digest = digest_of(body)
        if self._folder is None:
            self._kept[digest] = body
        else:
            await asyncio.to_thread(_write, self._folder / digest, body)
        return digest

    async def fetch(self, digest: str) -> bytes:
        """The bytes kept under a digest that `keep` gave."""
        if self._folder is None:
            return self._kept[digest]
        return await asyncio.to_thread((self._folder / digest).read_bytes)


def _write(path: Path, body: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
