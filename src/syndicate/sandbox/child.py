"""A sandbox in a process of its own, so that killing the publisher does not touch it."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import syndicate
from syndicate.errors import Transient
from syndicate.sandbox.addresses import SandboxAddresses

# From nothing to the first answer takes about half a second; a busy machine may need many times that.
START_LIMIT_S = 30.0
STOP_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Spawned:
    """A sandbox process that answers. It ends with `stop`, at the end of an `async with` block, or with its parent."""

    addresses: SandboxAddresses
    process: Process

    async def stop(self) -> None:
        """End the process; a second call does nothing."""
        if self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def _ended(process: Process) -> None:
    """Wait for a process that closed its output; kill it only if it stays.

    `kill` polls first: on a process that has just ended it takes the exit code away from asyncio, which then says 255.
    """
    try:
        async with asyncio.timeout(STOP_LIMIT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def spawn(state: Path, *, port: int = 0, seed: int = 0) -> Spawned:
    """Start a sandbox process and wait until it answers.

    It is in a session of its own, so that Ctrl-C in the terminal does not reach it, and it ends when its standard input
    closes, so that it does not outlive a parent that was killed.

    Raises:
        Transient: it did not come up.
    """
    command = [sys.executable, "-m", "syndicate.sandbox", "--until-stdin-closes"]
    command += ["--state", str(state), "--port", str(port), "--seed", str(seed)]
    package_parent = str(Path(syndicate.__file__).parents[1])
    paths = [package_parent, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, env=environment, start_new_session=True
    )
    assert process.stdout is not None
    line = b""
    try:
        async with asyncio.timeout(START_LIMIT_S):
            line = await process.stdout.readline()
    finally:
        if not line:
            await _ended(process)
    if not line:
        raise Transient(
            f"the sandbox process ended with {process.returncode} before it answered; see its message above"
        )
    return Spawned(SandboxAddresses.from_line(line), process)
