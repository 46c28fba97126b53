"""Statuses as Mastodon's API lists them, newest first, page by page.

Source: Mastodon documentation, "accounts", "Get account's statuses". Read 2026-11.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.channels.http import Answer
from syndicate.channels.mastodon_answers import Status, Statuses
from syndicate.errors import Transient

PAGE = 40
"""Most statuses a page gives."""
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Listing:
    """How an account's statuses are read: `get` asks for a path and checks the answer."""

    get: Callable[[str], Awaitable[Answer]]
    account_id: str
    place: str

    async def since(self, since: datetime, *, most_pages: int, has_replies: bool = False) -> AsyncIterator[Status]:
        """The account's own statuses since then, without reblogs, newest first.

        Raises:
            NetworkError: they could not be read; Transient also where there are more than so many pages.
        """
        replies = "false" if has_replies else "true"
        kinds = f"exclude_replies={replies}&exclude_reblogs=true"
        path = f"/api/v1/accounts/{self.account_id}/statuses?limit={PAGE}&{kinds}"
        oldest = ""
        for _ in range(most_pages):
            page = (await self.get(path + oldest)).read(Statuses).root
            for status in page:
                if status.created_at < since - CLOCKS_DIFFER:
                    return
                yield status
            if not page:
                return
            oldest = f"&max_id={page[-1].id}"
        raise Transient(f"{self.place}: more than {most_pages * PAGE} posts since then, cannot read back so far")
