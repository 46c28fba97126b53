from __future__ import annotations

import pytest
from PIL import Image as Pillow

from content.picturing import bands, bomb, near, noise, opened, saved, turned, wide_gamut
from syndicate.content.pixels import Rules, Unusable, card, develop, pair, upright

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)


def rules(
    shape: str = "photo",
    limit_bytes: int = 1_000_000,
    media_types: tuple[str, ...] = ("image/jpeg",),
    longest_side_px: int = 2048,
    limit_pixels: int = 33_177_600,
) -> Rules:
    return {
        "shape": shape,
        "limit_bytes": limit_bytes,
        "media_types": list(media_types),
        "longest_side_px": longest_side_px,
        "limit_pixels": limit_pixels,
    }


@pytest.mark.parametrize(
    "content",
    [
        saved(bands(400, 300), "JPEG"),
        saved(bands(400, 300, "L"), "JPEG"),
        saved(bands(400, 300, "CMYK"), "JPEG"),
        saved(bands(400, 300), "PNG"),
        saved(bands(400, 300, "P"), "PNG"),
        saved(bands(400, 300, "1"), "PNG"),
        saved(bands(400, 300, "RGBA"), "PNG"),
        saved(bands(400, 300, "LA"), "PNG"),
        saved(bands(400, 300, "P"), "PNG", transparency=0),
        saved(bands(400, 300), "PNG", transparency=GREEN),
        saved(bands(400, 300), "WEBP"),
        saved(bands(400, 300), "GIF"),
        saved(bands(400, 300), "GIF", save_all=True, append_images=[bands(400, 300, "L")]),
        saved(bands(400, 300), "WEBP", save_all=True, append_images=[bands(400, 300, "L")]),
        wide_gamut(bands(400, 300)),
        wide_gamut(bands(400, 300, "RGBA")),
        saved(bands(400, 300), "PNG", icc_profile=b"no profile at all"),
    ],
)
def test_image_of_any_kind_becomes_a_plain_jpeg(content: bytes) -> None:
    picture, media_type, *size = develop(content, rules())

    image = opened(picture)
    assert (image.format, image.mode, media_type) == ("JPEG", "RGB", "image/jpeg")
    assert image.size == tuple(size) == (400, 300)
    assert not image.info.keys() & {"exif", "icc_profile", "comment"}
    assert not getattr(image, "is_animated", False)


def test_animation_is_shown_by_its_first_frame() -> None:
    content = saved(Pillow.new("RGB", (64, 64), RED), "GIF", save_all=True, append_images=[Pillow.new("RGB", (64, 64))])

    assert near(opened(develop(content, rules())[0]).getpixel((32, 32)), RED)


def test_transparency_becomes_white_in_jpeg_and_stays_in_others() -> None:
    clear = saved(Pillow.new("RGBA", (64, 64), (255, 0, 0, 0)), "PNG")

    assert near(opened(develop(clear, rules())[0]).getpixel((5, 5)), WHITE)
    for media_type in ("image/png", "image/webp"):
        picture = opened(develop(clear, rules(media_types=(media_type,)))[0])
        assert picture.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]  # RGBA has four


def test_sixteen_bits_keep_their_greys() -> None:
    grey = Pillow.new("I", (64, 64), 0x8000).convert("I;16")

    picture = opened(develop(saved(grey, "PNG"), rules())[0])

    assert near(picture.getpixel((5, 5)), (128, 128, 128))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_metadata_dropped(orientation: int) -> None:
    upright = bands(400, 300)
    upright.paste("black", (0, 0, 100, 75))
    undo = {
        1: upright,
        2: upright.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Pillow.Transpose.ROTATE_180),
        4: upright.transpose(Pillow.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Pillow.Transpose.TRANSPOSE),
        6: upright.transpose(Pillow.Transpose.ROTATE_90),
        7: upright.transpose(Pillow.Transpose.TRANSVERSE),
        8: upright.transpose(Pillow.Transpose.ROTATE_270),
    }

    content = turned(undo[orientation], orientation)
    picture = develop(content, rules())[0]

    image = opened(picture)
    assert image.size == (400, 300)
    assert near(image.getpixel((40, 30)), (0, 0, 0))
    assert near(image.getpixel((300, 30)), RED)
    assert near(image.getpixel((200, 280)), BLUE)
    assert b"secret" in content
    assert b"secret" not in picture
    assert len(image.getexif()) == 0


