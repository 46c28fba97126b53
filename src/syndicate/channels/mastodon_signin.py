"""Signing in to a server with the Mastodon API: an app is registered on the spot, then a person consents.

Source: Mastodon documentation "apps" (POST /api/v1/apps), "oauth", "OAuth scopes". Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlencode

from pydantic import BaseModel, Field, SecretStr

from syndicate.channels.addresses import host_of
from syndicate.channels.http import Answer, check_access
from syndicate.channels.networks import Tools
from syndicate.channels.oauth import Access, Grant, Terms, access_of
from syndicate.channels.oauth_app import App
from syndicate.channels.signin import SignInPage, Visit, grant_of
from syndicate.ports.channel import Rights, rights_among

SCOPES = ("read:accounts", "read:statuses", "write:statuses", "write:media")
"""`profile` would do for the first, but servers know it from Mastodon 4.3 on only."""


NEEDED = ("read:statuses", "write:statuses", "write:media")
"""What posting takes; that the account may be read is seen when the channel opens."""


class Served(Protocol):
    """The settings that a sign-in needs."""

    @property
    def instance(self) -> str:
        """The server's address."""

    @property
    def given_token(self) -> str | None:
        """The access token of the settings."""


def access_for(name: str, settings: Served, tools: Tools) -> Access:
    """The account's access: tokens do not end, and are renewed by a person only."""
    return access_of(Terms(f"mastodon/{host_of(settings.instance)}/{name}", name, settings.given_token), tools)


async def sign_in(name: str, settings: Served, tools: Tools, visit: Visit) -> Grant:
    """A token for the account that the person is signed in to at the browser."""
    remedy = f"sign in by `syndicate auth {name}`"
    app = await _registered(settings.instance, visit.redirect_uri, tools, remedy)
    page = SignInPage(f"{settings.instance}/oauth/authorize", SCOPES)
    grant = await grant_of(page, app, tools, visit, remedy=remedy)
    answer = await tools.web.call(
        "GET",
        f"{settings.instance}/api/v1/accounts/verify_credentials",
        headers={"Authorization": f"Bearer {grant.access}"},
        is_repeatable=True,
    )
    account = check_access(answer, tools.clock(), remedy=remedy).read(_Account)
    who = f"@{account.acct}@{host_of(settings.instance)}"
    return grant.model_copy(update={"who": who})


async def _registered(instance: str, redirect_uri: str, tools: Tools, remedy: str) -> App:
    fields: Mapping[str, str] = {
        "client_name": "syndicate",
        "redirect_uris": redirect_uri,
        "scopes": " ".join(SCOPES),
    }
    answer = await tools.web.call(
        "POST",
        f"{instance}/api/v1/apps",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(fields).encode(),
        is_repeatable=True,
    )
    app = check_access(answer, tools.clock(), remedy=remedy).read(_App)
    return App(f"{instance}/oauth/token", app.client_id, app.client_secret.get_secret_value())


def rights_in(answer: Answer) -> Rights:
    """What the app of a token may ask for; servers before 4.3 do not tell (documentation, "apps"). Read 2026-11."""
    return rights_among(answer.read(_Registered).scopes, NEEDED)


class _Registered(BaseModel):
    scopes: tuple[str, ...] = ()


class _App(BaseModel):
    client_id: str = Field(min_length=1, max_length=500)
    client_secret: SecretStr


class _Account(BaseModel):
    acct: str = Field(pattern=r"^[\w.@-]{1,200}$")
