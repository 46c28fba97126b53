"""Twelve secrets that servers repeat in every way they know: none is ever seen in an error, a trace or an event.

Each is seen as soon as the masks are off, so that a test which finds nothing has looked at the right place.
"""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import pytest
import structlog

from channels.channel_rig import CANARY, PUBLISHED, SNOWFLAKE, TRIALS, KeptTokens, Naps, channel_of, picture, post
from channels.mailbox import mailbox
from channels.scripted import NOW, Heard, Script, says, scripted
from channels.trials import PICTURED
from syndicate import log
from syndicate.channels import email, http
from syndicate.channels.http import Web
from syndicate.channels.networks import Tools
from syndicate.channels.oauth import Grant
from syndicate.channels.oauth_app import App
from syndicate.errors import NetworkError
from syndicate.outbox.delivery import Action, Receipt
from syndicate.ports.channel import Channel
from syndicate.sandbox.addresses import WEBHOOK_SECRET, SandboxAddresses

SPECIAL = "canary/5ec7e7+x=="
"""A secret that reads otherwise in a form or an address."""
MASK = "[secret]"


@dataclass(frozen=True)
class Canary:
    """A secret and the trial account that holds it; `is_known_there`: it is not sent, but the server knows it, too."""

    name: str
    secret: str
    trial: str
    settings: Mapping[str, object] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    is_known_there: bool = False


def kept_grant(secret: str) -> str:
    grant = Grant(access="used-up", refresh=secret, issued_at=NOW - timedelta(days=2), who="@marshnotes")
    return f'{{"current": {grant.model_dump_json()}}}'


APP = {"account": "marshnotes", "client_id": "app", "token": None}
MAIL = {"host": "127.0.0.1", "security": "none", "sender": "news@site.example"}
CANARIES = (
    Canary("access token", CANARY, "mastodon"),
    Canary(
        "refresh token",
        SPECIAL,
        "x",
        {**APP, "client_secret": "other"},
        {"x/{host}/app/marshnotes": kept_grant(SPECIAL)},
    ),
    Canary(
        "client secret", SPECIAL, "x", {**APP, "client_secret": SPECIAL}, {"x/{host}/app/marshnotes": kept_grant("old")}
    ),
    Canary("app password", SPECIAL, "bluesky", {"password": SPECIAL}),
    Canary("session JWT", "eyJhbGciOiJFUzI1NksifQ.canary.5ec7e7", "bluesky", {"password": "other"}),
    Canary("webhook URL", f"https-canary-{CANARY}", "slack"),
    Canary("bot token", f"1:{CANARY}", "telegram"),
    Canary("signing secret", WEBHOOK_SECRET, "webhook", is_known_there=True),
    Canary("proxy password", "canary-5ec7e7-proxy", "mastodon", {"token": "other"}),
    Canary("authorization code", SPECIAL, "x", {**APP, "client_secret": "other"}),
    Canary("SMTP password", SPECIAL, "email"),
    Canary("recipient", "canary-5ec7e7@lists.example", "email"),
)
"""By what they are: twelve ways in which a secret comes into a process and goes out again."""


def seen(canary: Canary, text: str) -> bool:
    """Whether the secret can be read, also by who knows how addresses and forms are written."""
    forms = {canary.secret, quote(canary.secret, safe=""), quote_plus(canary.secret), json.dumps(canary.secret)[1:-1]}
    return any(form in text for form in forms)


def repeated(heard: Heard, canary: Canary) -> str:
    """All that a request said, as a talkative server repeats it."""
    known = canary.secret if canary.is_known_there else ""
    scheme, _, token = heard.headers.get("authorization", "").partition(" ")
    opened = base64.b64decode(token).decode() if scheme == "Basic" else token
    body = heard.body.decode(errors="replace")
    return f"{known} {opened} {unquote_plus(heard.path)} {unquote_plus(body)} {body} {dict(heard.headers)}"


def worded(echo: str, **more: Any) -> dict[str, Any]:
    names = ("error", "error_description", "message", "detail", "title", "description")
    return dict.fromkeys(names, echo) | {"errors": [{"message": echo, "detail": echo}]} | more


