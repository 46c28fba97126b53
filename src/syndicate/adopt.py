"""Takes over what a channel posted before it was ours: items whose links stand there already count as sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from syndicate.doubts import addresses_of
from syndicate.draft import DraftRules
from syndicate.items.item import Item
from syndicate.items.links import link_key
from syndicate.outbox.delivery import State
from syndicate.outbox.plan import ChannelPlan, planned
from syndicate.outbox.reasons import Reason
from syndicate.ports.channel import Channel
from syndicate.ports.outbox import Outbox, Sighting


@dataclass(frozen=True, slots=True)
class Adoption:
    """What stands on a channel: so many posts, each link with its oldest post, and by item the post that is its own."""

    posts: int
    seen: tuple[Sighting, ...]
    found: tuple[tuple[Item, Sighting], ...]


async def look(
    channel: Channel,
    items: Iterable[Item],
    rules: DraftRules,
    since: datetime,
    *,
    tell: Callable[[int], None] = lambda posts: None,
) -> Adoption:
    """What would be adopted; nothing is written.

    A post belongs to an item if one of its links is one that a post of the item may carry: words and titles may be
    anybody's. Of several posts of an item, the oldest is its own; a post is that of one item, the first that it fits.

    Args:
        channel: one that can list its own posts.
        items: of the store.
        rules: which links posts carry, and which of their parameters only track.
        since: older posts are not read.
        tell: hears how many posts were read.

    Raises:
        NetworkError: the channel's posts could not be read.
    """
    await channel.open()
    first: dict[str, Sighting] = {}
    number = 0
    async for post in channel.recent(since):
        number += 1
        tell(number)
        for key in {link_key(link, rules.tracking) for link in post.links}:
            standing = first.get(key)
            if standing is None or post.receipt.at < standing.receipt.at:
                first[key] = Sighting(key, post.receipt)
    found: list[tuple[Item, Sighting]] = []
    taken: set[str] = set()
    for item in sorted(items, key=lambda one: (one.published, one.id)):
        own = next((first[key] for key in addresses_of(item, rules.cards, rules.tracking) if key in first), None)
        if own is not None and own.receipt.remote_id not in taken:
            taken.add(own.receipt.remote_id)
            found.append((item, own))
    return Adoption(number, tuple(first.values()), tuple(found))


async def adopt(outbox: Outbox, plan: ChannelPlan, adoption: Adoption, now: datetime) -> list[str]:
    """Count them as sent, with the receipts; gives the ids of the items that were not so before."""
    owed = [planned(item, plan, State.SKIPPED, "adopted", now, code=Reason.ADOPTED) for item, _ in adoption.found]
    receipts = {one.uid: own.receipt for one, (_, own) in zip(owed, adoption.found, strict=True)}
    return await outbox.see(plan.name, plan.account, adoption.seen, owed, now, receipts)
