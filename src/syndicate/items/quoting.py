"""What authors forget to quote in YAML: the remedy in words, and the value read as if it stood in quotes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from syndicate.items.tree import Place, Spots, Value
from syndicate.later import compiled

# Keys whose values are prose. Only in these can a bracket, brace, star, tag or quote at the beginning be meant as text.
_PROSE = frozenset(
    {
        *("title", "subtitle", "linktitle", "shorttitle", "longtitle", "headline", "heading", "subheading", "name"),
        *("description", "summary", "excerpt", "abstract", "teaser", "lead", "lede", "deck", "dek", "intro", "tagline"),
        *("alt", "caption", "label", "subject", "quote", "text", "metatitle", "metadesc", "metadescription"),
        *("seo_title", "seo_description", "meta_title", "meta_description", "image_alt", "og_title", "og_description"),
        *("ogtitle", "ogdescription", "twittertitle", "twitterdescription"),
    }
)
# A pair or a list's member on one line. Possessive throughout, so that no line takes longer than its length.
_LINE = compiled(
    r"""[ ]*+(?>(?:-[ ]++)*)
    (?>(?:(?P<key>(?>(?:[\w./-]|:(?![ ])|[ ](?!-?[ ]))+)|"[^"\\]*+"|'[^']*+')[ ]?:[ ]++)?)
    (?P<value>\S.*)""",
    re.VERBOSE,
)
_TAG = compiled(r"!\w+(?:\s|\Z)")
_CLOSING = {"[": "]", "{": "}"}
_SURROGATE = compiled(r"\\u[dD][89a-fA-F]")
_INDENTING_TAB = compiled(r" *\t")


class Mending(Struct, frozen=True):
    """A block whose one value was put in quotes: the new text, where that value stands, and what it says."""

    text: str
    place: Place
    value: str

    def is_whole(self, root: Value, spots: Spots) -> bool:
        """Whether the tree has just this text at just this place, so that the quotes changed nothing else."""
        return any(
            isinstance(value, str) and value == self.value for value, at in _scalars(root, spots) if at == self.place
        )


def quoted(text: str, line: int) -> Mending | None:
    """The block with the value in a line in quotes, if that is one plain value which can be nothing but text."""
    lines = text.split("\n")
    if line >= len(lines):
        return None
    match = _LINE.fullmatch(lines[line].rstrip(" "))
    if match is None or not _is_text(match["key"], match["value"]) or _goes_on(lines, line):
        return None
    begin, value = match.start("value"), match["value"]
    doubled = value.replace("'", "''")
    lines[line] = f"{match.string[:begin]}'{doubled}'"
    return Mending("\n".join(lines), Place(line, begin), value)


def _goes_on(lines: list[str], line: int) -> bool:
    """Whether what follows a line may belong to its value, since it is indented deeper."""
    following = next((other for other in lines[line + 1 :] if other.strip()), "")
    return _indent(following) > _indent(lines[line])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_text(key: str | None, value: str) -> bool:
    """Whether a value that is no YAML, of a key or a list's member, can only be meant as text."""
    first = value[0]
    if " #" in value or value.endswith(","):
        return False  # a comment, or the member of a list in brackets
    if first in "@%`":
        return True
    if key is None:
        return False
    is_prose = key.strip("\"'").casefold() in _PROSE
    if first in "[{":
        end = _closing(value)
        return is_prose and (0 < end < len(value) - 1 or value.startswith("{{"))
    if first in "\"'":
        return is_prose and value.count(first) % 2 == 0 and value[-1] != first
    if first == "!":
        return is_prose and _TAG.match(value) is not None
    if first in "*&|>" or value.startswith(("- ", "? ")):
        return is_prose
    return ": " in value or value.endswith(":")


def _closing(value: str) -> int:
    """Where the bracket that begins a value is closed; -1 if it is not."""
    depth = 0
    for at, char in enumerate(value):
        depth += (char == value[0]) - (char == _CLOSING[value[0]])
        if depth == 0:
            return at
    return -1


def _scalars(value: Value, spots: Spots | None) -> Iterator[tuple[Value, Place]]:
    """Every text with its place; what came by an alias has no spots and is left out."""
    if isinstance(spots, dict) and isinstance(value, dict):
        pairs = [(value[key], spot) for key, spot in spots.items()]
    elif isinstance(spots, list) and isinstance(value, list):
        pairs = list(zip(value, spots, strict=True))
    else:
        return
    for member, (_, mark, inside) in pairs:
        yield member, Place(mark.line, mark.column)
        yield from _scalars(member, inside)


def remedy_for_halves(line: str) -> str | None:
    """The remedy for escapes of surrogates in a line that a parser refuses; None: it has none."""
    has_some = '"' in line and _SURROGATE.search(line) is not None
    return "write the character itself, instead of escapes for its halves" if has_some else None


def remedy_for(line: str) -> str:
    """The remedy for the commonest mistakes, read from the line rather than from the parser's words."""
    value = line.lstrip(" -").partition(":")[2].strip()
    if _INDENTING_TAB.match(line):
        return "indent with blanks, not with tabs"
    if halves := remedy_for_halves(line):
        return halves
    if value[:1] == '"' and "\\" in value:
        return "use single quotes, or double each backslash: in double quotes it begins an escape"
    if value[:1] in ("'", '"'):
        return "close the quotes, and write '' for an apostrophe inside single quotes"
    if value and value[0] in "[{" and _closing(value) < 0:
        return f"close the bracket with {_CLOSING[value[0]]}, or put the value in quotes if it is text"
    if value[:1] == "!":
        return "put the value in quotes if it is text, else write it without the tag"
    if value and value[0] in "@%`*&[]{}|>":
        return f"put the value in quotes: it begins with {value[0]}"
    if ": " in value or value.endswith(":"):
        return "put the value in quotes: it holds a colon"
    return "mend this line or the one above; a value in quotes is always safe"
