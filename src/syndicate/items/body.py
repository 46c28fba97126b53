"""Bodies: Markdown or HTML made into safe HTML with absolute links, and the plain text in it. Pure."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from syndicate.items.links import absolute
from syndicate.items.plain import BLOCKS, collapsed, sound, untagged
from syndicate.items.rules import Format
from syndicate.items.shortcodes import NOWHERE, Places
from syndicate.items.spotless import spotless
from syndicate.items.templating import is_mdx, more_at, untemplated
from syndicate.items.wellformed import wellformed
from syndicate.later import compiled

if TYPE_CHECKING:
    import nh3
    import pyromark

LIMIT_HTML = 2_000_000
"""Most characters of HTML that is cleaned; the largest bodies of real stores have 850,000 of Markdown."""
LIMIT_TAGS = 100_000
LIMIT_LINKS = 5_000
"""Most links and images of a body; the addresses of further ones are dropped. Each costs about 50 µs."""
LIMIT_EXCERPT = 64_000
"""What stands before `<!--more-->` is no excerpt if it is longer than this."""

# So few tags make a parser little work however they stand; such a body reaches it as written, and most do.
_FEW_TAGS, _SHORT = 256, 64_000
_ANY_TAG = compiled(r"</?[A-Za-z][A-Za-z0-9]*(?:[\s/][^<>]*)?>")

# All that safe HTML holds, the ampersand last.
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&nbsp;", "\u00a0"), ("&amp;", "&"))

_TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details", "dfn", "div", "dl"),
    *("dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li"),
    *("mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strong", "sub", "summary", "sup", "table"),
    *("tbody", "td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "var"),
}
_ATTRIBUTES = {
    "*": {"lang", "dir"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
_WITH_CONTENT = {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title", "textarea"}

_IS_HTML = re.compile(
    r"\s*<(?:p|div|h[1-6]|ul|ol|table|blockquote|figure|section|article|pre|main|span|a|img|strong|em|b|i)[\s>]",
    re.IGNORECASE,
)
# Blanks behind a tag, and the paragraph that begins there, go with it: that saves as many double blanks. It must begin
# with the bracket, so that it is found quickly.
_BLOCK = re.compile(rf"</?(?:{'|'.join(sorted(_TAGS & BLOCKS, key=len))})(?: [^<>]*)?>[ \n]*+(?:<p>)?")
_ANY_SAFE_TAG = re.compile("<[^<>]*>")
_IMAGE = compiled(r'<img\b(?:[^<>]*?\balt="(?P<alt>[^"<>]*)")?')
_INDENTED = compiled(r"^[ \t>]*(?: {4}|\t)", re.MULTILINE)
_INDENTS = compiled(rb"^[ \t]+(?=[^ \t\n])", re.MULTILINE)
_INDENTED_CODE = {"Start": {"CodeBlock": "Indented"}}
_FOOTNOTE = compiled(r"\[\^[^\]\s]{1,80}\]")
_NOTED = compiled(r"<sup><a(?: [^<>]*)?>\d+</a></sup>|(?<=<div>)<sup>\d+</sup>")


_NAMED = {
    **{one.value: one for one in Format},
    **{"md": Format.MARKDOWN, "goldmark": Format.MARKDOWN, "mdx": Format.MARKDOWN, "htm": Format.HTML},
}


def format_of(name: str) -> Format | None:
    """The format that a file names (Hugo's `markup`), None if it names none that we read."""
    return _NAMED.get(name.casefold()) if name else None


class SafeBody(Struct, frozen=True, gc=False):
    """A body as safe HTML, and what stands before its `<!--more-->`, empty without one.

    `problem`: why it is only its text, in words that follow "the body"; empty if it is not.
    `first_image`: address, as written, and alt text of the first image; both empty without one.
    """

    html: str
    problem: str = ""
    excerpt: str = ""
    first_image: tuple[str, str] = ("", "")


def safe_body(
    text: str,
    base: str | None,
    *,
    path: str = "",
    written: Format = Format.AUTO,
    more: Sequence[str] = (),
    places: Places = NOWHERE,
) -> SafeBody:
    """The body as safe HTML: an allow-list of tags, no scripts, links absolute; a link that cannot be is dropped.

    What would cost more than about a second, or lose text, is not rendered: all its text is kept, as paragraphs.

    Args:
        text: Markdown with HTML in it, or HTML alone.
        base: the address that relative links count from, if there is one.
        path: the file's name, which may tell how it is written.
        written: Markdown or HTML, if that is known.
        more: marks that end the excerpt, besides `<!-- more -->`.
        places: where the site's own addresses lead.
    """
    text = sound(text)
    has_html = _is_html(text, path, written)
    has_components = not has_html and is_mdx(text, path)
    text = untemplated(text, path=path, is_html=has_html, places=places)
    more_place = more_at(text, marks=more, is_html=has_html)
    rendered = text if has_html else _rendered(text, has_components)
    problem = _oversize(rendered)
    if problem:
        return SafeBody(_as_text(text), problem)
    excerpt = _FOOTNOTE.sub("", text[:more_place]) if 0 < more_place <= LIMIT_EXCERPT else ""
    before = excerpt if has_html else _rendered(excerpt, has_components)
    sources: list[str] = []
    clean = _cleaned(rendered, base, sources)
    image = _IMAGE.search(clean) if sources else None
    first_image = (sources[0], html.unescape(image["alt"] or "")) if image is not None else ("", "")
    return SafeBody(clean, "", _cleaned(before, base) if before else "", first_image)


def body_html(text: str, base: str | None) -> str:
    """The HTML of `safe_body`."""
    return safe_body(text, base).html


def _cleaned(text: str, base: str | None, sources: list[str] | None = None) -> str:
    """Safe HTML; the addresses of images, as written, go to `sources`."""
    is_large = len(text) > _SHORT or text.count("<") > _FEW_TAGS
    clean = None if is_large else spotless(text, base)
    if clean is None:
        text = wellformed(text, tags=_TAGS, whole=_WITH_CONTENT) if is_large else text
        clean = _CLEANING.clean(text, base, [] if sources is None else sources)
    return sound(clean).strip()  # again: `&#8;` has become a control character by now


class _Cleaning(threading.local):
    """A cleaner for each thread: to make one costs as much as to clean a usual body with it."""

    def __init__(self) -> None:
        self._cleaner: nh3.Cleaner | None = None
        self._base: str | None = None
        self._sources: list[str] = []
        self._links = 0

    def clean(self, text: str, base: str | None, sources: list[str]) -> str:
        """Safe HTML; the addresses of images, as written, go to `sources`."""
        self._base, self._sources, self._links = base, sources, 0
        if self._cleaner is None:
            self._cleaner = self._made()
        return self._cleaner.clean(text)

    def _made(self) -> nh3.Cleaner:
        import nh3

        return nh3.Cleaner(
            tags=_TAGS,
            clean_content_tags=_WITH_CONTENT,
            attributes=_ATTRIBUTES,
            attribute_filter=self._rewritten,
            link_rel=None,
            url_schemes={"http", "https", "mailto"},
        )

    def _rewritten(self, tag: str, attribute: str, value: str) -> str | None:
        if attribute not in {"href", "src"}:
            return value
        if attribute == "src":
            self._sources.append(value)
        self._links += 1
        return absolute(self._base, value) if self._links <= LIMIT_LINKS else None


_CLEANING = _Cleaning()


def is_html(text: str) -> bool:
    """Whether a body is HTML through and through, so that Markdown would only spoil it."""
    return bool(_IS_HTML.match(text)) and text.rstrip().endswith(">")


def text_of(markup: str) -> str:
    """The plain text in safe HTML, as one line."""
    markup = _NOTED.sub("", markup) if "<sup>" in markup else markup
    text = _ANY_SAFE_TAG.sub("", _BLOCK.sub(" ", markup))
    if "<" in text or ">" in text:  # it is not that safe: a bracket in an attribute, for example
        text = untagged(markup)
    for entity, char in _ENTITIES if "&" in text else ():
        text = text.replace(entity, char)
    return collapsed(text if text.isascii() else sound(text))  # that of safe HTML is sound already


def _oversize(text: str) -> str:
    """The problem of HTML that is too much to be cleaned; empty if it is not."""
    if len(text) > LIMIT_HTML:
        return f"has over {LIMIT_HTML} characters"
    return f"has over {LIMIT_TAGS} tags" if len(text) > LIMIT_TAGS and text.count("<") > LIMIT_TAGS else ""


def _is_html(text: str, path: str, written: Format) -> bool:
    if written is not Format.AUTO:
        return written is Format.HTML
    return path.casefold().endswith((".html", ".htm", ".xhtml")) or is_html(text)


def _rendered(text: str, has_components: bool) -> str:
    """Markdown as HTML; with components it has no code by indentation."""
    import pyromark

    given = pyromark.Options
    options = given.ENABLE_TABLES | given.ENABLE_FOOTNOTES | given.ENABLE_STRIKETHROUGH | given.ENABLE_DEFINITION_LIST
    if has_components and _INDENTED.search(text):
        text = _outdented(text, options)
    return pyromark.html(text, options=options)


def _outdented(text: str, options: pyromark.Options) -> str:
    """Markdown without code by indentation: its lines begin where the text around them does."""
    import pyromark

    data, out, at = text.encode(), [], 0
    for event, place in pyromark.events_with_range(text, options=options):
        if event == _INDENTED_CODE:
            line = data.rfind(b"\n", 0, place["start"]) + 1
            begin = line if data[line : place["start"]].isspace() else place["start"]
            indent = b" " * max(0, place["start"] - begin - 4)
            out += [data[at:begin], _INDENTS.sub(indent, data[begin : place["end"]])]
            at = place["end"]
    return b"".join([*out, data[at:]]).decode()


def _as_text(text: str) -> str:
    """All text of a body as paragraphs, nothing in it read as Markdown."""
    paragraphs = sound(html.unescape(_ANY_TAG.sub(" ", text))).split("\n\n")
    return "\n".join(f"<p>{html.escape(part.strip(), quote=False)}</p>" for part in paragraphs if part.strip())
