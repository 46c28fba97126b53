"""`backup`, `restore`, `migrate`: as an operator calls them, with posts that are counted on fake networks."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from site_rig import SandboxThread, SiteRig


def restored(site: SiteRig, *words: str) -> dict[str, object]:
    answer = site.ask("restore", *words)
    assert isinstance(answer, dict)
    return answer


def test_what_was_posted_after_the_backup_is_not_posted_again(posting: SiteRig, sandbox: SandboxThread) -> None:
    posting.channels = sandbox.channels("mastodon", "bluesky", "webhook")
    posting.configure()
    assert posting.call("once").exit_code == 0
    kept = posting.folder / "kept.sqlite3"
    told = posting.call("backup", str(kept))
    assert f"{kept}: 3 items" in told.stdout and "The token key is not in it" in told.stdout
    posting.write(4)
    posting.write(5)
    assert posting.call("once").exit_code == 0
    before = {name: sandbox.links(name) for name in ("mastodon", "bluesky", "webhook")}

    answer = restored(posting, str(kept))
    codes = [posting.call("once").exit_code for _ in range(3)]

    assert answer["epoch"] == 2 and answer["items"] == 3
    assert codes == [0, 0, 0]
    after = {name: sandbox.links(name) for name in ("mastodon", "bluesky")}
    assert after == {name: before[name] for name in after}
    # The receiver of webhooks heeds the key, which is the same.
    keys = [one.key for one in sandbox.posts("webhook")]
    assert len(set(keys)) == len(before["webhook"])
    states = {one["channel"]: one["states"] for one in posting.ask("status")["channels"]}
    assert {name: one.get("sent") for name, one in states.items()} == {"mastodon": 3, "bluesky": 2, "webhook": 3}


def copied_back(kept: Path, state: Path) -> None:
    """As `rm -r state; cp -a kept state` does; the new files may well get the old inodes."""
    shutil.rmtree(state)
    subprocess.run(["cp", "-a", str(kept), str(state)], check=True)


def rolled_back(kept: Path, state: Path) -> None:
    """As a snapshot of the disk does: every file is the same as before, but for what is in it."""
    for path in state.iterdir():
        if path.is_file():
            path.write_bytes((kept / path.name).read_bytes())


def without_its_feeds(kept: Path, state: Path) -> None:
    shutil.rmtree(state.parent / "feeds")
    rolled_back(kept, state)


def without_a_witness(kept: Path, state: Path) -> None:
    for folder in (state.parent / "feeds", state.parent / "elsewhere"):
        for path in folder.glob(".syndicate-state-*"):
            path.unlink()
    copied_back(kept, state)


@pytest.mark.parametrize("put_back", [copied_back, rolled_back, without_its_feeds, without_a_witness])
def test_older_state_that_was_put_back_by_hand_posts_nothing_twice(
    posting: SiteRig, sandbox: SandboxThread, put_back: Callable[[Path, Path], None]
) -> None:
    posting.channels = sandbox.channels("mastodon")
    (posting.folder / "elsewhere").mkdir()
    posting.configure(state={"witness": "elsewhere"})
    assert posting.call("once").exit_code == 0
    state, kept = posting.folder / "state", posting.folder / "kept"
    subprocess.run(["cp", "-a", str(state), str(kept)], check=True)
    posting.write(4)
    assert posting.call("once").exit_code == 0
    before = sandbox.links("mastodon")

    put_back(kept, state)
    told = posting.call("once")
    codes = [posting.call("once").exit_code for _ in range(2)]

    assert "state_restored" in told.stderr
    assert (told.exit_code, codes) == (0, [0, 0])
    assert sandbox.links("mastodon") == before and len(before) == 2


def test_missing_witness_is_no_alarm(posting: SiteRig, sandbox: SandboxThread) -> None:
    assert posting.call("once").exit_code == 0
    shutil.rmtree(posting.folder / "feeds")

    told = posting.call("once")

    assert (told.exit_code, "state_restored" in told.stderr) == (0, False)


def test_restore_is_refused_beside_a_publisher_and_for_what_is_no_backup(site: SiteRig) -> None:
    assert site.call("once").exit_code == 0
    kept = site.folder / "kept.sqlite3"
    assert site.ask("backup", str(kept))["schema"]
    with site.running() as process:
        beside = site.call("restore", str(kept))
        migrating = site.call("migrate")
    kept.write_bytes(b"something else")
    spoilt = site.call("restore", str(kept))

    assert (beside.exit_code, migrating.exit_code, spoilt.exit_code) == (75, 75, 78)
    assert f"process {process.pid}, started " in beside.stderr
    assert "its digest differs" in spoilt.stderr


def test_backup_has_a_name_of_its_own_and_restore_tells_what_it_did(site: SiteRig) -> None:
    nothing = site.call("backup")
    assert (nothing.exit_code, site.call("migrate").exit_code) == (2, 2)
    assert "nothing to keep" in nothing.stderr and not (site.folder / "state").exists()
    site.call("once")

    answer = site.ask("backup")
    told = site.call("restore", answer["file"])

    assert Path(answer["file"]).parent == site.folder / "state" / "backups"
    assert json.loads(Path(answer["manifest"]).read_text())["digest"] == answer["digest"]
    assert "the former state is kept in" in told.stdout
    assert "is looked up before anything is sent" in told.stdout


def test_migrate_tells_from_where_to_where(site: SiteRig) -> None:
    site.call("once")
    path = site.folder / "state" / "outbox.sqlite3"
    assert "already" in site.call("migrate").stdout
    answer = site.ask("migrate")
    assert answer["from"] == answer["to"] and answer["kept"] is None

    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    newer = site.call("migrate")
    assert (newer.exit_code, "use the newer version" in newer.stderr) == (78, True)


def test_those_who_only_look_make_and_migrate_no_state(site: SiteRig) -> None:
    for words in (["status"], ["explain", "1.md"], ["held", "list"], ["feeds", "list"], ["backfill", "--dry-run"]):
        assert site.call(*words).exit_code == 0, words
    assert not (site.folder / "state").exists()

    site.call("once")
    path = site.folder / "state" / "outbox.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    before = sorted((one.name, one.read_bytes()) for one in path.parent.iterdir())
    for words in (["status"], ["explain", "1.md"], ["held", "list"]):
        refused = site.call(*words)
        assert (refused.exit_code, "call `syndicate migrate`" in refused.stderr) == (78, True), words
    assert sorted((one.name, one.read_bytes()) for one in path.parent.iterdir()) == before
