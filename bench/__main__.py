"""Measures each goal of speed against peers on one store, and prints the ratios.

    python3 run.py bench [--items 10000] [--topics 1000] [--against hugo,plain,nginx] [--goal N ...] [--rounds 3]
                         [--folder FOLDER] [--keep] [--json]
    python3 run.py bench --hot [PYTEST'S OPTIONS]

1 all feeds from nothing   2 one new item       3 a pass without changes   4 as 1, with 100,000 items
5 serving a feed           6 the outbox         7 card images, the loop    8 starting

Of 5: answers a second and the server's CPU for a thousand of them, against aiohttp's own files and nginx; how long 500
readers wait while all is built anew (of nginx's: while it is built beside, which is what the machine allows); what is
compressed once. Of 7: how late the loop wakes its tasks in a cold build. `--hot` times single functions by
pytest-benchmark: reading a file, making an entry, casting it, fitting a post, matching a request.

Sides take turns, and have to agree on what they made. Peers that are missing are installed where that is allowed
(Debian's packages, as root), or left out. `--keep` adds the ratios to `bench/history.jsonl`. What the machine does
besides moves all numbers: ratios of one run are worth more than seconds, and CPU more than wall time.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import syndicate
from arrival import arrive
from building import build, prepared
from corpus import Corpus
from idle import idle
from lag import lag
from peers import Missing, python
from serving import serve
from starting import start

BENCH = Path(__file__).resolve().parent
HISTORY = BENCH / "history.jsonl"
GOALS = {
    1: "all feeds from nothing",
    2: "one new item",
    3: "a pass without changes",
    4: "all feeds of 100,000 items from nothing",
    5: "serving a feed",
    6: "the outbox",
    7: "card images, and the loop in a cold build",
    8: "starting",
}
USUAL = (1, 2, 3, 5, 6, 7, 8)
MANY_ITEMS = 100_000
PEERS = ("hugo", "plain", "nginx")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="run.py bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=_count, default=10_000)
    parser.add_argument("--topics", type=_count, default=1_000)
    parser.add_argument("--against", type=_peers, default=PEERS, help="peers, by commas; empty: none")
    parser.add_argument("--goal", type=int, action="append", choices=GOALS, help="only this one; may be repeated")
    parser.add_argument("--rounds", type=_count, default=3)
    parser.add_argument("--folder", type=Path, help="where the store is made, and kept for the next call")
    parser.add_argument("--keep", action="store_true", help="add the ratios to the history")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--hot", action="store_true", help="only single functions; other options are pytest's")
    chosen, others = parser.parse_known_args()
    if chosen.hot:
        return hot(others)
    if others:
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    try:
        if chosen.folder:
            chosen.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--folder: {chosen.folder} cannot be made ({error.strerror}): name a place that can be written")
    # Installed programs are compiled once; here the first start, or every one, would compile all of this one.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(Path(syndicate.__file__).parent, quiet=2)
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as scratch:
        Path(scratch).chmod(0o755)
        folder = chosen.folder.absolute() if chosen.folder else Path(scratch)
        reports = []
        for goal in chosen.goal or USUAL:
            report = measured(goal, chosen, folder)
            reports.append(report)
            if not chosen.json:
                tell(report)
            if chosen.keep:
                keep(report)
    if chosen.json:
        print(json.dumps(reports))
    return 0


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number of 1 or more")
    return int(text)


def _peers(text: str) -> tuple[str, ...]:
    named = tuple(filter(None, text.split(",")))
    unknown = sorted(set(named) - set(PEERS))
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is not known (choose from {', '.join(PEERS)})")
    return named


def measured(goal: int, chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One goal's report."""
    items = MANY_ITEMS if goal == 4 else chosen.items
    corpus = Corpus(items, chosen.topics)
    report: dict[str, Any] = {"goal": goal, "name": GOALS[goal], "items": items, "topics": chosen.topics}
    if goal == 6:
        return report | _other("outbox.py", "--deliveries", "1000", "--finished", "100000")
    place = prepared(corpus, folder)
    try:
        if goal in (1, 4):
            return report | build(corpus, place, chosen.against, chosen.rounds)
        if goal == 2:
            return report | arrive(corpus, place, chosen.against, chosen.rounds)
        if goal == 3:
            return report | idle(corpus, place, chosen.rounds)
        if goal == 5:
            return report | serve(corpus, place, chosen.against, chosen.rounds)
        if goal == 7:
            return report | _other("card_images.py") | {"sides": {"the loop": lag(place, chosen.rounds)}}
        return report | start(corpus, place, chosen.rounds)
    except Missing as reason:
        return report | {"left_out": str(reason), "sides": {}, "ratios": {}, "wanted": {}}


def _other(script: str, *arguments: str) -> dict[str, Any]:
    """What a script with a JSON report of its own finds."""
    command = [python(), str(BENCH / script), "--json", *arguments]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return {"found": found, "sides": {}, "ratios": {}, "wanted": {}}


def hot(options: Sequence[str]) -> int:
    """Time single functions; gives pytest's exit code."""
    command = [python(), "-Pm", "pytest", "-c", str(BENCH / "hot.ini"), *options, str(BENCH / "hot.py")]
    return subprocess.run(command, check=False).returncode


def tell(report: dict[str, Any]) -> None:
    """One goal's report for people."""
    print(f"\n{report['goal']} {report['name']}: {report['items']} items, {report['topics']} topics")
    for word in ("same", "left_out"):
        if report.get(word):
            print(f"  {word.replace('_', ' ')}: {report[word]}")
    if report.get("found"):
        print(json.dumps(report["found"], indent=2))
    for side, values in report["sides"].items():
        print(f"  {side:14}" + "".join(f" {name} {_three(found)}" for name, found in values.items()))
    for peer, values in report["ratios"].items():
        for name, found in values.items():
            wanted = report["wanted"].get(peer, {}).get(name)
            print(f"  ours / {peer}, {name}: {_three(found)}" + (f" (wanted {wanted})" if wanted else ""))
    sys.stdout.flush()


def _three(found: dict[str, float]) -> str:
    return f"{found['median']:.3g} ({found['min']:.3g} to {found['max']:.3g})"


def keep(report: dict[str, Any]) -> None:
    """Add what can be compared over time to the history: ratios, not seconds."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=BENCH, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    line = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        **{name: report[name] for name in ("goal", "items", "topics")},
        "ratios": {
            peer: {name: _rounded(found) for name, found in values.items()} for peer, values in report["ratios"].items()
        },
    }
    if line["ratios"]:
        with HISTORY.open("a", encoding="utf-8") as history:
            history.write(json.dumps(line) + "\n")


def _rounded(found: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in found.items()}


if __name__ == "__main__":
    sys.exit(main())
