from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from PIL import Image as Pictures

from content.picturing import bands, bomb, near, opened, saved, turned
from syndicate.content.look import MAX_IMAGE_BYTES, look, shown
from syndicate.content.pixels import LIMIT_PIXELS, Unusable, develop
from syndicate.errors import ImageUnusable


def picture(size: tuple[int, int] = (6, 4), form: str = "PNG") -> bytes:
    return saved(Pictures.new("RGB", size, "red"), form)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"GIF89a", "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "damaged"),
        (b"\xff\xd8\xff\xe0", "damaged"),
        (b"RIFF\x04\0\0\0WEBP", "damaged"),
        (b"%!PS-Adobe-3.0 EPSF", "no JPEG"),
        (picture((400, 400), "JPEG")[:-30], "cut short"),
        (picture((20, 20), "WEBP")[:-4], "damaged|cut short"),
        (picture((20, 20), "GIF")[:-2], "cut short"),
        (b"\0" * (MAX_IMAGE_BYTES + 1), "over the limit"),
    ],
)
def test_unusable_images_say_why(content: bytes, reason: str) -> None:
    with pytest.raises(ImageUnusable, match=reason):
        look(content, "x.png")


def test_an_image_of_too_many_pixels_is_refused_by_its_header() -> None:
    small = picture((1, 1))
    header = b"IHDR" + (20_000).to_bytes(4, "big") * 2 + small[24:29]
    bomb = small[:12] + header + zlib.crc32(header).to_bytes(4, "big") + small[33:]

    with pytest.raises(ImageUnusable, match="20000 x 20000, over the limit"):
        look(bomb, "bomb.png")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_true_format_and_size_are_seen(form: str) -> None:
    facts = look(picture((30, 20), form), "x")

    assert (facts.media_type, facts.width_px, facts.height_px) == (f"image/{form.lower()}", 30, 20)


def test_a_picture_on_its_side_counts_as_turned(tmp_path: Path) -> None:
    exif = Pictures.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.jpg"
    Pictures.new("RGB", (30, 20)).save(path, exif=exif)

    facts = look(path.read_bytes(), "x")

    assert (facts.width_px, facts.height_px) == (20, 30)


def test_a_webp_of_too_many_pixels_is_refused_by_its_header() -> None:
    # Pillow refuses this one by itself, with an error that is no OSError.
    frame = saved(Pictures.new("RGBA", (2, 2)), "WEBP", lossless=True, exif=b"Exif\0\0MM\0*")
    at = frame.index(b"VP8X") + 12
    huge = frame[:at] + (16_382).to_bytes(3, "little") * 2 + frame[at + 6 :]
    vp8l = huge.index(b"VP8L") + 9
    sides = (16_382 | 16_382 << 14).to_bytes(4, "little")
    huge = huge[:vp8l] + sides + huge[vp8l + 4 :]

    with pytest.raises(ImageUnusable, match="over the limit of 50000000 pixels"):
        look(huge, "x")


def test_what_feeds_may_show_may_be_posted_too() -> None:
    fits, exceeds = bomb(8_000, LIMIT_PIXELS // 8_000), bomb(8_000, LIMIT_PIXELS // 8_000 + 1)

    assert look(fits, "x").height_px == LIMIT_PIXELS // 8_000
    with pytest.raises(ImageUnusable, match="over the limit of 50000000 pixels"):
        look(exceeds, "x")
    for content, reason in ((fits, "is damaged"), (exceeds, "has more than 50 megapixels")):
        with pytest.raises(Unusable, match=reason):
            develop(
                content,
                {"shape": "photo", "limit_bytes": 1, "media_types": [], "longest_side_px": 1, "limit_pixels": 1},
            )


def test_metadata_that_cannot_be_read_costs_no_picture() -> None:
    content = saved(bands(40, 30), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")

    assert shown(content, "x")[1].is_turned is False


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_an_upright_image_is_shown_with_its_own_pixels(form: str) -> None:
    content = saved(bands(40, 30), form)

    clean, facts = shown(content, "x")

    assert opened(clean).convert("RGB").tobytes() == opened(content).convert("RGB").tobytes()
    assert (facts.media_type, facts.width_px, facts.height_px) == (f"image/{form.lower()}", 40, 30)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_an_image_on_its_side_is_shown_upright_for_readers_that_do_not_turn_it(form: str) -> None:
    exif = Pictures.Exif()
    exif[0x0112] = 6
    content = saved(bands(400, 300).transpose(Pictures.Transpose.ROTATE_90), form, exif=exif)

    clean, facts = shown(content, "x")

    image = opened(clean)
    assert image.size == (facts.width_px, facts.height_px) == (400, 300)
    assert facts.media_type == f"image/{form.lower()}"
    assert near(image.convert("RGB").getpixel((200, 30)), (255, 0, 0))
    assert len(image.getexif()) == 0
    assert shown(content, "x")[0] == clean


def test_a_turned_image_that_cannot_be_decoded_is_not_shown() -> None:
    content = turned(bands(400, 300), 6)
    middle = content.index(b"\xff\xda") + 8
    broken = content[:middle] + b"\xff\xd9" * ((len(content) - middle) // 2)

    with pytest.raises(ImageUnusable):
        shown(broken, "x")


def test_an_image_that_cannot_be_cleaned_is_not_shown() -> None:
    content = picture((20, 20), "GIF")
    broken = content[:-1] + b"\x99;"

    assert look(broken, "x").width_px == 20
    with pytest.raises(ImageUnusable, match="unknown block"):
        shown(broken, "x")
