"""What a status proves, how long to be silent, and which of a server's words are passed on."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from channels.scripted import NOW
from syndicate.channels.http import Answer, check_access, json_bytes, page_url, silent_until, verdict
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import State


def answer(status: int, body: bytes = b"", *, is_repeatable: bool = False, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer("POST https://social.example/...", status, named, body, is_repeatable, frozenset({"s3cr3t"}))


class Created(BaseModel):
    id: str


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success_is_given_back(status: int) -> None:
    given = answer(status)

    assert verdict(given, NOW) is given


@pytest.mark.parametrize(
    ("status", "publishing", "repeatable"),
    [
        (300, Unknown, Transient),
        (302, Unknown, Transient),
        (307, Unknown, Transient),
        (400, Rejected, Rejected),
        (401, Unauthorized, Unauthorized),
        (403, Unauthorized, Unauthorized),
        (404, Rejected, Rejected),
        (408, Unknown, Transient),
        (410, Rejected, Rejected),
        (413, Rejected, Rejected),
        (422, Rejected, Rejected),
        (425, Transient, Transient),
        (429, RateLimited, RateLimited),
        (500, Unknown, Transient),
        (502, Unknown, Transient),
        (503, Unknown, Transient),
        (504, Unknown, Transient),
        (599, Unknown, Transient),
    ],
)
def test_status_proves(status: int, publishing: type[NetworkError], repeatable: type[NetworkError]) -> None:
    with pytest.raises(publishing):
        verdict(answer(status), NOW)
    with pytest.raises(repeatable):
        verdict(answer(status, is_repeatable=True), NOW)


def test_an_overloaded_server_is_left_alone_only_where_nothing_is_at_stake() -> None:
    with pytest.raises(RateLimited) as told:
        verdict(answer(503, is_repeatable=True, Retry_After="30"), NOW)
    with pytest.raises(Unknown):
        verdict(answer(503, Retry_After="30"), NOW)

    assert told.value.until == NOW + timedelta(seconds=30)


def test_a_redirect_names_the_host_it_points_to() -> None:
    with pytest.raises(Transient) as told:
        verdict(answer(308, is_repeatable=True, Location="https://www.social.example/path/s3cr3t"), NOW)

    assert "points to https://www.social.example/..., which is not followed" in str(told.value)
    assert "s3cr3t" not in str(told.value)


def test_refused_access_tells_the_way_out() -> None:
    with pytest.raises(Unauthorized, match=r"401 \(The access token is invalid\); make a new token"):
        verdict(answer(401, b'{"error": "The access token is invalid"}'), NOW, remedy="make a new token")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refused_sign_in_is_a_matter_of_access(status: int) -> None:
    with pytest.raises(Unauthorized, match="set it again"):
        check_access(answer(status), NOW, remedy="set it again")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": " 2.5 "}, 2.5),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "99999999999999"}, 86400),
        ({"Retry-After": "100000"}, 86400),
        ({"Retry-After": "-5"}, 60),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": ""}, 60),
        ({}, 60),
        ({"Retry-After": "Mon, 23 Nov 2026 12:02:00 GMT"}, 120),
        ({"Retry-After": "Mon, 23 Nov 2026 11:00:00 GMT"}, 1),
        ({"Retry-After": "Mon, 99 Nov 2026 12:02:00 GMT"}, 60),
        ({"X-Reset": "2026-11-23T12:05:00.123456Z"}, 300.123456),
        ({"X-Reset": "2026-11-23T12:05:00"}, 300),
        ({"X-Reset": "1795435800"}, 600),
        ({"X-Reset": "15"}, 15),
        ({"Retry-After": "30", "X-Reset": "1795435800"}, 30),
        ({"Retry-After": "soon", "X-Reset": "15"}, 15),
        # The server's clock is an hour ahead: what counts is the difference to its own Date.
        ({"Date": "Mon, 23 Nov 2026 13:00:00 GMT", "X-Reset": "2026-11-23T13:05:00Z"}, 300),
        ({"Date": "Mon, 23 Nov 2026 13:00:00 GMT", "Retry-After": "30"}, 30),
        ({"Date": "nonsense", "Retry-After": "Mon, 23 Nov 2026 12:02:00 GMT"}, 120),
    ],
)
def test_silence_lasts_as_told_within_bounds(headers: dict[str, str], seconds: float) -> None:
    assert silent_until(headers, NOW, "X-Reset") - NOW == timedelta(seconds=seconds)


def test_a_429_carries_the_end_of_silence() -> None:
    with pytest.raises(RateLimited) as told:
        verdict(answer(429, X_Reset="15"), NOW, reset_header="X-Reset")

    assert told.value.until == NOW + timedelta(seconds=15)


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("application/json", b'{"error": "Text is too long"}', "Text is too long"),
        ("application/json", b'{"error": "InvalidSwap", "message": "Record was at x"}', "InvalidSwap: Record was at x"),
        ("application/json", b'{"error": "same", "message": "same"}', "same"),
        ("application/json", b'{"error": {"code": 1}, "detail": "why"}', "why"),
        ("application/json", b'"just text"', "just text"),
        ("application/json", b"[1, 2]", ""),
        ("text/plain", b"  many\n\n  lines\t here ", "many lines here"),
        ("text/plain", "bell \x07 and bidi \u202e end".encode(), "bell  and bidi  end"),
        ("text/plain", b"token s3cr3t is wrong", "token [secret] is wrong"),
        ("text/plain", b"\xff\xfe", "��"),
        ("text/html; charset=utf-8", b"<h1>Log in</h1>", ""),
        ("text/plain", b"", ""),
    ],
)
def test_words_are_short_plain_and_without_secrets(kind: str, body: bytes, words: str) -> None:
    assert answer(422, body, Content_Type=kind).words == words


@pytest.mark.parametrize("between", ["\x01", "\x1b", "\u200b", "\u00ad", "\u202e"])
def test_a_secret_parted_by_what_cannot_be_seen_is_masked(between: str) -> None:
    words = answer(422, f"token s3{between}cr3t is wrong".encode(), Content_Type="text/plain").words

    assert words == "token [secret] is wrong"


def test_a_secret_that_is_pointed_to_is_masked() -> None:
    with pytest.raises(Unknown) as told:
        verdict(answer(302, Location="https://s3cr3t.example/"), NOW)

    assert "s3cr3t" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://social.example/@news/1", True),
        ("HTTP://social.example/1", True),
        (None, False),
        ("javascript:alert(1)", False),
        ("https://social.example/\x1b[2J", False),
        ("https://social.example/a\nb", False),
        ("https://social.example/" + "a" * 2000, False),
    ],
)
def test_a_post_s_address_is_kept_if_it_can_be_followed(url: str | None, kept: bool) -> None:
    assert page_url(url) == (url if kept else None)


def test_long_words_are_cut() -> None:
    words = answer(422, b"x" * 5000).words

    assert len(words) == 200
    assert words.endswith("x…")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"<html>", b'{"id": null}', b'{"no": "id"}'])
def test_an_unreadable_success_is_unknown_unless_repeatable(body: bytes) -> None:
    with pytest.raises(Unknown, match="cannot be read"):
        answer(200, body).read(Created)
    with pytest.raises(Transient, match="cannot be read"):
        answer(200, body, is_repeatable=True).read(Created)


def test_an_unreadable_answer_is_not_shown() -> None:
    with pytest.raises(Unknown) as told:
        answer(200, b'{"id": ["canary"]}').read(Created)

    assert "canary" not in str(told.value)
    assert told.value.__suppress_context__


def test_an_answer_shows_no_content_in_its_repr() -> None:
    shown = repr(answer(200, b"canary", Authorization="canary"))

    assert "canary" not in shown
    assert "s3cr3t" not in shown


def test_equal_values_are_equal_bytes() -> None:
    assert json_bytes({"b": 1, "a": "é"}) == json_bytes({"a": "é", "b": 1}) == '{"a":"é","b":1}'.encode()


def parts() -> st.SearchStrategy[object]:
    plain = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.sampled_from(State)
    return st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(parts())
def test_values_are_the_bytes_that_the_standard_library_makes_of_them(value: object) -> None:
    expected = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    assert json_bytes(value) == expected.encode()


def test_text_of_a_kind_of_its_own_is_text_and_what_is_no_json_is_refused() -> None:
    class Own(str):
        __slots__ = ()

    assert json_bytes([Own("a")]) == b'["a"]'
    with pytest.raises(TypeError):
        json_bytes({"a": object()})
    with pytest.raises(ValueError, match="surrogates"):
        json_bytes("\ud800")
