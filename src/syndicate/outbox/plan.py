"""What becomes of items that were just seen: which channels owe a post, and why the others do not. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from syndicate.items.item import Item
from syndicate.outbox.delivery import Action, Origin, Planned, State, uid_of
from syndicate.outbox.reasons import Reason


class FirstSight(StrEnum):
    """What a channel does with the items that are already there when it first sees a store."""

    BASELINE = "baseline"
    POST = "post"


class OnEdit(StrEnum):
    """What a channel does about a post whose item was edited."""

    IGNORE = "ignore"
    EDIT = "edit"
    DELETE = "delete"
    REPLY = "reply"


class OnWithdrawal(StrEnum):
    """What a channel does about a post whose item left the store."""

    IGNORE = "ignore"
    DELETE = "delete"
    REPLY = "reply"


P = TypeVar("P", OnEdit, OnWithdrawal)


def able(policy: P, abilities: Collection[Action]) -> P:
    """The policy, if the network can do what it asks for; else to leave posts as they are."""
    return policy if policy.value in {"ignore", *abilities} else type(policy).IGNORE


class ChannelPlan(Struct, frozen=True):
    """What decides whether a channel posts an item.

    Empty filters let everything pass; topics are slugs or labels, compared without case.
    `most_age` and `most_new` (flood guard: items in one pass) are None where there is no limit.
    `edit_gap` is the least time between a post and a change of it, and between two changes.
    """

    name: str
    account: str
    first_sight: FirstSight = FirstSight.BASELINE
    topics: tuple[str, ...] = ()
    not_topics: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    most_age: timedelta | None = timedelta(days=30)
    most_new: int | None = 10
    on_edit: OnEdit = OnEdit.IGNORE
    on_withdrawal: OnWithdrawal = OnWithdrawal.IGNORE
    edit_gap: timedelta = timedelta(minutes=5)
    network: str = ""


TICK = timedelta(microseconds=1)
"""Between the due times of one pass, so that lanes keep the order."""


class Sight(Struct, frozen=True):
    """What one pass saw: the new items, all visible ones, and which items share a link with an older one.

    `doubt` is a reason to ask the operator before anything new of this pass is posted. `missed` are by channel the
    items that came while it was off.
    """

    new: tuple[Item, ...]
    visible: tuple[Item, ...]
    same_link: Mapping[str, str] = field(default_factory=dict)
    doubt: str | None = None
    missed: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)


def plan(
    sight: Sight,
    channels: Iterable[ChannelPlan],
    seen: Collection[str],
    now: datetime,
    *,
    forsaken: Collection[str] = (),
) -> tuple[Planned, ...]:
    """A decision for each item and channel that has none yet.

    Args:
        sight: what the pass saw.
        channels: every channel that is switched on.
        seen: names of channels that were planned for before; the others see the whole store for the first time.
        now: aware UTC.
        forsaken: accounts that channels led to which are no more: a new name for one of them is no new channel, and
            what stands there is not posted again.
    """
    decisions: list[Planned] = []
    for one in channels:
        is_first = one.name not in seen
        channel = replace(one, first_sight=FirstSight.BASELINE) if is_first and one.account in forsaken else one
        missed = {item.id: item for item in sight.missed.get(channel.name, ())}
        items = sight.visible if is_first else (missed | {item.id: item for item in sight.new}).values()
        decided = [
            replace(decide(item, channel, sight.same_link, is_first=is_first, now=now), due=now + position * TICK)
            for position, item in enumerate(oldest_first(items))
        ]
        decided = [_late(one) if one.item_id in missed else one for one in decided]
        decisions.extend(_guarded(decided, channel, sight.doubt))
    return tuple(decisions)


def _late(one: Planned) -> Planned:
    """It waited for the channel."""
    return replace(one, reason="new: came while the channel was off") if one.state is State.PLANNED else one


def plan_mended(revised: Iterable[Item], channels: Iterable[ChannelPlan], now: datetime) -> tuple[Planned, ...]:
    """What to try again because its item was edited, should the network have refused it as it was."""
    return tuple(
        planned(item, channel, State.PLANNED, "edited after it was refused", now + position * TICK, code=Reason.EDITED)
        for channel in channels
        for position, item in enumerate(oldest_first(revised))
        if filtered_by(item, channel) is None
    )


def decide(item: Item, channel: ChannelPlan, same_link: Mapping[str, str], *, is_first: bool, now: datetime) -> Planned:
    """The decision about one item and one channel, before the flood guard."""
    skipped = partial(planned, item, channel, State.SKIPPED)
    opted_out = opted_out_of(item, channel.name, channel.network)
    if opted_out is not None:
        return skipped(opted_out, now, code=Reason.OPTED_OUT)
    filtered = filtered_by(item, channel)
    if filtered is not None:
        return skipped(filtered, now, code=Reason.FILTERED)
    if is_first and channel.first_sight is FirstSight.BASELINE:
        reason = "baseline: it was there before the channel; `syndicate backfill` posts it"
        return skipped(reason, now, code=Reason.BASELINE)
    if channel.most_age is not None and now - item.published > channel.most_age:
        reason = f"too old: published {item.published:%Y-%m-%d}, limit {channel.most_age.days} days"
        return skipped(reason, now, code=Reason.TOO_OLD)
    if item.id in same_link:
        return skipped(f"same link as {same_link[item.id]}", now, code=Reason.SAME_LINK)
    return planned(item, channel, State.PLANNED, "new", now, code=Reason.NEW)


def opted_out_of(item: Item, channel: str, network: str) -> str | None:
    """Why the item's own file keeps it from a channel, or None."""
    refusal = None if item.posting is None else item.posting.refusal(channel, network)
    return None if refusal is None else f"opted out: {refusal}"


