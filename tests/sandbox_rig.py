"""The sandbox as pytest fixtures, for every test that needs a network to talk to.

In a folder's `conftest.py`: `from sandbox_rig import sandbox`. The fixture is a `Running` sandbox in this process;
`sandbox.addresses` says where it answers, `sandbox.truth` what it took, `sandbox.arm(InjectedFault(...))` plans faults.
"""

from __future__ import annotations

import base64
import hmac
import io
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest_asyncio
from PIL import Image

from syndicate.sandbox.addresses import WEBHOOK_SECRET, SandboxAddresses
from syndicate.sandbox.server import Running, start

MASTODON_TOKEN = "sandbox-news"
BLUESKY_HANDLE = "news.test"
BLUESKY_PASSWORD = "sandbox-password"
# A valid record key: 13 characters of base32 that sort by time.
RKEY = "3jzfcijpj2z2a"


def image_bytes(width: int = 40, height: int = 20, kind: str = "JPEG") -> bytes:
    """A small image of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(stream, kind)
    return stream.getvalue()


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, read to its end."""

    status: int
    headers: Any
    body: bytes
    json: Any = field(default=None)


@dataclass(frozen=True)
class Caller:
    """Speaks to a sandbox in plain HTTP, as no adapter of the product does."""

    session: aiohttp.ClientSession
    addresses: SandboxAddresses

    async def send(self, method: str, url: str, **kwargs: Any) -> Reply:
        kwargs.setdefault("allow_redirects", False)
        async with self.session.request(method, url, **kwargs) as answer:
            body = await answer.read()
            try:
                value = json.loads(body) if "json" in answer.content_type else None
            except ValueError:
                value = None
            return Reply(answer.status, answer.headers, body, value)

    async def mastodon(self, method: str, path: str, token: str | None = MASTODON_TOKEN, **kwargs: Any) -> Reply:
        headers = {**kwargs.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        return await self.send(method, self.addresses.mastodon_url + path, headers=headers, **kwargs)

    async def status(self, text: str = "Hello", key: str | None = None, **fields: Any) -> Reply:
        headers = {"Idempotency-Key": key} if key else {}
        return await self.mastodon("POST", "/api/v1/statuses", json={"status": text, **fields}, headers=headers)

    async def medium(self, body: bytes | None = None, token: str = MASTODON_TOKEN, **fields: str) -> Reply:
        form = aiohttp.FormData()
        # A stream: aiohttp warns of large bodies given as bytes.
        stream = io.BytesIO(image_bytes() if body is None else body)
        form.add_field("file", stream, filename="a.jpg", content_type="image/jpeg")
        for name, value in fields.items():
            form.add_field(name, value)
        return await self.mastodon("POST", "/api/v2/media", token, data=form)

    async def xrpc(self, method: str, name: str, token: str | None = None, **kwargs: Any) -> Reply:
        headers = {**kwargs.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        return await self.send(method, f"{self.addresses.bluesky_url}/xrpc/{name}", headers=headers, **kwargs)

    async def login(self, handle: str = BLUESKY_HANDLE, password: str = BLUESKY_PASSWORD) -> Any:
        account = {"identifier": handle, "password": password}
        reply = await self.xrpc("POST", "com.atproto.server.createSession", json=account)
        assert reply.status == 200, reply.body
        return reply.json

    async def put(self, session: Any, record: Any, rkey: str = RKEY, **fields: Any) -> Reply:
        body = {"repo": session["did"], "collection": "app.bsky.feed.post", "rkey": rkey, "record": record, **fields}
        return await self.xrpc("POST", "com.atproto.repo.putRecord", session["accessJwt"], json=body)

    async def blob(self, session: Any, body: bytes, kind: str = "image/jpeg") -> Reply:
        name, headers = "com.atproto.repo.uploadBlob", {"Content-Type": kind}
        return await self.xrpc("POST", name, session["accessJwt"], data=io.BytesIO(body), headers=headers)

    async def webhook(self, event_id: str = "evt_1", *, name: str = "news", **changes: Any) -> Reply:
        """A signed event; `changes` replace the body, the secret, the time (or shift it) or single headers."""
        event = {
            "type": "item.published",
            "timestamp": "2026-01-02T03:04:05Z",
            "data": {"url": "https://example.org/a"},
        }
        body = changes.get("body", json.dumps(event).encode())
        told_at = str(int(changes.get("at", time.time() + changes.get("later_s", 0))))
        key = base64.b64decode(changes.get("secret", WEBHOOK_SECRET).removeprefix("whsec_"))
        signature = base64.b64encode(hmac.digest(key, f"{event_id}.{told_at}.".encode() + body, "sha256")).decode()
        headers = {"webhook-id": event_id, "webhook-timestamp": told_at, "webhook-signature": f"v1,{signature}"}
        headers |= changes.get("headers", {})
        return await self.send("POST", f"{self.addresses.webhook_url}/{name}", data=body, headers=headers)

    async def control(self, method: str, path: str, **kwargs: Any) -> Reply:
        return await self.send(method, self.addresses.control_url + path, **kwargs)

    async def plan(self, *faults: dict[str, Any], seed: int | None = None) -> Reply:
        body = {"faults": list(faults), **({} if seed is None else {"seed": seed})}
        return await self.control("POST", "/plan", json=body)


def post_record(text: str = "Hello", **fields: Any) -> dict[str, Any]:
    """A valid post record."""
    return {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-01-02T03:04:05.000Z", **fields}


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Running]:
    """A fresh sandbox in this process, in memory."""
    async with await start() as running:
        yield running


@pytest_asyncio.fixture
async def caller(sandbox: Running) -> AsyncIterator[Caller]:
    """A plain HTTP client for the sandbox."""
    async with aiohttp.ClientSession() as session:
        yield Caller(session, sandbox.addresses)
