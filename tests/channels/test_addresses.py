"""Addresses in settings, and how much of one is shown."""

from __future__ import annotations

import pytest

from syndicate.channels.addresses import base_url, endpoint_url, host_of, place_of, service_url


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://social.example", "https://social.example"),
        (" https://Social.Example/ ", "https://social.example"),
        ("social.example", "https://social.example"),
        ("https://social.example:8443", "https://social.example:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_a_service_is_named_by_its_server(written: str, meant: str) -> None:
    assert service_url(written) == meant


@pytest.mark.parametrize(
    "address",
    [
        "http://social.example",
        "http://127.0.0.1.example",
        "http://0.0.0.0:80",
        "ftp://social.example",
        "https://",
        "https://user:canary@social.example",
        "https://social.example/canary",
        "https://social.example?canary",
        "https://social.example#canary",
        "https://social.example:canary",
        "https://social.example:0",
        "https://[canary",
        "https://social example",
        "",
    ],
)
def test_other_addresses_are_refused_without_repeating_them(address: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|must)") as told:
        service_url(address)

    assert "canary" not in str(told.value)


def test_an_endpoint_keeps_its_path_and_query() -> None:
    assert endpoint_url(" https://hooks.example/T1/x/?key=1 ") == "https://hooks.example/T1/x/?key=1"


def test_an_api_may_begin_below_a_path() -> None:
    assert base_url(" http://127.0.0.1:8080/facebook/ ") == "http://127.0.0.1:8080/facebook"
    assert base_url("https://graph.facebook.com") == "https://graph.facebook.com"


@pytest.mark.parametrize("address", ["https://graph.example/?canary=1", "http://graph.example", "graph.example"])
def test_an_api_begins_at_an_https_address_without_a_query(address: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|must)") as told:
        base_url(address)

    assert "canary" not in str(told.value)


@pytest.mark.parametrize("address", ["http://hooks.example/x", "hooks.example/x", "https://u:p@hooks.example/x"])
def test_an_endpoint_is_a_whole_https_url(address: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|must)"):
        endpoint_url(address)


def test_only_scheme_and_host_are_shown() -> None:
    url = "https://user:secret@Hooks.Example:8443/T1/secret?key=secret#secret"

    assert place_of(url) == "https://hooks.example:8443/..."
    assert host_of(url) == "hooks.example:8443"
