"""Settings of feeds and cards: what readers subscribe to, and what links look like."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from syndicate.durations import Duration
from syndicate.feeds.query import ItemField
from syndicate.feeds.site import Kind
from syndicate.posts.card import CardLink, LinkSource, SummarySource, TitleSource
from syndicate.posts.cardimage import LIMIT_BYTES, CardText
from syndicate.settings.kinds import IF_ANY, MOST, Folder, Section, SiteUrl, WebUrl

FormatName = Literal["rss", "atom", "json", "html"]

_FEED_NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")


def _feed_name(value: str) -> str:
    if not _FEED_NAME.fullmatch(value):
        raise ValueError("is no name of a feed; use lower-case letters, digits, - and _, beginning with a letter")
    return value


def _minute_or_more(value: timedelta) -> timedelta:
    if value < timedelta(minutes=1):
        raise ValueError("is too short; write 1m or more")
    return value


def _shelf_path(value: str) -> str:
    path = value.strip("/")
    parts = path.split("/")
    if any(not part or part.startswith(".") or "\\" in part or not part.isprintable() for part in parts):
        raise ValueError("is no folder of a feed; write it as below `feeds.url`, as in section/news")
    return path


def _terms(value: object) -> object:
    """A list stands for `any`."""
    return {"any": value} if isinstance(value, list | str) else value


def _listed(value: object) -> object:
    """One word may stand alone, without a list around it."""
    return [value] if isinstance(value, str) else value


ShelfPath = Annotated[str, AfterValidator(_shelf_path)]
FeedName = Annotated[str, AfterValidator(_feed_name)]
Words = Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
Formats = Annotated[list[FormatName], Field(min_length=1)]
Size = Annotated[int, Field(ge=1, le=1000)]
Weight = Annotated[int, Field(ge=10_000, le=100_000_000)]


class TermSettings(Section):
    """What names must say; globs such as `mesh-*` are welcome, case does not matter."""

    any: Words = Field([], description="At least one of these.")
    all: Words = Field([], description="Every one of these.")
    none: Words = Field([], description="None of these.")


Terms = Annotated[TermSettings, BeforeValidator(_terms, json_schema_input_type=str | list[str] | TermSettings)]


class ShapeSettings(Section):
    """How some feeds are made; what is not set here is as in `feeds`."""

    size: Size | None = Field(None, description="Newest entries per feed.")
    most_bytes: Weight | None = Field(None, description="About how much text a feed may hold.")
    content: Literal["full", "summary"] | None = Field(None, description="Full text, or the summary only.")
    link: LinkSource | None = Field(None, description="What an entry links to first.")
    formats: Formats | None = Field(None, description="Formats; html is the page.")


class NamedFeedSettings(ShapeSettings):
    """A feed of the items that a query takes: every condition must hold."""

    title: str = Field("", description="Name of the feed; empty: its key.")
    description: str = Field("", description="One sentence about the feed.")
    image: WebUrl | None = Field(None, description="Address of the feed's own image.")
    topics: Terms = Field(TermSettings.model_construct(), description="Slugs, labels or vocabularies of topics.")
    sections: Terms = Field(TermSettings.model_construct(), description="Sections.")
    tags: Terms = Field(TermSettings.model_construct(), description="Tags.")
    authors: Terms = Field(TermSettings.model_construct(), description="Names of authors.")
    brands: Terms = Field(TermSettings.model_construct(), description="Outlets that items come from.")
    languages: Terms = Field(TermSettings.model_construct(), description="Languages of items.")
    where: dict[ItemField, Terms] = Field({}, description="Conditions on other fields of items.")
    most_age: Duration | None = Field(None, description="Older items leave the feed; `null`: they stay.")


class FeedSettings(Section):
    """What readers subscribe to."""

    folder: Folder = Field(Path("feeds"), description="Folder that the feeds are written to.")
    url: SiteUrl = Field("http://127.0.0.1:8080/", description="Public address of that folder.")
    kinds: list[Kind] = Field(
        ["named", "section", "topic", "language"],
        description="Kinds of feeds besides that of everything; also: vocabulary, source, author, tag.",
    )
    least: Annotated[int, Field(ge=1, le=MOST)] = Field(
        2, description="Vocabularies, sources, authors and tags with fewer items get no feed."
    )
    size: Size = Field(50, description="Newest entries per feed.")
    most_bytes: Weight = Field(2_000_000, description="About how much text a feed may hold; one entry always stands.")
    content: Literal["full", "summary"] = Field("full", description="Full text, or the summary only.")
    link: LinkSource = Field("source", description="What an entry links to first: the article, or the site's own page.")
    formats: Formats = Field(["rss", "atom", "json", "html"], description="Formats of every feed; html is its page.")
    leads_with_image: bool = Field(True, description="Put the image first in a text that has none.")
    shapes: dict[Kind, Annotated[ShapeSettings, IF_ANY]] = Field({}, description="How feeds of some kinds are made.")
    named: dict[FeedName, Annotated[NamedFeedSettings, IF_ANY]] = Field(
        {}, description="Feeds by query, by their name."
    )
    archives: bool = Field(True, description="Tell the whole history of every feed in archive documents (RFC 5005).")
    keeps_empty: bool = Field(True, description="A topic keeps its feed when its last item leaves.")
    tombstones: bool = Field(False, description="Tell in Atom feeds which items left (RFC 6721).")
    tombstones_size: Size = Field(100, description="The last items that left each feed, at most so many.")
    tombstones_age: Duration = Field(timedelta(days=90), description="How long feeds tell of an item that left.")
    moved: dict[ShelfPath, ShelfPath] = Field(
        {}, description="Folders that feeds stood in before, and where they stand now."
    )
    poll: Annotated[Duration, AfterValidator(_minute_or_more)] = Field(
        timedelta(minutes=30), description="How often readers should come."
    )
    hubs: Annotated[list[WebUrl], Field(max_length=8)] = Field(
        [], description="Addresses of WebSub hubs, which are told of every change."
    )
    icon: WebUrl | None = Field(None, description="Address of a square icon.")
    logo: WebUrl | None = Field(None, description="Address of a logo, twice as wide as high.")
    rights: str = Field("", description="Line about rights, in every feed.")

    @model_validator(mode="after")
    def _moves_lead_somewhere(self) -> Self:
        for old, new in self.moved.items():
            if new in self.moved:
                raise ValueError(f"moved: {old} leads to {new}, which moved itself; write where it stands now")
        return self


class CardImageSettings(Section):
    """The 1200x630 picture of each item's link card: of its featured image, or generated."""

    enabled: bool = Field(True, description="False: no card images; pages name the featured image instead.")
    generate: bool = Field(True, description="Draw a card of its texts for an item without image; false: it has none.")
    shows: list[CardText] = Field(
        ["topic", "title", "brand", "date"],
        description="Texts of generated cards: topic, title, brand, author, date.",
    )
    brand: str = Field("", description="Name on generated cards; empty: the site's title.")
    color: Annotated[str, Field(pattern=r"^(#[0-9a-fA-F]{6})?$")] = Field(
        "", description="Colour of all cards (`#1d4f91`); empty: each topic has its own."
    )
    most_bytes: Annotated[int, Field(ge=30_000, le=5_000_000)] = Field(
        LIMIT_BYTES, description="Size of a card's file at most; quality gives way."
    )
    logo: Folder | None = Field(None, description="Picture beside the brand: JPEG, PNG, WebP or GIF.")
    background: Folder | None = Field(None, description="Picture behind the texts, under a veil of the colour.")
    font: Folder | None = Field(None, description="Font of the texts: TTF, OTF or TTC; none: Noto Sans.")


class CardSettings(Section):
    """Where title and summary of a post come from: the first that is not blank."""

    title: list[TitleSource] = Field(
        ["title", "open_graph", "twitter"], description="Sources of the title: open_graph, twitter, title."
    )
    summary: list[SummarySource] = Field(
        ["open_graph", "twitter", "summary", "description"],
        description="Sources of the summary: open_graph, twitter, summary, description.",
    )
    link: CardLink = Field(
        "source", description="What a post links to: the article, the site's own page, its share page."
    )
    image: CardImageSettings = CardImageSettings.model_construct()
