"""One picture at a time decoded, brought to its shape, scaled and encoded.

Decoders are where hostile files strike, so this runs in a process of its own (see `child`) that knows Pillow only.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from math import ceil, sqrt
from typing import Any, Final, TypedDict

from PIL import Image, ImageCms, ImageFile, ImageFilter, JpegImagePlugin, UnidentifiedImageError

from syndicate.content.framing import CARD_PX, frame_of, framed

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
LIMIT_PIXELS: Final = 50_000_000
"""An image is refused by its header above this: phones make 48 megapixels.

Measured with Pillow 13: JPEG, PNG and GIF of this size take up to 770 MiB of the memory below, WebP up to all of it.
"""

SMALLEST_CARD_PX: Final = 200
"""A narrower image would be a blur as a card. Source: as above (at least 200x200)."""

SMALLEST_PHOTO_PX: Final = 16
"""What is smaller is a spacer or a tracking pixel."""

QUALITIES: Final = (88, 78, 66, 50)
UPRIGHT_QUALITY: Final = 92
CARD_SPARE: Final = 1.25
"""A card is made of so many times its own size at least: JPEG is decoded 3 times faster so than in full."""

CARD_QUALITIES: Final = (84, 80, 75, 70, 65, 60, 54, 48, 42, 36, 30)
SOFTER_PX: Final = (1, 2, 4, 8, 16)
"""Where no quality is small enough for a card, it is drawn ever softer: its size must stay."""

SHRINK: Final = 0.8
"""The sides become at most this much of themselves when no quality is small enough."""

_ENCODERS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
# How to put an image upright by its EXIF orientation. Source: CIPA DC-008 (Exif 2.32), tag 0x0112. Read 2026-11.
_ORIENTATION_TAG: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Decoders report damage by whatever they stumble over.
_DAMAGE: Final = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, struct.error)


class Rules(TypedDict):
    """What the picture must be: the fields of `ImageRules` that concern pixels."""

    shape: str
    limit_bytes: int
    media_types: list[str]
    longest_side_px: int
    limit_pixels: int


class Unusable(Exception):
    """The image makes no picture; the message says why."""


def develop(content: bytes, rules: Rules) -> tuple[bytes, str, int, int]:
    """The picture as bytes, media type, width and height.

    It is upright, in sRGB, one frame, without metadata. Same input, same bytes.

    Raises:
        Unusable: with the reason in words.
    """
    with _refusals():
        return _encoded(*_decoded(content, rules), rules)


def upright(content: bytes) -> tuple[bytes, str, int, int]:
    """The whole image turned as its EXIF says, as bytes, media type, width and height.

    It is in sRGB, one frame, without metadata, and in its own format (a GIF becomes PNG).

    Raises:
        Unusable: with the reason in words.
    """
    with _refusals():
        source = _opened(content)
        media_type = Image.MIME.get("JPEG" if source.format == "MPO" else source.format or "", "")
        # A copy, as the image itself knows the file that it came from.
        image = _loaded(source, 1).copy()
        image.info.clear()
        match media_type:
            case "image/jpeg":
                turned = _saved(image, "JPEG", quality=UPRIGHT_QUALITY, optimize=True, progressive=True)
            case "image/webp":
                turned = _saved(image, "WEBP", quality=UPRIGHT_QUALITY, method=4)
            case _:
                turned, media_type = _saved(image, "PNG"), "image/png"
        return turned, media_type, *image.size


@contextmanager
def _refusals() -> Iterator[None]:
    """Whatever a decoder stumbles over becomes `Unusable`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_big() from error
    except MemoryError as error:
        raise Unusable("needs too much memory") from error
    except UnidentifiedImageError as error:
        raise Unusable(f"is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image") from error
    except _DAMAGE as error:
        raise Unusable(f"is damaged: {error}") from error


def card(content: bytes, *, color: str, limit_bytes: int) -> tuple[bytes, bytes]:
    """The image as a card for everybody: JPEG and WebP, 1200x630 (see `framing`).

    It is upright, in sRGB, one frame, without metadata. Same input, same bytes.

    Raises:
        Unusable: with the reason in words.
    """
    with _refusals():
        return pair(_card(content, color), limit_bytes)


def pair(image: Image.Image, limit_bytes: int) -> tuple[bytes, bytes]:
    """An RGB picture as JPEG and as WebP, both within the limit, the latter no larger than the former.

    Raises:
        Unusable: it cannot be made so small.
    """
    image.info.clear()
    for soft_px in (0, *SOFTER_PX):
        softer = image.filter(ImageFilter.GaussianBlur(soft_px)) if soft_px else image
        options = {"optimize": True, "progressive": True, "subsampling": "4:2:0"}
        place, jpeg = _within(softer, limit_bytes, 0, "JPEG", **options)
        # WebP looks as good at a lower number, and is smaller for nearly all pictures: rarely encoded twice.
        _, webp = _within(softer, len(jpeg), place + 1, "WEBP", method=2)
        if jpeg and webp:
            return jpeg, webp
    raise Unusable(f"cannot be made as small as {limit_bytes} bytes")


def _within(image: Image.Image, limit_bytes: int, first: int, encoder: str, **options: Any) -> tuple[int, bytes]:
    """The best of `CARD_QUALITIES`, from the first on, that keeps the limit: its place and the bytes; else none."""
    found = (len(CARD_QUALITIES), b"")
    low, high, middle = first, len(CARD_QUALITIES) - 1, first
    while low <= high:
        content = _saved(image, encoder, quality=CARD_QUALITIES[middle], **options)
        if len(content) <= limit_bytes:
            found, high = (middle, content), middle - 1
        else:
            low = middle + 1
        middle = (low + high) // 2
    return found


