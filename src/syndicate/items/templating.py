"""Bodies as their generator's readers see them: the tags of Hugo, Jekyll, Eleventy and Zola gone or made plain.

Everything outside code is looked at once, from left to right; inside code nothing changes. Components are in `jsx`.
Pure.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Sequence

from syndicate.items.jsx import Components, starts_with_module
from syndicate.items.shortcodes import CODE, NOWHERE, UNSEEN, Places, code, framed, meaning
from syndicate.later import compiled

LIMIT_TAG = 4_000
"""Most characters of one tag; what is longer was never closed."""
LIMIT_TAGS = 20_000
"""Most tags of a body; further ones stay as they are. Each costs about 20 µs."""

_SHARED = (
    r"(?P<whole><(?P<element>(?i:pre|code|script|style))\b)|(?P<comment><!--)|(?P<hugo>\{\{(?P<bracket>[<%]))"
    r"|(?P<liquid>\{%)|(?P<value>\{\{)|(?P<frame><(?i:iframe)\b)|(?P<remark>\{\#(?=[ \t\n-]))"
)
_MARKDOWN = (
    r"(?P<fence>^[ \t>]*+(?>(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?P<mark>```+|~~~+))|(?P<ticks>`+)|(?P<math>\$\$)"
    r"|(?P<list>[ \t]*+\{(?::{1,2}[^{}\n]{0,400}|[#.][\w-][^{}\n|]{0,200})\})"
    r"|(?P<toc>^[ \t]*+(?:(?i:\[\[_?toc_?\]\]|\[toc\]|\$\{toc\})|(?:[-*+]|1\.)"
    r"[^\n]{0,80}\n[ \t]*+\{:\s*+toc[^{}\n]{0,80}\})[ \t]*+$)"
    r"|(?P<admonition>^[ \t]*+:::+[ \t]*+(?>(?P<kind>[A-Za-z][\w-]*+)?)(?P<heading>[^\n:]{0,200})$)"
    r"|(?P<alert>^[ \t]*+>[ \t]*+\[!(?P<mood>\w{1,20})\][+-]?[ \t]*+)"
)
_JSX = r"|(?P<module>^(?:import|export)\b)"
_BRACES = r"|(?P<tag></?[A-Za-z>])|(?P<brace>\{)"

_IN_HTML = re.compile(r"<(?=[!CcSsIi]|[Pp][Rr])(?:(?i:pre|code|script|style|iframe)\b|!--)")
"""What else than braces matters in HTML."""

# With what a token can begin: most characters can be passed by with one look instead of one for each token.
_BEGINNING = r"(?=[ \t>`~$\[:<{*+\-\d]|^[ie])"
_TOKENS = {
    "html": compiled(rf"(?=[<{{])(?:{_SHARED})"),
    "markdown": compiled(rf"{_BEGINNING}(?:{_MARKDOWN}|{_SHARED}{_JSX}|(?P<tag></?[A-Z][a-z]))", re.MULTILINE),
    "mdx": compiled(rf"{_BEGINNING}(?:{_MARKDOWN}|{_SHARED}{_JSX}{_BRACES})", re.MULTILINE),
}
_NAME = compiled(r"-?\s*+(?P<slash>/?)\s*+(?P<name>[\w./-]++)\s*+")
_TICKS = compiled(r"`+")
_CLOSING_FENCE = compiled(r"^[ \t>]*+(```+|~~~+)[ \t]*+$", re.MULTILINE)
_LINES = compiled(r"[^\n]*+\n?")
_ITEM = compiled(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_INDENTED = compiled(r"(?: {4}| {0,3}\t)[ \t]*+\S")
_LITERAL = compiled(r"""\s*+(?:"([^"]*+)"|'([^']*+)')\s*+((?>(?:\|[^|]*+)*))\Z""")
_ADDRESSED = compiled(r"\|\s*(?:relative_url|absolute_url|url|prepend|prepend_root|absURL|relURL|asset_url)\b")
_FRAME_SOURCE = compiled(r"""\bsrc\s*+=\s*+["']?([^"'\s>]++)""", re.IGNORECASE)
_MORE = compiled(r"<!--\s*more\s*-->", re.IGNORECASE)
_COMPONENT = compiled(r"<(?:/?[A-Z][a-z]|(?i:iframe)\b)")
_MODULE = compiled(r"^(?:import|export)\b", re.MULTILINE)
_MODULE_FILE = ".mdx"


