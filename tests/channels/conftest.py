"""Fixtures of the channels room: the web, a scripted server, the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio

from channels.scripted import Script, scripted
from channels.shared_sandbox import sandbox_process, shared
from channels.trials import channel, closed, listener, network, settings, trial
from sandbox_rig import sandbox
from syndicate.channels.http import Web

__all__ = ["channel", "closed", "listener", "network", "sandbox", "sandbox_process", "settings", "shared", "trial"]


@pytest_asyncio.fixture
async def web() -> AsyncIterator[Web]:
    async with Web(timeout=timedelta(seconds=10), limit_bytes=100_000) as web:
        yield web


@pytest_asyncio.fixture
async def script() -> AsyncIterator[Script]:
    async with scripted() as script:
        yield script
