"""A clock that is set by hand, items, images, and a channel that does as its script says and keeps the truth."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import structs
from msgspec.structs import replace

from syndicate.attempt import AttemptRules
from syndicate.deliver import Lane, LaneRules
from syndicate.draft import DraftRules
from syndicate.errors import ImageUnusable
from syndicate.items.item import Image, Item, Topic
from syndicate.outbox.delivery import Delivery, Evidence, Guarantee, Receipt, State
from syndicate.outbox.outcome import Step
from syndicate.outbox.pace import PaceRules
from syndicate.outbox.plan import ChannelPlan
from syndicate.outbox.plan import planned as planned_for
from syndicate.outbox.reasons import Reason
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.channel import Channel
from syndicate.ports.content import Images, Indexed, Stamp
from syndicate.ports.outbox import Acceptance, KnownItem, Outbox
from syndicate.posts.card import CardRules
from syndicate.posts.post import ImageRules, Picture, Post, Room, Shape, Wants

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SETTLE = timedelta(seconds=90)

DURABLE = Guarantee(timedelta.max, Evidence.BY_KEY, SETTLE)
WINDOWED = Guarantee(timedelta(hours=1), Evidence.READS_OWN, SETTLE)
READABLE = Guarantee(None, Evidence.READS_OWN, SETTLE)
WRITE_ONLY = Guarantee(None, Evidence.NONE, SETTLE)

NAME, ACCOUNT = "news", "social.example"
FREE = PaceRules(interleaves=False)
WANTS = Wants(Room(500), image=ImageRules(Shape.CARD, 1000))


class Clock:
    """Time that passes when told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, passed: timedelta) -> None:
        self.now += passed


def item(number: int = 1, **more: object) -> Item:
    """The item of that number, published so many minutes ago."""
    published = NOW - timedelta(minutes=60 - number)
    parts: dict[str, object] = {
        "id": f"store:{number}",
        "path": f"news/{number}.md",
        "title": f"Title {number}",
        "summary": "What happened.",
        "published": published,
        "updated": published,
        "slug": f"title-{number}",
        "link": f"https://example.org/{number}",
        "topics": (Topic("health-ai", "Health AI"),),
    }
    return Item(**(parts | more))  # type: ignore[arg-type]  # the tests name fields of Item


def pictured(number: int = 1) -> Item:
    """An item with a featured image."""
    return item(number, image=Image(f"images/{number}.png", "A picture", "image/png", 10, 4, 3, "d"))


PLAN = ChannelPlan(NAME, ACCOUNT)


def acceptance(
    *items: Item,
    channel: ChannelPlan = PLAN,
    state: State = State.PLANNED,
    reason: str = "new",
    code: Reason = Reason.NEW,
) -> Acceptance:
    """The items and what the channel owes of them, due a microsecond apart."""
    return Acceptance(
        items=tuple(known(one) for one in items),
        indexed=tuple(Indexed(one.path, Stamp(1, 2, 3, "digest"), one) for one in items),
        planned=tuple(
            planned_for(one, channel, state, reason, NOW + timedelta(microseconds=place), code=code)
            for place, one in enumerate(items)
        ),
        channels={channel.name: channel.account},
        rules="rules",
    )


def kept(one: Delivery) -> Delivery:
    """As the outbox keeps it, without what a claim brings along."""
    return structs.replace(one, current=None, may_stand=False, is_damaged=False)


def known(one: Item) -> KnownItem:
    return KnownItem(one.id, one.revision, one.path, one.link or "", is_withdrawn=False, first_seen=NOW)


@dataclass
class Pictures:
    """Images that are always two bytes, or the error given."""

    error: Exception | None = None

    async def picture(self, image: Image, rules: ImageRules) -> Picture:
        if self.error is not None:
            raise self.error
        return Picture(b"\x89P", "image/png", 4, 3, image.alt)


Deed = Exception | Callable[[], Awaitable[None]]
"""What a scripted call does instead of succeeding: raise, or do something first."""


