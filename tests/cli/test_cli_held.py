"""`held list` and `held resolve`: what waits for a person, and the person's word."""

from __future__ import annotations

import sqlite3

import pytest

from site_rig import SandboxThread, SiteRig
from syndicate.sandbox.faults import Effect, InjectedFault

REFUSED = InjectedFault(network="mastodon", route="post", effect=Effect.GONE_410, times=None)


@pytest.fixture
def held(posting: SiteRig) -> SiteRig:
    """Items 3 and 4 are held by the flood guard, on two channels."""
    posting.configure(delivery={"most_new": 1})
    posting.write(4)
    assert posting.call("once").exit_code == 3
    return posting


def waiting(site: SiteRig, *words: str) -> list[tuple[str, str, str]]:
    return sorted((one["channel"], one["item"], one["state"]) for one in site.ask("held", "list", *words))


def uid_of(site: SiteRig, channel: str, item: str) -> str:
    found: list[str] = [
        one["id"] for one in site.ask("held", "list") if (one["channel"], one["item"]) == (channel, item)
    ]
    return found[0]


def test_nothing_waits_before_the_first_start_and_after(site: SiteRig) -> None:
    before = (site.call("held", "list").stdout, site.ask("held", "list"))
    site.call("once")

    assert before == ("Nothing waits for you.\n", [])
    assert site.call("held", "list").stdout == "Nothing waits for you.\n"


def test_list_tells_what_waits_and_why(held: SiteRig) -> None:
    text = held.call("held", "list").stdout

    assert waiting(held) == [
        (channel, item, "held") for channel in ("mastodon", "webhook") for item in ("item:3", "item:4")
    ]
    assert "flood guard: 2 new items at once, limit 1" in text
    assert "`syndicate held resolve ID sent|send|drop` decides" in text


def test_a_secret_that_came_into_the_outbox_is_not_told(held: SiteRig) -> None:
    token = held.channels["mastodon"]["token"]
    with sqlite3.connect(held.folder / "state" / "outbox.sqlite3") as outbox:
        outbox.execute("UPDATE deliveries SET reason = ?", (f"422 (token {token} is wrong)",))
    outbox.close()

    text, told = held.call("held", "list").stdout, held.ask("held", "list")

    assert token not in text
    assert "[secret] is wrong" in text
    assert {one["reason"] for one in told} == {"422 (token [secret] is wrong)"}


def test_list_of_one_channel(held: SiteRig) -> None:
    assert {channel for channel, _, _ in waiting(held, "--channel", "webhook")} == {"webhook"}


def test_send_posts_at_the_next_call(held: SiteRig, sandbox: SandboxThread) -> None:
    uid = uid_of(held, "mastodon", "item:4")

    result = held.call("held", "resolve", uid[:8], "send")
    held.call("once")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"{uid[:8]} mastodon item:4: planned", "1 delivery resolved"]
    assert sandbox.links("mastodon") == ["https://herons.example/4"]
    assert sandbox.links("webhook") == []


def test_sent_is_believed_and_never_posted(held: SiteRig, sandbox: SandboxThread) -> None:
    uid = uid_of(held, "mastodon", "item:4")

    (told,) = held.ask("held", "resolve", uid, "sent", "--url", "https://social.example/@news/1")
    held.call("once")

    assert (told["state"], told["url"]) == ("sent", "https://social.example/@news/1")
    assert sandbox.posts("mastodon") == []


def test_dropped_is_never_posted_and_waits_no_more(held: SiteRig, sandbox: SandboxThread) -> None:
    held.call("held", "resolve", uid_of(held, "mastodon", "item:4"), "drop")

    held.call("held", "resolve", "--all", "send")
    held.call("once")

    assert sandbox.links("mastodon") == ["https://herons.example/3"]
    assert len(sandbox.links("webhook")) == 2
    assert waiting(held) == []


def test_all_of_one_channel(held: SiteRig, sandbox: SandboxThread) -> None:
    result = held.call("held", "resolve", "--all", "--channel", "webhook", "send")
    held.call("once")

    assert "2 deliveries resolved" in result.stdout
    assert (sandbox.links("mastodon"), len(sandbox.links("webhook"))) == ([], 2)


