"""How a post of ours is recognised among those a network shows. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

_URL = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Mark:
    """What one of our posts is known by: its last link, or its words if it has none."""

    link: str | None
    words: str

    @classmethod
    def of(cls, text: str) -> Mark:
        """The mark of a text that we post."""
        links = _URL.findall(text)
        return cls(_plain(links[-1]) if links else None, " ".join(text.split()))

    def is_on(self, content: str, card_url: str | None = None) -> bool:
        """Whether a post with this HTML, and this link on its card, carries the mark.

        The link may stand there as words only: servers make no link of an address without a public ending.
        """
        page = _Page(content)
        if self.link is None:
            return self.words == page.words
        links = [*page.links, *_URL.findall(page.words)]
        if card_url is not None:
            links.append(card_url)
        return self.link in {_plain(link) for link in links}


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


def _plain(link: str) -> str:
    """A link in one spelling: servers escape letters and add or drop the last slash."""
    try:
        parts = urlsplit(link)
    except ValueError:  # a server may show what is no URL at all
        return link
    rest = unquote(parts._replace(scheme="", netloc="").geturl()).rstrip("/")
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{rest}"
