"""Meta's Graph API, as Facebook, Instagram and Threads share it: calls with a token, and what their errors prove.

Source: Meta "Handle Errors" (Graph API), "Rate Limits", "Secure Graph API Calls", "Instagram Platform error codes",
"Threads troubleshooting". Read 2026-11. The codes of throttling beyond 4, 17, 32 and 613, and most subcodes, are known
from clients alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
from pydantic import BaseModel, Field, SecretStr, ValidationError

from syndicate.channels.http import LONGEST_WAIT, Answer, RemoteId, check_access, silent_until, verdict
from syndicate.channels.networks import Tools
from syndicate.channels.oauth import Access, Grant, Renew
from syndicate.errors import Duplicate, NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.posts.post import Picture

UPLOAD_TIME = timedelta(seconds=60)
USUAL_WAIT = timedelta(minutes=15)
"""After a throttling that names no time; Meta's windows are an hour and slide."""
BLOCKED_WAIT = timedelta(hours=1)

_TOKEN = frozenset({102, 190, 463, 467})
_APP_THROTTLED = frozenset({4})
_THROTTLED = frozenset({17, 32, 341, 613, *range(80000, 80015)})
_SERVICE = frozenset({1, 2})
_PERMISSION = frozenset({3, 10, *range(200, 300)})
_BLOCKED = frozenset({368})
_DUPLICATE = frozenset({506})

_SUB_DAILY_LIMIT = frozenset({2207042})
_SUB_RESTRICTED = frozenset({2207050, 2207051, 4279013})
_SUB_TEMPORARY = frozenset({2207001, 2207003, 2207027, 2207032, 2207053, 1363047, 1609010, 1390008})
_SUB_DUPLICATE = frozenset({1366051})
_SUB_EXPIRED_CONTAINER = frozenset({2207006, 2207008, 2207020})
_SUB_GONE = frozenset({33})


