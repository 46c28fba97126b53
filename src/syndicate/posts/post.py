"""What is said: the card, what a network wants, and the fitted post, as frozen values. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from syndicate.items.item import Image


class Card(Struct, frozen=True):
    """What Open Graph, Twitter card and link embed say about one item; text, card and tags are all made from it.

    `url` is the shared link (source article or own page, as configured). `topics` are their labels in order,
    not yet spelt as hashtags. `image.alt` is the alt text, `image_url` the address under which everybody can get the
    image, `jpeg_url` that of the item's card image, a JPEG of 1200x630; None if there is none. `brand` is the outlet,
    `site_name` the curating site.
    """

    item_id: str
    title: str
    summary: str
    url: str
    site_name: str
    published: datetime
    language: str
    image: Image | None = None
    image_url: str | None = None
    jpeg_url: str | None = None
    brand: str | None = None
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    section: str | None = None


class Measure(StrEnum):
    """The unit in which a network counts text."""

    GRAPHEMES = "graphemes"
    UTF16 = "utf16"
    CODE_POINTS = "code points"
    BYTES = "bytes"
    WEIGHTED = "weighted"
    EMOJI_BYTES = "characters, emoji as bytes"


class Dialect(StrEnum):
    """The markup in which a network reads text."""

    PLAIN = "plain text"
    TELEGRAM = "Telegram HTML"
    SLACK = "Slack mrkdwn"
    DISCORD = "Discord Markdown"
    TEAMS = "Adaptive Card Markdown"
    LINKEDIN = "LinkedIn little text"


class Room(Struct, frozen=True):
    """How much text a network takes.

    `limit` counts in `measure`. `url_length` is what every http(s) URL counts, whatever its length (None: as written).
    `limit_bytes` is a second cap in UTF-8 bytes where the network has one. `dialect` is the markup that counts along
    with the text; PLAIN where there is none, or where the network counts what readers see.
    """

    limit: int
    measure: Measure = Measure.GRAPHEMES
    url_length: int | None = None
    limit_bytes: int | None = None
    dialect: Dialect = Dialect.PLAIN


class Shape(StrEnum):
    """How an image is cut for a network."""

    CARD = "card"
    PHOTO = "photo"


class ImageRules(Struct, frozen=True):
    """What an image must be for one network.

    `media_types` in order of preference. `shape` CARD is 1200x630 cropped, PHOTO keeps the aspect.
    `longest_side_px`, `limit_bytes`, `limit_pixels` and `limit_alt` (graphemes) are upper bounds;
    `limit_alt` 0: the network has no alt text here.
    """

    shape: Shape
    limit_bytes: int
    media_types: tuple[str, ...] = ("image/jpeg", "image/png")
    longest_side_px: int = 2048
    limit_pixels: int = 33_177_600
    limit_alt: int = 500


class Wants(Struct, frozen=True):
    """What a network wants of a post.

    `link_in_text`: the URL must stand in the text (otherwise the client-made card carries it). `title_in_text`: so must
    the title, unless a template decides.
    `hashtags` is the most to append. `image` is None where the network takes none; `needs_image`: it takes no post
    without one. `image_by_address`: the network fetches the picture itself from `Card.image_url`, nothing is uploaded.
    `reads_page`: where no picture is shown, the network makes a card of the page that the link leads to.
    """

    room: Room
    image: ImageRules | None = None
    link_in_text: bool = True
    title_in_text: bool = True
    hashtags: int = 3
    needs_image: bool = False
    image_by_address: bool = False
    reads_page: bool = False


class Picture(Struct, frozen=True):
    """Image bytes prepared for one network, with the alt text fitted to its limit."""

    content: bytes
    media_type: str
    width_px: int
    height_px: int
    alt: str


class SpanKind(StrEnum):
    """What a stretch of the text is, besides text."""

    LINK = "link"
    HASHTAG = "hashtag"


class Span(Struct, frozen=True):
    """A link or hashtag in a post's text, in UTF-8 bytes, end exclusive.

    `target` is the URL of a link, or the tag without its `#`.
    """

    kind: SpanKind
    start_bytes: int
    end_bytes: int
    target: str


class Post(Struct, frozen=True):
    """Text, card and picture for one network, already fitted; `spans` are in order and never overlap.

    `reply_to` is the remote id of the post that this one corrects. `parts` are the cards of a digest, in order.
    `keeps_picture`: this edits a post whose picture cannot be made anew, so that the one that stands there stays.
    `told` are the item's own words in place of the card's title and summary, as much of them as the text has.
    """

    text: str
    card: Card
    language: str
    spans: tuple[Span, ...] = ()
    hashtags: tuple[str, ...] = ()
    picture: Picture | None = None
    reply_to: str | None = None
    parts: tuple[Card, ...] = ()
    keeps_picture: bool = False
    told: str = ""
