from __future__ import annotations

from dataclasses import replace

import pytest

from syndicate.items.item import SUFFIXES, Image

PHOTO = Image("a.jpeg", "A heron", "image/jpeg", 1, 1, 1, "0123456789abcdef" * 4)


@pytest.mark.parametrize(("media_type", "suffix"), SUFFIXES.items())
def test_an_image_of_the_store_is_named_for_its_bytes_and_type(media_type: str, suffix: str) -> None:
    assert replace(PHOTO, media_type=media_type).shelf_path == f"media/0123456789abcdef.{suffix}"


@pytest.mark.parametrize(
    "image",
    [
        replace(PHOTO, ref="https://cdn.example/a.jpeg"),
        replace(PHOTO, digest=""),
        replace(PHOTO, media_type="image/svg+xml"),
    ],
)
def test_an_image_that_cannot_stand_on_the_shelf_has_no_place(image: Image) -> None:
    assert image.shelf_path is None
