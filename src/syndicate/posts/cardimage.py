"""The card image: what the 1200x630 picture of an item's link card shows, and what it is called before it is drawn.

Its name is a digest of everything that goes into it, so that the same path is the same picture for ever. Pure.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from syndicate.items.scripts import scripts_in
from syndicate.posts.markup import clean

if TYPE_CHECKING:
    from syndicate.items.item import Image, Item

WIDTH_PX: Final = 1200
HEIGHT_PX: Final = 630
"""Source: Facebook, "Images in Link Shares" (1.91:1, 1200x630 best). Read 2026-11."""

LIMIT_BYTES: Final = 300_000

DRAWING: Final = 1
"""The version of the drawing: raised whenever the same inputs give another picture, so that it gets another name."""

CardText = Literal["topic", "title", "brand", "author", "date"]


class CardLook(Struct, frozen=True):
    """How the card images of a site look.

    `brand` stands on generated cards, `shows` names their other texts. `color` (`#rrggbb`) is that of all cards; blank:
    each topic has its own. `is_generating`: items without an image get a card with their texts. `limit_bytes` caps the
    JPEG; the WebP keeps within it, too. `fonts` are the fonts for scripts that the bundled one lacks, as script and
    digest; `files` the digests of what the operator gave (logo, background, font): other bytes, another picture.
    """

    brand: str = ""
    shows: tuple[CardText, ...] = ("topic", "title", "brand", "date")
    color: str = ""
    is_generating: bool = True
    limit_bytes: int = LIMIT_BYTES
    fonts: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()


class CardWords(Struct, frozen=True):
    """What a generated card says, each in one clean line; blank where it says nothing.

    `topic` also gives the colour, so it is set though it may not be shown (see `CardLook.shows`).
    """

    title: str = ""
    topic: str = ""
    brand: str = ""
    author: str = ""
    date: str = ""
    language: str = "en"


class CardImage(Struct, frozen=True):
    """One card image: its two files on the shelf, its size, its alt text, and what it is made of.

    `image` is the item's featured image, None where a card is generated of `words`; those are drawn as well where the
    image turns out to be unusable.
    """

    jpeg: str
    webp: str
    alt: str
    words: CardWords
    image: Image | None = None
    width_px: int = WIDTH_PX
    height_px: int = HEIGHT_PX

    @property
    def paths(self) -> tuple[str, str]:
        """Both files."""
        return self.jpeg, self.webp


def card_image_of(item: Item, look: CardLook) -> CardImage | None:
    """The card image of the item; None where it has no image and cards are not generated."""
    if item.image is None and not look.is_generating:
        return None
    words = card_words_of(item, look)
    source = (item.image.digest or item.image.ref) if item.image else ""
    spoken = scripts_in(" ".join((words.title, words.topic, words.brand, words.author)))
    fonts = [(script, digest) for script, digest in look.fonts if script in spoken]
    said = (words.title, words.topic, words.brand, words.author, words.date, words.language)
    inputs = (DRAWING, source, said, look.shows, look.color, look.limit_bytes, fonts, look.files)
    digest = hashlib.sha256(json.dumps(inputs, ensure_ascii=True).encode()).hexdigest()[:16]
    alt = clean(item.image.alt) if item.image else ""
    return CardImage(
        jpeg=f"media/card-{digest}.jpg",
        webp=f"media/card-{digest}.webp",
        alt=alt or clean(item.title) or words.topic or words.brand,
        words=words,
        image=item.image,
    )


def card_words_of(item: Item, look: CardLook) -> CardWords:
    """What a generated card of the item says."""

    def shown(name: CardText, text: str) -> str:
        return clean(text) if name in look.shows else ""

    topic = next((clean(topic.label) for topic in item.topics if clean(topic.label)), "")
    return CardWords(
        title=shown("title", item.title),
        topic=topic or clean(item.section or ""),
        brand=shown("brand", look.brand),
        author=shown("author", next(iter(item.authors), "")),
        date=shown("date", item.published.date().isoformat()),
        language=item.language,
    )
