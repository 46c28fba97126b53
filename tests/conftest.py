"""What all tests share: the option that lets the suite against real servers run."""

from __future__ import annotations

import pytest

NEEDS_SERVERS = "needs the servers of tests/servers/install: run with --servers"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--servers", action="store_true", help="run the tests against real servers too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--servers"):
        return
    for item in items:
        if item.get_closest_marker("servers"):
            item.add_marker(pytest.mark.skip(reason=NEEDS_SERVERS))
