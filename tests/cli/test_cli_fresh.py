"""`check` and `preview` look once: they take files as they are, also those written this moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from site_rig import SiteRig

JUST_NOW = timedelta(0)
TOMORROW = timedelta(days=-1)


@pytest.mark.parametrize("age", [JUST_NOW, TOMORROW])
def test_check_sees_a_broken_file_at_once(site: SiteRig, age: timedelta) -> None:
    before = site.ask("check")["files"]
    site.put("broken.md", b"---\ntitle: T\n", age=age)

    report = site.ask("check", code=65)

    assert report["files"] == before + 1
    assert [fault["code"] for fault in report["faults"]] == ["E-FRONTMATTER-UNCLOSED"]


@pytest.mark.parametrize("age", [JUST_NOW, TOMORROW])
def test_preview_shows_an_item_at_once(site: SiteRig, age: timedelta) -> None:
    site.write(7, age=age, title="Written this moment")

    [channel] = site.ask("preview", "7")["channels"]

    assert channel["card"]["title"] == "Written this moment"
