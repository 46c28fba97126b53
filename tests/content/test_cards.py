from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from content.picturing import Shown, bands, opened, saved
from syndicate.content.cards import CardKit, CardPainter, look_of, problems_in
from syndicate.content.fetch import Fetcher
from syndicate.content.images import PictureMaker
from syndicate.content.typefaces import BOLD, REGULAR, Typeface, digest_of
from syndicate.items.item import Image, Item, Topic
from syndicate.posts.cardimage import CardImage, CardLook, card_image_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LOOK = CardLook(brand="Marsh Notes")
ITEM = Item(
    "test:1", "1.md", "A heron in flight", "", NOW, NOW, link="https://a.example/", topics=(Topic("b", "Birds"),)
)
STORE = {"a.jpeg": saved(bands(1600, 900), "JPEG"), "b.jpeg": b"\xff\xd8\xff no picture"}


@pytest.fixture
async def images() -> AsyncIterator[PictureMaker]:
    async with PictureMaker(Shown(**STORE), Fetcher()) as made:  # type: ignore[arg-type]  # only images are asked of it
        yield made


def card(ref: str | None = None, look: CardLook = LOOK) -> CardImage:
    found = card_image_of(replace(ITEM, image=Image(ref, "A heron", digest=ref) if ref else None), look)
    assert found is not None
    return found


async def test_card_is_made_of_the_featured_image(images: PictureMaker) -> None:
    painted = await CardPainter(images, CardKit(), LOOK).paint(card("a.jpeg"))

    assert (painted.unusable, painted.missing) == ("", ())
    assert [opened(file).size for file in (painted.jpeg, painted.webp)] == [(1200, 630)] * 2


async def test_card_is_generated_without_image_and_where_it_cannot_be_used(images: PictureMaker) -> None:
    painter = CardPainter(images, CardKit(), LOOK)

    without, damaged, gone = [await painter.paint(card(ref)) for ref in (None, "b.jpeg", "gone.jpeg")]

    assert without.unusable == ""
    assert "b.jpeg" in damaged.unusable
    assert "is gone" in gone.unusable
    assert without.jpeg == damaged.jpeg == gone.jpeg
    assert opened(without.jpeg).size == (1200, 630)


async def test_operators_colour_font_and_pictures_show(images: PictureMaker, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(saved(bands(200, 100), "PNG"))
    kits = [CardKit(), CardKit(logo=logo), CardKit(background=logo), CardKit(font=REGULAR)]
    looks = [
        LOOK,
        LOOK,
        LOOK,
        LOOK,
        structs.replace(LOOK, color="#ffee00"),
        structs.replace(LOOK, shows=("title", "brand", "date")),
    ]

    made = [
        await CardPainter(images, kit, look).paint(card(look=look))
        for kit, look in zip([*kits, CardKit(), CardKit()], looks, strict=True)
    ]

    assert len({one.jpeg for one in made}) == len(made)


async def test_font_of_the_system_is_used_for_its_script_and_told_where_there_is_none(images: PictureMaker) -> None:
    # The bundled font stands in for one of the system, as those differ; it has no Arabic either.
    typeface = Typeface("ARABIC", BOLD, REGULAR, "digest")
    arabic = card_image_of(replace(ITEM, title="عنوان"), LOOK)
    assert arabic is not None

    painted = await CardPainter(images, CardKit(typefaces=(typeface,)), LOOK).paint(arabic)

    assert painted.missing == ("ARABIC",)


def test_look_holds_the_digests_of_all_files(tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(b"one")
    kit = CardKit(logo=logo, typefaces=(Typeface("ARABIC", BOLD, REGULAR, digest_of(BOLD)),))

    def look() -> CardLook:
        return look_of(kit, brand="B", shows=("title",), color="", is_generating=True, limit_bytes=1000)

    first = look()
    logo.write_bytes(b"two")

    assert first.fonts == (("ARABIC", digest_of(BOLD)),)
    assert [name for name, _ in first.files] == ["logo"]
    assert look() != first


def test_problems_of_the_operators_files_are_told(tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_bytes(b"text")

    found = dict(problems_in(CardKit(logo=text, background=tmp_path / "gone.png", font=text)))

    assert found["logo"] == "text.png is no JPEG, PNG, WebP or GIF"
    assert "cannot be read (No such file or directory)" in found["background"]
    assert "text.png is no whole font file" in found["font"]
    assert not list(problems_in(CardKit(font=BOLD)))


_PROCESS = """
import asyncio, hashlib, json, sys
from pathlib import Path
sys.path[:0] = json.loads(sys.argv[1])
from content.test_cards import ITEM, LOOK, STORE, card
from content.picturing import Shown
from syndicate.content.cards import CardKit, CardPainter
from syndicate.content.fetch import Fetcher
from syndicate.content.images import PictureMaker

async def main():
    async with PictureMaker(Shown(**STORE), Fetcher()) as images:
        painter = CardPainter(images, CardKit(), LOOK)
        for ref in (None, "a.jpeg"):
            painted = await painter.paint(card(ref))
            print(hashlib.sha256(painted.jpeg + painted.webp).hexdigest())

asyncio.run(main())
"""


def test_two_processes_make_the_same_bytes() -> None:
    tests = Path(__file__).parents[1]
    places = json.dumps([str(tests), str(tests.parent / "src")])

    outputs = [
        subprocess.run(
            [sys.executable, "-c", _PROCESS, places],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]

    assert outputs[0] == outputs[1]
    assert len(set(outputs[0].split())) == 2
