"""Posts that stand on a network are known by their links whatever the campaign's parameters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from deliver_rig import NOW, ScriptedChannel, item
from syndicate.doubts import addresses_of, sightings
from syndicate.draft import DraftRules
from syndicate.outbox.delivery import Receipt
from syndicate.ports.channel import OwnPost
from syndicate.posts.card import CardRules


class Listing(ScriptedChannel):
    """Lists one post of ours, with a link that tracks."""

    async def recent(self, since: datetime) -> AsyncIterator[OwnPost]:
        link = "https://example.org/1?utm_source=mastodon&ref=news"
        yield OwnPost("Title 1", (link,), Receipt("1", None, NOW))


async def test_a_post_is_seen_though_its_link_has_parameters() -> None:
    rules = DraftRules(CardRules(), campaign={"utm_source": "{{ network }}", "Ref": "{{ channel }}"})

    [seen] = await sightings(Listing(), NOW, rules.tracking)

    assert seen.link_key in addresses_of(item(1), rules.cards, rules.tracking)
    assert seen.link_key not in addresses_of(item(2), rules.cards, rules.tracking)
