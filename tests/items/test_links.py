from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from syndicate.items.links import (
    absolute,
    host_of,
    is_loopback,
    is_safe_path,
    is_same_page,
    link_key,
    page_at,
    usable,
    with_parameters,
    without_tracking,
)

SITE = "https://site.example/"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://a.example/x/?q=1#f", "https://a.example/x/?q=1#f"),
        ("  HTTP://A.Example/X ", "http://a.example/X"),
        ("https://a.example/ü b%20c", "https://a.example/%C3%BC%20b%20c"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://a.example:8443/x", "https://a.example:8443/x"),
        ("http://[2001:db8::1]/x", "http://[2001:db8::1]/x"),
        *(
            (bad, None)
            for bad in (
                "javascript:alert(1)",
                "data:text/html,x",
                "ftp://a.example/",
                "//a.example/x",
                "/x",
                "",
                "https://",
                "https://user:secret@a.example/",
                "https://a.example:port/",
                "https://[broken/",
                "https://a b.example/",
                "https://a..example/",
                "https://-a.example/",
                "https://" + "a" * 70 + ".example/",
                r"https://a.example\@b.example/",
            )
        ),
    ],
)
def test_only_http_links_are_usable(written: str, url: str | None) -> None:
    assert usable(written) == url


@given(st.text(max_size=60))
def test_a_usable_link_is_ascii_and_stable(text: str) -> None:
    for url in (usable(text), usable("https://a.example/" + text)):
        if url is not None:
            assert url.isascii()
            assert " " not in url
            assert usable(url) == url


@pytest.mark.parametrize(
    ("base", "link", "url"),
    [
        (SITE, "/x", "https://site.example/x"),
        (SITE + "news/a", "b.png", "https://site.example/news/b.png"),
        (SITE, "//cdn.example/x", "https://cdn.example/x"),
        (None, "https://a.example/", "https://a.example/"),
        (None, "/x", None),
        (SITE, "javascript:alert(1)", None),
        (SITE, " mailto:a@b.example", "mailto:a@b.example"),
        (SITE, "https://[x", None),
    ],
)
def test_links_of_a_page_become_absolute(base: str | None, link: str, url: str | None) -> None:
    assert absolute(base, link) == url


@pytest.mark.parametrize(
    ("site", "place", "url"),
    [
        (SITE, "/news/x", "https://site.example/news/x"),
        ("https://site.example/sub", "topic/y", "https://site.example/sub/topic/y"),
        (SITE, "https://other.example/x", "https://other.example/x"),
        ("", "/news/x", None),
        (SITE, "/%2e%2e/%2e%2e/x.html", None),
        (SITE, "/a/../b", None),
        (SITE, "/%252e%252e/x", None),
        (SITE, "/%" + "25" * 9 + "2e", None),
        (SITE, r"\\host\x", None),
        (SITE, "/a\x00b", None),
    ],
)
def test_a_place_on_the_site_never_climbs(site: str, place: str, url: str | None) -> None:
    assert page_at(site, place) == url


def test_a_dot_inside_a_name_is_safe() -> None:
    assert is_safe_path("a..b/c.d/%20e")


@pytest.mark.parametrize(
    "other",
    [
        "http://www.a.example/x",
        "https://a.example:443/x/",
        "https://A.example/x#part",
        "https://a.example//x?utm_source=mail&fbclid=1",
        "https://a.example/%78",
    ],
)
def test_spellings_of_one_page_have_one_key(other: str) -> None:
    assert link_key(other) == link_key("https://a.example/x")


@pytest.mark.parametrize(
    "other",
    [
        "https://a.example/X",
        "https://b.example/x",
        "https://a.example/x?id=1",
        "https://a.example/x#!/deep",
        "https://a.example:8443/x",
        "https://a.example/x%2F",
    ],
)
def test_other_pages_have_other_keys(other: str) -> None:
    assert link_key(other) != link_key("https://a.example/x")


def test_tracking_parameters_are_configurable_and_order_does_not_count() -> None:
    assert link_key("https://a.example/?b=2&ref=x&a=1", ("ref",)) == link_key("https://a.example/?a=1&b=2", ())
    assert link_key("https://a.example/?utm_source=x", ()) != link_key("https://a.example/", ())


@pytest.mark.parametrize("odd", ["https://[x", "nothing", "https://"])
def test_what_is_no_link_is_its_own_key(odd: str) -> None:
    assert link_key(f" {odd} ") == odd


