"""A fake Bluesky PDS: sessions, blobs, and a repository in which record keys make writing idempotent.

Source: atproto putRecord.ts, createRecord.ts, deleteRecord.ts, getRecord.ts, blob/transactor.ts, and what a real PDS
0.5.35 answered. Read 2026-11.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syndicate.sandbox.bluesky_blobs import BlobStore
from syndicate.sandbox.bluesky_record import (
    NSID,
    POST,
    RECORD_KEY,
    TID,
    InvalidRecord,
    alts_of,
    blobs_of,
    called_in,
    check_post,
    link_of,
    record_cid,
)
from syndicate.sandbox.bluesky_session import (
    GENERAL,
    SESSIONS_DAY,
    SESSIONS_SHORT,
    WRITES_DAY,
    WRITES_HOUR,
    Holder,
    Sessions,
    invalid,
    trouble,
)
from syndicate.sandbox.clock import stamp
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.pictures import digest_of
from syndicate.sandbox.truth import Action, Entry, LoggedMedium
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, as_json, json_object, whole

# "Rate Limits": points for each kind of write. Read 2026-11.
CREATE_POINTS, UPDATE_POINTS, DELETE_POINTS = 3, 2, 1
# com.atproto.repo.listRecords: default 50, at most 100.
DEFAULT_LISTED, MOST_LISTED = 50, 100
_UNSET = object()


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record in a repository."""

    holder: Holder
    collection: str
    rkey: str
    cid: str
    value: dict[str, Any]
    written_at: datetime

    @property
    def uri(self) -> str:
        """Its at-uri."""
        return f"at://{self.holder.did}/{self.collection}/{self.rkey}"


@dataclass(frozen=True, slots=True)
class Write:
    """A checked request to write or delete one record."""

    holder: Holder
    collection: str
    rkey: str | None
    record: dict[str, Any]
    swap: object

    @property
    def place(self) -> tuple[str, str, str]:
        """Where in all repositories it goes; only for a write with a key."""
        return self.holder.did, self.collection, str(self.rkey)