@dataclass
class ScriptedChannel(Channel):
    """A channel whose `made` posts are the truth: payload and key, in order.

    `script` has deeds for the next calls by name (`open`, `upload`, `publish`, `find`); without one the call succeeds.
    `after_made` deeds come when the post stands: the answer is lost. `calls` are the names of calls, in order.
    """

    guarantee: Guarantee = READABLE
    name: str = NAME
    account: str = ACCOUNT
    network: str = "scripted"
    is_rehearsal: bool = False
    clock: Callable[[], datetime] = lambda: NOW
    script: dict[str, list[Deed]] = field(default_factory=dict)
    after_made: list[Deed] = field(default_factory=list)
    made: list[tuple[bytes, str]] = field(default_factory=list)
    sent: list[tuple[bytes, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    wants: Wants = WANTS

    async def _do(self, name: str) -> None:
        self.calls.append(name)
        await done(self.script.get(name, []))

    async def open(self) -> None:
        await self._do("open")

    async def upload(self, picture: Picture) -> str:
        await self._do("upload")
        return f"media-{self.calls.count('upload')}"

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        return f"{uid}-{published:%Y}-{generation}"

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        return f"{post.text}|{media}|{now:%H:%M:%S.%f}".encode()

    async def stage(self, payload: bytes, key: str) -> bytes:
        await done(self.script.get("stage", []))
        return payload

    async def publish(self, payload: bytes, key: str) -> Receipt:
        self.sent.append((payload, key))
        await self._do("publish")
        if self.guarantee.key_window is None or key not in {made_key for _, made_key in self.made}:
            self.made.append((payload, key))
        await done(self.after_made)
        return self._receipt(key)

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        await self._do("find")
        return self._receipt(key) if payload in {made for made, _ in self.made} else None

    async def close(self) -> None:
        self.calls.append("close")

    def _receipt(self, key: str) -> Receipt:
        return Receipt(f"id-{key}", f"https://social.example/{key}", self.clock())


async def done(deeds: list[Deed]) -> None:
    """Do the next deed, if any is left."""
    if not deeds:
        return
    deed = deeds.pop(0)
    if isinstance(deed, Exception):
        raise deed
    await deed()


class HookedOutbox(SqlOutbox):
    """A real outbox with deeds before and after its next `claim`, `freeze` and `settle`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.before: dict[str, list[Deed]] = {}
        self.after: dict[str, list[Deed]] = {}

    async def claim(self, channel: str, owner: str, now: datetime, uid: str | None = None) -> Delivery | None:
        await done(self.before.get("claim", []))
        delivery = await super().claim(channel, owner, now, uid)
        await done(self.after.get("claim", []))
        return delivery

    async def freeze(self, delivery: Delivery, payload: bytes, key: str, now: datetime) -> Delivery:
        await done(self.before.get("freeze", []))
        frozen = await super().freeze(delivery, payload, key, now)
        await done(self.after.get("freeze", []))
        return frozen

    async def settle(self, delivery: Delivery, step: Step, now: datetime) -> None:
        await done(self.before.get("settle", []))
        await super().settle(delivery, step, now)
        await done(self.after.get("settle", []))


@dataclass
class Rig:
    """One lane over a real outbox, with a clock, a channel and images to play with."""

    path: Path
    outbox: HookedOutbox
    clock: Clock
    channel: ScriptedChannel
    pictures: Pictures
    rules: LaneRules
    lane: Lane

    def restart(self, rules: LaneRules | None = None) -> None:
        """A new lane over the same outbox and channel."""
        self.rules = rules or self.rules
        self.lane = lane_of(self.channel, self.outbox, self.pictures, self.rules, self.clock)

    async def owe(self, *items: Item) -> None:
        """Accept the items, due in that order since a moment ago."""
        accepted = acceptance(*items)
        due = tuple(replace(one, due=one.due - timedelta(seconds=1)) for one in accepted.planned)
        await self.outbox.accept(replace(accepted, planned=due), self.clock())

    async def step(self) -> State | None:
        """The state of the delivery that one step settled."""
        settled = await self.lane.step()
        return None if settled is None else settled.step.state

    async def step_when_due(self) -> State | None:
        """The same, when the clock has gone on to the time at which the lane has something to do."""
        for _ in range(50):
            chosen = await self.lane.next_turn()
            self.clock.now = max(self.clock.now, chosen.at if chosen is not None else self.clock.now)
            state = await self.step()
            if state is not None:
                return state
            self.clock.pass_(timedelta(minutes=2))
        raise AssertionError("nothing falls due")

    async def settle_all(self) -> list[State]:
        """Step and let time pass until nothing is open any more; gives the states on the way."""
        states = [await self.step()]  # tidies up first, which may make something due
        while await self.outbox.next_due(NAME) is not None:
            states.append(await self.step_when_due())
            assert len(states) < 60, "the lane goes on for ever"
        return [state for state in states if state is not None]

    async def only(self) -> Delivery:
        [one] = await self.outbox.deliveries()
        return one


@asynccontextmanager
async def rig(folder: Path, *owed: Item, guarantee: Guarantee = READABLE, pace: PaceRules = FREE) -> AsyncIterator[Rig]:
    """A rig that owes these items."""
    clock = Clock()
    channel = ScriptedChannel(guarantee, clock=clock)
    rules = LaneRules(AttemptRules(DraftRules(CardRules())), pace)
    pictures = Pictures()
    async with HookedOutbox(folder / "outbox.sqlite3") as outbox:
        lane = lane_of(channel, outbox, pictures, rules, clock)
        made = Rig(folder, outbox, clock, channel, pictures, rules, lane)
        if owed:
            await made.owe(*owed)
        yield made


def lane_of(channel: Channel, outbox: Outbox, images: Images, rules: LaneRules, clock: Clock) -> Lane:
    """A lane whose backoff has no jitter."""
    return Lane(channel, outbox, images, rules, owner="me", clock=clock, chance=lambda: 1.0)


def unusable() -> ImageUnusable:
    return ImageUnusable("images/1.png", "no image")
