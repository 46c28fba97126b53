"""What is cast is what would have been made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from syndicate.feeds import json, xml
from syndicate.feeds.entry import Category, Entry, Illustration, Related
from syndicate.feeds.mould import parts_of

AT = datetime(2026, 11, 1, 7, 8, 9, tzinfo=UTC)
PLAIN = Entry(
    id="tag:a.example,2026:item/1",
    title="A title",
    summary="A summary.",
    content_html="<p>A body &amp; more</p>",
    link="https://a.example/1?a=1&b=2",
    published=AT,
    updated=AT + timedelta(days=1),
)
FULL = replace(
    PLAIN,
    source="https://b.example/1",
    page="https://a.example/page/1",
    brand='B & "C"',
    authors=("Ann <A>", "Bob"),
    categories=(Category("x", "X", "https://a.example/#x"), Category("y", "", None), Category("z", "Z & Z")),
    image=Illustration("https://a.example/p.jpg", "Alt", "media/p.jpg", "image/jpeg", 1234, 640, 480),
    section="Section > one",
    related=(Related('The "desk"', "https://a.example/desk?x=1&y=2"),),
)

SPICE = st.sampled_from(list("<>&\"'\n\t\r\x85\u2028\u200b\ufeff\U0001f600é\\ \x7f\x00\x0b\ud800]];#q1"))
TEXTS = st.one_of(
    st.text(SPICE, max_size=8),
    st.text(max_size=12),
    st.sampled_from(
        ["", "q1000001", "1601-01-01T00:00:00+00:00", "]]>", "&amp;", "&#38;", '="q1000002"', ">q1000003<"]
    ),
    st.text("abc &<", min_size=1, max_size=20),
)
TIMES = st.integers(-2_000_000_000, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def entries_of(texts: st.SearchStrategy[str], plain: st.SearchStrategy[str]) -> st.SearchStrategy[Entry]:
    """Entries of such texts; `plain` are those that readers may take for HTML."""
    numbers = st.integers(0, 9)
    images = st.builds(Illustration, texts, texts, st.none(), texts, st.integers(0, 99), numbers, numbers)
    categories = st.builds(Category, texts, texts, st.none() | texts)
    parts = {
        **dict.fromkeys(("id", "content_html", "link", "language", "brand", "section"), texts),
        **dict.fromkeys(("title", "summary"), plain),
        **dict.fromkeys(("published", "updated"), TIMES),
        **dict.fromkeys(("source", "page"), st.none() | texts),
        "authors": st.lists(texts, max_size=3).map(tuple),
        "categories": st.lists(categories, max_size=3).map(tuple),
        "image": st.none() | images,
        "related": st.lists(st.builds(Related, texts, texts), max_size=2).map(tuple),
    }
    return st.fixed_dictionaries(parts).map(lambda parts: Entry(**parts))


ENTRIES = entries_of(TEXTS, TEXTS)
ORDINARY = entries_of(
    st.text("ab1 &<>\"'\n\té\\\U0001f600];#", min_size=1, max_size=12),
    st.text("ab1 >\"'\n\té\\", min_size=1, max_size=12),
)


def cast_as_made(entry: Entry) -> bool:
    """Whether the entry is cast; then it is as it would have been made."""
    parts = parts_of(entry)
    if parts.outline is None:
        return False
    made: dict[str, bytes] = {kind: xml._element(entry, kind) for kind in xml._ENTRY}
    for _ in range(2):  # an outline that comes again is cast
        assert json._cast(parts) == json._entry(entry)
        for kind in xml._ENTRY:
            elements = xml._elements(parts, kind)
            assert kind in elements
            assert all(elements[name] == made[name] for name in elements)
    return True


@given(ENTRIES)
def test_what_is_cast_is_what_would_be_made(entry: Entry) -> None:
    cast_as_made(entry)


@given(ORDINARY)
def test_ordinary_texts_are_cast(entry: Entry) -> None:
    assert cast_as_made(entry)


@given(TEXTS.filter(bool), st.integers(0, 12))
def test_one_odd_text_is_written_as_it_would_be_made(text: str, place: int) -> None:
    first, *others = FULL.categories
    assert FULL.image is not None
    changed = [
        *(replace(FULL, **{name: text}) for name in ("id", "title", "summary", "content_html", "link", "source")),
        *(replace(FULL, **{name: text}) for name in ("page", "brand", "section", "language")),
        replace(FULL, authors=(text, "Bob")),
        replace(FULL, categories=(replace(first, label=text), *others)),
        replace(FULL, image=replace(FULL.image, url=text)),
    ]
    cast_as_made(changed[place])


@pytest.mark.parametrize("entry", [PLAIN, FULL, replace(FULL, image=None), replace(FULL, page=FULL.link, source=None)])
def test_usual_entries_are_cast(entry: Entry) -> None:
    assert cast_as_made(entry)
    assert cast_as_made(replace(entry, categories=(Category("a & b", "", "https://a.example/?a&b"),)))
    assert cast_as_made(replace(entry, authors=("\\Ann\\",), link='https://a.example/"\t\n&'))
    assert cast_as_made(replace(entry, content_html='<p title="x">&lt; &amp; é \U0001f600</p>\n<p>\tz</p>'))


@pytest.mark.parametrize(
    "entry",
    [
        replace(PLAIN, title="a < b"),
        replace(PLAIN, summary="a &amp; b"),
        replace(PLAIN, title=""),
        replace(PLAIN, content_html="a\rb"),
        replace(PLAIN, content_html="a\x85b"),
        replace(PLAIN, content_html="a\x7fb"),
        replace(PLAIN, content_html="\ud800"),
        replace(PLAIN, content_html="x" * 300_000),
        replace(PLAIN, published=AT.astimezone(timezone(timedelta(hours=1)))),
    ],
)
def test_what_is_out_of_the_ordinary_is_made_by_itself(entry: Entry) -> None:
    assert parts_of(entry).outline is None
