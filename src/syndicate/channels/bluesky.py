"""Bluesky and other personal data servers (PDS) of the AT Protocol.

Source: atproto lexicons app.bsky.feed.post, app.bsky.embed.external, app.bsky.embed.images, com.atproto.repo.putRecord,
com.atproto.server.createSession; packages/pds; Bluesky documentation "Rate Limits". Read 2026-11.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self
from urllib.parse import urlencode

from msgspec.structs import replace
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator

from syndicate.channels.accounts import shown_name
from syndicate.channels.addresses import ServiceURL
from syndicate.channels.bluesky_records import COLLECTION, Record, RecordURI, posts_since
from syndicate.channels.bluesky_session import REMAINING, REMEDY, RESET, Session, Sessions, rights_in
from syndicate.channels.http import Answer, check_access, json_bytes, page_url, verdict
from syndicate.channels.limits import used_up_until
from syndicate.channels.networks import Network, Tools
from syndicate.channels.secrets import ChannelSettings, SecretFile, either
from syndicate.durations import Duration
from syndicate.errors import NetworkError, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel, OwnPost, Quota, Rights, Standing
from syndicate.posts.post import ImageRules, Measure, Picture, Post, Room, Shape, Span, SpanKind, Wants

ROOM = Room(300, Measure.GRAPHEMES, limit_bytes=3000)
"""app.bsky.feed.post, `text`: maxGraphemes 300, maxLength 3000."""
THUMB = ImageRules(Shape.CARD, limit_bytes=1_000_000, media_types=("image/jpeg",), limit_alt=0)
"""app.bsky.embed.external, `thumb`: maxSize 1,000,000. It has no alt text."""
PHOTO = ImageRules(Shape.PHOTO, limit_bytes=2_000_000, limit_alt=2000)
"""app.bsky.embed.images, `image`: maxSize 2,000,000; alt texts have no limit there, readers do."""

UPLOAD_TIME = timedelta(seconds=60)

_TID_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"  # packages/syntax/src/tid.ts: base32 that sorts
_DAY_US = 86_400_000_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_EXPIRED = {"ExpiredToken", "InvalidToken"}  # answered with 400 by the reference PDS, with 401 by others


class BlueskySettings(ChannelSettings):
    """An account of Bluesky or of another PDS.

    `identifier` is the handle or DID, `password` an app password. `attach` card makes a link card with the picture on
    it; image attaches the picture with its alt text and puts the link into the text.
    """

    service: ServiceURL = "https://bsky.social"
    identifier: str = Field(min_length=3)
    password: SecretStr | None = None
    password_file: SecretFile | None = None
    attach: Literal["card", "image"] = "card"
    settle: Duration = timedelta(seconds=30)

    @field_validator("identifier")
    @classmethod
    def _bare(cls, identifier: str) -> str:
        return identifier.strip().removeprefix("@").lower()

    @model_validator(mode="after")
    def _has_password(self) -> Self:
        either("password", self.password, self.password_file)
        return self


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request to the PDS."""

    method: Literal["GET", "POST"]
    path: str
    body: bytes | None = None
    media_type: str = "application/json"
    is_repeatable: bool = True
    within: timedelta | None = None


