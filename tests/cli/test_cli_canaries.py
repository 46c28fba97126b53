"""Secrets of the settings that every server repeats: no command shows one, in words, as JSON or in its log."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus

import pytest

from site_rig import SiteRig
from syndicate import log
from syndicate.channels import http

TOKEN, PASSWORD, BOT, HOOK = (
    "canary-5ec7e7-token",
    "canary/5ec7e7+password",
    "1:canary-5ec7e7-bot",
    "canary-5ec7e7-hook",
)
SIGNING = "whsec_Y2FuYXJ5LTVlYzdlNy1zaWduaW5nLXNlY3JldA=="
RECIPIENT = "canary-5ec7e7@lists.example"
SECRETS = (TOKEN, PASSWORD, BOT, HOOK, SIGNING, RECIPIENT)


class Talkative(BaseHTTPRequestHandler):
    """Refuses everything, and says why in the words of whoever asked."""

    def _refuse(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace")
        echo = " ".join([*SECRETS, self.path, unquote_plus(self.path), str(dict(self.headers)), body])
        said = json.dumps({"error": echo, "message": echo, "description": echo, "ok": False}).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _refuse  # the library's names

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Talkative)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def spied(site: SiteRig, url: str) -> SiteRig:
    """A site whose channels all lead to the talkative server, and whose items are all to be posted."""
    mail = {"host": "127.0.0.1", "port": 9, "security": "none", "sender": "news@site.example", "to": RECIPIENT}
    channels = {
        "masto": {"network": "mastodon", "instance": url, "token": TOKEN},
        "sky": {"network": "bluesky", "service": url, "identifier": "news.test", "password": PASSWORD},
        "gram": {"network": "telegram", "api_url": url, "token": BOT, "chat": "@marshnotes"},
        "slack": {"network": "slack", "url": f"{url}/services/T1/B1/{HOOK}"},
        "hook": {"network": "webhook", "url": f"{url}/hook", "secret": SIGNING},
        "mail": {"network": "email", "username": "news", "password": PASSWORD, **mail},
    }
    site.channels = {name: {**channel, "first_sight": "post"} for name, channel in channels.items()}
    site.configure(log={"format": "json", "level": "debug"})
    site.config.chmod(0o600)
    return site


POSTING = (("once", "--json"), ("status", "--json"))
LOOKING = (("held", "list", "--json"), ("explain", "1", "--json"), ("doctor", "--json"), ("channels", "test", "masto"))


def all_said(site: SiteRig, commands: tuple[tuple[str, ...], ...]) -> str:
    results = [site.call(*words) for words in commands]
    return "\n".join(result.output for result in results)


def test_no_command_shows_a_secret(spied: SiteRig) -> None:
    said = all_said(spied, (*POSTING, *LOOKING))

    assert [secret for secret in SECRETS if secret in said] == []
    assert log.MASK in said


def test_without_masks_the_commands_show_them(spied: SiteRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "masked", lambda text, _: text)
    monkeypatch.setattr(log.Masker, "masked", lambda _, text: text)

    said = all_said(spied, POSTING)

    assert [secret for secret in SECRETS if secret in said] == list(SECRETS)
