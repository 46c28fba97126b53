"""Settings of feeds and cards: what readers subscribe to, and what links look like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from syndicate.posts.card import LinkSource, SummarySource, TitleSource
from syndicate.settings.kinds import Folder, Section, SiteUrl


class FeedSettings(Section):
    """What readers subscribe to."""

    folder: Folder = Field(Path("feeds"), description="Folder that the feeds are written to.")
    url: SiteUrl = Field("http://127.0.0.1:8080/", description="Public address of that folder.")
    size: Annotated[int, Field(ge=1, le=1000)] = Field(50, description="Newest entries per feed.")
    content: Literal["full", "summary"] = Field("full", description="Full text, or the summary only.")
    link: LinkSource = Field("source", description="What an entry links to first: the article, or the site's own page.")
    formats: Annotated[list[Literal["rss", "atom", "json", "html"]], Field(min_length=1)] = Field(
        ["rss", "atom", "json", "html"], description="Formats of every feed; html is its page."
    )


class CardSettings(Section):
    """Where title and summary of a post come from: the first that is not blank."""

    title: list[TitleSource] = Field(
        ["title", "open_graph", "twitter"], description="Sources of the title: open_graph, twitter, title."
    )
    summary: list[SummarySource] = Field(
        ["open_graph", "twitter", "summary", "description"],
        description="Sources of the summary: open_graph, twitter, summary, description.",
    )
    link: LinkSource = Field("source", description="What a post links to: the article, or the site's own page.")
