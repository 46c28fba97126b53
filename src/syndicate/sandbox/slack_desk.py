"""Who may call a fake Slack, how arguments come in, and in what words it says no.

Source: docs.slack.dev "Web API" (tokens, content types, errors) and "Authentication". Read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.wire import Answer, Call, Refusal, as_json, form_of

# What Slack says in HTTP 200 where others use a status; every other status comes as such.
SAID = {401: "invalid_auth", 403: "missing_scope", 410: "is_archived"}
TROUBLE = {429: "ratelimited", 500: "internal_error", 503: "service_unavailable"}
CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}")


@dataclass(frozen=True, slots=True)
class Bot:
    """Who a token is: its name, and the ids that belong to it."""

    name: str
    user_id: str
    bot_id: str


def trouble(status: int) -> Answer:
    """An error with this status, or in a 200 where Slack gives it so."""
    if status in SAID:
        return said_no(SAID[status])
    return as_json({"ok": False, "error": TROUBLE.get(status, "fatal_error")}, status)


def said_no(error: str, *messages: str) -> Answer:
    """HTTP 200 that is no success."""
    said: dict[str, Any] = {"ok": False, "error": error}
    if messages:
        said["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in messages]}
    return as_json(said)


def failed(error: str, *messages: str) -> Refusal:
    """A refusal by error code."""
    return Refusal(said_no(error, *messages))


def admit(call: Call, arguments: dict[str, Any]) -> Bot:
    """Whose token came, in the Authorization header or as the argument `token`.

    Raises:
        Refusal: not_authed without a token, invalid_auth with one that is not of the sandbox.
    """
    token = call.bearer or arguments.get("token")
    if not token:
        raise failed("not_authed")
    name = str(token).removeprefix("xoxb-")
    if not name.startswith(TOKEN_PREFIX) or name == TOKEN_PREFIX:
        raise failed("invalid_auth")
    name = name.removeprefix(TOKEN_PREFIX)
    tail = re.sub(r"[^A-Z0-9]", "", name.upper())[:9] or "X"
    return Bot(name, f"U{tail}", f"B{tail}")


def arguments_of(call: Call, *, takes_json: bool) -> dict[str, Any]:
    """The arguments of a call: query and form always, JSON where the method takes it.

    Methods that read, and the first of the upload, ignore a JSON body: they then say that what is in it is missing.

    Raises:
        Refusal: the body is not what its content type says.
    """
    content_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    found: dict[str, Any] = dict(call.query)
    if content_type == "application/json" and not takes_json:
        return found
    try:
        return found | form_of(call)
    except ValueError as cause:
        raise failed("invalid_json" if content_type == "application/json" else "invalid_form_data") from cause


def channel_in(arguments: dict[str, Any], name: str = "channel") -> str:
    """The channel's id; a name such as `#news` stands for the id `CNEWS`.

    Raises:
        Refusal: channel_not_found.
    """
    told = arguments.get(name)
    channel = f"C{told[1:].upper()}" if isinstance(told, str) and told.startswith("#") else told
    if not isinstance(channel, str) or not CHANNEL.fullmatch(channel):
        raise failed("channel_not_found")
    return channel
