"""Posting in two steps, as Instagram and Threads have it: a container is made and filled, then published once.

Source: Meta "Content Publishing" (Instagram), "Threads Posts", "Threads troubleshooting". Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel

from syndicate.channels.graph import Graph, Identified
from syndicate.channels.http import RemoteId, json_bytes
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient

POLL_EVERY = timedelta(seconds=5)
PATIENCE = timedelta(minutes=2)
"""Pictures take seconds; the documentation says once a minute for five minutes, with videos in mind."""

QUOTA_WAIT = timedelta(hours=1)
"""When the day's posts are used up: the window slides, and when it lets go is not told."""


class Staged(BaseModel):
    """A payload: the container's fields, and its id once it is made."""

    fields: dict[str, str]
    container: RemoteId | None = None

    def bytes(self) -> bytes:
        """As it is kept."""
        return json_bytes(self.model_dump(exclude_none=True))


@dataclass(frozen=True, slots=True)
class Containers:
    """The two steps for one account; `status` is the field that tells how a container stands."""

    graph: Graph
    status: str
    quota: str

    async def made(self, path: str, payload: bytes) -> bytes:
        """The payload with its container, filled and ready to be published. Repeatable: unpublished ones expire.

        Raises:
            Rejected: the network cannot use the picture.
            Transient: it takes too long.
        """
        staged = Staged.model_validate_json(payload)
        container = (await self.graph.post(path, staged.fields, is_repeatable=True)).read(Identified).id
        for _ in range(int(PATIENCE / POLL_EVERY)):
            told = await self.state(container)
            match told.state:
                case "FINISHED":
                    return staged.model_copy(update={"container": container}).bytes()
                case "ERROR":
                    raise Rejected(f"the network could not make the post: {told.reason or 'no reason given'}")
                case "EXPIRED":
                    break
            await self.graph.tools.sleep(POLL_EVERY.total_seconds())
        raise Transient(f"the post's container is not ready after {PATIENCE}")

    async def published(self, path: str, payload: bytes) -> str:
        """Publish the container, which happens once whatever is asked; gives the post's id."""
        container = Staged.model_validate_json(payload).container
        assert container is not None, "staged payloads have a container"
        return (await self.graph.post(path, {"creation_id": container})).read(Identified).id

    async def state(self, container: str) -> ContainerState:
        """How a container stands."""
        fields = f"{self.status},error_message" if self.status == "status" else f"{self.status},status"
        told = (await self.graph.get(f"/{container}", {"fields": fields})).read(_Container)
        if told.status_code is not None:
            return ContainerState(told.status_code, told.status)
        return ContainerState(told.status or "", told.error_message)

    async def is_published(self, payload: bytes) -> bool:
        """Whether the payload's container was published.

        Raises:
            Transient: it is being published at this moment.
        """
        container = Staged.model_validate_json(payload).container
        if container is None:
            return False
        state = (await self.state(container)).state
        if state == "IN_PROGRESS":
            raise Transient("the post is still being published")
        return state == "PUBLISHED"

    async def check_quota(self, path: str) -> None:
        """See that the day's posts are not used up.

        Raises:
            RateLimited: they are.
        """
        answer = await self.graph.get(path, {"fields": "quota_usage,config"})
        for one in answer.read(_Quotas).data:
            if one.config is not None and one.quota_usage >= one.config.quota_total:
                said = f"{self.quota}: {one.quota_usage} of {one.config.quota_total} posts a day are used up"
                raise RateLimited(said, self.graph.tools.clock() + QUOTA_WAIT)

    async def permalink(self, post_id: str) -> str | None:
        """The post's address. It is there already, so a failure to read that costs the address only."""
        try:
            return (await self.graph.get(f"/{post_id}", {"fields": "permalink"})).read(Shown).permalink
        except NetworkError:
            return None


@dataclass(frozen=True, slots=True)
class ContainerState:
    """IN_PROGRESS, FINISHED, PUBLISHED, ERROR or EXPIRED, and why."""

    state: str
    reason: str | None = None


def says_the_same(one: str, other: str) -> bool:
    """Whether two texts are one but for white space."""
    return one.split() == other.split() != []


def fields_of(payload: bytes) -> Mapping[str, str]:
    """What the container is made of."""
    return Staged.model_validate_json(payload).fields


class Shown(BaseModel):
    """A post as the network shows it."""

    permalink: str | None = None


class _Container(BaseModel):
    status: str | None = None
    status_code: str | None = None
    error_message: str | None = None


class _Config(BaseModel):
    quota_total: int


class _Quota(BaseModel):
    quota_usage: int = 0
    config: _Config | None = None


class _Quotas(BaseModel):
    data: tuple[_Quota, ...] = ()
