"""When settings are read anew."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from syndicate.cli.reloading import Reloading
from syndicate.plot import Plot


async def test_a_stop_reads_no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read: list[Path] = []
    stop = asyncio.Event()
    monkeypatch.setattr("syndicate.plot.plot_of", read.append)

    async def publish(plot: Plot, halt: asyncio.Event, opened: Callable[[], None]) -> None:
        opened()
        for _ in range(9):  # until it hears
            await asyncio.sleep(0)
        stop.set()
        await halt.wait()

    try:
        await Reloading(tmp_path / "syndicate.yaml", cast(Any, object()), stop).run(publish)
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)

    assert read == []
