from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image as Pillow

from content.lettered import BOLDS, REGULARS, TITLES, ink
from content.picturing import bands, near
from syndicate.content.colours import WHITE, colour_of
from syndicate.content.poster import SAFE_PX, SIZE_PX, Sheet, poster

SHEET = Sheet("A title", "Health Policy", "Marsh Notes", "", "2026-11-01", bold=BOLDS, regular=REGULARS)
BARE = replace(SHEET, title="", brand="", date="", topic="", color="#1d4f91")


def drawn(sheet: Sheet) -> Pillow.Image:
    image, _ = poster(sheet)
    assert (image.size, image.mode) == (SIZE_PX, "RGB")
    return image


def is_safe(box: tuple[int, int, int, int] | None) -> bool:
    room = SAFE_PX - 6  # letters may lean out of their box a little
    return box is not None and box[0] >= room and box[1] >= room and box[2] <= 1200 - room and box[3] <= 630 - room + 12


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES.keys())
@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_title_stays_within_the_safe_area(title: str, language: str) -> None:
    plain = Pillow.new("RGB", (8, 8))  # in place of the rings, whose side depends on the title

    made = drawn(replace(SHEET, title=title, language=language, author="An Author " * 9, background=plain))

    assert is_safe(ink(made, Pillow.new("RGB", SIZE_PX, made.getpixel((2, 2)))))


def test_long_words_in_the_foot_do_not_meet() -> None:
    long = replace(SHEET, brand="A brand with a name of many words " * 4, author="An author likewise " * 9)

    assert is_safe(ink(drawn(replace(long, topic="", color="#1d4f91")), drawn(BARE)))


def test_topic_gives_the_colour_unless_the_operator_does() -> None:
    assert near(drawn(SHEET).getpixel((2, 2)), colour_of("Health Policy"))
    assert near(drawn(replace(SHEET, color="#ffee00")).getpixel((2, 2)), (255, 238, 0))


@pytest.mark.parametrize("color", ["", "#ffee00", "#000000", "#ffffff", "#777777"])
def test_title_is_drawn_in_ink_that_reads(color: str) -> None:
    made, empty = (drawn(replace(SHEET, color=color, title=title, brand="", date="")) for title in ("MMMM", ""))

    assert ink(made, empty) is not None


def test_empty_title_is_replaced_by_the_topic_and_that_by_the_brand() -> None:
    by_topic = drawn(replace(SHEET, title="", brand="", date=""))
    by_brand = drawn(replace(SHEET, title="", topic="", color="#1d4f91"))

    assert ink(by_topic, drawn(replace(SHEET, title="", topic="", brand="", date="")))
    assert ink(by_brand, drawn(BARE))
    assert drawn(BARE).getpixel((600, 300)) != WHITE


def test_card_of_a_script_without_font_shows_topic_and_brand_and_tells() -> None:
    image, missing = poster(replace(SHEET, title="人工智能改变医疗"))

    assert missing == ("CJK",)
    assert image.tobytes() == drawn(replace(SHEET, title="")).tobytes()


def test_topic_is_hidden_where_it_is_not_to_be_shown() -> None:
    shown, hidden = drawn(SHEET), drawn(replace(SHEET, is_topic_shown=False))

    box = ink(shown, hidden)
    assert box is not None
    assert box[1] <= SAFE_PX + 1
    assert near(hidden.getpixel((SAFE_PX + 10, SAFE_PX + 4)), colour_of("Health Policy"))


def test_right_to_left_language_begins_at_the_right() -> None:
    left, right = (drawn(replace(SHEET, title="12", topic="", color="#1d4f91", language=one)) for one in ("en", "ar"))
    rings = [drawn(replace(BARE, language=one)) for one in ("en", "ar")]

    boxes = [ink(left, rings[0]), ink(right, rings[1])]
    assert near(left.getpixel((100, 514)), right.getpixel((100, 514)))  # the rule is on both
    half = [image.crop((0, 100, 600, 480)) for image in (left, right, *rings)]
    assert ink(half[0], half[2]) is not None
    assert ink(half[1], half[3]) is None
    assert all(is_safe(box) for box in boxes)


def test_logo_moves_the_brand_aside() -> None:
    with_logo = drawn(replace(SHEET, logo=bands(400, 100)))

    box = ink(with_logo, drawn(SHEET))
    assert box is not None
    assert box[0] == SAFE_PX
    assert is_safe(box)
    assert near(with_logo.getpixel((SAFE_PX + 50, 549)), (0, 128, 0))


def test_background_is_seen_through_the_veil() -> None:
    plain, veiled = drawn(SHEET), drawn(replace(SHEET, background=bands(800, 800)))

    assert plain.tobytes() != veiled.tobytes()
    assert veiled.getpixel((5, 5)) != veiled.getpixel((5, 315))


def test_same_words_give_the_same_picture() -> None:
    assert drawn(SHEET).tobytes() == drawn(SHEET).tobytes()
