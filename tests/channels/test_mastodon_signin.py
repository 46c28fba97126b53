"""Signing in to Mastodon: an app made on the spot, and a token that the channel then uses."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from channels.channel_rig import CANARY, KeptTokens, channel_of
from channels.scripted import NOW, Script, says
from channels.test_signin import Person, query_of
from syndicate.channels.http import Web
from syndicate.channels.mastodon import NETWORK, MastodonSettings
from syndicate.channels.networks import Tools
from syndicate.errors import Unauthorized


async def test_an_app_is_registered_and_its_token_used(script: Script, web: Web) -> None:
    settings = MastodonSettings.model_validate({"instance": script.url, "sign_in": True})
    tokens = KeptTokens()
    tools = Tools(web, tokens, lambda: NOW)
    person = Person({"code": "code-canary"})
    script.will(says(200, {"id": "1", "client_id": "app-id", "client_secret": "secret-canary", "name": "syndicate"}))
    script.will(says(200, {"access_token": CANARY, "token_type": "Bearer", "scope": "read:accounts write:statuses"}))
    script.will(says(200, {"id": "42", "acct": "news"}))
    assert NETWORK.sign_in is not None

    grant = await NETWORK.sign_in.grant("news", settings, tools, person)
    await NETWORK.sign_in.access("news", settings, tools).keep(grant)

    registered, exchanged, who = script.heard
    assert parse_qs(registered.body.decode()) == {
        "client_name": ["syndicate"],
        "redirect_uris": [person.redirect_uri],
        "scopes": ["read:accounts read:statuses write:statuses write:media"],
    }
    assert query_of(person.address)["client_id"] == "app-id"
    assert parse_qs(exchanged.body.decode())["client_secret"] == ["secret-canary"]
    assert who.headers["authorization"] == f"Bearer {CANARY}"
    assert grant.who == f"@news@{script.url.removeprefix('http://')}"
    channel = channel_of("mastodon", {"instance": script.url, "sign_in": True}, web, tokens=tokens, clock=lambda: NOW)
    script.will(says(500))
    with pytest.raises(Exception, match="500"):
        await channel.open()
    assert script.heard[-1].headers["authorization"] == f"Bearer {CANARY}"
    assert (await channel.standing()).who == grant.who
    assert (await channel.standing()).until is None


async def test_before_a_sign_in_nothing_is_asked(script: Script, web: Web) -> None:
    channel = channel_of("mastodon", {"instance": script.url, "sign_in": True}, web)

    with pytest.raises(Unauthorized, match="sign in by `syndicate auth news`"):
        await channel.open()

    assert script.heard == []


def test_without_a_sign_in_a_token_is_needed() -> None:
    with pytest.raises(ValidationError, match="token: is missing"):
        MastodonSettings.model_validate({"instance": "social.example", "settle": timedelta(seconds=1)})
