"""The generated card: topic, title, brand, author and date on the topic's colour, where an item has no image."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageOps

from syndicate.content.bidi import is_rtl
from syndicate.content.colours import (
    BLACK,
    READABLE,
    WHITE,
    Colour,
    colour_in,
    colour_of,
    contrast,
    ink_on,
    mixed,
    tint_on,
    veil_over,
)
from syndicate.content.lettering import Face, Lettering

SIZE_PX: Final = (1200, 630)
SAFE_PX: Final = 64
"""Nothing but shapes is nearer to the border: networks cut corners, and X cuts to 2:1."""

RTL_LANGUAGES: Final = frozenset(("ar", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"))

_TITLE_SIZES: Final = (88, 80, 72, 66, 60, 55, 50, 46, 42, 38)
_TITLE_SPACING: Final = 1.24
_TITLE_TOP_PX: Final = 150
_TITLE_BOTTOM_PX: Final = 492
_TOPIC_PX: Final = 32
_TOPIC_BASE_PX: Final = 112
_FOOT_PX: Final = 30
_FOOT_BASE_PX: Final = 560
_RULE_PX: Final = 514
_LOGO_PX: Final = (280, 52)
_RING_LIGHTS: Final = (14, 20)
"""How much of the ink the rings show, of 255; where the texts on them would not read well, there are none."""

_SMOOTH: Final = 3
"""Shapes are drawn so many times larger, then scaled: Pillow draws curves without smooth edges."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a card is drawn of: its words, the colour (blank: the topic's), the faces, and pictures of the operator."""

    title: str = ""
    topic: str = ""
    brand: str = ""
    author: str = ""
    date: str = ""
    language: str = "en"
    is_topic_shown: bool = True
    color: str = ""
    bold: tuple[Face, ...] = ()
    regular: tuple[Face, ...] = ()
    logo: Image.Image | None = None
    background: Image.Image | None = None


def poster(sheet: Sheet) -> tuple[Image.Image, tuple[str, ...]]:
    """The card in RGB, 1200x630, and the scripts that no font has, by which words are missing."""
    colour = colour_in(sheet.color) if sheet.color else colour_of(sheet.topic)
    language = sheet.language.partition("-")[0].lower()
    bold, regular = (Lettering(faces, language=sheet.language) for faces in (sheet.bold, sheet.regular))
    title = bold.drawable(sheet.title)
    topic = regular.drawable(sheet.topic) if sheet.is_topic_shown else ""
    if not title:
        # The topic alone is better than a card that says nothing.
        title, topic = bold.drawable(sheet.topic) or bold.drawable(sheet.brand), ""
    is_turned = is_rtl(title, otherwise=language in RTL_LANGUAGES)
    ground = _veiled(sheet.background, colour) if sheet.background else _ground(colour, sheet.topic, is_turned)
    page = _Page(ground, colour, is_turned)
    if topic:
        page.bar()
        page.line(regular, topic, base_px=_TOPIC_BASE_PX, size=_TOPIC_PX, fill=page.tint, room_px=page.width_px)
    _set_title(page, bold, title, has_topic=bool(topic))
    _set_foot(page, sheet, bold, regular)
    return ground, tuple(sorted(bold.missing | regular.missing))


class _Page:
    """The picture that is drawn on, with the side on which reading begins."""

    def __init__(self, image: Image.Image, colour: Colour, is_turned: bool) -> None:
        self.image = image
        self.canvas = ImageDraw.Draw(image)
        self.ink, self.tint = ink_on(colour), tint_on(colour)
        self.rule = mixed(colour, self.ink, 0.28)
        self.is_turned = is_turned
        self.width_px = SIZE_PX[0] - 2 * SAFE_PX

    def left(self, width_px: float, *, indent_px: float = 0, at_end: bool = False) -> float:
        """Where something of a width begins, put at the side where reading begins or ends."""
        is_right = self.is_turned != at_end
        return SIZE_PX[0] - SAFE_PX - indent_px - width_px if is_right else SAFE_PX + indent_px

    def bar(self) -> None:
        """A short bar above the topic."""
        left = self.left(72)
        self.canvas.rounded_rectangle((left, SAFE_PX, left + 72, SAFE_PX + 8), 4, self.tint)

    def line(
        self,
        letters: Lettering,
        text: str,
        *,
        base_px: float,
        size: int,
        fill: Colour,
        room_px: float,
        indent_px: float = 0,
        at_end: bool = False,
    ) -> float:
        """Draw one line, cut to the room; gives its width."""
        shown = letters.line(text, width_px=room_px, size=size)
        width_px = letters.width_px(shown, size)
        at = self.left(width_px, indent_px=indent_px, at_end=at_end), base_px
        letters.draw(self.canvas, at, shown, size=size, fill=fill, base_rtl=is_rtl(shown, otherwise=self.is_turned))
        return width_px


