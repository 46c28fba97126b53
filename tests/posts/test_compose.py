from __future__ import annotations

import sys
import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from posts.counting import graphemes, weighted
from posts.making import LINK, TEXTS, card, unhurried
from syndicate.items.posting import Wording
from syndicate.posts.compose import _repeats, compose, length_of
from syndicate.posts.markup import BREAK
from syndicate.posts.measure import fits
from syndicate.posts.post import Dialect, Measure, Picture, Room, SpanKind, Wants

MASTODON = Wants(Room(500, url_length=23))
SLACK = Wants(Room(3000), link_in_text=False, title_in_text=False, hashtags=0)
BLUESKY = Wants(Room(300, limit_bytes=3000), link_in_text=False)
TOPICS = ("Artificial Intelligence", "Automation", "Medical Coding", "COVID-19")
SUMMARY = "Hospitals try it out. Nurses save an hour a day. Patients notice little of it."


def test_usual_text_has_title_summary_hashtags_and_link() -> None:
    post = compose(card("A title", SUMMARY, topics=TOPICS), MASTODON)

    assert post.text == f"A title\n\n{SUMMARY}\n\n#ArtificialIntelligence #Automation #MedicalCoding\n\n{LINK}"
    assert post.hashtags == ("ArtificialIntelligence", "Automation", "MedicalCoding")
    assert post.language == "en"
    assert post.picture is None


def test_link_stays_out_of_the_text_where_the_card_has_it() -> None:
    post = compose(card("A title", SUMMARY, topics=("AI",)), BLUESKY)

    assert post.text == f"A title\n\n{SUMMARY}\n\n#AI"
    assert post.card.url == LINK


def test_picture_goes_along() -> None:
    picture = Picture(b"x", "image/jpeg", 1200, 630, "alt")

    assert compose(card(), MASTODON, picture=picture).picture == picture


@pytest.mark.parametrize("summary", ["A title", "a TITLE!", "A", "", "A title …"])
def test_summary_that_repeats_the_title_is_left_out(summary: str) -> None:
    assert compose(card("A title", summary), MASTODON).text == f"A title\n\n{LINK}"


def test_summary_that_begins_like_the_title_stays() -> None:
    assert "A title and more" in compose(card("A title", "A title and more"), MASTODON).text


def test_hashtags_go_first_from_the_last() -> None:
    made = card("A title", SUMMARY, topics=TOPICS)

    assert compose(made, Wants(Room(150, url_length=23))).hashtags == ("ArtificialIntelligence", "Automation")
    assert compose(made, Wants(Room(120, url_length=23))).hashtags == ()


def test_then_the_summary_is_shortened_at_a_sentence() -> None:
    post = compose(card("A title", SUMMARY, topics=TOPICS), Wants(Room(100, url_length=23)))

    assert post.text == f"A title\n\nHospitals try it out. Nurses save an hour a day. …\n\n{LINK}"


def test_then_the_summary_is_left_out_rather_than_cut_to_a_stub() -> None:
    post = compose(card("A title", SUMMARY), Wants(Room(50, url_length=23)))

    assert post.text == f"A title\n\n{LINK}"


def test_the_title_is_shortened_last_and_the_link_survives() -> None:
    post = compose(card("A very long title that goes on and on", SUMMARY), Wants(Room(45, url_length=23)))

    assert post.text == f"A very long title…\n\n{LINK}"


def test_link_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit even without title"):
        compose(card(), Wants(Room(20, url_length=23)))


def test_foreign_marks_are_broken_in_the_text_and_left_in_the_card() -> None:
    post = compose(card("Ask @someone about #this", "See https://other.example/x now."), MASTODON)

    assert post.text == f"Ask @{BREAK}someone about #{BREAK}this\n\nSee other.example/x now.\n\n{LINK}"
    assert [span.target for span in post.spans] == [LINK]
    assert post.card.title == "Ask @someone about #this"


def test_hashtags_can_be_spelt_by_hand_or_unwanted() -> None:
    made = card(topics=("Electronic Health Records", "AI"))

    assert compose(made, MASTODON, spellings={"electronic health records": "EHR"}).hashtags == ("EHR", "AI")
    assert compose(made, Wants(Room(500), hashtags=1)).hashtags == ("ElectronicHealthRecords",)
    assert compose(made, Wants(Room(500), hashtags=0)).hashtags == ()