class Bluesky(Channel):
    """One account."""

    network = "bluesky"
    is_rehearsal = False

    def __init__(self, name: str, settings: BlueskySettings, tools: Tools) -> None:
        self.name = name
        self.account = settings.identifier
        self._is_card = settings.attach == "card"
        self._settle = settings.settle
        self._tools = tools
        password = either("password", settings.password, settings.password_file)
        self._sessions = Sessions(name, settings.service, settings.identifier, password, tools)
        self._did: str | None = None
        self._handle = ""

    @property
    def wants(self) -> Wants:
        """A link card that we make, or a picture and the link in the text: a post has one embed."""
        if self._is_card:
            return Wants(room=ROOM, image=THUMB, link_in_text=False)
        return Wants(room=ROOM, image=PHOTO)

    @property
    def guarantee(self) -> Guarantee:
        """We choose the record's key, and with `swapRecord: null` a key is written once."""
        return Guarantee(key_window=timedelta.max, evidence=Evidence.BY_KEY, settle=self._settle)

    @property
    def abilities(self) -> frozenset[Action]:
        """Posts can be deleted and answered. Not edited: apps go on showing the record that they saw first."""
        return frozenset({Action.POST, Action.DELETE, Action.REPLY})

    @property
    def place(self) -> str | None:
        """The account's DID, which outlives its handles."""
        return f"bluesky/{self._did or self.account}"

    async def standing(self) -> Standing:
        """Whose account it is, once it is open."""
        return Standing(self._handle or self._did)

    async def open(self) -> None:
        """Sign in, or go on with the kept session, and see that the account may post."""
        answer = await self._ask(_Ask("GET", "com.atproto.server.getSession"))
        account = check_access(answer, self._now(), reset_header=RESET, remedy=REMEDY).read(_Account)
        if not account.active:
            status = answer.masked(account.status or "")[:40] or "not active"
            raise Unauthorized(f"{answer.place}: the account is {status}; see its own settings")
        self._did, self._handle = account.did, shown_name(account.handle)

    async def rights(self) -> Rights:
        """What the session may do: its token says of which kind of password it came."""
        return rights_in((await self._sessions.current()).access)

    async def upload(self, picture: Picture) -> str:
        """Upload the bytes; gives the blob as JSON. Unused blobs vanish on their own."""
        ask = _Ask("POST", "com.atproto.repo.uploadBlob", picture.content, picture.media_type, within=UPLOAD_TIME)
        return json_bytes(self._checked(await self._ask(ask)).read(_Uploaded).blob).decode()

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """The record's key: a TID on the day of publication, the time of day and clock id hashed from the delivery.

        Items of one day, even of one second, get different keys: 46 bits differ.
        """
        digest = int.from_bytes(hashlib.sha256(f"{uid}/{generation}".encode()).digest()[:8], "big")
        days = max((published.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days, 0)
        micros = days * _DAY_US + (digest >> 10) % _DAY_US
        return _base32((micros % 2**53) << 10 | digest % 2**10)

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The record with everything that makes its content id, so that a repeat is the same record.

        Raises:
            Transient: the account is not known yet.
        """
        repo = self._repo()
        record: dict[str, object] = {
            "$type": COLLECTION,
            "text": post.text,
            "createdAt": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "embed": self._embed(post, None if media is None else json.loads(media)),
        }
        if _LANGUAGE.fullmatch(post.language):
            record["langs"] = [post.language]
        if post.reply_to is not None:
            parent = {"uri": post.reply_to}
            record["reply"] = {"root": parent, "parent": parent}
        if post.spans:
            record["facets"] = [_facet(span) for span in post.spans]
        return json_bytes({"repo": repo, "collection": COLLECTION, "rkey": key, "swapRecord": None, "record": record})

    async def stage(self, payload: bytes, key: str) -> bytes:
        """A reply names the post that it answers by its content, too.

        Raises:
            Transient: that post is not there (any more).
        """
        whole = json.loads(payload)
        if "reply" not in whole["record"]:
            return payload
        uri = whole["record"]["reply"]["parent"]["uri"]
        stored = await self._stored(*_place_in(uri))
        if stored is None:
            raise Transient(f"{self.account}: the post to answer is not there: {uri}")
        parent = {"uri": stored.uri, "cid": stored.cid}
        whole["record"]["reply"] = {"root": parent, "parent": parent}
        return json_bytes(whole)

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Write the record under its key. An access token that ran out is renewed, for then nothing was done."""
        answer = await self._ask(_Ask("POST", "com.atproto.repo.putRecord", payload, is_repeatable=False))
        name = _error_in(answer)
        if answer.status == 400 and name == "InvalidSwap":
            return await self._written_before(payload, answer)
        if answer.status == 400 and name == "BlobNotFound":  # blob/transactor.ts: "Could not find blob"
            raise Rejected(f"{answer.place}: 400 ({answer.words})", is_stale_media=True)
        receipt = self._receipt(self._checked(answer).read(_Written).uri)
        last = used_up_until(answer, receipt.at, remaining_header=REMAINING, reset_header=RESET)
        return replace(receipt, rests_until=last)

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Read the record under our key from the PDS itself; None also if another's content stands there."""
        frozen = _Frozen.model_validate_json(payload)
        stored = await self._stored(frozen.repo, frozen.rkey)
        return self._receipt(stored.uri) if stored is not None and stored.value.is_like(frozen.record) else None

    @property
    def is_listable(self) -> bool:
        """The records of the repository are listed."""
        return True

    async def recent(self, since: datetime) -> AsyncIterator[OwnPost]:
        """Our own posts since then, without replies.

        Raises:
            Transient: the account is not known yet.
        """

        async def get(path: str) -> Answer:
            return self._checked(await self._ask(_Ask("GET", path)))

        async for one in posts_since(get, self._repo(), since, place=self.account):
            receipt = replace(self._receipt(one.uri), at=one.value.created_at)
            yield OwnPost(one.value.text, one.value.links, receipt)

    async def delete(self, receipt: Receipt) -> None:
        """Delete the record; the PDS answers alike when there is none."""
        repo, key = _place_in(receipt.remote_id)
        body = json_bytes({"repo": repo, "collection": COLLECTION, "rkey": key})
        self._checked(await self._ask(_Ask("POST", "com.atproto.repo.deleteRecord", body, is_repeatable=False)))

    async def close(self) -> None:
        """Nothing is held: connections belong to the web."""

    def _repo(self) -> str:
        if self._did is None:
            raise Transient(f"{self.account}: not signed in yet")
        return self._did

    async def _written_before(self, payload: bytes, refusal: Answer) -> Receipt:
        """Our key is taken: by this very post, unless something is very wrong.

        Raises:
            Unknown: the record could not be read.
            Rejected: the record is another one.
        """
        try:
            found = await self.find(payload, "", self._now())
        except NetworkError as cause:
            raise Unknown(f"{refusal.place}: the record exists, but could not be read: {cause}") from cause
        if found is None:
            raise Rejected(f"{refusal.place}: the record key is taken by another post")
        return found

    async def _stored(self, repo: str, key: str) -> _Stored | None:
        query = urlencode({"repo": repo, "collection": COLLECTION, "rkey": key})
        answer = await self._ask(_Ask("GET", f"com.atproto.repo.getRecord?{query}"))
        if answer.status in {400, 404} and _error_in(answer) == "RecordNotFound":
            return None
        return self._checked(answer).read(_Stored)

    async def _ask(self, ask: _Ask) -> Answer:
        session = await self._sessions.current()
        answer = await self._send(ask, session)
        if answer.status == 401 or (answer.status == 400 and _error_in(answer) in _EXPIRED):
            answer = await self._send(ask, await self._sessions.renewed(session))
        return answer

    async def _send(self, ask: _Ask, session: Session) -> Answer:
        headers = {"Authorization": f"Bearer {session.access}"}
        if ask.body is not None:
            headers["Content-Type"] = ask.media_type
        return await self._tools.web.call(
            ask.method,
            f"{session.pds}/xrpc/{ask.path}",
            headers=headers,
            body=ask.body,
            is_repeatable=ask.is_repeatable,
            within=ask.within,
        )

    def _embed(self, post: Post, blob: object | None) -> dict[str, object]:
        if not self._is_card and blob is not None and post.picture is not None:
            size = {"width": post.picture.width_px, "height": post.picture.height_px}
            image = {"image": blob, "alt": post.picture.alt, "aspectRatio": size}
            return {"$type": "app.bsky.embed.images", "images": [image]}
        card = post.card
        external: dict[str, object] = {"uri": card.url, "title": card.title, "description": card.summary}
        if self._is_card and blob is not None:
            external["thumb"] = blob
        return {"$type": "app.bsky.embed.external", "external": external}

    def _receipt(self, uri: str) -> Receipt:
        did, key = _place_in(uri)
        return Receipt(uri, page_url(f"https://bsky.app/profile/{did}/post/{key}"), self._now())

    def _checked(self, answer: Answer) -> Answer:
        return verdict(answer, self._now(), reset_header=RESET, remedy=REMEDY)

    def _now(self) -> datetime:
        return self._tools.clock()


def _place_in(uri: str) -> tuple[str, str]:
    """Repository and key of a post's record."""
    did, _, key = uri.removeprefix("at://").partition(f"/{COLLECTION}/")
    return did, key


def _facet(span: Span) -> dict[str, object]:
    feature = (
        {"$type": "app.bsky.richtext.facet#link", "uri": span.target}
        if span.kind is SpanKind.LINK
        else {"$type": "app.bsky.richtext.facet#tag", "tag": span.target}
    )
    return {"index": {"byteStart": span.start_bytes, "byteEnd": span.end_bytes}, "features": [feature]}


def _base32(number: int) -> str:
    """64 bits as 13 letters, the highest first."""
    return "".join(_TID_LETTERS[(number >> (5 * place)) & 31] for place in reversed(range(13)))


def _error_in(answer: Answer) -> str:
    """The name of an XRPC error; empty if there is none."""
    if answer.is_success:
        return ""
    try:
        return _Trouble.model_validate_json(answer.body).error
    except ValidationError:
        return ""


class _Trouble(BaseModel):
    error: str = ""


class _Account(BaseModel):
    did: str = Field(pattern=r"^did:[!-~]{1,250}$")
    handle: str = ""
    active: bool = True
    status: str | None = None


class _Uploaded(BaseModel):
    blob: dict[str, Any]  # goes into the record unchanged


class _Written(BaseModel):
    uri: RecordURI


class _Stored(BaseModel):
    uri: RecordURI
    cid: str = ""
    value: Record


class _Frozen(BaseModel):
    """What `freeze` wrote."""

    repo: str
    collection: str
    rkey: str
    record: Record


NETWORK = Network(
    name="bluesky",
    title="Bluesky",
    settings=BlueskySettings,
    make=Bluesky,
    quotas=(Quota(1_666, timedelta(hours=1)), Quota(11_666, timedelta(days=1))),  # 3 points of 5,000 and 35,000
    needs=(
        "An account on Bluesky or another personal data server.",
        "An app password (Settings, Privacy and security, App passwords), never the account's own password.",
    ),
    example="""\
news_bluesky:
  network: bluesky
  identifier: news.bsky.social
  password_file: ~/.config/syndicate/bluesky.password
""",
)
