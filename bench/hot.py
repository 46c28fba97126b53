"""How long the functions take that run once for each file, entry, post or request; by pytest-benchmark.

    python3 run.py bench --hot [PYTEST'S OPTIONS, such as -k casting or --benchmark-json=FILE]

CPU time of the thread, so that other work of the machine counts less. What is made is checked, how long it took is not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from corpus import Corpus
from syndicate.feeds import json, xml
from syndicate.feeds.entry import Entry, entry_of
from syndicate.feeds.mould import parts_of
from syndicate.feeds.site import Site
from syndicate.items.frontmatter import read
from syndicate.items.item import Item
from syndicate.items.mapping import item_from
from syndicate.items.presets import rules_of
from syndicate.items.snapshot import pack, unpack
from syndicate.posts.fit import fit
from syndicate.posts.post import Measure, Room
from syndicate.shelf.recall import Recall
from syndicate.shelf.version import PACK, Version

SAMPLE = (Path(__file__).resolve().parents[1] / "tests" / "data" / "items" / "curated.md").read_bytes()
SITE = Site("Bench", "https://bench.example/", "", "https://bench.example/feeds/", "bench.example,2026")
RULES = rules_of("medigy", site_url=SITE.url)
NOW = datetime(2026, 11, 28, tzinfo=UTC)
TEXT = "A sentence of eight words stands here again. " * 20
ASKED = (
    b"GET /all/rss.xml HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: reader/1.2 (+https://reader.example/)\r\n"
    b"Accept: application/rss+xml, application/atom+xml;q=0.9, */*;q=0.1\r\nAccept-Encoding: gzip, br\r\n"
    b'If-None-Match: "0123456789abcdef0123456789abcdef-br"\r\nConnection: keep-alive\r\n\r\n'
)

Benchmark = Callable[..., Any]


def read_item() -> Item:
    found = read(SAMPLE, "news/x.md")
    assert found is not None
    item = item_from(*found, path="news/x.md", rules=RULES, now=NOW).item
    assert item is not None
    return item


@pytest.fixture
def item() -> Item:
    return read_item()


@pytest.fixture
def entry(item: Item) -> Entry:
    return entry_of(item, SITE)


def test_reading_front_matter(benchmark: Benchmark) -> None:
    assert benchmark(read, SAMPLE, "news/x.md")


def test_mapping_front_matter_to_an_item(benchmark: Benchmark) -> None:
    found = read(SAMPLE, "news/x.md")
    assert found is not None

    assert benchmark(item_from, *found, path="news/x.md", rules=RULES, now=NOW).item


def test_packing_an_item(benchmark: Benchmark, item: Item) -> None:
    assert unpack(benchmark(pack, item)) == item


def test_unpacking_an_item(benchmark: Benchmark, item: Item) -> None:
    assert benchmark(unpack, pack(item)) == item


def test_making_an_entry(benchmark: Benchmark, item: Item) -> None:
    assert benchmark(entry_of, item, SITE).id


@pytest.mark.parametrize("kind", ["rss", "atom", "json"])
def test_casting_an_entry(benchmark: Benchmark, entry: Entry, kind: str) -> None:
    cast = {**xml._CASTS, "json": json._cast}[kind]

    assert benchmark(lambda: cast(parts_of(entry)))


@pytest.mark.parametrize("measure", list(Measure))
def test_fitting_a_post(benchmark: Benchmark, measure: Measure) -> None:
    assert benchmark(fit, TEXT, Room(300, measure), tail="\n\nhttps://bench.example/x/").endswith("/x/")


def test_matching_a_request(benchmark: Benchmark) -> None:
    version = Version((1, 2, 3), SAMPLE, '"tag"', NOW, ("br",), {"br": PACK["br"](SAMPLE)})
    recall = Recall({"all/rss.xml": version}.get, clock=lambda: 0.0)
    recall.learn(ASKED, "all/rss.xml", version, "br", "200 OK", {"ETag": '"tag-br"'})

    assert benchmark(recall.answer, ASKED)


@pytest.mark.parametrize("coding", list(PACK))
def test_compressing(benchmark: Benchmark, coding: str) -> None:
    content = "\n".join(Corpus(7, 5).text(number) for number in range(7)).encode()

    assert len(benchmark(PACK[coding], content)) < len(content)
