"""One small trial with real kills, and its parts without."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from syndicate.cli import main
from syndicate.cli.prove import verdict_line
from syndicate.errors import SyndicateError
from syndicate.house import open_house
from syndicate.outbox.delivery import State
from syndicate.plot import Plot, plot_of
from syndicate.proof.naive import believed, marked, post_naively
from syndicate.proof.nursery import deliver, first_pass
from syndicate.proof.stand import places_in, settings_for, write_items, write_settings
from syndicate.proof.trial import Proof, nursery_of
from syndicate.proof.verdict import Verdict, verdicts
from syndicate.sandbox.faults import Effect, InjectedFault
from syndicate.sandbox.server import Running

WHOLE = Verdict("mastodon", owed=2, posted=2, lost=0, duplicated=0, false_sent=0, held=0, unowed=0)
PROOF = Proof((WHOLE,), {"mastodon": "keyed"}, 3, 1, 1, 5, 2, 0, 4.0)


def test_publishers_are_killed_and_nothing_is_lost_or_sent_twice() -> None:
    done = CliRunner().invoke(main, ["prove", "--kills", "4", "--deliveries", "1", "--json"])

    told = json.loads(done.stdout)
    assert (done.exit_code, told["is_kept"], told["kills"], told["unsettled"]) == (0, True, 4, 0)
    assert told["attempts"] > 0
    by_name = {one["channel"]: one for one in told["networks"]}
    assert by_name["mastodon"]["kind"] == "keyed, readable"
    assert by_name["bluesky"]["kind"] == "record key"
    assert all(one["posted"] == one["owed"] or one["held"] for one in told["networks"])


def stand(sandbox: Running, folder: Path, items: int = 1) -> tuple[Plot, dict[str, str], dict[str, str]]:
    """A site in the folder; gives its plot, the links by item, the accounts by channel."""
    places = {name: place for name, place in places_in(sandbox.addresses).items() if name.endswith("_1")}
    links = write_items(folder, items, datetime.now(UTC))
    plot = plot_of(write_settings(folder, settings_for(places)))
    return plot, links, {name: place.account for name, place in places.items()}


def posts(sandbox: Running) -> list[dict[str, object]]:
    return [
        {"network": entry.network, "account": entry.account, "link": entry.link}
        for entry in sandbox.truth
        if entry.action.value == "post"
    ]


async def test_lanes_post_what_the_first_pass_planned(sandbox: Running, tmp_path: Path) -> None:
    plot, links, accounts = stand(sandbox, tmp_path)
    kinds = await first_pass(plot)

    stop = asyncio.Event()
    async with open_house(plot) as house, asyncio.timeout(30):
        work = asyncio.create_task(deliver(house, stop))
        while len(posts(sandbox)) < len(accounts):  # noqa: ASYNC110 - the sandbox tells nobody
            await asyncio.sleep(0.01)
        stop.set()
        await work
        counted = verdicts(await house.outbox.deliveries(), links, posts(sandbox), accounts)

    assert kinds["webhook"] == "keyed"
    assert all(one.is_whole for one in counted)


async def test_the_usual_loop_posts_again_what_was_posted_and_not_answered(sandbox: Running, tmp_path: Path) -> None:
    plot, links, accounts = stand(sandbox, tmp_path)
    await first_pass(plot)
    sandbox.arm(InjectedFault(network="mastodon", route="post", effect=Effect.LOST_AFTER))

    stop = asyncio.Event()
    async with open_house(plot) as house, asyncio.timeout(120):
        work = asyncio.create_task(post_naively(house, stop))
        while len(marked(plot.state_folder)) < len(accounts):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)
        stop.set()
        await work
        deliveries = await believed(await house.outbox.deliveries(), plot.state_folder)

    assert {one.state for one in deliveries} == {State.SENT}
    counted = {one.channel: one for one in verdicts(deliveries, links, posts(sandbox), accounts)}
    assert (counted["mastodon_1"].duplicated, counted["mastodon_1"].is_kept) == (1, False)


async def test_a_nursery_that_cannot_begin_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(SyndicateError, match=r"publisher\.log"):
        async with nursery_of(tmp_path / "none.yaml", tmp_path / "publisher.log"):
            pass

    assert "none.yaml" in (tmp_path / "publisher.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("verdict", "unsettled", "words"),
    [
        (WHOLE, 0, "Kept: 0 lost, 0 duplicated, 0 false sent, after 3 kills"),
        (replace(WHOLE, posted=1, held=1), 0, "Kept: 0 lost"),
        (replace(WHOLE, posted=1, lost=1, false_sent=1), 0, "BROKEN: 1 lost, 0 duplicated, 1 false sent"),
        (replace(WHOLE, duplicated=1), 0, "BROKEN: 0 lost, 1 duplicated"),
        (replace(WHOLE, unowed=1), 0, "BROKEN: 0 lost, 0 duplicated, 0 false sent, 1 that nobody asked for"),
        (WHOLE, 2, "BROKEN: 0 lost, 0 duplicated, 0 false sent, 2 not settled"),
    ],
)
def test_the_last_line_says_whether_the_promise_was_kept(verdict: Verdict, unsettled: int, words: str) -> None:
    proof = replace(PROOF, verdicts=(verdict,), unsettled=unsettled)

    assert verdict_line(proof).startswith(words)
    assert proof.is_kept is words.startswith("Kept")
