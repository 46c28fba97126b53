"""The app that a channel signs in with: its settings, and its asking for tokens.

Source: RFC 6749 sections 2.3.1 (secrets), 5.1 (answers) and 6 (refreshing). Read 2026-11.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import quote, urlencode

from pydantic import BaseModel, SecretStr, field_validator, model_validator

from syndicate.channels.http import check_access
from syndicate.channels.networks import Tools
from syndicate.channels.oauth import Grant, Renew
from syndicate.channels.secrets import ChannelSettings, SecretFile, either
from syndicate.errors import Unauthorized


class AppSettings(ChannelSettings):
    """What channels with an OAuth 2 sign-in have in common.

    Either `token` is an access token made elsewhere, or `client_id` names the app that `syndicate auth` signs in with.
    """

    client_id: str | None = None
    client_secret: SecretStr | None = None
    client_secret_file: SecretFile | None = None
    token: SecretStr | None = None
    token_file: SecretFile | None = None

    @model_validator(mode="after")
    def _has_access(self) -> Self:
        if self.token is not None or self.token_file is not None:
            either("token", self.token, self.token_file)
        elif not self.client_id:
            raise ValueError("token: is missing; set `client_id` and sign in by `syndicate auth`, or set `token`")
        if self.client_secret is not None or self.client_secret_file is not None:
            either("client_secret", self.client_secret, self.client_secret_file)
        return self

    @property
    def given_token(self) -> str | None:
        """The access token of the settings."""
        token = self.token or self.token_file
        return None if token is None else token.get_secret_value()

    @property
    def app_secret(self) -> str | None:
        """The app's own secret."""
        secret = self.client_secret or self.client_secret_file
        return None if secret is None else secret.get_secret_value()


class TokenAnswer(BaseModel):
    """What a token endpoint answers (RFC 6749 section 5.1).

    Some send scopes with commas, numbers as text; Instagram calls scopes permissions and puts it all into a list.
    """

    access_token: SecretStr
    refresh_token: SecretStr | None = None
    expires_in: int | None = None
    refresh_token_expires_in: int | None = None
    scope: str = ""

    @model_validator(mode="before")
    @classmethod
    def _out_of_its_list(cls, value: object) -> object:
        if isinstance(value, dict) and isinstance(value.get("data"), list) and value["data"]:
            value = value["data"][0]
        if isinstance(value, dict) and "scope" not in value and "permissions" in value:
            return {**value, "scope": value["permissions"]}
        return value

    @field_validator("scope", mode="before")
    @classmethod
    def _joined(cls, scope: object) -> object:
        if scope is None:
            return ""
        return " ".join(str(one) for one in scope) if isinstance(scope, list) else scope

    def grant(self, now: datetime) -> Grant:
        """The grant, counted from now."""
        return Grant(
            access=self.access_token.get_secret_value(),
            refresh=None if self.refresh_token is None else self.refresh_token.get_secret_value(),
            issued_at=now,
            expires_at=_later(now, self.expires_in),
            ends_at=_later(now, self.refresh_token_expires_in),
            scopes=tuple(self.scope.replace(",", " ").split()),
        )


@dataclass(frozen=True, slots=True)
class App:
    """An app as it is registered with a network, and where it asks for tokens.

    `has_basic`: the secret goes into an Authorization header, otherwise into the form.
    """

    token_url: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    has_basic: bool = False

    async def ask(self, fields: dict[str, str], tools: Tools, *, remedy: str) -> Grant:
        """A grant for these fields (`grant_type` and what goes with it).

        Raises:
            Unauthorized: the network gives none.
            Transient, RateLimited: it could not be asked; asking again does no harm.
        """
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        form = {**fields, "client_id": self.client_id}
        if self.client_secret is not None:
            tools.web.hide(self.client_secret)
            if self.has_basic:
                pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
                headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
            else:
                form["client_secret"] = self.client_secret
        tools.web.hide(*(fields[name] for name in ("refresh_token", "code", "code_verifier") if name in fields))
        body = urlencode(form).encode()
        answer = await tools.web.call("POST", self.token_url, headers=headers, body=body, is_repeatable=True)
        now = tools.clock()
        return check_access(answer, now, remedy=remedy).read(TokenAnswer).grant(now)

    async def scopes_of(self, token: str, url: str, tools: Tools, *, remedy: str) -> tuple[str, ...]:
        """The scopes of a token of this app, as a network tells them at `url` (in the manner of RFC 7662)."""
        tools.web.hide(token, self.client_secret or "")
        form = {"client_id": self.client_id, "client_secret": self.client_secret or "", "token": token}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await tools.web.call("POST", url, headers=headers, body=urlencode(form).encode(), is_repeatable=True)
        told = check_access(answer, tools.clock(), remedy=remedy).read(_Introspected)
        if not told.active:
            raise Unauthorized(f"{answer.place}: the token is not active any more; {remedy}")
        return tuple(told.scope.replace(",", " ").split())

    def renewal(self, tools: Tools, *, remedy: str) -> Renew:
        """Renewal by refresh token (RFC 6749 section 6)."""

        async def renew(grant: Grant) -> Grant:
            if grant.refresh is None:
                raise Unauthorized(f"there is no refresh token; {remedy}")
            fields = {"grant_type": "refresh_token", "refresh_token": grant.refresh}
            return await self.ask(fields, tools, remedy=remedy)

        return renew


class _Introspected(BaseModel):
    active: bool
    scope: str = ""


def _later(now: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None or seconds <= 0 else now + timedelta(seconds=min(seconds, 10**9))
