"""What becomes of posts that are out when their items are edited or leave. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from msgspec import Struct, structs

from syndicate.items.item import Item
from syndicate.outbox.delivery import Action, Delivery, Planned, Receipt, State, uid_of
from syndicate.outbox.outcome import Step
from syndicate.outbox.plan import TICK, ChannelPlan, OnEdit, OnWithdrawal
from syndicate.outbox.reasons import Reason
from syndicate.posts.card import CardRules, card_of

HELD_AGAIN = timedelta(hours=1)
"""A change of a post that waits for a person is looked at this often."""

LEFT = "left"
"""Stands for the revision of a reply that tells that its item left: there is one at most."""

_EDITS = {OnEdit.EDIT: Action.EDIT, OnEdit.DELETE: Action.DELETE, OnEdit.REPLY: Action.REPLY}
_WITHDRAWALS = {OnWithdrawal.DELETE: Action.DELETE, OnWithdrawal.REPLY: Action.REPLY}
_RETURNS = {OnEdit.EDIT, OnEdit.REPLY}
_CHANGES = (Action.EDIT, Action.REPLY)
_IN_WORK = (State.CLAIMED, State.SENDING, State.UNKNOWN)


class Change(Struct, frozen=True):
    """What a channel's policy does about one post, if the post is out.

    `gap` is the least time since the post or its last change. More than `most` changes of one pass wait for a person.
    `is_return`: the item is back, so that it may, or may not, read otherwise than its post.
    """

    planned: Planned
    gap: timedelta
    most: int | None
    is_return: bool = False


class FollowUp(Struct, frozen=True):
    """What is owed of changes, given what stands: new or revived deliveries, and uids that a newer change replaces."""

    planned: tuple[Planned, ...] = ()
    superseded: tuple[str, ...] = ()


def changes_of(
    edited: Iterable[tuple[Item, Item]], channels: Iterable[ChannelPlan], cards: CardRules, now: datetime
) -> tuple[Change, ...]:
    """What edits mean for the channels: pairs of an item as it was and as it is.

    Only what readers of the post see counts: title, summary, link, image and topics, as the card tells them. An item
    that was moved, re-dated or edited in its body alone changes no post.
    """
    seen = [after for before, after in edited if _said(before, cards) != _said(after, cards)]
    return tuple(
        _change(channel, _EDITS[channel.on_edit], after, now + place * TICK, revision=after.revision)
        for channel in channels
        if channel.on_edit in _EDITS
        for place, after in enumerate(seen)
    )


def withdrawals_of(left: Iterable[Item | str], channels: Iterable[ChannelPlan], now: datetime) -> tuple[Change, ...]:
    """What the leaving of items means for the channels.

    Args:
        left: the items as they were; of one of which nothing can be read any more, the id.
        channels: what they do about it.
        now: aware UTC.
    """
    items = tuple(left)
    return tuple(
        _change(channel, _WITHDRAWALS[channel.on_withdrawal], item, now + channel.edit_gap + place * TICK)
        for channel in channels
        if channel.on_withdrawal in _WITHDRAWALS
        for place, item in enumerate(items)
    )


def returns_of(back: Iterable[Item], channels: Iterable[ChannelPlan], now: datetime) -> tuple[Change, ...]:
    """What the return of items means for the channels: what was to be changed as they left, and was not, still is."""
    items = tuple(back)
    return tuple(
        structs.replace(
            _change(channel, _EDITS[channel.on_edit], item, now + place * TICK, revision=item.revision), is_return=True
        )
        for channel in channels
        if channel.on_edit in _RETURNS
        for place, item in enumerate(items)
    )


def follow_up(changes: Iterable[Change], standing: Iterable[Delivery]) -> FollowUp:
    """What is owed of the changes, given every delivery of their items.

    An edit of an item that was never posted posts nothing. A post that is taken away, or about to be, is changed no
    more. Of several changes only the newest is owed, no sooner than the gap allows.
    """
    places: dict[tuple[str, str, str], list[Delivery]] = {}
    for one in standing:
        places.setdefault((one.channel, one.account, one.item_id), []).append(one)
    owed: list[tuple[Change, Planned]] = []
    superseded: list[str] = []
    for change in changes:
        wanted = change.planned
        others = places.get((wanted.channel, wanted.account, wanted.item_id), [])
        if not _may_follow(wanted, others) or (change.is_return and _is_told(wanted, others)):
            continue
        older = [one for one in others if _is_replaced(one, wanted)]
        superseded += [one.uid for one in older]
        owed.append((change, structs.replace(wanted, due=_due(change, others))))
    return FollowUp(tuple(_guarded(owed)), tuple(superseded))


def returned(delivery: Delivery, now: datetime) -> Step:
    """What becomes of what was to be done or said as an item had left, once the item is back.

    A deletion that may have been done cannot be taken back, and to go on with it would be against the wish of now.
    """
    if delivery.is_unclear:
        reason = (
            "its item is back, and its post may be gone: look there, then say sent (it is gone) or drop (it stands)"
        )
        return Step(State.HELD, reason, now, is_unclear=True, code=Reason.UNKNOWN_OUTCOME)
    return Step(State.SKIPPED, "its item is back", now, code=Reason.RETURNED)


def parent_in(delivery: Delivery, standing: Iterable[Delivery], *, now: datetime, settle: timedelta) -> Receipt | Step:
    """The post that a change is about, as of its last change, or what becomes of the change as long as there is none.

    `standing` are all deliveries of its channel and item.
    """
    own = [one for one in standing if one.account == delivery.account]
    post = next((one for one in own if one.action is Action.POST), None)
    if post is None or (post.state in {State.SKIPPED, State.FAILED, State.DEAD} and not post.is_unclear):
        return _needless("its item was not posted here", now)
    if any(one.action is Action.DELETE and one.state is State.SENT for one in own):
        return _needless("its post was taken away", now)
    if post.state is not State.SENT:
        due = now + HELD_AGAIN if post.state.is_final else max(post.due, now) + settle
        reason = f"waits for its post, which is {post.state.value}"
        return Step(State.PLANNED, reason, due, delivery.failures, code=Reason.WAITS_FOR_POST)
    if post.receipt is None or post.code is Reason.TOLD:
        return _needless("where its post stands was told by a person, so that it cannot be reached", now)
    return structs.replace(post.receipt, at=max(one.receipt.at for one in own if one.receipt is not None))


def _needless(reason: str, now: datetime) -> Step:
    return Step(State.SKIPPED, reason, now, code=Reason.NOT_POSTED)


def _said(item: Item, cards: CardRules) -> object:
    """What the post's readers see of an item; its date is none of it."""
    return structs.replace(card_of(replace(item, published=_NEVER), cards), item_id="")


