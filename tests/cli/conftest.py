"""Fixtures of the commands: a site, a sandbox beside it, and the logs as they were before."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from site_rig import SandboxThread, SiteRig


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.upper().startswith("SYNDICATE_"):
            monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def site(tmp_path: Path) -> SiteRig:
    """Settings, and a store with items 1 and 2."""
    site = SiteRig(tmp_path / "site")
    site.write(1)
    site.write(2)
    return site


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[SandboxThread]:
    sandbox = SandboxThread()
    yield sandbox
    sandbox.close()


@pytest.fixture
def sandbox(_sandbox: SandboxThread) -> SandboxThread:
    """Empty fake networks without faults."""
    _sandbox.reset()
    return _sandbox


@pytest.fixture
def posting(site: SiteRig, sandbox: SandboxThread) -> SiteRig:
    """The site with channels to the sandbox; it saw the store before, and item 3 is new."""
    site.channels = sandbox.channels("mastodon", "webhook")
    site.configure()
    assert site.call("once").exit_code == 0
    site.write(3)
    return site
