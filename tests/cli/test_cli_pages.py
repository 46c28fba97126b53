"""Posts that wait for a page of ours, or for their file to be read, as `status` and `explain` tell it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from site_rig import SiteRig
from syndicate.outbox.delivery import State
from syndicate.outbox.outcome import Step
from syndicate.outbox.reasons import Reason
from syndicate.outbox.store import SqlOutbox

REAL = {"title": "Marsh Notes", "url": "https://marsh.org/", "tag_authority": "marsh.org,2026"}


def test_explain_names_the_page_and_status_counts_the_posts(posting: SiteRig) -> None:
    posting.configure(site=REAL, delivery={"share_page": "ignore"})
    posting.write(1, link=None, url="/herons/")
    assert json.loads(posting.call("explain", "1", "--json").stdout)["channels"][0]["page"] is None
    posting.configure(delivery={})

    explained = posting.call("explain", "1").stdout
    [channel] = [one for one in json.loads(posting.call("explain", "1", "--json").stdout)["channels"] if one["page"]]

    assert channel["page"] == "https://marsh.org/herons/"
    assert "waits for its page, of which the network makes a card: https://marsh.org/herons/" in explained


@pytest.mark.parametrize(
    ("code", "words", "key"),
    [
        (Reason.PAGE_MISSING, "1 post waiting for pages that are not there yet", "wait_for_pages"),
        (Reason.UNREAD, "1 delivery waiting until the item's file is read (again)", "wait_for_reading"),
    ],
)
def test_status_counts_the_posts_that_wait(posting: SiteRig, code: Reason, words: str, key: str) -> None:
    posting.configure(delivery={"most_new": 1})
    posting.write(4)
    posting.call("once")
    asyncio.run(_wait(posting, code))

    told = posting.call("status").stdout
    channels = json.loads(posting.call("status", "--json").stdout)["channels"]

    assert words in told
    assert sum(one[key] for one in channels) == 1


async def _wait(site: SiteRig, code: Reason) -> None:
    """Let one delivery wait."""
    now = datetime.now(UTC)
    async with SqlOutbox(site.folder / "state" / "outbox.sqlite3") as outbox:
        held = (await outbox.deliveries(states=[State.HELD]))[0]
        await outbox.resolve(held.uid, State.PLANNED, "send again", now)
        claimed = await outbox.claim(held.channel, "me", now, held.uid)
        assert claimed is not None
        await outbox.settle(claimed, Step(State.PLANNED, "not yet", now, code=code), now)
