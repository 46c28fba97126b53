"""Who may ask a fake Mastodon for something, how often, and in what words it says no."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.limits import Limits, Quota, Standing
from syndicate.sandbox.mastodon_entities import Account
from syndicate.sandbox.wire import Answer, Call, Refusal, as_json

# Mastodon documentation "Rate limits" and rack_attack.rb, rate_limiter.rb. Read 2026-11.
GENERAL = Quota("general", 300, 5 * 60)
STATUSES = Quota("statuses", 300, 3 * 3600)
MEDIA = Quota("media", 30, 30 * 60)
DELETES = Quota("deletes", 30, 30 * 60)
# A token with this in front is valid but has no write scope.
READ_ONLY_PREFIX = f"{TOKEN_PREFIX}readonly"
# Mastodon documentation "API errors" and config/locales/en.yml: the sentences that go with a status. Read 2026-11.
SENTENCES = {
    400: "Error occurred while parsing request parameters",
    401: "The access token is invalid",
    403: "This action is outside the authorized scopes",
    404: "Record not found",
    410: "Gone",
    429: "Too many requests",
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
    503: "There was a temporary problem serving your request, please try again",
    504: "504 Gateway Timeout",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """An account that was let in, and the rate-limit headers that go with the answer."""

    account: Account
    headers: dict[str, str]


def trouble(status: int, sentence: str | None = None) -> Answer:
    """An error as Mastodon words it."""
    text = sentence or SENTENCES.get(status, f"{status}")
    bearer = f'Bearer realm="Doorkeeper", error="invalid_token", error_description="{text}"'
    return as_json({"error": text}, status, {"WWW-Authenticate": bearer} if status == 401 else None)


def invalid(sentence: str) -> Refusal:
    """A 422 with this sentence."""
    return Refusal(trouble(422, sentence))


def quota_headers(quota: Quota, remaining: int, resets_at: datetime) -> dict[str, str]:
    """The rate-limit headers; the reset is an ISO 8601 time with microseconds, as rate_limit_headers.rb writes it."""
    return {
        "X-RateLimit-Limit": str(quota.points),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": resets_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }


class Desk:
    """Admits by token; an account is made when a sandbox token is first seen."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._limits = Limits()
        self.accounts: dict[str, Account] = {}

    def admit(self, call: Call, *, is_write: bool = False) -> Visitor:
        """The account of the request's token.

        Raises:
            Refusal: 401 without a valid token, 403 without the scope, 429 over the limit.
        """
        token = call.bearer or ""
        username = re.sub(r"\W", "_", token.removeprefix(TOKEN_PREFIX))[:30]
        if not token.startswith(TOKEN_PREFIX) or not username:
            raise Refusal(trouble(401))
        if is_write and token.startswith(READ_ONLY_PREFIX):
            raise Refusal(trouble(403))
        account = self.accounts.get(username)
        if account is None:
            account = Account(str(100_001 + len(self.accounts)), username, self._ground.clock.wall())
            self.accounts[username] = account
        return Visitor(account, self.spend(account, GENERAL))

    def spend(self, account: Account, quota: Quota) -> dict[str, str]:
        """Count one use of a quota and give the headers that tell it.

        Raises:
            Refusal: 429, the quota is used up; Mastodon sends no Retry-After.
        """
        now = self._ground.clock.now()
        standing = (
            self._limits.take(account.id, (quota,), now)
            if self._ground.rules.has_limits
            else self._limits.untouched(quota, now)
        )
        headers = _headers_of(standing)
        if standing.is_over:
            raise Refusal(trouble(429).with_headers(headers))
        return headers

    def account_by_id(self, account_id: str) -> Account:
        """The account with this id.

        Raises:
            Refusal: 404, there is none.
        """
        for account in self.accounts.values():
            if account.id == account_id:
                return account
        raise Refusal(trouble(404))

    def reset(self) -> None:
        """Forget all accounts and counts."""
        self.accounts.clear()
        self._limits.reset()


def _headers_of(standing: Standing) -> dict[str, str]:
    return quota_headers(standing.quota, standing.remaining, standing.resets_at)
