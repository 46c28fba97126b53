"""What `status`, `explain` and `check` tell of a channel's pace, on real folders with fake networks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from site_rig import SiteRig

TOKYO = ZoneInfo("Asia/Tokyo")


def closed_now() -> str:
    """An hour that begins in six hours, in Tokyo."""
    opens = datetime.now(TOKYO) + timedelta(hours=6)
    return f"{opens:%H}:00-{opens:%H}:59"


@pytest.fixture
def paced(posting: SiteRig) -> SiteRig:
    """The webhook has posted item 3 of 5, and waits; Mastodon is closed and waits with all three."""
    posting.channels["webhook"] |= {"gap": "3h", "zone": "Asia/Tokyo"}
    posting.channels["mastodon"] |= {"hours": closed_now(), "zone": "Asia/Tokyo"}
    posting.configure()
    for number in (4, 5):
        posting.write(number)
    assert posting.call("once").exit_code == 0
    return posting


def forecast(site: SiteRig, number: int, channel: str) -> dict[str, Any]:
    [told] = [one for one in site.ask("explain", f"{number}.md")["channels"] if one["channel"] == channel]
    found = told["deliveries"][0]["forecast"]
    assert isinstance(found, dict)
    return found


def test_explain_tells_when_an_item_will_be_posted_and_why_not_sooner(paced: SiteRig) -> None:
    first, last = forecast(paced, 3, "mastodon"), forecast(paced, 5, "mastodon")
    words = paced.call("explain", "5.md").stdout

    at = datetime.fromisoformat(first["at"])
    assert timedelta(hours=4) < at - datetime.now(UTC) < timedelta(hours=7)
    assert (first["why"], first["before"], last["before"]) == ("hours", 0, 2)
    local = f"{at.astimezone(TOKYO):%Y-%m-%d %H:%M} (Asia/Tokyo)"
    assert f"will post at {local} because outside active hours; 2 posts before it" in words


def test_explain_tells_the_gap_to_the_last_post(paced: SiteRig) -> None:
    second, third = forecast(paced, 4, "webhook"), forecast(paced, 5, "webhook")

    assert (second["why"], second["before"], third["why"], third["before"]) == ("gap", 0, "gap", 1)
    apart = datetime.fromisoformat(third["at"]) - datetime.fromisoformat(second["at"])
    assert apart == timedelta(hours=3)
    [sent] = [one for one in paced.ask("explain", "3.md")["channels"] if one["channel"] == "webhook"]
    assert sent["deliveries"][0]["forecast"] is None


def test_explain_tells_what_will_be_too_late(paced: SiteRig) -> None:
    paced.channels["mastodon"]["expires_after"] = "1h"
    paced.configure()

    assert forecast(paced, 4, "mastodon")["words"].startswith("will not post: it may wait until ")


def test_status_tells_what_every_channel_does_next(paced: SiteRig) -> None:
    mastodon, webhook = paced.ask("status")["channels"]
    words = paced.call("status").stdout

    assert (mastodon["next_post"]["why"], webhook["next_post"]["why"]) == ("hours", "gap")
    assert mastodon["rests"] == webhook["rests"] == []
    assert "(outside active hours)" in words
    assert "(the gap to the last post)" in words


def test_status_tells_what_keeps_a_channel_from_posting(posting: SiteRig) -> None:
    posting.channels["mastodon"]["token"] = "nobody's"
    posting.channels["webhook"]["url"] = "http://127.0.0.1:9/"
    posting.configure(delivery={"retry_first": "10m"})
    posting.call("once")

    mastodon, webhook = posting.ask("status")["channels"]
    words = posting.call("status").stdout

    assert [one["why"] for one in mastodon["rests"]] == ["access"]
    assert [(one["why"], one["circuit"]) for one in webhook["rests"]] == [("breaker", "closed")]
    assert "mastodon: access was refused" in words
    assert "webhook: paused after 1 failure until " in words
    assert "nobody's" not in words


@pytest.mark.parametrize(
    ("key", "value", "problem", "remedy"),
    [
        ("hours", "08:00-08:00", "never opens", "write 00:00-24:00 for the whole day"),
        ("hours", ["08:00-12:00", "from nine"], "is no stretch of hours", "write 08:00-22:00"),
        ("hours", "funday 08:00-09:00", "is no weekday", "write mon, tue"),
        ("zone", "Mars/Olympus", "is no time zone", "write a name of the IANA list"),
        ("per_hour", 0, "is too small", "write 1 or more"),
        ("per_day", 0, "is too small", "write 1 or more"),
        ("expires_after", "0s", "lets no post go", "write 1h or more"),
        ("overflow", "burst", "is none of the choices", "write 'delay', 'skip' or 'expire'"),
        ("budget_per_day", 0, "is too small", "write more than 0"),
        ("budget_per_month", "much", "is no amount", "write digits, such as 2.50"),
        ("jitter", "soon", "is no duration", "write a number with a unit"),
    ],
)
def test_nonsense_is_told_with_file_key_and_remedy(
    site: SiteRig, key: str, value: object, problem: str, remedy: str
) -> None:
    site.channels = {"shown": {"network": "preview", key: value}}
    site.configure()

    result = site.call("check")

    assert result.exit_code == 78
    assert f"{site.config}: channels.shown.{key}" in result.stderr
    assert problem in result.stderr
    assert remedy in result.stderr


def test_a_budget_where_posts_cost_nothing_is_told(site: SiteRig) -> None:
    site.channels = {"shown": {"network": "preview", "budget_per_day": 1.5}}
    site.configure()

    [fault] = site.ask("check")["faults"]

    assert (fault["code"], fault["is_warning"]) == ("W-BUDGET", True)
    assert fault["problem"] == "posts cost nothing on preview"


def test_a_budget_that_pays_for_no_post_is_told(site: SiteRig) -> None:
    x = {"network": "x", "account": "marsh", "token": "t", "budget_per_day": "0.10", "budget_per_month": 30}
    site.channels = {"shown": x}
    site.configure()

    [fault] = site.ask("check")["faults"]

    assert fault["problem"] == "pays for no post"
    assert fault["remedy"] == "write 0.200 USD, the price of one, or more"
