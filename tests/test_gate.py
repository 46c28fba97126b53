"""A lane whose posts wait for their pages: until they are there, for so long, or for a person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from deliver_rig import NAME, Rig, item, pictured, rig
from pages_rig import CARD, IMAGE, Site
from syndicate.deliver import LaneRules
from syndicate.draft import DraftRules
from syndicate.gate import page_of
from syndicate.items.posting import Posting, Wording
from syndicate.outbox.delivery import State
from syndicate.outbox.reasons import Reason
from syndicate.posts.card import CardRules
from syndicate.posts.post import ImageRules, Room, Shape, Wants
from syndicate.sharepages import SharePageRules, SharePages

URL = "https://marsh.org/1/"
OWN = item(1, link=None, page=URL)
READS = Wants(Room(500), reads_page=True)
THERE = {URL: ("text/html", CARD), IMAGE: ("image/jpeg", b"jpeg")}


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; nothing is printed."""
    with capture_logs() as lines:
        yield lines


def reading(made: Rig, pages: SharePages) -> LaneRules:
    return structs.replace(made.rules, attempts=structs.replace(made.rules.attempts, pages=pages))


@asynccontextmanager
async def waiting(tmp_path: Path, site: Site, *items: Any, policy: str = "wait") -> AsyncIterator[Rig]:
    """A channel whose network reads pages."""
    rules = SharePageRules(("https://marsh.org/",), policy)  # type: ignore[arg-type]  # tests name policies
    async with rig(tmp_path, *(items or (OWN,))) as made:
        made.channel.wants = READS
        pages = SharePages(site, rules, clock=made.clock)
        made.restart(reading(made, pages))
        yield made


async def test_a_post_waits_until_its_page_is_there(tmp_path: Path) -> None:
    site = Site()
    async with waiting(tmp_path, site, OWN, item(2)) as made:
        assert [await made.step() for _ in range(3)] == [State.PLANNED, State.SENT, None]
        [waits] = await made.outbox.deliveries(states=[State.PLANNED])
        assert (waits.code, waits.reason) == (
            Reason.PAGE_MISSING,
            f"page not there yet: {URL}: was answered with status 404",
        )
        assert waits.due == made.clock() + timedelta(seconds=15)
        [counts] = await made.outbox.counts()
        assert counts.pages == 1

        site.answers = THERE
        assert await made.step_when_due() is State.SENT

        [counts] = await made.outbox.counts()
        assert counts.pages == 0
        assert len(made.channel.made) == 2


async def test_after_so_long_it_is_posted_with_a_warning(tmp_path: Path, logs: list[MutableMapping[str, Any]]) -> None:
    async with waiting(tmp_path, Site()) as made:
        begun = made.clock()
        states = await made.settle_all()

        assert set(states[:-1]) == {State.PLANNED}
        assert states[-1] is State.SENT
        assert timedelta(minutes=30) <= made.clock() - begun < timedelta(minutes=31)
        assert [line["url"] for line in logs if line["event"] == "page_missing"] == [URL]


async def test_the_wait_goes_on_over_a_restart(tmp_path: Path) -> None:
    async with waiting(tmp_path, Site()) as made:
        begun = made.clock()
        for _ in range(3):
            await made.step_when_due()
        pages = SharePages(Site(), SharePageRules(("https://marsh.org/",)), clock=made.clock)
        made.restart(reading(made, pages))

        assert (await made.settle_all())[-1] is State.SENT
        assert made.clock() - begun < timedelta(minutes=31)


async def test_it_may_be_held_for_a_person_whose_word_goes_before_the_page(tmp_path: Path) -> None:
    async with waiting(tmp_path, Site(), policy="hold") as made:
        assert (await made.settle_all())[-1] is State.HELD
        held = await made.only()
        assert held.code is Reason.PAGE_MISSING

        await made.outbox.resolve(held.uid, State.PLANNED, "send again", made.clock())

        assert await made.step_when_due() is State.SENT


@pytest.mark.parametrize("policy", ["ignore", "wait"])
async def test_nothing_waits_where_it_is_ignored_or_the_page_is_not_ours(tmp_path: Path, policy: str) -> None:
    site = Site()
    told = OWN if policy == "ignore" else item(1)
    async with waiting(tmp_path, site, told, policy=policy) as made:
        assert await made.step() is State.SENT
        assert site.asked == []


@pytest.mark.parametrize(
    ("wants", "told", "url"),
    [
        (READS, OWN, URL),
        (structs.replace(READS, reads_page=False), OWN, None),
        (structs.replace(READS, image=ImageRules(Shape.CARD, 1000)), OWN, URL),
        (structs.replace(READS, image=ImageRules(Shape.CARD, 1000)), pictured(1), None),
        (READS, pictured(1), "https://example.org/1"),
        (
            structs.replace(READS, image=ImageRules(Shape.CARD, 1000)),
            replace(pictured(1), posting=Posting(named=((NAME, Wording(has_image=False)),))),
            "https://example.org/1",
        ),
    ],
)
def test_the_page_counts_where_no_picture_is_shown(wants: Wants, told: Any, url: str | None) -> None:
    assert page_of(told, wants, DraftRules(CardRules(), channel=NAME, campaign={"utm_source": "x"})) == url