def test_unreadable_metadata_costs_no_picture() -> None:
    content = saved(bands(400, 300), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")

    assert develop(content, rules())[2:] == (400, 300)


def test_card_is_cut_and_whole_in_its_width() -> None:
    picture, _, *size = develop(saved(bands(1600, 1600), "PNG"), rules("card"))

    image = opened(picture)
    assert size == [1200, 630]
    assert near(image.getpixel((5, 315)), GREEN)
    assert near(image.getpixel((1195, 315)), GREEN)


def test_picture_that_lies_is_cut_as_its_upright_twin() -> None:
    lying = saved(bands(1600, 1200).transpose(Pillow.Transpose.ROTATE_90), "PNG")

    turned_card = develop(turned(opened(lying), 6), rules("card", media_types=("image/png",)))[0]
    twin_card = develop(saved(bands(1600, 1200), "JPEG"), rules("card", media_types=("image/png",)))[0]

    assert near(opened(turned_card).getpixel((600, 5)), opened(twin_card).getpixel((600, 5)))  # type: ignore[arg-type]  # RGB has three
    assert near(opened(turned_card).getpixel((600, 625)), opened(twin_card).getpixel((600, 625)))  # type: ignore[arg-type]  # RGB has three


@pytest.mark.parametrize("encoder", ["JPEG", "PNG"])
def test_large_image_is_scaled_down_as_a_whole(encoder: str) -> None:
    picture, _, *size = develop(saved(bands(4000, 3000), encoder), rules(longest_side_px=500))

    image = opened(picture)
    assert size == [500, 375]
    assert near(image.getpixel((250, 40)), RED)
    assert near(image.getpixel((250, 340)), BLUE)


def test_photo_is_never_enlarged_and_keeps_the_pixel_limit() -> None:
    small = saved(bands(300, 200), "PNG")

    assert develop(small, rules())[2:] == (300, 200)
    assert develop(small, rules(limit_pixels=15_000))[2:] == (150, 100)


def test_card_for_a_small_network_keeps_its_shape() -> None:
    assert develop(saved(bands(1200, 630), "PNG"), rules("card", longest_side_px=600))[2:] == (600, 315)


def test_quality_goes_first_then_size_until_the_limit_holds() -> None:
    content = saved(noise(1000, 600), "PNG")
    best = develop(content, rules())[0]

    worse, _, *size = develop(content, rules(limit_bytes=len(best) - 1))
    smaller, _, *small_size = develop(content, rules(limit_bytes=20_000))

    assert (len(worse) < len(best), size) == (True, [1000, 600])
    assert len(smaller) <= 20_000
    assert small_size[0] < 1000
    assert small_size[0] / small_size[1] == pytest.approx(1000 / 600, rel=0.02)


@pytest.mark.parametrize("media_type", ["image/png", "image/webp"])
def test_other_formats_keep_the_limit_too(media_type: str) -> None:
    picture, told, *_ = develop(saved(noise(600, 400), "JPEG"), rules(limit_bytes=50_000, media_types=(media_type,)))

    assert told == media_type
    assert len(picture) <= 50_000


def test_first_type_that_fits_is_taken() -> None:
    drawing = saved(bands(400, 300), "PNG")

    png, told, *_ = develop(drawing, rules(media_types=("image/avif", "image/png", "image/jpeg")))
    small, told_small, *_ = develop(drawing, rules(media_types=("image/jpeg", "image/png"), limit_bytes=len(png)))

    assert told == told_small == "image/png"
    assert small == png


def test_same_input_gives_the_same_bytes() -> None:
    content = saved(noise(300, 200), "PNG")

    assert develop(content, rules("card")) == develop(content, rules("card"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bomb(20_000, 20_000), "has more than 50 megapixels"),
        (bomb(12_000, 12_000), "has more than 50 megapixels"),
        (bomb(8_000, 6_251), "has more than 50 megapixels"),
        (bomb(100, 100), "is damaged"),
        (saved(noise(200, 200), "JPEG")[:5000], "is damaged"),
        (saved(noise(200, 200), "PNG")[:5000], "is damaged"),
        (saved(noise(200, 200), "WEBP")[:500], "is damaged|is no JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "is no JPEG, PNG, WEBP or GIF image"),
        (saved(bands(99, 99), "EPS"), "is no JPEG, PNG, WEBP or GIF image"),
        (saved(bands(99, 99), "TIFF"), "is no JPEG, PNG, WEBP or GIF image"),
        (b"%PDF-1.7", "is no JPEG, PNG, WEBP or GIF image"),
        (b"plain text", "is no JPEG, PNG, WEBP or GIF image"),
        (b"", "is no JPEG, PNG, WEBP or GIF image"),
        (b"\xff\xd8\xff", "is no JPEG|is damaged"),
        (saved(bands(1, 1), "GIF"), r"is too small \(1x1 px"),
    ],
)
def test_what_is_no_usable_image_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        develop(content, rules())


def test_narrow_image_makes_no_card() -> None:
    content = saved(bands(180, 180), "PNG")

    assert develop(content, rules())[2:] == (180, 180)
    with pytest.raises(Unusable, match=r"is too small \(180x180 px, 200 are needed\)"):
        develop(content, rules("card"))


def test_limit_that_cannot_be_kept_is_told() -> None:
    content = saved(noise(100, 100), "PNG")

    with pytest.raises(Unusable, match="cannot be made as small as 10 bytes in image/jpeg"):
        develop(content, rules(limit_bytes=10))
    with pytest.raises(Unusable, match="in image/avif"):
        develop(content, rules(media_types=("image/avif",)))


def test_image_that_needs_too_much_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    # Nothing but a patch makes this happen at will, and the same everywhere.
    monkeypatch.setattr("syndicate.content.pixels._scalable", no_memory)

    with pytest.raises(Unusable, match="needs too much memory"):
        develop(saved(bands(99, 99), "PNG"), rules())


@pytest.mark.parametrize(
    ("encoder", "media_type"),
    [("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("PNG", "image/png"), ("GIF", "image/png"), ("MPO", "image/jpeg")],
)
def test_whole_image_is_put_upright_in_its_own_format(encoder: str, media_type: str) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 8
    more = {} if encoder == "GIF" else {"exif": exif}
    content = saved(bands(300, 400).transpose(Pillow.Transpose.ROTATE_270), encoder, **more)

    made, told, *size = upright(content)

    image = opened(made)
    is_turned = bool(more)
    assert (told, Pillow.MIME[image.format or ""]) == (media_type, media_type)
    assert image.size == tuple(size) == ((300, 400) if is_turned else (400, 300))
    assert len(image.getexif()) == 0
    assert upright(content)[0] == made


def test_what_cannot_be_decoded_is_not_put_upright() -> None:
    with pytest.raises(Unusable, match="more than 50 megapixels"):
        upright(bomb(20_000, 20_000))
    with pytest.raises(Unusable, match="is damaged"):
        upright(saved(noise(200, 200), "JPEG")[:5000])


@pytest.mark.parametrize(
    "content",
    [
        turned(bands(1600, 900), 1),
        turned(bands(900, 1600), 6),
        saved(bands(1600, 900, "CMYK"), "JPEG"),
        saved(bands(1600, 900, "P"), "PNG", transparency=0),
        saved(bands(1600, 900, "LA"), "PNG"),
        saved(Pillow.new("I", (1600, 900), 0x8000).convert("I;16"), "PNG"),
        saved(bands(1600, 900), "WEBP", save_all=True, append_images=[bands(1600, 900, "L")]),
        saved(bands(250, 60), "GIF"),
        saved(bands(400, 4000), "PNG"),
        saved(bands(4000, 400), "PNG"),
        wide_gamut(bands(1600, 900)),
        saved(noise(1600, 900), "PNG"),
    ],
)
def test_card_of_any_image_is_two_plain_files_of_one_size_within_the_limit(content: bytes) -> None:
    jpeg, webp = card(content, color="#204060", limit_bytes=100_000)

    for file, encoder in ((jpeg, "JPEG"), (webp, "WEBP")):
        image = opened(file)
        assert (image.format, image.mode, image.size) == (encoder, "RGB", (1200, 630))
        assert not image.info.keys() & {"exif", "icc_profile", "comment", "xmp"}
        assert len(file) <= 100_000
    assert len(webp) <= len(jpeg)
    assert "progressive" in opened(jpeg).info
    assert b"secret" not in jpeg + webp
    assert card(content, color="#204060", limit_bytes=100_000) == (jpeg, webp)


def test_quality_is_searched_until_the_card_keeps_its_limit() -> None:
    content = saved(noise(1600, 900), "PNG")

    generous, tight = (card(content, color="", limit_bytes=limit)[0] for limit in (600_000, 200_000))

    assert len(generous) > 300_000
    assert 150_000 < len(tight) <= 200_000


def test_card_that_no_quality_makes_small_enough_gets_softer_and_at_last_is_refused() -> None:
    content = saved(noise(1600, 900), "PNG")

    assert len(card(content, color="", limit_bytes=30_000)[0]) <= 30_000
    with pytest.raises(Unusable, match="cannot be made as small as 1000 bytes"):
        pair(noise(1200, 630), 1000)


def test_picture_too_small_for_a_card_is_refused() -> None:
    with pytest.raises(Unusable, match="is too small"):
        card(saved(bands(150, 150), "PNG"), color="", limit_bytes=300_000)
