"""What is owed and was done."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct, field

from syndicate.feeds.tombstone import Tombstone
from syndicate.items.item import Item, Topic
from syndicate.outbox.delivery import Action, Delivery, Planned, Receipt, State
from syndicate.outbox.edits import Change
from syndicate.outbox.outcome import Step
from syndicate.outbox.pace import Dropped, Outlook, Rest, Why
from syndicate.outbox.reasons import Reason
from syndicate.ports.content import Indexed, Stamp


class KnownItem(Struct, frozen=True, gc=False):
    """What the outbox remembers of an item."""

    item_id: str
    revision: str
    path: str
    link_key: str
    is_withdrawn: bool
    first_seen: datetime


class Acceptance(Struct, frozen=True):
    """Everything one ingest changes, written in one transaction.

    `mended` are plans for items that were edited: they stand in for a FAILED delivery, or for one that was skipped as
    the item had no image, and for nothing else.
    `changes` are what is wished for posts that are out. `returned` are ids of items that had left and are back.
    `withdrawn` are ids of items that left; `heirs` gives the former ids of new items that stand in for one of them.
    `channels` maps every channel planned for to its account.
    `rules` is the digest of the mapping the files were read with. `topics` are those that are new or spelled anew.
    `tombstones` are all that are kept from now on, None: as before.
    """

    items: tuple[KnownItem, ...] = ()
    withdrawn: tuple[str, ...] = ()
    heirs: Mapping[str, str] = field(default_factory=dict)
    indexed: tuple[Indexed, ...] = ()
    gone: tuple[str, ...] = ()
    planned: tuple[Planned, ...] = ()
    mended: tuple[Planned, ...] = ()
    changes: tuple[Change, ...] = ()
    returned: tuple[str, ...] = ()
    channels: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    topics: tuple[Topic, ...] = ()
    tombstones: tuple[Tombstone, ...] | None = None


class Event(Struct, frozen=True):
    """One line of a delivery's history: what it became, when and why, in words and as a code."""

    uid: str
    at: datetime
    state: State
    reason: str
    attempt: int
    code: Reason = Reason.OTHER


class ChannelCounts(Struct, frozen=True):
    """How a channel stands: posts by state, the next due time, the last post, how many wait for their pages.

    `changes` are edits, deletions and answers, each by state; the next of them that is owed is due at `next_change`.
    `unread` wait for a pass that reads their items' files.
    """

    channel: str
    account: str
    states: Mapping[State, int] = field(default_factory=dict)
    next_due: datetime | None = None
    last_sent: datetime | None = None
    pages: int = 0
    changes: Mapping[Action, Mapping[State, int]] = field(default_factory=dict)
    next_change: datetime | None = None
    unread: int = 0

    @property
    def total(self) -> int:
        """All deliveries of the channel."""
        return sum(sum(states.values()) for states in (self.states, *self.changes.values()))

    @property
    def settled(self) -> int:
        """Those of which nothing more happens by itself."""
        everything = (self.states, *self.changes.values())
        return sum(number for states in everything for state, number in states.items() if state.is_final)


class Restored(Struct, frozen=True):
    """The state is not the one that published last: why, and from when to when anything may have been sent."""

    epoch: int
    since: datetime
    until: datetime
    reason: str


class Doubt(Struct, frozen=True):
    """What is in doubt on a channel: posts made from `since` to `until`; because of it so many deliveries wait."""

    since: datetime
    until: datetime
    waiting: int = 0


class Sighting(Struct, frozen=True):
    """A post of ours that stands on a network, by the key of a link in it (see `link_key`)."""

    link_key: str
    receipt: Receipt


