"""A fake X: no idempotency keys, own posts can be read, and words that were just said are refused without naming them.

Written from X's OpenAPI description 2.159 (createPosts, deletePosts, getUsersPosts, getUsersMe, mediaUpload,
createMediaMetadata, Problem) and its documentation "Rate limits". That equal words are refused with 403, and longer
ones too, is known from clients alone. Read 2026-11.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.board import Board, File, Message, account_in
from syndicate.sandbox.clock import stamp
from syndicate.sandbox.grants import Grants
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.limits import Quota, Standing
from syndicate.sandbox.pictures import Picture, look_at
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, Upload, as_json, form_of, json_object, whole
from syndicate.sandbox.x_text import LIMIT, called_in, cashtags_in, links_in, shown, weight_of

PROBLEMS = "https://api.twitter.com/2/problems/"
# Documentation "Rate limits": posts of a user; "Media best practices". Read 2026-11.
POSTING = Quota("tweets", 100, 15 * 60)
LARGEST_BYTES, LONGEST_ALT, MOST_MEDIA = 5_000_000, 1_000, 4
MEDIA_TYPES = {"image/jpeg", "image/png", "image/webp", "image/gif"}
# Schema TweetCreateRequest, additionalProperties: false. Read 2026-11.
KNOWN = {
    *("card_uri", "community_id", "direct_message_deep_link", "edit_options", "for_super_followers_only", "geo"),
    *("media", "nullcast", "poll", "quote_tweet_id", "reply", "reply_settings", "share_with_followers", "text"),
}
TITLES = {
    401: "Unauthorized",
    402: "CreditsDepleted",
    403: "Forbidden",
    404: "Not Found Error",
    429: "Too Many Requests",
    503: "Service Unavailable",
}
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."

Method = Callable[[Call, str], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class _Media:
    """An upload; `polls`: how often it is still said to be processed."""

    owner: str
    file: File
    polls: int = 0


class X:
    """The fake network; each user is an account."""

    name = "x"

    def __init__(self, ground: Ground, grants: Grants) -> None:
        self._ground = ground
        self._grants = grants
        self.board = Board(self.name, ground)
        self._media: dict[str, _Media] = {}
        self._posting = asyncio.Lock()

    def routes(self) -> Sequence[Route]:
        """The API a publisher needs."""
        return (
            Route("POST", "/2/tweets", RouteKind.POST, self._admitted(self._create)),
            Route("DELETE", "/2/tweets/{id}", RouteKind.DELETE, self._admitted(self._delete)),
            Route("GET", "/2/users/me", RouteKind.SESSION, self._admitted(self._who)),
            Route("GET", "/2/users/{id}/tweets", RouteKind.READ, self._admitted(self._list)),
            Route("POST", "/2/media/upload", RouteKind.MEDIA, self._admitted(self._upload)),
            Route("GET", "/2/media/upload", RouteKind.MEDIA, self._admitted(self._processed)),
            Route("POST", "/2/media/metadata", RouteKind.MEDIA, self._admitted(self._describe)),
        )

    def trouble(self, status: int) -> Answer:
        """An error in X's shape."""
        return problem(status, TITLES.get(status, "Internal Server Error"))

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Too many requests: the end stands in a header as an epoch."""
        return self.trouble(429).with_headers({"x-rate-limit-reset": str(int(until.timestamp()))})

    def reset(self) -> None:
        """Forget every post and upload."""
        self.board.reset()
        self._media.clear()

    def _admitted(self, method: Method) -> Callable[[Call], Awaitable[Answer]]:
        async def answer(call: Call) -> Answer:
            user = account_in(call.bearer or "", TOKEN_PREFIX) or self._grants.owner_of(call.bearer or "")
            if user is None:
                raise Refusal(self.trouble(401))
            return await method(call, user)

        return answer

    async def _create(self, call: Call, user: str) -> Answer:
        value = _object(call)
        if unknown := sorted(set(value) - KNOWN):
            raise invalid(f"$.{unknown[0]}: is not defined in the schema and the schema does not allow additional")
        text = value.get("text", "")
        if not isinstance(text, str):
            raise invalid("$.text: is no string")
        files = self._attached(value.get("media"), user)
        if not text.strip() and not files:
            raise invalid("$.text: a post needs words or media")
        if weight_of(text) > LIMIT:
            raise Refusal(problem(403, "Forbidden", f"Your Tweet text is too long: {weight_of(text)} of {LIMIT}."))
        if cashtags_in(text) > 1:
            raise Refusal(problem(403, "Forbidden", "A post may name one cashtag."))
        async with self._posting:
            self._refuse_repeat(user, text)
            standing = self.board.spend(user, POSTING)
            if standing.is_over:
                raise Refusal(self.limited(standing.resets_at, 0).with_headers(_told(standing)))
            message = await self._put(call, user, value | {"text": text}, files)
        return as_json({"data": {"id": message.id, "text": text}}, 201, _told(standing))

    async def _put(self, call: Call, user: str, value: dict[str, Any], files: tuple[File, ...]) -> Message:
        text, now = value["text"], self._ground.clock.wall()
        tweet_id = str(self.board.number(int(now.timestamp() * 1000) << 20))
        message = self.board.message(
            user,
            tweet_id,
            text,
            next(iter(links_in(text)), None),
            url=f"{self._ground.base_url}/{user}/status/{tweet_id}",
            files=files,
            value=value,
            called=called_in(text),
        )
        await self.board.put(message, call)
        return message

    def _refuse_repeat(self, user: str, text: str) -> None:
        window = timedelta(seconds=self._ground.rules.duplicate_window_s)
        now = self._ground.clock.now()
        if any(one.text == text and now - one.aged_at < window for one in self.board.of(user)):
            raise Refusal(problem(403, "Forbidden", DUPLICATE))

    def _attached(self, media: object, user: str) -> tuple[File, ...]:
        if media is None:
            return ()
        ids = media.get("media_ids") if isinstance(media, dict) else None
        if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_MEDIA:
            raise invalid(f"$.media.media_ids: must have 1 to {MOST_MEDIA} ids")
        kept = [self._media.get(one) if isinstance(one, str) else None for one in ids]
        ready = tuple(one.file for one in kept if one is not None and one.owner == user and not one.polls)
        if len(ready) != len(ids):
            raise invalid("Your media IDs are invalid.")
        return ready

    async def _delete(self, call: Call, user: str) -> Answer:
        message = self.board.find(user, call.path_values["id"])
        if message is not None:
            await self.board.delete(message, call)
        return as_json({"data": {"deleted": True}})

    async def _who(self, _call: Call, user: str) -> Answer:
        return as_json({"data": {"id": user_id(user), "name": user, "username": re.sub(r"\W", "_", user)}})

    async def _list(self, call: Call, user: str) -> Answer:
        if call.path_values["id"] != user_id(user):
            raise Refusal(problem(404, "Not Found Error", kind="resource-not-found"))
        count = whole(call.asked("max_results", "10"))
        if count is None or not 5 <= count <= 100:
            raise invalid("The `max_results` query parameter value is not between 5 and 100")
        since = _moment(call.asked("start_time"))
        start = whole(call.asked("pagination_token") or "0")
        if start is None:
            raise invalid("The `pagination_token` query parameter value is not one of ours")
        found = [one for one in self.board.listed(user, call) if since is None or one.at >= since]
        page = found[start : start + count]
        meta: dict[str, Any] = {"result_count": len(page)}
        if start + count < len(found):
            meta["next_token"] = str(start + count)
        fields = call.asked("tweet.fields").split(",")
        return as_json(({"data": [_shown(one, fields) for one in page]} if page else {}) | {"meta": meta})

    async def _upload(self, call: Call, user: str) -> Answer:
        try:
            form = form_of(call)
        except ValueError as cause:
            raise invalid("the body is no multipart form") from cause
        media = form.get("media")
        if not isinstance(media, Upload) or form.get("media_category") != "tweet_image":
            raise invalid("media and media_category are required")
        picture = await asyncio.to_thread(look_at, media.body, limit_px=100_000_000)
        is_known = isinstance(picture, Picture) and picture.type in MEDIA_TYPES
        if len(media.body) > LARGEST_BYTES or not is_known:
            raise invalid("media type unrecognized, or too large")
        assert isinstance(picture, Picture)
        digest = await self._ground.attic.keep(media.body)
        media_id = str(self.board.number(1_700_000_000_000_000_000))
        file = File(media_id, media.filename, digest, len(media.body), picture)
        self._media[media_id] = _Media(user, file, call.polls)
        await self.board.keep(user, file, call)
        return as_json({"data": _media_value(self._media[media_id])})

    async def _processed(self, call: Call, user: str) -> Answer:
        media = self._own(call.asked("media_id"), user)
        if call.asked("command") != "STATUS":
            raise invalid("command: must be STATUS")
        media = self._media[media.file.id] = replace(media, polls=max(media.polls - 1, 0))
        return as_json({"data": _media_value(media)})

    async def _describe(self, call: Call, user: str) -> Answer:
        value = _object(call)
        media = self._own(value.get("id"), user)
        told = value.get("metadata")
        alt = told.get("alt_text") if isinstance(told, dict) else None
        text = alt.get("text") if isinstance(alt, dict) else None
        if not isinstance(text, str) or len(text) > LONGEST_ALT:
            raise invalid(f"$.metadata.alt_text.text: must have at most {LONGEST_ALT} characters")
        self._media[media.file.id] = replace(media, file=replace(media.file, alt=text))
        return as_json({"data": {"id": media.file.id, "associated_metadata": {"alt_text": {"text": text}}}})

    def _own(self, media_id: object, user: str) -> _Media:
        media = self._media.get(media_id) if isinstance(media_id, str) else None
        if media is None or media.owner != user:
            raise invalid("the media id is unknown")
        return media


def problem(status: int, title: str, detail: str | None = None, *, kind: str | None = None) -> Answer:
    """Problem details; without a kind they are `about:blank`, as X has it for most refusals."""
    told = {"title": title, "detail": detail or title, "type": f"{PROBLEMS}{kind}" if kind else "about:blank"}
    return replace(as_json(told | {"status": status}, status), content_type="application/problem+json")


def invalid(message: str) -> Refusal:
    """A refusal of a request that the description does not allow."""
    detail = "One or more parameters to your request was invalid."
    told = {"errors": [{"message": message}], "title": "Invalid Request", "detail": detail}
    return Refusal(as_json(told | {"type": f"{PROBLEMS}invalid-request"}, 400))


def user_id(user: str) -> str:
    """The number of a user, always the same."""
    return str(int.from_bytes(hashlib.sha256(user.encode()).digest()[:6]) + 1)


def _object(call: Call) -> dict[str, Any]:
    if call.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise invalid("the body must be application/json")
    try:
        return json_object(call.body)
    except ValueError as cause:
        raise invalid("the body is no JSON object") from cause


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as cause:
        raise invalid("start_time: is no date-time") from cause


def _told(standing: Standing) -> dict[str, str]:
    return {
        "x-rate-limit-limit": str(standing.quota.points),
        "x-rate-limit-remaining": str(standing.remaining),
        "x-rate-limit-reset": str(int(standing.resets_at.timestamp())),
    }


def _media_value(media: _Media) -> dict[str, Any]:
    value = {"id": media.file.id, "media_key": f"3_{media.file.id}", "size": media.file.bytes}
    value |= {"expires_after_secs": 86_400}
    info = {"state": "in_progress", "check_after_secs": 1, "progress_percent": 50}
    return value | ({"processing_info": info} if media.polls else {})


def _shown(message: Message, fields: Sequence[str]) -> dict[str, Any]:
    text, urls = shown(message.text)
    value: dict[str, Any] = {"id": message.id, "text": text, "edit_history_tweet_ids": [message.id]}
    if "created_at" in fields:
        value["created_at"] = stamp(message.at)
    if "entities" in fields and urls:
        value["entities"] = {"urls": urls}
    return value
