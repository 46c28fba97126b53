"""What the server suite runs against, started once for all its tests.

Every test in this folder carries the mark `servers` and runs with `pytest --servers` after `tests/servers/install`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers import rigs


@pytest.fixture(scope="session")
def bluesky_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rigs.BlueskyAccount]:
    with rigs.bluesky_server(tmp_path_factory.mktemp("bluesky")) as account:
        yield account


@pytest.fixture(scope="session")
def mastodon_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rigs.MastodonAccount]:
    with rigs.mastodon_server(tmp_path_factory.mktemp("mastodon")) as account:
        yield account
