"""A site whose pages networks make cards of, for tests of those who look at it first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from syndicate.content.fetch import Fetched
from syndicate.errors import ImageUnusable

IMAGE = "https://marsh.org/media/heron.jpg"
CARD = b'<meta property="og:title" content="Herons"><meta property="og:image" content="/media/heron.jpg">'


@dataclass
class Site:
    """Answers by address; what it does not have is not there. `asked` are all requests."""

    answers: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str, *, accept: str) -> Fetched:
        self.asked.append(url)
        await asyncio.sleep(0)
        if url not in self.answers:
            raise ImageUnusable(url, "was answered with status 404")
        media_type, content = self.answers[url]
        return Fetched(content, media_type, url)