def test_refused_post_is_sent_again_once_mended(posting: SiteRig, sandbox: SandboxThread) -> None:
    sandbox.arm(REFUSED)
    assert posting.call("once").exit_code == 3
    sandbox.reset()

    failed = waiting(posting)
    posting.call("held", "resolve", "--all", "send")
    posting.call("once")

    assert failed == [("mastodon", "item:3", "failed")]
    assert sandbox.links("mastodon") == ["https://herons.example/3"]
    assert waiting(posting) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["drop"], "say `syndicate held resolve ID sent|send|drop`"),
        (["3f2a", "maybe"], "say `syndicate held resolve ID sent|send|drop`"),
        (["--all", "3f2a", "send"], "say `syndicate held resolve ID sent|send|drop`"),
        (["3f2a", "send", "--channel", "news"], "--channel goes with --all"),
        (["3f2a", "send", "--url", "https://a.example/"], "--url tells where one post stands"),
        (["--all", "sent", "--url", "https://a.example/"], "--url tells where one post stands"),
        (["zzzz", "send"], "zzzz"),
    ],
)
def test_word_that_makes_no_sense_is_a_usage_error(held: SiteRig, words: list[str], message: str) -> None:
    before = held.ask("held", "list")

    result = held.call("held", "resolve", *words)

    assert result.exit_code == 2
    assert message in result.stderr
    assert held.ask("held", "list") == before


def test_resolve_before_the_first_start(site: SiteRig) -> None:
    result = site.call("held", "resolve", "--all", "send")

    assert result.exit_code == 2
    assert "nothing was published from here yet" in result.stderr


def test_delivery_that_waits_for_nobody_cannot_be_resolved(posting: SiteRig) -> None:
    posting.call("once")
    with sqlite3.connect(posting.folder / "state" / "outbox.sqlite3") as database:
        (uid,) = database.execute("SELECT uid FROM deliveries WHERE state = 'sent' AND channel = 'webhook'").fetchone()
    database.close()

    result = posting.call("held", "resolve", uid, "send")

    assert result.exit_code == 2
    assert "is sent; only deliveries that are held, failed, dead can be resolved" in result.stderr


def test_show_tells_everything_that_happened(held: SiteRig) -> None:
    [first, *_] = held.ask("held", "list")

    shown = held.ask("held", "show", first["id"][:8])
    words = held.call("held", "show", first["id"][:8]).stdout

    assert shown["code"] == first["code"]
    assert [event["state"] for event in shown["history"]][-1] == first["state"]
    assert f"{first['state']}: {first['reason']}" in words


def test_show_of_what_is_no_delivery(held: SiteRig) -> None:
    assert held.call("held", "show", "zzzz").exit_code == 2


def test_show_before_the_first_start(site: SiteRig) -> None:
    assert site.call("held", "show", "3f2a").exit_code == 2


def test_show_changes_nothing_not_even_beside_the_state(held: SiteRig) -> None:
    uid = uid_of(held, "mastodon", "item:3")
    state = held.folder / "state"
    before = sorted((one.name, one.stat().st_mtime_ns) for one in state.iterdir())

    shown = held.call("held", "show", uid)

    assert (shown.exit_code, "flood guard" in shown.stdout) == (0, True)
    assert sorted((one.name, one.stat().st_mtime_ns) for one in state.iterdir()) == before


def test_doubt_about_a_network_that_cannot_be_asked_ends_with_the_word_about_all_of_it(
    posting: SiteRig, sandbox: SandboxThread
) -> None:
    """After a restore each post of then is asked of a person; who decided all that waits is asked no more."""
    address = f"{sandbox.addresses.discord_url}/webhooks/1/sandbox-news"
    posting.channels = {"chat": {"network": "discord", "url": address}}
    posting.configure(delivery={"most_new": None})
    assert posting.call("once").exit_code == 0
    (posting.folder / "state" / "outbox.epoch").unlink()
    posting.write(4)
    posting.write(5)
    assert posting.call("once").exit_code == 3
    [one] = [one for one in posting.ask("held", "list") if one["item"] == "item:4"]
    assert one["code"] == "doubted"

    single = posting.call("held", "resolve", one["id"], "send")
    assert "no longer in doubt" not in single.stdout
    assert "chat: the state was put back from a copy" in posting.call("status").stdout
    told = posting.call("held", "resolve", "--all", "--channel", "chat", "drop")
    assert "chat: no longer in doubt" in told.stdout
    posting.write(6)
    assert posting.call("once").exit_code == 0

    assert sandbox.links("discord") == ["https://herons.example/4", "https://herons.example/6"]
    assert posting.ask("status")["channels"][0]["doubt"] is None
