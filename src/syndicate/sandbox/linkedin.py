"""A fake LinkedIn: no idempotency keys, members cannot read their posts, but equal words are refused with the URN.

Written from Microsoft Learn, "Posts API", "Images API", "Article Post API", "little Text Format", "Error handling", and
from what others saw of the 422 (Composio issue 2710, Linkedin-RSS issue 5: also after a delete). Read 2026-11.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.board import Board, File, Message, account_in
from syndicate.sandbox.grants import Grants
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.limits import Quota
from syndicate.sandbox.linkedin_post import URN, called_in, checked, image_ids, invalid, link_in, refused, said, trouble
from syndicate.sandbox.pictures import Picture, look_at
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, as_json, json_object, whole

# Microsoft Learn "Share on LinkedIn": requests of one member a day, UTC. Read 2026-11.
MEMBER = Quota("member", 150, 24 * 3600)
# Microsoft Learn "Versioning": versions live for about a year. Read 2026-11.
OLDEST_VERSION = "202511"
# Microsoft Learn "Images API": JPG, GIF, PNG below this. Read 2026-11.
LIMIT_PX = 36_152_320
PATCHABLE = {"commentary", "contentCallToActionLabel", "contentLandingPage", "lifecycleState", "adContext"}

Method = Callable[[Call, str], Awaitable[Answer]]


class LinkedIn:
    """The fake network; a member or an organization is an account."""

    name = "linkedin"

    def __init__(self, ground: Ground, grants: Grants) -> None:
        self._ground = ground
        self._grants = grants
        self.board = Board(self.name, ground)
        self._said: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._images: dict[str, File | None] = {}
        self._posting = asyncio.Lock()

    def routes(self) -> Sequence[Route]:
        """The versioned API a publisher needs, and who a member is."""
        return (
            Route("POST", "/rest/posts", RouteKind.POST, self._admitted(self._create)),
            Route("GET", "/rest/posts", RouteKind.READ, self._admitted(self._list)),
            Route("GET", "/rest/posts/{urn}", RouteKind.READ, self._admitted(self._show)),
            Route("POST", "/rest/posts/{urn}", RouteKind.EDIT, self._admitted(self._edit)),
            Route("DELETE", "/rest/posts/{urn}", RouteKind.DELETE, self._admitted(self._delete)),
            Route("POST", "/rest/images", RouteKind.MEDIA, self._admitted(self._ask_upload)),
            Route("GET", "/rest/images/{urn}", RouteKind.READ, self._admitted(self._show_image)),
            Route("PUT", "/linkedin/upload/{id}", RouteKind.MEDIA, self._upload),
            Route("GET", "/v2/userinfo", RouteKind.SESSION, self._who),
            Route("GET", "/rest/organizationAcls", RouteKind.SESSION, self._admitted(self._roles)),
        )

    def trouble(self, status: int) -> Answer:
        """An error in LinkedIn's shape."""
        return trouble(status)

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Too many requests: no way of its own tells until when."""
        sentence = "Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource is reached."
        return as_json({"status": 429, "code": "TOO_MANY_REQUESTS", "serviceErrorCode": 101, "message": sentence}, 429)

    def reset(self) -> None:
        """Forget every post, upload and the words said."""
        self.board.reset()
        self._said.clear()
        self._images.clear()

    def _admitted(self, method: Method) -> Callable[[Call], Awaitable[Answer]]:
        async def answer(call: Call) -> Answer:
            member = self._member(call)
            version = call.headers.get("linkedin-version", "")
            if not version:
                sentence = "A version must be present. Please specify a version by adding the LinkedIn-Version header."
                raise refused(400, "VERSION_MISSING", sentence)
            if not re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", version) or version < OLDEST_VERSION:
                raise refused(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active")
            if call.headers.get("x-restli-protocol-version", "2.0.0") != "2.0.0":
                raise refused(400, "INVALID_RESTLI_PROTOCOL", "Unsupported X-Restli-Protocol-Version")
            if self.board.spend(member, MEMBER).is_over:
                raise Refusal(self.limited(self._ground.clock.now(), 0))
            return await method(call, member)

        return answer

    def _member(self, call: Call) -> str:
        token = call.bearer
        if token is None:
            raise refused(401, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token", service_code=65604)
        member = account_in(token, TOKEN_PREFIX) or self._grants.owner_of(token)
        if member is None:
            raise refused(401, "INVALID_ACCESS_TOKEN", "Invalid access token", service_code=65600)
        return member

    def _author(self, urn: object, member: str, path: str) -> str:
        """The account of an author: the member itself, or any organization."""
        if not isinstance(urn, str) or not URN.fullmatch(urn):
            raise invalid(path, "INVALID_URN", f"{urn} is no URN of a person or an organization")
        account = urn.removeprefix("urn:li:")
        if account.startswith("person:") and account != f"person:{member}":
            sentence = f"Field Value validation failed in REQUEST_BODY: {path}"
            raise refused(403, "ACCESS_DENIED", sentence, service_code=100)
        return account

    async def _create(self, call: Call, member: str) -> Answer:
        post = checked(_object(call))
        account = self._author(post["author"], member, "/author")
        files = tuple(self._shown(urn, alt) for urn, alt in image_ids(post))
        async with self._posting:
            self._refuse_repeat(account, post["commentary"])
            now = self._ground.clock.wall()
            urn = f"urn:li:share:{7_000_000_000_000_000_000 + self.board.number(int(now.timestamp() * 1000) << 20)}"
            text, link = said(post["commentary"]), link_in(post)
            url = f"{self._ground.base_url}/feed/update/{urn}"
            message = self.board.message(account, urn, text, link, url=url, files=files, value=post)
            message = replace(message, called=called_in(post["commentary"]))
            await self.board.put(message, call)
            self._said[account, post["commentary"]] = (urn, self._ground.clock.now())
        return Answer(201, b"", {"x-restli-id": urn, "x-linkedin-id": urn})

    def _refuse_repeat(self, account: str, commentary: str) -> None:
        """The words count, whatever the post carries, even if the first post was deleted since."""
        urn, since = self._said.get((account, commentary), ("", None))
        window = timedelta(seconds=self._ground.rules.duplicate_window_s)
        if since is None or self._ground.clock.now() - since >= window:
            return
        error = {"description": "Duplicate post is detected", "input": {}, "code": "DUPLICATE_POST"}
        sentence = f"com.linkedin.content.common.exception.BadRequestResponseException: Content is a duplicate of {urn}"
        kind = "com.linkedin.common.error.BadRequest"
        details = {"errorDetailType": kind, "message": sentence, "errorDetails": {"inputErrors": [error]}}
        raise Refusal(as_json(details | {"status": 422}, 422))

    async def _list(self, call: Call, member: str) -> Answer:
        if call.asked("q") != "author":
            raise refused(400, "ILLEGAL_ARGUMENT", "Parameter 'q' must be author")
        account = self._readable(call.asked("author"), member)
        count, start = whole(call.asked("count", "10")), whole(call.asked("start")) or 0
        if count is None or not 1 <= count <= 100:
            raise refused(400, "ILLEGAL_ARGUMENT", "Parameter 'count' must be between 1 and 100")
        found = self.board.listed(account, call)[start : start + count]
        paging = {"start": start, "count": count, "links": []}
        return as_json({"paging": paging, "elements": [_shown(message) for message in found]})

    async def _show(self, call: Call, member: str) -> Answer:
        message = self._found(call, member)
        self._readable(f"urn:li:{message.account}", member)
        return as_json(_shown(message))

    async def _edit(self, call: Call, member: str) -> Answer:
        if call.headers.get("x-restli-method", "").upper() != "PARTIAL_UPDATE":
            raise refused(400, "ILLEGAL_ARGUMENT", "X-RestLi-Method must be PARTIAL_UPDATE")
        message = self._found(call, member)
        changes = _object(call).get("patch", {})
        changes = changes.get("$set") if isinstance(changes, dict) else None
        if not isinstance(changes, dict) or not changes:
            raise invalid("/patch", "MISSING_FIELD", "/patch/$set :: field is required but not found")
        if fixed := sorted(set(changes) - PATCHABLE):
            raise invalid(f"/patch/$set/{fixed[0]}", "UNPATCHABLE_FIELD", f"{fixed[0]} cannot be changed")
        value = checked(message.value | changes)
        await self.board.edit(replace(message, text=said(value["commentary"]), link=link_in(value), value=value), call)
        return Answer(204, b"")

    async def _delete(self, call: Call, member: str) -> Answer:
        urn = unquote(call.path_values["urn"])
        accounts = (f"person:{member}", *self.board.timelines())
        message = next((found for one in accounts if (found := self.board.find(one, urn))), None)
        if message is not None:
            self._author(f"urn:li:{message.account}", member, "/author")
            await self.board.delete(message, call)
        return Answer(204, b"")

    async def _ask_upload(self, call: Call, member: str) -> Answer:
        if call.asked("action") != "initializeUpload":
            raise refused(400, "ILLEGAL_ARGUMENT", "Parameter 'action' must be initializeUpload")
        request = _object(call).get("initializeUploadRequest")
        owner = request.get("owner") if isinstance(request, dict) else None
        if owner is None:
            raise invalid("/initializeUploadRequest/owner", "MISSING_FIELD", "field is required but not found")
        self._author(owner, member, "/initializeUploadRequest/owner")
        image_id = f"C4E10AQ{len(self._images) + 1:08}"
        self._images[f"urn:li:image:{image_id}"] = None
        expires = int((self._ground.clock.now() + timedelta(days=1)).timestamp() * 1000)
        url = f"{self._ground.base_url}/linkedin/upload/{image_id}"
        value = {"uploadUrlExpiresAt": expires, "uploadUrl": url, "image": f"urn:li:image:{image_id}"}
        return as_json({"value": value})

    async def _upload(self, call: Call) -> Answer:
        urn = f"urn:li:image:{call.path_values['id']}"
        if urn not in self._images:
            raise refused(404, "NOT_FOUND", "Upload not found")
        picture = await asyncio.to_thread(look_at, call.body, limit_px=LIMIT_PX)
        if not isinstance(picture, Picture) or picture.type == "image/webp":
            raise refused(400, "MEDIA_ASSET_PROCESSING_FAILED", "Media processing failed")
        digest = await self._ground.attic.keep(call.body)
        self._images[urn] = File(urn, urn, digest, len(call.body), picture)
        return Answer(201, b"")

    async def _show_image(self, call: Call, member: str) -> Answer:
        urn = unquote(call.path_values["urn"])
        if urn not in self._images:
            raise refused(404, "NOT_FOUND", f"Image {urn} not found")
        status = "WAITING_UPLOAD" if self._images[urn] is None else "AVAILABLE"
        return as_json({"id": urn, "owner": f"urn:li:person:{member}", "status": status})

    async def _who(self, call: Call) -> Answer:
        member = self._member(call)
        return as_json({"sub": member, "name": member, "given_name": member, "locale": "en_US"})

    async def _roles(self, _call: Call, _member: str) -> Answer:
        """Every member may post for every page, but to ask that is another scope, which the tokens here do not have."""
        raise refused(403, "ACCESS_DENIED", "Not enough permissions to access: organizationAcls", service_code=100)

    def _shown(self, urn: str, alt: str | None) -> File:
        file = self._images.get(urn)
        if file is None:
            raise invalid("/content", "INVALID_CONTENT_OWNERSHIP", f"{urn} is not available")
        return replace(file, alt=alt)

    def _readable(self, author: str, member: str) -> str:
        """The account, if its posts may be read: r_member_social is not given to everyone, so members' may not."""
        account = self._author(author, member, "/author")
        if not account.startswith("organization:"):
            sentence = "Not enough permissions to access: partnerApiPostsExternal.FINDER-author.20251101"
            raise refused(403, "ACCESS_DENIED", sentence, service_code=100)
        return account

    def _found(self, call: Call, member: str) -> Message:
        urn = unquote(call.path_values["urn"])
        for account in self.board.timelines():
            if (message := self.board.find(account, urn)) is not None:
                self._author(f"urn:li:{account}", member, "/author")
                return message
        raise refused(404, "NOT_FOUND", f"Post {urn} not found")


def _object(call: Call) -> dict[str, Any]:
    try:
        return json_object(call.body)
    except ValueError as cause:
        raise refused(400, "INVALID_JSON", "Unable to parse the request body") from cause


def _shown(message: Message) -> dict[str, Any]:
    ms = int(message.at.timestamp() * 1000)
    changed = ms if message.edited_at is None else int(message.edited_at.timestamp() * 1000)
    times = {"createdAt": ms, "publishedAt": ms, "lastModifiedAt": changed}
    return {"id": message.id, **times, **message.value, "lifecycleState": "PUBLISHED"}
