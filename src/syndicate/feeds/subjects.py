"""What feeds there can be: the subjects an item is filed under, each with its key, its folder and its name. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from syndicate.feeds.site import Kind, Site, language_path, name_path, named_path, section_path, topic_path
from syndicate.feeds.text import language_tag, line, web_address
from syndicate.feeds.words import filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syndicate.items.item import Item, Topic

ALL = "all"

# How peoples call their languages (Unicode CLDR 45, "localeDisplayNames"); others are named by their tag.
# fmt: off
_LANGUAGES = {
    "ar": "العربية", "bg": "Български", "bn": "বাংলা", "cs": "Čeština", "da": "Dansk", "de": "Deutsch",
    "el": "Ελληνικά", "en": "English", "es": "Español", "et": "Eesti", "fa": "فارسی", "fi": "Suomi",
    "fr": "Français", "he": "עברית", "hi": "हिन्दी", "hr": "Hrvatski", "hu": "Magyar", "id": "Indonesia",
    "it": "Italiano", "ja": "日本語", "ko": "한국어", "lt": "Lietuvių", "lv": "Latviešu", "nb": "Norsk bokmål",
    "nl": "Nederlands", "pl": "Polski", "pt": "Português", "ro": "Română", "ru": "Русский", "sk": "Slovenčina",
    "sl": "Slovenščina", "sv": "Svenska", "th": "ไทย", "tr": "Türkçe", "uk": "Українська", "ur": "اردو",
    "vi": "Tiếng Việt", "zh": "中文",
}
# fmt: on


class Subject(Struct, frozen=True, gc=False, cache_hash=True, array_like=True):
    """What a feed is about. Items spell a subject differently; `key` is the same for all of them.

    `language` is set where all its items are in that language.
    """

    key: str
    kind: Kind
    path: str
    label: str
    vocabulary: str | None = None
    home: str | None = None
    language: str | None = None


def subjects_of(item: Item, site: Site) -> Iterator[Subject]:
    """The subjects an item is filed under, of the kinds the site has; a key may come more than once."""
    yield everything(site)
    if "named" in site.kinds:
        yield from (named_subject(named.name, named.title) for named in site.named if named.query.takes(item))
    if "section" in site.kinds and (section := line(item.section or "")):
        yield _subject("section", section_path(section), section)
    for topic in item.topics:
        yield from _subjects_of_topic(topic, site)
    if "language" in site.kinds:
        tag = language_tag(item.language, site.language)
        label = _LANGUAGES.get(tag.partition("-")[0].lower(), tag)
        yield _subject("language", language_path(tag), f"{label} ({tag})" if "-" in tag else label, language=tag)
    yield from _subjects_of_names(item, site)


def everything(site: Site) -> Subject:
    """The subject of all items."""
    return _everything(site.words["everything"], site.title)


@lru_cache(8)
def _everything(words: str, title: str) -> Subject:
    return Subject(ALL, "all", ALL, filled(words, site=title))


def named_subject(name: str, title: str) -> Subject:
    """The subject of a named feed."""
    return _subject("named", named_path(name), title or name)


@lru_cache(4096)
def topic_subject(topic: Topic) -> Subject:
    """The subject of a topic as one item spells it."""
    path = topic_path(topic.slug)
    label = line(topic.label) or line(topic.slug) or path
    vocabulary = line(topic.vocabulary or "") or None
    return Subject(topic_key(topic.slug), "topic", path, label, vocabulary, home=web_address(topic.url))


def topic_key(slug: str) -> str:
    """The key of a topic's feed."""
    return f"topic:{slug}"


def _subjects_of_topic(topic: Topic, site: Site) -> Iterator[Subject]:
    if topic.slug and "topic" in site.kinds:
        yield topic_subject(topic)
    if "vocabulary" in site.kinds and (vocabulary := line(topic.vocabulary or "")):
        yield _subject("vocabulary", name_path("vocabulary", vocabulary), vocabulary)


def _subjects_of_names(item: Item, site: Site) -> Iterator[Subject]:
    """Subjects that stores can have thousands of."""
    names = {"source": (item.brand or "",), "author": item.authors, "tag": item.tags}
    for kind in ("source", "author", "tag"):
        if kind in site.kinds:
            for name in filter(None, map(line, names[kind])):
                yield _subject(kind, name_path(kind, name), name)


def _subject(kind: Kind, path: str, label: str, *, language: str | None = None) -> Subject:
    return Subject(path.replace("/", ":", 1), kind, path, label, language=language)
