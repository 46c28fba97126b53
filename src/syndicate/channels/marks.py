"""How a post of ours is recognised among those a network shows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from syndicate.items.links import without_tracking

_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_AFTER_LINKS = ".,:;!?'’”»…*_~"
_BRACKETS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Mark:
    """What one of our posts is known by: its links, or its words if it has none.

    All of its links, as one of them alone may be in every post, such as that of the site.
    """

    links: frozenset[str]
    words: str

    @classmethod
    def of(cls, text: str) -> Mark:
        """The mark of a text that we post."""
        return cls(links_in(text), " ".join(text.split()))

    def is_on(self, content: str, links: Iterable[str | None] = ()) -> bool:
        """Whether a post with this HTML, and these links beside it (such as its card's), carries the mark.

        A link may stand there as words only: servers make no link of an address without a public ending.
        """
        page = _Page(content)
        if not self.links:
            return self.words == page.words
        shown = (_plain(link) for link in (*page.links, *links) if link)
        return self.links <= {*shown, *links_in(page.words)}


def links_in(text: str) -> frozenset[str]:
    """The links in plain text, each in one spelling; what closes a sentence or a bracket behind one is none of it."""
    return frozenset(_plain(link) for link in _URL.findall(text))


def without_links(text: str) -> str:
    """The words of a plain text, one space apart, without its links."""
    return " ".join(_URL.sub(lambda found: found[0][len(_bare(found[0])) :], text).split())


def shown_by(content: str, links: Iterable[str | None] = ()) -> tuple[str, tuple[str, ...]]:
    """The words of a status's HTML, and its links with these beside it, each once."""
    page = _Page(content)
    found = (*page.links, *(_bare(link) for link in _URL.findall(page.words)), *links)
    return page.words, tuple(dict.fromkeys(link for link in found if link))


class _Page(HTMLParser):
    """The links and words of a status's HTML."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self._texts: list[str] = []
        self.feed(content)
        self.close()

    @property
    def words(self) -> str:
        return " ".join("".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]
        if tag in {"p", "br"}:
            self._texts.append(" ")

    def handle_data(self, data: str) -> None:
        self._texts.append(data)


def _bare(link: str) -> str:
    """A link as networks find it in a text: a closing bracket belongs to it only if it was opened in it."""
    while link and (link[-1] in _AFTER_LINKS or link.count(link[-1]) > link.count(_BRACKETS.get(link[-1], link[-1]))):
        link = link[:-1]
    return link


def _plain(link: str) -> str:
    """A link in one spelling: servers escape letters, add or drop the last slash, and may drop what only tracks."""
    link = without_tracking(_bare(link))
    try:
        parts = urlsplit(link)
    except ValueError:  # a server may show what is no URL at all
        return link
    rest = unquote(parts._replace(scheme="", netloc="").geturl()).rstrip("/")
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{rest}"
