"""What X answers, as checked values.

Source: X API OpenAPI 2.159, schemas Problem, TweetCreateResponse, MediaUploadResponse, Get2UsersIdTweetsResponse. Read
2026-11.
"""

from __future__ import annotations

import html
import re
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from syndicate.channels.http import Answer, RemoteId
from syndicate.channels.marks import Mark
from syndicate.posts.markup import BREAK

_PICTURE = re.compile(r"https://(?:x|twitter)\.com/\w+/status/\d+/(?:photo|video)/\d+")
_SCHEME = re.compile(r"\Ahttps?://", re.IGNORECASE)
PROBLEMS = "https://api.twitter.com/2/problems/"


def problem_in(answer: Answer) -> Problem:
    """What a refusal says, beside its status."""
    try:
        return Problem() if answer.is_success else Problem.model_validate_json(answer.body)
    except ValidationError:
        return Problem()


class Problem(BaseModel):
    """Problem details (RFC 9457); the types are addresses on X's own host."""

    type: str = "about:blank"
    detail: str = ""

    @property
    def kind(self) -> str:
        """The type without X's own host."""
        return self.type.removeprefix(PROBLEMS)


class User(BaseModel):
    """An account."""

    id: RemoteId
    username: str = Field(pattern=r"^\w{1,20}$")


class Me(BaseModel):
    """Who is signed in."""

    data: User


class Processing(BaseModel):
    """How far X has looked at a picture."""

    state: str | None = None
    check_after_secs: int = 1


class Media(BaseModel):
    """A picture that was uploaded."""

    id: RemoteId
    processing_info: Processing | None = None


class Uploaded(BaseModel):
    """The answer to an upload."""

    data: Media


class Identified(BaseModel):
    """What has an id of X."""

    id: Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]


class Created(BaseModel):
    """The answer to a post."""

    data: Identified


class Link(BaseModel):
    """What stands behind a short link."""

    url: str = ""
    expanded_url: str = ""
    unwound_url: str | None = None

    @property
    def written(self) -> str:
        """What the link was made of: X makes links of pictures, and of words that look like a domain."""
        return "" if _PICTURE.match(self.expanded_url) else _SCHEME.sub("", self.expanded_url)


class Entities(BaseModel):
    """What X sees in a text."""

    urls: tuple[Link, ...] = ()


class Tweet(Identified):
    """A post as X shows it."""

    text: str = ""
    created_at: AwareDatetime | None = None
    entities: Entities | None = None

    def has(self, mark: Mark) -> bool:
        """Whether the post is ours: links are shown short, and what they stand for beside the text."""
        links = self.entities.urls if self.entities else ()
        if mark.links:
            return mark.is_on(self.text, [shown for link in links for shown in (link.expanded_url, link.unwound_url)])
        text = html.unescape(self.text)
        for link in links:
            text = text.replace(link.url, link.written)
        shown, ours = (" ".join(words.replace(BREAK, "").split()).casefold() for words in (text, mark.words))
        return shown == ours


class Meta(BaseModel):
    """How a page goes on."""

    next_token: str | None = Field(default=None, pattern=r"^\w{1,60}$")


class Timeline(BaseModel):
    """A page of posts."""

    data: tuple[Tweet, ...] = ()
    meta: Meta = Meta()


class Frozen(BaseModel):
    """What `freeze` wrote."""

    text: str
