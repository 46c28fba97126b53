"""Mastodon, and servers that speak its API.

Source: Mastodon documentation "statuses", "media", "instance", "Rate limits", "API errors". Read 2026-11.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Literal, Self
from urllib.parse import quote

import aiohttp
from msgspec.structs import replace
from pydantic import Field, SecretStr, model_validator

from syndicate.channels.accounts import keep_account
from syndicate.channels.addresses import ServiceURL, host_of
from syndicate.channels.http import Answer, check_access, json_bytes, verdict
from syndicate.channels.limits import used_up_until
from syndicate.channels.marks import Mark, shown_by
from syndicate.channels.mastodon_answers import Account, Created, Frozen, Identified, Shown
from syndicate.channels.mastodon_server import (
    KEY_WINDOW,
    Dialect,
    Instance,
    NodeInfo,
    NodeInfoLinks,
    Server,
    dialect_of,
    server_of,
)
from syndicate.channels.mastodon_signin import access_for, rights_in, sign_in
from syndicate.channels.mastodon_statuses import Listing
from syndicate.channels.networks import Network, SignIn, Tools
from syndicate.channels.secrets import ChannelSettings, SecretFile, either
from syndicate.durations import Duration
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient
from syndicate.items.item import SUFFIXES
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel, OwnPost, Quota, Rights, Standing
from syndicate.posts.post import ImageRules, Measure, Picture, Post, Room, Shape, Wants

UPLOAD_TIME = timedelta(seconds=60)
PROCESSING_TIME = timedelta(seconds=60)
POLL_EVERY = timedelta(seconds=1)

PAGE = 40
"""Most statuses a page gives (documentation, "Get account's statuses")."""
LIMIT_PAGES = 50
"""2,000 statuses: no account may post more than 300 in 3 h (documentation, "Rate limits")."""
MOST_PAGES = 2_500
"""100,000 statuses: an account's whole past, for those that adopt it."""

# What "Edit a status" does not take (Mastodon documentation "statuses"). Read 2026-11.
_FIXED = {"visibility", "in_reply_to_id"}
_KEPT_ALT = "kept_alt"
"""In a frozen edit: the alt text for the picture that stands there, as none could be uploaded; never sent."""
_RESET = "X-RateLimit-Reset"
_REMAINING = "X-RateLimit-Remaining"
_REMEDY = "make a token with the scopes profile, read:statuses, write:statuses and write:media, and set it as `token`"


class MastodonSettings(ChannelSettings):
    """An account on a server with the Mastodon API.

    `attach` image uploads the picture with its alt text; card attaches nothing, so that the server makes a card of the
    link. `language` overrides the item's. `sign_in`: the token is had by `syndicate auth`. `settle` is how long to wait
    before an unclear post is looked up.
    """

    instance: ServiceURL
    token: SecretStr | None = None
    token_file: SecretFile | None = None
    sign_in: bool = False
    visibility: Literal["public", "unlisted", "private", "direct"] = "public"
    language: str | None = Field(default=None, pattern=r"^[A-Za-z]{2,3}$")
    attach: Literal["image", "card"] = "image"
    settle: Duration = timedelta(seconds=90)

    @model_validator(mode="after")
    def _has_token(self) -> Self:
        if not self.sign_in or self.given_token is not None:
            either("token", self.token, self.token_file)
        return self

    @property
    def given_token(self) -> str | None:
        """The access token of the settings."""
        token = self.token or self.token_file
        return None if token is None else token.get_secret_value()


