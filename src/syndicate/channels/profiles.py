"""Accounts of Instagram and Threads, and how they sign in: alike, but for addresses and names.

Source: Meta "Business Login for Instagram", "Threads API, Get Access Tokens", "Long-Lived Access Tokens". Read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

from syndicate.channels.addresses import BaseURL, ServiceURL, host_of
from syndicate.channels.graph import exchanged, renewal
from syndicate.channels.networks import Tools
from syndicate.channels.oauth import Access, Grant, Terms, access_of
from syndicate.channels.oauth_app import App, AppSettings
from syndicate.channels.signin import SignInPage, Visit, grant_of
from syndicate.durations import Duration

EARLY = timedelta(days=30)
YOUNGEST = timedelta(days=1)
"""A token lives 60 days, and can be renewed when it is a day old."""


def _username(value: str) -> str:
    name = value.strip().removeprefix("@").lower()
    if not re.fullmatch(r"[a-z0-9_.]{1,30}", name):
        raise ValueError("is no user name; write it as it stands behind the @")
    return name


class ProfileSettings(AppSettings):
    """An account by its user name, and where its network is."""

    account: Annotated[str, AfterValidator(_username)]
    api_url: BaseURL
    auth_url: ServiceURL
    settle: Duration = timedelta(seconds=60)

    @property
    def token_base(self) -> str:
        """Where a code is worth a token."""
        return self.api_url


@dataclass(frozen=True, slots=True)
class Login:
    """One network's sign-in. `grants` is how its own kinds of grants begin."""

    network: str
    grants: str
    scopes: tuple[str, ...]

    def access(self, name: str, settings: ProfileSettings, tools: Tools) -> Access:
        """The account's access, which renews itself."""
        account = "/".join((self.network, host_of(settings.api_url), settings.client_id or "", settings.account))
        terms = Terms(account, name, settings.given_token)
        if settings.given_token is None:
            renew = renewal(settings.api_url, f"{self.grants}_refresh_token", tools, remedy=terms.remedy)
            terms = Terms(account, name, renew=renew, early=EARLY, youngest=YOUNGEST)
        return access_of(terms, tools)

    async def grant(self, name: str, settings: ProfileSettings, tools: Tools, visit: Visit) -> Grant:
        """A token for 60 days: a person consents, and the short one is exchanged."""
        remedy = f"sign in by `syndicate auth {name}`"
        app = App(f"{settings.token_base}/oauth/access_token", settings.client_id or "", settings.app_secret)
        page = SignInPage(f"{settings.auth_url}/oauth/authorize", self.scopes, has_pkce=False, separator=",")
        short = await grant_of(page, app, tools, visit, remedy=remedy)
        query = {
            "grant_type": f"{self.grants}_exchange_token",
            "client_secret": app.client_secret or "",
            "access_token": short.access,
        }
        long = await exchanged(settings.api_url, "/access_token", query, tools, remedy=remedy)
        return long.model_copy(update={"scopes": self.scopes, "who": f"@{settings.account}"})
