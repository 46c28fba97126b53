"""The site as its readers reach it: home page, feeds, hubs, and the newest item's page as networks read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from msgspec import Struct, field

from syndicate.doctor.finding import Finding, Level
from syndicate.errors import NetworkError
from syndicate.items.links import is_loopback
from syndicate.ports.web import Page, Sight

ABOUT = "site"

SHORT_CERTIFICATE = timedelta(days=14)
"""Let's Encrypt renews 30 days before the end; whoever has less than this does not renew."""

NEEDED_TAGS = ("og:title", "og:url", "og:image")
"""What a card cannot do without (The Open Graph protocol, "Basic Metadata", less the type). Read 2026-11."""

_ALSO = {
    "application/rss+xml": ("application/xml", "text/xml"),
    "application/atom+xml": ("application/xml", "text/xml"),
    "application/feed+json": ("application/json",),
}
"""Other types that readers take."""


class Premises(Struct, frozen=True):
    """Where the site can be reached.

    `feeds` maps addresses of one feed in every format to their media types. `share` is the page that networks read of
    the newest item, None if there is none. `hub_errors` are the last words of hubs that took no ping since.
    `is_open`: a publisher runs here, so that what it serves must answer.
    """

    url: str
    feeds_url: str
    feeds: Mapping[str, str]
    hubs: tuple[str, ...] = ()
    hub_errors: Mapping[str, str] = field(default_factory=dict)
    share: str | None = None
    is_open: bool = False


async def site_findings(premises: Premises, sight: Sight) -> AsyncIterator[Finding]:
    """The home page: there, over https, at the address that is written everywhere."""
    if is_loopback(premises.url):
        words = f"`site.url` is {premises.url}, which leads nobody else here; feeds and posts name it"
        yield Finding(Level.NOTE, "D-SITE", ABOUT, words, "set `site.url` to the public address of the site")
        return
    if is_example(premises.url):
        words = f"`site.url` is {premises.url}, an address of examples that leads nowhere; feeds and posts name it"
        yield Finding(Level.NOTE, "D-SITE", ABOUT, words, "set `site.url` to the public address of the site")
        return
    if not premises.url.startswith("https:"):
        words = (
            f"`site.url` is {premises.url}: pages over http are marked unsafe, and some networks make no cards of them"
        )
        yield Finding(Level.WARNING, "D-HTTPS", ABOUT, words, "serve it over https, and write https in `site.url`")
    yield await _page_finding("D-SITE", "`site.url`", premises.url, sight)
    async for finding in certificate_findings(premises.url, sight):
        yield finding


