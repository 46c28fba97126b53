"""What a backfill would do: which items a channel owes, when at what pace, and why the others are left out."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from msgspec import structs

from syndicate.durations import written
from syndicate.feeds.query import Query
from syndicate.items.item import Item
from syndicate.items.links import link_key
from syndicate.items.posting import USUAL
from syndicate.outbox.delivery import Action, Delivery, Origin, Planned, State, uid_of
from syndicate.outbox.pace import PaceRules, Past, Price
from syndicate.outbox.plan import ChannelPlan, filtered_by, oldest_first, planned
from syndicate.outbox.reasons import Reason
from syndicate.outbox.spacing import Tempo, bounded, due_times
from syndicate.ports.channel import Quota
from syndicate.ports.outbox import Outbox
from syndicate.posts.card import image_of


class LeftOut(StrEnum):
    """Why a backfill leaves out an item that was asked for; the filters of a channel have words of their own."""

    SCHEDULED = "scheduled for later"
    EXPIRED = "expired, or would be before its turn"
    POSTED = "posted already"
    OWED = "owed already"
    PAUSED = "in a paused backfill"
    WAITS = "waits for you: `syndicate held list`"
    DROPPED = "dropped, or given up"
    WITHDRAWN = "withdrawn"
    SAME_LINK = "same link as another item"
    MARKED = "marked as not to be posted"
    NO_IMAGE = "has no image, and the network needs one"
    UNPAID = "no budget will ever pay for it"
    BEYOND = "beyond the limit"


_BY_STATE = {
    State.SENT: LeftOut.POSTED,
    State.PAUSED: LeftOut.PAUSED,
    State.HELD: LeftOut.WAITS,
    State.FAILED: LeftOut.WAITS,
    State.DEAD: LeftOut.DROPPED,
}
"""Of the states that keep an item from being posted anew; the others mean that it is owed already."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items to backfill.

    `query` is as for a named feed. `since` and `until` are days of publication in `zone`, both inclusive. `names` are
    ids, paths or slugs, any of them, or their ends after a colon or slash. `limit` counts items per channel: the newest
    that fit, or with `takes_oldest` the oldest; they are posted oldest first all the same. `even_marked`: also those
    that were marked as not to be posted. `even_held`: also those that wait for the operator and were never tried.
    """

    query: Query = field(default_factory=Query)
    since: date | None = None
    until: date | None = None
    names: tuple[str, ...] = ()
    limit: int | None = None
    takes_oldest: bool = False
    even_marked: bool = False
    even_held: bool = False
    zone: tzinfo = UTC

    def takes(self, item: Item) -> bool:
        """Whether the item was asked for."""
        day = item.published.astimezone(self.zone).date()
        return (
            (self.since is None or day >= self.since)
            and (self.until is None or day <= self.until)
            and (not self.names or any(is_called(item, name) for name in self.names))
            and self.query.takes(item)
        )

    def part_of(self, fitting: list[Item]) -> list[Item]:
        """As many of the items (oldest first) as the limit lets through."""
        if self.limit is None:
            return fitting
        return fitting[: self.limit] if self.takes_oldest else fitting[max(0, len(fitting) - self.limit) :]


@dataclass(frozen=True, slots=True)
class Target:
    """A channel as a backfill sees it: what it posts, its own pace, and what its network asks for and takes."""

    plan: ChannelPlan
    pace: PaceRules = field(default_factory=PaceRules)
    price: Price | None = None
    quotas: tuple[Quota, ...] = ()
    needs_image: bool = False


@dataclass(frozen=True, slots=True)
class ChannelBackfill:
    """What a backfill owes to one channel: the deliveries in order, counts of what is left out, costs and warnings."""

    channel: str
    planned: tuple[Planned, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    cost: Price | None = None
    warnings: tuple[str, ...] = ()

    @property
    def begins(self) -> datetime | None:
        """When the first post is due."""
        return self.planned[0].due if self.planned else None

    @property
    def ends(self) -> datetime | None:
        """When the last post is due."""
        return self.planned[-1].due if self.planned else None

    @property
    def takes(self) -> timedelta:
        """From the first post to the last."""
        return self.planned[-1].due - self.planned[0].due if self.planned else timedelta(0)

    @property
    def every(self) -> timedelta | None:
        """Between two posts, on the average."""
        return self.takes / (len(self.planned) - 1) if len(self.planned) > 1 else None


async def plan_backfill(
    outbox: Outbox,
    items: Iterable[Item],
    targets: Sequence[Target],
    selection: Selection,
    *,
    tempo: Tempo,
    now: datetime,
) -> tuple[ChannelBackfill, ...]:
    """What a backfill would do; nothing is written. What was posted, planned, held or refused before is left out.

    So is what shares its link with such an item, or with an older one of this backfill. The limit counts the items that
    fit, whether they are owed or not, so that the same backfill again plans nothing.
    """
    everything = tuple(items)
    plans = []
    for target in targets:
        name = target.plan.name
        standing = {one.uid: one for one in await outbox.deliveries(channel=name, limit=1_000_000)}
        owed, left_out = _sorted_out(everything, selection, target, standing, now)
        memory = bounded(tempo, target.pace, now).memory
        past = (await outbox.outlook(name, memory, 1)).past
        timed, undue = _timed(owed, tempo, target, past=past, now=now)
        planned_ones = tuple(
            planned(item, target.plan, State.PLANNED, "backfill", due, Origin.BACKFILL, code=Reason.BACKFILL)
            for item, due in timed
        )
        plan = ChannelBackfill(name, planned_ones, {**left_out, **undue}, _cost(target, len(timed)))
        plans.append(replace(plan, warnings=tuple(_warnings(plan, tempo, target))))
    return tuple(plans)


def _timed(
    owed: list[Item], tempo: Tempo, target: Target, *, past: Past, now: datetime
) -> tuple[list[tuple[Item, datetime]], Mapping[str, int]]:
    """Each item with its time, and counts of those that have none: they would be expired by then, or nothing pays."""
    dues = due_times(len(owed), tempo, target.pace, past=past, now=now)
    lasting = [
        item for item, due in zip(owed, dues, strict=False) if item.expires is None or item.expires > due
    ]  # the others make room, so that these come sooner
    sooner = due_times(len(lasting), tempo, target.pace, past=past, now=now)
    left_out = {LeftOut.EXPIRED: len(dues) - len(lasting), LeftOut.UNPAID: len(owed) - len(dues)}
    return list(zip(lasting, sooner, strict=True)), {reason: number for reason, number in left_out.items() if number}


def _cost(target: Target, number: int) -> Price | None:
    return None if target.price is None else Price(target.price.amount * number, target.price.currency)


def _warnings(plan: ChannelBackfill, tempo: Tempo, target: Target) -> Iterator[str]:
    """What the operator should know before saying yes."""
    dues = [one.due for one in plan.planned]
    for quota in target.quotas:
        most = max((bisect_left(dues, due + quota.per) - place for place, due in enumerate(dues)), default=0)
        if most > quota.posts:
            about = f" {quota.about}" if quota.about else ""
            yield (
                f"{most} posts in {written(quota.per)}, the network takes {quota.posts}{about}: "
                "the rest waits for it; a larger gap or a smaller cap is kinder"
            )
    if tempo.over is not None and plan.takes > tempo.over:
        yield f"the channel's own pace lets it end on {plan.ends:%Y-%m-%d}, not within {written(tempo.over)}"


def marks_of(plan: ChannelBackfill, now: datetime) -> ChannelBackfill:
    """The same, to be marked as not to be posted instead."""
    return replace(plan, planned=tuple(_mark(one, now) for one in plan.planned))


def _mark(one: Planned, now: datetime) -> Planned:
    return structs.replace(
        one,
        state=State.SKIPPED,
        reason="marked: the operator wants it in feeds only",
        code=Reason.MARKED,
        due=now,
        origin=Origin.LIVE,
    )


def is_called(item: Item, name: str) -> bool:
    """Whether the name is the item's id, path or slug, or what stands behind a colon or slash of them."""
    return name in {item.id, item.path, item.slug} or item.id.endswith(f":{name}") or item.path.endswith(f"/{name}")


