"""What a generator's tags stand for outside it: a figure, a video, code, an address; nothing for all others. Pure."""

from __future__ import annotations

import html
import posixpath
import re
from urllib.parse import quote, urlsplit

from msgspec import Struct

from syndicate.items.rules import POST_PAGE
from syndicate.later import compiled

_ARGUMENT = compiled(
    r"""(?>(?:(?P<name>[A-Za-z_][\w-]*+)\s*+[=:]\s*+)?)(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|`(?P<raw>[^`]*+)`"""
    r"""|(?P<bare>[^\s,"'`()]++))"""
)
_PICTURE_NAME = compiled(r"fig|img|image|picture|photo|lightbox", re.IGNORECASE)
_PICTURE_FILE = compiled(r"\.(?:jpe?g|png|gif|webp|avif|svg)(?:[?#].*)?\Z", re.IGNORECASE)
_SOURCES = ("src", "image_path", "image", "path", "url", "file", "name", "link", "href")
_DATED = compiled(r"(?:.*/)?(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})-(?P<slug>[^/]+?)(?:\.\w+)?\Z")
_EMBEDDED = compiled(
    r"(?:https?:)?//(?:www\.)?(?:youtube(?:-nocookie)?\.com/embed/(?P<youtube>[\w-]+)"
    r"|player\.vimeo\.com/video/(?P<vimeo>\d+))"
)

_VIDEOS = {
    "youtube": "https://www.youtube.com/watch?v={}",
    "youtubelite": "https://www.youtube.com/watch?v={}",
    "youtubevideo": "https://www.youtube.com/watch?v={}",
    "yt": "https://www.youtube.com/watch?v={}",
    "vimeo": "https://vimeo.com/{}",
    "instagram": "https://www.instagram.com/p/{}/",
    "tweet": "https://x.com/i/status/{}",
    "twitter": "https://x.com/i/status/{}",
    "x": "https://x.com/i/status/{}",
    "gist": "https://gist.github.com/{}",
    "codepen": "https://codepen.io/pen/{}",
    "asciinema": "https://asciinema.org/a/{}",
}
_KEYS = ("id", "videoid", "video", "tweetid", "url", "href", "src", "code")

CODE = frozenset({"highlight", "code", "codeblock", "mermaid", "plantuml", "graphviz", "katex", "math", "chart"})
"""Pairs that hold code, never prose."""
UNSEEN = frozenset({"comment", "capture", "for", "javascript", "stylesheet", "schema", "macro"})
"""Pairs whose content is not meant to be read as it stands."""

_ADDRESSES = {"ref", "relref"}
_FILES = {"link", "post_url"}


