import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.sandbox.mastodon_text import Kind, first_link, html_of, length_of, mentions_of, pieces_of, tags_of


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("Hello", 5),
        ("https://example.org/" + "a" * 300, 23),
        ("http://a.de", 23),
        ("(https://example.org/a_(b)).", 26),
        ("https://example.org/a…", 24),
        ("@bob@example.org hi", 7),
        ("mail a@example.org", 18),
        ("👨‍👩‍👧‍👦", 1),
        ("e\u0301", 1),
        ("https:// is no link", 19),
    ],
)
def test_length(text: str, length: int) -> None:
    assert length_of(text) == length


def test_a_content_warning_counts_too() -> None:
    assert length_of("abc", "de") == 5


@given(st.text(alphabet=st.sampled_from("ab1 .,)(@#_/:\nhtps\u00e4…") | st.characters(), max_size=60))
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(piece.text for piece in pieces_of(text)) == text


def test_tags_need_a_letter_and_a_free_place() -> None:
    assert tags_of("#Health #123 a#no #2024er #Health /#no &#39;") == ["health", "2024er"]


def test_mentions_are_found_but_not_in_addresses() -> None:
    assert mentions_of("@bob and @ann@example.org, not x@y.org or https://a.org/@c") == ["bob", "ann@example.org"]


def test_first_link() -> None:
    assert first_link("See https://example.org/a, or https://example.org/b") == "https://example.org/a"
    assert first_link("None") is None


def test_html_has_paragraphs_breaks_and_escaped_text() -> None:
    assert html_of("A <b>\nB\n\nC 'd'", "http://h") == "<p>A &lt;b&gt;<br>B</p><p>C &#39;d&#39;</p>"
    assert html_of("", "http://h") == ""


def test_html_of_a_long_link_hides_its_tail_and_keeps_its_address() -> None:
    html = html_of("https://www.example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaa?x=1&y=2", "http://h")

    assert 'href="https://www.example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaa?x=1&amp;y=2"' in html
    assert '<span class="ellipsis">example.org/aaaaaaaaaaaaaaaaaa</span>' in html


def test_html_of_a_tag() -> None:
    assert 'href="http://h/tags/opendata"' in html_of("#OpenData", "http://h")


def test_kinds() -> None:
    kinds = [piece.kind for piece in pieces_of("a https://b.org #c @d")]

    assert kinds == [Kind.TEXT, Kind.LINK, Kind.TEXT, Kind.TAG, Kind.TEXT, Kind.MENTION]