def _sorted_out(
    everything: Sequence[Item],
    selection: Selection,
    target: Target,
    standing: Mapping[str, Delivery],
    now: datetime,
) -> tuple[list[Item], Mapping[str, int]]:
    """The items that are owed to the channel, oldest first, and counts of those that are not by reason."""
    channel, left_out = target.plan, Counter[str]()
    fitting = []
    for item in oldest_first(item for item in everything if selection.takes(item)):
        reason = _unfit(item, target, now)
        if reason is None:
            fitting.append(item)
        else:
            left_out[reason] += 1
    chosen = selection.part_of(fitting)
    left_out[LeftOut.BEYOND] += len(fitting) - len(chosen)
    taken: dict[str, set[str]] = {}
    for item in everything:
        if _is_taken(_standing(item, channel, standing)):
            taken.setdefault(_link_key(item), set()).add(item.id)
    owed: list[Item] = []
    for item in chosen:
        reason = _settled(_standing(item, channel, standing), selection)
        others = taken.setdefault(_link_key(item), set())
        if reason is None and others - {item.id}:
            reason = LeftOut.SAME_LINK
        if reason is None:
            others.add(item.id)
            owed.append(item)
        else:
            left_out[reason] += 1
    return owed, +left_out


def _unfit(item: Item, target: Target, now: datetime) -> str | None:
    if item.published > now:
        return LeftOut.SCHEDULED
    if item.expires is not None and item.expires <= now:
        return LeftOut.EXPIRED
    if target.needs_image and not _is_pictured(item, target.plan):
        return LeftOut.NO_IMAGE
    return filtered_by(item, target.plan)


def _is_pictured(item: Item, plan: ChannelPlan) -> bool:
    wording = USUAL if item.posting is None else item.posting.wording(plan.name, plan.network)
    return image_of(item, wording) is not None


def _standing(item: Item, channel: ChannelPlan, standing: Mapping[str, Delivery]) -> Delivery | None:
    return standing.get(uid_of(channel.name, channel.account, item.id, Action.POST))


def _is_taken(one: Delivery | None) -> bool:
    """Whether the item's article was posted, is owed, or is not to be posted."""
    return one is not None and (one.state is not State.SKIPPED or one.code is Reason.MARKED)


def _settled(one: Delivery | None, selection: Selection) -> LeftOut | None:
    """Why the item is not to be posted anew; None if that was never decided, or it was left out for its age alone."""
    if one is None or (one.state is State.HELD and one.attempts == 0 and selection.even_held):
        return None
    if one.state is not State.SKIPPED:
        return _BY_STATE.get(one.state, LeftOut.OWED)
    if one.code is Reason.MARKED:
        return None if selection.even_marked else LeftOut.MARKED
    if one.code is Reason.WITHDRAWN:
        return LeftOut.WITHDRAWN
    return LeftOut.SAME_LINK if one.code is Reason.SAME_LINK else None


def _link_key(item: Item) -> str:
    """What items of one article share; an item without a link stands for itself."""
    return link_key(item.link) if item.link else item.id
