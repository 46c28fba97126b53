"""A disk that is full, becomes read-only, or a state that another process holds: nothing is lost, nothing sent twice.

`PYTHONPATH=tests .venv/bin/python tests/kill/disks.py --items 40 --rounds 3`

The site lies on a small file system of its own (tmpfs), which takes the right to mount; who has it not is put into a
user namespace where that is allowed. Trouble comes in the middle of deliveries, whose answers are slow. While it lasts,
the publisher says what is wrong; when it is over, it goes on by itself. Posts are counted by the network.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from site_rig import SandboxThread, SiteRig, end, until
from syndicate.sandbox.faults import Effect, InjectedFault

CHANNELS = ("mastodon", "bluesky", "webhook")
DISK_MIB = 160
SLOW_MS = 300
PATIENCE_S = 180.0


@dataclass(frozen=True)
class Result:
    """What came of one trial: counts of posts, and what the publisher said meanwhile."""

    case: str
    owed: int
    posted: int
    lost: int
    twice: int
    waiting: int
    words: tuple[str, ...]

    @property
    def is_kept(self) -> bool:
        """Whether the promise held, and the trouble was told."""
        return self.lost == self.twice == self.waiting == 0 and bool(self.words)


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """A small file system of its own at a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def can_mount() -> bool:
    """Whether this process may have a disk of its own."""
    folder = Path(tempfile.mkdtemp(prefix="disk-"))
    try:
        with disk(folder):
            return True
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False
    finally:
        folder.rmdir()


@contextmanager
def full(site: SiteRig) -> Iterator[str]:
    """Every byte of the disk is taken."""
    ballast = site.folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (2**20, 4096):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    try:
        yield "full"
    finally:
        ballast.unlink()


@contextmanager
def read_only(site: SiteRig) -> Iterator[str]:
    """Nothing can be written any more, as after an error of the disk."""
    # With open files the kernel refuses a plain remount; the database file is what matters, and it is bound read-only.
    state = site.folder / "state"
    subprocess.run(["mount", "--bind", str(state), str(state)], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", str(state)], check=True)
    try:
        yield "read-only"
    finally:
        subprocess.run(["umount", "-l", str(state)], check=True)


@contextmanager
def locked(site: SiteRig) -> Iterator[str]:
    """Another process holds the database for longer than anybody waits."""
    with closing(sqlite3.connect(site.folder / "state" / "outbox.sqlite3", isolation_level=None)) as holder:
        while True:
            try:
                holder.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError:
                time.sleep(0.01)
        try:
            yield "locked"
        finally:
            holder.execute("ROLLBACK")


CASES: dict[str, tuple[Callable[[SiteRig], object], float]] = {
    "full": (full, 8.0),
    "read-only": (read_only, 8.0),
    "locked": (locked, 15.0),
}
"""Each trouble with how long it lasts."""


def tried(case: str, folder: Path, items: int, chance: random.Random) -> Result:
    """One trial."""
    trouble, lasts_s = CASES[case]
    sandbox = SandboxThread()
    try:
        with disk(folder / "site"):
            (folder / "site" / "process.log").symlink_to(folder / "log")  # what is said must find room
            site = SiteRig(folder / "site", sandbox.channels(*CHANNELS))
            site.configure(server={"enabled": False}, feeds={"formats": ["json"], "kinds": []})
            site.configure(delivery={"most_new": None, "retry_first": "0.2s", "retry_longest": "1s", "retries": 100})
            assert site.call("once").exit_code == 0
            sandbox.arm(
                InjectedFault(network="*", route="post", effect=Effect.SLOW_AFTER, delay_ms=SLOW_MS, times=None)
            )
            with site.running() as process:
                for number in range(1, items + 1):
                    site.write(number)
                until(lambda: len(sandbox.posts()) > chance.randrange(1, items), "the first posts")
                with trouble(site):  # type: ignore[attr-defined]  # each is a context
                    time.sleep(lasts_s)
                    words = tuple(_words(site))
                sandbox.arm()
                until(lambda: _is_settled(site), "all to be settled", PATIENCE_S)
                assert end(process) == 0, site.log()
            return _counted(case, site, sandbox, items, words)
    finally:
        sandbox.close()


def _words(site: SiteRig) -> Iterator[str]:
    """What the publisher said of the trouble."""
    for line in site.log().splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            if told["level"] in {"error", "warning"}:
                last_line = told.get("exception", "").strip().rpartition("\n")[2]
                yield f"{told['event']}: {told.get('reason') or last_line}"


def _is_settled(site: SiteRig) -> bool:
    if site.call("status").exit_code != 0:
        return False
    states = [one["states"] for one in site.ask("status")["channels"]]
    owed = ("planned", "claimed", "sending", "unknown")
    return len(states) == len(CHANNELS) and not any(one.get(state) for one in states for state in owed)


def _counted(case: str, site: SiteRig, sandbox: SandboxThread, items: int, words: tuple[str, ...]) -> Result:
    wanted = {f"https://herons.example/{number}" for number in range(1, items + 1)}
    posted = lost = twice = 0
    for name in CHANNELS:
        # The receiver of webhooks heeds keys: the same one is the same post.
        posts = [
            (one.link, one.key if name == "webhook" else str(place)) for place, one in enumerate(sandbox.posts(name))
        ]
        counts = Counter(str(link) for link, _ in set(posts))
        posted += sum(counts.values())
        twice += sum(number - 1 for number in counts.values())
        lost += len(wanted - counts.keys())
    return Result(case, items * len(CHANNELS), posted, lost, twice, len(site.ask("held", "list")), words)


def main() -> int:
    """Run; 1 if the promise broke."""
    parser = argparse.ArgumentParser(description="Full, read-only and locked disks under a publisher at work.")
    parser.add_argument("--items", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", choices=tuple(CASES), action="append")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if not can_mount():
        if os.environ.get("IN_NAMESPACE"):
            print("no disk can be mounted here")
            return 2
        command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, *sys.argv]
        return subprocess.run(command, env=os.environ | {"IN_NAMESPACE": "1"}, check=False).returncode
    chance, is_kept = random.Random(asked.seed), True
    for case in asked.case or CASES:
        for _ in range(asked.rounds):
            folder = Path(tempfile.mkdtemp(prefix="disk-"))
            try:
                result = tried(case, folder, asked.items, chance)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            counts = f"{result.owed} owed, {result.posted} posted, {result.lost} lost, {result.twice} twice"
            print(f"{'ok ' if result.is_kept else 'BAD'}  {case}: {counts}, {result.waiting} held; said:")
            print("\n".join(f"       {line}" for line in sorted(set(result.words))))
            is_kept = is_kept and result.is_kept
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
