"""Posts what a channel did not: a plan first, then paced deliveries behind the live ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from syndicate.items.item import Item
from syndicate.items.links import link_key
from syndicate.outbox.delivery import WITHDRAWN, Delivery, Origin, Planned, State
from syndicate.outbox.plan import SAME_LINK, TICK, ChannelPlan, filtered_by, oldest_first, planned
from syndicate.ports.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items to backfill.

    `since` and `until` are days of publication, both inclusive. `topics` are slugs or labels, any of them.
    `limit` counts items per channel, the newest first; they are posted oldest first all the same.
    """

    since: date | None = None
    until: date | None = None
    topics: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelBackfill:
    """What a backfill owes to one channel: the deliveries in order, their pace, first and last due time."""

    channel: str
    planned: tuple[Planned, ...]
    pace: timedelta

    @property
    def begins(self) -> datetime | None:
        """When the first post is due."""
        return self.planned[0].due if self.planned else None

    @property
    def ends(self) -> datetime | None:
        """When the last post is due."""
        return self.planned[-1].due if self.planned else None


async def plan_backfill(
    outbox: Outbox,
    items: Iterable[Item],
    channels: Sequence[ChannelPlan],
    selection: Selection,
    *,
    pace: timedelta,
    now: datetime,
) -> tuple[ChannelBackfill, ...]:
    """What a backfill would do; nothing is written. What was posted, planned, held or refused before is left out.

    So is what shares its link with such an item, or with an older one of this backfill. The limit counts the items that
    fit, whether they are owed or not, so that the same backfill again plans nothing.
    """
    everything = tuple(items)
    chosen = selected(everything, selection, now)
    pace = max(pace, TICK)  # equal due times would lose the order
    plans = []
    for channel in channels:
        standing = {one.uid: one for one in await outbox.deliveries(channel=channel.name, limit=1_000_000)}
        fitting = [item for item in chosen if filtered_by(item, channel) is None]
        if selection.limit is not None:
            fitting = fitting[-selection.limit :] if selection.limit else []
        owed = _owed(fitting, everything, channel, standing)
        deliveries = tuple(
            planned(item, channel, State.PLANNED, "backfill", now + position * pace, Origin.BACKFILL)
            for position, item in enumerate(owed)
        )
        plans.append(ChannelBackfill(channel.name, deliveries, pace))
    return tuple(plans)


def selected(items: Iterable[Item], selection: Selection, now: datetime) -> list[Item]:
    """The items that fit, oldest first; future ones never."""
    wanted = {topic.casefold() for topic in selection.topics}
    return [
        item
        for item in oldest_first(items)
        if item.published <= now
        and (selection.since is None or item.published.date() >= selection.since)
        and (selection.until is None or item.published.date() <= selection.until)
        and (not wanted or _has_topic(item, wanted))
    ]


def _has_topic(item: Item, wanted: set[str]) -> bool:
    return not wanted.isdisjoint(name.casefold() for topic in item.topics for name in (topic.slug, topic.label))


def _owed(
    chosen: Iterable[Item], everything: Iterable[Item], channel: ChannelPlan, standing: Mapping[str, Delivery]
) -> list[Item]:
    """The chosen items that the channel does not stand to post, one for each link."""
    taken = {_link_key(item) for item in everything if _is_taken(_standing(item, channel, standing))}
    owed: dict[str, Item] = {}
    for item in chosen:
        key = _link_key(item)
        if key not in taken and _is_open(_standing(item, channel, standing)):
            owed.setdefault(key, item)
    return list(owed.values())


def _standing(item: Item, channel: ChannelPlan, standing: Mapping[str, Delivery]) -> Delivery | None:
    return standing.get(planned(item, channel, State.PLANNED, "", item.published).uid)


def _is_taken(one: Delivery | None) -> bool:
    return one is not None and one.state is not State.SKIPPED


def _is_open(one: Delivery | None) -> bool:
    """Never decided, or left out for its age alone."""
    if one is None:
        return True
    return one.state is State.SKIPPED and one.reason != WITHDRAWN and not one.reason.startswith(SAME_LINK)


def _link_key(item: Item) -> str:
    """What items of one article share; an item without a link stands for itself."""
    return link_key(item.link) if item.link else item.id
