"""First sights at counts: what stands in a store, is edited or moved posts nothing; backups post nothing twice.

`PYTHONPATH=tests .venv/bin/python tests/kill/counts.py --items 10000 --changes 1000`

Real commands on real files, in the order of the table that is printed; posts are counted by the network itself.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from site_rig import SandboxThread, SiteRig, environment

CHANNEL = "mastodon"
NEW, BACKFILLED, AFTER_BACKUP = 5, 20, 5


@dataclass
class Trial:
    """A site, its network, and what each step came to: words, what it should give, and what it gave."""

    site: SiteRig
    sandbox: SandboxThread
    items: int
    changes: int
    chance: random.Random
    results: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def is_kept(self) -> bool:
        """Whether each step gave what it should."""
        return all(wanted == found for _, wanted, found in self.results)

    def call(self, *words: str) -> Any:
        """A command in a process of its own; what it reports."""
        command = [sys.executable, "-m", "syndicate", *words, "--config", str(self.site.config), "--json"]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
        assert done.returncode in {0, 3}, done.stderr
        return json.loads(done.stdout)

    def posts(self) -> int:
        """How many posts the network has."""
        return len(self.sandbox.links(CHANNEL))

    def doubles(self) -> int:
        """How many posts too many."""
        return sum(number - 1 for number in Counter(self.sandbox.links(CHANNEL)).values())

    def step(self, words: str, deed: Callable[[], object], wanted: int) -> None:
        """Do something and count the posts that come of it."""
        before = self.posts()
        deed()
        self.results.append((words, wanted, self.posts() - before))

    def once(self) -> None:
        """Passes until nothing is owed that is due."""
        for _ in range(20):
            self.call("once")
            [channel] = self.call("status")["channels"]
            if not channel["states"].get("planned") and not channel["states"].get("unknown"):
                return
        raise AssertionError("something is owed for ever")

    def run(self) -> None:
        """All steps."""
        self.step(f"first sight of a store with {self.items:,} items", self._first_sight, 0)
        self.step(f"{NEW} new items", lambda: self._write(self.items + 1, NEW), NEW)
        self.step(f"{self.changes:,} edits", lambda: self._change(self._edit), 0)
        self.step(f"{self.changes:,} renames", lambda: self._change(self._rename), 0)
        self.step(f"{self.changes:,} moves to other folders", lambda: self._change(self._move), 0)
        self.step(f"a backfill of {BACKFILLED}", self._backfill, BACKFILLED)
        self.step("the same backfill again", self._backfill, 0)
        rows = self.call(*self._asked(), "--dry-run")["channels"][0]
        self.results.append(("rows that the second backfill plans", 0, len(rows["items"])))
        kept = self.site.folder / "kept.sqlite3"
        self.call("backup", str(kept))
        self.step(
            f"{AFTER_BACKUP} items after a backup", lambda: self._write(self.items + 101, AFTER_BACKUP), AFTER_BACKUP
        )
        self.step("that old backup, restored", lambda: self._restored(kept), 0)
        self.results.append(("posts that stand twice", 0, self.doubles()))

    def _first_sight(self) -> None:
        for number in range(1, self.items + 1):
            self._item(number, f"{number % 50:02}/news-{number}.md")
        self.once()
        assert self.call("status")["items"] == self.items, "all of them are seen"

    def _write(self, first: int, number: int) -> None:
        for one in range(first, first + number):
            self._item(one, f"news-{one}.md")
        self.once()

    def _item(self, number: int, name: str) -> None:
        """An item of two hours ago or more, the higher its number the younger."""
        at = datetime.now(UTC) - timedelta(hours=2, seconds=max(0, self.items - number))
        self.site.write(number, name=name, date=at.isoformat())

    def _files(self) -> list[Path]:
        return sorted((self.site.folder / "content").rglob("*.md"))

    def _change(self, change: Callable[[Path], None]) -> None:
        """So many files, those that were posted among them."""
        files = self._files()
        posted = [path for path in files if path.stem in {f"news-{self.items + number + 1}" for number in range(NEW)}]
        rest = [path for path in files if path not in posted]
        for path in [*posted, *self.chance.sample(rest, max(0, self.changes - len(posted)))]:
            change(path)
        self.once()

    def _edit(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("title: Title", "title: New title").replace("Body.", "Another body."), "utf-8")

    def _rename(self, path: Path) -> None:
        path.rename(path.with_name(f"{path.stem}-renamed-to-something-else.md"))

    def _move(self, path: Path) -> None:
        folder = self.site.folder / "content" / "moved" / path.stem[-2:]
        folder.mkdir(parents=True, exist_ok=True)
        path.rename(folder / path.name)

    def _asked(self) -> tuple[str, ...]:
        return ("backfill", "--limit", str(BACKFILLED), "--oldest", "--gap", "0s")

    def _backfill(self) -> None:
        self.call(*self._asked(), "--yes")
        self.once()

    def _restored(self, kept: Path) -> None:
        self.call("restore", str(kept))
        self.once()


def trials(folder: Path, items: int, changes: int, seed: int) -> Iterator[Trial]:
    """One trial, with its network beside."""
    sandbox = SandboxThread()
    try:
        site = SiteRig(folder, sandbox.channels(CHANNEL), {"feeds": {"formats": ["json"], "kinds": []}})
        yield Trial(site, sandbox, items, changes, random.Random(seed))
    finally:
        sandbox.close()


def main() -> int:
    """Run; 1 if a step gave anything else than it should."""
    parser = argparse.ArgumentParser(description="First sights, changes, backfills and restores at counts.")
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="counts-"))
    try:
        for trial in trials(folder / "site", asked.items, asked.changes, asked.seed):
            trial.run()
            for words, wanted, found in trial.results:
                print(f"{'ok ' if wanted == found else 'BAD'}  {words}: {found} (wanted {wanted})")
            return 0 if trial.is_kept else 1
    finally:
        shutil.rmtree(folder)
    return 1


if __name__ == "__main__":
    sys.exit(main())
