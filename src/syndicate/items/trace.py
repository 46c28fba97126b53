"""How each field of a file came about: its sources in order, and why one was passed over. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from syndicate.items.addresses import page_of
from syndicate.items.body import safe_body, text_of
from syndicate.items.fields import Found, texts_of
from syndicate.items.location import Location
from syndicate.items.plain import plain
from syndicate.items.reader import Reader, passed_over
from syndicate.items.rules import DATES, FIELDS, TEXTS, Rules
from syndicate.items.sentences import is_cut
from syndicate.items.times import published_of
from syndicate.items.tree import Tree, Value

USED = "used"
IMPOSSIBLE = "no possible date"

LIMIT_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Tried:
    """One source of a field that was looked at, in order.

    `verdict` is `USED` or says why it was passed over, for example `absent` or `blank`. `value` is what stands there,
    shortened. `line` and `column` count from 1 and are None for what does not stand in the front matter.
    """

    source: str
    verdict: str
    value: str = ""
    line: int | None = None
    column: int | None = None

    @property
    def is_used(self) -> bool:
        """Whether the field has its value from here."""
        return self.verdict == USED


@dataclass(frozen=True, slots=True)
class Trace:
    """What was tried for one field, up to the source that was used; `used` is None if no source gave anything."""

    field: str
    tried: tuple[Tried, ...]

    @property
    def used(self) -> Tried | None:
        """The source that supplied the field."""
        return next((one for one in self.tried if one.is_used), None)


def traces(front: Tree, body: str, *, location: Location, rules: Rules) -> tuple[Trace, ...]:
    """How each field of a file comes about, by the fields' names in order.

    Args:
        front: the file's front matter.
        body: what follows it, as written.
        location: where the file lies (see `mapping.location_of`).
        rules: where each field comes from.
    """
    reader = Reader(front, location, rules)
    body_text = text_of(safe_body(body, None).html)
    return tuple(_trace(reader, name, body_text) for name in sorted(FIELDS))


def _trace(reader: Reader, name: str, body: str) -> Trace:
    is_union = name == "topics" and reader.rules.topics.is_union
    tried: list[Tried] = []
    for found in reader.looked(name):
        verdict = passed_over(name, found) or _unfit(reader, name, found, body) or USED
        tried.append(Tried(found.source, verdict, _shown(found.value, name), *found.place))
        # A date that cannot be is a fault of its field: what stands behind it is not looked at.
        if (verdict == USED and not is_union) or verdict == IMPOSSIBLE:
            break
    if name == "page" and not any(one.is_used for one in tried):
        tried += _by_template(reader)
    return Trace(name, tuple(tried))


def _unfit(reader: Reader, name: str, found: Found, body: str) -> str:
    """Why a value that is there is of no use to its field."""
    if name in DATES and reader.moment(found) is None:
        return IMPOSSIBLE
    if name == "summary" and is_cut(plain(_shown(found.value, name, limit=None)), body):
        return "cut off, the body goes on; used only if there is nothing better"
    return ""


def _by_template(reader: Reader) -> list[Tried]:
    """The page's address as the site's template makes it."""
    published = published_of(reader, None)
    page = page_of(reader, title=reader.text("title"), published=published, language=reader.language)
    return [Tried("content.permalink", USED, page)] if page is not None and published is not None else []


def _shown(value: Value, name: str, *, limit: int | None = LIMIT_SHOWN) -> str:
    """A value in one line; mappings as their keys."""
    if isinstance(value, dict):
        text = "{" + ", ".join(value) + "}"
    else:
        texts = texts_of(value)
        text = ", ".join(texts[:1] if name in DATES | TEXTS else texts)
    line = " ".join(text.split())
    return line if limit is None or len(line) <= limit else f"{line[: limit - 1]}…"