@given(st.from_regex(r"[a-zA-Z0-9%/&=?._~-]{0,30}", fullmatch=True))
def test_the_key_of_a_key_is_itself(rest: str) -> None:
    key = link_key(f"https://a.example/{rest}")

    assert link_key(f"https://{key}") == key


@pytest.mark.parametrize(("url", "host"), [("https://www.a.example/x", "a.example"), ("nothing", "")])
def test_the_outlet_is_the_host_without_www(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://a.example/x", "https://a.example/x?u=1&w=%C3%BC%20%26"),
        ("https://a.example/x?", "https://a.example/x?u=1&w=%C3%BC%20%26"),
        ("https://a.example/x?b=2&c#frag?ment", "https://a.example/x?b=2&c&u=1&w=%C3%BC%20%26#frag?ment"),
        ("https://a.example/x?u=mine", "https://a.example/x?u=mine&w=%C3%BC%20%26"),
        ("https://a.example/x?%75=&w", "https://a.example/x?%75=&w"),
        ("https://xn--bcher-kva.example:8443/%C3%A9", "https://xn--bcher-kva.example:8443/%C3%A9?u=1&w=%C3%BC%20%26"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_parameters_join_what_is_there_and_come_once(url: str, made: str) -> None:
    parameters = {"u": "1", "w": "ü &"}

    assert with_parameters(url, parameters) == made
    assert with_parameters(made, parameters) == made
    assert with_parameters(url, {}) == url


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://a.example/x?utm_source=a&b=%20&fbclid=1#c", "https://a.example/x?b=%20#c"),
        ("https://a.example/x?utm_source=a", "https://a.example/x"),
        ("https://a.example/x", "https://a.example/x"),
        ("https://[broken?utm_source=a", "https://[broken?utm_source=a"),
    ],
)
def test_what_only_tracks_can_be_taken_off(url: str, made: str) -> None:
    assert without_tracking(url) == made


@given(
    base=st.sampled_from(
        ["https://a.example/", "https://a.example", "http://b.c/d/e?f#g", "HTTP://A.example/x", "//h", ""]
    )
    | st.text(alphabet="htps:/a.?#", max_size=12),
    link=st.text(alphabet="/.?#;ab%2e:@[]\\ é", max_size=12).map(lambda rest: "/" + rest),
)
@example(base="https://a.example/x", link="/a/../b")
@example(base="https://a.example/x", link="/a//b?c=/d#e")
@example(base="https://a.example/x", link="/a?")
@example(base="https://a.example?b", link="/a")
@example(base="https://a.example#b", link="/a")
def test_a_path_from_the_root_is_joined_as_the_standard_says(base: str, link: str) -> None:
    try:
        joined = usable(urljoin(base, link.strip()))
    except ValueError:
        joined = None

    assert absolute(base, link) == joined


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.9.9.9/", True),
        ("http://localhost/", True),
        ("http://192.168.1.1/", False),
        ("https://a.example", False),
    ],
)
def test_this_machine_is_known(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


SPELLINGS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["https://", "http://", "HTTPS://", "//", ""]),
    st.sampled_from(
        ["a.example", "www.a.example", "www.www.a.example", "A.example", "b.example", "a.example:443", "é.example"]
    ),
    st.sampled_from(["", "/", "/x", "/x/", "//x", "/%78"]),
    st.sampled_from(["", "?q=1", "?utm_source=b&q=1", "#top", "#!/x", "?"]),
)


@given(SPELLINGS, SPELLINGS)
@example("https://a.example?q=1", "http://www.a.example/?q=1#top")
def test_the_same_page_is_what_has_the_same_key(one: str, other: str) -> None:
    assert is_same_page(one, other) == (link_key(one) == link_key(other))


_NEARLY_PLAIN = re.compile(
    r"https?://(www\.)?[a-z0-9-]{1,9}(\.[a-z0-9-]{1,9}){0,2}[A-Za-z0-9/.~&=+!@:()*?%-]{0,20}", re.ASCII
)


@given(st.from_regex(_NEARLY_PLAIN, fullmatch=True))
def test_a_plain_address_has_the_key_that_it_has_by_the_long_way(url: str) -> None:
    by_the_long_way = link_key(f"{url}#x")
    assume(by_the_long_way != f"{url}#x")  # its host can be none

    assert link_key(url) == by_the_long_way
