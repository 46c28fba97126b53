"""Links: which may be published, how they are spelt, and when two of them lead to the same page. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

from syndicate.later import compiled

# Parameters that only tell where a click came from; matched as names, `*` at the end as a prefix.
TRACKING = (
    *("utm_*", "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "mc_cid", "mc_eid", "igshid", "twclid"),
    *("yclid", "_hsenc", "_hsmi", "mkt_tok", "oly_anon_id", "oly_enc_id", "vero_id", "wickedid", "cmpid"),
)

_HOST = compiled(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.?\Z")
_IPV6 = compiled(r"\[[0-9a-f:.]+\]\Z")
_KEPT = "%/:=&?~#+!$,;'@()*[]"  # RFC 3986 section 2.2 and the percent sign: what is escaped already stays so
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?"
_REST = r"[A-Za-z0-9/._~%&=+!$,'@:()*-]"
_READY = re.compile(rf"(?P<origin>https?://{_LABEL}(?:\.{_LABEL})+)(?:/{_REST}*)?(?:\?{_REST}+)?(?:#{_REST}+)?")
"""Addresses that need no change, as most."""
_ROOTED = re.compile(rf"/(?!/){_REST}*(?:\?{_REST}+)?(?:#{_REST}+)?")
_PLAIN = re.compile(rf"https?://(?P<host>{_LABEL}(?:\.{_LABEL})+)(?P<path>(?:/[A-Za-z0-9._~&=+!$,'@:()*-]+)*)/?")
"""Addresses of which scheme and `www.` alone do not count, as most."""
_HIDES = re.compile(r"[\x00-\x1f\x7f\\]")
_ESCAPED = compiled(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")  # RFC 3986, 2.3


def usable(url: str) -> str | None:
    """The absolute http(s) URL, percent-encoded where it must be and otherwise as written; None if it is none.

    URLs with a user name are refused: they deceive readers and hold secrets.
    """
    url = url.strip()
    if _READY.fullmatch(url):
        return url
    parts = _split(url)
    if parts is None or parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc:
        return None
    host = _ascii_host(parts)
    if host is None:
        return None
    rest = urlunsplit(("", "", parts.path, parts.query, parts.fragment))
    return f"{parts.scheme}://{host}" + quote(rest, safe=_KEPT)


def absolute(base: str | None, link: str) -> str | None:
    """A link of a page at `base` as an absolute http(s) or mailto URL; None if it can be none."""
    link = link.strip()
    if _READY.fullmatch(link):  # it needs no base
        return link
    if _ROOTED.fullmatch(link) and "/." not in link and (origin := origin_of(base or "")):
        return origin + link
    if link[:7].lower() == "mailto:":
        return quote(link, safe=_KEPT)
    try:
        return usable(urljoin(base or "", link))
    except ValueError:  # urljoin on broken IPv6 brackets
        return None


def page_at(site_url: str, place: str) -> str | None:
    """The address of a place on the site: `site_url` plus a path, or the place itself if it is a URL.

    None if the site has no address, or the path climbs (`..`, also escaped) or hides something.
    """
    if _ROOTED.fullmatch(place) and "." not in place and "%" not in place and (base := _base(site_url)):
        return base + place  # as most
    return _page_at(site_url, place)


@lru_cache(maxsize=4096)  # a store names few topics and products, and names them often
def _page_at(site_url: str, place: str) -> str | None:
    place = place.strip()
    if _ABSOLUTE.match(place):
        return usable(place)
    if not site_url or not is_safe_path(place):
        return None
    return usable(f"{site_url.rstrip('/')}/{place.lstrip('/')}")


def is_safe_path(path: str) -> bool:
    """Whether a path stays below where it begins, however often it is unescaped."""
    for _ in range(4):
        if _HIDES.search(path) or ".." in path.split("/"):
            return False
        path, former = unquote(path), path
        if path == former:
            return True
    return False


def link_key(url: str, tracking: Sequence[str] = TRACKING) -> str:
    """The key under which two spellings of one page's URL are equal; not itself a link.

    Scheme, `www.`, default port, fragment, trailing slash, order of the query, and tracking parameters do not count.
    """
    url = url.strip()
    if plain := _PLAIN.fullmatch(url):
        return plain["host"].removeprefix("www.") + plain["path"]
    parts = _split(url)
    host = _ascii_host(parts) if parts is not None else None
    if parts is None or host is None:
        return url
    host = host.removesuffix(f":{_DEFAULT_PORTS.get(parts.scheme)}").removeprefix("www.")
    path = re.sub("/{2,}", "/", _tidied(parts.path)).rstrip("/")
    pairs = sorted(pair for pair in _tidied(parts.query).split("&") if pair and not _is_tracking(pair, tracking))
    query = "?" + "&".join(pairs) if pairs else ""
    fragment = "#" + parts.fragment if parts.fragment.startswith("!") else ""  # old single-page sites
    return f"{host}{path}{query}{fragment}"


def is_same_page(one: str, other: str) -> bool:
    """Whether two URLs are spellings of one page's."""
    hosts = {origin.partition("//")[2].removeprefix("www.") for origin in (origin_of(one), origin_of(other))}
    if len(hosts) > 1 and "" not in hosts:  # as most: an article elsewhere
        return False
    return link_key(one) == link_key(other)


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """The URL with further parameters in its query; of a name that it has already, its own value stays."""
    parts = _split(url)
    if parts is None or not parameters:
        return url
    there = {unquote(pair.partition("=")[0]) for pair in parts.query.split("&")}
    added = [f"{name}={quote(value, safe='')}" for name, value in parameters.items() if name not in there]
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, *added)))))


def without_tracking(url: str, tracking: Sequence[str] = TRACKING) -> str:
    """The URL without the parameters that only tell where a click came from; else as it is written."""
    parts = _split(url)
    if parts is None or not parts.query:
        return url
    kept = [pair for pair in parts.query.split("&") if not _is_tracking(pair, tracking)]
    return urlunsplit(parts._replace(query="&".join(kept)))


def is_loopback(url: str) -> bool:
    """Whether an address names this very machine, so that nobody else finds anything there."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@lru_cache(maxsize=64)  # a page has many links
def origin_of(base: str) -> str:
    """Scheme and host of an address that needs no change; empty of any other."""
    match = _READY.fullmatch(base)
    return match["origin"] if match is not None else ""


def host_of(url: str) -> str:
    """The host of a usable URL without `www.`, as an outlet is called."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


@lru_cache(maxsize=64)
def _base(site_url: str) -> str:
    """A site's address that needs no change, for paths to follow; empty of any other."""
    base = site_url.rstrip("/")
    return base if _READY.fullmatch(base) and "?" not in base and "#" not in base else ""


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:  # broken IPv6 brackets, a host that changes under NFKC
        return None


def _ascii_host(parts: SplitResult) -> str | None:
    """Host and port in lower-case ASCII, or None if they cannot be a host."""
    try:
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return None
    if ":" in host:
        host = f"[{host}]"
    if not (_HOST.match(host) or _IPV6.match(host)):
        return None
    return f"{host}:{port}" if port is not None else host


def _tidied(text: str) -> str:
    """Percent-encoding in one spelling: unreserved characters plain, the others escaped with capitals."""

    def one(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if char in _UNRESERVED else match[0].upper()

    return _ESCAPED.sub(one, quote(text, safe=_KEPT))


def _is_tracking(pair: str, tracking: Sequence[str]) -> bool:
    name = pair.partition("=")[0].casefold()
    return any(name.startswith(rule[:-1]) if rule.endswith("*") else name == rule for rule in tracking)
