"""OAuth 2 grants with rotating refresh tokens: each may be used once, and using one again ends the whole family.

Source: RFC 6749 section 6, RFC 9700 section 4.14.2 (refresh token rotation, reuse revokes the family). Read 2026-11.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.sandbox.ground import Ground


@dataclass(slots=True)
class Family:
    """Everything that came of one consent: its owner, and whether a used token was shown again."""

    owner: str
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token and the refresh token that was given with it."""

    access: str
    refresh: str
    expires_in_s: int


@dataclass(slots=True)
class _Refresh:
    family: Family
    until: datetime
    used_at: datetime | None = None
    successor: Pair | None = field(default=None, repr=False)


class Reused(Exception):
    """A refresh token was shown a second time; its family ended."""

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.owner = owner


class Grants:
    """Who holds which token; lifetimes follow the sandbox's rules and clock."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._access: dict[str, tuple[Family, datetime]] = {}
        self._refresh: dict[str, _Refresh] = {}

    def issue(self, owner: str) -> Pair:
        """A new family, as after a consent."""
        return self._pair(Family(owner))

    def adopt(self, token: str, owner: str) -> None:
        """Take a refresh token of the operator's own choice for the first one of a new family, once."""
        until = self._ground.clock.now() + timedelta(seconds=self._ground.rules.refresh_token_s)
        self._refresh.setdefault(token, _Refresh(Family(owner), until))

    def renew(self, token: str) -> tuple[str, Pair]:
        """Owner and new pair for a refresh token; it cannot be used again, save within the rule `refresh_grace_s`.

        Raises:
            KeyError: unknown, expired, or of a family that ended.
            Reused: it was used before; the family ends with it.
        """
        kept, now = self._refresh[token], self._ground.clock.now()
        if kept.family.is_revoked or kept.until <= now:
            raise KeyError(token)
        if kept.used_at is not None:
            grace = timedelta(seconds=self._ground.rules.refresh_grace_s)
            if kept.successor is not None and now - kept.used_at < grace:
                return kept.family.owner, kept.successor
            kept.family.is_revoked = True
            raise Reused(kept.family.owner)
        kept.used_at, kept.successor = now, self._pair(kept.family)
        return kept.family.owner, kept.successor

    def owner_of(self, access: str) -> str | None:
        """Whose access token this is, None if it is unknown, expired or revoked."""
        family, until = self._access.get(access, (None, None))
        if family is None or until is None or family.is_revoked or until <= self._ground.clock.now():
            return None
        return family.owner

    def reset(self) -> None:
        """Forget every token."""
        self._access.clear()
        self._refresh.clear()

    def _pair(self, family: Family) -> Pair:
        rules, now = self._ground.rules, self._ground.clock.now()
        pair = Pair(f"at-{secrets.token_hex(12)}", f"rt-{secrets.token_hex(12)}", int(rules.access_token_s))
        self._access[pair.access] = (family, now + timedelta(seconds=rules.access_token_s))
        self._refresh[pair.refresh] = _Refresh(family, now + timedelta(seconds=rules.refresh_token_s))
        return pair
