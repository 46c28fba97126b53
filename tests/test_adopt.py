"""What stands on a channel already is found by its links alone, and told of once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from deliver_rig import NAME, NOW, PLAN, ScriptedChannel, acceptance, item
from syndicate.adopt import adopt, look
from syndicate.draft import DraftRules
from syndicate.outbox.delivery import Receipt, State
from syndicate.outbox.reasons import Reason
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.channel import OwnPost
from syndicate.posts.card import CardRules

RULES = DraftRules(CardRules())


@dataclass
class Listing(ScriptedChannel):
    """Lists these posts of ours, the newest first."""

    posts: list[OwnPost] = field(default_factory=list)

    async def recent(self, since: datetime) -> AsyncIterator[OwnPost]:
        for post in self.posts:
            if post.receipt.at >= since:
                yield post


def post(name: str, *links: str, age: int = 0) -> OwnPost:
    """A post made so many hours ago."""
    return OwnPost("Title 1", links, Receipt(name, f"https://social.example/{name}", NOW - timedelta(hours=age)))


async def test_oldest_post_with_a_link_of_the_item_is_its_own() -> None:
    first, second = "https://example.org/1", "http://www.example.org/1/?utm_source=x"
    channel = Listing(posts=[post("new", first), post("other", "https://else.example/"), post("old", second, age=2)])
    told: list[int] = []

    found = await look(channel, [item(1), item(2)], RULES, NOW - timedelta(days=1), tell=told.append)

    assert [(one.id, own.receipt.remote_id) for one, own in found.found] == [("store:1", "old")]
    assert (found.posts, told) == (3, [1, 2, 3])
    assert channel.calls == ["open"]


async def test_a_post_is_seen_though_its_link_has_parameters() -> None:
    rules = DraftRules(CardRules(), campaign={"utm_source": "{{ network }}", "Ref": "{{ channel }}"})
    channel = Listing(posts=[post("1", "https://example.org/1?utm_source=mastodon&ref=news")])

    found = await look(channel, [item(1), item(2)], rules, NOW)

    assert [one.id for one, _ in found.found] == ["store:1"]


async def test_same_words_are_no_sign_and_one_post_is_that_of_one_item() -> None:
    channel = Listing(posts=[post("1", "https://example.org/1"), post("2")])
    twin = item(7, link="https://example.org/1")

    found = await look(channel, [twin, item(1), item(2)], RULES, NOW)

    assert [one.id for one, _ in found.found] == ["store:1"]


async def test_what_is_adopted_is_sent_and_what_is_in_work_is_left_alone(tmp_path: Path) -> None:
    channel = Listing(posts=[post(str(number), f"https://example.org/{number}") for number in (1, 2, 3)])
    items = [item(1), item(2), item(3)]
    async with SqlOutbox(tmp_path / "outbox.sqlite3") as outbox:
        await outbox.accept(acceptance(item(1), item(2)), NOW)
        claimed = await outbox.claim(NAME, "me", NOW + timedelta(hours=1))
        assert claimed is not None
        found = await look(channel, items, RULES, NOW)

        adopted = await adopt(outbox, PLAN, found, NOW)
        again = await adopt(outbox, PLAN, found, NOW)

        rows = {one.item_id: one for one in await outbox.deliveries()}
    assert sorted(adopted) == sorted({"store:1", "store:2", "store:3"} - {claimed.item_id})
    assert again == []
    assert rows[claimed.item_id].state is State.CLAIMED
    told = {(one.state, one.code) for one in rows.values() if one.item_id != claimed.item_id}
    assert told == {(State.SENT, Reason.ADOPTED)}
    assert rows["store:3"].receipt == Receipt("3", "https://social.example/3", NOW)
