"""A fake Instagram and a fake Threads: a container is made, gets ready, and is published once.

Written from Meta "Content Publishing", "IG User Media", "IG Container", "Instagram Platform error codes", "Threads
Posts", "Threads Publishing" and "Threads troubleshooting". What a second publishing of one container is told, is not
documented; here it is told that the container is not available. Read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import regex

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
    renewed,
    trouble,
    unknown,
)
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.limits import Quota
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, as_json

LIFE = timedelta(hours=24)
# "IG User Media": caption, hashtags, mentions, alt text. "Threads Publishing": text, alt text. Read 2026-11.
LONGEST_CAPTION, MOST_TAGS, MOST_CALLS, LONGEST_TEXT, LONGEST_ALT = 2_200, 30, 20, 500, 1_000
_TAG = re.compile(r"#\w+")
_CALL = re.compile(r"(?<![\w.@])@([\w.]{1,30})")
_URL = re.compile(r"https?://[^\s<>\"]+")
_NUMBER = re.compile(r"[0-9]{1,18}")
_EMOJI = regex.compile(r"\p{ExtPict}|\p{RI}|\u20E3")


@dataclass(frozen=True, slots=True)
class Form:
    """What sets the two apart: names in addresses and fields, and what they check."""

    name: str
    version: str
    identity: str
    make: str
    publish: str
    quota_path: str
    quota: Quota
    words: str
    state: str
    check: Callable[[Fields], None]


@dataclass(frozen=True, slots=True)
class _Container:
    """`polls`: how often it still says that it is not ready; `problem`: why it never will be."""

    owner: str
    fields: Mapping[str, Any]
    until: datetime
    polls: int = 0
    problem: str | None = None
    is_published: bool = field(default=False)


class Containers:
    """One of the two networks; each user is an account."""

    def __init__(self, ground: Ground, form: Form) -> None:
        self._ground = ground
        self._form = form
        self.name = form.name
        self.board = Board(form.name, ground)
        self._containers: dict[str, _Container] = {}
        self._published: dict[str, list[datetime]] = {}

    def routes(self) -> Sequence[Route]:
        """The API a publisher needs."""
        host, form = f"/{self.name}", self._form
        base, user = host + form.version, host + form.version + "/{user:[0-9]+}"
        return (
            Route("GET", host + "/refresh_access_token", RouteKind.SESSION, admitted(renewed)),
            Route("GET", host + "/access_token", RouteKind.SESSION, admitted(renewed)),
            Route("GET", base + "/me", RouteKind.SESSION, admitted(self._who)),
            Route("GET", f"{user}/{form.quota_path}", RouteKind.SESSION, admitted(self._quota)),
            Route("POST", f"{user}/{form.make}", RouteKind.MEDIA, admitted(self._make)),
            Route("POST", f"{user}/{form.publish}", RouteKind.POST, admitted(self._publish)),
            Route("GET", f"{user}/{form.make}", RouteKind.READ, admitted(self._list)),
            Route("GET", base + "/{id:[0-9]+}", RouteKind.READ, admitted(self._show)),
            Route("DELETE", base + "/{id:[0-9]+}", RouteKind.DELETE, admitted(self._delete)),
        )

    def trouble(self, status: int) -> Answer:
        """An error in the shape of the Graph API."""
        return trouble(status)

    def limited(self, until: datetime, wait_s: int) -> Answer:
        """Throttled, with the wait in minutes."""
        return limited(self.name, wait_s)

    def reset(self) -> None:
        """Forget every post and container."""
        self.board.reset()
        self._containers.clear()
        self._published.clear()

    async def _who(self, _call: Call, _fields: Fields, account: str) -> Answer:
        number = number_of(account)
        return as_json({"id": number, self._form.identity: number, "username": _username(account)})

    async def _quota(self, call: Call, _fields: Fields, account: str) -> Answer:
        user = _user(call, account)
        config = {"quota_total": self._form.quota.points, "quota_duration": self._form.quota.window_s}
        used = len(self._of_today(user)) if self._ground.rules.has_limits else 0
        return as_json({"data": [{"quota_usage": used, "config": config}]})

    async def _make(self, call: Call, fields: Fields, account: str) -> Answer:
        user = _user(call, account)
        self._form.check(fields)
        image = fields.get("image_url")
        # RFC 2606: such names lead nowhere, so that the picture cannot be fetched.
        is_lost = image is not None and (urlsplit(str(image)).hostname or "").endswith(".invalid")
        container_id = str(self.board.number(17_900_000_000_000_000))
        self._containers[container_id] = _Container(
            user,
            dict(fields),
            self._ground.clock.now() + LIFE,
            call.polls,
            "The media could not be fetched from this URI" if is_lost else None,
        )
        return as_json({"id": container_id})

    async def _publish(self, call: Call, fields: Fields, account: str) -> Answer:
        user = _user(call, account)
        container_id = str(fields.get("creation_id", ""))
        container = self._containers.get(container_id)
        if container is None or container.owner != user or self._state(container) == "EXPIRED":
            raise refused(24, "The requested resource does not exist", subcode=2_207_006)
        if self._state(container) != "FINISHED":
            raise refused(9_007, "Media ID is not available", subcode=2_207_027)
        if self._ground.rules.has_limits and len(self._of_today(user)) >= self._form.quota.points:
            raise refused(9, "Application request limit reached", subcode=2_207_042)
        self._containers[container_id] = replace(container, is_published=True)  # before anything can come between
        message = self._message(user, container)
        await self.board.put(message, call)
        self._published.setdefault(user, []).append(self._ground.clock.now())
        return as_json({"id": message.id})

    def _message(self, user: str, container: _Container) -> Message:
        fields = container.fields
        text, image = str(fields.get(self._form.words, "")), fields.get("image_url")
        found = _URL.search(text)
        alt = fields.get("alt_text")
        number = str(self.board.number(17_900_000_000_000_000))
        return self.board.message(
            user,
            number,
            text,
            str(fields["link_attachment"]) if "link_attachment" in fields else found[0] if found else None,
            url=f"{self._ground.base_url}/{self.name}/{user}/post/{number}",
            files=()
            if image is None
            else (File(str(image), str(image), "", 0, None, None if alt is None else str(alt)),),
            value=dict(fields),
            called=tuple(_CALL.findall(_URL.sub(" ", text))),
        )

    async def _show(self, call: Call, fields: Fields, account: str) -> Answer:
        asked, object_id = str(fields.get("fields", "id")).split(","), call.path_values["id"]
        container = self._containers.get(object_id)
        if container is not None and container.owner == number_of(account):
            state = self._state(container)
            self._containers[object_id] = replace(container, polls=max(container.polls - 1, 0))
            words = f"{state.capitalize()}: {container.problem or 'as it should be'}"
            known = {self._form.state: state, "error_message": container.problem}
            known |= {} if self._form.state == "status" else {"status": words}
            return as_json({"id": object_id} | {name: known[name] for name in asked if known.get(name) is not None})
        post = self.board.find(number_of(account), object_id)
        if post is None:
            raise unknown(object_id)
        return as_json(self._shown(post, asked))

    async def _list(self, call: Call, fields: Fields, account: str) -> Answer:
        user = _user(call, account)
        limit, since, after = (str(fields.get(*one)) for one in (("limit", "25"), ("since", "0"), ("after", "0")))
        if not all(map(_NUMBER.fullmatch, (limit, since, after))) or not 1 <= int(limit) <= 100:
            raise refused(100, "limit, since or after: is out of range")
        found = [one for one in self.board.listed(user, call) if one.at.timestamp() >= int(since)]
        end = int(after) + int(limit)
        shown = found[int(after) : end]
        asked = str(fields.get("fields", "id")).split(",")
        data = [self._shown(one, asked) for one in shown]
        if not shown:
            return as_json({"data": data})
        paging: dict[str, Any] = {"cursors": {"before": after, "after": str(end)}}
        if end < len(found):
            paging["next"] = f"{self._ground.base_url}/{self.name}/{user}/{self._form.make}?after={end}"
        return as_json({"data": data, "paging": paging})

    async def _delete(self, call: Call, _fields: Fields, account: str) -> Answer:
        post = self.board.find(number_of(account), call.path_values["id"])
        if post is None or self.name != "threads":  # Instagram takes none away
            raise unknown(call.path_values["id"])
        await self.board.delete(post, call)
        return as_json({"success": True, "deleted_id": post.id})

    def _state(self, container: _Container) -> str:
        if container.is_published:
            return "PUBLISHED"
        if container.until <= self._ground.clock.now():
            return "EXPIRED"
        if container.polls:
            return "IN_PROGRESS"
        return "ERROR" if container.problem else "FINISHED"

    def _of_today(self, user: str) -> list[datetime]:
        since = self._ground.clock.now() - timedelta(seconds=self._form.quota.window_s)
        return [at for at in self._published.get(user, ()) if at > since]

    def _shown(self, post: Message, asked: Sequence[str]) -> dict[str, Any]:
        known = {self._form.words: post.text, "permalink": post.url, "timestamp": moment(post.at)}
        if "link_attachment" in post.value:
            known["link_attachment_url"] = str(post.value["link_attachment"])
        return {"id": post.id} | {name: known[name] for name in asked if known.get(name)}


def instagram(ground: Ground) -> Containers:
    """Instagram with Instagram Login."""
    version = "/{version:v[0-9]+\\.[0-9]}"
    quota = Quota("posts", 100, 24 * 3600)
    paths = ("media", "media_publish", "content_publishing_limit")
    form = Form("instagram", version, "user_id", *paths, quota, "caption", "status_code", _check_photo)
    return Containers(ground, form)


def threads(ground: Ground) -> Containers:
    """Threads."""
    quota = Quota("posts", 250, 24 * 3600)
    paths = ("threads", "threads_publish", "threads_publishing_limit")
    return Containers(ground, Form("threads", "/v1.0", "id", *paths, quota, "text", "status", _check_thread))


def _check_photo(fields: Fields) -> None:
    caption = str(fields.get("caption", ""))
    if not is_address(fields.get("image_url")):
        raise refused(9_004, "The media could not be fetched from this URI", subcode=2_207_052)
    if len(caption.encode("utf-16-le", "surrogatepass")) // 2 > LONGEST_CAPTION:
        raise refused(36_004, "The caption is too long", subcode=2_207_010)
    if len(_TAG.findall(caption)) > MOST_TAGS or len(_CALL.findall(caption)) > MOST_CALLS:
        raise refused(100, "The caption has too many hashtags or mentions", subcode=2_207_010)
    _check_alt(fields)


def _check_thread(fields: Fields) -> None:
    kind, text, image = fields.get("media_type"), str(fields.get("text", "")), fields.get("image_url")
    if kind not in {"TEXT", "IMAGE"}:
        raise refused(100, "Param media_type must be one of {TEXT, IMAGE}")
    if _emoji_bytes(text) > LONGEST_TEXT:
        raise refused(100, f"Param text must be at most {LONGEST_TEXT} characters long.")
    if (kind == "IMAGE") != (image is not None) or (image is not None and not is_address(image)):
        raise refused(100, "The parameter image_url is required for images, and for them alone")
    if "link_attachment" in fields and (kind != "TEXT" or not is_address(fields["link_attachment"])):
        raise refused(100, "link_attachment: must be an address, and go with media_type TEXT")
    if kind == "TEXT" and not text.strip():
        raise refused(100, "The parameter text is required")
    _check_alt(fields)


def _check_alt(fields: Fields) -> None:
    if len(str(fields.get("alt_text", ""))) > LONGEST_ALT:
        raise refused(100, f"Param alt_text must be at most {LONGEST_ALT} characters long.")


def _emoji_bytes(text: str) -> int:
    """Characters, of which those with an emoji count their bytes in UTF-8."""
    clusters = regex.findall(r"\X", text)
    return sum(len(one.encode()) if _EMOJI.search(one) else len(one) for one in clusters)


def _user(call: Call, account: str) -> str:
    user = call.path_values["user"]
    if user != number_of(account):
        raise Refusal(error(403, 10, "Application does not have permission for this action"))
    return user


def _username(account: str) -> str:
    """A user name of the account: letters, digits, dots and underscores."""
    return re.sub(r"[^a-z0-9_.]", "_", account.lower())[:30]
