"""A store for measuring: so many curated items with front matter of 166 lines, about 8.5 kB a file, in own words.

    .venv/bin/python bench/corpus.py FOLDER [--items 10000] [--topics 1000] [--seed 7]

The same seed gives the same bytes. Every item has three topics; how many items a topic has falls off as by Zipf's law
(the r-th has about 1/r as many as the first), and each topic has at least one where there are items enough. Dates are
a minute apart, so that the order of a feed is the same for everybody who sorts by them.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from bisect import bisect
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

SOURCE = "bench-curations"
VOCABULARIES = ("Field Notes (Clinic)", "Care Index", "Harbour Health News")
NEWEST = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
TOPICS_EACH = 3
FOLDER_HOLDS = 1000
SETTLED_S = 0.3
"""So long the publisher waits for files that were written just now, and a little longer."""

_WORDS = """
ward nurse clinic record scan reading triage message rota theatre bedside device sensor model letter summary coding
pharmacy allergy visit home monitor screen portal result waiting room transfer handover consent audit pathway booking
referral discharge outcome trial region supplier contract budget training pilot signal alarm battery cable image
report quiet careful early shared common plain local steady second weekly honest useful slow missing double small
large direct keeps shows helps finds moves writes checks reads counts holds joins sends learns opens closes brings
tells saves costs
""".split()
_JOINTS = ("while", "because", "where", "after", "before", "and", "so that", "although", "as")
_SPECIALITIES = """
Radiology Telehealth Genomics Cardiology Dentistry Oncology Paediatrics Nutrition Logistics Interoperability Robotics
Wearables Pathology Surgery Nursing Ethics Billing Scheduling Prevention Rehabilitation Pharmacy Dermatology Privacy
""".split()
_SIDES = """
Practice Research Policy Tools Safety Teams Costs Standards Training Devices Access Quality Records Outcomes Staffing
Platforms Evidence Governance Markets Homecare Startups Reviews
""".split()


@dataclass(frozen=True, slots=True)
class Name:
    """A topic as the store spells it."""

    vocabulary: str
    label: str

    @property
    def full(self) -> str:
        """As categories name it."""
        return f"{self.vocabulary}: {self.label}"

    @property
    def slug(self) -> str:
        """As its address names it."""
        return re.sub(r"[^a-z0-9]+", "-", self.full.lower())


def names_of(count: int) -> list[Name]:
    """So many topics, the most common first."""
    pairs = [f"{first} {second}" for second in _SIDES for first in _SPECIALITIES]
    found = []
    for number in range(count):
        turn, place = divmod(number, len(pairs))
        label = pairs[place] if turn == 0 else f"{pairs[place]} {turn + 1}"
        found.append(Name(VOCABULARIES[number % len(VOCABULARIES)], label))
    return found


class Corpus:
    """Items by number; each is made from the seed and its number alone, so that more can be added later."""

    def __init__(self, items: int, topics: int, seed: int = 7) -> None:
        self.items = items
        self.seed = seed
        self.names = names_of(topics)
        self._steps = list(accumulate(1 / rank for rank in range(1, topics + 1)))

    def path(self, number: int) -> str:
        """Where the item lies below the folder of the store."""
        return f"{number // FOLDER_HOLDS:03}/{self._identity(number)}.md"

    def published(self, number: int) -> datetime:
        """The higher the number, the newer."""
        return NEWEST - timedelta(minutes=max(self.items, 1) - number)

    def topics(self, number: int) -> list[Name]:
        """The item's topics; each topic has one item that is surely its own."""
        chance = random.Random(f"{self.seed}/topics/{number}")
        chosen = [number % len(self.names)] if number < len(self.names) else []
        while len(chosen) < min(TOPICS_EACH, len(self.names)):
            drawn = bisect(self._steps, chance.random() * self._steps[-1])
            if drawn < len(self.names) and drawn not in chosen:
                chosen.append(drawn)
        return [self.names[place] for place in chosen]

    def text(self, number: int) -> str:
        """The whole file."""
        return _file(self, number, random.Random(f"{self.seed}/{number}"))

    def write(self, folder: Path) -> None:
        """All items, below the folder."""
        for number in range(self.items):
            self.add(folder, number)

    def add(self, folder: Path, number: int) -> Path:
        """One item, whole at once as careful exporters write it."""
        file = folder / self.path(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.new")
        draft.write_text(self.text(number), encoding="utf-8")
        return draft.replace(file)

    def restore(self, folder: Path) -> None:
        """Take away what was added to the items, as by a bench that was killed."""
        for below in folder.iterdir():
            if int(below.name) < self.items // FOLDER_HOLDS:
                continue
            for file in below.glob("*.md"):
                if int(file.stem.rpartition("-")[2]) >= self.items:
                    file.unlink()

    def arrivals(self, folder: Path, most: int) -> Generator[int, None, None]:
        """Adds one item after the other and gives its number once it may be used; takes them away when closed."""
        added = []
        try:
            for number in range(self.items, self.items + most):
                added.append(self.add(folder, number))
                time.sleep(SETTLED_S)
                yield number
        finally:
            for file in added:
                file.unlink()

    def _identity(self, number: int) -> str:
        chance = random.Random(f"{self.seed}/identity/{number}")
        return f"{chance.getrandbits(48):012x}-{number:06}"


def item_id(number: int) -> str:
    """The item's id, as it is known everywhere."""
    return f"{SOURCE}:{number}"


def _sentence(chance: random.Random, least: int = 9, most: int = 20) -> str:
    words = chance.choices(_WORDS, k=chance.randint(least, most))
    words.insert(len(words) // 2, chance.choice(_JOINTS))
    return " ".join(words).capitalize() + "."


def _title(chance: random.Random) -> str:
    return " ".join(word.capitalize() for word in chance.choices(_WORDS, k=chance.randint(6, 11)))


def _body(chance: random.Random) -> Iterator[str]:
    for _ in range(7):
        sentences = " ".join(_sentence(chance) for _ in range(4))
        yield f'<p>{sentences} <a href="/news/{chance.choice(_WORDS)}-notes">{chance.choice(_WORDS)} notes</a>.</p>'


def _listed(name: str, values: list[str]) -> list[str]:
    return [f"{name}:", *(f"  - {value}" for value in values)]


def _nothing(*names: str) -> list[str]:
    return [f"  {name}: null" for name in names]


def _folded(name: str, text: str, indent: str = "") -> list[str]:
    """A folded scalar of three lines, as exporters wrap them."""
    words = text.split()
    third = -(-len(words) // 3)
    return [f"{indent}{name}: >-", *(f"{indent}  {' '.join(words[at : at + third])}" for at in (0, third, 2 * third))]


def _offering(corpus: Corpus, chance: random.Random) -> list[str]:
    word = chance.choice(_WORDS)
    number = chance.randrange(10_000, 20_000)
    return [
        f"  - label: {word.capitalize()} Desk {number}",
        f"    permalink: /offering/{word}-desk-{number}",
        "    categories:",
        *(f"      - '{name.full}'" for name in chance.sample(corpus.names, min(2, len(corpus.names)))),
        f"    offeringId: {number}",
    ]


@dataclass(frozen=True, slots=True)
class _Told:
    """What one item's lines are made of."""

    number: int
    path: str
    at: datetime
    title: str
    slug: str
    brand: str
    said: str
    teaser: str
    names: list[Name]

    @property
    def address(self) -> str:
        return f"https://{self.brand}/{self.slug}"


def _file(corpus: Corpus, number: int, chance: random.Random) -> str:
    title = _title(chance)
    slug = f"{title.lower().replace(' ', '-')}-{number}"
    brand = f"{chance.choice(_WORDS)}{chance.choice(_WORDS)}.example"
    told = _Told(
        number,
        corpus.path(number),
        corpus.published(number),
        title,
        slug,
        brand,
        _sentence(chance, 26, 34),
        _sentence(chance, 22, 30),
        corpus.topics(number),
    )
    author = f"{chance.choice(_WORDS).capitalize()} Lindqvist"
    changed = told.at + timedelta(seconds=chance.randrange(3600))
    offerings = [line for _ in range(6) for line in _offering(corpus, chance)]
    front = [*_place(told, author), *_meta(told), *_origin(told, changed), *_end(told, offerings)]
    return "\n".join(["---", *front, "---", *_body(chance), ""])


def _place(told: _Told, author: str) -> list[str]:
    return [
        f"aliases: /news/{told.slug}",
        "archetype: curated-content",
        *_listed("author", [author]),
        "basePath: /news/",
        *_listed("breadcrumbLinks", ["/", "/news/", "''"]),
        *_listed("breadcrumbs", ["Home", "News", told.title]),
        *_listed("categories", [f"'{name.full}'" for name in told.names]),
        *_listed("categorySlug", [f"'{name.full.lower()}'" for name in told.names]),
        *_listed("categoryUrl", [f"topic/{name.slug}" for name in told.names]),
        *_listed("categoryLabel", [name.label for name in told.names]),
        "contentCategories: bench-news-curated-content",
        "institution: null",
        "offering: null",
        "layOut: single",
        f"date: '{told.at.isoformat()}'",
        *_folded("description", told.said),
        "favIconImage: null",
        "featuredImage: null",
        "featuredPdf: null",
    ]


def _meta(told: _Told) -> list[str]:
    return [
        "htmlMetaData:",
        *_nothing("author", "description", "generator", "viewport", "articlemodified_time", "articlepublished_time"),
        *_nothing("msvalidate.01"),
        *_folded("ogdescription", told.teaser, "  "),
        *_nothing("ogimage", "ogsite_name"),
        f"  ogtitle: {told.title}",
        *_nothing("ogtype", "ogupdated_time", "ogurl", "yandex-verification", "robots", "fbapp_id", "oglocale"),
        *_nothing("fbadmins", "articlepublisher", "google-site-verification", "keywords"),
    ]


def _origin(told: _Told, changed: datetime) -> list[str]:
    return [
        f"id: {told.number}",
        "identifier: News",
        f"lastMod: '{changed.isoformat()}'",
        "link:",
        f"  brand: {told.brand}",
        f"  href: >-\n    {told.address}/",
        f"  original: >-\n    {told.address}",
        f"href: >-\n  {told.address}/",
        f"original: >-\n  {told.address}",
        "mastHead: NEWS",
        f"mdName: {told.path}",
        "openGraphMetaData:",
        *_folded("ogdescription", told.teaser, "  "),
        f"  ogtitle: {told.title}",
        *_nothing("ogurl", "ogimage", "ogsite_name", "ogtype", "ogupdated_time", "ogimageheight"),
        "openProjectCustomFields:",
        f"  cleanUrl: >-\n    {told.address}/",
        "  bookTopics:",
        *(f"    - '{name.full}'" for name in told.names),
        f"  sourceUrl: >-\n    {told.address}",
    ]


def _end(told: _Told, offerings: list[str]) -> list[str]:
    return [
        "openProjectWorkPackageType: Curated Content",
        "searchCategory: News",
        f"slug: >-\n  {told.slug}",
        f"source: {SOURCE}",
        "status: ''",
        "sub: brief",
        *_listed("tags", ["News"]),
        f"title: {told.title}",
        "via: ' '",
        "insights_description: ''",
        "insights_name: ''",
        "viaLink: null",
        "relatedOfferings:",
        *offerings,
        "twitterMetaData:",
        *_nothing("twittercard", "twitterdescription"),
        f"  twittertitle: {told.title}",
        *_nothing("twitterimage", "twitterurl", "twittersite", "twittercreator", "twitterplayer"),
        *_nothing("twitterlabel", "twitterdata"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--topics", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    Corpus(chosen.items, chosen.topics, chosen.seed).write(chosen.folder)


if __name__ == "__main__":
    main()
