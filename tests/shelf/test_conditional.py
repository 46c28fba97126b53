from __future__ import annotations

from datetime import UTC, datetime

import pytest

from syndicate.shelf.conditional import best_encoding, best_type, is_known, qualities

MODIFIED = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
OFFERED = ["text/html", "application/rss+xml", "application/atom+xml"]


@pytest.mark.parametrize(
    ("header", "weights"),
    [
        ("", {}),
        ("gzip, deflate;q=0.5", {"gzip": 1.0, "deflate": 0.5}),
        ("GZIP ; Q=0", {"gzip": 0.0}),
        ("a;q=x, b;q=7, c;level=1;q=0.2,,", {"a": 0.0, "b": 0.0, "c": 0.2}),
        ("a;q=nan", {"a": 0.0}),
    ],
)
def test_qualities_read_what_readers_send(header: str, weights: dict[str, float]) -> None:
    assert qualities(header) == weights


@pytest.mark.parametrize(
    ("header", "best"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip", "gzip"),
        ("br, gzip;q=0.1", "br"),
        ("*", "br"),
        ("x-gzip", "gzip"),
        ("gzip;q=0, *", "br"),
        ("br;q=0, gzip;q=0", ""),
        ("identity, br;q=0.5", ""),
        ("identity;q=0.5, br", "br"),
        ("gzip;q=nonsense", ""),
        ("zstd", ""),
        ("identity;q=0", "br"),
        ("identity;q=0, gzip", "gzip"),
        ("", ""),
    ],
)
def test_best_encoding_is_the_one_that_reader_and_server_like_most(header: str, best: str) -> None:
    assert best_encoding(header, ["br", "gzip"]) == best


def test_what_was_not_compressed_is_sent_as_it_is() -> None:
    assert best_encoding("br, gzip", []) == ""


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
        ("", "text/html"),
        ("image/png", "text/html"),
        ("application/atom+xml, */*;q=0.1", "application/atom+xml"),
        ("application/rss+xml, application/atom+xml", "application/rss+xml"),
        ("application/*, text/html;q=0.5", "application/rss+xml"),
        ("text/html;q=0, */*", "application/rss+xml"),
    ],
)
def test_best_type_is_what_the_reader_likes_most(accept: str, best: str) -> None:
    assert best_type(accept, OFFERED) == best


@pytest.mark.parametrize(
    ("match", "since", "is_held"),
    [
        (None, None, False),
        ('"abc"', None, True),
        ('W/"abc"', None, True),
        ('"x", W/"y" , "abc"', None, True),
        ('"a,b","abc"', None, True),
        ("*", None, True),
        (" * ", None, True),
        ('"ab"', None, False),
        ("abc", None, False),
        ("", None, False),
        ('"abc-gz"', None, False),
        (None, "Wed, 04 Mar 2026 09:30:00 GMT", True),
        (None, "Wed, 04 Mar 2026 09:30:00", True),
        (None, "Thu, 05 Mar 2026 09:30:00 GMT", True),
        (None, "Wed, 04 Mar 2026 09:29:59 GMT", False),
        (None, "Wed, 04 Mar 2026 10:30:00 +0100", True),
        (None, "yesterday", False),
        (None, "", False),
        ('"ab"', "Thu, 05 Mar 2026 09:30:00 GMT", False),
        ('"abc"', "Thu, 05 Mar 2020 09:30:00 GMT", True),
    ],
)
def test_reader_has_the_version_already(match: str | None, since: str | None, is_held: bool) -> None:
    assert is_known('"abc"', MODIFIED, match, since) is is_held
