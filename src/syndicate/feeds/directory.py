"""The directory of all feeds: its groups, and pages of their own for groups too large for the front page. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final
from unicodedata import normalize
from urllib.parse import quote

from syndicate.feeds.formats import INDEX
from syndicate.feeds.site import KINDS, anchor_of
from syndicate.feeds.text import short_digest
from syndicate.feeds.words import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from syndicate.feeds.feed import Feed

MOST_AT_ONCE: Final = 40
"""A larger group has pages of its own, by letter."""

_FULLEST: Final = 12
"""So many feeds of such a group stand on the front page."""

_ROOM_BYTES: Final = 60_000
"""About what the lists of the front page, or those of a page of their own, may weigh."""

_MOST_LETTERS: Final = 60
_ROW_BYTES: Final = 430
_OTHERS = "#"


@dataclass(frozen=True, slots=True)
class Letter:
    """Feeds whose labels begin alike; `anchor` is their place on `page`, the folder of the group's page."""

    name: str
    anchor: str
    page: str
    feeds: tuple[Feed, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of a group: its folder, and what stands on it."""

    path: str
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Feeds that stand together: a vocabulary's topics, or the sections.

    `shown` are those on the front page: all, or the fullest where the others stand on `sheets`. `letters` lead there.
    """

    title: str
    anchor: str
    feeds: tuple[Feed, ...]
    shown: tuple[Feed, ...]
    sheets: tuple[Sheet, ...] = ()

    @property
    def letters(self) -> tuple[Letter, ...]:
        """Each letter once, with the page it begins on; those that pages begin with where a script has hundreds."""
        found: dict[str, Letter] = {}
        for sheet in self.sheets:
            for letter in sheet.letters:
                found.setdefault(letter.name, letter)
        return tuple(found.values() if len(found) <= _MOST_LETTERS else (sheet.letters[0] for sheet in self.sheets))


def groups_of(feeds: Iterable[Feed], words: Mapping[str, str]) -> tuple[Group, ...]:
    """The groups in the order of the kinds, the topics' by vocabulary."""
    found = list(_named_groups(tuple(feeds), words))
    anchors = Counter(anchor for _, anchor, _ in found)
    groups = []
    room = _ROOM_BYTES
    for title, anchor, fellows in found:
        weight = sum(map(_weight_bytes, fellows))
        if len(fellows) <= MOST_AT_ONCE and weight <= room:
            groups.append(Group(title, anchor, fellows, fellows))
            room -= weight
            continue
        is_plain = anchors[anchor] == 1 and len(anchor.encode()) <= 80
        folder = f"pages/{anchor}" if is_plain else f"pages/{anchor[:20]}-{short_digest(title)}"
        fullest = sorted(fellows, key=lambda feed: -feed.total)[:_FULLEST]
        shown = tuple(fullest) if sum(map(_weight_bytes, fullest)) <= room else ()
        room -= sum(map(_weight_bytes, shown))
        groups.append(Group(title, anchor, fellows, shown, tuple(_sheets(fellows, folder))))
    return tuple(groups)


def sheet_path(sheet: Sheet) -> str:
    """The page's file on the shelf."""
    return f"{sheet.path}/{INDEX}"


def _named_groups(feeds: Sequence[Feed], words: Mapping[str, str]) -> Iterator[tuple[str, str, tuple[Feed, ...]]]:
    """Title, anchor and feeds of each."""
    for kind in KINDS:
        fellows = tuple(feed for feed in feeds if feed.kind == kind)
        if kind == "topic":
            names = {feed.vocabulary or "" for feed in fellows}
            for name in sorted(names, key=lambda name: (not name, name.casefold(), name)):
                members = tuple(feed for feed in fellows if (feed.vocabulary or "") == name)
                yield name or words["topics"], anchor_of(name), members
        elif kind in GROUPS and fellows:
            yield words[GROUPS[kind]], GROUPS[kind], fellows


def _sheets(feeds: Iterable[Feed], folder: str) -> Iterator[Sheet]:
    """The pages of a group, each as heavy as it may be."""
    ordered = sorted(feeds, key=lambda feed: (_letter(feed) != _OTHERS, _letter(feed)))
    parts: list[list[Feed]] = [[]]
    room = _ROOM_BYTES
    for feed in ordered:
        room -= _weight_bytes(feed)
        if room < 0 and parts[-1]:
            parts.append([])
            room = _ROOM_BYTES - _weight_bytes(feed)
        parts[-1].append(feed)
    for number, part in enumerate(parts, start=1):
        path = folder if number == 1 else f"{folder}/{number}"
        yield Sheet(path, tuple(_letters(part, path)))


def _letters(feeds: Iterable[Feed], page: str) -> Iterator[Letter]:
    for name, fellows in groupby(feeds, key=_letter):
        yield Letter(name, "letter-0" if name == _OTHERS else f"letter-{name}", page, tuple(fellows))


def _letter(feed: Feed) -> str:
    """The first letter of the label without its marks; one sign for whatever is no letter."""
    first = normalize("NFKD", feed.label.lstrip())[:1].upper()[:1]
    return first if first.isalpha() else _OTHERS


def _weight_bytes(feed: Feed) -> int:
    """About what its row weighs: label and address stand in it four times."""
    return _ROW_BYTES + 4 * len(feed.label.encode("utf-8", "replace")) + 4 * len(quote(feed.path))