def test_template_gives_the_order_and_conditional_parts() -> None:
    template = (
        "{{ title }}{% if brand %} (via {{ brand }}){% endif %}\n\n\n"
        "{{ summary }}  \n\n{{ link }} #HealthIT {{ hashtags }}"
    )

    post = compose(card("T", topics=("AI",), brand="b.example"), MASTODON, template=template)

    assert post.text == f"T (via b.example)\n\n{LINK} #HealthIT #AI"
    assert post.hashtags == ("HealthIT", "AI")
    assert compose(card("T"), MASTODON, template=template).text == f"T\n\n{LINK} #HealthIT"


def test_template_knows_topics_authors_date_and_language() -> None:
    made = replace(card("T", topics=("AI @x", "Nursing")), authors=("Ada #1st", "Bo"))
    template = "{{ topic }}|{{ topics }}|{{ authors }}|{{ date }}|{{ language }}|{{ brand }}|{{ section }}"

    post = compose(made, BLUESKY, template=template)

    assert post.text == f"AI @{BREAK}x|AI @{BREAK}x, Nursing|Ada #{BREAK}1st, Bo|2026-11-01|en||"
    assert compose(card("T"), BLUESKY, template="[{{ topic }}{{ topics }}{{ authors }}]").text == "[]"


def test_own_words_stand_in_place_of_title_summary_and_template() -> None:
    words = Wording(text="Look,  @nurses\u202e!\n\n\n\nNew #HealthIT\x07 rules  \nnow", hashtags=("Health IT", "Care"))

    post = compose(card("T", SUMMARY, topics=TOPICS), MASTODON, template="{{ title }}", wording=words)

    assert post.text == f"Look, @nurses!\n\nNew #HealthIT rules\nnow\n\n#Care\n\n{LINK}"
    assert post.hashtags == ("HealthIT", "Care")
    assert (post.told, compose(card("T"), MASTODON).told) == ("Look, @nurses!\n\nNew #HealthIT rules\nnow", "")
    assert compose(card("T"), SLACK, wording=words).text == "Look, @nurses!\n\nNew #HealthIT rules\nnow\n\n#Care"


def test_own_words_are_shortened_and_the_link_survives() -> None:
    words = Wording(text=SUMMARY, hashtags=("Care",))

    post = compose(card("T"), Wants(Room(85, url_length=23)), wording=words)

    assert post.text == f"Hospitals try it out. Nurses save an hour a day. …\n\n{LINK}"


def test_own_words_may_hold_the_link_which_is_never_lost() -> None:
    words = Wording(text=f"{SUMMARY} See {LINK} today")

    assert compose(card("T"), MASTODON, wording=words).text == words.text
    short = compose(card("T"), Wants(Room(85, url_length=23)), wording=words).text
    assert short == f"Hospitals try it out. Nurses save an hour a day. …\n\n{LINK}"


def test_own_hashtags_are_all_meant_and_none_may_be() -> None:
    made, few = card("T", topics=TOPICS), Wants(Room(500), hashtags=1)

    assert compose(made, few, wording=Wording(hashtags=("A one", "B", "b"))).hashtags == ("AOne", "B")
    assert compose(made, few, wording=Wording(hashtags=())).hashtags == ()
    assert compose(made, few, wording=Wording(hashtags=("x y",)), spellings={"X Y": "XYZ"}).hashtags == ("XYZ",)


def test_template_without_a_link_gets_it_appended() -> None:
    assert compose(card("T"), MASTODON, template="{{ title }}").text == f"T\n\n{LINK}"
    assert compose(card("T"), BLUESKY, template="{{ title }}").text == "T"


def test_template_is_fitted_by_its_summary() -> None:
    template = "{{ section }} at {{ site_name }}: {{ summary }}\n{{ link }}\ttab\x07"

    post = compose(card(summary=SUMMARY, section="News"), Wants(Room(90, url_length=23)), template=template)

    assert post.text == f"News at Site: Hospitals try it out. Nurses save an hour a day…\n{LINK} tab"


def test_template_too_long_by_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        compose(card(), Wants(Room(60)), template="{{ link }}" + "words " * 20)


