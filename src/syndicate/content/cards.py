"""Card images drawn: of the featured image, or generated where there is none that can be used."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from syndicate.content.glyphs import Glyphs
from syndicate.content.look import look
from syndicate.content.typefaces import BOLD, REGULAR, Typeface, font_folders, typefaces_in
from syndicate.errors import ImageUnusable
from syndicate.items.scripts import scripts_in
from syndicate.ports.content import Painted
from syndicate.posts.cardimage import CardLook
from syndicate.posts.post import Picture
from syndicate.regular import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syndicate.content.images import PictureMaker
    from syndicate.posts.cardimage import CardImage, CardText, CardWords


@dataclass(frozen=True, slots=True)
class CardKit:
    """What the operator gives for cards: files by their paths (None: none), and the system's fonts by script."""

    logo: Path | None = None
    background: Path | None = None
    font: Path | None = None
    typefaces: tuple[Typeface, ...] = ()

    @property
    def files(self) -> Iterator[tuple[str, Path]]:
        """The files that are given, by their names in the settings."""
        for name in ("logo", "background", "font"):
            path = getattr(self, name)
            if path is not None:
                yield name, path


def kit_of(*, logo: Path | None = None, background: Path | None = None, font: Path | None = None) -> CardKit:
    """The kit with the fonts that this system has."""
    return CardKit(logo, background, font, typefaces_in(font_folders()))


def look_of(
    kit: CardKit, *, brand: str, shows: tuple[CardText, ...], color: str, is_generating: bool, limit_bytes: int
) -> CardLook:
    """The look with the digests of all files of the kit.

    Raises:
        OSError: a file cannot be read.
    """
    return CardLook(
        brand=brand,
        shows=shows,
        color=color,
        is_generating=is_generating,
        limit_bytes=limit_bytes,
        fonts=tuple((one.script, one.digest) for one in kit.typefaces),
        files=tuple((name, hashlib.sha256(read_regular(path)).hexdigest()[:16]) for name, path in kit.files),
    )


def problems_in(kit: CardKit) -> Iterator[tuple[str, str]]:
    """What is wrong with the operator's files, as the setting's name and the problem."""
    for name, path in kit.files:
        try:
            if name == "font":
                Glyphs(path)
            else:
                look(read_regular(path), path.name)
        except OSError as error:
            yield name, f"{path} cannot be read ({error.strerror})"
        except ImageUnusable as error:
            yield name, f"{path.name} {error.reason}"
        except ValueError as error:
            yield name, f"{path.name} {error}"


class CardPainter:
    """Draws card images in the child process that decodes, one at a time."""

    def __init__(self, images: PictureMaker, kit: CardKit, look: CardLook) -> None:
        self._images = images
        self._kit = kit
        self._look = look

    async def paint(self, card: CardImage) -> Painted:
        """The card of the featured image, or the generated one where there is none that can be used.

        Raises:
            ImageUnusable: not even that can be drawn; the reason in words.
        """
        limit_bytes = self._look.limit_bytes
        unusable = ""
        if card.image is not None:
            try:
                jpeg, webp = await self._images.card(card.image, color=self._look.color, limit_bytes=limit_bytes)
                return Painted(jpeg, webp)
            except ImageUnusable as error:
                unusable = str(error)
        jpeg, webp, missing = await self._images.poster(self._sheet(card.words), limit_bytes=limit_bytes)
        return Painted(jpeg, webp, unusable, missing)

    async def picture(self, card: CardImage) -> Picture:
        """The card as the picture of a post, for networks that want it with the post instead of fetching it.

        Raises:
            ImageUnusable: as for `paint`.
        """
        painted = await self.paint(card)
        return Picture(painted.jpeg, "image/jpeg", card.width_px, card.height_px, card.alt)

    def _sheet(self, words: CardWords) -> dict[str, Any]:
        scripts = scripts_in(" ".join((words.title, words.topic, words.brand, words.author)))
        others = [typeface for typeface in self._kit.typefaces if typeface.script in scripts]
        given = [(str(self._kit.font), 0, True)] if self._kit.font else []
        return {
            **asdict(words),
            "is_topic_shown": "topic" in self._look.shows,
            "color": self._look.color,
            "bold": [*given, (str(BOLD), 0, True), *((str(one.bold), 0, False) for one in others)],
            "regular": [*given, (str(REGULAR), 0, True), *((str(one.regular), 0, False) for one in others)],
            "logo": str(self._kit.logo or ""),
            "background": str(self._kit.background or ""),
        }
