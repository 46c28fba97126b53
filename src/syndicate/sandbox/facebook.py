"""A fake Facebook page: no idempotency keys, and posts that the page can read, change and take away.

Written from Meta "Pages API, Posts", "Page Feed", "Page Photos", "Sharing Debugger" (scrape). Read 2026-11.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from syndicate.sandbox.board import Board, File, Message
from syndicate.sandbox.graph import (
    Fields,
    admitted,
    error,
    is_address,
    limited,
    moment,
    number_of,
    refused,
    trouble,
    unknown,
)
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.pictures import Picture, look_at
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, Upload, as_json, whole

BASE = "/facebook/{version:v[0-9]+\\.[0-9]}"
# Known from clients alone. "Page Photos": 4 MB; `alt_text_custom`. Read 2026-11.
LONGEST_MESSAGE = 63_206
LARGEST_BYTES, LIMIT_PX = 4_000_000, 100_000_000
DEFAULT_LISTED, MOST_LISTED = 25, 100
_URL = re.compile(r"https?://[^\s<>\"]+")
# Mentions of pages and people in the text of a post, as the API takes them.
_CALL = re.compile(r"@\[(\d+)(?::[^\]]*)?\]")


@dataclass(frozen=True, slots=True)
class _Photo:
    """An upload and the page it belongs to."""

    page: str
    file: File


class Facebook:
    """The fake network; each page is an account, and a page's token names it."""

    name = "facebook"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.board = Board(self.name, ground)
        self._photos: dict[str, _Photo] = {}

    def routes(self) -> Sequence[Route]:
        """The Graph API as a page needs it."""
        return (
            Route("GET", BASE + "/me", RouteKind.SESSION, admitted(self._who)),
            Route("POST", BASE + "/", RouteKind.READ, admitted(self._scrape)),
            Route("POST", BASE + "/{page:[0-9]+}/photos", RouteKind.MEDIA, admitted(self._upload)),
            Route("POST", BASE + "/{page:[0-9]+}/feed", RouteKind.POST, admitted(self._create)),
            Route("GET", BASE + "/{page:[0-9]+}/published_posts", RouteKind.READ, admitted(self._list)),
            Route("POST", BASE + "/{id:[0-9]+_[0-9]+}", RouteKind.EDIT, admitted(self._edit)),
            Route("DELETE", BASE + "/{id:[0-9]+_[0-9]+}", RouteKind.DELETE, admitted(self._delete)),
        )

    def trouble(self, status: int) -> Answer:
        """An error in the shape of the Graph API."""
        return trouble(status)

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Throttled, with the wait in minutes."""
        return limited("page", wait_s)

    def reset(self) -> None:
        """Forget every post and upload."""
        self.board.reset()
        self._photos.clear()

    async def _who(self, _call: Call, _fields: Fields, account: str) -> Answer:
        return as_json({"id": number_of(account), "name": account})

    async def _scrape(self, _call: Call, fields: Fields, _account: str) -> Answer:
        if not is_address(fields.get("id")) or fields.get("scrape") != "true":
            raise refused(100, "id and scrape=true are needed")
        return as_json({"id": fields["id"], "url": fields["id"], "type": "website"})

    async def _upload(self, call: Call, fields: Fields, account: str) -> Answer:
        page = _page(call, account)
        source = fields.get("source")
        if not isinstance(source, Upload):
            raise refused(324, "Missing or invalid image file")
        picture = await asyncio.to_thread(look_at, source.body, limit_px=LIMIT_PX)
        if not isinstance(picture, Picture) or len(source.body) > LARGEST_BYTES:
            told = "Photos should be smaller than 4 MB and saved as JPG, PNG, GIF, TIFF, HEIF or WebP files"
            raise refused(100, told, subcode=1_366_046)
        digest = await self._ground.attic.keep(source.body)
        photo_id = str(self.board.number(10**14))
        alt = fields.get("alt_text_custom")
        file = File(photo_id, source.filename, digest, len(source.body), picture, None if alt is None else str(alt))
        self._photos[photo_id] = _Photo(page, file)
        await self.board.keep(page, file, call)
        return as_json({"id": photo_id})

    async def _create(self, call: Call, fields: Fields, account: str) -> Answer:
        page = _page(call, account)
        message, link = str(fields.get("message", "")), fields.get("link")
        files = self._attached(fields.get("attached_media"), page)
        if link is not None and not is_address(link):
            raise refused(100, "link URL is not properly formatted", subcode=1_609_005)
        if link is not None and files:
            raise refused(100, "link and attached_media cannot be given together")
        if not message.strip() and link is None and not files:
            raise refused(100, "one of message, link, attached_media is needed")
        if len(message.encode("utf-16-le", "surrogatepass")) // 2 > LONGEST_MESSAGE:
            raise refused(100, "message is too long")
        if fields.get("published", "true") not in {"true", "false"}:
            raise refused(100, "published: must be a boolean")
        number = self.board.number(10**15)
        post_id = f"{page}_{number}"
        found = _URL.search(message)
        post = self.board.message(
            page,
            post_id,
            message,
            str(link) if link is not None else found[0] if found else None,
            url=f"{self._ground.base_url}/facebook/{page}/posts/{number}",
            files=files,
            value={name: value for name, value in fields.items() if name != "appsecret_proof"},
            called=tuple(_CALL.findall(message)),
        )
        await self.board.put(post, call)
        return as_json({"id": post_id})

    def _attached(self, told: object, page: str) -> tuple[File, ...]:
        if told is None:
            return ()
        try:
            rows = json.loads(str(told))
            ids = [row["media_fbid"] for row in rows]
        except (ValueError, TypeError, KeyError) as cause:
            raise refused(100, "attached_media: must be an array of objects with media_fbid") from cause
        found = [photo for one in ids if (photo := self._photos.get(str(one))) is not None and photo.page == page]
        if len(found) != len(ids) or not ids:
            raise refused(100, "attached_media: the photo does not exist")
        return tuple(photo.file for photo in found)

    async def _list(self, call: Call, fields: Fields, account: str) -> Answer:
        page = _page(call, account)
        limit, since = whole(fields.get("limit", DEFAULT_LISTED)), whole(fields.get("since", 0))
        if limit is None or not 1 <= limit <= MOST_LISTED:
            raise refused(100, f"limit: must be from 1 to {MOST_LISTED}")
        if since is None:
            raise refused(100, "since: is no timestamp")
        start = whole(fields.get("after")) or 0
        found = [one for one in self.board.listed(page, call) if one.at.timestamp() >= since]
        shown = found[start : start + limit]
        cursors = {"before": str(start), "after": str(start + len(shown))}
        paging = {"paging": {"cursors": cursors}} if shown else {}
        asked = re.sub(r"\{[^}]*\}", "", str(fields.get("fields", ""))).split(",")
        return as_json({"data": [_shown(one, asked) for one in shown], **paging})

    async def _edit(self, call: Call, fields: Fields, account: str) -> Answer:
        post = self._own(call, account)
        message = str(fields.get("message", ""))
        if not message.strip():
            raise refused(100, "message is needed")
        link = post.value.get("link") or next(iter(_URL.findall(message)), None)
        called = tuple(_CALL.findall(message))
        value = post.value | {"message": message}
        await self.board.edit(replace(post, text=message, link=link, value=value, called=called), call)
        return as_json({"success": True})

    async def _delete(self, call: Call, _fields: Fields, account: str) -> Answer:
        await self.board.delete(self._own(call, account), call)
        return as_json({"success": True})

    def _own(self, call: Call, account: str) -> Message:
        post = self.board.find(number_of(account), call.path_values["id"])
        if post is None:
            raise unknown(call.path_values["id"])
        return post


def _page(call: Call, account: str) -> str:
    page = call.path_values["page"]
    if page != number_of(account):
        raise Refusal(error(403, 200, "The token is not one of the page"))
    return page


def _shown(post: Message, fields: Sequence[str]) -> dict[str, Any]:
    link = post.value.get("link")
    known = {
        "message": post.text,
        "created_time": moment(post.at),
        "permalink_url": post.url,
        "attachments": {"data": [{"unshimmed_url": link}]} if link else None,
    }
    return {"id": post.id} | {name: known[name] for name in fields if known.get(name)}
