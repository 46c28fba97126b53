"""Signing in by OAuth 2 with a person at a browser: the page to visit, and what the code that comes back is worth.

Source: RFC 6749 section 4.1 (authorization code), RFC 7636 (PKCE, S256), RFC 9700 section 2.1. Read 2026-11.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

from syndicate.channels.networks import Tools
from syndicate.channels.oauth import Grant
from syndicate.channels.oauth_app import App
from syndicate.errors import Unauthorized

LIMIT_CODE = 4000
"""Most characters of a code; Meta's have some hundreds."""


class Visit(Protocol):
    """A person who opens a page in a browser and comes back."""

    @property
    def redirect_uri(self) -> str:
        """Where the network sends the person back to."""

    async def back_from(self, address: str) -> str:
        """Have the page opened; gives the address that the network sent the person back to, with its query.

        Raises:
            Unauthorized: nobody came back in time.
        """


@dataclass(frozen=True, slots=True)
class SignInPage:
    """A network's page for consent. `has_pkce`: it knows PKCE; `separator` stands between scopes."""

    address: str
    scopes: tuple[str, ...]
    has_pkce: bool = True
    separator: str = " "
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Consent:
    """A code that a token endpoint takes once, soon, and with what belongs to it."""

    code: str = field(repr=False)
    redirect_uri: str
    verifier: str | None = field(default=None, repr=False)

    @property
    def fields(self) -> dict[str, str]:
        """What is asked with (RFC 6749 section 4.1.3)."""
        fields = {"grant_type": "authorization_code", "code": self.code, "redirect_uri": self.redirect_uri}
        return fields if self.verifier is None else {**fields, "code_verifier": self.verifier}


async def consent_of(page: SignInPage, client_id: str, visit: Visit) -> Consent:
    """Send a person to the page, and take what comes back if it belongs to this very sign-in.

    Raises:
        Unauthorized: consent was denied, the state differs, or nobody came back.
    """
    state = secrets.token_urlsafe(32)
    query = {
        **page.extra,
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": visit.redirect_uri,
        "scope": page.separator.join(page.scopes),
        "state": state,
    }
    verifier = secrets.token_urlsafe(64) if page.has_pkce else None
    if verifier is not None:
        query |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
    back = await visit.back_from(f"{page.address}?{urlencode(query)}")
    return Consent(code_in(back, state), visit.redirect_uri, verifier)


async def grant_of(page: SignInPage, app: App, tools: Tools, visit: Visit, *, remedy: str) -> Grant:
    """A whole sign-in by code; the scopes are those asked for where the network does not tell.

    Raises:
        Unauthorized: as `consent_of`, or the code is not taken (any more).
        Transient, RateLimited: the token endpoint could not be asked.
    """
    consent = await consent_of(page, app.client_id, visit)
    grant = await app.ask(consent.fields, tools, remedy=remedy)
    return grant if grant.scopes else grant.model_copy(update={"scopes": page.scopes})


def challenge_of(verifier: str) -> str:
    """The S256 challenge (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def code_in(back: str, state: str) -> str:
    """The code in an address that a network sent a person back to.

    Raises:
        Unauthorized: it holds a refusal, another state, or no code; the words do not repeat the code.
    """
    parts = urlsplit(back.strip())
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if not hmac.compare_digest(given.get("state", "").encode(), state.encode()):
        raise Unauthorized("the answer belongs to another sign-in (its state differs); start again, in one window")
    if "error" in given:
        said = ": ".join(_shown(given[name]) for name in ("error", "error_description") if name in given)
        raise Unauthorized(f"the sign-in was refused ({said}); start again and consent to all that is asked")
    code = given.get("code", "")
    if not code or len(code) > LIMIT_CODE or not code.isprintable():
        raise Unauthorized("the answer holds no code; start again, and give the whole address that the browser shows")
    return code


def _shown(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:200]
