"""What front matter says of posts, as an operator sees it: `check`, `preview`, `explain` and a pass."""

from __future__ import annotations

import json

from site_rig import SiteRig

WORDED = {
    "shown": {"text": "Own words.", "hashtags": ["Own Tag"]},
    "mastadon": {"skip": True},
    "preview": {"title": "Network's title"},
}


def test_check_names_channels_that_are_not_there_with_their_lines(site: SiteRig) -> None:
    path = site.write(1, syndicate=WORDED)
    site.write(2, syndicate=["shown", "nws"])
    site.write(3, syndicate=["preview", "bluesky"])
    line = path.read_text(encoding="utf-8").splitlines().index("  mastadon:") + 1

    told = site.call("check")

    lines = [fault for fault in told.stderr.splitlines() if "W-SYNDICATE" in fault]
    assert told.exit_code == 0
    assert len(lines) == 2
    assert f"1.md:{line}:3: W-SYNDICATE: `syndicate` names 'mastadon'" in lines[0]
    assert "'nws', and no channel or network is called so; mend the spelling; channels are shown" in lines[1]


def test_preview_says_own_words_and_explain_where_they_come_from(site: SiteRig) -> None:
    site.write(1, syndicate=WORDED)

    shown = json.loads(site.call("preview", "1", "--json").stdout)["channels"][0]
    explained = site.call("explain", "1").stdout
    machine = json.loads(site.call("explain", "1", "--json").stdout)

    assert shown["text"] == "Own words.\n\n#OwnTag\n\nhttps://herons.example/1"
    assert "syndicate: {mastadon, preview, shown}  <- syndicate:" in explained
    assert "its front matter words: text, title, hashtags" in explained
    assert machine["channels"][0]["worded"] == ["text", "title", "hashtags"]


def test_an_item_that_opts_out_is_skipped_and_stands_in_the_feeds(site: SiteRig) -> None:
    site.configure(channels={"shown": {"network": "preview", "first_sight": "post"}})
    site.write(1, syndicate=False)
    site.write(2)

    site.call("once")
    explained = json.loads(site.call("explain", "1", "--json").stdout)

    [delivery] = explained["channels"][0]["deliveries"]
    assert (delivery["state"], delivery["code"]) == ("skipped", "opted_out")
    assert explained["channels"][0]["filtered"].startswith("opted out: ")
    assert b"Title 1" in (site.folder / "feeds" / "all" / "rss.xml").read_bytes()
    assert "not posted here: opted out" in site.call("preview", "1").stdout
