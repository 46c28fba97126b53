"""A fake OAuth 2 token endpoint whose refresh tokens can be used once.

Written from RFC 6749 sections 4.1.3, 5 and 6 and RFC 9700 section 4.14.2. Read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.board import account_in
from syndicate.sandbox.clock import stamp
from syndicate.sandbox.grants import Grants, Pair, Reused
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.pictures import digest_of
from syndicate.sandbox.truth import Action, Entry
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, as_json, form_of

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
CODES = {400: "invalid_request", 401: "invalid_client", 403: "unauthorized_client", 410: "invalid_grant"}


class OAuth:
    """The fake endpoint. Every client id and secret that is not empty is known; codes and first refresh tokens are
    those that begin with the sandbox's prefix, and the rest of them is the account."""

    name = "oauth"

    def __init__(self, ground: Ground, grants: Grants) -> None:
        self._ground = ground
        self._grants = grants

    def routes(self) -> Sequence[Route]:
        """One endpoint under the usual names."""
        return (
            Route("POST", "/oauth/token", RouteKind.SESSION, self._token),
            Route("POST", "/oauth/v2/accessToken", RouteKind.SESSION, self._token),
            Route("POST", "/2/oauth2/token", RouteKind.SESSION, self._token),
        )

    def trouble(self, status: int) -> Answer:
        """An error as RFC 6749 section 5.2 gives it."""
        return as_json({"error": CODES.get(status, "server_error")}, status, NO_STORE)

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Too many requests: the standard knows no way of its own."""
        return as_json({"error": "slow_down"}, 429, NO_STORE)

    def reset(self) -> None:
        """Forget every token."""
        self._grants.reset()

    async def _token(self, call: Call) -> Answer:
        kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise _refused(400, "invalid_request", "the body must be application/x-www-form-urlencoded")
        form = form_of(call)
        _check_client(call, form)
        match form.get("grant_type"):
            case "authorization_code":
                owner = account_in(str(form.get("code", "")), TOKEN_PREFIX)
                if owner is None:
                    raise _refused(400, "invalid_grant", "the code is unknown or was used")
                pair = self._grants.issue(owner)
            case "refresh_token":
                owner, pair = await self._renewed(call, str(form.get("refresh_token") or ""))
            case _:
                raise _refused(400, "unsupported_grant_type", "use authorization_code or refresh_token")
        await self._log(Action.REFRESH, owner, call)
        return as_json(_shown(pair), 200, NO_STORE)

    async def _renewed(self, call: Call, token: str) -> tuple[str, Pair]:
        if (owner := account_in(token, TOKEN_PREFIX)) is not None:
            self._grants.adopt(token, owner)
        try:
            return self._grants.renew(token)
        except KeyError as cause:
            raise _refused(400, "invalid_grant", "the refresh token is unknown, expired or revoked") from cause
        except Reused as reused:
            await self._log(Action.REUSE, reused.owner, call)
            description = "the refresh token was used before; all its tokens are revoked"
            raise _refused(400, "invalid_grant", description) from reused

    async def _log(self, action: Action, owner: str, call: Call) -> None:
        await self._ground.truth.append(
            Entry(
                at=stamp(self._ground.clock.wall()),
                network=self.name,
                account=owner,
                action=action,
                key=None,
                id="",
                url=None,
                text="",
                link=None,
                media=(),
                digest=digest_of(call.body),
            )
        )


def _check_client(call: Call, form: dict[str, Any]) -> None:
    """Client id and secret, in the Authorization header or in the body, not in both."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        if form.get("client_secret"):
            raise _refused(400, "invalid_request", "more than one way of client authentication")
        try:
            client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            client, secret = "", ""
    else:
        client, secret = str(form.get("client_id") or ""), str(form.get("client_secret") or "")
    if not client or not secret:
        raise _refused(401, "invalid_client", "client_id and client_secret are required")


def _shown(pair: Pair) -> dict[str, Any]:
    return {
        "access_token": pair.access,
        "token_type": "Bearer",
        "expires_in": pair.expires_in_s,
        "refresh_token": pair.refresh,
        "scope": "w_member_social openid profile",
    }


def _refused(status: int, error: str, description: str) -> Refusal:
    return Refusal(as_json({"error": error, "error_description": description}, status, NO_STORE))
