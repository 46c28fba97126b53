"""Which feeds a store has, and what stands in each. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from syndicate.feeds.entry import Category, Entry, Illustration, entry_id, entry_of
from syndicate.feeds.site import Site, section_path, topic_path
from syndicate.feeds.text import line, web_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from syndicate.items.item import Item, Topic

__all__ = [
    "ALL",
    "Category",
    "Entry",
    "Feed",
    "Illustration",
    "Neighbour",
    "Site",
    "entry_id",
    "entry_of",
    "feeds_of",
    "keys_of",
]

Kind = Literal["all", "topic", "section"]
ALL = "all"
_NEIGHBOURS = 12


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A topic that shares items with this feed: its folder, its name, how many items they share."""

    path: str
    label: str
    shared: int


@dataclass(frozen=True, slots=True)
class Feed:
    """The newest entries of one subject.

    `key` names the feed for ever (`all`, `topic:<slug>`, `section:<slug>`). `path` is its folder on the shelf.
    `label` is its name among its fellows, `title` its name in a reader's list. `home` is the topic's page on the site
    where known. `total` counts all its items, beyond those shown. `updated` is the newest change of an entry.
    """

    key: str
    kind: Kind
    path: str
    label: str
    title: str
    description: str
    entries: tuple[Entry, ...]
    updated: datetime
    vocabulary: str | None = None
    home: str | None = None
    total: int = 0
    neighbours: tuple[Neighbour, ...] = ()


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a feed is about, before its entries are made."""

    key: str
    kind: Kind
    path: str
    label: str
    vocabulary: str | None = None
    home: str | None = None


def keys_of(item: Item) -> tuple[str, ...]:
    """The keys of the feeds an item stands in, `all` first."""
    section = line(item.section or "")
    topics = [_topic_key(topic.slug) for topic in item.topics if topic.slug]
    return tuple(dict.fromkeys([ALL, *([_section_key(section)] if section else []), *topics]))


def feeds_of(items: Iterable[Item], site: Site, *, topics: Iterable[Topic] = ()) -> tuple[Feed, ...]:
    """Every feed of the items: all, the sections by name, the topics by name.

    Args:
        items: what is published, in any order; of two items with one id the later revised counts.
        topics: further topics to make feeds for, though no item has them now (an empty feed is a valid feed).
    """
    newest = _newest_first(items)
    members: dict[str, list[Item]] = defaultdict(list)
    for item in newest:
        for key in keys_of(item):
            members[key].append(item)
    subjects = _subjects(newest, topics, site)
    entries: dict[str, Entry] = {}

    def entry(item: Item) -> Entry:
        if item.id not in entries:
            entries[item.id] = entry_of(item, site)
        return entries[item.id]

    return tuple(
        _feed(subject, site, tuple(entry(item) for item in members[key][: site.size]), members[key], subjects)
        for key, subject in subjects.items()
    )


def _topic_key(slug: str) -> str:
    return f"topic:{slug}"


def _section_key(section: str) -> str:
    return section_path(section).replace("/", ":", 1)


def _newest_first(items: Iterable[Item]) -> list[Item]:
    by_id: dict[str, Item] = {}
    for item in items:
        known = by_id.get(item.id)
        if known is None or (known.updated, known.revision) < (item.updated, item.revision):
            by_id[item.id] = item
    return sorted(by_id.values(), key=lambda item: (item.published, item.id), reverse=True)


def _subjects(items: Sequence[Item], topics: Iterable[Topic], site: Site) -> dict[str, _Subject]:
    sections: dict[str, Counter[str]] = defaultdict(Counter)
    spellings: dict[str, Counter[Topic]] = defaultdict(Counter)
    for item in items:
        section = line(item.section or "")
        if section:
            sections[_section_key(section)][section] += 1
        for topic in item.topics:
            spellings[topic.slug][topic] += 1
    for topic in topics:
        spellings[topic.slug][topic] += 0
    spellings.pop("", None)

    found = [_Subject(key, "section", section_path(name := _commonest(names)), name) for key, names in sections.items()]
    chosen = [max(counted, key=lambda topic: _rank(counted, topic)) for counted in spellings.values()]
    labels = Counter(_label(topic).casefold() for topic in chosen)
    found += [_topic_subject(topic, is_ambiguous=labels[_label(topic).casefold()] > 1) for topic in chosen]
    found.sort(key=lambda subject: (subject.kind, subject.label.casefold(), subject.key))
    everything = _Subject(ALL, "all", ALL, f"All of {site.title}")
    return {subject.key: subject for subject in (everything, *found)}


def _commonest(names: Counter[str]) -> str:
    return max(names, key=lambda name: (names[name], name))


def _rank(counted: Mapping[Topic, int], topic: Topic) -> tuple[int, str, str, str]:
    return counted[topic], topic.label, topic.vocabulary or "", topic.url or ""


def _label(topic: Topic) -> str:
    return line(topic.label) or line(topic.slug) or topic_path(topic.slug)


def _topic_subject(topic: Topic, *, is_ambiguous: bool) -> _Subject:
    vocabulary = line(topic.vocabulary or "") or None
    label = f"{_label(topic)} ({vocabulary})" if is_ambiguous and vocabulary else _label(topic)
    return _Subject(
        _topic_key(topic.slug), "topic", topic_path(topic.slug), label, vocabulary, home=web_address(topic.url)
    )


def _feed(
    subject: _Subject, site: Site, entries: tuple[Entry, ...], items: Sequence[Item], subjects: Mapping[str, _Subject]
) -> Feed:
    is_all = subject.kind == "all"
    return Feed(
        key=subject.key,
        kind=subject.kind,
        path=subject.path,
        label=subject.label,
        title=site.title if is_all else f"{subject.label} · {site.title}",
        description=site.description or f"Everything new on {site.title}"
        if is_all
        else f"What {site.title} publishes on {subject.label}",
        entries=entries,
        updated=max((entry.updated for entry in entries), default=site.since),
        vocabulary=subject.vocabulary,
        home=subject.home,
        total=len(items),
        neighbours=_neighbours(subject.key, items, subjects),
    )


def _neighbours(key: str, items: Sequence[Item], subjects: Mapping[str, _Subject]) -> tuple[Neighbour, ...]:
    counted = Counter(
        _topic_key(slug) for item in items for slug in {topic.slug for topic in item.topics if topic.slug}
    )
    del counted[key]
    nearest = sorted(counted, key=lambda other: (-counted[other], subjects[other].label.casefold(), other))
    return tuple(
        Neighbour(subjects[other].path, subjects[other].label, counted[other]) for other in nearest[:_NEIGHBOURS]
    )
