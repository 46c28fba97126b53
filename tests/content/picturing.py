"""Images of every kind, made with Pillow, and a store that holds them."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image as Pillow
from PIL import ImageCms

from syndicate.errors import ImageUnusable
from syndicate.items.item import Image
from syndicate.posts.post import ImageRules, Shape

CARD = ImageRules(Shape.CARD, 1_000_000)
PHOTO = ImageRules(Shape.PHOTO, 2_000_000)


def bands(width: int, height: int, mode: str = "RGB") -> Pillow.Image:
    """Red in the upper quarter, blue in the lower, green between: shows what was cut and turned."""
    image = Pillow.new("RGB", (width, height), "green")
    image.paste("red", (0, 0, width, height // 4))
    image.paste("blue", (0, height - height // 4, width, height))
    return image.convert(mode)


def noise(width: int, height: int) -> Pillow.Image:
    return Pillow.effect_noise((width, height), 90).convert("RGB")


def saved(image: Pillow.Image, encoder: str, **options: Any) -> bytes:
    content = BytesIO()
    image.save(content, encoder, **options)
    return content.getvalue()


def turned(image: Pillow.Image, orientation: int) -> bytes:
    """A JPEG with an EXIF orientation, a comment and a place where it was taken."""
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "secret description"
    exif.get_ifd(0x8825)[1] = "N"
    return saved(image, "JPEG", exif=exif, comment=b"secret comment")


def wide_gamut(image: Pillow.Image) -> bytes:
    """A PNG with a colour profile (sRGB's own primaries suffice to see whether it is kept)."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return saved(image, "PNG", icc_profile=profile)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header announces that size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def opened(content: bytes) -> Pillow.Image:
    image = Pillow.open(BytesIO(content))
    image.load()
    return image


def near(seen: object, wanted: tuple[int, ...]) -> bool:
    """Whether a pixel is a colour but for what JPEG does to it."""
    assert isinstance(seen, tuple)
    return all(abs(one - other) <= 12 for one, other in zip(seen, wanted, strict=True))


class Shown:
    """A store of nothing but images; counts how often each is read."""

    def __init__(self, **images: bytes) -> None:
        self.images = images
        self.reads = 0

    def image_bytes(self, image: Image) -> bytes:
        self.reads += 1
        if image.ref not in self.images:
            raise ImageUnusable(image.ref, "is gone")
        return self.images[image.ref]
