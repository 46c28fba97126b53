"""`check` and `preview` look once: they take files as they are, also those written this moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from PIL import Image as Pictures

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


def test_preview_writes_the_card_image_where_asked(site: SiteRig) -> None:
    site.configure(cards={"image": {"enabled": True}})
    site.write(7, title="Written this moment")
    target = site.folder / "card.jpg"

    result = site.call("preview", "7", "--card", str(target))

    assert result.exit_code == 0
    with Pictures.open(target) as card:
        assert (card.format, card.size) == ("JPEG", (1200, 630))


def test_preview_tells_that_there_is_no_card_image_or_no_place_for_it(site: SiteRig) -> None:
    site.configure(cards={"image": {"enabled": True}})
    site.write(7)

    nowhere = site.call("preview", "7", "--card", str(site.folder / "gone" / "card.jpg"))
    site.configure(cards={"image": {"enabled": False}})
    none = site.call("preview", "7", "--card", str(site.folder / "card.jpg"))

    assert (nowhere.exit_code, none.exit_code) == (73, 2)
    assert "has no card image by these settings" in none.stderr
