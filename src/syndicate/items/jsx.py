"""Components in Markdown: imports, exports, JSX tags and expressions made plain, their prose kept. Pure."""

from __future__ import annotations

import re

from syndicate.items.shortcodes import Places, embedded, pictured
from syndicate.later import compiled

LIMIT_TAG = 2_000
"""Most characters of one tag or expression; what is longer was never closed."""
LIMIT_SCANNED = 400_000
"""Most characters that the search for the ends of tags may look at in one body; then the others stay as they are."""

_FIRST = compiled(
    r"(?>(?:\s|<!--.{0,400}?-->)*)(?:import\s[^\n;]{0,400}?\sfrom\s*['\"]|import\s*\{|export\s+(?:const|default)\s)",
    re.DOTALL,
)
_IMPORTED = compiled(
    r"import\s+(?:type\s+)?(?:(?P<name>[\w$]+)\s*,?\s*)?(?:\{[^{}]*\}|\*\s+as\s+[\w$]+)?\s*(?:from\s*)?\Z"
)
_EXPORTED = compiled(
    r"export\s+(?:default\b|(?:const|let|var)\s+[\w$\[{][^\n=]{0,200}=|(?:async\s+)?function\b|\{|\*\s*(?:as\s+\w+\s+)?from)"
)
_STOPS = compiled(r"[\"'`{}()\[\]\n]")
_TAG_NAME = compiled(r"<(?P<slash>/?)(?P<name>[A-Za-z][\w.:-]*+|(?=>))")
_TAG_STOPS = compiled(r"[\"'{}>]")
_ATTRIBUTE = compiled(
    r"""(?P<name>[A-Za-z_:@][\w:.-]*+)(?>(?:\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<brace>\{)))?)"""
)
_STRING = compiled(r"""\{\s*(?:"([^"\n]*)"|'([^'\n]*)'|`([^`$]*)`)\s*\}\Z""")
_REQUIRED = compiled(r"""\{\s*require\(\s*["']([^"'\n]+)["']\s*\)(?:\.default|\.src)?\s*\}\Z""")
_VARIABLE = compiled(r"\{\s*([\w$]+)(?:\.src|\.default)?\s*\}\Z")
_PICTURE = compiled(r"\.(?:jpe?g|png|gif|webp|avif|svg)\Z", re.IGNORECASE)
_OPENERS, _CLOSERS = frozenset("{(["), frozenset("})]")


def starts_with_module(text: str) -> bool:
    """Whether a body begins with an import or an export."""
    return bool(_FIRST.match(text))


