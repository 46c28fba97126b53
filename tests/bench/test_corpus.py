"""The store that speed is measured on: always the same, spread as promised, and without a fault for our reader."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syndicate.items.frontmatter import read
from syndicate.items.mapping import item_from
from syndicate.items.presets import rules_of

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(autouse=True)
def _bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))
    for name in ("corpus", "building"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_the_same_seed_gives_the_same_store(tmp_path: Path) -> None:
    from corpus import Corpus

    for folder in ("one", "two"):
        Corpus(5, 3).write(tmp_path / folder)

    made = [{p.relative_to(f): p.read_bytes() for p in f.rglob("*.md")} for f in (tmp_path / "one", tmp_path / "two")]
    assert len(made[0]) == 5
    assert made[0] == made[1]


def test_an_item_is_as_heavy_as_the_sample() -> None:
    from corpus import Corpus

    texts = [Corpus(50, 20).text(number) for number in range(10)]

    assert {text.split("---\n")[1].count("\n") for text in texts} == {165}
    assert all(7_500 < len(text) < 9_500 for text in texts)


def test_every_item_is_read_without_fault_and_with_its_topics() -> None:
    from corpus import Corpus, item_id

    corpus = Corpus(12, 9)
    rules = rules_of("medigy", site_url="https://bench.example/", zone=ZoneInfo("UTC"))

    for number in range(12):
        front, body = read(corpus.text(number).encode(), corpus.path(number))
        item = item_from(front, body, path=corpus.path(number), rules=rules).item
        assert item is not None
        assert item.id == item_id(number)
        assert [topic.slug for topic in item.topics] == [name.slug for name in corpus.topics(number)]
        assert item.published == corpus.published(number)


def test_topics_are_spread_by_zipf_and_none_is_empty() -> None:
    from corpus import Corpus

    corpus = Corpus(600, 100)

    counted = Counter(name.slug for number in range(600) for name in corpus.topics(number))

    assert len(counted) == 100
    assert counted[corpus.names[0].slug] > 4 * counted[corpus.names[20].slug]


def test_sides_that_made_other_feeds_are_not_compared() -> None:
    from building import agreed, expected
    from corpus import Corpus

    feeds = expected(Corpus(6, 2))
    other = {**feeds, "": tuple(reversed(feeds[""]))}

    assert feeds[""] == (5, 4, 3, 2, 1, 0)
    assert agreed({"a": feeds, "b": dict(feeds)}).endswith("in 3 feeds")
    with pytest.raises(ValueError, match="b and a differ in all"):
        agreed({"a": feeds, "b": other})


def test_items_arrive_one_by_one_and_are_taken_away_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import corpus

    monkeypatch.setattr(corpus, "SETTLED_S", 0)
    store = corpus.Corpus(5, 3)
    store.write(tmp_path)

    with pytest.raises(ZeroDivisionError), closing(store.arrivals(tmp_path, 2)) as numbers:
        for number in numbers:
            assert (tmp_path / store.path(number)).is_file()
            if number == 6:
                raise ZeroDivisionError

    assert len(list(tmp_path.rglob("*.md"))) == 5


def test_what_a_killed_bench_added_is_taken_away(tmp_path: Path) -> None:
    from building import prepared
    from corpus import FOLDER_HOLDS, Corpus

    corpus = Corpus(5, 3)
    content = prepared(corpus, tmp_path).content
    for number in (5, FOLDER_HOLDS + 1):
        corpus.add(content, number)

    assert prepared(corpus, tmp_path).content == content
    assert sorted(content.rglob("*.md")) == sorted(content / corpus.path(number) for number in range(5))
