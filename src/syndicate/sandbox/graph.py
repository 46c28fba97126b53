"""What Meta's fake networks share: tokens as parameters, fields by GET and POST, and errors with numbers.

Source: Meta "Handle Errors" (Graph API), "Rate Limits", "Instagram Platform error codes". Read 2026-11.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.board import account_in
from syndicate.sandbox.wire import Answer, Call, Refusal, as_json, form_of

# "Handle Errors": codes by what they mean. Read 2026-11.
CODES = {401: (190, "Error validating access token"), 403: (200, "Permissions error"), 503: (2, "Service unavailable")}
TOKEN_LIFE_S = 5_184_000

Fields = Mapping[str, Any]
Method = Callable[[Call, Fields, str], Awaitable[Answer]]


def trouble(status: int) -> Answer:
    """An error with this status in the shape of the Graph API."""
    code, message = CODES.get(status, (1, "An unknown error occurred"))
    return error(status, code, message, is_transient=status >= 500)


def limited(account: str, wait_s: int) -> Answer:
    """Throttled: the wait stands in a header of usage, in whole minutes."""
    usage = {"type": "pages", "call_count": 100, "total_cputime": 25, "total_time": 25}
    usage |= {"estimated_time_to_regain_access": -(-wait_s // 60)}
    told = error(403, 32, "Page request limit reached", is_transient=True)
    return told.with_headers({"X-Business-Use-Case-Usage": json.dumps({account: [usage]})})


def error(status: int, code: int, message: str, *, subcode: int | None = None, is_transient: bool = False) -> Answer:
    """An error by its numbers."""
    value: dict[str, Any] = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code}
    if subcode is not None:
        value["error_subcode"] = subcode
    return as_json({"error": value | {"is_transient": is_transient, "fbtrace_id": "AsAndb0x"}}, status)


def refused(code: int, message: str, *, subcode: int | None = None) -> Refusal:
    """A refusal of a request, with 400 as nearly all have it."""
    return Refusal(error(400, code, message, subcode=subcode))


def unknown(object_id: str) -> Refusal:
    """A refusal of an object that is not there, or not for this token."""
    return refused(100, f"Unsupported request. Object with ID '{object_id}' does not exist", subcode=33)


def admitted(method: Method) -> Callable[[Call], Awaitable[Answer]]:
    """A method of an account: the token is a parameter, or stands in the Authorization header."""

    async def answer(call: Call) -> Answer:
        try:
            fields = dict(call.query) | form_of(call)
        except (ValueError, UnicodeDecodeError) as cause:
            raise refused(100, "The body cannot be read") from cause
        token = call.bearer or str(fields.pop("access_token", ""))
        account = account_in(token, TOKEN_PREFIX)
        if account is None:
            raise Refusal(error(401, 190, "Invalid OAuth access token - Cannot parse access token"))
        return await method(call, fields, account)

    return answer


async def renewed(_call: Call, fields: Fields, account: str) -> Answer:
    """A long-lived token for itself."""
    if not str(fields.get("grant_type", "")).endswith(("_refresh_token", "_exchange_token")):
        raise refused(100, "grant_type: is not one of those that exist")
    return as_json({"access_token": TOKEN_PREFIX + account, "token_type": "bearer", "expires_in": TOKEN_LIFE_S})


def number_of(account: str) -> str:
    """The number of a page or a person: the account's name if it is one, else always the same one."""
    if account.isdecimal():
        return account
    return str(10**14 + int.from_bytes(hashlib.sha256(account.encode()).digest()[:5]))


def is_address(text: object) -> bool:
    """Whether something is an address that Meta's servers would fetch."""
    return isinstance(text, str) and text.startswith(("http://", "https://")) and text.isprintable() and " " not in text


def moment(at: datetime) -> str:
    """An instant as the Graph API writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")
