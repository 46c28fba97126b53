"""When settings are read anew."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from syndicate.cli import reloading
from syndicate.plot import Plot


async def test_a_stop_reads_no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    same: Any = SimpleNamespace(state_folder=tmp_path, own={})
    taken: list[Plot] = []
    stop = asyncio.Event()
    monkeypatch.setattr("syndicate.plot.plot_of", lambda config: same)
    monkeypatch.setattr(reloading, "take_up", taken.append)

    async def publish(plot: Plot, halt: asyncio.Event, opened: Callable[[], None]) -> None:
        opened()
        await asyncio.sleep(0.05)  # until it hears
        stop.set()
        await halt.wait()
        await asyncio.sleep(0.05)  # what is read meanwhile is taken up

    try:
        await reloading.Reloading(tmp_path / "syndicate.yaml", cast(Plot, same), stop).run(publish)
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)

    assert taken == []
