"""Schedules in which items are edited, leave the store and return, while their posts go out and are changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from outbox.simulated import SETTLE, Row
from outbox.world import RETRY, Crash, World
from syndicate.items.item import Item
from syndicate.outbox.delivery import Action, Delivery, Planned, Receipt, State, uid_of
from syndicate.outbox.edits import LEFT, Change, follow_up, parent_in, returned
from syndicate.outbox.outcome import Done, NotDone, Outcome, Refused, Step, Uncertain
from syndicate.outbox.reasons import Reason

GAP = timedelta(minutes=5)
MOST_STIRS = 6
"""So often something happens in the store; then all comes to rest."""

TOLD = {State.HELD, State.FAILED, State.DEAD}
AS_IT_WAS = cast(Item, object())
"""Stands for the item that left."""


@dataclass(slots=True)
class ChangingWorld(World):
    """`words` are the newest of each item, by number; `left` are the items that are not in the store.

    `standing` are the words of each post that was changed, `gone` the posts that were taken away, `coming` what the
    network still does of requests that timed out: a change of an item to words, or to None. The clock is left alone: it
    would deceive the wait for a late change.
    """

    words: dict[str, int] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    stirred: int = 0
    standing: dict[str, int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    coming: list[tuple[Any, str, int | None]] = field(default_factory=list)
    baseless: int = 0
    wronged: int = 0
    on_edit: Action = Action.EDIT

    def __post_init__(self) -> None:
        World.__post_init__(self)
        self.words = {row.item_id: 0 for row in self.record.values()}
        self.on_edit = Action.REPLY if self.chance.random() < 0.25 else Action.EDIT

    def jump(self, by: timedelta) -> None:
        """The clock is left alone."""

    # --- the store

    def stirs(self, *, is_idle: bool) -> bool:
        """Something happens in the store: an edit, a withdrawal, a return."""
        if self.stirred >= MOST_STIRS:
            return False
        late = self.coming[-1][1] if self.coming else None  # the worst time for an edit
        if not is_idle and self.chance.random() >= (0.15 if late is None else 0.5):
            return False
        self.stirred += 1
        if is_idle:
            self.true += self.chance.choice((timedelta(seconds=1), timedelta(minutes=20)))
        item = late or self.chance.choice(list(self.words))
        if item in self.left:
            self.returns(item)
        elif self.chance.random() < 0.3:
            self.leaves(item)
        else:
            self.is_edited(item)
        return True

    def rows_of(self, item: str) -> list[Delivery]:
        """All deliveries of an item."""
        return [row for row in self.record.values() if row.item_id == item]

    def is_edited(self, item: str) -> None:
        """It has new words, or its former ones again."""
        before = self.words[item]
        self.words[item] = before - 1 if before and self.chance.random() < 0.2 else before + 1
        self.say("{} is edited: words {}", item, self.words[item])
        for row in self.rows_of(item):
            if row.action is not Action.POST:
                continue
            mutable: Any = row
            if row.state is State.FAILED:
                self.skip(row, State.PLANNED, Reason.EDITED)
            if row.state is State.PLANNED and not row.is_unclear:
                mutable.payload = mutable.frozen_at = None
                mutable.revision = f"r{self.words[item]}"
        self.follow(item, self.on_edit, f"r{self.words[item]}", self.wall)

    def leaves(self, item: str) -> None:
        """It is not in the store any more."""
        self.say("{} leaves", item)
        self.left.add(item)
        for row in self.rows_of(item):
            if row.state in {State.PLANNED, State.HELD} and not row.is_unclear:
                self.skip(row, State.SKIPPED, Reason.WITHDRAWN)
        self.follow(item, Action.DELETE, LEFT, self.wall + GAP, left=AS_IT_WAS)

    def returns(self, item: str) -> None:
        """It is in the store again."""
        self.say("{} is back", item)
        self.left.discard(item)
        for row in self.rows_of(item):
            is_pending = row.state in {State.PLANNED, State.HELD} and not row.is_unclear
            if is_pending and row.action is Action.DELETE and self.without != "returned":
                self.skip(row, State.SKIPPED, Reason.RETURNED)
            if row.action is Action.POST and row.state is State.SKIPPED and row.code is Reason.WITHDRAWN:
                self.skip(row, State.PLANNED, Reason.NEW)
        if self.chance.random() < 0.3:
            self.words[item] += 1
            self.say("{} has words {} now", item, self.words[item])
        self.follow(item, self.on_edit, f"r{self.words[item]}", self.wall, is_return=True)

    def skip(self, row: Delivery, state: State, code: Reason) -> None:
        """What an ingest makes of a delivery that waits."""
        mutable: Any = row
        mutable.state, mutable.code = state, code
        if state is State.PLANNED:
            mutable.due, mutable.failures, mutable.payload, mutable.frozen_at = self.wall, 0, None, None
        self.say("{}: is {} ({})", row.uid, state.value, code.value)

    def follow(
        self, item: str, action: Action, revision: str, due: Any, *, left: Item | None = None, is_return: bool = False
    ) -> None:
        """What the channel does about it, as `outbox.intake` writes it."""
        uid = uid_of("news", "host", item, action, revision)
        planned = Planned(uid, "news", "host", item, action, revision, State.PLANNED, "", due, item=left)
        rows = self.rows_of(item)
        if self.without == "taken_away":
            rows = [row for row in rows if row.action is not Action.DELETE]
        found = follow_up([Change(planned, GAP, None, is_return)], rows)
        for superseded in found.superseded:
            if self.without != "newest":
                self.skip(self.record[superseded], State.SKIPPED, Reason.SUPERSEDED)
        for one in found.planned:
            row: Any = self.record.get(one.uid)
            if row is None:
                row = self.record[one.uid] = Row(
                    one.uid, "news", "host", item, action, revision, State.PLANNED, "", one.due
                )
            row.state, row.due, row.item, row.failures, row.code = State.PLANNED, one.due, left, 0, Reason.EDITED
            row.payload = row.frozen_at = None
            self.say("{}: planned, {} of {} to {}", one.uid, action.value, item, revision)

    # --- the lane

    def open_ones(self) -> list[Delivery]:
        """What is not settled, but for changes of a post that waits for a person."""
        held = {row.item_id for row in self.record.values() if row.action is Action.POST and row.state is State.HELD}
        rows = World.open_ones(self)
        return [row for row in rows if row.action is Action.POST or row.item_id not in held] if held else rows

    def composed(self, mine: Delivery) -> bytes:
        """New bytes; they end with the words."""
        return b"%d %d" % (self.compositions, self.words[mine.item_id])

    def attend(self, row: Delivery) -> None:
        """A post, or a change of one."""
        if row.state is State.UNKNOWN:
            World.attend(self, row)
            return
        if row.action is Action.POST:
            if row.item_id in self.left:
                self.skip(row, State.SKIPPED, Reason.WITHDRAWN)
            else:
                World.attend(self, row)
            return
        if row.item is not None and row.item_id not in self.left and self.without != "returned":
            self.write(row, returned(row, self.wall))
            return
        parent = parent_in(row, self.rows_of(row.item_id), now=self.wall, settle=self.network.guarantee.settle)
        if self.without == "parent" or (self.without == "taken_away" and row.item_id in self.gone):
            parent = Receipt("1", None, self.wall)
        if isinstance(parent, Step):
            self.write(row, parent)
        elif row.action is Action.REPLY:
            World.attend(self, row)
        else:
            self.change(row)

    def change(self, row: Delivery) -> None:
        """One call that sets a state."""
        mutable: Any = row
        mutable.state, mutable.owner, mutable.fence = State.CLAIMED, "lane", row.fence + 1
        self.crash_maybe(row.uid, "claimed")
        words = None if row.action is Action.DELETE else self.words[row.item_id]
        if self.without == "newest" and words is not None:
            words = int(row.revision[1:])
        fault = self.fault(row.uid)
        is_crashing = self.is_hit(row.uid, 0.1)
        if is_crashing:
            fault = self.chance.choice(("late", "late", "lost", "error_before"))
        outcome = self.cooled(self.changed(row, words, fault))
        self.say("{}: {} to {}: {} ({})", row.uid, row.action.value, words, type(outcome).__name__, fault or "no fault")
        if is_crashing:
            raise Crash
        self.true += timedelta(seconds=self.chance.random() * 20)
        self.crash_maybe(row.uid, "published")
        how = {"now": self.wall, "guarantee": self.network.guarantee, "retry": RETRY}
        self.write(row, self.machine.after_change(row, outcome, jitter=self.chance.random(), **how))

    def restart(self) -> None:
        """What was late comes about meanwhile."""
        World.restart(self)
        self.catch_up()

    # --- the network

    def changed(self, row: Delivery, words: int | None, fault: str | None) -> Outcome:
        """The network's side of a change, and what the sender hears."""
        self.catch_up()
        item = row.item_id
        if not any(one.item == item for one in self.network.made):
            self.baseless += 1
            return Refused("404")
        if item in self.gone:
            self.wronged += words is not None
            return Done(Receipt("1", None, self.wall)) if words is None else Refused("404")
        match fault:
            case "silence":
                self.network.quiet_until = self.true + timedelta(minutes=self.chance.choice((0, 1, 50)))
                return NotDone("429", until=self.network.quiet_until)
            case "unsent" | "paused":
                return NotDone("401", is_paused=fault == "paused")
            case "error_before" | "redirect":
                return Uncertain("502")
            case "late":
                self.coming.append((self.true + self.chance.random() * SETTLE / 2, item, words))
                return Uncertain("timed out")
        self.wronged += words is None and item not in self.left
        self.sets(item, words)
        return Uncertain("reset") if fault in {"lost", "garbled"} else Done(Receipt("1", None, self.wall))

    def sets(self, item: str, words: int | None) -> None:
        """Take the post away, or let it have these words."""
        if words is None:
            self.gone.add(item)
        elif item not in self.gone:
            self.standing[item] = words

    def catch_up(self) -> None:
        """Do what was late."""
        for one in sorted(self.coming, key=lambda one: one[0]):
            if one[0] <= self.true:
                self.coming.remove(one)
                self.sets(one[1], one[2])

    # --- the count

    def owes(self, row: Delivery) -> bool:
        """A post of an item that stayed; a correction that was said to be out."""
        if row.action is Action.POST:
            return row.item_id not in self.left or row.state is State.SENT
        return row.action is Action.REPLY and row.state is State.SENT

    def harm_of_changes(self) -> dict[str, int]:
        """Posts that do not read as their items do, or stand though their items left, and changes that went wrong."""
        self.true += timedelta(days=1)
        self.catch_up()
        stale = stays = 0
        for one in self.network.made:
            rows = self.rows_of(one.item)
            if not rows or any(row.state in TOLD for row in rows):
                continue
            if one.item in self.left:
                stays += one.item not in self.gone
            elif one.item not in self.gone and self.on_edit is Action.EDIT:
                stale += self.standing.get(one.item, int(one.payload.split()[1])) != self.words[one.item]
        return {"stale": stale, "stays": stays, "baseless": self.baseless, "wronged": self.wronged}
