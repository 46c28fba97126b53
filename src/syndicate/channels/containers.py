"""Posting in two steps, as Instagram and Threads have it: a container is made and filled, then published once.

Source: Meta "Content Publishing" (Instagram), "Threads Posts", "Threads Media Retrieval", "Retrieve User Posts",
"Reposts", "Threads troubleshooting". Read 2026-11.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from syndicate.channels.graph import Graph, Identified
from syndicate.channels.http import RemoteId, json_bytes, page_url
from syndicate.channels.marks import links_in
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized
from syndicate.outbox.delivery import Receipt
from syndicate.ports.channel import Allowance, OwnPost

POLL_EVERY = timedelta(seconds=5)
PATIENCE = timedelta(minutes=2)
"""Pictures take seconds; the documentation says once a minute for five minutes, with videos in mind."""

QUOTA_WAIT = timedelta(hours=1)
"""When the day's posts are used up: the window slides, and when it lets go is not told."""

MOST_PAGES = 1_000
"""100,000 posts: an account's whole past, for those that adopt it."""

CLOCKS_DIFFER = timedelta(minutes=5)
_REPOST = "REPOST_FACADE"
_NAMELESS = "container-"


class Staged(BaseModel):
    """A payload: the container's fields, and its id once it is made."""

    fields: dict[str, str]
    container: RemoteId | None = None

    def bytes(self) -> bytes:
        """As it is kept."""
        return json_bytes(self.model_dump(exclude_none=True))


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one network calls things.

    `account_id` is the field with the account's id, `made`, `published`, `posts` and `limit` are paths below it.
    `status` and `reason` are fields of a container, `text` and `link` those of a post.
    """

    account_id: str
    made: str
    published: str
    posts: str
    limit: str
    status: str
    reason: str
    text: str
    link: str | None = None


class Containers:
    """One account's way to post; `account` is its name as it stands behind the @."""

    def __init__(self, graph: Graph, dialect: Dialect, account: str) -> None:
        self._graph = graph
        self._dialect = dialect
        self._account = account
        self._account_id: str | None = None

    async def open(self) -> None:
        """See that the account signed in is the one of the settings.

        Raises:
            Unauthorized: it is another one.
        """
        answer = await self._graph.get("/me", {"fields": f"{self._dialect.account_id},username"})
        me = answer.read(_Me)
        if me.username.lower() != self._account:
            told = f"the account signed in is @{me.username}, not @{self._account}"
            raise Unauthorized(f"@{self._account}: {told}; set it as `account`, or {self._graph.access.remedy}")
        self._account_id = me.user_id or me.id

    async def made(self, payload: bytes) -> bytes:
        """The payload with its container, filled and ready to be published. Repeatable: unpublished ones expire.

        Raises:
            RateLimited: the day's posts are used up.
            Rejected: the network cannot use the picture.
            Transient: it takes too long.
        """
        await self._check_quota()
        staged = Staged.model_validate_json(payload)
        path = await self._below(self._dialect.made)
        container = (await self._graph.post(path, staged.fields, is_repeatable=True)).read(Identified).id
        for _ in range(int(PATIENCE / POLL_EVERY)):
            state, reason = await self._state(container)
            match state:
                case "FINISHED":
                    return staged.model_copy(update={"container": container}).bytes()
                case "ERROR":
                    raise Rejected(f"the network could not make the post: {reason or 'no reason given'}")
                case "EXPIRED":
                    break
            await self._graph.tools.sleep(POLL_EVERY.total_seconds())
        raise Transient(f"the post's container is not ready after {PATIENCE}")

    async def published(self, payload: bytes) -> Receipt:
        """Publish the container, which happens once whatever is asked."""
        container = Staged.model_validate_json(payload).container
        assert container is not None, "staged payloads have a container"
        path = await self._below(self._dialect.published)
        post_id = (await self._graph.post(path, {"creation_id": container})).read(Identified).id
        return Receipt(post_id, page_url(await self._permalink(post_id)), self._graph.tools.clock())

    async def found(self, payload: bytes, since: datetime) -> Receipt | None:
        """Our post since then: published from the payload's container, or, with equal content, from another one.

        Raises:
            Transient: it is being published at this moment.
        """
        staged = Staged.model_validate_json(payload)
        state = "" if staged.container is None else (await self._state(staged.container))[0]
        if state == "IN_PROGRESS":
            raise Transient("the post is still being published")
        now = self._graph.tools.clock()
        ours = await self._listed(staged, since - CLOCKS_DIFFER)
        if ours is not None:
            return Receipt(ours.id, page_url(ours.permalink), now)
        # it is there all the same: only its id is not known
        return Receipt(f"{_NAMELESS}{staged.container}", None, now) if state == "PUBLISHED" else None

    async def recent(self, since: datetime) -> AsyncIterator[OwnPost]:
        """The account's posts since then, without reposts, newest first; replies are listed elsewhere.

        No time is asked for: Threads refuses one of before its own beginning.

        Raises:
            NetworkError: they could not be read; Transient also where there are too many.
        """
        asked = {"limit": "100"}
        for _ in range(MOST_PAGES):
            page = await self._page(asked, "media_type")
            dated = [(post.timestamp or since, post) for post in page.data]
            for at, post in dated:
                if at >= since and post.media_type != _REPOST:
                    words, link = post.caption or post.text or "", post.link_attachment_url
                    links = (*sorted(links_in(words)), *([link] if link else []))
                    yield OwnPost(words, links, Receipt(post.id, page_url(post.permalink), at))
            is_over = bool(dated) and all(at < since for at, _ in dated)
            if is_over or page.paging is None or not (page.paging.next and page.paging.cursors.after):
                return
            asked["after"] = page.paging.cursors.after
        raise Transient(f"@{self._account}: more than {MOST_PAGES * 100} posts, cannot read so many")

    async def _page(self, asked: Mapping[str, str], *more: str) -> _Posts:
        """Some of the account's posts, with what we look at; an empty page need not be the last one."""
        dialect = self._dialect
        fields = ["id", "permalink", "timestamp", dialect.text, *([dialect.link] if dialect.link else []), *more]
        query = {"fields": ",".join(fields), **asked}
        return (await self._graph.get(await self._below(dialect.posts), query)).read(_Posts)

    async def delete(self, receipt: Receipt) -> None:
        """Take a post away.

        Raises:
            Rejected: its id never became known.
        """
        if receipt.remote_id.startswith(_NAMELESS):
            raise Rejected(f"@{self._account}: the post's id is not known; delete it by hand")
        await self._graph.delete(f"/{receipt.remote_id}")

    async def _listed(self, staged: Staged, since: datetime) -> _Post | None:
        """The post among the newest of the account that says the same, with the same link beside it."""
        page = await self._page({"limit": "100", "since": str(int(since.astimezone(UTC).timestamp()))})
        text, link = staged.fields.get(self._dialect.text, ""), links_in(staged.fields.get("link_attachment", ""))
        for post in page.data:
            is_new = post.timestamp is None or post.timestamp >= since
            shown = links_in(post.link_attachment_url or "")
            if is_new and post.says(text) and (not link or not shown or shown == link):
                return post
        return None

    async def _state(self, container: str) -> tuple[str, str | None]:
        """How a container stands (IN_PROGRESS, FINISHED, PUBLISHED, ERROR or EXPIRED), and why."""
        fields = (self._dialect.status, self._dialect.reason)
        told = (await self._graph.get(f"/{container}", {"fields": ",".join(fields)})).read(_Container)
        if told.status_code is not None:
            return told.status_code, told.status
        return told.status or "", told.error_message

    async def allowance(self) -> Allowance | None:
        """How many of the day's posts are used up, by the network's own count; None: it does not tell."""
        answer = await self._graph.get(await self._below(self._dialect.limit), {"fields": "quota_usage,config"})
        told = [(one, one.config) for one in answer.read(_Quotas).data if one.config is not None]
        if not told:
            return None
        (one, config), *_ = told
        return Allowance(one.quota_usage, config.quota_total, timedelta(seconds=config.quota_duration))

    async def _check_quota(self) -> None:
        left = await self.allowance()
        if left is not None and left.used >= left.total:
            said = f"@{self._account}: {left.used} of {left.total} posts a day are used up"
            raise RateLimited(said, self._graph.tools.clock() + QUOTA_WAIT)

    async def _permalink(self, post_id: str) -> str | None:
        """The post's address. It is there already, so a failure to read that costs the address only."""
        try:
            return (await self._graph.get(f"/{post_id}", {"fields": "permalink"})).read(_Shown).permalink
        except NetworkError:
            return None

    async def _below(self, path: str) -> str:
        if self._account_id is None:
            await self.open()
        return f"/{self._account_id}/{path}"


