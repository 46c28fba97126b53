"""Where use cases meet the world: what they ask of stores, shelves, channels and the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from syndicate.errors import Fault
from syndicate.feeds.tombstone import Tombstone
from syndicate.items.item import Image, Item, Topic
from syndicate.items.topics import agreed
from syndicate.outbox.delivery import Delivery, Guarantee, Planned, Receipt, State, Step
from syndicate.outbox.ping import HubCounts, Ping, Pinged
from syndicate.posts.cardimage import CardImage
from syndicate.posts.post import ImageRules, Picture, Post, Wants


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file changed without reading it; `digest` (hex SHA-256 of the bytes) settles doubts.

    `image` is the same for the places where the featured image was looked for, so that a new picture is a change.
    """

    size_bytes: int
    mtime_ns: int
    inode: int
    digest: str = ""
    image: str = ""


UNREAD = Stamp(-1, -1, -1)
"""The stamp of a file that has to be read again whatever it looks like."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """What is known of one file: its item, why it is none (`skipped` names the visibility rule), or its faults."""

    path: str
    stamp: Stamp
    item: Item | None = None
    skipped: str | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """One look at a store.

    `files` is every file there is now; `read` the paths that were parsed in this look, `gone` the paths that vanished,
    `waiting` the paths still being written (left as they were known before). `faults` are the store's own, for
    example two files with one id; the files' faults are in `files`.
    """

    files: Mapping[str, Indexed]
    read: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def items(self) -> dict[str, Item]:
        """The items by id, one for each id (the first path in order wins; the others are faults).

        A topic has one label in all of them (see `agreed`).
        """
        found: dict[str, Item] = {}
        for path in sorted(self.files):
            item = self.files[path].item
            if item is not None:
                found.setdefault(item.id, item)
        return agreed(found)


class Store(Protocol):
    """Where items come from. Called in a thread: it may block, it may not touch the event loop."""

    def scan(self, known: Mapping[str, Indexed]) -> Scan:
        """Look at every file, read those that changed against `known`.

        Raises:
            ConfigError: the store itself is not there.
        """

    def image_bytes(self, image: Image) -> bytes:
        """The bytes of a local image.

        Raises:
            ImageUnusable: gone, unsafe or over the size cap.
        """


class Images(Protocol):
    """Makes pictures fit networks."""

    async def picture(self, image: Image, rules: ImageRules) -> Picture:
        """The image within the rules: read or fetched, decoded, cut, scaled, encoded, alt text fitted.

        Raises:
            ImageUnusable: with the reason in words.
        """


@dataclass(frozen=True, slots=True)
class Painted:
    """A card image as files; why the featured image could not be used, and the scripts that no font here can write."""

    jpeg: bytes
    webp: bytes
    unusable: str = ""
    missing: tuple[str, ...] = ()


class Painter(Protocol):
    """Draws card images."""

    async def paint(self, card: CardImage) -> Painted:
        """The card of the featured image, or the generated one where there is none that can be used.

        Raises:
            ImageUnusable: not even that can be drawn; the reason in words.
        """


class Shelf(Protocol):
    """Where rendered files are published. Called in a thread."""

    def put(self, path: str, content: bytes) -> bool:
        """Publish bytes at a POSIX path below the shelf; True if they differ from what stood there.

        Raises:
            CannotWrite: nothing changed; the former file stands.
        """

    def drop(self, path: str) -> bool:
        """Take a file away; True if it was there."""

    def paths(self) -> frozenset[str]:
        """Every file the shelf itself published and still holds."""

    def listed(self) -> frozenset[str]:
        """Every file the shelf itself published, without looking whether it still stands."""

    def is_whole(self) -> bool:
        """Whether all that was published still stands; what does not is forgotten and may be put anew."""

    def digest(self, path: str) -> str | None:
        """Hex SHA-256 of the bytes that stand at the path; None if there are none."""


class Channel(Protocol):
    """A configured account or place on a network.

    `account` names the place as the settings give it, known without a connection; it is part of each delivery's uid.
    `wants` and `guarantee` may be refined by `open`. `is_rehearsal`: posts are seen by the operator only (preview).
    """

    name: str
    network: str
    account: str
    is_rehearsal: bool

    @property
    def wants(self) -> Wants:
        """What a post must look like here."""

    @property
    def guarantee(self) -> Guarantee:
        """What is promised about posting twice here."""

    async def open(self) -> None:
        """Check access and read the server's limits; safe to call again.

        Raises:
            Transient, RateLimited, Unauthorized: the lane waits and tries again.
        """

    async def upload(self, picture: Picture) -> str:
        """Bring the picture to the network, repeatable at will; gives an opaque reference for `freeze`.

        Raises:
            NetworkError: by kind; Rejected means the picture cannot be used and the post goes without.
        """

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """The idempotency key in the network's own form; deterministic."""

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The exact request body (or record) that every attempt under this key sends."""

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Send once. Follows no redirect; never repeats by itself.

        Raises:
            NetworkError: by kind; whatever is not proven is Unknown.
        """

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Look for the post among our own since then; None if it is not there.

        Raises:
            NetworkError: it could not be read.
        """

    async def close(self) -> None:
        """Let go of connections."""


class Tokens(Protocol):
    """Sessions and refresh tokens, kept encrypted over restarts."""

    async def token(self, name: str) -> str | None:
        """The kept secret of that name, or None."""

    async def keep_token(self, name: str, secret: str) -> None:
        """Keep a secret durably before it is used."""


@dataclass(frozen=True, slots=True)
class KnownItem:
    """What the outbox remembers of an item."""

    item_id: str
    revision: str
    path: str
    link_key: str
    is_withdrawn: bool
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Everything one ingest changes, written in one transaction.

    `mended` are plans for items that were edited: they stand in for a FAILED delivery and for nothing else.
    `withdrawn` are ids of items that left. `channels` maps every channel planned for to its account.
    `rules` is the digest of the mapping the files were read with. `topics` are those that are new or spelled anew.
    `tombstones` are all that are kept from now on, None: as before.
    """

    items: tuple[KnownItem, ...] = ()
    withdrawn: tuple[str, ...] = ()
    indexed: tuple[Indexed, ...] = ()
    gone: tuple[str, ...] = ()
    planned: tuple[Planned, ...] = ()
    mended: tuple[Planned, ...] = ()
    channels: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    topics: tuple[Topic, ...] = ()
    tombstones: tuple[Tombstone, ...] | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a delivery's history: what it became, when and why."""

    uid: str
    at: datetime
    state: State
    reason: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ChannelCounts:
    """How a channel stands: deliveries by state, the next due time, the last post, the cool-down's end."""

    channel: str
    account: str
    states: Mapping[State, int] = field(default_factory=dict)
    next_due: datetime | None = None
    last_sent: datetime | None = None
    cools_until: datetime | None = None