ANSWERS: Mapping[str, Callable[[str, str], bytes]] = {
    **{str(status): lambda echo, _, status=status: says(status, worded(echo)) for status in (400, 401, 403, 404, 422)},
    **{str(status): lambda echo, _, status=status: says(status, worded(echo)) for status in (410, 429, 500, 503)},
    "graph": lambda echo, _: says(400, {"error": {"message": echo, "code": 100}}),
    "graph token": lambda echo, _: says(401, {"error": {"message": echo, "code": 190}}),
    "200 that is none": lambda echo, _: says(200, {"ok": False, "error": echo, "description": echo}),
    "200 of other fields": lambda echo, _: says(200, worded(echo)),
    "text": lambda echo, _: says(400, echo.encode()),
    "text in a 200": lambda echo, _: says(200, echo.encode()),
    "page": lambda echo, _: says(500, f"<html>{echo}".encode(), headers={"Content-Type": "text/html"}),
    "redirect": lambda _, secret: says(
        302, headers={"Location": f"http://user:{quote(secret, safe='')}@127.0.0.1/{quote(secret)}?token={secret}"}
    ),
    "no HTTP": lambda echo, _: echo.encode(),
}
"""How servers repeat what they were told, by what the answer looks like."""


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes every mask off."""
    monkeypatch.setattr(http, "masked", lambda text, _: text)
    monkeypatch.setattr(http, "place_of", lambda url: url)
    monkeypatch.setattr(email, "_words", str)


async def told(calls: list[Callable[[], Awaitable[object]]]) -> str:
    """All that these calls let be seen: what they give, their errors with traces, and what is logged of them."""
    found = []
    for call in calls:
        try:
            found.append(repr(await call()))
        except (NetworkError, ValueError) as error:
            found.append("".join(traceback.format_exception(error)) + repr(error) + str(vars(error)))
            structlog.get_logger().warning("delivery_postponed", reason=str(error), exc_info=error)
    return "\n".join(found)


def everything(channel: Channel) -> list[Callable[[], Awaitable[object]]]:
    """All that is ever asked of a channel."""
    made = post(channel.wants, picture=picture(), **PICTURED)
    key, sent = channel.key_of("a" * 32, 0, PUBLISHED), Receipt(SNOWFLAKE, None, NOW)

    async def posted() -> object:
        payload = channel.freeze(made, None, key, NOW)
        try:
            payload = await channel.stage(payload, key)
        finally:
            found = await told([lambda: channel.publish(payload, key), lambda: channel.find(payload, key, NOW)])
            if Action.EDIT in channel.abilities:
                found += await told([lambda: channel.edit(sent, payload)])
            if Action.DELETE in channel.abilities:
                found += await told([lambda: channel.delete(sent)])
        return found

    return [channel.open, lambda: channel.upload(picture()), posted, channel.standing]


@asynccontextmanager
async def talkative(canary: Canary, answer: Callable[[str, str], bytes]) -> AsyncIterator[Script]:
    """A server that gives this answer to whatever is asked."""
    async with scripted() as script:
        script.parrot = lambda heard: answer(repeated(heard, canary), canary.secret)
        yield script


async def over_http(canary: Canary, tmp_path: Any) -> str:
    found = ""
    for answer in ANSWERS.values():
        async with talkative(canary, answer) as script, Web(timeout=timedelta(seconds=5)) as web:
            host = script.url.removeprefix("http://")
            tokens = KeptTokens({name.format(host=host): grant for name, grant in canary.kept.items()})
            if canary.name == "session JWT":
                tokens.kept[f"news/bluesky/{host}/news.test"] = json.dumps(
                    {"did": "did:plc:1", "pds": script.url, "access": canary.secret, "refresh": canary.secret}
                )
            if canary.name == "authorization code":
                tools = Tools(web, tokens, lambda: NOW, Naps())
                app, code = App(f"{script.url}/token", "app", "other"), {"grant_type": "code", "code": canary.secret}
                found += await told([lambda app=app, tools=tools, code=code: app.ask(code, tools, remedy="sign in")])
                continue
            settings = {**TRIALS[canary.trial](SandboxAddresses.at(script.url), tmp_path), **canary.settings}
            if canary.name == "webhook URL":
                settings["url"] = f"{script.url}/services/T1/B1/{canary.secret}"
            settings = {name: value for name, value in settings.items() if value is not None}
            channel = channel_of(canary.trial, settings, web, tokens=tokens, clock=lambda: NOW, sleep=Naps())
            found += await told(everything(channel)) + repr(channel) + channel.network + channel.app
            await channel.close()
    return found


async def over_smtp(canary: Canary) -> str:
    found = ""
    echo = f"5.1.1 <{canary.secret}> is not known here, {canary.secret}"
    password = canary.secret if canary.name == "SMTP password" else "other"
    to = canary.secret if canary.name == "recipient" else "readers@lists.example"
    for step, code in (("MAIL", 550), ("RCPT", 550), ("RCPT", 450), ("DATA", 554), ("DATA", 421), ("AUTH", 535)):
        async with mailbox(password=password) as box, Web() as web:
            box.answers[step] = f"{code} {echo}"
            settings = {**MAIL, "port": box.port, "to": to, "username": "news@site.example", "password": password}
            channel = channel_of("email", settings, web, clock=lambda: NOW)
            found += await told(everything(channel)[:3]) + repr(channel)
    return found


async def looked_at(canary: Canary, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> str:
    """All that is seen while servers repeat this secret, also in events without the mask of last resort."""
    log.set_up(form="json", level="debug")
    found = await (over_smtp(canary) if canary.trial == "email" else over_http(canary, tmp_path))
    return found + capsys.readouterr().err


@pytest.mark.parametrize("canary", CANARIES, ids=lambda one: one.name)
async def test_a_secret_is_never_seen(canary: Canary, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = await looked_at(canary, tmp_path, capsys)

    places = [line for line in text.splitlines() if seen(canary, line)]
    assert places == []
    assert MASK in text


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("canary", CANARIES, ids=lambda one: one.name)
async def test_without_masks_every_secret_is_seen(
    canary: Canary, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seen(canary, await looked_at(canary, tmp_path, capsys))
