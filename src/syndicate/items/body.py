"""Bodies: Markdown or HTML made into safe HTML with absolute links, and the plain text in it. Pure."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from syndicate.items.links import absolute
from syndicate.items.plain import BLOCK_TAG, INLINE_TAG, sound

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

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
_CODE = re.compile(
    r"(```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|<pre[\s>].*?(?:</pre>|\Z)|`[^`\n]+`)", re.DOTALL | re.IGNORECASE
)
# Hugo shortcodes, Liquid and Jekyll tags and values, MDX imports and exports: meaningless outside their generator.
_TEMPLATING = re.compile(r"\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}")
_MDX = re.compile(r"^(?:import\s[^\n]*\sfrom\s+['\"][^\n]*|export\s+(?:const|default|let)\s[^\n]*)$", re.MULTILINE)
_MORE = re.compile(r"<!--\s*more\s*-->", re.IGNORECASE)

_PARAGRAPH = re.compile(r"<p(?:\s[^<>]*)?>(.*?)</p>", re.DOTALL)


def body_html(text: str, base: str | None) -> str:
    """The body as safe HTML: an allow-list of tags, no scripts, links absolute; a link that cannot be is dropped.

    Args:
        text: Markdown with HTML in it, or HTML alone.
        base: the address that relative links count from, if there is one.
    """
    import nh3

    def rewritten(tag: str, attribute: str, value: str) -> str | None:
        return absolute(base, value) if attribute in {"href", "src"} else value

    text = _without_templating(sound(text))
    if not is_html(text):
        text = _markdown().render(text)
    clean = nh3.clean(
        text,
        tags=_TAGS,
        clean_content_tags=_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=rewritten,
        link_rel=None,
        url_schemes={"http", "https", "mailto"},
    )
    return sound(clean).strip()  # again: `&#8;` has become a control character by now


def is_html(text: str) -> bool:
    """Whether a body is HTML through and through, so that Markdown would only spoil it."""
    return bool(_IS_HTML.match(text)) and text.rstrip().endswith(">")


def text_of(markup: str) -> str:
    """The plain text in safe HTML, as one line."""
    return " ".join(sound(html.unescape(INLINE_TAG.sub("", BLOCK_TAG.sub(" ", markup)))).split())


def paragraph_of(markup: str) -> str:
    """The first paragraph of safe HTML that says something, as plain text; all of the text if there is none."""
    for match in _PARAGRAPH.finditer(markup):
        text = text_of(match[1])
        if any(char.isalnum() for char in text):
            return text
    return text_of(markup)


def before_more(text: str) -> str:
    """What stands before `<!--more-->` in a body as written; empty without the mark."""
    match = _MORE.search(text)
    return text[: match.start()] if match else ""


def _without_templating(text: str) -> str:
    if "{" not in text and "import" not in text and "export" not in text:
        return text
    pieces = _CODE.split(text)
    for at in range(0, len(pieces), 2):  # the odd ones are code
        pieces[at] = _MDX.sub("", _TEMPLATING.sub("", pieces[at]))
    return "".join(pieces)


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