def untemplated(text: str, *, path: str = "", is_html: bool = False, places: Places = NOWHERE) -> str:
    """The body without a generator's tags: figures, videos, code and addresses become plain, the rest goes.

    Args:
        text: the body as written, its lines ended by line feeds.
        path: the file's name: `.mdx` has components.
        is_html: no Markdown in it.
        places: where addresses of the site lead.
    """
    if is_html and "{" not in text and _IN_HTML.search(text) is None:
        return text
    if not any(mark in text for mark in ("{", "import", "export", "<", "[toc", "[TOC", ":::", "[!")):
        return text
    dialect = _dialect(text, path, is_html)
    if dialect == "markdown" and not _may_change(text):
        return text
    return _Scanner(text, dialect, places).plain()


def _may_change(text: str) -> bool:
    """Whether Markdown may hold anything that does not stay as it is; plain HTML in it does."""
    if any(mark in text for mark in ("{", ":::", "[!")) or "toc" in text.lower():
        return True
    return bool(_COMPONENT.search(text) or _MODULE.search(text))


def is_mdx(text: str, path: str) -> bool:
    """Whether a body is Markdown with components: by its name, or as it begins with an import."""
    return path.casefold().endswith(_MODULE_FILE) or starts_with_module(text)


def more_at(text: str, *, marks: Sequence[str] = (), is_html: bool = False) -> int:
    """Where the mark that ends the excerpt stands outside code; -1 if there is none.

    Args:
        text: without a generator's tags.
        marks: further marks than `<!-- more -->`.
        is_html: no Markdown in it.
    """
    places = [match.start() for match in _MORE.finditer(text)] if "!" in text and "<!--" in text else []
    for mark in marks:
        at = text.find(mark) if mark.strip() else -1
        places += [at] if at >= 0 else []
    if not places:
        return -1
    spans = _Scanner(text, "html" if is_html else "markdown", NOWHERE).code_spans()
    starts = [start for start, _ in spans]
    for at in sorted(places):
        span = bisect_right(starts, at) - 1
        if span < 0 or at >= spans[span][1]:
            return at
    return -1


def _dialect(text: str, path: str, is_html: bool) -> str:
    if is_html:
        return "html"
    return "mdx" if is_mdx(text, path) else "markdown"


