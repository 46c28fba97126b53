from __future__ import annotations

import pytest
from PIL import Image as Pillow
from PIL import ImageDraw

from content.picturing import near
from syndicate.content.framing import CARD_PX, frame_of, framed

RED, WHITE, BLUE = (255, 0, 0), (255, 255, 255), (0, 0, 255)


def card(image: Pillow.Image, color: str = "") -> Pillow.Image:
    made = framed(image, frame_of(*image.size), color=color)
    assert (made.size, made.mode) == (CARD_PX, "RGB")
    return made


def scene(width: int, height: int, at: tuple[int, int]) -> Pillow.Image:
    """A soft sky with one red thing in it, as large as a fifth of the picture's height."""
    image = Pillow.linear_gradient("L").resize((width, height)).convert("RGB")
    edge = height // 10
    ImageDraw.Draw(image).ellipse((at[0] - edge, at[1] - edge, at[0] + edge, at[1] + edge), RED, "black")
    return image


def reds(image: Pillow.Image) -> int:
    return sum(one > 200 and other < 60 for one, other, _ in zip(*[iter(image.tobytes())] * 3, strict=True))


@pytest.mark.parametrize(
    ("size", "is_cut"),
    [
        ((1200, 630), True),
        ((1600, 1200), True),
        ((1200, 1200), True),
        ((2400, 1000), True),
        ((2600, 1000), False),  # a banner
        ((700, 1000), False),  # a portrait
        ((500, 1100), False),  # a tower
        ((599, 400), False),  # small
        ((700, 310), False),  # wide enough, but not once it is cut
    ],
)
def test_pictures_are_cut_only_where_it_takes_little(size: tuple[int, int], is_cut: bool) -> None:
    assert frame_of(*size).is_cut is is_cut


@pytest.mark.parametrize("at", [(800, 200), (800, 600), (800, 1000)])
def test_window_is_where_the_picture_shows_something(at: tuple[int, int]) -> None:
    image = scene(1600, 1200, at)

    assert reds(card(image)) > 0.98 * reds(image) * (1200 / 1600) ** 2


@pytest.mark.parametrize("at", [(150, 300), (700, 300), (1250, 300)])
def test_window_moves_sideways_in_wide_pictures(at: tuple[int, int]) -> None:
    image = scene(1400, 600, at)

    assert reds(card(image)) > 0.98 * reds(image) * (630 / 600) ** 2


def test_picture_without_anything_is_cut_in_the_middle() -> None:
    plain = Pillow.new("RGB", (1600, 1600), BLUE)

    assert card(plain).getcolors() == [(1200 * 630, BLUE)]


@pytest.mark.parametrize("size", [(700, 1000), (400, 1600), (3000, 700), (500, 300)])
def test_whole_picture_stands_on_a_soft_ground_of_itself(size: tuple[int, int]) -> None:
    image = scene(*size, (size[0] // 2, size[1] // 2))

    made = card(image)

    scale = min(1200 / size[0], 630 / size[1], 1.5)
    assert reds(made) >= 0.9 * reds(image) * scale * scale
    assert made.getcolors(1_000_000) is not None
    corner = made.getpixel((2, 2))
    assert not near(corner, WHITE)


def test_even_border_goes_on_as_it_is() -> None:
    logo = Pillow.new("RGB", (500, 500), "white")
    ImageDraw.Draw(logo).ellipse((100, 100, 400, 400), RED)

    made = card(logo)

    assert [made.getpixel(at) for at in ((2, 2), (1198, 628), (2, 315))] == [WHITE] * 3
    assert near(made.getpixel((600, 315)), RED)


@pytest.mark.parametrize(
    ("shown", "color", "ground"),
    [
        ((20, 40, 160), "", WHITE),
        ((250, 250, 250), "", (5, 6, 6)),
        ((250, 250, 250), "#204060", (0x20, 0x40, 0x60)),
        ((30, 60, 90), "#204060", WHITE),  # not to be seen on the brand's colour
    ],
)
def test_transparent_picture_stands_on_a_ground_it_can_be_seen_on(
    shown: tuple[int, int, int], color: str, ground: tuple[int, int, int]
) -> None:
    image = Pillow.new("RGBA", (800, 400), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((100, 100, 700, 300), (*shown, 255))

    made = card(image, color)

    assert near(made.getpixel((2, 2)), ground)
    assert near(made.getpixel((600, 315)), shown)


def test_picture_of_nothing_but_transparency_is_plain() -> None:
    assert card(Pillow.new("RGBA", (800, 400), (0, 0, 0, 0))).getcolors() == [(1200 * 630, WHITE)]


def test_transparency_that_hides_nothing_is_no_matter() -> None:
    opaque = scene(1600, 1200, (800, 600))

    assert card(opaque.convert("RGBA")).tobytes() == card(opaque).tobytes()