class _Me(BaseModel):
    """Instagram has two ids of an account, of which `user_id` is the one to post with."""

    id: RemoteId = "-"
    user_id: RemoteId | None = None
    username: RemoteId


class _Shown(BaseModel):
    permalink: str | None = None


class _Post(_Shown):
    id: RemoteId
    caption: str | None = None
    text: str | None = None
    timestamp: AwareDatetime | None = None
    link_attachment_url: str | None = None
    media_type: str | None = None

    def says(self, text: str) -> bool:
        """Whether it has this text, but for white space."""
        return (self.caption or self.text or "").split() == text.split() != []


class _Cursors(BaseModel):
    after: str = ""


class _Paging(BaseModel):
    cursors: _Cursors = _Cursors()
    next: str | None = None


class _Posts(BaseModel):
    data: tuple[_Post, ...] = ()
    paging: _Paging | None = None


class _Container(BaseModel):
    status: str | None = None
    status_code: str | None = None
    error_message: str | None = None


class _Config(BaseModel):
    quota_total: int
    quota_duration: Annotated[int, Field(ge=1, le=10**7)] = 86_400


class _Quota(BaseModel):
    quota_usage: int = 0
    config: _Config | None = None


class _Quotas(BaseModel):
    data: tuple[_Quota, ...] = ()
