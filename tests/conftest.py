"""What all tests share: the option that lets the suite against real servers run, and the number of processes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No example fails for a machine that has other work.
settings.register_profile("usual", deadline=None)
settings.register_profile("long", deadline=None, max_examples=3200)
settings.load_profile("usual")

os.environ.pop("RUN_PY_CALLED", None)  # by which `run.py test` would change the hints that tests look at

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


@pytest.fixture(scope="session", autouse=True)
def _home_of_states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What states tell of themselves outside of their folders is not left in the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state-home")))
        yield


@pytest.fixture
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting comes from the environment."""
    for name in list(os.environ):
        if name.upper().startswith("SYNDICATE_"):
            monkeypatch.delenv(name)