class Outbox(Protocol):
    """The durable record of deliveries. Each method is one transaction, run off the loop."""

    async def known(self) -> dict[str, KnownItem]:
        """Every item ever accepted, by id: the same object, kept up to date, unless somebody else wrote meanwhile."""

    async def index(self, rules: str) -> dict[str, Indexed]:
        """The parse index, by path; with a stamp that fits no file if it was made with other `rules` (a digest)."""

    async def packed_index(self) -> dict[str, Indexed] | None:
        """The parse index with its items still packed, by path, in order; None if any row of it is damaged."""

    async def checkpoint(self, rules: str) -> str | None:
        """The token of the notes on what was accepted last, None if there are none that hold for these rules."""

    async def keep_checkpoint(self, token: str) -> None:
        """Notes were made of what was accepted last; they hold until the next acceptance."""

    async def stamp(self, path: str, rules: str) -> Stamp | None:
        """What tells that the file at a path changed since it was read by these rules; None: it was not."""

    async def topics(self) -> dict[str, Topic]:
        """Every topic that an item ever had, by slug, as it was last spelled."""

    async def tombstones(self) -> dict[str, Tombstone]:
        """The items that left and are told of, by id."""

    async def channels(self) -> dict[str, str]:
        """Every channel ever planned for, with its account."""

    async def missed(self, names: Collection[str]) -> Mapping[str, frozenset[str]]:
        """By channel that was known before, but off at the last acceptance: ids of items nothing was decided about."""

    async def accept(self, acceptance: Acceptance, now: datetime) -> int:
        """Write one ingest; gives how many deliveries were new.

        Known uids are left as they are, but for what was skipped as withdrawn: that is planned anew when the item
        returns. Planned deliveries of withdrawn items are skipped; an heir takes their place in each queue. Of the
        changes, `edits.follow_up` says what is owed. An edited item whose post is planned, and surely unsent, is
        composed anew.
        """

    async def owed_changes(self) -> Mapping[Action, int]:
        """How many edits, deletions and answers are owed, by kind."""

    async def revive(self, planned: Sequence[Planned], now: datetime) -> int:
        """Backfill: SKIPPED deliveries and unknown uids become what is planned, others stay; gives how many."""

    async def outlook(self, channel: str, memory: int, most: int) -> Outlook:
        """The times of a channel's last `memory` posts, and of each kind of what it owes the `most` that come first."""

    async def drop(self, dropped: Sequence[Dropped], now: datetime) -> int:
        """Posts that still wait are SKIPPED with their reasons; gives how many."""

    async def rests(self) -> Mapping[tuple[str, Why], Rest]:
        """Every rest that was kept, by what it holds for and why."""

    async def keep_rest(self, scope: str, rest: Rest) -> None:
        """Keep a rest over restarts, in place of the former one of its kind."""

    async def end_rest(self, scope: str, why: Why) -> None:
        """Forget a rest."""

    async def token_kept_since(self, at: datetime) -> bool:
        """Whether any access was renewed since then."""

    async def gather(self, issue: Planned, until: datetime, now: datetime) -> int:
        """Put the PLANNED posts of the issue's channel that are due by `until` into it; gives how many that is.

        None, if it was made before: then they wait for the next one.
        """

    async def parts(self, uid: str) -> list[Item | None]:
        """The items of an issue that are still in the store, as they were owed; None for what is damaged."""

    async def claim(self, channel: str, owner: str, now: datetime, uid: str | None = None) -> Delivery | None:
        """Take a delivery: PLANNED becomes CLAIMED, UNKNOWN stays UNKNOWN, both get owner and new fence.

        The one of that uid, if it is still open; without a uid the next due one, live before backfill, then the oldest.
        Never two claims of one delivery.
        """

    async def freeze(self, delivery: Delivery, payload: bytes, key: str, now: datetime) -> Delivery:
        """Durable intent: payload, key and SENDING are on disk when this returns. From CLAIMED or UNKNOWN.

        Raises:
            LostClaim: the fence moved on; nothing may be sent.
        """

    def latest(self, now: datetime, sent: datetime | None) -> datetime:
        """The latest that it may be by now, as far as something sent at that time is concerned (see `timekeeping`)."""

    async def settle(self, delivery: Delivery, step: Step, now: datetime) -> None:
        """Write what became of a claimed, sending or unknown delivery, release it, and keep the event.

        Raises:
            LostClaim: the fence moved on; nothing was written.
        """

    async def orphans(self, channel: str) -> list[Delivery]:
        """What former owners left in work. Only the holder of the lock may ask, between claims."""

    async def next_due(self, channel: str) -> datetime | None:
        """When the channel has something to do next."""

    async def doubt(self, channel: str) -> Doubt | None:
        """What may have been sent on a channel without our knowing; None: nothing."""

    async def believe(self, channel: str, uid: str | None = None) -> None:
        """One delivery, or the whole channel, is in doubt no more."""

    async def sighted(self, channel: str, account: str, keys: Sequence[str]) -> Receipt | None:
        """The post of ours that was seen there with one of these links."""

    async def see(
        self,
        channel: str,
        account: str,
        seen: Iterable[Sighting],
        planned: Sequence[Planned],
        now: datetime,
        receipts: Mapping[str, Receipt],
    ) -> list[str]:
        """Keep in mind which posts of ours stand there; gives the ids of the items whose deliveries that settles.

        `planned` are deliveries of items that were found, with their posts' `receipts` by uid; those that were not
        decided yet are added. What is in work just now is left alone.
        """

    async def item(self, item_id: str) -> Item | None:
        """The item as last accepted; None also if what is kept of it is damaged."""

    async def find_items(self, text: str) -> list[Item]:
        """Items whose id, path or slug is `text`, or ends with it after `:` or `/`."""

    async def counts(self) -> list[ChannelCounts]:
        """How every channel stands."""

    async def deliveries(
        self, *, states: Iterable[State] = (), channel: str | None = None, item_id: str | None = None, limit: int = 1000
    ) -> list[Delivery]:
        """Deliveries, newest due first; payloads included."""

    async def delivery(self, uid: str) -> Delivery:
        """The delivery whose uid begins so, in whatever state.

        Raises:
            UsageError: none does, or several.
        """

    async def history(self, uid: str) -> list[Event]:
        """A delivery's events, oldest first."""

    async def resolve(self, uid: str, state: State, reason: str, now: datetime, url: str | None = None) -> Delivery:
        """The operator's word on a HELD, FAILED or DEAD delivery: SENT (is there), PLANNED (send again), DEAD (drop).

        Raises:
            UsageError: no such delivery, or its state does not allow it.
        """
