import json
from pathlib import Path

import pytest

from syndicate.errors import CannotWrite
from syndicate.sandbox.truth import Action, Entry, LoggedMedium, Truth, summary_of


def entry(action: Action = Action.POST, *, key: str | None = "k1", link: str | None = "l1", medium: str = "") -> Entry:
    media = (LoggedMedium(medium, "alt", 10, 2, 1, "image/png", "00"),) if medium else ()
    return Entry("2026-01-02T03:04:05Z", "mastodon", "news", action, key, "1", None, "Héllo", link, media, "ab")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_an_entry_is_on_the_disk_when_append_returns(tmp_path: Path) -> None:
    truth = Truth(tmp_path / "new")
    await truth.append(entry(medium="m1"))

    line = json.loads((tmp_path / "new" / "truth.jsonl").read_text())
    truth.close()

    assert (line["action"], line["key"], line["text"]) == ("post", "k1", "Héllo")
    assert line["media"] == [
        {"id": "m1", "alt": "alt", "bytes": 10, "width": 2, "height": 1, "type": "image/png", "sha256": "00"}
    ]
    assert truth.lines() == (tmp_path / "new" / "truth.jsonl").read_text()


async def test_a_log_is_kept_when_another_begins(tmp_path: Path) -> None:
    for _ in range(3):
        truth = Truth(tmp_path)
        await truth.append(entry())
        truth.close()

    assert names_in(tmp_path) == ["truth.1.jsonl", "truth.2.jsonl", "truth.jsonl"]


async def test_a_reset_begins_a_new_log(tmp_path: Path) -> None:
    truth = Truth(tmp_path)
    await truth.append(entry())
    await truth.reset()

    assert len(truth) == 0
    assert (tmp_path / "truth.jsonl").read_text() == ""
    assert len((tmp_path / "truth.1.jsonl").read_text().splitlines()) == 1
    truth.close()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")

    with pytest.raises(CannotWrite, match="--state"):
        Truth(blocker / "folder")


async def test_posts_are_found_by_network_and_account() -> None:
    truth = Truth(None)
    await truth.append(entry())
    await truth.append(entry(Action.REPEAT))

    assert len(truth.posts("mastodon")) == len(truth.posts("mastodon", "news")) == 1
    assert truth.posts("mastodon", "other") == truth.posts("bluesky") == ()


def test_the_summary_counts_by_key_and_link() -> None:
    summary = summary_of((entry(), entry(Action.REPEAT), entry(key="k2"), entry(Action.EDIT, key=None)))

    assert summary["counts"] == {"mastodon": {"post": 2, "repeat": 1, "edit": 1}}
    assert [(row["key"], row["post"], row["repeat"]) for row in summary["keys"]] == [("k1", 1, 1), ("k2", 1, 0)]
    (link,) = summary["links"]
    assert (link["link"], link["post"], link["edit"]) == ("l1", 2, 1)
    assert summary["duplicates"] == [link]


def test_uploads_that_no_post_uses_are_orphans() -> None:
    upload = {"key": None, "link": None}
    entries = (entry(Action.MEDIA, medium="m1", **upload), entry(Action.MEDIA, medium="m2", **upload))

    assert summary_of(entries)["orphan_media"] == 2
    assert summary_of((*entries, entry(medium="m1")))["orphan_media"] == 1
    assert summary_of(entries)["keys"] == summary_of(entries)["links"] == []
