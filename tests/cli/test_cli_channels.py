"""`channels` and `preview`: what is proven of a channel, what a post costs, and what each network would do."""

from __future__ import annotations

from pathlib import Path

import pytest

from site_rig import SandboxThread, SiteRig, picture
from syndicate.channels.mastodon import Mastodon
from syndicate.errors import Transient, Unknown
from syndicate.outbox.delivery import Receipt

X = {"network": "x", "account": "marshnotes", "token": "x-token"}
INSTAGRAM = {"network": "instagram", "account": "marshnotes", "token": "ig-token"}
SLACK = {"network": "slack", "url": "https://hooks.slack.com/services/T0/B0/the-secret-part"}
TEAMS = {"network": "teams", "url": "https://prod-00.logic.azure.com/workflows/1/invoke?sig=the-secret-part"}


@pytest.mark.parametrize("settings", [SLACK, TEAMS])
def test_a_webhook_that_nobody_asked_is_not_called_working(site: SiteRig, settings: dict[str, str]) -> None:
    site.channels = {"team": settings}
    site.configure()

    told, as_json = site.call("channels", "test", "team"), site.ask("channels", "test", "team")

    assert told.exit_code == 0
    assert "works" in told.stdout and "team: works" not in told.stdout
    assert "whether it works is not known" in told.stdout
    assert as_json["is_proven"] is False


@pytest.fixture
def mastodon(site: SiteRig, sandbox: SandboxThread) -> str:
    site.channels = sandbox.channels("mastodon")
    site.configure()
    [name] = site.channels
    return name


def test_a_test_post_that_stays_is_told_with_its_address(
    site: SiteRig, mastodon: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(self: Mastodon, receipt: Receipt) -> None:
        raise Transient("503")

    monkeypatch.setattr(Mastodon, "delete", fails)

    told = site.call("channels", "test", mastodon, "--private")

    assert told.exit_code == 69
    assert "503; the test post is still there: http" in told.stderr


def test_a_test_post_whose_answer_was_lost_is_looked_for_and_taken_away(
    site: SiteRig, sandbox: SandboxThread, mastodon: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = Mastodon.publish

    async def loses(self: Mastodon, payload: bytes, key: str) -> Receipt:
        await publish(self, payload, key)
        raise Unknown("no answer")

    monkeypatch.setattr(Mastodon, "publish", loses)

    found = site.ask("channels", "test", mastodon, "--private")
    done = [one.action.value for one in sandbox.running.truth if one.network == "mastodon"]
    monkeypatch.setattr(Mastodon, "find", lambda *_: _nothing())
    lost = site.call("channels", "test", mastodon, "--private")

    assert found["test_post"].startswith("http")
    assert done == ["post", "delete"]
    assert lost.exit_code == 69
    assert "look for 'A test of Marsh Notes', and take it away by hand" in lost.stderr


async def _nothing() -> None:
    return None


def test_what_a_post_costs_is_listed(site: SiteRig) -> None:
    site.channels |= {"news_x": {**X, "budget_per_day": 1, "budget_per_month": "20.50"}}
    site.configure()

    told, as_json = site.call("channels", "list"), site.ask("channels", "list")

    assert "0.200 USD, at most 1 a day, at most 20.50 a month" in told.stdout and "nothing" in told.stdout
    assert [one["price"] for one in as_json] == [{"amount": "0.200", "currency": "USD"}, None]


def test_preview_tells_what_a_post_costs_and_who_would_post_none(site: SiteRig) -> None:
    site.channels |= {"news_x": X, "news_instagram": INSTAGRAM, "tight": {"network": "preview", "folder": "tight"}}
    site.channels["tight"] |= {"limit": 100, "template": "x" * 90 + " {{ link }}"}
    site.configure()
    site.write(7)

    told = site.call("preview", "7").stdout
    on_instagram, on_x, shown, tight = site.ask("preview", "7")["channels"]

    assert "news_instagram (instagram): not posted: instagram takes no post without an image" in told
    assert "costs: 0.200 USD" in told
    assert "tight (preview): not posted: cannot be composed: " in told
    assert (shown["price"], shown["not_posted"]) == (None, None)
    assert on_x["price"] == {"amount": "0.200", "currency": "USD"}
    assert on_instagram["not_posted"].endswith("and the item has none") and "text" not in on_instagram
    assert tight["not_posted"].startswith("cannot be composed")


def test_preview_shows_the_picture_that_a_network_fetches(site: SiteRig, tmp_path: Path) -> None:
    site.channels = {"news_instagram": INSTAGRAM}
    site.configure()
    site.write(7, image="https://pictures.example/heron.jpg", image_alt="A heron")

    [shown] = site.ask("preview", "7")["channels"]

    assert shown["image_fetched_from"] == "https://pictures.example/heron.jpg"
    assert "image: fetched by the network from https://pictures.example/heron.jpg" in site.call("preview", "7").stdout


def test_channels_of_one_place_are_told_by_check(site: SiteRig) -> None:
    site.channels |= {"news_x": X, "again_x": X}
    site.configure()
    site.write(7)

    faults = site.ask("check")["faults"]

    [twin] = [fault for fault in faults if fault["code"] == "W-SAME-PLACE"]
    assert "where `again_x` leads (@marshnotes)" in twin["problem"]


def test_preview_shows_the_picture_that_is_uploaded(site: SiteRig) -> None:
    (site.folder / "content" / "heron.png").write_bytes(picture())
    site.write(7, image="heron.png")

    [shown] = site.ask("preview", "7")["channels"]

    assert shown["not_posted"] is None
    assert shown["image"]["alt"] == "Title 7"
