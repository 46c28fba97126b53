"""Posts as the records of a repository list them.

Source: atproto lexicons com.atproto.repo.listRecords, app.bsky.feed.post, app.bsky.richtext.facet. Read 2026-11.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, Field

from syndicate.channels.http import Answer
from syndicate.errors import Transient

COLLECTION = "app.bsky.feed.post"
PAGE = 100
"""Most records a page gives (com.atproto.repo.listRecords, `limit`)."""
MOST_PAGES = 1_000
"""100,000 posts: an account's whole past, for those that adopt it."""

RecordURI = Annotated[str, Field(pattern=r"^at://[!-~]{1,195}$")]
"""Of characters that can be seen, and at most 200 of them; a record's has about 70."""


class _Feature(BaseModel):
    uri: str | None = None


class _Facet(BaseModel):
    features: tuple[_Feature, ...] = ()


class External(BaseModel):
    """The link of a card."""

    uri: str


class Embed(BaseModel):
    """What hangs on a post; of other kinds nothing is read."""

    external: External | None = None


class Record(BaseModel):
    """A post as we write it."""

    text: str
    embed: Embed | None = None

    def is_like(self, other: Record) -> bool:
        """Whether both are one post: the same text, or a card of the same link (a template may have changed since)."""
        links = [record.embed.external.uri for record in (self, other) if record.embed and record.embed.external]
        return self.text == other.text or (len(links) == 2 and links[0] == links[1])


class ListedRecord(BaseModel):
    """A post as any client may have written it."""

    text: str = ""
    created_at: AwareDatetime = Field(alias="createdAt")
    embed: Embed | None = None
    facets: tuple[_Facet, ...] = ()
    reply: dict[str, Any] | None = None

    @property
    def links(self) -> tuple[str, ...]:
        """The links of its text and its card."""
        found = [feature.uri for facet in self.facets for feature in facet.features if feature.uri]
        return (*found, *([self.embed.external.uri] if self.embed and self.embed.external else []))


class Listed(BaseModel):
    """A post and its address."""

    uri: RecordURI
    value: ListedRecord


class _Page(BaseModel):
    records: tuple[Listed, ...]
    cursor: str = ""


async def posts_since(
    get: Callable[[str], Awaitable[Answer]], repo: str, since: datetime, *, place: str
) -> AsyncIterator[Listed]:
    """A repository's own posts since then, without replies.

    All records are read, as they are in the order of their keys, which tell no time of posting.

    Args:
        get: asks for a path below `xrpc/` and checks the answer.
        repo: its DID.
        since: aware UTC.
        place: names the account in errors.

    Raises:
        NetworkError: they could not be read; Transient also where there are too many.
    """
    asked = {"repo": repo, "collection": COLLECTION, "limit": str(PAGE)}
    for _ in range(MOST_PAGES):
        page = (await get(f"com.atproto.repo.listRecords?{urlencode(asked)}")).read(_Page)
        for one in page.records:
            if one.value.reply is None and one.value.created_at >= since:
                yield one
        if not page.cursor or not page.records:
            return
        asked["cursor"] = page.cursor
    raise Transient(f"{place}: more than {MOST_PAGES * PAGE} posts, cannot read so many")
