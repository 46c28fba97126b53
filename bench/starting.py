"""Goal 8: how long a start takes: the CPU of `--help`, and `once` and `run` on a known store without changes."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from corpus import Corpus
from peers import Place, builds, ours, python
from timing import cost_of, cpu_s_of, spreads


def start(corpus: Corpus, place: Place, rounds: int) -> dict[str, Any]:
    """The cost of `--help`, and of starts on a store that is known."""
    place.clear()
    cost_of(builds("syndicate", place), folder=place.root)
    helps = [cost_of([python(), "-P", "-m", "syndicate", "--help"], folder=place.root).told() for _ in range(rounds)]
    passes = [cost_of(ours(place, "once"), folder=place.root).told() for _ in range(rounds)]
    starts = [_first_pass(place) for _ in range(rounds)]
    return {
        "sides": {"--help": spreads(helps), "once": spreads(passes), "run": spreads(starts)},
        "ratios": {},
        "wanted": {},
    }


def _first_pass(place: Place) -> dict[str, float]:
    begun = time.perf_counter()
    with subprocess.Popen(ours(place, "run"), cwd=place.root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Watching for new items" in line:
                break
        cost = {"wall_s": time.perf_counter() - begun, "cpu_s": cpu_s_of(process.pid)}
        process.terminate()
    return cost
