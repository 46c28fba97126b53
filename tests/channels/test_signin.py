"""Signing in with a person at a browser: what is asked, what comes back, and what is refused."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest

from channels.channel_rig import KeptTokens
from channels.scripted import NOW, says, scripted
from syndicate.channels.http import Web
from syndicate.channels.loopback import Pasted, loopback
from syndicate.channels.networks import Tools
from syndicate.channels.oauth_app import App
from syndicate.channels.signin import Consent, SignInPage, challenge_of, code_in, consent_of, grant_of
from syndicate.errors import Unauthorized, UsageError

PAGE = SignInPage("https://x.example/authorize", ("read", "write"))


@dataclass
class Person:
    """Consents at once, and comes back with these fields beside the state (or with another state)."""

    fields: dict[str, str]
    state: str | None = None
    redirect_uri: str = "http://127.0.0.1:8917/callback"
    address: str = ""

    async def back_from(self, address: str) -> str:
        self.address = address
        state = self.state if self.state is not None else query_of(address)["state"]
        return f"{self.redirect_uri}?{urlencode({**self.fields, 'state': state})}"


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_the_challenge_is_that_of_the_standard() -> None:
    # RFC 7636 appendix B
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def test_consent_is_asked_for_as_the_standards_say() -> None:
    person = Person({"code": "code-canary"})

    consent = await consent_of(PAGE, "app", person)

    query = query_of(person.address)
    assert person.address.startswith("https://x.example/authorize?")
    assert consent.verifier is not None
    assert 43 <= len(consent.verifier) <= 128
    assert query == {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": "http://127.0.0.1:8917/callback",
        "scope": "read write",
        "state": query["state"],
        "code_challenge": challenge_of(consent.verifier),
        "code_challenge_method": "S256",
    }
    assert len(query["state"]) >= 43
    assert consent.fields == {
        "grant_type": "authorization_code",
        "code": "code-canary",
        "redirect_uri": "http://127.0.0.1:8917/callback",
        "code_verifier": consent.verifier,
    }
    assert "canary" not in repr(consent)


async def test_every_sign_in_has_its_own_state_and_verifier() -> None:
    persons = [Person({"code": "c"}) for _ in range(2)]

    consents = [await consent_of(PAGE, "app", person) for person in persons]

    assert query_of(persons[0].address)["state"] != query_of(persons[1].address)["state"]
    assert consents[0].verifier != consents[1].verifier


async def test_a_network_without_pkce_is_not_bothered_with_it() -> None:
    person = Person({"code": "c"})
    page = SignInPage("https://x.example/a", ("read", "write"), has_pkce=False, separator=",", extra={"auth": "re"})

    consent = await consent_of(page, "app", person)

    assert not {"code_challenge", "code_challenge_method"} & query_of(person.address).keys()
    assert (query_of(person.address)["scope"], query_of(person.address)["auth"]) == ("read,write", "re")
    assert "code_verifier" not in consent.fields


@pytest.mark.parametrize(
    ("back", "problem"),
    [
        ("http://h/callback?code=canary&state=other", "its state differs"),
        ("http://h/callback?code=canary", "its state differs"),
        ("http://h/callback?error=access_denied&error_description=No%0Athanks&state=s", r"access_denied: Nothanks\)"),
        ("http://h/callback?error=access_denied&state=other", "its state differs"),
        ("http://h/callback?state=s", "holds no code"),
        (f"http://h/callback?code={'x' * 5000}&state=s", "holds no code"),
        ("code-canary", "its state differs"),
        ("", "its state differs"),
    ],
)
def test_what_comes_back_wrong_is_told(back: str, problem: str) -> None:
    with pytest.raises(Unauthorized, match=problem) as told:
        code_in(back, "s")

    assert "canary" not in str(told.value)


async def test_a_code_becomes_a_grant() -> None:
    async with scripted() as server, Web() as web:
        server.will(says(200, {"access_token": "access-canary", "expires_in": 60, "token_type": "bearer"}))
        tools = Tools(web, KeptTokens(), lambda: NOW)

        grant = await grant_of(PAGE, App(f"{server.url}/token", "app"), tools, Person({"code": "c"}), remedy="again")

    assert (grant.access, grant.scopes, grant.expires_at) == ("access-canary", PAGE.scopes, NOW + timedelta(seconds=60))
    form = parse_qs(server.heard[0].body.decode())
    assert {"grant_type", "code", "redirect_uri", "code_verifier", "client_id"} == form.keys()


async def test_a_code_that_expired_is_told_with_the_way_out() -> None:
    async with scripted() as server, Web() as web:
        words = "Value passed for the authorization code was invalid: code-canary"
        server.will(says(400, {"error": "invalid_request", "error_description": words}))
        tools = Tools(web, KeptTokens(), lambda: NOW)

        with pytest.raises(Unauthorized, match=r"invalid_request.*; sign in again") as told:
            await grant_of(
                PAGE, App(f"{server.url}/t", "app"), tools, Person({"code": "code-canary"}), remedy="sign in again"
            )

    assert "canary" not in str(told.value)


async def test_an_instagram_answer_lies_in_a_list() -> None:
    async with scripted() as server, Web() as web:
        inner = {"access_token": "access-canary", "user_id": 1, "permissions": "a,b"}
        server.will(says(200, {"data": [inner]}))
        tools = Tools(web, KeptTokens(), lambda: NOW)

        grant = await App(f"{server.url}/t", "app").ask({"grant_type": "x"}, tools, remedy="")

    assert (grant.access, grant.scopes) == ("access-canary", ("a", "b"))


async def test_the_browser_comes_back_to_one_path_only() -> None:
    shown: list[str] = []
    async with loopback(0, shown.append) as visit, aiohttp.ClientSession() as browser:
        waiting = asyncio.create_task(visit.back_from("https://x.example/authorize"))
        base = visit.redirect_uri.removesuffix("/callback")
        statuses = []
        for path in ("/", "/favicon.ico", "/callback/x"):
            async with browser.get(f"{base}{path}") as answer:
                statuses.append(answer.status)
        async with browser.post(visit.redirect_uri) as answer:
            statuses.append(answer.status)
        async with browser.get(f"{visit.redirect_uri}?code=c&state=s") as answer:
            page = await answer.text()
            headers = answer.headers
        async with browser.get(f"{visit.redirect_uri}?code=other&state=s") as second:
            assert second.status == 200
        back = await waiting

    assert statuses == [404, 404, 404, 405]
    assert code_in(back, "s") == "c"
    assert "close this window" in page
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert shown == ["https://x.example/authorize"]
    assert base.startswith("http://127.0.0.1:")


async def test_nobody_coming_back_is_told() -> None:
    async with loopback(0, lambda address: None, patience=timedelta(0)) as visit:
        with pytest.raises(Unauthorized, match="nobody came back"):
            await visit.back_from("https://x.example")


async def test_a_port_that_is_taken_is_told() -> None:
    async with loopback(0, lambda address: None) as visit:
        port = urlsplit(visit.redirect_uri).port
        assert port is not None
        with pytest.raises(UsageError, match=f"--port {port}"):
            async with loopback(port, lambda address: None):
                pass


async def test_another_callback_address_is_told_as_it_is_registered() -> None:
    async with loopback(0, lambda address: None, redirect_uri="http://localhost:1/callback") as visit:
        assert visit.redirect_uri == "http://localhost:1/callback"


async def test_an_address_may_be_pasted() -> None:
    async def ask(address: str) -> str:
        return f"https://news.example/back?code=c&state={query_of(address)['state']}#_"

    consent = await consent_of(PAGE, "app", Pasted("https://news.example/back", ask))

    assert consent == Consent("c", "https://news.example/back", consent.verifier)
