"""Images without metadata: the same pixels, nothing told, and no file so broken that it slips through."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageCms, ImageSequence, PngImagePlugin

from content.picturing import bands, noise, saved
from syndicate.content.metadata import orientation_in, without_metadata

SECRET = b"Canary Wharf 51.505"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif() -> Pillow.Exif:
    made = Pillow.Exif()
    made[0x010E] = SECRET.decode()
    made.get_ifd(0x8825)[29] = SECRET.decode()
    return made


def segment(kind: int, payload: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", len(payload) + 2) + payload


def jpeg(**options: Any) -> bytes:
    """A JPEG with everything that cameras and editors write, before and between its tables and behind its end."""
    plain = saved(bands(80, 60), "JPEG", exif=exif(), comment=SECRET, icc_profile=PROFILE, xmp=XMP, **options)
    vendors = b"".join(segment(kind, b"Vendor\0" + SECRET) for kind in (0xE1, 0xE2, 0xE3, 0xEA, 0xED, 0xEF, 0xFE))
    preview = segment(0xE0, b"JFXX\0\x10" + SECRET)
    scan = plain.index(b"\xff\xda")
    return plain[:2] + vendors + preview + plain[2:scan] + vendors + plain[scan:] + b"\0\0ftyp" + SECRET


def chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def png(mode: str = "RGB", **options: Any) -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", SECRET)
    texts.add_text("Comment", SECRET, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    made = saved(bands(80, 60, mode), "PNG", exif=exif(), pnginfo=texts, icc_profile=PROFILE, dpi=(72, 72), **options)
    more = chunk(b"tIME", b"\x07\xe6\1\1\1\1\1") + chunk(b"prVt", SECRET) + chunk(b"caBX", SECRET)
    return made[:33] + more + made[33:] + SECRET


def webp(**options: Any) -> bytes:
    made = saved(bands(80, 60), "WEBP", exif=exif(), xmp=XMP, icc_profile=PROFILE, **options)
    grown = made + b"odd " + struct.pack("<I", len(SECRET)) + SECRET + b"\0"
    return grown[:4] + struct.pack("<I", len(grown) - 8) + grown[8:] + SECRET


def gif(**options: Any) -> bytes:
    made = saved(bands(80, 60), "GIF", comment=SECRET, **options)
    table = 13 + (3 << ((made[10] & 7) + 1) if made[10] & 0x80 else 0)
    blocks = bytes([len(XMP) & 0xFF]) + XMP[: len(XMP) & 0xFF] + b"\0"
    return made[:table] + b"!\xff\x0bXMP DataXMP" + blocks + made[table:] + SECRET


ANIMATED: dict[str, Any] = {"save_all": True, "append_images": [noise(80, 60)], "duration": 70}
PICTURES = {
    "jpeg": ("image/jpeg", jpeg()),
    "progressive jpeg": ("image/jpeg", jpeg(progressive=True, restart_marker_rows=1)),
    "cmyk jpeg": ("image/jpeg", saved(bands(80, 60, "CMYK"), "JPEG", exif=exif(), comment=SECRET)),
    "png": ("image/png", png()),
    "palette png": ("image/png", png("P", transparency=0)),
    "moving png": ("image/png", png(**ANIMATED)),
    "webp": ("image/webp", webp()),
    "lossless webp": ("image/webp", webp(lossless=True)),
    "moving webp": ("image/webp", webp(**ANIMATED)),
    "gif": ("image/gif", gif()),
    "moving gif": ("image/gif", gif(loop=0, **ANIMATED)),
}


def frames(content: bytes) -> list[tuple[bytes, object, object]]:
    """Pixels, duration and loop of each frame, decoded in sRGB or not: as they stand in the file."""
    with Pillow.open(BytesIO(content)) as image:
        return [
            (frame.convert("RGBA").tobytes(), frame.info.get("duration"), frame.info.get("loop"))
            for frame in ImageSequence.Iterator(image)
        ]


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_is_told_and_no_pixel_changes(name: str) -> None:
    media_type, content = PICTURES[name]
    assert content.count(SECRET) > 1

    clean = without_metadata(content, media_type)

    assert SECRET not in clean
    assert len(clean) < len(content)
    assert frames(clean) == frames(content)
    with Pillow.open(BytesIO(clean)) as image:
        image.load()
        assert dict(image.getexif()) == {}
        assert not image.info.keys() & {"exif", "xmp", "comment", "photoshop", "Author", "XML:com.adobe.xmp"}


@pytest.mark.parametrize("name", ["jpeg", "progressive jpeg", "png", "webp", "moving webp"])
def test_the_colour_profile_stays(name: str) -> None:
    media_type, content = PICTURES[name]

    with Pillow.open(BytesIO(without_metadata(content, media_type))) as image:
        assert image.info["icc_profile"] == PROFILE


@pytest.mark.parametrize("name", PICTURES)
def test_a_second_time_changes_nothing(name: str) -> None:
    media_type, content = PICTURES[name]
    once = without_metadata(content, media_type)

    assert without_metadata(once, media_type) == once


@pytest.mark.parametrize("kind", [0x02, 0x41, 0xBF, 0xDE, 0xF0, 0xF7, 0xFD])
def test_a_segment_of_unknown_kind_is_not_kept(kind: int) -> None:
    plain = saved(bands(80, 60), "JPEG")

    assert without_metadata(plain[:2] + segment(kind, SECRET) + plain[2:], "image/jpeg") == plain


def test_a_preview_in_the_first_segment_goes() -> None:
    plain = saved(bands(80, 60), "JPEG")
    head = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\2\1" + b"\1\2\3\4\5\6")
    content = plain[:2] + head + plain[20:]

    assert without_metadata(content, "image/jpeg") == plain


@pytest.mark.parametrize("name", PICTURES)
def test_a_file_that_ends_early_is_refused_or_loses_only_what_came_after_the_picture(name: str) -> None:
    media_type, content = PICTURES[name]
    whole = without_metadata(content, media_type)

    for end in range(0, len(content), 7):
        try:
            assert without_metadata(content[:end], media_type) == whole
        except ValueError as error:
            assert str(error)


@pytest.mark.parametrize("name", PICTURES)
@settings(max_examples=60, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 2**20), st.binary(min_size=1, max_size=5)), min_size=1, max_size=6))
def test_no_damage_brings_more_than_a_refusal(name: str, changes: list[tuple[int, bytes]]) -> None:
    media_type, content = PICTURES[name]
    broken = bytearray(content)
    for place, written in changes:
        at = place % len(broken)
        broken[at : at + len(written)] = written

    try:
        clean = without_metadata(bytes(broken), media_type)
    except ValueError as error:
        assert str(error)
    else:
        assert without_metadata(clean, media_type) == clean
        assert len(clean) <= len(broken) + 1  # an odd chunk at the end is filled up


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/jpeg", b""),
        ("image/jpeg", b"\xff\xd8"),
        ("image/jpeg", b"\xff\xd8\xff\xe1\0\0\xff\xd9"),
        ("image/jpeg", b"\xff\xd8\xff\xe1\0\1\xff\xd9"),
        ("image/jpeg", b"\xff\xd8\xff\xe1\xff\xff\xff\xd9"),
        ("image/jpeg", b"\xff\xd8\xff\xd8\xff\xd9"),
        ("image/jpeg", b"\xff\xd8\xff\xda\0\2pixels"),
        ("image/png", b""),
        ("image/png", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDAT"),
        ("image/png", b"\x89PNG\r\n\x1a\n"),
        ("image/webp", b""),
        ("image/webp", b"RIFF\xff\xff\xff\xffWEBP"),
        ("image/webp", b"RIFF\x0c\0\0\0WEBPEXIF\xff\xff\xff\xff"),
        ("image/gif", b""),
        ("image/gif", b"GIF89a\1\0\1\0\xf7\0\0"),
        ("image/gif", b"GIF89a\1\0\1\0\0\0\0?;"),
        ("image/gif", b"GIF89a\1\0\1\0\0\0\0!\xfe\xff;"),
    ],
)
def test_a_file_of_another_build_is_refused(media_type: str, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"begins with|is cut|holds|has no end"):
        without_metadata(content, media_type)


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_read_in_both_byte_orders(order: str, orientation: int) -> None:
    head = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "I", 8)
    entries = struct.pack(order + "HHIHH", 0x0100, 3, 1, 80, 0) + struct.pack(
        order + "HHIHH", 0x0112, 3, 1, orientation, 0
    )
    exif_block = head + struct.pack(order + "H", 2) + entries

    assert orientation_in(exif_block) == orientation_in(b"Exif\0\0" + exif_block) == orientation


@given(block=st.binary(max_size=60))
def test_metadata_without_sense_asks_for_nothing(block: bytes) -> None:
    assert orientation_in(block) in range(2**16)
    assert orientation_in(b"II*\0\xff\xff\xff\xff" + block) == 1
    assert orientation_in(b"II*\0\x08\0\0\0\0\0" + block) == 1