class _Scanner:
    """One pass over a body: what is written is collected, code is jumped over."""

    def __init__(self, text: str, dialect: str, places: Places) -> None:
        self._text = text
        self._dialect = dialect
        self._places = places
        self._out: list[str] = []
        self._code: list[tuple[int, int]] = []
        self._next: dict[str, int] = {}  # where each searched-for text comes next: no second search of the same stretch
        self._runs: dict[int, list[int]] | None = None
        self._components = Components(text, places)
        self._indented = _indented(text) if dialect == "markdown" else []
        self._indents = [start for start, _ in self._indented]

    def plain(self) -> str:
        """The text without tags."""
        self._scan(is_read_only=False)
        return "".join(self._out)

    def code_spans(self) -> list[tuple[int, int]]:
        """Where code begins and ends, in order."""
        self._scan(is_read_only=True)
        return self._code

    def _scan(self, *, is_read_only: bool) -> None:
        pattern, at, done, tags = _TOKENS[self._dialect], 0, 0, 0
        while tags < LIMIT_TAGS and (match := pattern.search(self._text, at)) is not None:
            start = match.start()
            end = self._code_end(match)
            if end > start:
                self._code.append((start, end))
                at = end
                continue
            read = None if is_read_only else self._read(match)
            if read is None:
                at = match.end()
                continue
            at, written = read
            tags += 1
            self._out += [self._text[done:start], written]
            done = at
        self._out.append(self._text[done:])

    def _code_end(self, match: re.Match[str]) -> int:
        """Where the code ends that begins here; -1 if none does."""
        start = match.start()
        span = bisect_right(self._indents, start) - 1
        if span >= 0 and start < self._indented[span][1]:
            return self._indented[span][1]
        match match.lastgroup:
            case "fence":
                return self._fence_end(match)
            case "ticks":
                return self._ticks_end(start, len(match["ticks"]))
            case "whole":
                return self._after(f"</{match['element'].lower()}", match.end())
            case "math":
                end = self._after("$$", match.end())
                return end if end - start <= LIMIT_TAG else -1
        return -1

    def _fence_end(self, match: re.Match[str]) -> int:
        mark = match["mark"]
        line_end = self._text.find("\n", match.end())
        line_end = len(self._text) if line_end < 0 else line_end
        if mark[0] == "`" and "`" in self._text[match.end() : line_end]:
            return self._ticks_end(match.start("mark"), len(mark))
        for closing in _CLOSING_FENCE.finditer(self._text, min(line_end + 1, len(self._text))):
            if closing[1].startswith(mark):
                return closing.end()
        return len(self._text)

    def _ticks_end(self, start: int, size: int) -> int:
        """Where inline code ends: at a run of as many backticks in the same paragraph."""
        if self._runs is None:
            self._runs = {}
            for run in _TICKS.finditer(self._text):
                self._runs.setdefault(len(run[0]), []).append(run.start())
        runs = self._runs.get(size, [])
        found = bisect_right(runs, start)
        if found == len(runs) or self._text.find("\n\n", start, runs[found]) >= 0:
            return -1
        return runs[found] + size

    def _find(self, wanted: str, at: int) -> int:
        """Like `str.find`, but the same stretch is never searched twice; -1 if it comes no more."""
        known = self._next.get(wanted, -2)
        if known == -1 or known >= at:
            return known
        self._next[wanted] = self._text.find(wanted, at)
        return self._next[wanted]

    def _after(self, wanted: str, at: int) -> int:
        found = self._find(wanted, at)
        return found + len(wanted) if found >= 0 else -1

    def _closed(self, opening: str, closing: str, at: int) -> int:
        """Where a tag's closing stands, unless another opens before it; -1 if there is none."""
        end = self._find(closing, at)
        if end < 0 or end - at > LIMIT_TAG or self._text.find(opening, at, end) >= 0:
            return -1
        return end

    def _read(self, match: re.Match[str]) -> tuple[int, str] | None:
        """Where to go on after a tag, and what is written in its place; None to leave it as it is."""
        at = match.end()
        match match.lastgroup:
            case "comment":
                end = self._after("-->", at)
                return (end, self._text[match.start() : end]) if end >= 0 else None
            case "hugo":
                return self._hugo(at, match["bracket"])
            case "liquid":
                return self._liquid(at)
            case "value":
                end = self._closed("{{", "}}", at)
                return (end + 2, self._valued(self._text[at:end])) if end >= 0 else None
            case "remark":
                end = self._closed("{#", "#}", at)
                return (end + 2, "") if end >= 0 else None
            case "frame":
                return self._frame(at)
            case "list" | "toc":
                return at, ""
            case "admonition":
                heading = match["heading"].strip(" \t[]{}")
                return at, f"\n**{heading}**\n" if match["kind"] and heading else ""
            case "alert":
                return at, f"> **{match['mood'].capitalize()}** "
            case "module":
                return self._components.module(match.start())
            case "tag":
                return self._components.tag(match.start(), is_mdx=self._dialect == "mdx")
            case "brace":
                return self._components.expression(match.start())
        return None

    def _hugo(self, at: int, bracket: str) -> tuple[int, str] | None:
        closing = ">}}" if bracket == "<" else "%}}"
        if self._text.startswith("/*", at):  # escaped: its readers see the tag
            end = self._closed("{{" + bracket, "*/" + closing, at)
            shown = f"{{{{{bracket}{self._text[at + 2 : end]}{closing}"
            return (end + 5, html.escape(shown, quote=False)) if end >= 0 else None
        end = self._closed("{{" + bracket, closing, at)
        if end < 0:
            return None
        return self._tag(self._text[at:end], end + len(closing), "{{" + bracket, closing)

    def _liquid(self, at: int) -> tuple[int, str] | None:
        end = self._closed("{%", "%}", at)
        return self._tag(self._text[at:end], end + 2, "{%", "%}") if end >= 0 else None

    def _tag(self, inner: str, at: int, opening: str, closing: str) -> tuple[int, str]:
        """What a tag becomes, with what it holds where that is no prose."""
        match = _NAME.match(inner)
        if match is None or match["slash"]:
            return at, ""
        name, arguments = match["name"], inner[match.end() :].rstrip(" /-")
        if inner.rstrip().endswith("/"):
            return at, meaning(name, arguments, self._places)
        if name in CODE or name in UNSEEN or name == "raw":
            ends = [f"{opening} /{name}", f"{opening}/{name}", f"{opening} end{name}", f"{opening}- end{name}"]
            found = [end for words in ends if (end := self._find(words, at)) >= 0]
            end = min(found, default=-1)
            after = self._after(closing, end) if end >= 0 else -1
            if after >= 0:
                content = self._text[at:end]
                return after, content if name == "raw" else code(content) if name in CODE else ""
            return at, ""
        written = meaning(name, arguments, self._places)
        if written and self._places.folder and self._out and self._out[-1] == self._places.folder:
            written = written.removeprefix(self._places.folder)  # `{{ site.baseurl }}{% link x %}` of former times
        return at, written

    def _valued(self, expression: str) -> str:
        """What an expression stands for: the site's address, a literal path, or nothing that we could know."""
        expression = expression.strip(" \t\n-")
        match expression.partition("|")[0].strip():
            case "site.url":
                return self._places.origin
            case "site.baseurl" | "site.base_url" | "config.base_url" | "base_path" | "pathPrefix":
                return self._places.folder
        if expression.endswith(")") and "(" in expression:  # Zola: `{{ img(src="a.png") }}`
            name, _, arguments = expression.partition("(")
            return meaning(name.strip(), arguments[:-1], self._places)
        literal = _LITERAL.match(expression)
        if literal is None or not _ADDRESSED.search(literal[3]):
            return ""
        path = str(literal[1] or literal[2] or "")
        return self._places.folder + path if path.startswith("/") else path

    def _frame(self, at: int) -> tuple[int, str] | None:
        end = self._closed("<iframe", ">", at)
        source = _FRAME_SOURCE.search(self._text, at, end) if end >= 0 else None
        written = framed(source[1]) if source is not None else ""
        if not written:
            return None
        closing = self._after("</iframe>", end)
        return (closing if 0 <= closing <= end + LIMIT_TAG else end + 1), written


def _indented(text: str) -> list[tuple[int, int]]:
    """Where code lies that is indented by four: after a blank line, and outside lists."""
    spans: list[tuple[int, int]] = []
    is_after_blank, is_in_list, is_in_code = True, False, False
    for line in _LINES.finditer(text):
        if not line[0].strip():
            is_after_blank = True
            continue
        if _INDENTED.match(line[0]):
            is_in_code = not is_in_list and (is_in_code or is_after_blank)
            if is_in_code:
                spans.append((line.start(), line.end()))
        else:
            is_in_code = False
            is_in_list = bool(_ITEM.match(line[0])) or (is_in_list and (line[0].startswith(" ") or not is_after_blank))
        is_after_blank = False
    return spans
