"""What LinkedIn answers, as checked values.

Source: LinkedIn "Posts API", "Images API", "Organization Access Control by Role", "API Error Details". Read 2026-11.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ValidationError

from syndicate.channels.http import Answer, RemoteId
from syndicate.channels.marks import Mark, links_in, without_links

_HASHTAG = re.compile(r"\{hashtag\|\\?#\|(?P<tag>(?:\\.|[^}\\])*)\}")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SHORT = "https://lnkd.in/"


def trouble_in(answer: Answer) -> Trouble:
    """What a refusal says, beside its status."""
    try:
        return Trouble() if answer.is_success else Trouble.model_validate_json(answer.body)
    except ValidationError:
        return Trouble()


class Trouble(BaseModel):
    """An error: `{"message", "code", "errorDetails": {"inputErrors": [{"code"}]}}`."""

    message: str = ""
    code: str = ""
    errorDetails: Any = None

    @property
    def codes(self) -> set[str]:
        """Every code in it."""
        details = self.errorDetails if isinstance(self.errorDetails, dict) else {}
        errors = details.get("inputErrors")
        listed = errors if isinstance(errors, list) else []
        return {self.code, *(str(error.get("code")) for error in listed if isinstance(error, dict))}


class Member(BaseModel):
    """Who is signed in."""

    sub: RemoteId


class Role(BaseModel):
    """What a member may do for a page."""

    organization: str = ""
    role: str = ""


class Roles(BaseModel):
    """All roles of a member."""

    elements: tuple[Role, ...]


class Upload(BaseModel):
    """Where a picture goes, and what it will be called."""

    uploadUrl: str
    image: RemoteId


class Announced(BaseModel):
    """The answer to `initializeUpload`."""

    value: Upload


class Image(BaseModel):
    """A picture that was uploaded."""

    status: str


class Article(BaseModel):
    """A link card."""

    source: str = ""


class Media(BaseModel):
    """An uploaded picture; each upload has a name of its own."""

    id: str = ""


class Content(BaseModel):
    """What a post holds beside its words."""

    article: Article | None = None
    media: Media | None = None


class LinkedInPost(BaseModel):
    """A post, as we freeze it and as LinkedIn shows it; times are in milliseconds."""

    id: RemoteId = "-"
    commentary: str = ""
    content: Content = Content()
    lastModifiedAt: int | None = None
    createdAt: int | None = None

    @property
    def modified(self) -> int | None:
        """When it was last touched."""
        return self.lastModifiedAt or self.createdAt

    def is_like(self, ours: LinkedInPost) -> bool:
        """Whether both have a card of the same link or the same picture, or say the same."""
        if ours.content.article is not None:
            link, theirs = ours.content.article.source, self.content.article
            return theirs is not None and Mark.of(link) == Mark.of(theirs.source)
        if ours.content.media is not None and self.content.media == ours.content.media:
            return True
        return _says_the_same(_plain(self.commentary), _plain(ours.commentary))


def _says_the_same(theirs: str, ours: str) -> bool:
    """Whether both have the same words and links, of which LinkedIn may have shortened some."""
    if without_links(theirs) != without_links(ours):
        return False
    shown, given = links_in(theirs), links_in(ours)
    long = {link for link in shown if not link.startswith(_SHORT)}
    return bool(ours) and long <= given and len(shown) == len(given)


def _plain(commentary: str) -> str:
    """Little text as readers see it, without mentions, of which our posts have none."""
    return _ESCAPED.sub(r"\1", _HASHTAG.sub(r"#\g<tag>", commentary))


class LinkedInPosts(BaseModel):
    """A page of posts."""

    elements: tuple[LinkedInPost, ...]
