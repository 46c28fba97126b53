from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import Fault
from syndicate.items.item import Image, Item, Offering, Teaser, Topic
from syndicate.items.posting import Posting, Wording
from syndicate.items.snapshot import (
    _FORM,
    _HEAD,
    _TEXTS,
    _deflated,
    faults_from_json,
    faults_to_json,
    from_json,
    pack,
    packed_item,
    to_json,
    unpack,
)

FULL = Item(
    id="s:1",
    path="a/b.md",
    title="Ünïcode \u2028 “title”",
    summary="S",
    published=datetime(2024, 1, 1, tzinfo=UTC),
    updated=datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    slug="s",
    description="D",
    body_html="<p>x</p>",
    link="https://a.example/",
    page="https://b.example/",
    brand="a.example",
    authors=("A", "B"),
    topics=(Topic("v-t", "T", "V", "https://b.example/topic/v-t"), Topic("u", "U")),
    tags=("News",),
    section="News",
    language="de",
    image=Image("a/b.png", "alt", "image/png", 5, 2, 3, "ff"),
    open_graph=Teaser("t", "d"),
    twitter=Teaser("", "x"),
    offerings=(Offering("O", "https://b.example/o"),),
    expires=datetime(2030, 1, 1, tzinfo=UTC),
)
BARE = Item(id="1", path="x.md", title="T", summary="", published=FULL.published, updated=FULL.published)


def test_a_posting_comes_back_whole_and_older_items_have_none() -> None:
    worded = Wording("t", "u", "v", ("A",), Image("b.png", "b", "image/png", 1, 2, 3, "d"), True, "alt", False)
    for posting in (Posting(), Posting(()), Posting(("x",), worded, (("y", Wording(has_image=False)), ("z", worded)))):
        assert from_json(to_json(replace(FULL, posting=posting))) == replace(FULL, posting=posting)

    older = json.loads(to_json(FULL))
    del older["posting"]
    assert from_json(json.dumps(older)) == FULL


def test_an_item_comes_back_whole() -> None:
    for item in (FULL, BARE):
        assert from_json(to_json(item)) == item
        assert from_json(to_json(item)).revision == item.revision


@given(st.text(), st.datetimes(timezones=st.just(UTC)))
def test_any_text_and_time_comes_back(text: str, at: datetime) -> None:
    item = replace(BARE, title=text, published=at, updated=at)

    assert from_json(to_json(item)) == item


def test_faults_come_back_whole() -> None:
    faults = (Fault("x.md", "E-DATE", "p", "r", 3, 4), Fault("y", "W-DATE", "p", "r", key="a.b"))

    assert faults_from_json(faults_to_json(faults)) == faults
    assert faults_from_json(faults_to_json(())) == ()


def test_a_remote_image_is_known_by_its_address() -> None:
    assert Image("https://a.example/x.png", "").is_remote
    assert not Image("x.png", "").is_remote


def test_packed_items_come_back_with_their_revision() -> None:
    item = replace(FULL, title="Ti\u0301tle {1}")

    back = unpack(pack(item))

    assert back == item
    assert back.known_revision == item.revision == replace(back, path="b.md").revision
    assert replace(back, title="Other").revision != item.revision
    assert unpack(zlib.compress(to_json(item).encode())).revision == item.revision


def test_an_item_that_was_packed_is_not_packed_again_unless_its_topics_are_others() -> None:
    packed = pack(FULL)
    back = unpack(packed)
    other = back.with_topics((Topic("other", "Other"),))

    assert pack(back) is packed
    assert unpack(pack(other)) == other == FULL.with_topics(other.topics)
    assert other.revision == FULL.with_topics(other.topics).revision != back.revision
    assert other.sizes == FULL.sizes
    with pytest.raises(AttributeError):
        _ = back.no_such_field  # type: ignore[attr-defined]


def test_an_item_of_which_little_is_known_says_the_rest_when_it_is_asked() -> None:
    item = packed_item(pack(FULL), FULL.id, FULL.published)

    assert (item.id, item.published) == (FULL.id, FULL.published)
    assert not is_told(item, "topics")
    assert item.topics == FULL.topics
    assert is_told(item, "path")
    assert item == FULL
    assert item.revision == FULL.revision


def is_told(item: Item, name: str) -> bool:
    """Whether it stands in the item itself, and not only in what is packed."""
    try:
        object.__getattribute__(item, name)
    except AttributeError:
        return False
    return True


def test_items_of_former_versions_are_read() -> None:
    text = f"{FULL.revision}{to_json(FULL)}".encode()
    deflate = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=_FORM)
    packed = b"1" + deflate.compress(text) + deflate.flush()

    assert unpack(packed) == FULL
    assert unpack(packed).known_revision == FULL.revision
    with pytest.raises(ValueError, match="cut short"):
        unpack(packed[:-9])


def sealed(facts: bytes) -> bytes:
    """What looks whole, but was never packed."""
    return _HEAD.pack(b"2", zlib.crc32(facts), len(facts)) + facts


@pytest.mark.parametrize(
    "packed",
    [
        *(b"", b"no", b"1", b"1no", b"2", b"2no", zlib.compress(b""), zlib.compress(b"{}"), sealed(b"no")),
        *(pack(FULL)[:-9], pack(FULL)[:9] + b"?" + pack(FULL)[10:]),
    ],
)
def test_what_is_no_packed_item_is_refused(packed: bytes) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        unpack(packed)


def test_texts_of_another_version_are_refused_when_they_are_asked_for() -> None:
    facts = pack(FULL)[_HEAD.size :][: _HEAD.unpack_from(pack(FULL))[2]]
    texts = _deflated(b'["A title"]', _TEXTS)
    packed = _HEAD.pack(b"2", zlib.crc32(facts + texts), len(facts)) + facts + texts

    with pytest.raises(ValueError, match="array"):
        _ = unpack(packed).title
