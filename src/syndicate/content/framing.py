"""A picture brought to the shape of a card: cut where it shows most, or set on a ground where cutting would hurt.

What a picture shows most is told by edges and colour alone, so that the same picture is always cut alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

from syndicate.content.colours import BLACK, WHITE, Colour, colour_in, contrast

CARD_PX: Final = (1200, 630)
"""Source: Facebook, "Images in Link Shares" (1.91:1, 1200x630 best). Read 2026-11."""

WIDEST: Final = 2.5
NARROWEST: Final = 0.75
"""Pictures of other shapes are set on a ground: a cut would take half of a banner or two thirds of a portrait."""

SMALL_PX: Final = (600, 315)
"""What would be enlarged to more than twice its size is set on a ground instead."""

ENLARGED: Final = 1.5
"""There it is enlarged by so much at most: more is a blur."""

_LOOK_PX: Final = 160
_CENTRE: Final = (0.5, 0.42)
"""Where the middle of the kept part is, all else being equal: faces are above the middle."""

_PULL: Final = 0.35
"""So much of its weight a part at the very border loses."""

_HUE_WEIGHT: Final = 0.7

_BLUR_PX: Final = 28
_GROUND_SHARE: Final = 8
_EVEN: Final = 14
"""A border whose colours differ by less (of 255) goes on as it is."""

_MARGIN: Final = 0.82
"""A small or transparent picture takes at most so much of the card's sides."""

_SEEN: Final = 1.6
"""Least contrast between a transparent picture and its ground."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a picture to keep, as left, top, width and height in its pixels; `is_cut` False: all of it."""

    width_px: int
    height_px: int
    is_cut: bool


def frame_of(width_px: int, height_px: int) -> Frame:
    """How much of an opaque picture of that size a card keeps."""
    aspect, wanted = width_px / height_px, CARD_PX[0] / CARD_PX[1]
    kept = (round(height_px * wanted), height_px) if aspect > wanted else (width_px, round(width_px / wanted))
    is_cut = NARROWEST <= aspect <= WIDEST and kept[0] >= SMALL_PX[0]
    return Frame(*kept, is_cut) if is_cut else Frame(width_px, height_px, is_cut=False)


def framed(image: Image.Image, frame: Frame, *, color: str = "", full_px: tuple[int, int] | None = None) -> Image.Image:
    """The picture as a card in RGB, 1200x630.

    Args:
        image: upright, in RGB or RGBA.
        frame: of its full size; the image may have been decoded smaller.
        color: `#rrggbb` of what transparent pictures stand on; blank: white, or black where white would hide them.
        full_px: the size before it was decoded smaller: it is never shown larger than that.
    """
    full_px = full_px or image.size
    if image.mode == "RGBA":
        if image.getchannel("A").getextrema() != (255, 255):
            return _set_on(image, _ground_for(image, color), full_px, margin=_MARGIN)
        image = image.convert("RGB")
    if frame.is_cut:
        wanted = CARD_PX[0] / CARD_PX[1]
        width = min(image.width, round(image.height * wanted))
        height = min(image.height, round(image.width / wanted))
        left, top = _best(image, width, height)
        return image.resize(CARD_PX, Image.Resampling.BICUBIC, (left, top, left + width, top + height))
    even = _even_border(image)
    if even is not None:
        return _set_on(image, Image.new("RGB", CARD_PX, even), full_px, most=ENLARGED)
    return _set_on(image, _blurred(image), full_px, most=ENLARGED)


def _best(image: Image.Image, width: int, height: int) -> tuple[int, int]:
    """Left and top of the part of that size that shows most."""
    if (width, height) == image.size:
        return 0, 0
    scale = min(1.0, _LOOK_PX / max(image.size))
    seen = image.resize((max(8, round(image.width * scale)), max(8, round(image.height * scale))), Image.Resampling.BOX)
    weights = _weights(seen)
    if width < image.width:
        row = weights.resize((seen.width, 1), Image.Resampling.BOX).tobytes()
        return round(_best_start(row, width / image.width, _CENTRE[0]) * image.width), 0
    column = weights.resize((1, seen.height), Image.Resampling.BOX).tobytes()
    return 0, round(_best_start(column, height / image.height, _CENTRE[1]) * image.height)