def _decoded(content: bytes, rules: Rules) -> tuple[Image.Image, tuple[int, int]]:
    """The picture in RGB or RGBA, at least as large as needed; and the size that is needed."""
    if rules["shape"] == "card":
        return _card(content, ""), _size(CARD_PX, rules)
    source, upright_px = _source(content)
    if min(upright_px) < SMALLEST_PHOTO_PX:
        raise _too_small(upright_px, SMALLEST_PHOTO_PX)
    size = _size(upright_px, rules)
    return _loaded(source, upright_px[0] / size[0] / 2), size


def _card(content: bytes, color: str) -> Image.Image:
    source, upright_px = _source(content)
    if upright_px[0] < SMALLEST_CARD_PX:
        raise _too_small(upright_px, SMALLEST_CARD_PX)
    frame = frame_of(*upright_px)
    ratios = frame.width_px / CARD_PX[0], frame.height_px / CARD_PX[1]
    image = _loaded(source, (min(ratios) if frame.is_cut else max(ratios)) / CARD_SPARE)
    return framed(image, frame, color=color, full_px=upright_px)


def _source(content: bytes) -> tuple[ImageFile.ImageFile, tuple[int, int]]:
    """The image that is not decoded yet, and its size once upright."""
    source = _opened(content)
    width, height = source.size
    return source, (height, width) if _orientation(source) in (5, 6, 7, 8) else (width, height)


def _loaded(source: ImageFile.ImageFile, spare: float) -> Image.Image:
    """The image decoded upright in RGB or RGBA; up to `spare` times smaller, as that goes faster."""
    profile, orientation = source.info.get("icc_profile"), _orientation(source)
    spare = max(1.0, spare)
    enough = ceil(source.width / spare), ceil(source.height / spare)
    if isinstance(source, JpegImagePlugin.JpegImageFile):
        source.draft(source.mode, enough)
    source.load()
    image = _scalable(source)
    factor = min(image.width // enough[0], image.height // enough[1])
    if factor > 1:
        image = image.reduce(factor)
    return _coloured(_turned(image, orientation), profile)


def _opened(content: bytes) -> ImageFile.ImageFile:
    source = Image.open(BytesIO(content), formats=FORMATS)
    if source.width * source.height > LIMIT_PIXELS:
        raise _too_big()
    return source


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def _too_big() -> Unusable:
    return Unusable(f"has more than {LIMIT_PIXELS // 1_000_000} megapixels")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) if there is none that can be read."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except _DAMAGE:
        return 1


def _size(whole: tuple[int, int], rules: Rules) -> tuple[int, int]:
    """The size of the picture at best; it is never enlarged."""
    width, height = whole
    scale = min(1, rules["longest_side_px"] / max(width, height), sqrt(rules["limit_pixels"] / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _too_small(size: tuple[int, int], smallest: int) -> Unusable:
    return Unusable(f"is too small ({size[0]}x{size[1]} px, {smallest} are needed)")


def _scalable(image: Image.Image) -> Image.Image:
    """The image in a mode that can be averaged over pixels."""
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("P", "1"):
        return image.convert("RGB")
    if image.mode.startswith("I"):
        # `convert` alone would cut off everything above 255: nearly all of a 16-bit picture.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return image


def _coloured(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image in RGB or RGBA, its colours translated to sRGB where it says what they are."""
    mode = "RGBA" if image.mode in ("RGBA", "LA") else "RGB"
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            translated = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
        except (ImageCms.PyCMSError, *_DAMAGE):
            return image.convert(mode)
        return translated or image.convert(mode)
    return image if image.mode == mode else image.convert(mode)


def _encoded(image: Image.Image, size: tuple[int, int], rules: Rules) -> tuple[bytes, str, int, int]:
    """The best that keeps the limit: first less quality, then fewer pixels."""
    # Savers write some of it back: comments, colour profiles, transparent palette entries.
    image.info.clear()
    limit_bytes = rules["limit_bytes"]
    while min(size) >= SMALLEST_PHOTO_PX:
        scaled = image.resize(size, Image.Resampling.LANCZOS)
        lengths: list[int] = []
        for media_type in rules["media_types"]:
            for content in _attempts(scaled, media_type):
                if len(content) <= limit_bytes:
                    return content, media_type, *size
                lengths.append(len(content))
        if not lengths:
            break
        # Bytes go with the area; one good guess saves many encodings.
        scale = min(SHRINK, sqrt(limit_bytes / min(lengths)))
        size = int(size[0] * scale), int(size[1] * scale)
    raise Unusable(f"cannot be made as small as {limit_bytes} bytes in {' or '.join(rules['media_types'])}")


def _attempts(image: Image.Image, media_type: str) -> Iterator[bytes]:
    """The image encoded, each time smaller; nothing for a type that is not written."""
    match _ENCODERS.get(media_type):
        case "JPEG":
            opaque = _on_white(image)
            for quality in QUALITIES:
                yield _saved(opaque, "JPEG", quality=quality, optimize=True, progressive=True)
        case "WEBP":
            for quality in QUALITIES:
                yield _saved(image, "WEBP", quality=quality, method=4)
        case "PNG":
            yield _saved(image, "PNG")
            yield _saved(image.quantize(256, Image.Quantize.FASTOCTREE), "PNG")
        case _:
            return


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _saved(image: Image.Image, encoder: str, **options: Any) -> bytes:
    content = BytesIO()
    image.save(content, encoder, **options)
    return content.getvalue()
