from __future__ import annotations

from textwrap import dedent, indent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.items.frontmatter import read
from syndicate.items.item import Image
from syndicate.items.mapping import Reading, item_from
from syndicate.items.overrides import LIMIT_TEXT
from syndicate.items.posting import Posting, Wording
from syndicate.items.presets import PRESETS, rules_of

RULES = rules_of("generic", site_url="https://site.example/", images={"folders": ("images",)})
LEAST = "title: A title\ndate: 2024-01-02\nlink: https://a.example/x"


def reading_of(lines: str) -> Reading:
    parts = read(f"---\n{LEAST}\n{dedent(lines).strip()}\n---\n".encode(), "news/x.md")
    assert parts is not None
    return item_from(*parts, path="news/x.md", rules=RULES)


def below(lines: str) -> Reading:
    return reading_of("syndicate:\n" + indent(dedent(lines).strip("\n"), "  "))


def posting_of(reading: Reading) -> Posting | None:
    assert reading.item is not None
    return reading.item.posting


def told(reading: Reading) -> list[tuple[int | None, str]]:
    return [(fault.line, fault.problem) for fault in reading.faults if fault.code == "W-SYNDICATE"]


@pytest.mark.parametrize(
    ("value", "posting"),
    [
        ("true", None),
        ("yes", None),
        ("", None),
        ("{}", None),
        ("false", Posting(only=())),
        ("No", Posting(only=())),
        ("none", Posting(only=())),
        ("mastodon", Posting(only=("mastodon",))),
        ("news, Blue-Sky ,news", Posting(only=("news", "blue_sky"))),
        ("[news, x]", Posting(only=("news", "x"))),
    ],
)
def test_one_word_or_a_list_says_where_it_is_posted(value: str, posting: Posting | None) -> None:
    reading = reading_of(f"syndicate: {value}")

    assert posting_of(reading) == posting
    assert told(reading) == []


def test_a_mapping_words_all_channels_and_single_ones() -> None:
    reading = below(
        """
        channels: [mastodon, mail]
        hashtags: [Nursing, '#HealthIT']
        mastodon:
          text: |
            First line.

            Second <line> & more
          alt: 'A *heron*'
        News: {title: 'Own &amp; title', summary: Own summary, hashtags: [], skip: no}
        mail: Only words
        x: false
        bluesky: {}
        threads: true
        """
    )

    assert told(reading) == []
    assert posting_of(reading) == Posting(
        ("mastodon", "mail"),
        Wording(hashtags=("Nursing", "HealthIT")),
        (
            ("mastodon", Wording(text="First line.\n\nSecond <line> & more", alt="A heron")),
            ("news", Wording(title="Own & title", summary="Own summary", hashtags=(), is_skipped=False)),
            ("mail", Wording(text="Only words")),
            ("x", Wording(is_skipped=True)),
            ("threads", Wording(is_skipped=False)),
        ),
    )


@pytest.mark.parametrize(
    ("value", "hashtags"),
    [
        ("[A, B c]", ("A", "B c")),
        ("a, b c", ("a", "b c")),
        ("'#a #b'", ("a", "b")),
        ("Health IT", ("Health IT",)),
        ("none", ()),
        ("false", ()),
        ("[]", ()),
        ("", None),
        ("' '", None),
    ],
)
def test_hashtags_come_as_list_or_text(value: str, hashtags: tuple[str, ...] | None) -> None:
    posting = posting_of(below(f"hashtags: {value}\nx: no"))

    assert posting is not None
    assert posting.usual.hashtags == hashtags


def test_images_of_the_store_are_asked_for_with_their_places() -> None:
    reading = below(
        """
        image: bee.jpg
        x: {image: {src: https://cdn.example/x.png, alt: An X}}
        mastodon: {image: false}
        """
    )

    assert told(reading) == []
    (asked,) = reading.post_images
    assert (asked.paths, asked.place) == (("news/bee.jpg", "bee.jpg", "images/bee.jpg"), (6, 3))
    posting = posting_of(reading)
    assert posting is not None
    assert posting.usual == Wording(image=Image("news/bee.jpg", "A title"), has_image=True)
    assert dict(posting.named) == {
        "x": Wording(image=Image("https://cdn.example/x.png", "An X"), has_image=True),
        "mastodon": Wording(has_image=False),
    }


