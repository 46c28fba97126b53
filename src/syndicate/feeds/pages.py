"""The documents for people and crawlers beside the feeds: share pages, the map of the site, what robots may. Pure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from syndicate.feeds.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from syndicate.feeds.catalogue import Catalogue
    from syndicate.feeds.feed import Feed
    from syndicate.feeds.share import Share
    from syndicate.feeds.site import Site


class Pages:
    """Share pages and what lists them, for the items of a catalogue."""

    def __init__(self, site: Site, catalogue: Catalogue) -> None:
        from syndicate.feeds.share import Shares

        self._site = site
        self._shares = Shares(site, catalogue)

    def documents(self, feeds: Sequence[Feed]) -> Iterator[Document]:
        """Share pages, the newest item first; then the map of the site and `robots.txt` where asked for."""
        from syndicate.feeds.share import page_path

        rules = self._site.pages
        has_shares = rules.share != "off" and "html" in self._site.formats
        shares = tuple(self._shares.all()) if has_shares else ()
        for share in shares:
            yield Document(page_path(share), share, partial(self._page, share))
        if rules.has_filter and "html" in self._site.formats:
            from syndicate.feeds.formats import SCRIPT
            from syndicate.feeds.page import filter_script

            yield Document(SCRIPT, None, filter_script)
        if rules.has_sitemap:
            yield from self._sitemaps(feeds, shares)
        if rules.has_robots:
            from syndicate.feeds.sitemap import ROBOTS, robots

            yield Document(ROBOTS, None, partial(robots, self._site))

    def _page(self, share: Share) -> bytes:
        from syndicate.feeds.page import rendered
        from syndicate.feeds.share import share_page

        return share_page(share, self._site, rendered)

    def _sitemaps(self, feeds: Sequence[Feed], shares: Sequence[Share]) -> Iterator[Document]:
        from syndicate.feeds.share import shared_of
        from syndicate.feeds.sitemap import places_of, sitemaps

        told = (shared_of(share.item, self._site) for share in shares)
        for path, content in sitemaps(places_of(feeds, told, self._site), self._site):
            yield Document(path, content, partial(bytes, content))