class Places(Struct, frozen=True, gc=False):
    """Where addresses of a site lead.

    `site_url` is the site's address, empty if it has none. `post_page` is a dated post's page below it, with the slots
    year, month, day and slug: Jekyll's way to a post by its file name, by its own default.
    """

    site_url: str = ""
    post_page: str = POST_PAGE

    @property
    def origin(self) -> str:
        """What Jekyll calls `site.url`."""
        parts = urlsplit(self.site_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    @property
    def folder(self) -> str:
        """What Jekyll calls `site.baseurl`."""
        return urlsplit(self.site_url).path.rstrip("/")


NOWHERE = Places()
"""Of a site without an address."""


def meaning(name: str, arguments: str, places: Places) -> str:
    """The HTML, or the address, that a tag stands for; empty if it stands for nothing.

    Args:
        name: of the shortcode, tag or component.
        arguments: as written after it, positional or `name=value` or `name: value`.
        places: where addresses lead.
    """
    name = name.casefold()
    if name in {"include", "include_cached"}:
        file, _, arguments = arguments.strip().partition(" ")
        name = posixpath.basename(file.strip("\"'")).partition(".")[0].casefold()
    if name in _ADDRESSES:
        return page_of(next(iter(_positional(arguments)), ""), places)
    if name in _FILES:
        return _file(arguments.strip().strip("\"'"), places)
    named = {match["name"].casefold(): _value(match) for match in _matches(arguments) if match["name"]}
    return embedded(name, named, _positional(arguments)) or pictured(name, named, _positional(arguments))


def embedded(name: str, named: dict[str, str], positional: list[str]) -> str:
    """A plain link in the place of a video, a post or a snippet of another site; empty if the tag is none."""
    name = name.casefold().replace("-", "").replace("_", "")
    if name in {"video", "embed"}:
        name = named.get("provider", "youtube").casefold()
    if name not in _VIDEOS:
        return ""
    key = next((named[key] for key in _KEYS if named.get(key)), "") or "/".join(
        positional[: 2 if name == "gist" else 1]
    )
    if not key:
        return ""
    return _anchor(key if "://" in key else _VIDEOS[name].format(quote(key, safe="/")))


def framed(address: str) -> str:
    """A plain link in the place of a video's frame; empty for any other frame."""
    match = _EMBEDDED.match(address)
    return _anchor(_VIDEOS[str(match.lastgroup)].format(match[str(match.lastgroup)])) if match else ""


def pictured(name: str, named: dict[str, str], positional: list[str]) -> str:
    """The image that a tag shows, with its caption; empty if it shows none."""
    if not _PICTURE_NAME.search(name):
        return ""
    candidates = [named[key] for key in _SOURCES if named.get(key)] + positional
    source = next((text for text in candidates if _PICTURE_FILE.search(text)), named.get("src", ""))
    if not source:
        return ""
    said = positional[positional.index(source) + 1 :] if source in positional else []
    caption = named.get("caption") or named.get("title") or ""
    alt = named.get("alt") or caption or next(iter(said), "")
    image = f'<img src="{_attribute(source)}" alt="{_attribute(alt)}">'
    if not caption:
        return image
    return f"<figure>{image}<figcaption>{html.escape(caption, quote=False)}</figcaption></figure>"


def page_of(file: str, places: Places) -> str:
    """The page that Hugo makes of a file: `post/my-first.md#part` lies at `/post/my-first/#part`."""
    path, mark, fragment = file.partition("#")
    stem = re.sub(r"(?:(?:^|/)_?index)?\.(?:md|markdown|mdx|html)\Z", "", path, flags=re.IGNORECASE)
    if stem and not stem.endswith("/"):
        stem += "/"
    if stem.startswith("/"):
        stem = places.folder + stem
    elif stem and "/" in stem[:-1] and not stem.startswith("."):
        stem = f"{places.folder}/{stem}"
    elif stem and not stem.startswith("."):
        stem = f"../{stem}"
    return quote(stem + mark + fragment, safe="/#%.~-_")


def code(text: str) -> str:
    """Code as HTML that Markdown leaves alone."""
    return f"\n\n<pre><code>{html.escape(text.strip(chr(10)), quote=False)}\n</code></pre>\n\n"


def _file(name: str, places: Places) -> str:
    match = _DATED.match(name)
    if match is not None:
        slots = {**match.groupdict(), "month": match["month"].zfill(2), "day": match["day"].zfill(2)}
        return places.folder + re.sub(
            r"\{(year|month|day|slug)\}", lambda slot: quote(slots[slot[1]]), places.post_page
        )
    page = re.sub(r"(?:(?:^|(?<=/))index)?\.(?:md|markdown)\Z", "", name)
    return f"{places.folder}/{quote(page.lstrip('/'))}"


def _anchor(url: str) -> str:
    return f'<a href="{_attribute(url)}">{html.escape(url, quote=False)}</a>'


def _attribute(text: str) -> str:
    return html.escape(html.unescape(text).replace("\n", " "))


def _positional(arguments: str) -> list[str]:
    return [_value(match) for match in _matches(arguments) if not match["name"]]


def _matches(arguments: str) -> list[re.Match[str]]:
    return list(_ARGUMENT.finditer(arguments))


def _value(match: re.Match[str]) -> str:
    return next(text for text in match.group("double", "single", "raw", "bare") if text is not None)
