"""HTML put in order before a parser reads it, in one linear pass.

What the HTML standard demands for tags in the wrong place (section "Parsing HTML documents") costs time and memory that
grow with the square of the text: deep nesting, bold text that lingers over paragraphs, content between a table's rows.
Here every element is closed where it ends, so that none of that happens. No text is lost. Pure.
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Mapping

from syndicate.later import compiled

LIMIT_DEPTH = 256
"""Most elements within each other; deeper tags go, their text stays."""
LIMIT_ATTRIBUTES = 200
"""A tag with more of them loses them all: parsers compare each with each."""
LIMIT_ASTRAY = 1000
"""Most tags and words straight between a table's rows, each of which a parser moves; then the table ends."""
LIMIT_ENTITIES = 500
"""Most `&` in one run of text: parsers copy the run at each."""

_BLANK = r"[ \t\n\f]"
_ATTRIBUTE = (
    rf"""(?>(?:{_BLANK}|/)+)|(?:=[^ \t\n\f/>=]*+|[^ \t\n\f/>=]++)(?>(?:{_BLANK}*+={_BLANK}*+"""
    r"""(?>(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^ \t\n\f>"'][^ \t\n\f>]*+)?))?)"""
)
_TOKEN = compiled(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?][^>]*+>?|</(?![A-Za-z])[^>]*+>?"
    rf"|<(/?)([A-Za-z][^ \t\n\f/>]*+)((?>(?:{_ATTRIBUTE})*))(>?)",
    re.DOTALL,
)
_ATTRIBUTES = compiled(_ATTRIBUTE)
_NOTHING = "<!---->"  # in the place of what is dropped, so that the text around it does not grow into a tag
_LOWERED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

_VOID = {"br", "hr", "img"}
_FOREIGN = {"svg", "math"}
_CELLS = ("td", "th", "caption")
_SCOPES = ("table", *_CELLS)
_ROWS = ("table", "tbody", "thead", "tfoot")
_BETWEEN_ROWS = {*_ROWS, "tr"}
_PARENTS = {
    "caption": ("table",),
    "tbody": ("table",),
    "thead": ("table",),
    "tfoot": ("table",),
    "tr": _ROWS,
    "td": ("tr", *_ROWS),
    "th": ("tr", *_ROWS),
}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = ("blockquote", "details", "div", "dl", "figcaption", "figure", "hr", "ol", "p", "pre", "summary", "ul")

# What a beginning tag ends: elements of the first names, unless one of the second names was opened since.
_Ends = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
_A_PARAGRAPH = (("p",), _SCOPES)
_ENDS: Mapping[str, _Ends] = {
    **dict.fromkeys(_BLOCKS, (_A_PARAGRAPH,)),
    **dict.fromkeys(_HEADINGS, (_A_PARAGRAPH, (_HEADINGS, _SCOPES))),
    **dict.fromkeys(("dd", "dt"), (_A_PARAGRAPH, (("dd", "dt"), ("dl", "ol", "ul", *_SCOPES)))),
    "li": (_A_PARAGRAPH, (("li",), ("ol", "ul", *_SCOPES))),
    "a": ((("a",), _SCOPES),),
    "table": (_A_PARAGRAPH, (("table",), _CELLS)),
}


def wellformed(text: str, *, tags: Collection[str], whole: Collection[str]) -> str:
    """The HTML with every element closed in its place, and without comments.

    Args:
        text: without carriage returns and NUL characters.
        tags: the elements that stay.
        whole: the elements that go with all they hold; of all others only the tags go.
    """
    lowered = text.translate(_LOWERED)
    writer, at = _Writer(), 0
    while (match := _TOKEN.search(text, at)) is not None:
        writer.write(text[at : match.start()])
        at = match.end()
        slash, name, attributes, end = match.groups()
        if name is None:
            writer.drop()
            continue
        name = name.lower()
        if not end:  # the text stops within the tag
            break
        if name in whole and not slash and not (name in _FOREIGN and attributes.endswith("/")):
            closing = lowered.find(f"</{name}", at)
            if closing < 0:
                break
            at = closing
        if name not in tags:
            writer.drop()
        elif slash:
            writer.end(name)
        else:
            writer.begin(name, attributes)
    else:
        writer.write(text[at:])
    return writer.finished()


class _Writer:
    """Writes tags and text, and knows what is open."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._open: list[str] = []
        self._places: dict[str, list[int]] = {}  # where in `_open` each name stands: no search at any depth
        self._astray = 0

    def write(self, text: str) -> None:
        if not text:
            return
        if self._is_between_rows and not text.isspace():
            self._stray()
        if text.count("&") > LIMIT_ENTITIES:
            parts = text.split("&")
            runs = ["&".join(parts[at : at + LIMIT_ENTITIES]) for at in range(0, len(parts), LIMIT_ENTITIES)]
            text = f"{_NOTHING}&".join(runs)
        self._out.append(text)

    def drop(self) -> None:
        self._out.append(_NOTHING)

    def begin(self, name: str, attributes: str) -> None:
        if self._is_between_rows and name not in _PARENTS and name != "table":
            self._stray()
        if name in _PARENTS:
            size = self._last(_PARENTS[name]) + 1
        else:
            size = len(self._open)
            for ended, barriers in _ENDS.get(name, ()):
                place = self._last(ended)
                if place > self._last(barriers):
                    size = min(size, place)
        is_homeless = size == 0 and name in _PARENTS
        is_too_deep = size >= LIMIT_DEPTH and name not in _VOID
        if is_homeless or is_too_deep or (name == "table" and self._astray > LIMIT_ASTRAY):
            self.drop()
            return
        self._close(size)
        if len(attributes) > LIMIT_ATTRIBUTES and len(_ATTRIBUTES.findall(attributes)) > 2 * LIMIT_ATTRIBUTES:
            attributes = ""
        self._out.append(f"<{name}{attributes}>")
        if name not in _VOID:
            self._places.setdefault(name, []).append(len(self._open))
            self._open.append(name)

    def end(self, name: str) -> None:
        barriers = () if name == "table" else ("table",) if name in _PARENTS else _SCOPES
        place = self._last((name,))
        if place > self._last(barriers):
            self._close(place)
        elif name == "br":  # as all browsers read it
            self.begin(name, "")
        else:
            self.drop()

    def finished(self) -> str:
        self._close(0)
        return "".join(self._out)

    @property
    def _is_between_rows(self) -> bool:
        return bool(self._open) and self._open[-1] in _BETWEEN_ROWS

    def _stray(self) -> None:
        self._astray += 1
        if self._astray > LIMIT_ASTRAY:
            self._close(self._last(("table",)))

    def _last(self, names: tuple[str, ...]) -> int:
        """The place of the innermost open element of these names; -1 if none is open."""
        return max((places[-1] for name in names if (places := self._places.get(name))), default=-1)

    def _close(self, size: int) -> None:
        while len(self._open) > size:
            name = self._open.pop()
            self._places[name].pop()
            self._out.append(f"</{name}>")
