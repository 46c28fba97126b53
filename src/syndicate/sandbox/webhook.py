"""A receiver of Standard Webhooks: checks the signature itself, takes each id once.

Source: standard-webhooks specification, "Webhook signatures" and "Idempotency": HMAC-SHA256 over
`{id}.{timestamp}.{body}`, base64, `v1,` in front, several separated by spaces; five minutes of tolerance. Read 2026-11.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syndicate.sandbox.addresses import WEBHOOK_SECRET
from syndicate.sandbox.clock import stamp
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.pictures import digest_of
from syndicate.sandbox.truth import Action, Entry
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, as_json, json_object, whole

TOLERANCE_S = 300
# The specification advises to stay near 20 kB; a receiver that took anything would hide a publisher that does not.
LIMIT_BYTES = 262_144
# The last part of an event's `type`, and what the event means; everything else is a new thing.
ACTIONS = {
    "updated": Action.EDIT,
    "revised": Action.EDIT,
    "edited": Action.EDIT,
    "deleted": Action.DELETE,
    "withdrawn": Action.DELETE,
}
LINK_FIELDS, TITLE_FIELDS = ("url", "link", "href"), ("title", "text", "name")


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it was received."""

    id: str
    account: str
    received_at: datetime
    body: dict[str, Any]
    title: str
    link: str | None


class Webhook:
    """The fake receiver; each name under its address is an account of its own."""

    name = "webhook"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._events: dict[tuple[str, str], Event] = {}
        self._receiving = asyncio.Lock()

    def routes(self) -> Sequence[Route]:
        """One endpoint for each name."""
        return (Route("POST", "/webhook/{name}", RouteKind.POST, self._receive),)

    def trouble(self, status: int) -> Answer:
        """An error as a small receiver gives it."""
        return as_json({"error": f"status {status}"}, status)

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """The specification knows Retry-After alone."""
        return self.trouble(429)

    def reset(self) -> None:
        """Forget every event."""
        self._events.clear()

    def timelines(self) -> dict[str, list[Event]]:
        """Each endpoint's events, newest first."""
        found: dict[str, list[Event]] = {}
        for event in reversed(self._events.values()):
            found.setdefault(event.account, []).append(event)
        return found

    async def _receive(self, call: Call) -> Answer:
        if len(call.body) > LIMIT_BYTES:
            raise _refused(413, f"the body has more than {LIMIT_BYTES} bytes")
        check_signature(call.headers, call.body, WEBHOOK_SECRET, self._ground.clock.wall())
        event = self._event(call)
        async with self._receiving:
            is_known = (event.account, event.id) in self._events
            await self._ground.truth.append(self._entry(event, call, is_known=is_known))
            self._events.setdefault((event.account, event.id), event)
        return as_json({"id": event.id, "status": "duplicate" if is_known else "accepted"})

    def _event(self, call: Call) -> Event:
        try:
            body = json_object(call.body)
        except ValueError as cause:
            raise _refused(400, "the body is not a JSON object") from cause
        data = body.get("data")
        if not isinstance(body.get("type"), str) or not isinstance(body.get("timestamp"), str):
            raise _refused(400, "type and timestamp must be strings")
        if not isinstance(data, dict):
            raise _refused(400, "data must be an object")
        return Event(
            id=call.headers["webhook-id"],
            account=call.path_values["name"],
            received_at=self._ground.clock.wall(),
            body=body,
            title=_first(data, TITLE_FIELDS) or "",
            link=_first(data, LINK_FIELDS),
        )

    def _entry(self, event: Event, call: Call, *, is_known: bool) -> Entry:
        verb = str(event.body["type"]).rpartition(".")[2]
        return Entry(
            at=stamp(event.received_at),
            network=self.name,
            account=event.account,
            action=Action.REPEAT if is_known else ACTIONS.get(verb, Action.POST),
            key=event.id,
            id=event.id,
            url=None,
            text=event.title,
            link=event.link,
            media=(),
            digest=digest_of(call.body),
        )


def check_signature(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
    """Let a rightly signed request pass.

    Raises:
        Refusal: 401, a header is missing, the time is more than five minutes off, or no signature fits.
    """
    event_id, told_at, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not event_id or "." in event_id or not signatures:
        raise _refused(401, "webhook-id, webhook-timestamp and webhook-signature are required")
    at = whole(told_at)
    if at is None or abs(now.timestamp() - at) > TOLERANCE_S:
        raise _refused(401, f"webhook-timestamp is more than {TOLERANCE_S} s away from the receiver's clock")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = hmac.digest(key, f"{event_id}.{told_at}.".encode() + body, "sha256")
    if not any(hmac.compare_digest(expected, signature) for signature in _signatures(signatures)):
        raise _refused(401, "no webhook-signature fits the body")


def _signatures(header: str) -> Iterator[bytes]:
    for part in header.split():
        version, _, value = part.partition(",")
        if version == "v1":
            try:
                yield base64.b64decode(value, validate=True)
            except binascii.Error:
                continue


def _refused(status: int, sentence: str) -> Refusal:
    return Refusal(as_json({"error": sentence}, status))


def _first(data: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """The first of these fields that is a text, in the object itself or one level down (`data.item.url`)."""
    inner = [value for value in data.values() if isinstance(value, dict)]
    for values in (data, *inner):
        for name in names:
            if isinstance(values.get(name), str):
                return str(values[name])
    return None