def filtered_by(item: Item, channel: ChannelPlan) -> str | None:
    """What keeps the item from the channel: its own file, or a filter of the channel; None: nothing."""
    opted_out = opted_out_of(item, channel.name, channel.network)
    if opted_out is not None:
        return opted_out
    names = {name.casefold() for topic in item.topics for name in (topic.slug, topic.label)}
    if channel.topics and names.isdisjoint(name.casefold() for name in channel.topics):
        return "filtered: none of its topics is among `topics`"
    if not names.isdisjoint(name.casefold() for name in channel.not_topics):
        return "filtered: one of its topics is among `not_topics`"
    if channel.sections and (item.section or "").casefold() not in {one.casefold() for one in channel.sections}:
        return "filtered: its section is not among `sections`"
    if channel.languages and item.language.casefold() not in {one.casefold() for one in channel.languages}:
        return "filtered: its language is not among `languages`"
    return None


def planned(
    item: Item,
    channel: ChannelPlan,
    state: State,
    reason: str,
    due: datetime,
    origin: Origin = Origin.LIVE,
    *,
    code: Reason = Reason.NEW,
) -> Planned:
    """A decision to post an item, or not to."""
    uid = uid_of(channel.name, channel.account, item.id, Action.POST)
    topics = tuple(topic.slug for topic in item.topics)
    return Planned(
        uid,
        channel.name,
        channel.account,
        item.id,
        Action.POST,
        item.revision,
        state,
        reason,
        due,
        origin,
        topics,
        code=code,
    )


def oldest_first(items: Iterable[Item]) -> list[Item]:
    """In order of publication, so that followers read them as they came."""
    return sorted(items, key=lambda item: (item.published, item.id))


def _guarded(decided: list[Planned], channel: ChannelPlan, doubt: str | None) -> list[Planned]:
    """Too many at once, or another store, is more likely an accident than news: they wait for the operator."""
    count = sum(one.state is State.PLANNED for one in decided)
    if channel.most_new is None or (count <= channel.most_new and doubt is None):
        return decided
    reason = doubt or f"flood guard: {count} new items at once, limit {channel.most_new}"
    held = partial(replace, state=State.HELD, reason=reason, code=Reason.OTHER_STORE if doubt else Reason.FLOOD)
    return [held(one) if one.state is State.PLANNED else one for one in decided]
