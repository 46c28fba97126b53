"""A fake Mastodon server: statuses with idempotency keys, their media, the account and the instance.

Written from the documentation ("methods/statuses", "methods/accounts", "methods/instance") and from what
post_status_service.rb does: a key is looked up at the start and stored after the post, so two requests at the same
moment can both post. Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from syndicate.sandbox.clock import stamp
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.mastodon_desk import (
    DELETES,
    GENERAL,
    READ_ONLY_PREFIX,
    STATUSES,
    Desk,
    Visitor,
    invalid,
    quota_headers,
    trouble,
)
from syndicate.sandbox.mastodon_entities import (
    DESCRIPTION_LIMIT,
    Account,
    Medium,
    Status,
    account_json,
    credentials_json,
    instance_json,
    instance_v1_json,
    logged,
    status_json,
)
from syndicate.sandbox.mastodon_media import MediaStore, Numbers, fields_of
from syndicate.sandbox.mastodon_text import Kind, first_link, length_of, pieces_of
from syndicate.sandbox.pictures import digest_of
from syndicate.sandbox.truth import Action, Entry
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, as_json, whole

VISIBILITIES = ("public", "unlisted", "private", "direct")
# Mastodon documentation "accounts", `GET /api/v1/accounts/:id/statuses`: default 20, at most 40. Read 2026-11.
DEFAULT_LISTED, MOST_LISTED = 20, 40


@dataclass(frozen=True, slots=True)
class Draft:
    """A post or an edit that passed every check."""

    text: str
    spoiler_text: str
    visibility: str
    is_sensitive: bool
    language: str | None
    in_reply_to_id: str | None
    media: list[Medium]


class Mastodon:
    """The fake server."""

    name = "mastodon"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._desk = Desk(ground)
        self._numbers = Numbers()
        self._media = MediaStore(ground, self._desk, self._numbers)
        self._statuses: dict[str, Status] = {}
        self._keys: dict[tuple[str, str], tuple[str, datetime]] = {}

    def routes(self) -> Sequence[Route]:
        """The documented methods a publisher needs."""
        return (
            Route("POST", "/api/v1/statuses", RouteKind.POST, self._create),
            Route("GET", "/api/v1/statuses/{id}", RouteKind.READ, self._show),
            Route("PUT", "/api/v1/statuses/{id}", RouteKind.EDIT, self._edit),
            Route("DELETE", "/api/v1/statuses/{id}", RouteKind.DELETE, self._delete),
            Route("GET", "/api/v1/accounts/verify_credentials", RouteKind.SESSION, self._credentials),
            Route("GET", "/api/v1/apps/verify_credentials", RouteKind.SESSION, self._app),
            Route("GET", "/api/v1/accounts/{id}/statuses", RouteKind.READ, self._list),
            Route("GET", "/api/v1/accounts/{id}", RouteKind.READ, self._account),
            Route("GET", "/api/v1/instance", RouteKind.READ, self._instance(instance_v1_json)),
            Route("GET", "/api/v2/instance", RouteKind.READ, self._instance(instance_json)),
            *self._media.routes(),
        )

    def trouble(self, status: int) -> Answer:
        """An error in Mastodon's shape."""
        return trouble(status)

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Nothing remains until then."""
        return trouble(429).with_headers(quota_headers(GENERAL, 0, until))

    def reset(self) -> None:
        """Forget every account, status, upload and key."""
        self._desk.reset()
        self._media.reset()
        self._statuses.clear()
        self._keys.clear()

    def timelines(self) -> dict[str, list[Status]]:
        """Each account's statuses, newest first."""
        return {account.username: self._statuses_of(account) for account in self._desk.accounts.values()}

    async def _create(self, call: Call) -> Answer:
        visitor = self._desk.admit(call, is_write=True)
        key = call.headers.get("idempotency-key") or None
        if key is not None and (first_id := self._kept(visitor.account, key)) is not None:
            return await self._repeated(self._found(first_id), key, visitor, call)
        draft = self._draft(fields_of(call), visitor)
        headers = visitor.headers | self._desk.spend(visitor.account, STATUSES)
        now = self._ground.clock.wall()
        status = Status(
            id=self._numbers.next(int(now.timestamp() * 1000)),
            account=visitor.account,
            text=draft.text,
            created_at=now,
            visibility=draft.visibility,
            spoiler_text=draft.spoiler_text,
            is_sensitive=draft.is_sensitive,
            language=draft.language,
            in_reply_to_id=draft.in_reply_to_id,
            media=draft.media,
        )
        await self._log(Action.POST, status, call, key=key)
        self._statuses[status.id] = status
        _attach(status)
        if key is not None:
            self._keys[visitor.account.id, key] = (status.id, self._ground.clock.now())
        return as_json(self._json(status, is_crawled=False), 200, headers)

    async def _repeated(self, status: Status, key: str, visitor: Visitor, call: Call) -> Answer:
        await self._log(Action.REPEAT, status, call, key=key)
        return as_json(self._json(status), 200, visitor.headers)

    async def _show(self, call: Call) -> Answer:
        status = self._found(call.path_values["id"])
        if status.visibility in {"private", "direct"} and self._desk.admit(call).account is not status.account:
            raise Refusal(trouble(404))
        return as_json(self._json(status))

    async def _edit(self, call: Call) -> Answer:
        visitor = self._desk.admit(call, is_write=True)
        status = self._own(call, visitor)
        fields = fields_of(call)
        draft = self._draft({"visibility": status.visibility, **fields}, visitor, status)
        alts = _new_descriptions(fields.get("media_attributes"), draft.media)
        before = (status.text, status.spoiler_text, status.is_sensitive, status.media)
        if (draft.text, draft.spoiler_text, draft.is_sensitive, draft.media) == before and not alts:
            # An edit that changes nothing is accepted and leaves no trace in the history.
            await self._log(Action.REPEAT, status, call)
            return as_json(self._json(status), 200, visitor.headers)
        for medium in draft.media:
            medium.description = alts.get(medium.id, medium.description)
        for medium in status.media:
            medium.status_id = None
        status.text, status.spoiler_text, status.is_sensitive = draft.text, draft.spoiler_text, draft.is_sensitive
        status.media, status.edited_at = draft.media, self._ground.clock.wall()
        _attach(status)
        await self._log(Action.EDIT, status, call)
        return as_json(self._json(status), 200, visitor.headers)

    async def _delete(self, call: Call) -> Answer:
        visitor = self._desk.admit(call, is_write=True)
        status = self._own(call, visitor)
        headers = visitor.headers | self._desk.spend(visitor.account, DELETES)
        shown = self._json(status) | {"text": status.text}
        await self._log(Action.DELETE, status, call)
        self._statuses.pop(status.id, None)
        for medium in status.media:
            medium.status_id = None
            if call.asked_yes("delete_media"):
                self._media.media.pop(medium.id, None)
        return as_json(shown, 200, headers)

    async def _credentials(self, call: Call) -> Answer:
        visitor = self._desk.admit(call)
        count = len(self._statuses_of(visitor.account))
        return as_json(credentials_json(visitor.account, self._ground.base_url, count), 200, visitor.headers)

    async def _app(self, call: Call) -> Answer:
        visitor = self._desk.admit(call)
        scopes = ["read"] if (call.bearer or "").startswith(READ_ONLY_PREFIX) else ["read", "write"]
        return as_json({"name": "sandbox", "website": None, "scopes": scopes}, 200, visitor.headers)

    async def _account(self, call: Call) -> Answer:
        account = self._desk.account_by_id(call.path_values["id"])
        return as_json(account_json(account, self._ground.base_url, len(self._statuses_of(account))))

    async def _list(self, call: Call) -> Answer:
        visitor = self._desk.admit(call)
        account = self._desk.account_by_id(call.path_values["id"])
        listed = [status for status in self._statuses_of(account) if _is_asked_for(status, call)]
        if visitor.account is not account:
            listed = [status for status in listed if status.visibility in {"public", "unlisted"}]
        wanted = whole(call.asked("limit"))
        limit = DEFAULT_LISTED if wanted is None else min(wanted, MOST_LISTED)
        shown_until = self._ground.clock.now() - timedelta(seconds=self._ground.rules.listing_lag_s)
        page = [status for status in listed if status.created_at <= shown_until][call.lacks :][:limit]
        headers = visitor.headers | self._links(call, page)
        return as_json([self._json(status) for status in page], 200, headers)

    def _instance(self, shape: Callable[..., dict[str, Any]]) -> Callable[[Call], Any]:
        async def answer(_call: Call) -> Answer:
            return as_json(shape(self._ground.host, self._ground.rules))

        return answer

    def _draft(self, fields: dict[str, Any], visitor: Visitor, status: Status | None = None) -> Draft:
        """The checked fields of a post or an edit; a 422 in the server's words if one is wrong."""
        media = self._media.chosen(fields.get("media_ids"), visitor, status)
        text, spoiler_text = _text(fields, "status"), _text(fields, "spoiler_text")
        if not text and spoiler_text:
            # The server takes a lone content warning for the text.
            text, spoiler_text = spoiler_text, ""
        if not text.strip() and not media:
            raise invalid("Validation failed: Text can't be blank")
        limit = self._ground.rules.max_characters
        if length_of(text, spoiler_text) > limit:
            raise invalid(f"Validation failed: Text character limit of {limit} exceeded")
        visibility = fields.get("visibility") or "public"
        if visibility not in VISIBILITIES:
            raise invalid("Validation failed: Visibility is not included in the list")
        if fields.get("scheduled_at"):
            raise invalid("Scheduled posts are not part of the sandbox")
        parent = fields.get("in_reply_to_id") or None
        if parent is not None and str(parent) not in self._statuses:
            raise Refusal(trouble(404, "The post you are trying to reply to does not appear to exist."))
        is_sensitive = str(fields.get("sensitive", "")).lower() in {"true", "1", "on"}
        language = _text(fields, "language") or "en"
        return Draft(text, spoiler_text, visibility, is_sensitive, language, parent and str(parent), media)

    def _kept(self, account: Account, key: str) -> str | None:
        """The id stored under a key, unless the key's window has passed."""
        status_id, since = self._keys.get((account.id, key), (None, None))
        if since is None or self._ground.clock.now() - since >= timedelta(seconds=self._ground.rules.key_window_s):
            return None
        return status_id

    def _found(self, status_id: str) -> Status:
        if status_id not in self._statuses:
            raise Refusal(trouble(404))
        return self._statuses[status_id]

    def _own(self, call: Call, visitor: Visitor) -> Status:
        status = self._found(call.path_values["id"])
        if status.account is not visitor.account:
            raise Refusal(trouble(404))
        return status

    def _statuses_of(self, account: Account) -> list[Status]:
        own = [status for status in self._statuses.values() if status.account is account]
        return sorted(own, key=lambda status: int(status.id), reverse=True)

    def _json(self, status: Status, *, is_crawled: bool = True) -> dict[str, Any]:
        count = sum(1 for each in self._statuses.values() if each.account is status.account)
        account = account_json(status.account, self._ground.base_url, count)
        return status_json(status, self._ground.base_url, account, is_crawled=is_crawled)

    def _links(self, call: Call, page: list[Status]) -> dict[str, str]:
        if not page:
            return {}
        here = f"{self._ground.base_url}{call.path}?limit={call.asked('limit', str(DEFAULT_LISTED))}"
        return {"Link": f'<{here}&max_id={page[-1].id}>; rel="next", <{here}&min_id={page[0].id}>; rel="prev"'}

    async def _log(self, action: Action, status: Status, call: Call, *, key: str | None = None) -> None:
        await self._ground.truth.append(
            Entry(
                at=stamp(self._ground.clock.wall()),
                network=self.name,
                account=status.account.username,
                action=action,
                key=key,
                id=status.id,
                url=status.url(self._ground.base_url),
                text=status.text,
                link=first_link(status.text),
                media=tuple(logged(medium) for medium in status.media),
                digest=digest_of(call.body),
                called=tuple(piece.target for piece in pieces_of(status.text) if piece.kind is Kind.MENTION),
            )
        )


