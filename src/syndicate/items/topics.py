"""Topics: their slugs and labels from the lists that a file gives. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial

from msgspec import structs

from syndicate.items.item import Item, Topic
from syndicate.items.links import page_at
from syndicate.items.plain import plain
from syndicate.items.rules import TopicRules
from syndicate.later import compiled

LIMIT_SLUG_BYTES = 160  # a file name takes 255 bytes, and feeds add to the slug

_VOCABULARY = re.compile(r"(?P<vocabulary>[^:]+): (?P<label>.+)\Z")
_NAMES = (
    (compiled(r"(?<!\w)c\+\+(?!\w)"), "cpp"),
    (compiled(r"(?<!\w)([cfj])#(?!\w)"), r"\1sharp"),
    (compiled(r"(?<![\w.])\.net(?!\w)"), "dotnet"),
)
# Names that need no more than lower case: ASCII without what the above look for, short enough, with a letter or digit.
_ORDINARY = re.compile(rf"[ (),:/&!?_;-]*[A-Za-z0-9][A-Za-z0-9 (),:/&!?_;-]{{,{LIMIT_SLUG_BYTES - 60}}}")
_WORD = re.compile(r"[a-z0-9]+")
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"})
_LATIN_ACCENT = compiled("(?<=[a-z])[\u0300-\u036f]+")
_APOSTROPHE = compiled("(?<=\\w)['’](?=\\w)")


def slug_of(text: str) -> str:
    """The text as it stands in addresses and file names: lower case, words joined by `-`, never empty.

    Latin letters lose their accents, other scripts stay. Text without a letter or digit gets a digest.
    """
    return _kept_slug(text) if len(text) <= _LONGEST_KEPT else _slug(text)


def _slug(text: str) -> str:
    return "-".join(_WORD.findall(text.lower())) if _ORDINARY.fullmatch(text) else _slug_of_any(text)


def _slug_of_any(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold()).casefold().translate(_LETTERS)
    folded = _APOSTROPHE.sub("", _LATIN_ACCENT.sub("", folded))
    for pattern, name in _NAMES:
        folded = pattern.sub(name, folded)
    folded = unicodedata.normalize("NFC", folded)
    slug = "-".join("".join(char if _is_word(char) else " " for char in folded).split())
    if not any(unicodedata.category(char)[0] in "LN" for char in slug):
        return f"t-{_digest(text)}"
    if len(slug.encode()) > LIMIT_SLUG_BYTES:
        head = slug.encode()[: LIMIT_SLUG_BYTES - 9].decode(errors="ignore").rstrip("-")
        return f"{head}-{_digest(text)}"
    return slug


# A store has few topics, and every item names some of them several times.
_LONGEST_KEPT = 120
_LONGEST_NAMED = 300  # name, label and place together
_kept_slug = lru_cache(maxsize=8192)(_slug)


def topics_of(
    names: Sequence[str | None],
    *,
    labels: Sequence[str | None] = (),
    places: Sequence[str | None] = (),
    rules: TopicRules = TopicRules(),  # noqa: B008 - frozen
    site_url: str = "",
) -> tuple[Topic, ...]:
    """The topics, one for each slug, in the order given.

    Args:
        names: full names as written; blank ones are dropped.
        labels: for people, parallel to `names`; used if the lengths agree, else derived from the names.
        places: pages on the site, parallel to `names`; used if the lengths agree.
        rules: what becomes of them.
        site_url: the absolute address that places are below.
    """
    labels = labels if len(labels) == len(names) else [None] * len(names)
    places = places if len(places) == len(names) else [None] * len(names)
    found: dict[str, Topic] = {}
    kept = _known(rules, site_url)
    for name, label, place in zip(names, labels, places, strict=True):
        size = len(name or "") + len(label or "") + len(place or "")
        topic = kept(name, label, place) if size <= _LONGEST_NAMED else _named(name, label, place, rules, site_url)
        if topic is not None:
            found.setdefault(topic.slug, topic)
    return tuple(found.values())


def agreed(items: Mapping[str, Item]) -> dict[str, Item]:
    """The items of a whole store with one label for each topic, whatever files write (see `label_of`)."""
    spellings = spellings_in(items.values())
    chosen = {slug: label_of(counts) for slug, counts in spellings.items() if len(counts) > 1}
    if not chosen:  # as in most stores
        return dict(items)
    return {key: relabelled(item, chosen) for key, item in items.items()}


def spellings_in(items: Iterable[Item]) -> dict[str, Counter[tuple[bool, str]]]:
    """How often items spell each topic how, by slug: whether it is no label given beside the name, and the label."""
    spellings: dict[str, Counter[tuple[bool, str]]] = defaultdict(Counter)
    for item in items:
        for topic in item.topics:
            spellings[topic.slug][not topic.is_labelled, topic.label] += 1
    return spellings


def label_of(counts: Mapping[tuple[bool, str], int]) -> str:
    """The label that files give beside the name, else the spelling that most items use, else the first by sign."""
    return min(counts, key=lambda one: (one[0], -counts[one], one[1]))[1]


def relabelled(item: Item, labels: Mapping[str, str]) -> Item:
    """The item with these labels for its topics, by slug."""
    if all(labels.get(topic.slug, topic.label) == topic.label for topic in item.topics):
        return item
    topics = tuple(structs.replace(topic, label=labels.get(topic.slug, topic.label)) for topic in item.topics)
    return item.with_topics(topics)


def _named(written: str | None, label: str | None, place: str | None, rules: TopicRules, site_url: str) -> Topic | None:
    """The topic, None if there is none in a name, or it is to be left out."""
    name = plain(written or "")
    if not name:
        return None
    topic = _topic(name, plain(label or ""), place, rules, site_url)
    return None if {topic.slug, slug_of(topic.label)} & rules.ignored else topic


@lru_cache(maxsize=64)
def _known(rules: TopicRules, site_url: str) -> Callable[[str | None, str | None, str | None], Topic | None]:
    """What topics a site's names mean, each worked out once."""
    return lru_cache(maxsize=8192)(partial(_named, rules=rules, site_url=site_url))


def _topic(name: str, label: str, place: str | None, rules: TopicRules, site_url: str) -> Topic:
    parts = _VOCABULARY.match(name) if rules.has_vocabularies else None
    slug = _slug_at(place) or slug_of(name)
    alias = next((rules.aliases[one] for one in (slug, slug_of(label or name)) if one in rules.aliases), None)
    if alias is not None and slug_of(alias) != slug:
        # Under its other name it is another topic: what stands beside the former one does not hold for it.
        return _topic(plain(alias), "", None, structs.replace(rules, aliases={}), site_url)
    label = label or (parts["label"] if parts else name)
    given = rules.labels.get(slug) or rules.labels.get(slug_of(label))
    where = place or (f"{rules.prefix}{slug}" if rules.prefix is not None else None)
    return Topic(
        slug=slug,
        label=given or label,
        vocabulary=parts["vocabulary"] if parts else None,
        url=page_at(site_url, where) if where else None,
        is_labelled=given is not None or label not in (name, parts["label"] if parts else name),
    )


def _slug_at(place: str | None) -> str | None:
    """The slug that the site itself uses in a topic's address, if it is one."""
    last = (place or "").rstrip("/").rpartition("/")[2]
    return last if last and slug_of(last) == last else None


def _is_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNM"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
