"""Settings of the pages: share pages, looks, and what crawlers are told."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from syndicate.feeds.pagerules import Reader
from syndicate.feeds.words import WORDS
from syndicate.settings.kinds import Folder, Section


def _account(value: str) -> str:
    if value and (not value.startswith("@") or len(value) < 2 or not value[1:].replace("_", "a").isalnum()):
        raise ValueError("is no account; write it with its @, as in @carewire")
    return value


def _word(value: str) -> str:
    if value not in WORDS["en"]:
        raise ValueError("is no word of the pages; docs/reference/templates.md lists them")
    return value


def _share(value: object) -> object:
    """YAML 1.1 makes `false` of `off` without quotes."""
    return "off" if value is False else value


Share = Literal["page", "redirect", "off"]
Account = Annotated[str, AfterValidator(_account)]


class PageSettings(Section):
    """Pages for people and crawlers, where `feeds.formats` has html."""

    share: Annotated[Share, BeforeValidator(_share, json_schema_input_type=Share)] = Field(
        "page", description="A page for each item, to be shared; `redirect` leads on to the article at once."
    )
    canonical: Literal["source", "own"] = Field(
        "source", description="Address a share page names as the one that counts: the article's, or its own."
    )
    index: Literal["all", "own", "none"] = Field(
        "all", description="Share pages that search engines may list: all, those of the site's own items, none."
    )
    readers: list[Reader] = Field(
        ["feedly", "inoreader", "newsblur", "theoldreader"],
        description="Feed readers on the web that pages link to, as plain links.",
    )
    twitter_site: Account = Field("", description="The site's account on X, for its cards (`@name`).")
    twitter_creator: Account = Field("", description="The authors' account on X (`@name`).")
    style: Folder | None = Field(None, description="A stylesheet of yours, put behind the built-in one.")
    style_alone: bool = Field(False, description="Yours in place of the built-in one.")
    templates: Folder | None = Field(None, description="Folder of templates that stand in place of the built-in ones.")
    words: dict[Annotated[str, AfterValidator(_word)], str] = Field(
        {}, description="Other words for the interface, by their keys."
    )
    filter: bool = Field(True, description="Find topics on the front page by a small script of the site's own.")
    sitemap: bool = Field(False, description="Write `sitemap.xml`.")
    news: bool = Field(False, description="Mark own items of the 48 hours before the newest as news in the map.")
    robots: bool = Field(False, description="Write `robots.txt`.")
