"""The blobs of a fake Bluesky PDS: uploaded first, kept once a record refers to them, gone when none does.

Source: atproto PDS blob/transactor.ts and uploadBlob.ts. Read 2026-11.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from syndicate.sandbox.bluesky_record import BlobRef, blob_cid
from syndicate.sandbox.bluesky_session import Holder, invalid, trouble
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.pictures import Picture, look_at
from syndicate.sandbox.truth import LoggedMedium
from syndicate.sandbox.wire import Answer, Call, Refusal

# PDS environment PDS_BLOB_UPLOAD_LIMIT of the hosted service: 50 MB. Read 2026-11.
UPLOAD_LIMIT_BYTES = 52_428_800
# Enough for any image a card can hold; uploads are only measured for the log, the PDS does not decode them.
_LIMIT_PX = 100_000_000


@dataclass(slots=True)
class Blob:
    """An uploaded file; `is_kept` once a record refers to it, until then it lives for a while."""

    cid: str
    mime_type: str
    size_bytes: int
    sha256: str
    picture: Picture | None
    uploaded_at: datetime
    is_kept: bool = False

    def as_ref(self) -> dict[str, Any]:
        """The reference a client puts into its record."""
        return {"$type": "blob", "ref": {"$link": self.cid}, "mimeType": self.mime_type, "size": self.size_bytes}

    def logged(self, alt: str | None = None) -> LoggedMedium:
        """The blob as it stands in the log of truth."""
        return LoggedMedium(
            id=self.cid,
            alt=alt,
            bytes=self.size_bytes,
            width=self.picture.width if self.picture else None,
            height=self.picture.height if self.picture else None,
            type=self.mime_type,
            sha256=self.sha256,
        )


class BlobStore:
    """All blobs, by account and content id."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._blobs: dict[tuple[str, str], Blob] = {}

    async def receive(self, call: Call) -> Blob:
        """The blob in an upload; its type is told by its bytes, by the header only where they do not tell.

        Raises:
            Refusal: 400 or 413, empty or too large.
        """
        claimed = call.headers.get("content-type", "").partition(";")[0].strip()
        if not claimed:
            raise invalid("Request encoding (Content-Type) required but not provided")
        if not call.body:
            raise invalid("A request body was expected but none was provided")
        if len(call.body) > UPLOAD_LIMIT_BYTES:
            raise Refusal(trouble(413))
        seen = await asyncio.to_thread(look_at, call.body, limit_px=_LIMIT_PX)
        picture = seen if isinstance(seen, Picture) else None
        return Blob(
            cid=blob_cid(call.body),
            mime_type=picture.type if picture else claimed,
            size_bytes=len(call.body),
            sha256=await self._ground.attic.keep(call.body),
            picture=picture,
            uploaded_at=self._ground.clock.now(),
        )

    def add(self, holder: Holder, blob: Blob) -> None:
        """Hold an upload; the same bytes again only live longer."""
        older = self._blobs.get((holder.did, blob.cid))
        blob.is_kept = older is not None and older.is_kept
        self._blobs[holder.did, blob.cid] = blob

    def get(self, did: str, cid: str) -> Blob | None:
        """A blob some record refers to."""
        blob = self._blobs.get((did, cid))
        return blob if blob is not None and blob.is_kept else None

    async def bytes_of(self, blob: Blob) -> Answer:
        """The blob itself, as it is downloaded."""
        return Answer(200, await self._ground.attic.fetch(blob.sha256), content_type=blob.mime_type)

    def check(self, holder: Holder, ref: BlobRef) -> None:
        """Let a reference pass that names a living blob of the account as it is.

        Raises:
            Refusal: 400, unknown or expired, or another type or size.
        """
        blob = self._blobs.get((holder.did, ref.cid))
        life = timedelta(seconds=self._ground.rules.blob_ttl_s)
        if blob is None or not (blob.is_kept or self._ground.clock.now() - blob.uploaded_at < life):
            raise invalid(f"Could not find blob: {ref.cid}", "BlobNotFound")
        if ref.mime_type != blob.mime_type:
            expected = f"Expected: {blob.mime_type}, Got: {ref.mime_type}"
            raise invalid(f"Referenced Mimetype does not match stored blob. {expected}", "InvalidMimeType")
        if ref.size_bytes != blob.size_bytes:
            expected = f"Expected: {blob.size_bytes}, Got: {ref.size_bytes}"
            raise invalid(f"Referenced Size does not match stored blob. {expected}", "InvalidSize")

    def keep(self, holder: Holder, refs: Iterable[BlobRef]) -> None:
        """A record refers to these now."""
        for ref in refs:
            self._blobs[holder.did, ref.cid].is_kept = True

    def drop_unused(self, holder: Holder, used: set[str]) -> None:
        """A record changed or went: blobs that no record uses any more go with it."""
        for (did, cid), blob in tuple(self._blobs.items()):
            if did == holder.did and blob.is_kept and cid not in used:
                del self._blobs[did, cid]

    def logged(self, holder: Holder, refs: Iterable[BlobRef], alts: Mapping[str, str]) -> tuple[LoggedMedium, ...]:
        """The blobs a record refers to, as they stand in the log of truth."""
        return tuple(self._blobs[holder.did, ref.cid].logged(alts.get(ref.cid)) for ref in refs)

    def reset(self) -> None:
        """Forget all blobs."""
        self._blobs.clear()
