"""The sandbox's own doors under `/sandbox`: the truth, the fault plan, the rules, the clock, and a page for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Protocol

from aiohttp import web

from syndicate.sandbox.door import LOGIN_PAGE
from syndicate.sandbox.faults import InjectedFault, Plan, fault_from
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.page import TYPES, Shown, Timeline, render, timelines_of
from syndicate.sandbox.rules import Rules
from syndicate.sandbox.truth import summary_of
from syndicate.sandbox.wire import json_object

# No script, nothing from elsewhere: a post's text can do no harm even if escaping failed.
POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
AVATAR = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" fill="#8a94a6"/>'
    '<circle cx="24" cy="18" r="8" fill="#fff"/><path d="M8 44a16 14 0 0 1 32 0z" fill="#fff"/></svg>'
)


class Entrance(Protocol):
    """The way into a network, whatever it speaks."""

    @property
    def network(self) -> Forgetful:
        """What is behind it."""

    @property
    def pending(self) -> int:
        """Late commits still to come."""

    async def settle(self) -> None:
        """Wait until they are done."""

    async def forget(self) -> None:
        """Drop them."""


class Forgetful(Protocol):
    """A network that can begin anew."""

    def reset(self) -> None:
        """Forget everything."""


class Control:
    """Everything a test, a demo or a curious person asks of the sandbox itself."""

    def __init__(self, ground: Ground, plan: Plan, shown: Shown, doors: tuple[Entrance, ...]) -> None:
        self._ground = ground
        self._plan = plan
        self._shown = shown
        self._doors = doors

    def routes(self) -> tuple[web.AbstractRouteDef, ...]:
        """The control routes and the pages that addresses in posts lead to."""
        return (
            web.get("/", _to_page),
            web.get("/sandbox", _to_page),
            web.get("/sandbox/", self._page),
            web.get("/sandbox/images/{name}", self._image),
            web.get("/sandbox/truth", self._truth),
            web.get("/sandbox/truth.jsonl", self._lines),
            web.get("/sandbox/plan", self._show_plan),
            web.post("/sandbox/plan", self._arm),
            web.get("/sandbox/rules", self._show_rules),
            web.post("/sandbox/rules", self._set_rules),
            web.post("/sandbox/clock", self._set_clock),
            web.post("/sandbox/reset", self._reset),
            web.get("/@{user}/{id:[0-9]+}", self._one_status),
            web.get("/profile/{handle}/post/{id}", self._one_record),
            web.get("/login", _login),
            web.get("/avatars/missing.svg", _avatar),
        )

    @property
    def pending(self) -> int:
        """Late commits still to come, of all networks."""
        return sum(door.pending for door in self._doors)

    async def settle(self) -> None:
        """Wait until every late commit of every network is done."""
        for door in self._doors:
            await door.settle()

    async def reset(self) -> None:
        """Forget everything and begin a new log; the fault plan, the rules and the clock too."""
        for door in self._doors:
            await door.forget()
            door.network.reset()
        self._plan.arm(())
        self._ground.rules = Rules()
        self._ground.clock.reset()
        await self._ground.truth.reset()

    async def _page(self, _request: web.Request) -> web.Response:
        return self._rendered(self._timelines())

    async def _one_status(self, request: web.Request) -> web.Response:
        return self._only("mastodon", request.match_info["user"], request.match_info["id"])

    async def _one_record(self, request: web.Request) -> web.Response:
        return self._only("bluesky", request.match_info["handle"], request.match_info["id"])

    def _only(self, network: str, account: str, post_id: str) -> web.Response:
        for timeline in self._timelines():
            posts = tuple(post for post in timeline.posts if post.id == post_id)
            if posts and (timeline.network, timeline.account) == (network, account):
                return self._rendered((Timeline(network, account, timeline.count, posts),))
        raise web.HTTPNotFound

    def _timelines(self) -> tuple[Timeline, ...]:
        return timelines_of(self._shown, self._ground.truth)

    def _rendered(self, timelines: tuple[Timeline, ...]) -> web.Response:
        page = render(timelines, summary_of(tuple(self._ground.truth)), self._plan.state(), self.pending)
        return web.Response(text=page, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    async def _image(self, request: web.Request) -> web.Response:
        named = re.fullmatch(r"([0-9a-f]{64})\.([a-z]+)", request.match_info["name"])
        known = {medium.sha256 for entry in self._ground.truth for medium in entry.media}
        if named is None or named[1] not in known:
            raise web.HTTPNotFound
        body = await self._ground.attic.fetch(named[1])
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": POLICY}
        return web.Response(body=body, content_type=TYPES.get(named[2], "application/octet-stream"), headers=headers)

    async def _truth(self, request: web.Request) -> web.Response:
        wanted = {name: request.query[name] for name in ("network", "account") if name in request.query}
        entries = tuple(
            entry
            for entry in self._ground.truth
            if all(getattr(entry, name) == value for name, value in wanted.items())
        )
        shown: dict[str, Any] = {"pending_commits": self.pending, **summary_of(entries)}
        if request.query.get("entries") != "0":
            shown["entries"] = [asdict(entry) for entry in entries]
        return web.json_response(shown)

    async def _lines(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._ground.truth.lines(), content_type="application/jsonl")

    async def _show_plan(self, _request: web.Request) -> web.Response:
        return web.json_response(self._plan.state())

    async def _arm(self, request: web.Request) -> web.Response:
        try:
            faults, seed = _plan_from(json_object(await request.read()))
        except ValueError as cause:
            return _refused(cause)
        self._plan.arm(faults, seed)
        return web.json_response(self._plan.state())

    async def _show_rules(self, _request: web.Request) -> web.Response:
        return web.json_response(asdict(self._ground.rules))

    async def _set_rules(self, request: web.Request) -> web.Response:
        try:
            self._ground.rules = self._ground.rules.changed(json_object(await request.read()))
        except ValueError as cause:
            return _refused(cause)
        return web.json_response(asdict(self._ground.rules))

    async def _set_clock(self, request: web.Request) -> web.Response:
        try:
            stops, advance = _clock_from(json_object(await request.read()))
        except ValueError as cause:
            return _refused(cause)
        if stops:
            self._ground.clock.stop()
        self._ground.clock.advance(advance)
        return web.json_response({"now": self._ground.clock.now().isoformat()})

    async def _reset(self, _request: web.Request) -> web.Response:
        await self.reset()
        return web.json_response({"status": "reset"})


def _clock_from(body: Mapping[str, Any]) -> tuple[bool, timedelta]:
    advance_s, stops = body.get("advance_s", 0), body.get("stops", False)
    is_number = isinstance(advance_s, int | float) and not isinstance(advance_s, bool) and 0 <= advance_s < 1e10
    if not body or set(body) - {"advance_s", "stops"} or not is_number or not isinstance(stops, bool):
        raise ValueError('send {"advance_s": SECONDS} with a number of 0 or more, {"stops": true}, or both')
    return stops, timedelta(seconds=advance_s)


def _plan_from(body: Mapping[str, Any]) -> tuple[tuple[InjectedFault, ...], int | None]:
    if unknown := set(body) - {"faults", "seed"}:
        raise ValueError(f"{', '.join(sorted(unknown))}: is no part of a plan; send faults and, if wanted, seed")
    rows, seed = body.get("faults"), body.get("seed")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("faults: must be a list of objects")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise ValueError("seed: must be a whole number")
    return tuple(fault_from(row) for row in rows), seed


def _refused(cause: ValueError) -> web.Response:
    return web.json_response({"error": str(cause)}, status=400)


async def _to_page(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/sandbox/")


async def _login(_request: web.Request) -> web.Response:
    """Where the redirect faults lead: a client that follows them sees a success and must not believe it."""
    return web.Response(body=LOGIN_PAGE, content_type="text/html")


async def _avatar(_request: web.Request) -> web.Response:
    return web.Response(text=AVATAR, content_type="image/svg+xml")