def _weights(seen: Image.Image) -> Image.Image:
    """How much each place shows: its edges, and how far its hue is from the picture's usual one."""
    edges = seen.convert("L").filter(ImageFilter.GaussianBlur(0.8)).filter(ImageFilter.FIND_EDGES)
    # The filter leaves the outermost pixels as they were.
    inner = Image.new("L", seen.size)
    inner.paste(edges.crop((1, 1, seen.width - 1, seen.height - 1)), (1, 1))
    _, *hues = seen.convert("YCbCr").split()
    odd = [hue.point(_away_from(ImageStat.Stat(hue).median[0])) for hue in hues]
    return ImageChops.add(inner, ImageChops.lighter(*odd)).filter(ImageFilter.BoxBlur(1))


def _away_from(usual: float) -> list[int]:
    return [round(abs(value - usual) * _HUE_WEIGHT) for value in range(256)]


def _best_start(weights: bytes, part: float, centre: float) -> float:
    """Where the heaviest stretch of that part begins, from 0 to 1 - part; near the centre where it hardly matters."""
    count = len(weights)
    length = max(1, round(count * part))
    free = count - length
    if free <= 0:
        return max(0.0, (1 - part) * centre)
    total = sum(weights) or 1.0
    found, most = centre * free, -1.0
    for start in range(free + 1):
        away = abs(start / free - centre) / max(centre, 1 - centre)
        share = (sum(weights[start : start + length]) / total + 0.05) * (1 - _PULL * away * away)
        if share > most + 1e-9:
            found, most = float(start), share
    return min(found / free, 1.0) * (1 - part)


def _set_on(
    image: Image.Image,
    ground: Image.Image,
    full_px: tuple[int, int],
    *,
    margin: float = 1.0,
    most: float = 1.0,
) -> Image.Image:
    """The whole picture in the middle of the ground, at most so many times as large as it is."""
    scale = min(CARD_PX[0] * margin / full_px[0], CARD_PX[1] * margin / full_px[1], most)
    size = max(1, round(full_px[0] * scale)), max(1, round(full_px[1] * scale))
    shown = image.resize(size, Image.Resampling.LANCZOS)
    at = (CARD_PX[0] - size[0]) // 2, (CARD_PX[1] - size[1]) // 2
    ground.paste(shown, at, shown if shown.mode == "RGBA" else None)
    return ground


def _blurred(image: Image.Image) -> Image.Image:
    """The picture over the whole card, out of focus and a little darker."""
    small = ImageOps.fit(image, (CARD_PX[0] // _GROUND_SHARE, CARD_PX[1] // _GROUND_SHARE), Image.Resampling.BOX)
    soft = small.filter(ImageFilter.GaussianBlur(_BLUR_PX / _GROUND_SHARE)).point(lambda value: value * 0.72)
    return soft.resize(CARD_PX, Image.Resampling.BICUBIC)


def _even_border(image: Image.Image) -> Colour | None:
    """The colour of a border that is of one colour all around, as drawings and logos have it."""
    small = image.resize((32, 32), Image.Resampling.BOX)
    border = Image.new("RGB", (32 * 4, 1))
    for place, box in enumerate(((0, 0, 32, 1), (0, 31, 32, 32), (0, 0, 1, 32), (31, 0, 32, 32))):
        edge = small.crop(box)
        border.paste(edge if edge.height == 1 else edge.transpose(Image.Transpose.ROTATE_90), (32 * place, 0))
    stat = ImageStat.Stat(border)
    if any(high - low > _EVEN for low, high in stat.extrema):
        return None
    red, green, blue = (round(part) for part in stat.median)
    return red, green, blue


def _ground_for(image: Image.Image, color: str) -> Image.Image:
    """A plain ground on which a transparent picture can be seen."""
    mean = ImageStat.Stat(image.convert("RGB"), image.getchannel("A").point(lambda value: 255 if value > 127 else 0))
    grounds = (*((colour_in(color),) if color else ()), WHITE, BLACK)
    if not mean.count[0]:
        return Image.new("RGB", CARD_PX, grounds[0])
    red, green, blue = (round(part) for part in mean.mean)
    found = (ground for ground in grounds if contrast(ground, (red, green, blue)) >= _SEEN)
    return Image.new("RGB", CARD_PX, next(found))
