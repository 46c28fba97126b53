"""Tokens of accounts that sign in by OAuth 2: kept sealed, renewed in time and once, shared by an account's channels.

Source: RFC 6749 section 6 (refreshing), RFC 9700 section 4.14 (refresh tokens that work once).
Read 2026-11.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from syndicate.channels.http import Answer
from syndicate.channels.networks import Tools
from syndicate.errors import NetworkError, Unauthorized
from syndicate.log import log
from syndicate.ports.channel import Standing

WARN_BEFORE = timedelta(days=7)
"""How long before an access ends for good the operator is told, once a day."""

EARLY = timedelta(minutes=5)
"""How long before its end a token is renewed: calls under way must not outlive it."""

_AFTER_FAILURE = timedelta(minutes=1)
_DAILY = timedelta(days=1)


class Grant(BaseModel):
    """What a sign-in or a renewal gave.

    `expires_at` is when `access` ends, `ends_at` when no renewal is possible any more (None: not known, or never).
    `who` and `account_id` name the account in the network's own way.
    """

    model_config = ConfigDict(frozen=True)

    access: str = Field(repr=False, min_length=1)
    issued_at: datetime
    refresh: str | None = Field(default=None, repr=False)
    expires_at: datetime | None = None
    ends_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    who: str = ""
    account_id: str = ""


Renew = Callable[[Grant], Awaitable[Grant]]
"""Asks the network for the next grant; raises Unauthorized where it does not give one any more."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How one account's grant is called, and renewed.

    `name` is what it is kept under and holds all that would make it another account's. `renew` is None where only a
    person can sign in anew; `early` before its end a token is renewed, never younger than `youngest`.
    """

    name: str
    channel: str
    given: str | None = field(default=None, repr=False)
    renew: Renew | None = None
    early: timedelta = EARLY
    youngest: timedelta = timedelta(0)

    @property
    def remedy(self) -> str:
        """What a person has to do when the access is refused."""
        if self.given is not None:
            return f"make a new access token and set it as `token` of `{self.channel}`"
        return f"sign in by `syndicate auth {self.channel}`"


class Access:
    """The grant of one account, for all its channels in this process.

    A new grant is durable before it is used; the one before is kept until the new one has worked.
    """

    def __init__(self, terms: Terms, tools: Tools) -> None:
        self._terms = terms
        self._tools = tools
        self._kept: _Kept | None = None
        self._renewal: asyncio.Task[Grant] | None = None
        self._refused: str | None = None
        self._proven: str | None = None
        self._rests_until: datetime | None = None
        self._warned_at: datetime | None = None
        if terms.given is not None:
            self._kept = _Kept(current=Grant(access=terms.given, issued_at=tools.clock()))
            tools.web.hide(terms.given)

    @property
    def remedy(self) -> str:
        """What a person has to do when the access is refused."""
        return self._terms.remedy

    async def ask(
        self,
        send: Callable[[str], Awaitable[Answer]],
        *,
        is_refused: Callable[[Answer], bool] = lambda answer: answer.status == 401,
    ) -> Answer:
        """One call with the token; if it is refused, which proves that nothing was done, once more with the next.

        Raises:
            Unauthorized: nobody is signed in, or the network gives no further token.
            Transient, RateLimited, Unknown: a token could not be had for now; the call itself was not made.
        """
        token = await self.token()
        answer = await send(token)
        if is_refused(answer) and self._terms.renew is not None:
            token = await self.renewed(token)
            answer = await send(token)
        if not is_refused(answer):
            self._proven = token
        return answer

    async def token(self) -> str:
        """An access token that has not ended, renewed before its time where that is possible."""
        grant = (await self._current()).current
        now = self._tools.clock()
        if self._is_due(grant, now):
            grant = await self._renewed_in_time(grant, now)
        self._warn(grant, now)
        return grant.access

    async def renewed(self, old: str) -> str:
        """A token newer than `old`, which the network did not take; however many ask, it is renewed once."""
        grant = (await self._current()).current
        if grant.access == old:
            grant = await self._renewed(grant)
        return grant.access

    async def keep(self, grant: Grant) -> None:
        """Take over the grant of a new sign-in."""
        await self._keep(_Kept(current=grant))

    async def grant(self) -> Grant | None:
        """The grant as it is kept; None if nobody signed in."""
        kept = self._kept or await self._read()
        return None if kept is None else kept.current

    async def standing(self) -> Standing:
        """Who is signed in, and until when without a person."""
        grant = await self.grant()
        if grant is None:
            return Standing()
        return Standing(grant.who or grant.account_id or None, grant.scopes, self._end_of(grant))

    async def settled(self) -> None:
        """Wait for a renewal under way: a new pair of tokens must not be lost."""
        if self._renewal is not None:
            await asyncio.wait([self._renewal])

    def _is_due(self, grant: Grant, now: datetime) -> bool:
        if self._terms.renew is None or grant.expires_at is None:
            return False
        if self._rests_until is not None and now < self._rests_until < grant.expires_at:
            return False
        return grant.expires_at - now <= self._terms.early and now - grant.issued_at >= self._terms.youngest

    async def _renewed_in_time(self, grant: Grant, now: datetime) -> Grant:
        """The next grant; for as long as the old one lasts, a failure to renew is no failure."""
        try:
            return await self._renewed(grant)
        except NetworkError as error:
            if grant.expires_at is None or grant.expires_at <= now:
                raise
            log.warning("renewal_failed", channel=self._terms.channel, until=str(grant.expires_at), reason=str(error))
            self._refused = None  # what is refused early may be granted later, and the token still works
            self._rests_until = now + _AFTER_FAILURE
            return grant

    async def _renewed(self, grant: Grant) -> Grant:
        """The outcome of the one renewal under way, which goes on whoever stops waiting for it."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew(grant), name=f"renewal of {self._terms.name}")
            self._renewal.add_done_callback(_heard)
        return await asyncio.shield(self._renewal)

    async def _renew(self, old: Grant) -> Grant:
        stored = await self._read()
        if stored is not None and stored.current.access != old.access:  # somebody signed in anew
            self._take(stored)
            return stored.current
        kept = self._kept or _Kept(current=old)
        is_new_proven = self._proven == kept.current.access
        for grant in (kept.current, None if is_new_proven else kept.previous):
            fresh = None if grant is None else await self._next(grant)
            if fresh is not None:
                await self._keep(_Kept(current=fresh, previous=grant))
                return fresh
        self._refused = old.access
        raise Unauthorized(f"{self._terms.channel}: the access has ended or was withdrawn; {self.remedy}")

    async def _next(self, grant: Grant) -> Grant | None:
        """What follows a grant; None if the network refuses."""
        if self._terms.renew is None:
            return None
        try:
            fresh = await self._terms.renew(grant)
        except Unauthorized as refusal:
            log.warning("renewal_refused", channel=self._terms.channel, reason=str(refusal))
            return None
        return fresh.model_copy(
            update={
                "refresh": fresh.refresh or grant.refresh,
                "scopes": fresh.scopes or grant.scopes,
                "who": fresh.who or grant.who,
                "account_id": fresh.account_id or grant.account_id,
                "ends_at": fresh.ends_at or grant.ends_at,
            }
        )

    async def _current(self) -> _Kept:
        """What is kept; read anew where nothing is known or the known one was refused: a person may have signed in.

        Raises:
            Unauthorized: nobody is signed in, or the access has ended.
        """
        if self._kept is None or self._kept.current.access == self._refused:
            stored = await self._read()
            if stored is not None:
                self._take(stored)
        if self._kept is None:
            raise Unauthorized(f"{self._terms.channel}: nobody is signed in; {self.remedy}")
        grant, now = self._kept.current, self._tools.clock()
        is_over = self._terms.renew is None and grant.expires_at is not None and grant.expires_at <= now
        if grant.access == self._refused or is_over:
            self._refused = grant.access
            raise Unauthorized(f"{self._terms.channel}: the access has ended or was withdrawn; {self.remedy}")
        return self._kept

    async def _read(self) -> _Kept | None:
        if self._terms.given is not None:
            return None
        secret = await self._tools.tokens.token(self._terms.name)
        try:
            return None if secret is None else _Kept.model_validate_json(secret)
        except ValidationError:  # written by another version
            return None

    async def _keep(self, kept: _Kept) -> None:
        """Write the grant before it is used: after a crash the former refresh token may be spent."""
        await self._tools.tokens.keep_token(self._terms.name, kept.model_dump_json())
        self._take(kept)

    def _take(self, kept: _Kept) -> None:
        self._tools.web.hide(kept.current.access, kept.current.refresh or "")
        self._kept = kept

    def _end_of(self, grant: Grant) -> datetime | None:
        """When a person has to sign in at the latest."""
        if grant.ends_at is not None:
            return grant.ends_at
        return None if self._terms.renew is not None and grant.refresh is not None else grant.expires_at

    def _warn(self, grant: Grant, now: datetime) -> None:
        end = self._end_of(grant)
        if end is None or end - now > WARN_BEFORE or (self._warned_at is not None and now - self._warned_at < _DAILY):
            return
        self._warned_at = now
        log.warning("access_ends", channel=self._terms.channel, until=str(end), remedy=self.remedy)


def access_of(terms: Terms, tools: Tools) -> Access:
    """The access of an account: the same for all of its channels."""
    return tools.shared.setdefault(terms.name, Access(terms, tools))


class _Kept(BaseModel):
    """What is kept of one account."""

    current: Grant
    previous: Grant | None = None


def _heard(renewal: asyncio.Task[Grant]) -> None:
    """Take note of an outcome that nobody waits for any more."""
    if not renewal.cancelled():
        renewal.exception()
