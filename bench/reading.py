"""How long reading one file takes, against python-frontmatter and against libyaml's events alone.

    .venv/bin/python bench/reading.py [FILE] [--rounds 1000]

CPU time of this thread, the three in turn, so that the machine's other work meets all alike.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import frontmatter
import yaml

from syndicate.items.frontmatter import read

SAMPLE = Path(__file__).resolve().parents[1] / "tests" / "data" / "items" / "curated.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", default=SAMPLE)
    parser.add_argument("--rounds", type=int, default=1000)
    chosen = parser.parse_args()
    content = chosen.file.read_bytes()
    text = content.decode()
    block = text.split("---\n")[1]

    def events() -> None:
        for _ in iter(yaml.CSafeLoader(block).get_event, None):
            pass

    took_ms = medians(
        {
            "libyaml's events": events,
            "syndicate": lambda: read(content, "x.md"),
            "python-frontmatter": lambda: frontmatter.loads(text),
        },
        chosen.rounds,
    )
    print(f"{chosen.file.name}, {len(content)} bytes, median of {chosen.rounds} rounds:")
    for name, value_ms in took_ms.items():
        print(f"  {name:20} {value_ms:.3f} ms, {value_ms / took_ms['python-frontmatter']:.2f} of python-frontmatter")


def medians(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    took_ns: dict[str, list[int]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.thread_time_ns()
            way()
            took_ns[name].append(time.thread_time_ns() - began)
    return {name: statistics.median(values) / 1e6 for name, values in took_ns.items()}


if __name__ == "__main__":
    main()