async def certificate_findings(url: str, sight: Sight) -> AsyncIterator[Finding]:
    """Until when a certificate of ours holds; nothing where there is none, or it cannot be reached."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return
    try:
        reached = await sight.reach(f"https://{parts.netloc}")
    except NetworkError:
        return  # the page's own finding tells it
    if reached.certificate_until is not None:
        yield certificate_finding(parts.netloc, reached.certificate_until, reached.read_at)


def certificate_finding(host: str, until: datetime, now: datetime) -> Finding:
    """Whether a certificate is renewed in time."""
    facts = {"until": until}
    if until - now < SHORT_CERTIFICATE:
        words = f"the certificate of {host} ends {until:%Y-%m-%d}: then nobody can read site and feeds any more"
        return Finding(Level.WARNING, "D-CERTIFICATE", ABOUT, words, "see why it is not renewed by itself", facts)
    return Finding(
        Level.OK, "D-CERTIFICATE", ABOUT, f"the certificate of {host} holds until {until:%Y-%m-%d}", facts=facts
    )


async def feed_findings(premises: Premises, sight: Sight) -> AsyncIterator[Finding]:
    """The feed of everything under its public address: there, of the right type, and sent only when it changed."""
    is_local = is_loopback(premises.feeds_url)
    if is_local:
        words = f"`feeds.url` is {premises.feeds_url}, which only this machine can read"
        remedy = "set `feeds.url` to the public address, and pass it on to the feed server (docs/how-to/serve.md)"
        yield Finding(Level.NOTE, "D-FEEDS-URL", ABOUT, words, remedy)
    for address, media_type in premises.feeds.items():
        try:
            page = await sight.page(address)
        except NetworkError as error:
            if is_local and not premises.is_open:
                words = "no publisher runs, so that the feeds were not read over HTTP"
                yield Finding(Level.NOTE, "D-FEED", ABOUT, words, "`syndicate run` serves them")
            else:
                remedy = "see that the web server runs and passes that address on (docs/how-to/serve.md)"
                yield Finding(Level.PROBLEM, "D-FEED", ABOUT, f"{address}: {error}", remedy)
            return
        yield _feed_finding(address, media_type, page)
        if page.status == 200:
            yield await _conditional_finding(address, page, sight)


async def hub_findings(premises: Premises, sight: Sight) -> AsyncIterator[Finding]:
    """Whether hubs are there: they take messages only, so that any answer of their own will do."""
    for hub in premises.hubs:
        remedy = "see whether the hub still exists, or take it out of `feeds.hubs`"
        try:
            page = await sight.page(hub)
        except NetworkError as error:
            yield Finding(Level.PROBLEM, "D-HUB", ABOUT, f"the hub {hub} cannot be reached: {error}", remedy)
            continue
        if page.status >= 500 or page.status == 404:
            words = f"the hub {hub} answers {page.status}"
            yield Finding(Level.WARNING, "D-HUB", ABOUT, words, remedy)
        elif hub in premises.hub_errors:
            words = f"the hub {hub} answers, but did not take the last ping: {premises.hub_errors[hub]}"
            yield Finding(Level.WARNING, "D-HUB", ABOUT, words, "it is told again by itself; see what it asks for")
        else:
            yield Finding(Level.OK, "D-HUB", ABOUT, f"the hub {hub} answers")


async def share_findings(premises: Premises, sight: Sight) -> AsyncIterator[Finding]:
    """The page that networks read when they make a card of the newest item's link."""
    url = premises.share
    if url is None or is_example(url) or (is_loopback(url) and not premises.is_open):
        return
    try:
        page = await sight.page(url)
    except NetworkError as error:
        yield Finding(Level.WARNING, "D-SHARE", ABOUT, f"the newest item's page {url}: {error}", _NO_CARD)
        return
    if page.status != 200:
        words = f"the newest item's page {url} answers {_status(page)}"
        yield Finding(Level.WARNING, "D-SHARE", ABOUT, words, _NO_CARD)
        return
    tags = tags_in(page.body)
    missing = [name for name in NEEDED_TAGS if not tags.get(name)]
    if missing:
        words = f"the newest item's page {url} has no {', '.join(missing)}, so that networks make a poor card or none"
        yield Finding(Level.WARNING, "D-SHARE", ABOUT, words, "add these tags to the site's template")
    else:
        words = f"the newest item's page {url} has title, address and picture for a card"
        yield Finding(Level.OK, "D-SHARE", ABOUT, words)
    if tags.get("og:image"):
        yield await _picture_finding(urljoin(url, tags["og:image"]), sight)


def is_example(url: str) -> bool:
    """Whether the address is one that can never lead anywhere (RFC 2606, section 2 and 3; RFC 6761)."""
    host = f".{(urlsplit(url).hostname or '').rstrip('.')}"
    return host.endswith((".example", ".invalid", ".test", ".example.com", ".example.net", ".example.org"))


def tags_in(content: bytes) -> dict[str, str]:
    """The first of each `og:` and `twitter:` tag in a page."""
    reader = _Tags()
    reader.feed(content.decode("utf-8", "replace"))
    return reader.found


class _Tags(HTMLParser):
    """Collects `meta` elements with a `property` or `name`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Hear of an element."""
        if tag != "meta":
            return
        told = dict(attrs)
        name = (told.get("property") or told.get("name") or "").lower()
        if name.startswith(("og:", "twitter:")):
            self.found.setdefault(name, (told.get("content") or "").strip())


