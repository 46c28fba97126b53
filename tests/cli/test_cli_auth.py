"""`syndicate auth` and `syndicate channels`: sign-ins are checked, kept sealed and shown; a test sends nothing."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import click
import pytest

from site_rig import SandboxThread, SiteRig


@dataclass
class FakeX:
    """X as far as a sign-in sees it, and a person at a browser who consents."""

    url: str = ""
    username: str = "MarshNotes"
    heard: list[str] = field(default_factory=list)
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    comes_back_with: dict[str, str] = field(default_factory=lambda: {"code": "code-canary"})

    def consent(self, address: str) -> int:
        """What `click.launch` is taken for."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        back = urlencode({"state": query["state"], **self.comes_back_with})
        browser = threading.Thread(target=visit, args=(f"{query['redirect_uri']}?{back}",))
        browser.start()
        return 0


def visit(address: str) -> None:
    with urllib.request.urlopen(address, timeout=10) as answer:
        answer.read()


@pytest.fixture
def x() -> Iterator[FakeX]:
    fake = FakeX()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def say(self, value: object, status: int = 200) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            fake.heard.append(f"GET {self.path}")
            self.say({"data": {"id": "42", "username": fake.username}})

        def do_POST(self) -> None:
            fake.heard.append(f"POST {self.path}")
            fake.forms.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            access = {"access_token": "access-canary", "refresh_token": "refresh-canary"}
            self.say({**access, "expires_in": 7200, "scope": "tweet.read tweet.write", "token_type": "bearer"})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site_on_x(site: SiteRig, x: FakeX, monkeypatch: pytest.MonkeyPatch) -> SiteRig:
    monkeypatch.setattr(click, "launch", x.consent)
    own = {"network": "x", "account": "marshnotes", "client_id": "app", "api_url": x.url, "auth_url": x.url}
    site.channels = {"news_x": own}
    site.configure()
    return site


def test_a_sign_in_is_checked_kept_sealed_and_shown(site_on_x: SiteRig, x: FakeX) -> None:
    told = site_on_x.call("auth", "news_x", "--port", "0")
    listed = site_on_x.ask("channels", "list")

    assert told.exit_code == 0
    assert "news_x: signed in to x as @marshnotes" in told.stdout
    assert "scopes: tweet.read, tweet.write" in told.stdout
    assert x.heard == ["POST /2/oauth2/token", "GET /2/users/me"]
    assert x.forms[0]["code"] == ["code-canary"]
    assert "code_verifier" in x.forms[0]
    assert [(one["channel"], one["scopes"], one["until"]) for one in listed] == [
        ("news_x", ["tweet.read", "tweet.write"], None)
    ]
    kept = (site_on_x.folder / "state" / "outbox.sqlite3").read_bytes()
    assert b"canary" not in kept
    assert "access-canary" not in told.output and "refresh-canary" not in told.output


def test_a_sign_in_can_be_pasted_and_told_as_json(
    site_on_x: SiteRig, x: FakeX, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def prompt(*_: object, **__: object) -> str:
        [address] = asked
        state = parse_qs(urlsplit(address).query)["state"][0]
        return f"https://news.example/back?{urlencode({'code': 'code-canary', 'state': state})}"

    def echo(line: str, **how: object) -> None:
        asked.extend(word for word in line.split() if word.startswith(x.url))
        real_echo(line, **how)  # type: ignore[arg-type]  # as it was called

    real_echo = click.echo
    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.setattr("syndicate.cli.auth.click.echo", echo)

    result = site_on_x.call("auth", "news_x", "--paste", "--redirect", "https://news.example/back", "--json")

    assert json.loads(result.stdout) == {
        "channel": "news_x",
        "network": "x",
        "account": "@marshnotes",
        "scopes": ["tweet.read", "tweet.write"],
        "until": None,
    }
    assert x.forms[0]["redirect_uri"] == ["https://news.example/back"]


def test_another_account_is_refused_and_not_kept(site_on_x: SiteRig, x: FakeX) -> None:
    x.username = "SomebodyElse"

    told = site_on_x.call("auth", "news_x", "--port", "0")
    tested = site_on_x.call("channels", "test", "news_x")

    assert (told.exit_code, tested.exit_code) == (69, 69)
    assert "the account signed in is @SomebodyElse, not @marshnotes" in told.stderr
    assert "nobody is signed in; sign in by `syndicate auth news_x`" in tested.stderr


@pytest.mark.parametrize(
    ("back", "problem"),
    [
        ({"error": "access_denied"}, r"the sign-in was refused (access_denied)"),
        ({"code": "c", "state": "other"}, "its state differs"),
    ],
)
def test_a_sign_in_that_fails_says_why(site_on_x: SiteRig, x: FakeX, back: dict[str, str], problem: str) -> None:
    x.comes_back_with = back

    told = site_on_x.call("auth", "news_x", "--port", "0")

    assert told.exit_code == 69
    assert problem in told.stderr
    assert x.heard == []


def test_a_password_is_only_checked(site: SiteRig, sandbox: SandboxThread) -> None:
    site.channels = sandbox.channels("bluesky")
    site.configure()
    [name] = site.channels

    told = site.ask("auth", name)

    assert told["network"] == "bluesky"
    assert told["account"]


@pytest.mark.parametrize("words", [("auth", "nws"), ("channels", "test", "nws")])
def test_a_channel_that_is_not_there_is_told_with_those_that_are(site: SiteRig, words: tuple[str, ...]) -> None:
    told = site.call(*words)

    assert told.exit_code == 2
    assert "nws: no such channel is switched on; there are: shown" in told.stderr


def test_a_channel_is_tested_and_nothing_is_sent(site: SiteRig, sandbox: SandboxThread) -> None:
    site.channels = sandbox.channels("mastodon")
    site.configure()
    [name] = site.channels

    told = site.call("channels", "test", name)
    as_json = site.ask("channels", "test", name)

    assert told.exit_code == 0
    assert f"{name}: works" in told.stdout
    assert "text: at most 500 graphemes" in told.stdout
    assert "promise: never twice" in told.stdout
    assert as_json["test_post"] is None
    assert not sandbox.posts("mastodon")


def test_a_private_post_is_made_where_the_network_has_such(site: SiteRig, sandbox: SandboxThread) -> None:
    site.channels = {**sandbox.channels("mastodon"), **sandbox.channels("bluesky")}
    site.configure()
    mastodon, bluesky = site.channels

    made = site.ask("channels", "test", mastodon, "--private")
    refused = site.call("channels", "test", bluesky, "--private")

    assert made["test_post"].startswith("http")
    assert refused.exit_code == 2
    assert "--private: Bluesky has no posts that only you see" in refused.stderr


def test_channels_are_listed_without_asking_a_network(site: SiteRig) -> None:
    told = site.call("channels", "list")

    assert told.exit_code == 0
    assert "shown" in told.stdout
    assert "never twice" in told.stdout