_NEVER = datetime.max.replace(tzinfo=UTC)


def _change(channel: ChannelPlan, action: Action, which: Item | str, due: datetime, *, revision: str = LEFT) -> Change:
    item, item_id = (None, which) if isinstance(which, str) else (which, which.id)
    has_left = revision == LEFT
    planned = Planned(
        uid_of(channel.name, channel.account, item_id, action, revision),
        channel.name,
        channel.account,
        item_id,
        action,
        revision,
        State.PLANNED,
        "its item left the store" if has_left else "its item was edited",
        due,
        code=Reason.LEFT if has_left else Reason.EDITED,
        item=item if has_left else None,
    )
    if item is None and action is Action.REPLY:
        reason = "its item left the store, and what was kept of it is damaged: answer there by hand, then say sent"
        planned = structs.replace(planned, state=State.HELD, reason=reason, code=Reason.CANNOT_COMPOSE)
    return Change(planned, channel.edit_gap, channel.most_new)


def _may_follow(wanted: Planned, others: Iterable[Delivery]) -> bool:
    """Whether there is, or may be, a post to change, and this change is not made or on its way already."""
    by_action: Mapping[Action, list[Delivery]] = {action: [] for action in Action}
    for one in others:
        by_action[one.action].append(one)
    if not any(_may_be_out(post) for post in by_action[Action.POST]):
        return False
    if any(one.state not in {State.SKIPPED, State.DEAD} and one.uid != wanted.uid for one in by_action[Action.DELETE]):
        return False
    return all(_may_be_revived(one) for one in others if one.uid == wanted.uid)


def _may_be_out(post: Delivery) -> bool:
    return post.state is State.SENT or post.state in _IN_WORK or post.is_unclear or post.is_doubted


def _may_be_revived(one: Delivery) -> bool:
    """An edit may be made as often as the item comes to read so again; a reply or deletion is made once."""
    if one.action is Action.EDIT:
        return one.state.is_final
    return one.state is State.SKIPPED or (one.action is Action.DELETE and one.state is State.DEAD)


def _is_told(wanted: Planned, others: Iterable[Delivery]) -> bool:
    """Whether the post surely reads as the item does that is back; a correction is owed if it was before."""
    if wanted.action is Action.REPLY:
        return all(one.uid != wanted.uid for one in others)
    edits = [one for one in others if one.action is Action.EDIT]
    if any(one.state is State.SKIPPED and one.code is Reason.WITHDRAWN for one in edits):  # some may be on their way
        return False
    posts = [one for one in others if one.action is Action.POST]
    made = [(one.receipt.at, one.revision) for one in edits or posts if one.state is State.SENT and one.receipt]
    return bool(made) and max(made)[1] == wanted.revision


def _is_replaced(one: Delivery, wanted: Planned) -> bool:
    """Whether the newer change makes an older one needless that has not begun."""
    is_waiting = one.state in {State.PLANNED, State.HELD, State.FAILED} and not one.is_unclear and one.owner is None
    return one.action in _CHANGES and one.uid != wanted.uid and is_waiting


def _due(change: Change, others: Iterable[Delivery]) -> datetime:
    made = [one.receipt.at + change.gap for one in others if one.state is State.SENT and one.receipt is not None]
    # Also of one that was given up: if it is on its way all the same, it is over by then.
    waits = [one.due for one in others if one.action in _CHANGES and one.state in {State.PLANNED, State.SKIPPED}]
    return max([change.planned.due, *made, *waits])


def _guarded(owed: Iterable[tuple[Change, Planned]]) -> Iterable[Planned]:
    """Too many changes at once are more likely an accident than news: they wait for a person.

    What waits for one already is told for what it waits.
    """
    found = list(owed)
    counts = Counter(planned.channel for _, planned in found)
    for change, planned in found:
        count = counts[planned.channel]
        if change.most is None or count <= change.most or planned.state is State.HELD:
            yield planned
        else:
            reason = f"flood guard: {count} posts to change at once, limit {change.most}"
            yield structs.replace(planned, state=State.HELD, reason=reason, code=Reason.FLOOD)
