"""Sign-in to a PDS of the AT Protocol with an app password.

Source: atproto lexicons com.atproto.server.createSession and refreshSession; packages/pds, account-manager/helpers/
auth.ts (access token 120 min, refresh token 90 days); Bluesky documentation "Rate Limits". Read 2026-11.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import BaseModel, Field, SecretStr

from syndicate.channels.addresses import host_of, service_url
from syndicate.channels.http import Answer, check_access, json_bytes
from syndicate.channels.networks import Tools
from syndicate.items.links import is_loopback
from syndicate.ports.channel import Rights

RESET = "RateLimit-Reset"
REMAINING = "RateLimit-Remaining"
"""Header with the end of a rate window in epoch seconds."""

REMEDY = "make a new app password (Settings, Privacy and security, App passwords) and set it as `password`"


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in. `pds` is the account's own server, where everything but the session itself is asked.

    `password` is the digest of the one it was made with: a session must not outlive its password in the settings.
    """

    did: str
    pds: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    password: str = field(default="", repr=False)


class Sessions:
    """The sign-in of one channel: kept over restarts, renewed once at a time, because a refresh token works once."""

    def __init__(self, channel: str, service: str, identifier: str, password: SecretStr, tools: Tools) -> None:
        self._service = service
        self._identifier = identifier
        self._password = password.get_secret_value()
        self._digest = hashlib.sha256(self._password.encode()).hexdigest()
        self._tools = tools
        # The name holds all that would make a kept session another account's.
        self._token_name = f"{channel}/bluesky/{host_of(service)}/{identifier}"
        self._current: Session | None = None
        self._renewing = asyncio.Lock()
        tools.web.hide(self._password)

    async def current(self) -> Session:
        """The session in use, the kept one, or a new one."""
        async with self._renewing:
            if self._current is None:
                kept = self._hidden(_kept(await self._tools.tokens.token(self._token_name)))
                self._current = kept if kept is not None and kept.password == self._digest else None
            if self._current is None:
                self._current = await self._signed_in()
            return self._current

    async def renewed(self, old: Session) -> Session:
        """A session newer than `old`, which the server did not take any more."""
        async with self._renewing:
            if self._current is None or self._current.access == old.access:
                self._current = await self._refreshed(old) or await self._signed_in()
            return self._current

    async def _refreshed(self, old: Session) -> Session | None:
        """The next pair of tokens; None if the refresh token is not taken any more."""
        answer = await self._ask("refreshSession", {"Authorization": f"Bearer {old.refresh}"}, None)
        if answer.status in {400, 401}:
            return None
        return await self._keep(check_access(answer, self._tools.clock(), reset_header=RESET, remedy=REMEDY))

    async def _signed_in(self) -> Session:
        """A new session by password: at most 300 a day (documentation, "Rate Limits"), so every other way comes first.

        Raises:
            Unauthorized: the password is not taken.
        """
        body = json_bytes({"identifier": self._identifier, "password": self._password})
        answer = await self._ask("createSession", {"Content-Type": "application/json"}, body)
        return await self._keep(check_access(answer, self._tools.clock(), reset_header=RESET, remedy=REMEDY))

    async def _ask(self, method: str, headers: dict[str, str], body: bytes | None) -> Answer:
        url = f"{self._service}/xrpc/com.atproto.server.{method}"
        # Repeatable: a pair of tokens that got lost is made good by the password.
        return await self._tools.web.call("POST", url, headers=headers, body=body, is_repeatable=True)

    async def _keep(self, answer: Answer) -> Session:
        """Write the new pair before it is used: after a crash the old refresh token would be spent."""
        tokens = answer.read(_Tokens)
        pds = pds_in(tokens.didDoc, self._service)
        access, refresh = tokens.accessJwt.get_secret_value(), tokens.refreshJwt.get_secret_value()
        session = Session(tokens.did, pds, access, refresh, self._digest)
        self._hidden(session)
        await self._tools.tokens.keep_token(self._token_name, json.dumps(asdict(session)))
        return session

    def _hidden(self, session: Session | None) -> Session | None:
        """The session, whose tokens no message will show."""
        if session is not None:
            self._tools.web.hide(session.access, session.refresh)
        return session


def rights_in(access: str) -> Rights:
    """What a session may do, by the scope in its token (packages/pds, auth-scope.ts). Read 2026-11.

    `com.atproto.access` is that of the account's own password, which may do all, and `appPassPrivileged` that of an
    app password with access to direct messages.
    """
    try:
        part = access.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        scope = str(claims["scope"])
    except (ValueError, LookupError, TypeError):
        return Rights()
    excess = {
        "com.atproto.access": "it is the account's own password",
        "com.atproto.appPassPrivileged": "direct messages",
    }.get(scope)
    return Rights((scope,), excess=() if excess is None else (excess,))


def pds_in(document: Any, service: str) -> str:
    """The account's own server as its DID document names it, else the configured service.

    Not from a service on this machine: a test server's document may name a host that is not there.
    """
    services = document.get("service") if isinstance(document, dict) and not is_loopback(service) else None
    for entry in services if isinstance(services, list) else ():
        if isinstance(entry, dict) and str(entry.get("id")).endswith("#atproto_pds"):
            endpoint = str(entry.get("serviceEndpoint"))
            try:
                return service_url(endpoint) if endpoint.startswith("https://") else service
            except ValueError:
                return service
    return service


def _kept(secret: str | None) -> Session | None:
    try:
        return None if secret is None else Session(**json.loads(secret))
    except (TypeError, ValueError):  # written by another version
        return None


class _Tokens(BaseModel):
    did: str = Field(pattern="^did:")
    accessJwt: SecretStr  # the lexicon's spelling
    refreshJwt: SecretStr
    didDoc: Any = None  # looked through in pds_in
