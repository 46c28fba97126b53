"""Passes killed with SIGKILL while items come, change and go: the next whole pass mends the shelf."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from site_rig import SiteRig, end, until

KILLS = 3
FEEDS = {"size": 2, "keeps_empty": False, "kinds": ["section", "topic", "tag"]}


def shelf(site: SiteRig) -> dict[str, bytes]:
    folder = site.folder / "feeds"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("[!.]*") if path.is_file()}


def stamps(site: SiteRig) -> set[tuple[str, int]]:
    """Every file of the shelf, finished or not, with its time."""
    found = set()
    for path in (site.folder / "feeds").rglob("*"):
        try:
            found.add((path.name, path.stat().st_mtime_ns))
        except FileNotFoundError:  # renamed into its place
            continue
    return found


def change(site: SiteRig, number: int, chance: random.Random) -> None:
    """One item comes, one reads otherwise and stands elsewhere, one goes."""
    site.write(number, tags=[f"tag {number % 2}"])
    standing = sorted(path.name for path in (site.folder / "content").glob("[0-9]*.md"))
    edited, gone = chance.sample(standing, 2)
    site.write(int(edited.removesuffix(".md")), title=f"Edited {number}", section="Opinion", categories=["Reeds"])
    (site.folder / "content" / gone).unlink()


def kill_a_pass(site: SiteRig, writes: int) -> bool:
    """Kill a pass when it wrote so many files; tells whether it still ran."""
    before = stamps(site)
    process = site.start("once")
    try:
        until(lambda: len(stamps(site) - before) >= writes or process.poll() is not None, "a pass that writes")
        return process.poll() is None
    finally:
        end(process, 9)


def test_one_pass_mends_a_shelf_that_killed_passes_left(tmp_path: Path) -> None:
    chance = random.Random(6721)
    site = SiteRig(tmp_path / "site", more={"feeds": FEEDS})
    for number in range(1, 8):
        site.write(number)
    kills = []
    for number in range(8, 8 + KILLS):
        kills.append(kill_a_pass(site, chance.randint(1, 40)))
        change(site, number, chance)

    site.ask("once")

    anew = SiteRig(tmp_path / "anew", more={"feeds": FEEDS})
    shutil.copytree(site.folder / "content", anew.folder / "content", dirs_exist_ok=True)
    anew.ask("once")
    assert any(kills)
    assert shelf(site) == shelf(anew)
    assert site.ask("feeds", "verify")["faults"] == []
