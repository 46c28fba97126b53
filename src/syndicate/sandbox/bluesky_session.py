"""Accounts, sessions and rate limits of a fake Bluesky PDS.

Source: atproto PDS auth-verifier.ts, account-manager/helpers/auth.ts, refreshSession.ts and createSession.ts; rate
limits from the Bluesky documentation "Rate Limits". Read 2026-11. Harsher than the real server in one thing: that keeps
a used refresh token alive for two hours of grace, this one takes each token once, so that a client which loses the new
one is found out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.limits import Limits, Quota
from syndicate.sandbox.wire import Answer, Call, Refusal, as_json

WRITES_HOUR = Quota("repo-write-hour", 5_000, 3_600)
WRITES_DAY = Quota("repo-write-day", 35_000, 86_400)
SESSIONS_SHORT = Quota("session-5min", 30, 300)
SESSIONS_DAY = Quota("session-day", 300, 86_400)
GENERAL = Quota("general", 3_000, 300)

# The names XRPC gives to plain HTTP errors (packages/xrpc/src/types.ts, ResponseType). Read 2026-11.
NAMES = {
    400: ("InvalidRequest", "Invalid Request"),
    401: ("AuthenticationRequired", "Authentication Required"),
    403: ("Forbidden", "Forbidden"),
    404: ("XRPCNotSupported", "XRPC Not Supported"),
    410: ("InvalidRequest", "Gone"),
    413: ("PayloadTooLarge", "Payload Too Large"),
    429: ("RateLimitExceeded", "Rate Limit Exceeded"),
    500: ("InternalServerError", "Internal Server Error"),
    501: ("MethodNotImplemented", "Method Not Implemented"),
    502: ("UpstreamFailure", "Upstream Failure"),
    503: ("NotEnoughResources", "Not Enough Resources"),
    504: ("UpstreamTimeout", "Upstream Timeout"),
}

ACCESS = "com.atproto.appPass"
"""The scope of a session by app password (packages/pds, auth-scope.ts), which is what the sandbox takes."""


@dataclass(frozen=True, slots=True)
class Holder:
    """An account of the PDS."""

    did: str
    handle: str


def trouble(status: int, name: str | None = None, message: str | None = None) -> Answer:
    """An error as XRPC shapes it."""
    usual_name, usual_message = NAMES.get(status, ("Unknown", f"{status}"))
    return as_json({"error": name or usual_name, "message": message or usual_message}, status)


def invalid(message: str, name: str = "InvalidRequest") -> Refusal:
    """A 400 with this message."""
    return Refusal(trouble(400, name, message))


class Sessions:
    """Who has an account here, and which tokens are good."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._secret = secrets.token_bytes(32)
        self._limits = Limits()
        self._refresh_ids: set[str] = set()
        self.holders: dict[str, Holder] = {}

    def find(self, name: str) -> Holder | None:
        """The account with this DID or handle."""
        for holder in self.holders.values():
            if name.lower() in (holder.did, holder.handle):
                return holder
        return None

    def open(self, identifier: str, password: str) -> dict[str, Any]:
        """A new session; the account is made on first sight.

        Raises:
            Refusal: 401, the identifier is no handle or DID known here, or the password is not a sandbox one.
        """
        holder = self.find(identifier)
        if holder is None and "." in identifier and not identifier.startswith("did:"):
            holder = holder_of(identifier)
        if holder is None or not password.startswith(TOKEN_PREFIX):
            raise Refusal(trouble(401, message="Invalid identifier or password"))
        self.holders[holder.did] = holder
        return self._tokens(holder)

    def renew(self, call: Call) -> dict[str, Any]:
        """A new session for a refresh token, which is spent by this."""
        claims = self._claims(call, "com.atproto.refresh")
        if claims["jti"] not in self._refresh_ids:
            raise invalid("Token has been revoked", "ExpiredToken")
        self._refresh_ids.discard(claims["jti"])
        return self._tokens(self.holders[claims["sub"]])

    def close(self, call: Call) -> None:
        """End the session of a refresh token."""
        self._refresh_ids.discard(self._claims(call, "com.atproto.refresh")["jti"])

    def holder(self, call: Call) -> Holder:
        """The account whose access token the request carries.

        Raises:
            Refusal: 401 without a token, 400 `InvalidToken` or `ExpiredToken`.
        """
        return self.holders[self._claims(call, ACCESS)["sub"]]

    def spend(self, who: str, quotas: tuple[Quota, ...], *, points: int = 1) -> dict[str, str]:
        """Count points and give the headers; `RateLimit-Reset` is in epoch seconds.

        Raises:
            Refusal: 429, a quota is used up.
        """
        now = self._ground.clock.now()
        if self._ground.rules.has_limits:
            standing = self._limits.take(who, quotas, now, points=points)
        else:
            standing = self._limits.untouched(quotas[0], now)
        headers = {
            "RateLimit-Limit": str(standing.quota.points),
            "RateLimit-Remaining": str(standing.remaining),
            "RateLimit-Reset": str(int(standing.resets_at.timestamp())),
            "RateLimit-Policy": f"{standing.quota.points};w={standing.quota.window_s}",
        }
        if standing.is_over:
            raise Refusal(trouble(429).with_headers(headers))
        return headers

    def shown(self, holder: Holder) -> dict[str, Any]:
        """The account as session answers show it, with the DID document that names this PDS."""
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self._ground.base_url}
        document = {
            "@context": ["https://www.w3.org/ns/did/v1"],
            "id": holder.did,
            "alsoKnownAs": [f"at://{holder.handle}"],
            "verificationMethod": [],
            "service": [service],
        }
        return {
            "did": holder.did,
            "handle": holder.handle,
            "email": f"{holder.handle.partition('.')[0]}@{holder.handle}",
            "emailConfirmed": True,
            "emailAuthFactor": False,
            "active": True,
            "didDoc": document,
        }

    def reset(self) -> None:
        """Forget all accounts, tokens and counts."""
        self.holders.clear()
        self._refresh_ids.clear()
        self._limits.reset()

    def _tokens(self, holder: Holder) -> dict[str, Any]:
        refresh_id = secrets.token_urlsafe(24)
        self._refresh_ids.add(refresh_id)
        rules = self._ground.rules
        return {
            **self.shown(holder),
            "accessJwt": self._signed(holder, ACCESS, rules.access_token_s, secrets.token_urlsafe(12)),
            "refreshJwt": self._signed(holder, "com.atproto.refresh", rules.refresh_token_s, refresh_id),
        }

    def _signed(self, holder: Holder, scope: str, life_s: float, token_id: str) -> str:
        now = self._ground.clock.now()
        claims = {
            "scope": scope,
            "sub": holder.did,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=life_s)).timestamp()),
            "jti": token_id,
            "aud": f"did:web:{self._ground.host.partition(':')[0]}",
        }
        kind = "at+jwt" if scope == ACCESS else "refresh+jwt"
        head = _packed(json.dumps({"typ": kind, "alg": "HS256"}).encode())
        body = f"{head}.{_packed(json.dumps(claims).encode())}"
        return f"{body}.{_packed(hmac.digest(self._secret, body.encode(), 'sha256'))}"

    def _claims(self, call: Call, scope: str) -> dict[str, Any]:
        if call.bearer is None:
            raise Refusal(trouble(401, "AuthMissing"))
        body, _, signature = call.bearer.rpartition(".")
        expected = _packed(hmac.digest(self._secret, body.encode(), "sha256"))
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise invalid("Token could not be verified", "InvalidToken")
        packed = body.rpartition(".")[2]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        if self._ground.clock.now().timestamp() >= claims["exp"]:
            raise invalid("Token has expired", "ExpiredToken")
        if claims["scope"] != scope:
            raise invalid("Bad token scope", "InvalidToken")
        if claims["sub"] not in self.holders:
            raise invalid("Account not found", "InvalidToken")
        return claims


def holder_of(handle: str) -> Holder:
    """The account of a handle; its DID is made from the handle, so it is the same in every run."""
    name = handle.lower()
    digest = base64.b32encode(hashlib.sha256(name.encode()).digest()).decode().lower()
    return Holder(f"did:plc:{digest[:24]}", name)


def _packed(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