class Components:
    """What stands for what in one body; each method gives where to go on, and what is written instead."""

    def __init__(self, text: str, places: Places) -> None:
        self._text = text
        self._places = places
        self._left = LIMIT_SCANNED
        self._images: dict[str, str] = {}  # imported images by their names

    def module(self, at: int) -> tuple[int, str] | None:
        """An import, of one line or several, or an export with all its braces."""
        head = self._text[at : at + 2_000]
        if head.startswith("import"):
            quotes = [place for quote in "\"'" if (place := head.find(quote)) >= 0]
            if not quotes or "\n\n" in head[: min(quotes)]:
                return None
            match, end = _IMPORTED.match(head[: min(quotes)]), head.find(head[min(quotes)], min(quotes) + 1)
            if match is None or end < 0 or "\n" in head[min(quotes) : end]:
                return None
            source = head[min(quotes) + 1 : end]
            if match["name"] and _PICTURE.search(source):
                self._images[match["name"]] = source
            return self._line_end(at + end + 1), ""
        if not _EXPORTED.match(head):
            return None
        return self._statement_end(at), ""

    def tag(self, at: int, *, is_mdx: bool) -> tuple[int, str] | None:
        """A component: a picture or a link where it shows one, else nothing; an element without its expressions.

        Args:
            at: where `<` and a letter, or an empty name, stand.
            is_mdx: every component goes; in other Markdown only what shows something is looked at.
        """
        match = _TAG_NAME.match(self._text, at)
        assert match is not None
        name = match["name"]
        is_component = not name or name[0].isupper()
        end = self._tag_end(match.end())
        if end < 0:
            return None
        inner = self._text[match.end() : end - 1]
        if not is_component:
            return (end, self._element(match, inner)) if "={" in inner or "className" in inner else None
        named = self._attributes(inner)
        shown = "" if match["slash"] else embedded(name, named, []) or pictured(name, named, [])
        if not is_mdx and not shown:
            return None  # the sanitiser knows no such element, so it goes there and its text stays
        return end, shown

    def expression(self, at: int) -> tuple[int, str] | None:
        """An expression in braces: its text if it is a plain string, else nothing."""
        if self._text.startswith("{/*", at):
            end = self._text.find("*/", at, at + LIMIT_TAG)
            return (end + 2 + self._text[end + 2 : end + 3].count("}"), "") if end >= 0 else None
        end = self._brace_end(at)
        if end < 0:
            return None
        match = _STRING.match(self._text[at:end])
        return end, next((text for text in match.groups() if text is not None), "") if match else ""

    def _element(self, match: re.Match[str], inner: str) -> str:
        """An element with the attributes that are texts."""
        slash = " /" if inner.endswith("/") else ""
        pairs = "".join(f' {name}="{value}"' for name, value in self._attributes(inner).items() if '"' not in value)
        return f"<{match['slash']}{match['name']}{pairs}{slash}>"

    def _attributes(self, inner: str) -> dict[str, str]:
        """The attributes whose value can be told, by names in lower case."""
        found: dict[str, str] = {}
        at = 0
        while (match := _ATTRIBUTE.search(inner, at)) is not None:
            at = match.end()
            if match["brace"]:
                at = _balanced(inner, match.start("brace"))
                value = self._told(inner[match.start("brace") : at])
            else:
                value = match["double"] if match["double"] is not None else match["single"]
            if value is not None:
                found.setdefault(match["name"].casefold(), value)
        return found

    def _told(self, expression: str) -> str | None:
        """What an expression says that is a string, a required file, or an imported image."""
        if (match := _STRING.match(expression)) is not None:
            return next(text for text in match.groups() if text is not None)
        if (match := _REQUIRED.match(expression)) is not None:
            return match[1]
        match = _VARIABLE.match(expression)
        return self._images.get(match[1]) if match is not None else None

    def _tag_end(self, at: int) -> int:
        """After the `>` that ends a tag, quotes and braces passed over; -1 if there is none near enough."""
        place, limit = at, min(at + LIMIT_TAG, len(self._text))
        while self._left > 0 and (stop := _TAG_STOPS.search(self._text, place, limit)) is not None:
            self._left -= stop.end() - place + 8
            place = stop.end()
            if stop[0] == ">":
                return place
            if stop[0] == "{":
                place = self._brace_end(stop.start())
            elif stop[0] != "}":
                closing = self._text.find(stop[0], place, limit)
                place = closing + 1 if closing >= 0 else -1
            if place < 0:
                break
        self._left -= LIMIT_TAG // 8
        return -1

    def _brace_end(self, at: int) -> int:
        """After the brace that closes this one; -1 if there is none near enough."""
        if self._left <= 0:
            return -1
        end = _balanced(self._text[at : at + LIMIT_TAG], 0)
        self._left -= max(end, 64) if end <= LIMIT_TAG else LIMIT_TAG
        return at + end if end <= min(LIMIT_TAG, len(self._text) - at) else -1

    def _statement_end(self, at: int) -> int:
        """After the line on which all of an export's brackets are closed; after its first line if they never are."""
        depth, place = 0, at
        limit = min(at + 16 * LIMIT_TAG, len(self._text)) if self._left > 0 else at
        while (stop := _STOPS.search(self._text, place, limit)) is not None:
            place, char = stop.end(), stop[0]
            if char == "\n" and depth <= 0:
                self._left -= place - at
                return stop.start()
            if char in "\"'`":
                closing = self._text.find(char, place, limit)
                place = closing + 1 if closing >= 0 else place
            depth += (char in _OPENERS) - (char in _CLOSERS)
        self._left -= limit - at
        return limit if depth <= 0 and limit == len(self._text) else self._line_end(at)

    def _line_end(self, at: int) -> int:
        end = self._text.find("\n", at)
        return end if end >= 0 else len(self._text)


_BRACE_STOPS = compiled(r"[\"'`{}]")


def _balanced(text: str, at: int) -> int:
    """After the brace that closes the one at `at`, strings passed over; beyond the text if none does."""
    depth, place = 0, at
    while (stop := _BRACE_STOPS.search(text, place)) is not None:
        place, char = stop.end(), stop[0]
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return place
        else:
            closing = text.find(char, place)
            place = closing + 1 if closing >= 0 and "\n\n" not in text[place:closing] else place
    return len(text) + 1
