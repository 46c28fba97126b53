from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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

PART = st.integers(0, 255)
COLOURS = st.tuples(PART, PART, PART)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(WHITE, (0, 0, 0), 21.0), (WHITE, WHITE, 1.0), (WHITE, (118, 118, 118), 4.54), ((0, 0, 0), (0, 0, 255), 2.44)],
)
def test_contrast_is_that_of_the_standard(one: Colour, other: Colour, expected: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(expected, abs=0.01)


@given(st.text(max_size=30))
def test_topic_has_one_deep_colour_for_ever(topic: str) -> None:
    colour = colour_of(topic)

    assert colour == colour_of(topic.casefold())
    assert contrast(colour, WHITE) >= 7


def test_topics_differ_in_colour() -> None:
    assert len({colour_of(f"topic {number}") for number in range(60)}) > 15
    assert colour_of("Artificial Intelligence") == (31, 92, 61)


@given(COLOURS)
def test_texts_read_well_on_any_colour(colour: Colour) -> None:
    assert contrast(ink_on(colour), colour) >= READABLE
    assert contrast(tint_on(colour), colour) >= READABLE


@given(COLOURS, COLOURS)
def test_texts_read_well_on_a_veil_over_any_picture(colour: Colour, behind: Colour) -> None:
    veil = veil_over(colour)

    assert contrast(ink_on(colour), mixed(behind, colour, veil)) >= READABLE - 0.05


def test_colours_are_read_as_written() -> None:
    assert colour_in("#1d4f91") == (0x1D, 0x4F, 0x91)
    assert ink_on(colour_in("#ffee00")) == BLACK