def _attach(status: Status) -> None:
    for medium in status.media:
        medium.status_id = status.id


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _is_asked_for(status: Status, call: Call) -> bool:
    """Whether a listing's parameters let this status through."""
    number = int(status.id)
    told = {name: whole(call.asked(name)) for name in ("max_id", "since_id", "min_id")}
    bounds = {name: one for name, one in told.items() if one is not None}
    if call.asked_yes("pinned") or (call.asked_yes("exclude_replies") and status.in_reply_to_id is not None):
        return False
    if call.asked_yes("only_media") and not status.media:
        return False
    is_below = number < bounds.get("max_id", number + 1)
    return is_below and number > bounds.get("since_id", 0) and number > bounds.get("min_id", 0)


def _new_descriptions(attributes: object, media: list[Medium]) -> dict[str, str]:
    """The alt texts an edit changes, by medium id."""
    changed: dict[str, str] = {}
    known = {medium.id: medium.description for medium in media}
    for row in attributes if isinstance(attributes, list) else []:
        if not isinstance(row, dict):
            continue
        medium_id, text = str(row.get("id")), row.get("description")
        if isinstance(text, str) and medium_id in known and text != known[medium_id]:
            if len(text) > DESCRIPTION_LIMIT:
                raise invalid(f"Validation failed: Description is too long (maximum is {DESCRIPTION_LIMIT} characters)")
            changed[medium_id] = text
    return changed