WANTS = st.builds(
    Wants,
    room=st.one_of(
        st.builds(Room, limit=st.integers(60, 500), url_length=st.just(23)),
        st.builds(Room, limit=st.integers(60, 300), limit_bytes=st.integers(150, 3000)),
    ),
    link_in_text=st.booleans(),
    hashtags=st.integers(0, 5),
)
LABELS = st.lists(st.one_of(st.sampled_from(TOPICS), TEXTS), max_size=4).map(tuple)
TEMPLATES = st.sampled_from(
    [None, "{{ title }} {{ link }} {{ summary }}", "{{ hashtags }}\n{{ summary }}{% if brand %} {{ brand }}{% endif %}"]
)


@unhurried
@given(TEXTS, TEXTS, LABELS, WANTS, TEMPLATES)
def test_post_keeps_its_laws(
    title: str, summary: str, labels: tuple[str, ...], wants: Wants, template: str | None
) -> None:
    post = compose(card(title, summary, topics=labels), wants, template=template)

    assert (LINK in post.text) == wants.link_in_text
    seen = post.text.replace(LINK, "x" * 23) if wants.room.url_length else post.text
    assert graphemes(seen) <= wants.room.limit
    assert wants.room.limit_bytes is None or len(post.text.encode()) <= wants.room.limit_bytes
    assert unicodedata.is_normalized("NFC", post.text)
    assert not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in post.text.replace("\n", ""))
    assert post.text == post.text.strip()


@unhurried
@given(TEXTS.filter(str.strip), LABELS, st.integers(60, 500), TEMPLATES)
def test_own_words_keep_the_laws_of_posts(text: str, labels: tuple[str, ...], limit: int, template: str | None) -> None:
    wants = Wants(Room(limit, url_length=23))

    post = compose(card(), wants, template=template, wording=Wording(text=text, hashtags=labels))

    assert LINK in post.text
    assert fits(post.text, wants.room)
    assert not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in post.text.replace("\n", ""))


@unhurried
@given(TEXTS, TEXTS, LABELS, WANTS)
def test_spans_point_at_exactly_their_text(title: str, summary: str, labels: tuple[str, ...], wants: Wants) -> None:
    post = compose(card(title, summary, topics=labels), wants)

    said = [(span.kind, post.text.encode()[span.start_bytes : span.end_bytes].decode()) for span in post.spans]
    assert said == [
        *((SpanKind.HASHTAG, f"#{tag}") for tag in post.hashtags),
        *([(SpanKind.LINK, LINK)] if wants.link_in_text else []),
    ]
    assert all(left.end_bytes <= right.start_bytes for left, right in zip(post.spans, post.spans[1:], strict=False))


@unhurried
@given(st.text(alphabet="abc 日本—’é.", max_size=400), st.text(alphabet="xyz 語.", max_size=400))
def test_weighted_limit_is_never_passed(title: str, summary: str) -> None:
    post = compose(card(title, summary), Wants(Room(280, Measure.WEIGHTED)))

    assert weighted(post.text, LINK) <= 280
    assert post.text.endswith(LINK)


def test_title_stays_out_of_the_text_where_the_card_has_it() -> None:
    wants = Wants(Room(300), link_in_text=False, title_in_text=False)

    assert compose(card("A title", SUMMARY, topics=("AI",)), wants).text == f"{SUMMARY}\n\n#AI"
    assert compose(card("A title", "A title"), wants).text == ""
    assert compose(card("A title"), wants, template="{{ title }}!").text == "A title!"


def test_length_is_that_of_the_text_as_it_is_written() -> None:
    room = Room(3000, Measure.UTF16, dialect=Dialect.LINKEDIN)
    post = compose(card(title="(a)", summary="", topics=()), Wants(room, link_in_text=False))

    assert (post.text, length_of(post, room)) == ("(a)", 5)
    assert length_of(post, Room(3000)) == 3


def test_a_letters_first_sign_tells_whether_words_begin_alike() -> None:
    letters = filter(str.isalpha, map(chr, range(sys.maxunicode + 1)))

    assert regex.fullmatch(r"[\p{L}\p{M}\p{N}]+", "".join(letter.casefold()[0] for letter in letters))


@given(TEXTS, TEXTS)
def test_a_quick_look_hides_no_title_that_is_repeated(title: str, other: str) -> None:
    for summary in (title, title.swapcase(), f"“{title}”", f"{title} {other}", other):
        said, again = (" ".join(regex.findall(r"[\p{L}\p{M}\p{N}]+", text.casefold())) for text in (title, summary))
        assert _repeats(summary, title) is (said == again or said.startswith(f"{again} "))
