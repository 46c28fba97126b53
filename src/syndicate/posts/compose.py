"""From a card and a network's wants to a post that fits. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

import regex
from msgspec import Struct
from msgspec.structs import replace

from syndicate.items.posting import USUAL, Wording
from syndicate.posts.dialects import write
from syndicate.posts.fit import shorten
from syndicate.posts.hashtags import hashtags_of
from syndicate.posts.markup import clean, defuse
from syndicate.posts.measure import count, fits, graphemes
from syndicate.posts.post import Card, Dialect, Picture, Post, Room, SpanKind, Wants
from syndicate.posts.spans import spans_of
from syndicate.posts.template import render

SHORTEST_SUMMARY: Final = 20
"""A summary cut below so many characters says nothing; it is left out instead."""

_CONTROLS: Final = regex.compile(r"[\p{Cc}\p{Cs}--\n]", regex.VERSION1)
_SPACES: Final = regex.compile(r" {2,}")
_GAPS: Final = regex.compile(r"[ \t]*\n[ \t]*(?:\n\s*)?")
_TAGS: Final = regex.compile(r"[#＃]([\p{L}\p{M}\p{Nd}_]+)")
_WORDS: Final = regex.compile(r"[\p{L}\p{M}\p{N}]+")


class _Words(Struct, frozen=True):
    """What can be said, already harmless; tags with `#`. `others` are what never changes to make it fit."""

    title: str
    summary: str
    tags: tuple[str, ...]
    link: str
    others: Mapping[str, str]

    @property
    def fields(self) -> dict[str, str]:
        """What a template may use (see `template.FIELDS`)."""
        changing = {"title": self.title, "summary": self.summary, "link": self.link, "hashtags": " ".join(self.tags)}
        return {**self.others, **changing}


def compose(
    card: Card,
    wants: Wants,
    *,
    picture: Picture | None = None,
    template: str | None = None,
    spellings: Mapping[str, str] | None = None,
    wording: Wording = USUAL,
) -> Post:
    """The post for one network: title, summary, hashtags and link, with blank lines between, within the room.

    When it is too long, hashtags go first (from the last), then the summary is shortened and left out, then the title
    is shortened; the link is never cut. A summary that only repeats the title is left out at once. Marks in foreign
    text are broken (see `markup`).

    Args:
        card: what is said, from `card_of`.
        wants: the network's limits; without `link_in_text` the URL stands in the card only, and without
            `title_in_text` so does the title, unless a template names it.
        picture: the image prepared for the network.
        template: a Jinja2 text over `template.FIELDS` instead of the usual order; a link that it forgets is appended.
        spellings: topic labels whose hashtag is given by hand.
        wording: what the item's file says for this channel. Its text stands in place of title, summary and template,
            and is shortened as a title would be; its own marks are meant. Its hashtags are those of the post.

    Raises:
        ValueError: not even the link alone (with the template's own words) fits, or the template is wrong.
    """
    title, summary = defuse(card.title), defuse(card.summary)
    words = _Words(
        title=title,
        summary="" if _repeats(summary, title) else summary,
        tags=_tags(card, wants, spellings, wording),
        link=card.url if wants.link_in_text else "",
        others={} if template is None else _others(card),
    )
    text_of = _templated(template) if template is not None else _usual if wants.title_in_text else _untitled
    if wording.text is not None:
        words, text_of = replace(words, title=_lines(wording.text), summary=""), _told
    text, words = _fitted(words, wants.room, text_of, link=card.url)
    spans = spans_of(text, card.url)
    return Post(
        text=text,
        card=card,
        language=card.language,
        spans=spans,
        hashtags=tuple(span.target for span in spans if span.kind is SpanKind.HASHTAG),
        picture=picture,
        told=words.title if wording.text is not None else "",
    )


def _tags(card: Card, wants: Wants, spellings: Mapping[str, str] | None, wording: Wording) -> tuple[str, ...]:
    """The hashtags: all that the file names, or as many of the topics' as the network likes."""
    if wording.hashtags is None:
        tags = hashtags_of(card.topics, spellings)[: max(wants.hashtags, 0)]
    else:
        tags = hashtags_of(wording.hashtags, spellings)
    said = {tag.casefold() for tag in _TAGS.findall(wording.text)} if wording.text else set[str]()
    return tuple(f"#{tag}" for tag in tags if tag.casefold() not in said)


def _lines(text: str) -> str:
    """Own words, line by line, with at most one blank line between."""
    return _tidied("\n".join(clean(line) for line in text.splitlines()))


def _tidied(text: str) -> str:
    """At most one blank line, no spaces at line ends."""
    return _GAPS.sub(lambda gap: "\n\n" if gap[0].count("\n") > 1 else "\n", text).strip()


def _told(words: _Words) -> str:
    """Own words, then hashtags, and the link unless they have it."""
    link = "" if words.link in words.title else words.link
    return _usual(replace(words, link=link))


def _others(card: Card) -> dict[str, str]:
    topics = [defuse(topic) for topic in card.topics]
    return {
        "brand": defuse(card.brand or ""),
        "site_name": clean(card.site_name),
        "section": defuse(card.section or ""),
        "topic": topics[0] if topics else "",
        "topics": ", ".join(topics),
        "authors": ", ".join(defuse(author) for author in card.authors),
        "date": f"{card.published:%Y-%m-%d}",
        "language": card.language,
    }


def length_of(post: Post, room: Room) -> int:
    """How much of the room a post takes, in its units, as the network gets it."""
    return count(write(post.text, post.spans, room.dialect), room)


def _repeats(summary: str, title: str) -> bool:
    """Whether the summary is the title again, or its beginning, but for case and punctuation."""
    if not _may_begin_alike(summary, title):
        return False
    said, again = (" ".join(_WORDS.findall(text.casefold())) for text in (title, summary))
    return said == again or said.startswith(f"{again} ")


def _may_begin_alike(one: str, other: str) -> bool:
    """Whether both may begin with the same word; quick to tell for most texts."""
    first, second = one[:1], other[:1]
    return not (first.isalpha() and second.isalpha()) or first.casefold()[0] == second.casefold()[0]


def _usual(words: _Words) -> str:
    parts = (words.title, words.summary, " ".join(words.tags), words.link)
    return "\n\n".join(part for part in parts if part)


def _untitled(words: _Words) -> str:
    return _usual(replace(words, title=""))


def _templated(template: str) -> Callable[[_Words], str]:
    def text_of(words: _Words) -> str:
        text = _SPACES.sub(" ", _CONTROLS.sub("", render(template, words.fields).replace("\t", " ")))
        text = _tidied(text)  # a part that is left out must leave no hole
        if words.link and words.link not in text:
            text = f"{text}\n\n{words.link}".strip()
        return unicodedata.normalize("NFC", text)

    return text_of


def _fitted(words: _Words, room: Room, text_of: Callable[[_Words], str], *, link: str) -> tuple[str, _Words]:
    """The text of as much as fits, counted as the network gets it, and its words."""

    def counted(text: str) -> str:
        return text if room.dialect is Dialect.PLAIN else write(text, spans_of(text, link), room.dialect)

    def is_fitting(candidate: _Words) -> bool:
        return fits(counted(text_of(candidate)), room)

    text = text_of(words)
    if fits(counted(text), room):
        return text, words
    while words.tags and not is_fitting(words):
        words = replace(words, tags=words.tags[:-1])
    if not is_fitting(words):
        summary = shorten(words.summary, lambda summary: is_fitting(replace(words, summary=summary)))
        words = replace(words, summary=summary if graphemes(summary) >= SHORTEST_SUMMARY else "")
    if not is_fitting(words):
        words = replace(words, title=shorten(words.title, lambda title: is_fitting(replace(words, title=title))))
    text = text_of(words)
    if not fits(counted(text), room):
        length = count(counted(text), room)
        raise ValueError(
            f"{text!r} does not fit even without title and summary: {length} of {room.limit} {room.measure}"
        )
    return text, words