@pytest.mark.parametrize(
    ("lines", "line", "problem"),
    [
        ("skip: perhaps", 6, "`syndicate.skip`: is neither true nor false"),
        ("x: {text: hello, skip: [1]}", 6, "`syndicate.x.skip`: is neither true nor false"),
        ("channels: [news, '1st']", 6, "`syndicate.channels`: '1st' is no name"),
        ("channels: [{a: b}]", 6, "`syndicate.channels`: names no channels"),
        ("text: [a, b]", 6, "`syndicate.text`: is no text"),
        ("x:\n  txt: hello\n  alt: A", 7, "`syndicate.x.txt`: `txt` means nothing"),
        ("x: [a]", 6, "`syndicate.x`: is a list"),
        ("'1st': hello", 6, "`syndicate.1st`: `1st` is no name"),
        ("hashtags: ['1', Nursing]", 6, "`syndicate.hashtags`: '1' makes no hashtag"),
        ("hashtags: {a: {b: c}}", 6, "`syndicate.hashtags`: is no list"),
        (f"text: {'x' * (LIMIT_TEXT + 1)}", 6, f"`syndicate.text`: has {LIMIT_TEXT + 1} characters"),
        ("image: [1, 2]\nimage: {alt: x}", 7, "`syndicate.image`: names no image"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place_and_the_rest_goes_on(lines: str, line: int, problem: str) -> None:
    reading = below(f"{lines}\nsummary: Still used")

    [(at, words)] = told(reading)
    posting = posting_of(reading)

    assert (at, words[: len(problem)]) == (line, problem)
    assert posting is not None
    assert posting.usual.summary == "Still used"


def test_an_unsafe_image_is_told_by_its_own_code() -> None:
    reading = below("image: ../../etc/passwd.png\ntext: T")

    [fault] = reading.faults
    assert (fault.code, fault.line) == ("W-IMAGE-UNSAFE", 6)
    assert fault.problem.startswith("`syndicate.image`: ")
    assert posting_of(reading) == Posting(usual=Wording(text="T"))


@pytest.mark.parametrize("lines", ["skip: perhaps", "channels: ['1st']", "channels: [{a: {b: c}}]"])
def test_what_may_mean_not_to_post_keeps_the_item_from_channels(lines: str) -> None:
    posting = posting_of(below(lines))

    assert posting is not None
    assert posting.refusal("news", "mastodon") is not None


@pytest.mark.parametrize(
    ("lines", "line", "posting"),
    [
        ("syndicate: []", 5, Posting(only=())),
        ("syndicate: ['', ~]", 5, Posting(only=())),
        ("syndicate: {channels: []}", 5, Posting(only=())),
        ("syndicate:\n  channels: []\n  text: T", 6, Posting(only=(), usual=Wording(text="T"))),
        ("params: {syndicate: []}", 5, Posting(only=())),
        ("syndicate:\n  skip: []", 6, Posting(usual=Wording(is_skipped=True))),
        ("syndicate:\n  x: []", 6, Posting(named=(("x", Wording(is_skipped=True)),))),
        ("syndicate:\n  x:\n    skip: []", 7, Posting(named=(("x", Wording(is_skipped=True)),))),
        ("syndicate: {channels: , skip: , text: [], x: {text: []}}", None, Posting(named=(("x", Wording()),))),
        ("syndicate: {x: {}}\nparams: {syndicate: [news]}", None, Posting(only=("news",))),
        ("syndicate: {x: {hashtags: []}}", None, Posting(named=(("x", Wording(hashtags=())),))),
    ],
)
def test_an_empty_list_means_nowhere_and_is_told(lines: str, line: int | None, posting: Posting | None) -> None:
    reading = reading_of(lines)

    assert posting_of(reading) == posting
    assert [at for at, _ in told(reading)] == ([] if line is None else [line])


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ("syndicate: false\nSyndicate: true", 6),
        ("Syndicate: {skip: true}\nsyndicate: {text: T}", 6),
        ("syndicate: false\nSYNDICATE: {}", 6),
        ("params: {syndicate: false}\nParams: {a: b}", 6),
        ("syndicate:\n  skip: true\n  Skip: false", 7),
        ("syndicate:\n  skip: true\n  Skip: {}", 7),
        ("syndicate:\n  channels: [x]\n  Channels: [mastodon]", 7),
        ("syndicate:\n  mastodon: false\n  Mastodon: words", 7),
        ("syndicate:\n  mastodon:\n    skip: true\n    SKIP: false", 8),
        ("syndicate:\n  mastodon: false\n  Mastodon: {}", 7),
    ],
)
def test_a_key_that_stands_twice_undoes_no_opt_out(lines: str, line: int) -> None:
    reading = reading_of(lines)

    posting = posting_of(reading)
    assert posting is not None
    assert posting.refusal("news", "mastodon") is not None
    assert [at for at, _ in told(reading)] == [line]
    assert "stands twice" in told(reading)[0][1]


def test_two_spellings_of_a_name_undo_no_opt_out() -> None:
    reading = below("my-news: {skip: true, text: T}\nmy_news: {skip: false, title: Own}\nx: one\nX-: two")

    posting = posting_of(reading)
    assert posting is not None
    assert dict(posting.named)["my_news"] == Wording(text="T", title="Own", is_skipped=True)
    assert told(reading) == [(5, "`syndicate`: `my_news` stands twice")]


def test_a_key_that_decides_nothing_may_stand_twice() -> None:
    reading = below("text: a\nText: b\nskip: true\nSkip:")

    assert posting_of(reading) == Posting(usual=Wording(text="b", is_skipped=True))
    assert told(reading) == []


@pytest.mark.parametrize("ending", ["toml", "json"])
def test_opt_outs_win_in_toml_and_json_too(ending: str) -> None:
    texts = {
        "toml": f"+++\n{LEAST.replace(': ', ' = ')}\nsyndicate = false\nSyndicate = true\n+++\n",
        "json": '{"title": "A", "date": "2024-01-02", "link": "https://a.example/x", "syndicate": 0, "Syndicate": 1}\n',
    }
    toml = texts["toml"].replace("A title", '"A title"').replace("https://a.example/x", '"https://a.example/x"')
    parts = read((toml if ending == "toml" else texts["json"]).encode(), "x.md")
    assert parts is not None

    reading = item_from(*parts, path="x.md", rules=RULES)

    assert posting_of(reading) == Posting(only=())
    assert len(told(reading)) == 1


def test_names_that_are_none_keep_the_item_from_channels() -> None:
    reading = reading_of("syndicate: 12")

    assert posting_of(reading) == Posting(only=())
    assert told(reading) == [(5, "`syndicate`: '12' is no name of a channel or network")]


def test_feeds_do_not_heed_it() -> None:
    plain, worded = reading_of("").item, below("text: T\nx: no").item

    assert plain is not None and worded is not None
    assert (plain.posting, worded.posting is None) == (None, False)
    assert plain.revision == worded.revision


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_knows_it(preset: str) -> None:
    assert "syndicate" in rules_of(preset, site_url="https://a.example/").fields["syndicate"]


def test_a_site_may_name_another_key() -> None:
    rules = rules_of("generic", fields={"syndicate": ["crosspost"]})
    parts = read(f"---\n{LEAST}\ncrosspost: {{x: no, y: {{skip: w}}}}\n---\n".encode(), "x.md")
    assert parts is not None

    reading = item_from(*parts, path="x.md", rules=rules)

    assert posting_of(reading) is not None
    assert told(reading)[0][1].startswith("`crosspost.y.skip`: ")


VALUES = st.recursive(
    st.sampled_from(["''", "true", "no", "news", "'1'", "'#a b'", "a.jpg", "../x", "https://a.example/b.png", "~"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: f"[{', '.join(found)}]"),
        st.dictionaries(
            st.sampled_from(["text", "skip", "image", "hashtags", "channels", "x", "src", "alt", "1"]),
            inner,
            max_size=4,
        ).map(lambda found: "{" + ", ".join(f"{key}: {value}" for key, value in found.items()) + "}"),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=80)
@given(VALUES)
def test_whatever_stands_there_the_item_is_read(value: str) -> None:
    reading = reading_of(f"syndicate: {value}")

    assert reading.item is not None
    posting = posting_of(reading)
    if posting is not None:
        assert isinstance(posting.wording("x", "y").keys, tuple)
        assert posting.refusal("x", "y") is None or posting.refusal("x", "y")
