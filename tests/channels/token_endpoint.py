"""A token endpoint whose refresh tokens work once, and an API that takes only its newest access token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class TokenEndpoint:
    """What is asked and given; `refuses` answers like a network that withdrew the access, `fails` with 503."""

    url: str = ""
    number: int = 0
    refreshes: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    calls: int = 0
    expires_in: int | None = 7200
    refuses: bool = False
    fails: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    all_here: asyncio.Barrier | None = None

    @property
    def access(self) -> str:
        return f"access-canary-{self.number}"

    @property
    def refresh(self) -> str:
        return f"refresh-canary-{self.number}"

    async def token(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.refreshes.append(form)
        self.headers.append(dict(request.headers))
        self.asked.set()
        await asyncio.sleep(0)
        if self.fails:
            return web.json_response({"error": "temporarily_unavailable"}, status=503)
        if self.refuses or form.get("refresh_token") != self.refresh:
            return web.json_response({"error": "invalid_grant", "error_description": str(form)}, status=400)
        self.number += 1
        answer = {"access_token": self.access, "refresh_token": self.refresh, "token_type": "bearer", "scope": "a b"}
        if self.expires_in is not None:
            answer["expires_in"] = str(self.expires_in)
        return web.json_response(answer)

    async def api(self, request: web.Request) -> web.Response:
        self.calls += 1
        if self.all_here is not None and self.calls <= self.all_here.parties:
            await self.all_here.wait()
        is_good = request.headers.get("Authorization") == f"Bearer {self.access}"
        return web.json_response({}, status=200 if is_good else 401)


@asynccontextmanager
async def token_endpoint() -> AsyncIterator[TokenEndpoint]:
    """A running one on a free port of this machine."""
    endpoint = TokenEndpoint()
    app = web.Application()
    app.router.add_post("/token", endpoint.token)
    app.router.add_get("/api", endpoint.api)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    endpoint.url = f"http://{host}:{port}"
    try:
        yield endpoint
    finally:
        await runner.cleanup()