class Outbox(Protocol):
    """The durable record of deliveries. Each method is one transaction, run off the loop."""

    async def known(self) -> dict[str, KnownItem]:
        """Every item ever accepted, by id."""

    async def index(self, rules: str) -> dict[str, Indexed]:
        """The parse index, by path; with a stamp that fits no file if it was made with other `rules` (a digest)."""

    async def topics(self) -> dict[str, Topic]:
        """Every topic that an item ever had, by slug, as it was last spelled."""

    async def tombstones(self) -> dict[str, Tombstone]:
        """The items that left and are told of, by id."""

    async def channels(self) -> dict[str, str]:
        """Every channel ever planned for, with its account."""

    async def accept(self, acceptance: Acceptance, now: datetime) -> int:
        """Write one ingest; gives how many deliveries were new.

        Known uids are left as they are, but for what was skipped as withdrawn: that is planned anew when the item
        returns. Planned deliveries of withdrawn items are skipped.
        """

    async def revive(self, planned: Sequence[Planned], now: datetime) -> int:
        """Backfill: SKIPPED deliveries and unknown uids become what is planned, others stay; gives how many."""

    async def claim(self, channel: str, owner: str, now: datetime) -> Delivery | None:
        """Take the next due delivery: PLANNED becomes CLAIMED, UNKNOWN stays UNKNOWN, both get owner and new fence.

        Live before backfill, then the oldest due. Never two claims of one delivery.
        """

    async def freeze(self, delivery: Delivery, payload: bytes, key: str, now: datetime) -> Delivery:
        """Durable intent: payload, key and SENDING are on disk when this returns. From CLAIMED or UNKNOWN.

        Raises:
            LostClaim: the fence moved on; nothing may be sent.
        """

    async def settle(self, delivery: Delivery, step: Step, now: datetime) -> None:
        """Write what became of a claimed, sending or unknown delivery, release it, and keep the event.

        Raises:
            LostClaim: the fence moved on; nothing was written.
        """

    async def orphans(self, channel: str) -> list[Delivery]:
        """What former owners left in work. Only the holder of the lock may ask, between claims."""

    async def next_due(self, channel: str) -> datetime | None:
        """When the channel has something to do next."""

    async def cool(self, channel: str, until: datetime) -> None:
        """Keep a network's wish for silence over restarts."""

    async def cools_until(self, channel: str) -> datetime | None:
        """The kept wish for silence, if any."""

    async def last_sent(self, channel: str) -> datetime | None:
        """When the channel last posted, for pacing over restarts."""

    async def item(self, item_id: str) -> Item | None:
        """The item as last accepted."""

    async def find_items(self, text: str) -> list[Item]:
        """Items whose id, path or slug is `text`, or ends with it after `:` or `/`."""

    async def counts(self) -> list[ChannelCounts]:
        """How every channel stands."""

    async def deliveries(
        self, *, states: Iterable[State] = (), channel: str | None = None, item_id: str | None = None, limit: int = 1000
    ) -> list[Delivery]:
        """Deliveries, newest due first; payloads included."""

    async def history(self, uid: str) -> list[Event]:
        """A delivery's events, oldest first."""

    async def resolve(self, uid: str, state: State, reason: str, now: datetime, url: str | None = None) -> Delivery:
        """The operator's word on a HELD, FAILED or DEAD delivery: SENT (is there), PLANNED (send again), DEAD (drop).

        Raises:
            UsageError: no such delivery, or its state does not allow it.
        """


class HubLine(Protocol):
    """The way to WebSub hubs."""

    async def ping(self, hub: str, topic: str) -> None:
        """Tell a hub that a topic changed; repeatable at will.

        Raises:
            NetworkError: Rejected and Unauthorized are final, whatever else is tried again.
        """


class Announcements(Protocol):
    """The durable record of what hubs were told and are owed. Each method is one transaction, run off the loop."""

    async def owe(self, hubs: Sequence[str], standing: Mapping[str, str], now: datetime) -> None:
        """These are the hubs, and these the topics with the digests of what stands there now; others are forgotten."""

    async def due_pings(self, hub: str, now: datetime, most: int) -> list[Ping]:
        """What the hub may be told now, the longest due first; nothing while it rests."""

    async def next_ping(self, hub: str) -> datetime | None:
        """When the hub has to be told something next."""

    async def settle_pings(
        self, hub: str, outcomes: Sequence[Pinged], rests_until: datetime | None, now: datetime
    ) -> None:
        """Write what came of pings, and until when the hub is left alone."""

    async def hub_counts(self) -> list[HubCounts]:
        """How every hub stands."""