def _set_title(page: _Page, letters: Lettering, title: str, *, has_topic: bool) -> None:
    top = _TITLE_TOP_PX if has_topic else SAFE_PX
    room_px = _TITLE_BOTTOM_PX - top
    block = letters.block(title, width_px=page.width_px, height_px=room_px, sizes=_TITLE_SIZES, spacing=_TITLE_SPACING)
    step = block.size_px * _TITLE_SPACING
    # In the middle of the room, a little above: short titles would hang at the topic otherwise.
    free_px = max(0.0, room_px - step * len(block.lines))
    base_px = top + free_px * 0.42 + step * 0.78
    for line in block.lines:
        at = page.left(letters.width_px(line, block.size_px)), base_px
        letters.draw(page.canvas, at, line, size=block.size_px, fill=page.ink, base_rtl=page.is_turned)
        base_px += step


def _set_foot(page: _Page, sheet: Sheet, bold: Lettering, regular: Lettering) -> None:
    """Logo and brand where reading begins, author and date at the other end, on one base line."""
    brand = bold.drawable(sheet.brand)
    aside = " · ".join(text for text in (regular.drawable(sheet.author), regular.drawable(sheet.date)) if text)
    if not (brand or aside or sheet.logo):
        return
    page.canvas.rectangle((SAFE_PX, _RULE_PX, SIZE_PX[0] - SAFE_PX, _RULE_PX + 1), page.rule)
    indent_px = 0.0
    if sheet.logo:
        logo = ImageOps.contain(sheet.logo.convert("RGBA"), _LOGO_PX, Image.Resampling.LANCZOS)
        middle_px = _FOOT_BASE_PX - round(_FOOT_PX * 0.36)
        page.image.paste(logo, (round(page.left(logo.width)), middle_px - logo.height // 2), logo)
        indent_px = logo.width + 20
    taken_px = 0.0
    if aside:
        taken_px = page.line(
            regular,
            aside,
            base_px=_FOOT_BASE_PX,
            size=_FOOT_PX,
            fill=page.tint,
            room_px=page.width_px * 0.5,
            at_end=True,
        )
    page.line(
        bold,
        brand,
        base_px=_FOOT_BASE_PX,
        size=_FOOT_PX,
        fill=page.ink,
        room_px=max(0.0, page.width_px - indent_px - taken_px - 40),
        indent_px=indent_px,
    )


def _ground(colour: Colour, topic: str, is_turned: bool) -> Image.Image:
    """The colour, darker towards the foot, with two large rings at the side where reading ends."""
    ink = ink_on(colour)
    shade = BLACK if ink != BLACK else WHITE
    ramp = Image.linear_gradient("L").resize(SIZE_PX, Image.Resampling.BILINEAR).point(lambda value: value * 0.34)
    ground = Image.new("RGB", SIZE_PX, colour)
    ground.paste(Image.new("RGB", SIZE_PX, shade), mask=ramp)
    if contrast(ink, mixed(colour, ink, _RING_LIGHTS[1] / 255)) >= READABLE:
        ground.paste(Image.new("RGB", SIZE_PX, ink), mask=_rings(topic, is_turned))
    return ground


def _rings(topic: str, is_turned: bool) -> Image.Image:
    """Where the rings are, faintly; their place depends on the topic."""
    seed = hashlib.sha256(topic.encode()).digest()
    mask = Image.new("L", (SIZE_PX[0] * _SMOOTH // 2, SIZE_PX[1] * _SMOOTH // 2))
    canvas = ImageDraw.Draw(mask)
    scale = _SMOOTH / 2
    for place, (radius, width, light) in enumerate(((300, 70, _RING_LIGHTS[0]), (170, 34, _RING_LIGHTS[1]))):
        x = (1060 + seed[place] % 120) * scale
        y = (40 + seed[place + 2] % 150 + 330 * place) * scale
        edge = radius * scale
        canvas.ellipse((x - edge, y - edge, x + edge, y + edge), outline=light, width=round(width * scale))
    if is_turned:
        mask = ImageOps.mirror(mask)
    return mask.resize(SIZE_PX, Image.Resampling.BOX)


def _veiled(background: Image.Image, colour: Colour) -> Image.Image:
    """The operator's picture under a veil of the colour through which texts read well."""
    cover = ImageOps.fit(background.convert("RGB"), SIZE_PX, Image.Resampling.LANCZOS)
    return Image.blend(cover, Image.new("RGB", SIZE_PX, colour), veil_over(colour))
