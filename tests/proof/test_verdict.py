"""The count can fail, for each reason there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syndicate.outbox.delivery import Action, Delivery, Evidence, Guarantee, Origin, State, uid_of
from syndicate.proof.verdict import STRANGERS, Verdict, kind_of, together, verdicts

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LINKS = {"proof:1": "https://a.example/1", "proof:2": "https://a.example/2"}
ONE = {"news": "mastodon/news"}


def delivery(item: str, state: State, channel: str = "news") -> Delivery:
    uid = uid_of(channel, "social.example", item, Action.POST)
    return Delivery(
        uid=uid,
        channel=channel,
        account="social.example",
        item_id=item,
        action=Action.POST,
        revision="r",
        state=state,
        reason="",
        due=NOW,
        origin=Origin.LIVE,
    )


def post(link: str, account: str = "news", network: str = "mastodon") -> dict[str, Any]:
    return {"network": network, "account": account, "action": "post", "link": link}


SENT = [delivery(item, State.SENT) for item in LINKS]
POSTED = [post(link) for link in LINKS.values()]
KEPT = Verdict("news", owed=2, posted=2, lost=0, duplicated=0, false_sent=0, held=0, unowed=0)


@pytest.mark.parametrize(
    ("deliveries", "posts", "expected", "is_whole"),
    [
        (SENT, POSTED, KEPT, True),
        (SENT, POSTED[:1], replace(KEPT, posted=1, lost=1, false_sent=1), False),
        ([], POSTED[:1], replace(KEPT, posted=1, lost=1), False),
        ([SENT[0], delivery("proof:2", State.SKIPPED)], POSTED[:1], replace(KEPT, posted=1, lost=1), False),
        ([SENT[0], delivery("proof:2", State.PLANNED)], POSTED[:1], replace(KEPT, posted=1, lost=1), False),
        ([SENT[0], delivery("proof:2", State.HELD)], POSTED[:1], replace(KEPT, posted=1, held=1), False),
        ([SENT[0], delivery("proof:2", State.DEAD)], POSTED[:1], replace(KEPT, posted=1, held=1), False),
        (SENT, [*POSTED, POSTED[1], POSTED[1]], replace(KEPT, duplicated=2), False),
        (SENT, [*POSTED, post("https://a.example/old")], replace(KEPT, unowed=1), False),
        (SENT, [*POSTED, {**POSTED[0], "link": None}], replace(KEPT, unowed=1), False),
        ([*SENT, delivery("proof:1", State.HELD, "other")], POSTED, KEPT, True),
    ],
)
def test_count_finds_what_went_wrong(
    deliveries: list[Delivery], posts: list[dict[str, Any]], expected: Verdict, is_whole: bool
) -> None:
    (verdict,) = verdicts(deliveries, LINKS, posts, ONE)

    assert (verdict, verdict.is_whole) == (expected, is_whole)
    assert verdict.is_kept is (is_whole or expected.held > 0)


def test_each_channel_is_counted_by_its_own_account() -> None:
    accounts = {"news": "mastodon/news", "pictures": "bluesky/pictures.test"}
    deliveries = [delivery(item, State.SENT, channel) for item in LINKS for channel in accounts]
    posts = [*POSTED, post(LINKS["proof:1"], "pictures.test", "bluesky")]

    news, pictures = verdicts(deliveries, LINKS, posts, accounts)

    assert (news.posted, news.is_kept) == (2, True)
    assert (pictures.posted, pictures.lost, pictures.false_sent) == (1, 1, 1)


def test_post_of_an_account_that_no_channel_has_breaks_the_promise() -> None:
    *_, strangers = verdicts(SENT, LINKS, [*POSTED, post(LINKS["proof:1"], "other")], ONE)

    assert (strangers.channel, strangers.unowed, strangers.is_kept) == (STRANGERS, 1, False)


def test_several_channels_are_counted_as_one() -> None:
    whole = together("all", [KEPT, replace(KEPT, posted=1, lost=1, held=2)])

    assert whole == Verdict("all", owed=4, posted=3, lost=1, duplicated=0, false_sent=0, held=2, unowed=0)


@pytest.mark.parametrize(
    ("window", "evidence", "kind"),
    [
        (timedelta.max, Evidence.BY_KEY, "record key"),
        (timedelta.max, Evidence.NONE, "keyed"),
        (timedelta(hours=1), Evidence.READS_OWN, "keyed, readable"),
        (None, Evidence.READS_OWN, "readable"),
        (None, Evidence.DUPLICATE_REFUSAL, "refuses duplicates"),
        (None, Evidence.NONE, "write-only"),
    ],
)
def test_each_guarantee_has_its_kind(window: timedelta | None, evidence: Evidence, kind: str) -> None:
    assert kind_of(Guarantee(window, evidence)) == kind
