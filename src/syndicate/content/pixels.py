"""Decodes, cuts, scales and encodes one picture at a time, in a process of its own.

Decoders are where hostile files strike, so nothing is decoded in the publishing process: `images` runs this file by its
path as a child. It imports nothing of the product (a bare interpreter must find it all) and reads jobs from its input:

    job     4 bytes length, JSON {"size": n, "limit_s": s of CPU time, "rules": {...}}, n bytes of the image;
            without rules (null) the whole image is only put upright
    answer  4 bytes length, JSON {"size": n, "media_type": ..., "width_px": ..., "height_px": ...} or
            {"size": 0, "error": ...}, n bytes of the picture

It ends at the end of its input, so it never outlives its parent.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from math import ceil, sqrt
from typing import Any, BinaryIO, Final, TypedDict

from PIL import Image, ImageCms, ImageFile, JpegImagePlugin, UnidentifiedImageError

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
LIMIT_PIXELS: Final = 50_000_000
"""An image is refused by its header above this: phones make 48 megapixels.

Measured with Pillow 13: JPEG, PNG and GIF of this size take up to 770 MiB of the memory below, WebP up to all of it.
"""

LIMIT_MEMORY_BYTES: Final = 1024**3

CARD_PX: Final = (1200, 630)
"""Source: Facebook, "Images in Link Shares" (1.91:1, 1200x630 best). Read 2026-11."""

SMALLEST_CARD_PX: Final = 200
"""A narrower image would be a blur as a card. Source: as above (at least 200x200)."""

SMALLEST_PHOTO_PX: Final = 16
"""What is smaller is a spacer or a tracking pixel."""

PORTRAIT_TOP: Final = 0.35
"""The part of what a portrait loses that lies above the kept area: faces are above the middle."""

QUALITIES: Final = (88, 78, 66, 50)
UPRIGHT_QUALITY: Final = 92
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
        profile, orientation = source.info.get("icc_profile"), _orientation(source)
        source.load()
        image = _coloured(_turned(_scalable(source), orientation), profile)
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


def _decoded(content: bytes, rules: Rules) -> tuple[Image.Image, tuple[int, int]]:
    """The image upright, cut, in RGB or RGBA and about twice as large as needed; and the size that is needed."""
    source = _opened(content)
    profile = source.info.get("icc_profile")
    orientation = _orientation(source)
    lies = orientation in (5, 6, 7, 8)
    width, height = source.size[::-1] if lies else source.size
    box = _box(width / height, rules)
    kept = round(width * (box[2] - box[0])), round(height * (box[3] - box[1]))
    size = _size(kept, rules)

    # Decoding and turning go faster on less; twice the needed size leaves the final scaling its quality.
    spare = max(1.0, kept[0] / size[0] / 2)
    enough = ceil(source.width / spare), ceil(source.height / spare)
    if isinstance(source, JpegImagePlugin.JpegImageFile):
        source.draft(source.mode, enough)
    source.load()
    image = _scalable(source)
    factor = min(image.width // enough[0], image.height // enough[1])
    if factor > 1:
        image = image.reduce(factor)
    image = _coloured(_turned(image, orientation), profile)
    across, down = image.size
    return image.crop(
        (round(box[0] * across), round(box[1] * down), round(box[2] * across), round(box[3] * down))
    ), size


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


def _box(aspect: float, rules: Rules) -> tuple[float, float, float, float]:
    """The part to keep as left, top, right, bottom between 0 and 1; `aspect` is width by height."""
    if rules["shape"] != "card":
        return 0, 0, 1, 1
    wanted = CARD_PX[0] / CARD_PX[1]
    if aspect > wanted:
        left = (1 - wanted / aspect) / 2
        return left, 0, 1 - left, 1
    kept = aspect / wanted
    top = (1 - kept) * (PORTRAIT_TOP if aspect < 1 else 0.5)
    return 0, top, 1, top + kept


def _size(kept: tuple[int, int], rules: Rules) -> tuple[int, int]:
    """The size of the picture at best; a card has its own, a photo is never enlarged.

    Raises:
        Unusable: the image is too small.
    """
    width, height = CARD_PX if rules["shape"] == "card" else kept
    smallest = SMALLEST_CARD_PX if rules["shape"] == "card" else SMALLEST_PHOTO_PX
    if (kept[0] if rules["shape"] == "card" else min(kept)) < smallest:
        raise Unusable(f"is too small ({kept[0]}x{kept[1]} px can be used, {smallest} are needed)")
    scale = min(1, rules["longest_side_px"] / max(width, height), sqrt(rules["limit_pixels"] / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


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
    return image.convert(mode)


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


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answer jobs until there are no more."""
    while head := jobs.read(4):
        header = json.loads(jobs.read(int.from_bytes(head, "big")))
        content = jobs.read(header["size"])
        _alarm(header["limit_s"])
        try:
            rules = header["rules"]
            picture, media_type, width_px, height_px = upright(content) if rules is None else develop(content, rules)
            answer = {"media_type": media_type, "width_px": width_px, "height_px": height_px}
        except Unusable as error:
            picture, answer = b"", {"error": str(error)}
        _alarm(0)
        told = json.dumps({"size": len(picture), **answer}).encode()
        answers.write(len(told).to_bytes(4, "big") + told + picture)
        answers.flush()


def _alarm(seconds: float) -> None:
    """Die after so many seconds of work, also when nobody is left to kill us; 0 calls it off. Nothing on Windows.

    Working time: an honest large image must not fail because the machine is busy with other things.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory() -> None:
    """Refuse memory beyond the limit rather than take it from the whole machine. Nothing on Windows."""
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    # Raising the machine's own limit is refused, so take the lower one.
    limit_bytes = LIMIT_MEMORY_BYTES if most == resource.RLIM_INFINITY else min(LIMIT_MEMORY_BYTES, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Serve the parent: answers go to its pipe alone, whatever a decoder may print."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # Ctrl-C and a service manager's stop reach the whole group; the parent finishes its work first, then closes us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _limit_memory()
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