class Mastodon(Channel):
    """One account on one server."""

    network = "mastodon"
    is_rehearsal = False

    def __init__(self, name: str, settings: MastodonSettings, tools: Tools) -> None:
        self.name = name
        self.account = host_of(settings.instance)
        self._settings = settings
        self._tools = tools
        self._access = access_for(name, settings, tools)
        self._server = Server()
        self._me: Account | None = None

    @property
    def wants(self) -> Wants:
        """Text with the link in it, and a picture unless the server shall make a card."""
        server = self._server
        rules = ImageRules(
            shape=Shape.PHOTO,
            limit_bytes=server.image_bytes,
            media_types=server.media_types,
            limit_pixels=server.image_pixels,
            limit_alt=server.alt,
        )
        needs_image = server.dialect.needs_image
        return Wants(
            room=Room(server.characters, Measure.GRAPHEMES, url_length=server.url_length),
            image=rules if needs_image or self._settings.attach == "image" else None,
            needs_image=needs_image,
            reads_page=True,
        )

    @property
    def guarantee(self) -> Guarantee:
        """Own posts can be read; keys are trusted only where the server is known to honour them."""
        window = KEY_WINDOW if self._server.dialect.honours_keys else None
        return Guarantee(key_window=window, evidence=Evidence.READS_OWN, settle=self._settings.settle)

    @property
    def abilities(self) -> frozenset[Action]:
        """Statuses can be edited, deleted and answered."""
        return frozenset(Action)

    async def open(self) -> None:
        """Read who we are and what the server allows."""
        answer = await self._get("/api/v2/instance")
        if answer.status == 404:  # before Mastodon 4.0, and some others
            answer = await self._get("/api/v1/instance")
        remedy = "check that `instance` is the address of a server with the Mastodon API"
        instance = check_access(answer, self._now(), remedy=remedy).read(Instance)
        self._server = server_of(instance, dialect_of(instance) or await self._software())
        me = await self._who_am_i()
        await keep_account(self._tools.tokens, self.name, me.id, self.account)
        self._me = me

    @property
    def place(self) -> str | None:
        """The account on its server; before it is known, what has the same token has the same account."""
        if self._me is not None:
            return f"mastodon/{self.account}/{self._me.id}"
        token = self._settings.given_token
        return None if token is None else f"mastodon/{self.account}#{hashlib.sha256(token.encode()).hexdigest()[:8]}"

    @property
    def limit_scope(self) -> str:
        """Limits are an account's, and `account` is the server alone."""
        return f"{self.account}/{self._me.id}" if self._me else self.account

    async def standing(self) -> Standing:
        """Who is signed in."""
        standing = await self._access.standing()
        return replace(standing, who=self._me.at(self.account) or standing.who) if self._me else standing

    async def rights(self) -> Rights:
        """What the token's app may ask for: the token may do no more."""
        return rights_in(self._checked(await self._get("/api/v1/apps/verify_credentials")))

    async def upload(self, picture: Picture) -> str:
        """Upload with the alt text and wait until the server has processed it; gives the media id.

        Raises:
            Rejected: none is wanted.
        """
        if self._settings.attach == "card":
            raise Rejected(f"{self.account}: a card of the page is shown, no picture")
        form = aiohttp.FormData(default_to_multipart=True)
        name = f"image.{SUFFIXES.get(picture.media_type, 'bin')}"
        form.add_field("file", picture.content, filename=name, content_type=picture.media_type)
        if picture.alt:
            form.add_field("description", picture.alt)
        answer = await self._tools.web.call(
            "POST",
            f"{self._settings.instance}/api/v2/media",
            headers=await self._authorization(),
            body=form,
            is_repeatable=True,
            within=UPLOAD_TIME,
        )
        media_id = self._checked(answer).read(Identified).id
        if answer.status == 202:
            await self._processed(media_id)
        return media_id

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """The delivery's name, with a number when the post is made anew."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The JSON body of the status."""
        status: dict[str, object] = {"status": post.text, "visibility": self._settings.visibility}
        language = (self._settings.language or post.language).partition("-")[0].lower()
        if re.fullmatch(r"[a-z]{2,3}", language):  # ISO 639
            status["language"] = language
        if (content_type := self._server.dialect.content_type) is not None:
            status["content_type"] = content_type
        if media is not None:
            status["media_ids"] = [media]
        if post.reply_to is not None:
            status["in_reply_to_id"] = post.reply_to
        if post.keeps_picture and post.card.image is not None:
            status[_KEPT_ALT] = post.card.image.alt
        return json_bytes(status)

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Post, under our key where that is worth something."""
        headers = {**await self._authorization(), "Content-Type": "application/json"}
        if self._server.dialect.honours_keys:
            headers["Idempotency-Key"] = self._server.dialect.key_for(key, payload)
        answer = await self._tools.web.call(
            "POST",
            f"{self._settings.instance}/api/v1/statuses",
            headers=headers,
            body=payload,
        )
        try:
            status = await self._created(answer, payload)
        except NetworkError as error:
            error.spends_key = self._server.dialect.repeats_answers
            raise
        now = self._now()
        last = used_up_until(answer, now, remaining_header=_REMAINING, reset_header=_RESET)
        return Receipt(status.id, status.url, now, rests_until=last)

    async def edit(self, receipt: Receipt, payload: bytes) -> Receipt:
        """Edit the status; visibility and what it answers stay, and so does its picture if no new one could be had."""
        status = {name: value for name, value in json.loads(payload).items() if name not in _FIXED}
        if (alt := status.pop(_KEPT_ALT, None)) is not None:
            there = self._checked(await self._get(_path_of(receipt))).read(Shown)
            status["media_ids"] = [medium.id for medium in there.media_attachments]
            described = {"description": alt} if alt and len(alt) <= self._server.alt else {}
            status["media_attributes"] = [{"id": media_id, **described} for media_id in status["media_ids"]]
        answer = await self._change("PUT", receipt, json_bytes(status))
        edited = await self._created(answer, payload)
        return Receipt(edited.id, edited.url, self._now())

    async def delete(self, receipt: Receipt) -> None:
        """Delete the status."""
        answer = await self._change("DELETE", receipt)
        if answer.status not in {404, 410}:  # it is gone already
            self._checked(answer)

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Look through our own statuses, newest first, for one with our link (or our exact text if it has none)."""
        frozen = Frozen.model_validate_json(payload)
        mark = Mark.of(frozen.status)
        is_reply = frozen.in_reply_to_id is not None
        async for status in (await self._listing()).since(since, most_pages=LIMIT_PAGES, has_replies=is_reply):
            if frozen.in_reply_to_id not in {None, status.in_reply_to_id}:
                continue  # a correction has the link of the post that it corrects
            if mark.is_on(status.content, status.card_links):
                return Receipt(status.id, status.url, self._now())
        return None

    @property
    def is_listable(self) -> bool:
        """Own statuses are listed, newest first."""
        return True

    async def recent(self, since: datetime) -> AsyncIterator[OwnPost]:
        """Our own statuses since then, without replies and reblogs, newest first."""
        async for status in (await self._listing()).since(since, most_pages=MOST_PAGES):
            words, links = shown_by(status.content, status.card_links)
            yield OwnPost(words, links, Receipt(status.id, status.url, status.created_at))

    async def _listing(self) -> Listing:
        async def get(path: str) -> Answer:
            return self._checked(await self._get(path))

        return Listing(get, (self._me or await self._who_am_i()).id, self.account)

    async def close(self) -> None:
        """Nothing is held: connections belong to the web."""

    async def _who_am_i(self) -> Account:
        answer = await self._get("/api/v1/accounts/verify_credentials")
        return check_access(answer, self._now(), remedy=_REMEDY, reset_header=_RESET).read(Account)

    async def _software(self) -> Dialect:
        """The software by NodeInfo; OTHER if the server does not tell."""
        try:
            known = self._checked(await self._get("/.well-known/nodeinfo")).read(NodeInfoLinks)
            address = known.newest(host_of(self._settings.instance))
            if address is None:
                return Dialect.OTHER
            answer = await self._tools.web.call("GET", address, is_repeatable=True)
            return self._checked(answer).read(NodeInfo).dialect
        except RateLimited:
            raise
        except NetworkError:  # OTHER is the careful answer
            return Dialect.OTHER

    async def _processed(self, media_id: str) -> None:
        """Wait for a picture that was answered with 202.

        Raises:
            Transient: it takes too long; another upload may fare better.
        """
        for _ in range(int(PROCESSING_TIME / POLL_EVERY)):
            await self._tools.sleep(POLL_EVERY.total_seconds())
            answer = self._checked(await self._get(f"/api/v1/media/{media_id}"))
            if answer.status != 206:
                return
        raise Transient(f"{answer.place}: the image is still being processed after {PROCESSING_TIME}")

    async def _created(self, answer: Answer, payload: bytes) -> Created:
        try:
            return self._checked(answer).read(Created)
        except Rejected as refusal:
            await self._examine(refusal, payload)
            raise

    async def _examine(self, refusal: Rejected, payload: bytes) -> None:
        """Find out whether a refusal is about the picture: errors carry no code, but the picture can be asked for.

        Raises:
            Rejected: the picture is gone, so that a new upload may help.
            Transient: the picture is still being processed, or could not be asked for; the post is not made.
        """
        for media_id in Frozen.model_validate_json(payload).media_ids:
            try:
                answer = await self._get(f"/api/v1/media/{media_id}")
            except NetworkError as cause:
                raise Transient(f"{refusal}; whether the image is at fault could not be read: {cause}") from cause
            if answer.status == 206:
                raise Transient(f"{refusal}; the image is still being processed") from refusal
            if answer.status in {404, 410, 422}:  # 422: its processing failed
                raise Rejected(str(refusal), is_stale_media=True) from refusal
            if not answer.is_success:
                raise Transient(f"{refusal}; whether the image is at fault could not be read: {answer.status}")

    async def _change(self, method: str, receipt: Receipt, body: bytes | None = None) -> Answer:
        """Set what becomes of a status. It may be done again, but a late first call must be over by then."""
        kind = {} if body is None else {"Content-Type": "application/json"}
        url = f"{self._settings.instance}{_path_of(receipt)}"
        return await self._tools.web.call(method, url, headers={**await self._authorization(), **kind}, body=body)

    async def _get(self, path: str) -> Answer:
        url = f"{self._settings.instance}{path}"
        return await self._tools.web.call("GET", url, headers=await self._authorization(), is_repeatable=True)

    async def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {await self._access.token()}"}

    def _checked(self, answer: Answer) -> Answer:
        return verdict(answer, self._now(), reset_header=_RESET, remedy=_REMEDY)

    def _now(self) -> datetime:
        return self._tools.clock()


def _path_of(receipt: Receipt) -> str:
    return f"/api/v1/statuses/{quote(receipt.remote_id, safe='')}"


NETWORK = Network(
    name="mastodon",
    title="Mastodon and servers with its API",
    settings=MastodonSettings,
    make=Mastodon,
    private={"visibility": "direct"},
    sign_in=SignIn(sign_in, access_for),
    quotas=(Quota(300, timedelta(hours=3)), Quota(30, timedelta(minutes=30), "with pictures")),
    needs=(
        "An account on a server with Mastodon's API; mark it as a bot in its profile.",
        "An access token with the scopes `write:statuses`, `write:media`, `read:statuses` and `profile` "
        "(Preferences, Development, New application).",
    ),
    example="""\
news_mastodon:
  network: mastodon
  instance: https://mastodon.social
  token_file: ~/.config/syndicate/mastodon.token
""",
)
