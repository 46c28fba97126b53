"""Damages files of several schemas and checks that none is lost, crashes the reader or takes too much.

    .venv/bin/python tests/fuzz/mutate.py --files 10000 --seed 1
    .venv/bin/python tests/fuzz/mutate.py --minutes 10
    .venv/bin/python tests/fuzz/mutate.py --seed 1 --only 4711      reads that file again and shows it

Each batch runs in a process of its own, whose memory is limited and measured. What fails is kept below `.fuzz/`.
Ends with 1 if a file failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

from fuzz.judge import Wrong, judge  # noqa: E402 - the path comes first
from fuzz.mutations import mutated  # noqa: E402

LIMIT_BYTES = 200 * 1024 * 1024
BATCH = 1000


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000, help="how many (default 10000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other files (default 1)")
    parser.add_argument("--minutes", type=float, help="go on for so long, instead of --files")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one file of the seed")
    parser.add_argument("--json", action="store_true", help="the result for programs")
    parser.add_argument("--keep", type=Path, default=ROOT / ".fuzz", help="folder for what fails (default .fuzz)")
    parser.add_argument("--batch", type=int, nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.batch:
        return work(chosen.seed, *chosen.batch)
    if chosen.only is not None:
        return show(chosen.seed, chosen.only)
    result = run(chosen.seed, chosen.files, chosen.minutes, chosen.keep)
    print(json.dumps(result, indent=2) if chosen.json else told(result))
    return 1 if result["failed"] else 0


def run(seed: int, files: int, minutes: float | None, keep: Path) -> dict[str, object]:
    """All batches, one after the other."""
    began = time.monotonic()
    kinds: Counter[str] = Counter()
    failed: list[dict[str, object]] = []
    slowest_s, peak_bytes, at = 0.0, 0, 0
    while time.monotonic() - began < minutes * 60 if minutes else at < files:
        count = BATCH if minutes else min(BATCH, files - at)
        command = [sys.executable, __file__, "--seed", str(seed), "--batch", str(at), str(at + count)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode != 0 or not lines or "kinds" not in lines[-1]:
            last = lines[-1].get("number", at) if lines else at
            failed.append({"number": last, "wrong": f"the process ended with {done.returncode}: {done.stderr[-2000:]}"})
        else:
            kinds.update(lines[-1]["kinds"])
            slowest_s = max(slowest_s, lines[-1]["slowest_s"])
            peak_bytes = max(peak_bytes, lines[-1]["peak_bytes"])
        failed += [line for line in lines if "wrong" in line]
        at += count
    for failure in failed:
        keep.mkdir(exist_ok=True)
        (keep / f"{seed}-{failure['number']}.md").write_bytes(mutated(seed, int(str(failure["number"])))[1])
    return {
        "seed": seed,
        "files": at,
        "failed": failed,
        "kinds": dict(kinds.most_common()),
        "slowest_s": round(slowest_s, 3),
        "peak_mib": round(peak_bytes / 2**20),
        "took_s": round(time.monotonic() - began, 1),
    }


def work(seed: int, begin: int, end: int) -> int:
    """One batch, in this process; tells on stdout what failed, and at the end what became of the files."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))  # a bomb ends here, not with the machine
    kinds: Counter[str] = Counter()
    slowest_s, peak = 0.0, 0
    for number in range(begin, end):
        preset, content = mutated(seed, number)
        try:
            verdict = judge(content, preset)
        except Wrong as error:
            print(json.dumps({"number": number, "wrong": str(error)}), flush=True)
            continue
        except Exception:  # the crash that is looked for
            print(json.dumps({"number": number, "wrong": traceback.format_exc()}), flush=True)
            continue
        kinds[verdict.kind] += 1
        slowest_s = max(slowest_s, verdict.took_s)
        former, peak = peak, peak_bytes()
        if former <= LIMIT_BYTES < peak:
            print(json.dumps({"number": number, "wrong": f"took {peak >> 20} MiB"}), flush=True)
    print(json.dumps({"kinds": kinds, "slowest_s": slowest_s, "peak_bytes": peak}))
    return 0


def peak_bytes() -> int:
    """The most memory that this program had. On Linux `ru_maxrss` holds what the parent had before, too."""
    import resource

    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) * 1024


def show(seed: int, number: int) -> int:
    """One file: its content, and what becomes of it."""
    preset, content = mutated(seed, number)
    sys.stdout.buffer.write(content + b"\n")
    print(f"=== preset {preset}, {len(content)} bytes", flush=True)
    try:
        print(judge(content, preset))
    except Wrong as error:
        print(f"FAILED: {error}")
        return 1
    return 0


def told(result: dict[str, object]) -> str:
    lines = [f"{result['files']} files of seed {result['seed']} in {result['took_s']} s"]
    lines += [f"  {count:6} {kind}" for kind, count in dict(result["kinds"]).items()]
    lines.append(f"slowest {result['slowest_s']} s of CPU, peak {result['peak_mib']} MiB")
    for failure in list(result["failed"]):
        lines.append(f"FAILED --seed {result['seed']} --only {failure['number']}: {failure['wrong']}")
    lines.append(f"{len(list(result['failed']))} failed")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
