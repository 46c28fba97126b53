from __future__ import annotations

from syndicate.posts.post import Span, SpanKind
from syndicate.posts.spans import spans_of


def test_offsets_are_bytes_with_the_end_exclusive() -> None:
    text = "✨ example #Überblick 👨‍❤️‍👨 https://en.wikipedia.org/wiki/CBOR."

    spans = spans_of(text, "https://en.wikipedia.org/wiki/CBOR")

    assert [text.encode()[span.start_bytes : span.end_bytes].decode() for span in spans] == [
        "#Überblick",
        "https://en.wikipedia.org/wiki/CBOR",
    ]
    assert [span.target for span in spans] == ["Überblick", "https://en.wikipedia.org/wiki/CBOR"]


def test_link_is_found_whatever_it_looks_like() -> None:
    assert spans_of("x http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a") == (
        Span(SpanKind.LINK, 2, 25, "http://127.0.0.1:8080/a"),
    )


def test_fragment_of_a_url_is_no_hashtag() -> None:
    spans = spans_of("https://example.org/a#part and #Tag, #1", "https://example.org/a#part")

    assert [span.target for span in spans] == ["https://example.org/a#part", "Tag"]


def test_link_of_the_operator_is_a_link_too() -> None:
    spans = spans_of("More at https://site.example.org/topics.", "https://example.org/a")

    assert [span.target for span in spans] == ["https://site.example.org/topics"]
