"""What all tests share: the option that lets the suite against real servers run, and the number of processes."""

from __future__ import annotations

import os

import pytest

NEEDS_SERVERS = "needs the servers of tests/servers/install: run with --servers"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--servers", action="store_true", help="run the tests against real servers too")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One process for single files, which are done before others have started; else one a processor (None)."""
    are_files = all(".py" in argument for argument in config.args)
    return 0 if are_files or os.cpu_count() == 1 else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--servers"):
        return
    for item in items:
        if item.get_closest_marker("servers"):
            item.add_marker(pytest.mark.skip(reason=NEEDS_SERVERS))