_NO_CARD = "networks that read it make no card of the link; see that the page is there before items are posted"


async def _page_finding(code: str, setting: str, url: str, sight: Sight) -> Finding:
    try:
        page = await sight.page(url)
    except NetworkError as error:
        remedy = f"see that the web server runs, or correct {setting}"
        return Finding(Level.PROBLEM, code, ABOUT, f"{url}: {error}", remedy)
    if page.status == 200:
        return Finding(Level.OK, code, ABOUT, f"{url} answers")
    if 300 <= page.status < 400:
        words = f"{url} answers {_status(page)}: every reader is sent on each time"
        return Finding(Level.WARNING, code, ABOUT, words, f"write the final address in {setting}")
    remedy = f"correct {setting}, or the web server"
    return Finding(Level.PROBLEM, code, ABOUT, f"{url} answers {_status(page)}", remedy)


def _feed_finding(address: str, media_type: str, page: Page) -> Finding:
    if page.status == 404:
        remedy = "let the publisher write them (`syndicate feeds build`), and see that the address leads to its folder"
        return Finding(Level.PROBLEM, "D-FEED", ABOUT, f"{address} is not there", remedy)
    if page.status != 200:
        remedy = "write the final address in `feeds.url`" if page.status < 400 else "see the web server's own log"
        return Finding(Level.PROBLEM, "D-FEED", ABOUT, f"{address} answers {_status(page)}", remedy)
    told = page.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if told not in (media_type, *_ALSO.get(media_type, ())):
        words = f"{address} is sent as {told or 'nothing'}, not as {media_type}: readers may not take it for a feed"
        return Finding(Level.WARNING, "D-FEED", ABOUT, words, "set the type in the web server (docs/how-to/serve.md)")
    return Finding(Level.OK, "D-FEED", ABOUT, f"{address} is there, as {told}")


async def _conditional_finding(address: str, page: Page, sight: Sight) -> Finding:
    """Readers come every few minutes: whoever has the feed must be told so in a few bytes."""
    asked = {
        name: page.headers[source]
        for name, source in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
        if page.headers.get(source)
    }
    remedy = "let the web server pass on ETag, Last-Modified and If-None-Match (docs/how-to/serve.md)"
    if not asked:
        words = f"{address} has neither ETag nor Last-Modified: every reader loads all of it each time"
        return Finding(Level.WARNING, "D-CONDITIONAL", ABOUT, words, remedy)
    try:
        again = await sight.page(address, asked)
    except NetworkError as error:
        return Finding(Level.WARNING, "D-CONDITIONAL", ABOUT, f"{address}, asked a second time: {error}", remedy)
    if again.status != 304:
        words = f"{address} is sent again to who has it ({again.status}, where 304 is due)"
        return Finding(Level.WARNING, "D-CONDITIONAL", ABOUT, words, remedy)
    return Finding(Level.OK, "D-CONDITIONAL", ABOUT, f"{address} is sent only when it changed")


async def _picture_finding(url: str, sight: Sight) -> Finding:
    try:
        page = await sight.page(url)
    except NetworkError as error:
        return Finding(Level.WARNING, "D-PICTURE", ABOUT, f"the card's picture {url}: {error}", _NO_PICTURE)
    kind = page.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if page.status != 200 or not kind.startswith("image/"):
        words = f"the card's picture {url} answers {_status(page)} as {kind or 'nothing'}"
        return Finding(Level.WARNING, "D-PICTURE", ABOUT, words, _NO_PICTURE)
    return Finding(Level.OK, "D-PICTURE", ABOUT, f"the card's picture {url} is there, as {kind}")


_NO_PICTURE = "cards will have no picture; see that everybody can load it"


def _status(page: Page) -> str:
    target = page.headers.get("Location", "")
    return f"{page.status} and points to {target}" if target and 300 <= page.status < 400 else str(page.status)