class GraphError(BaseModel):
    """`error` of an answer."""

    message: str = ""
    code: int = 0
    error_subcode: int = 0
    is_transient: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """One account's way to the API. `base` is the address with the version; `secret` proves whose app calls.

    `scopes` is what a person must have granted, in words.
    """

    base: str
    access: Access
    tools: Tools
    scopes: str
    secret: str | None = field(default=None, repr=False)

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Read; the verdict is spoken."""
        return await self._call("GET", path, query or {}, is_repeatable=True)

    async def post(self, path: str, fields: Mapping[str, str], *, is_repeatable: bool = False) -> Answer:
        """Write; the verdict is spoken."""
        return await self._call("POST", path, fields, is_repeatable=is_repeatable)

    async def permissions(self, app_token: str) -> tuple[str, ...]:
        """The permissions of our token, which the app is told (documentation, "Debug Token"). Read 2026-11."""
        token = await self.access.token()
        self.tools.web.hide(token, app_token)
        query = urlencode({"input_token": token, "access_token": app_token})
        answer = await self.tools.web.call("GET", f"{self.base}/debug_token?{query}", is_repeatable=True)
        return self._checked(answer).read(_Debugged).data.scopes

    async def delete(self, path: str) -> None:
        """Take something away; what is gone already is done."""
        answer = await self._asked("DELETE", path, {}, is_repeatable=True)
        error = error_in(answer)
        if not (error is not None and error.code == 100 and error.error_subcode in _SUB_GONE):
            self._checked(answer)

    async def upload(self, path: str, picture: Picture, fields: Mapping[str, str]) -> str:
        """Bring a picture's bytes; gives its id."""

        async def send(token: str) -> Answer:
            form = aiohttp.FormData(default_to_multipart=True)
            form.add_field("source", picture.content, filename="image", content_type=picture.media_type)
            for name, value in {**fields, **self._signed(token)}.items():
                form.add_field(name, value)
            url = f"{self.base}{path}"
            return await self.tools.web.call("POST", url, body=form, is_repeatable=True, within=UPLOAD_TIME)

        answer = await self.access.ask(send, is_refused=_is_token_refused)
        return self._checked(answer).read(Identified).id

    async def _call(self, method: Literal["GET", "POST"], path: str, fields: Mapping[str, str], **how: bool) -> Answer:
        return self._checked(await self._asked(method, path, fields, **how))

    async def _asked(self, method: str, path: str, fields: Mapping[str, str], *, is_repeatable: bool) -> Answer:
        async def send(token: str) -> Answer:
            words = urlencode({**fields, **self._signed(token)})
            url, body, headers = f"{self.base}{path}", None, {}
            if method == "POST":
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                body = words.encode()
            else:
                url += f"?{words}"
            return await self.tools.web.call(method, url, headers=headers, body=body, is_repeatable=is_repeatable)

        return await self.access.ask(send, is_refused=_is_token_refused)

    def _signed(self, token: str) -> dict[str, str]:
        """The token, and the proof that the app's own server uses it."""
        if self.secret is None:
            return {"access_token": token}
        proof = hmac.new(self.secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        self.tools.web.hide(proof)
        return {"access_token": token, "appsecret_proof": proof}

    def _checked(self, answer: Answer) -> Answer:
        now = self.tools.clock()
        error = error_in(answer)
        if error is None:
            return verdict(answer, now, remedy=self.access.remedy)
        raise judged(answer, error, now, remedy=self.access.remedy, scopes=self.scopes)


def judged(answer: Answer, error: GraphError, now: datetime, *, remedy: str, scopes: str) -> NetworkError:
    """What an error proves: Meta tells it by code and subcode, whatever the HTTP status."""
    code, subcode = error.code, error.error_subcode
    number = f"{code}/{subcode}" if subcode else f"{code}"
    said = f"{answer.place}: {answer.status}, error {number} ({answer.masked(error.message)[:200]})"
    if code in _TOKEN:
        return Unauthorized(f"{said}; {remedy}")
    if code in _BLOCKED or subcode in _SUB_RESTRICTED:
        return Unauthorized(f"{said}; the account is restricted: see its support inbox")
    if subcode in _SUB_DAILY_LIMIT:
        return RateLimited(said, now + BLOCKED_WAIT)
    if code in _APP_THROTTLED | _THROTTLED or answer.status == 429:
        return RateLimited(said, regained_at(answer.headers, now), is_app_wide=code in _APP_THROTTLED)
    if code in _DUPLICATE or subcode in _SUB_DUPLICATE:
        return Duplicate(said)
    if subcode in _SUB_EXPIRED_CONTAINER:
        return Rejected(said, is_stale_media=True)
    if subcode in _SUB_TEMPORARY and (answer.is_repeatable or answer.status < 500):
        return Transient(said)
    if code in _PERMISSION:
        return Unauthorized(f"{said}; grant {scopes}, then {remedy}")
    if code in _SERVICE or error.is_transient or answer.status >= 500:
        return Transient(said) if answer.is_repeatable else Unknown(said)
    return Rejected(said)


def error_in(answer: Answer) -> GraphError | None:
    """The error of an answer, also of one with 200; None if there is none that can be read."""
    try:
        return _Failed.model_validate_json(answer.body).error
    except ValidationError:
        return None


def regained_at(headers: Mapping[str, str], now: datetime) -> datetime:
    """When calls are taken again: the usage headers tell it in minutes, if at all."""
    minutes = 0
    try:
        usage: Any = json.loads(headers.get("X-Business-Use-Case-Usage", "{}"))
        entries = [entry for one in usage.values() for entry in one]
        minutes = max((int(entry.get("estimated_time_to_regain_access", 0)) for entry in entries), default=0)
    except (ValueError, AttributeError, TypeError):
        pass  # a header that cannot be read tells nothing
    if minutes > 0:
        return now + min(timedelta(minutes=min(minutes, 10_000)), LONGEST_WAIT)
    return max(silent_until(headers, now), now + USUAL_WAIT)


def renewal(host: str, grant_type: str, tools: Tools, *, remedy: str) -> Renew:
    """Renewal of a token by itself, as Instagram and Threads have it: it must be a day old and not have ended."""

    async def renew(grant: Grant) -> Grant:
        query = urlencode({"grant_type": grant_type, "access_token": grant.access})
        return await _granted(f"{host}/refresh_access_token?{query}", tools, remedy=remedy)

    return renew


async def exchanged(host: str, path: str, query: Mapping[str, str], tools: Tools, *, remedy: str) -> Grant:
    """A token that lives for weeks, for one that lives for an hour."""
    tools.web.hide(*(query[key] for key in ("access_token", "fb_exchange_token", "client_secret") if key in query))
    return await _granted(f"{host}{path}?{urlencode(query)}", tools, remedy=remedy)


async def _granted(url: str, tools: Tools, *, remedy: str) -> Grant:
    answer = await tools.web.call("GET", url, is_repeatable=True)
    now = tools.clock()
    error = error_in(answer)
    if error is not None:
        raise judged(answer, error, now, remedy=remedy, scopes="")
    token = check_access(answer, now, remedy=remedy).read(_LongLived)
    access = token.access_token.get_secret_value()
    expires = None if not token.expires_in else now + timedelta(seconds=min(token.expires_in, 10**9))
    return Grant(access=access, refresh=access, issued_at=now, expires_at=expires)


def _is_token_refused(answer: Answer) -> bool:
    if answer.is_success:
        return False
    error = error_in(answer)
    return answer.status == 401 if error is None else error.code in _TOKEN


class Identified(BaseModel):
    """What a writing call gives."""

    id: RemoteId


class _Token(BaseModel):
    scopes: tuple[str, ...] = ()


class _Debugged(BaseModel):
    data: _Token


class _Failed(BaseModel):
    error: GraphError


class _LongLived(BaseModel):
    access_token: SecretStr
    expires_in: int | None = Field(default=None)