class Bluesky:
    """The fake PDS."""

    name = "bluesky"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._sessions = Sessions(ground)
        self._records: dict[tuple[str, str, str], StoredRecord] = {}
        self._blobs = BlobStore(ground)
        self._revision = 0
        # One write at a time, as the real server's transaction on a repository: of two equal puts, one commits.
        self._writing = asyncio.Lock()

    def routes(self) -> Sequence[Route]:
        """The methods a publisher needs."""
        kind = RouteKind
        return (
            Route("POST", "/xrpc/com.atproto.server.createSession", kind.SESSION, self._create_session),
            Route("POST", "/xrpc/com.atproto.server.refreshSession", kind.SESSION, self._refresh_session),
            Route("POST", "/xrpc/com.atproto.server.deleteSession", kind.SESSION, self._delete_session),
            Route("GET", "/xrpc/com.atproto.server.getSession", kind.SESSION, self._get_session),
            Route("GET", "/xrpc/com.atproto.server.describeServer", kind.READ, self._describe),
            Route("GET", "/xrpc/com.atproto.identity.resolveHandle", kind.READ, self._resolve),
            Route("POST", "/xrpc/com.atproto.repo.uploadBlob", kind.MEDIA, self._upload),
            Route("GET", "/xrpc/com.atproto.sync.getBlob", kind.READ, self._get_blob),
            Route("POST", "/xrpc/com.atproto.repo.putRecord", kind.POST, self._put),
            Route("POST", "/xrpc/com.atproto.repo.createRecord", kind.POST, self._create),
            Route("POST", "/xrpc/com.atproto.repo.deleteRecord", kind.DELETE, self._delete),
            Route("GET", "/xrpc/com.atproto.repo.getRecord", kind.READ, self._get),
            Route("GET", "/xrpc/com.atproto.repo.listRecords", kind.READ, self._list),
        )

    def trouble(self, status: int) -> Answer:
        """An error in XRPC's shape."""
        return trouble(status)

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Nothing remains until then."""
        headers = {
            "RateLimit-Limit": str(WRITES_HOUR.points),
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(int(until.timestamp())),
            "RateLimit-Policy": f"{WRITES_HOUR.points};w={WRITES_HOUR.window_s}",
        }
        return trouble(429).with_headers(headers)

    def reset(self) -> None:
        """Forget every account, session, blob and record."""
        self._sessions.reset()
        self._records.clear()
        self._blobs.reset()

    def timelines(self) -> dict[str, list[StoredRecord]]:
        """Each account's posts, newest first."""
        found: dict[str, list[StoredRecord]] = {holder.handle: [] for holder in self._sessions.holders.values()}
        for record in sorted(self._records.values(), key=lambda each: each.written_at, reverse=True):
            if record.collection == POST:
                found[record.holder.handle].append(record)
        return found

    async def _create_session(self, call: Call) -> Answer:
        body = _body(call)
        identifier, password = _wanted(body, "identifier"), _wanted(body, "password")
        headers = self._sessions.spend(f"session:{identifier}", (SESSIONS_SHORT, SESSIONS_DAY))
        return as_json(self._sessions.open(identifier, password), 200, headers)

    async def _refresh_session(self, call: Call) -> Answer:
        return as_json(self._sessions.renew(call))

    async def _delete_session(self, call: Call) -> Answer:
        self._sessions.close(call)
        return Answer(200, b"")

    async def _get_session(self, call: Call) -> Answer:
        return as_json(self._sessions.shown(self._sessions.holder(call)))

    async def _describe(self, _call: Call) -> Answer:
        did = f"did:web:{self._ground.host.partition(':')[0]}"
        return as_json({"did": did, "availableUserDomains": [".test"], "inviteCodeRequired": False})

    async def _resolve(self, call: Call) -> Answer:
        holder = self._sessions.find(call.asked("handle"))
        if holder is None or holder.handle != call.asked("handle").lower():
            raise invalid("Unable to resolve handle")
        return as_json({"did": holder.did})

    async def _upload(self, call: Call) -> Answer:
        holder = self._sessions.holder(call)
        headers = self._sessions.spend(holder.did, (GENERAL,))
        blob = await self._blobs.receive(call)
        await self._log(Action.MEDIA, holder, call, entry_id=blob.cid, media=(blob.logged(),))
        self._blobs.add(holder, blob)
        return as_json({"blob": blob.as_ref()}, 200, headers)

    async def _get_blob(self, call: Call) -> Answer:
        blob = self._blobs.get(call.asked("did"), call.asked("cid"))
        if blob is None:
            raise invalid("Blob not found", "BlobNotFound")
        return await self._blobs.bytes_of(blob)

    async def _put(self, call: Call) -> Answer:
        write = self._write_of(call, is_key_needed=True)
        headers = self._sessions.spend(write.holder.did, (WRITES_HOUR, WRITES_DAY), points=UPDATE_POINTS)
        async with self._writing:
            self._check(write)
            current = self._records.get(write.place)
            if current is not None and current.cid == record_cid(write.record):
                # Equal content is no change: it is not even held against swapRecord.
                await self._log_record(Action.REPEAT, current, call)
                return as_json(_shown(current, commit=None), 200, headers)
            self._check_swap(write, current)
            action = Action.POST if current is None else Action.EDIT
            return as_json(await self._commit(write, action, call), 200, headers)

    async def _create(self, call: Call) -> Answer:
        write = self._write_of(call, is_key_needed=False)
        headers = self._sessions.spend(write.holder.did, (WRITES_HOUR, WRITES_DAY), points=CREATE_POINTS)
        async with self._writing:
            if write.rkey is None:
                fresh = _tid(self._next_revision())
                write = Write(write.holder, write.collection, fresh, write.record, write.swap)
            self._check(write)
            if write.place in self._records:
                # The real server answers an existing key with an internal error too; a client that repeats 5xx loops.
                raise Refusal(trouble(500))
            return as_json(await self._commit(write, Action.POST, call), 200, headers)

    async def _delete(self, call: Call) -> Answer:
        write = self._write_of(call, is_key_needed=True, has_record=False)
        headers = self._sessions.spend(write.holder.did, (WRITES_HOUR, WRITES_DAY), points=DELETE_POINTS)
        async with self._writing:
            current = self._records.get(write.place)
            if current is None:
                return as_json({}, 200, headers)
            self._check_swap(write, current)
            await self._log_record(Action.DELETE, current, call)
            del self._records[write.place]
            self._drop_unused_blobs(write.holder)
            return as_json({"commit": self._next_commit()}, 200, headers)

    async def _get(self, call: Call) -> Answer:
        holder = self._repository(call.asked("repo"))
        place = (holder.did, call.asked("collection"), call.asked("rkey"))
        record = self._records.get(place)
        if record is None or call.asked("cid", record.cid) != record.cid:
            uri = "/".join(place)
            raise invalid(f"Could not locate record: at://{uri}", "RecordNotFound")
        return as_json({"uri": record.uri, "cid": record.cid, "value": record.value})

    async def _list(self, call: Call) -> Answer:
        holder = self._repository(call.asked("repo"))
        limit = whole(call.asked("limit", str(DEFAULT_LISTED)))
        if limit is None or not 1 <= limit <= MOST_LISTED:
            raise invalid(f"Error: limit must be between 1 and {MOST_LISTED}")
        is_oldest_first, cursor = call.asked_yes("reverse"), call.asked("cursor")
        place = (holder.did, call.asked("collection"))
        found = [record for key, record in self._records.items() if key[:2] == place]
        found.sort(key=lambda record: record.rkey, reverse=not is_oldest_first)
        if cursor:
            found = [record for record in found if (record.rkey > cursor) is is_oldest_first and record.rkey != cursor]
        page = found[:limit]
        rows = [{"uri": record.uri, "cid": record.cid, "value": record.value} for record in page]
        return as_json({"records": rows} | ({"cursor": page[-1].rkey} if page else {}))

    def _write_of(self, call: Call, *, is_key_needed: bool, has_record: bool = True) -> Write:
        """The request's fields and the account that may write there."""
        holder = self._sessions.holder(call)
        body = _body(call)
        if self._repository(_wanted(body, "repo")) is not holder:
            raise Refusal(trouble(401))
        collection = _wanted(body, "collection")
        if not NSID.fullmatch(collection):
            raise invalid("Input/collection must be a valid nsid")
        rkey = _wanted(body, "rkey") if is_key_needed or body.get("rkey") is not None else None
        record = body.get("record")
        if has_record and not isinstance(record, dict):
            raise invalid('Input must have the property "record"')
        value = {"$type": collection, **record} if isinstance(record, dict) else {}
        return Write(holder, collection, rkey, value, body.get("swapRecord", _UNSET))

    def _check(self, write: Write) -> None:
        """Refuse a record the lexicon or the blob store refuses."""
        if write.record["$type"] != write.collection:
            raise invalid(f"Invalid $type: expected {write.collection}, got {write.record['$type']}")
        key_form = TID if write.collection == POST else RECORD_KEY
        if not key_form.fullmatch(str(write.rkey)):
            wanted = "tid" if write.collection == POST else "any"
            raise invalid(f"Invalid record key {write.rkey!r} for {write.collection}: must be of type {wanted}")
        if write.collection == POST:
            try:
                check_post(write.record)
            except InvalidRecord as fault:
                raise invalid(f"Invalid {POST} record: {fault}", fault.name) from fault
        for ref in blobs_of(write.record):
            self._blobs.check(write.holder, ref)

    def _check_swap(self, write: Write, current: StoredRecord | None) -> None:
        """Hold `swapRecord` against what is there: null means nothing may be, a CID means just that."""
        if write.swap is _UNSET:
            return
        there = None if current is None else current.cid
        if write.swap != there:
            raise invalid(f"Record was at {there or 'null'}", "InvalidSwap")

    async def _commit(self, write: Write, action: Action, call: Call) -> dict[str, Any]:
        record = StoredRecord(
            holder=write.holder,
            collection=write.collection,
            rkey=str(write.rkey),
            cid=record_cid(write.record),
            value=write.record,
            written_at=self._ground.clock.wall(),
        )
        await self._log_record(action, record, call)
        self._records[write.place] = record
        self._blobs.keep(write.holder, blobs_of(write.record))
        if action is Action.EDIT:
            self._drop_unused_blobs(write.holder)
        return _shown(record, commit=self._next_commit())

    def _drop_unused_blobs(self, holder: Holder) -> None:
        own = [record.value for key, record in self._records.items() if key[0] == holder.did]
        self._blobs.drop_unused(holder, {ref.cid for value in own for ref in blobs_of(value)})

    def _repository(self, name: str) -> Holder:
        holder = self._sessions.find(name)
        if holder is None:
            raise invalid(f"Could not find repo: {name}")
        return holder

    def _next_revision(self) -> int:
        self._revision = max(self._revision + 1, int(self._ground.clock.wall().timestamp() * 1_000_000) << 10)
        return self._revision

    def _next_commit(self) -> dict[str, str]:
        revision = _tid(self._next_revision())
        return {"cid": record_cid({"rev": revision}), "rev": revision}

    async def _log_record(self, action: Action, record: StoredRecord, call: Call) -> None:
        media = self._blobs.logged(record.holder, blobs_of(record.value), alts_of(record.value))
        await self._log(action, record.holder, call, entry_id=record.uri, media=media, record=record)

    async def _log(
        self,
        action: Action,
        holder: Holder,
        call: Call,
        *,
        entry_id: str,
        media: tuple[LoggedMedium, ...],
        record: StoredRecord | None = None,
    ) -> None:
        page = f"{self._ground.base_url}/profile/{holder.handle}/post"
        await self._ground.truth.append(
            Entry(
                at=stamp(self._ground.clock.wall()),
                network=self.name,
                account=holder.handle,
                action=action,
                key=record.rkey if record else None,
                id=entry_id,
                url=f"{page}/{record.rkey}" if record else None,
                text=str(record.value.get("text", "")) if record else "",
                link=link_of(record.value) if record else None,
                media=media,
                digest=digest_of(call.body),
                called=called_in(record.value) if record else (),
            )
        )


def _shown(record: StoredRecord, commit: dict[str, str] | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"uri": record.uri, "cid": record.cid}
    if commit is not None:
        answer["commit"] = commit
    return answer | {"validationStatus": "valid" if record.collection == POST else "unknown"}


def _tid(number: int) -> str:
    """A timestamp id: 64 bits in base32 that sorts (packages/syntax, tid.ts)."""
    alphabet = "234567abcdefghijklmnopqrstuvwxyz"
    return "".join(alphabet[(number >> (5 * place)) & 31] for place in reversed(range(13)))


def _body(call: Call) -> dict[str, Any]:
    if call.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise invalid("Wrong request encoding (Content-Type): must be application/json")
    try:
        return json_object(call.body)
    except ValueError as cause:
        raise invalid("Request body is not valid JSON") from cause


def _wanted(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise invalid(f'Input must have the property "{name}"' if value is None else f"Input/{name} must be a string")
    return value
