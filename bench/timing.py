"""CPU, wall time and peak memory of commands with all their processes. Linux only."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOOK_S = 0.1
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost: seconds of CPU and of wall time, and the peak of memory of all its processes in MiB."""

    cpu_s: float
    wall_s: float
    peak_mib: float

    def told(self) -> dict[str, float]:
        """By name."""
        return {"cpu_s": self.cpu_s, "wall_s": self.wall_s, "peak_mib": self.peak_mib}


class Failed(Exception):
    """A command ended with an error; holds the last lines it said."""


def cost_of(command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end.

    Raises:
        Failed: it did not end well.
    """
    with (folder / "said.txt").open("w+b") as said:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
        )
        with Watch(process.pid) as watch:
            _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            told = said.read().decode(errors="replace")[-2000:]
            raise Failed(f"{' '.join(command)} ended with {process.returncode}:\n{told}")
    return Cost(used.ru_utime + used.ru_stime, wall_s, watch.peak_mib)


class Watch:
    """Looks at the memory of a process and all below it until the block ends; what they share counts once."""

    def __init__(self, pid: int) -> None:
        self.peak_mib = 0.0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(LOOK_S):
            self.peak_mib = max(self.peak_mib, sum(_memory_mib(pid) for pid in family(self._pid)))


def family(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for one in found:
        for listed in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(OSError):
                found += map(int, listed.read_text(encoding="ascii").split())
    return found


def cpu_s_of(pid: int) -> float:
    """CPU seconds that a living process and all below it took up to now, with its ended children."""
    total = 0
    for one in family(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / TICKS


def _memory_mib(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def spread(values: Iterable[float]) -> dict[str, float]:
    """The least, the median and the most."""
    found = sorted(values)
    return {"min": found[0], "median": statistics.median(found), "max": found[-1]}


def spreads(costs: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """The spread of each named value."""
    return {name: spread(one[name] for one in costs) for name in costs[0]}


def ratios(ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Of each value, ours by theirs, round by round, as both had the same weather."""
    return {
        name: spread(one[name] / other[name] for one, other in zip(ours, theirs, strict=True) if other[name])
        for name in ours[0]
    }
