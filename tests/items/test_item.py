from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syndicate.items.item import SUFFIXES, Image, Item, Offering, Teaser, Topic

PHOTO = Image("a.jpeg", "A heron", "image/jpeg", 1, 1, 1, "0123456789abcdef" * 4)


@pytest.mark.parametrize(("media_type", "suffix"), SUFFIXES.items())
def test_an_image_of_the_store_is_named_for_its_bytes_and_type(media_type: str, suffix: str) -> None:
    assert replace(PHOTO, media_type=media_type).shelf_path == f"media/0123456789abcdef.{suffix}"


@pytest.mark.parametrize(
    "image",
    [
        replace(PHOTO, ref="https://cdn.example/a.jpeg"),
        replace(PHOTO, digest=""),
        replace(PHOTO, media_type="image/svg+xml"),
    ],
)
def test_an_image_that_cannot_stand_on_the_shelf_has_no_place(image: Image) -> None:
    assert image.shelf_path is None


texts = st.text(st.characters(codec="utf-8") | st.sampled_from('"\\\n\x7f'), max_size=5)
maybe = st.none() | texts
moments = st.datetimes(timezones=st.just(UTC))
teasers = st.builds(Teaser, texts, texts)
items = st.builds(
    Item,
    **dict.fromkeys(("id", "path", "title", "summary", "slug", "description", "body_html", "language"), texts),
    **dict.fromkeys(("link", "page", "brand", "section", "group"), maybe),
    **dict.fromkeys(("published", "updated"), moments),
    **dict.fromkeys(("authors", "tags"), st.lists(texts, max_size=2).map(tuple)),
    **dict.fromkeys(("open_graph", "twitter"), teasers),
    topics=st.lists(st.builds(Topic, texts, texts, maybe, maybe, st.booleans()), max_size=2).map(tuple),
    offerings=st.lists(st.builds(Offering, texts, texts), max_size=2).map(tuple),
    image=st.none() | st.builds(Image, texts, texts, texts, st.integers(0), st.integers(0), st.integers(0), texts),
)


NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
ASCII = "".join(map(chr, range(127)))


@settings(max_examples=30)
@given(items)
@example(Item("1", "a.md", "A", "B", NOON, NOON, body_html=ASCII))
@example(Item("1", "a.md", "A", "B", NOON, NOON, body_html=f"{ASCII}\x7f"))
def test_a_revision_is_the_digest_of_what_readers_see_as_sorted_json(item: Item) -> None:
    seen = asdict(item)
    for name in ("path", "expires", "group", "posting", "known_revision", "known_sizes", "packed", "is_as_packed"):
        del seen[name]
    seen |= {name: seen[name].isoformat() for name in ("published", "updated")}
    seen["topics"] = [msgspec.structs.asdict(topic) for topic in item.topics]
    for topic in seen["topics"]:
        del topic["is_labelled"]
    seen["offerings"] = [msgspec.structs.asdict(offering) for offering in item.offerings]
    seen |= {name: msgspec.structs.asdict(seen[name]) for name in ("open_graph", "twitter")}

    told = json.dumps(seen, sort_keys=True)

    assert item.revision == hashlib.sha256(told.encode()).hexdigest()[:16]
