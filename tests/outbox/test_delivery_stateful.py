"""A lane over the real outbox lives through anything in any order: after each step nothing stands twice or is lost.

More of it: `python3 run.py test --hypothesis-profile long tests/outbox/test_delivery_stateful.py`.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace
from structlog.testing import capture_logs

from deliver_rig import (
    ACCOUNT,
    DURABLE,
    FREE,
    NAME,
    PLAN,
    READABLE,
    WINDOWED,
    WRITE_ONLY,
    Clock,
    HookedOutbox,
    Pictures,
    Rig,
    ScriptedChannel,
    acceptance,
    done,
    item,
    known,
    lane_of,
)
from syndicate.attempt import AttemptRules
from syndicate.deliver import LaneRules
from syndicate.draft import DraftRules
from syndicate.errors import RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.items.item import Item
from syndicate.outbox.delivery import Action, Receipt, State
from syndicate.outbox.edits import changes_of, returns_of, withdrawals_of
from syndicate.outbox.plan import OnEdit, OnWithdrawal, plan_mended
from syndicate.outbox.reasons import Reason
from syndicate.ports.outbox import Acceptance
from syndicate.posts.card import CardRules

GUARANTEES = {"durable": DURABLE, "windowed": WINDOWED, "readable": READABLE, "write-only": WRITE_ONLY}
NUMBERS = st.integers(1, 4)
OTHER_ACCOUNT = "elsewhere.example"
POSTS = {Action.POST, Action.REPLY}
TOLD = {State.HELD, State.FAILED, State.DEAD}
UNTOUCHED = {State.PLANNED, State.CLAIMED, State.SKIPPED, State.FAILED, State.DEAD}
"""States that say that no post stands there."""


class Killed(BaseException):
    """SIGKILL: nothing after it happens, and no handler of the product sees it."""


async def kill() -> None:
    raise Killed


class Life(RuleBasedStateMachine):
    """One channel, whose `made` posts are the truth, and a record that is opened again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="stateful-"))
        self.stack = ExitStack()
        self.stack.enter_context(capture_logs())  # printed with their traces, they take longer than all else
        self.database, self.backup = self.folder / "outbox.sqlite3", self.folder / "backup.sqlite3"
        self.seen: set[str] = set()
        self.store: dict[str, Item] = {}
        self.words: dict[str, str] = {}
        self.gone: set[str] = set()
        self.is_followed = True
        """Whether what stands on the network is to read as the store does: the channel was never led elsewhere."""

    def do(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize(
        kind=st.sampled_from(sorted(GUARANTEES)),
        on_edit=st.sampled_from([OnEdit.IGNORE, OnEdit.EDIT, OnEdit.EDIT, OnEdit.REPLY]),
        on_withdrawal=st.sampled_from([OnWithdrawal.IGNORE, OnWithdrawal.DELETE]),
    )
    def begin(self, kind: str, on_edit: OnEdit, on_withdrawal: OnWithdrawal) -> None:
        self.policy = replace(PLAN, on_edit=on_edit, on_withdrawal=on_withdrawal)
        clock = Clock()
        channel = ScriptedChannel(GUARANTEES[kind], clock=clock)
        channel.find = self.find  # type: ignore[method-assign]  # as networks do: by what is the post's own
        channel.edit, channel.delete = self.edit, self.delete  # type: ignore[method-assign]
        rules = LaneRules(AttemptRules(DraftRules(CardRules())), FREE)
        outbox, pictures = self.opened(), Pictures()
        lane = lane_of(channel, outbox, pictures, rules, clock)
        self.rig = Rig(self.folder, outbox, clock, channel, pictures, rules, lane)
        assert self.do(self.rig.outbox.begin(self.rig.clock(), has_feeds=False)) is None

    # --- the store and the operator

    @rule(number=NUMBERS)
    def an_item_is_new_or_read_once_more(self, number: int) -> None:
        self.store.setdefault(item(number).id, item(number))
        self.look()

    @rule(number=NUMBERS, title=st.sampled_from(["Edited", "Edited again"]))
    def an_item_is_edited_and_moved(self, number: int, title: str) -> None:
        self.store[item(number).id] = item(number, title=f"{title} {number}", path=f"moved/{number}-{title}.md")
        self.look()

    @rule(number=NUMBERS)
    def an_item_goes(self, number: int) -> None:
        self.store.pop(item(number).id, None)
        self.look()

    @rule(on_edit=st.sampled_from([OnEdit.IGNORE, OnEdit.EDIT]))
    def the_policy_is_another(self, on_edit: OnEdit) -> None:
        self.policy = replace(self.policy, on_edit=on_edit)
        self.is_followed = False

    @rule(number=NUMBERS)
    def a_backfill_plans_it(self, number: int) -> None:
        one = self.store.get(item(number).id)
        if one is not None and one.id in self.seen:
            made = acceptance(one, channel=self.plan).planned
            self.do(self.rig.outbox.revive(made, self.rig.clock()))

    @rule()
    def the_channel_leads_to_another_account(self) -> None:
        self.is_followed = False
        self.rig.channel.account = OTHER_ACCOUNT if self.rig.channel.account == ACCOUNT else ACCOUNT
        self.rig.restart()

    # --- the publisher

    @rule()
    def the_lane_takes_a_step(self) -> None:
        self.do(self.step())

    @rule()
    def the_publisher_is_started_anew(self) -> None:
        self.rig.restart()

    @rule(place=st.sampled_from(["before", "after"]), what=st.sampled_from(["claim", "freeze", "settle"]))
    def the_publisher_is_killed_at_its_record(self, place: str, what: str) -> None:
        getattr(self.rig.outbox, place)[what] = [kill]
        self.live_and_die()

    @rule(is_made=st.booleans())
    def the_publisher_is_killed_while_sending(self, is_made: bool) -> None:
        if is_made:
            self.rig.channel.after_made = [kill]
        else:
            self.rig.channel.script["publish"] = [kill]
        self.live_and_die()

    def live_and_die(self) -> None:
        try:
            self.do(self.step())
        except Killed:
            self.rig.restart()
        self.forget_faults()

    @rule()
    def the_state_is_backed_up(self) -> None:
        with closing(sqlite3.connect(self.database)) as now, closing(sqlite3.connect(self.backup)) as kept:
            now.backup(kept)

    @precondition(lambda self: self.backup.exists())
    @rule()
    def an_old_backup_is_put_back(self) -> None:
        self.do(self.rig.outbox.__aexit__(None, None, None))
        for path in self.folder.glob("outbox.sqlite3-*"):
            path.unlink()
        shutil.copy(self.backup, self.folder / "new")
        (self.folder / "new").replace(self.database)
        self.rig.outbox = self.opened()
        assert self.do(self.rig.outbox.begin(self.rig.clock(), has_feeds=True)) is not None
        self.look()
        self.rig.restart()

    # --- the network

    @rule(fault=st.sampled_from([Unknown("timed out"), Transient("nothing was sent"), Unauthorized("token expired")]))
    def the_next_post_fails(self, fault: Exception) -> None:
        self.rig.channel.script["publish"] = [fault]

    @rule()
    def the_next_answer_is_lost(self) -> None:
        self.rig.channel.after_made = [Unknown("reset")]

    @rule(minutes=st.integers(0, 90))
    def the_network_wants_silence(self, minutes: int) -> None:
        until = self.rig.clock() + timedelta(minutes=minutes)
        self.rig.channel.script["publish"] = [RateLimited("429", until)]

    @rule(fault=st.sampled_from([Transient("503"), Unauthorized("token expired"), Unknown("reset")]))
    def the_next_reading_fails(self, fault: Exception) -> None:
        self.rig.channel.script["find"] = [fault]

    @rule(fault=st.sampled_from([Unknown("reset"), Transient("503"), Unauthorized("token expired")]))
    def the_next_change_fails(self, fault: Exception) -> None:
        self.rig.channel.script["change"] = [fault]

    @rule()
    def the_answer_to_the_next_change_is_lost(self) -> None:
        self.rig.channel.script["changed"] = [Unknown("reset")]

    @rule(place=st.sampled_from(["change", "changed"]))
    def the_publisher_is_killed_while_changing(self, place: str) -> None:
        self.rig.channel.script[place] = [kill]
        self.live_and_die()

    @rule(minutes=st.sampled_from([-3, 1, 10, 100, 2000]))
    def the_clock_goes_on_or_is_set(self, minutes: int) -> None:
        self.rig.clock.pass_(timedelta(minutes=minutes))

    # --- what must be so after each step

    @precondition(lambda self: hasattr(self, "rig"))
    @invariant()
    def nothing_stands_twice(self) -> None:
        assert [uid for uid, count in self.made().items() if count > 1] == []

    @precondition(lambda self: hasattr(self, "rig"))
    @invariant()
    def the_record_is_true(self) -> None:
        made = self.made()
        deliveries = [one for one in self.do(self.rig.outbox.deliveries()) if one.action in POSTS]
        said_sent = {one.uid for one in deliveries if one.state is State.SENT}
        said_unsent = {one.uid for one in deliveries if one.state in UNTOUCHED and not one.is_doubted}
        assert said_sent <= set(made), "sent, and not there"
        assert not said_unsent & set(made), "there, and called unsent"
        assert set(made) <= {one.uid for one in deliveries}
        assert self.seen == {one.item_id for one in deliveries}

    @precondition(lambda self: hasattr(self, "rig"))
    @invariant()
    def only_what_stands_is_changed(self) -> None:
        assert set(self.words) | self.gone <= set(self.made())

    def teardown(self) -> None:
        if hasattr(self, "rig"):
            self.forget_faults()
            self.rig.restart()
            for _ in range(400):
                if not self.is_open():
                    break
                self.do(self.step())
            left = {one.state for one in self.do(self.rig.outbox.deliveries()) if one.code is not Reason.WAITS_FOR_POST}
            assert left <= {State.SENT, State.HELD, State.SKIPPED, State.DEAD, State.FAILED}, "it goes on for ever"
            self.nothing_stands_twice()
            self.the_record_is_true()
            self.only_what_stands_is_changed()
            self.posts_read_as_the_store_does()
            self.do(self.rig.outbox.__aexit__(None, None, None))
        self.stack.close()
        self.runner.close()
        shutil.rmtree(self.folder)

    def posts_read_as_the_store_does(self) -> None:
        """In the end, unless a person was told."""
        deliveries = self.do(self.rig.outbox.deliveries())
        told = {one.item_id for one in deliveries if one.state in TOLD}
        for post in deliveries:
            if not self.is_followed or post.action is not Action.POST or post.state is not State.SENT:
                continue
            one = self.store.get(post.item_id)
            if post.item_id in told:
                continue
            if one is None:
                assert post.uid in self.gone or self.policy.on_withdrawal is OnWithdrawal.IGNORE, (
                    "left, and still there"
                )
            elif post.uid not in self.gone and self.policy.on_edit is OnEdit.EDIT:
                assert self.words_of(post.uid).startswith(one.title), "it reads otherwise"

    def words_of(self, uid: str) -> str:
        """What the network shows of a post."""
        made = next(payload for payload, key in self.rig.channel.made if key.startswith(uid))
        return self.words.get(uid, made.decode())

    # --- how

    @property
    def plan(self) -> Any:
        return replace(self.policy, account=self.rig.channel.account)

    def is_open(self) -> bool:
        """Whether anything is to be done, but for changes of posts that wait for a person."""
        found = self.do(self.rig.outbox.deliveries())
        return any(not one.state.is_final and one.code is not Reason.WAITS_FOR_POST for one in found) or any(
            one.code is Reason.WAITS_FOR_POST and not self.waits_for_person(one, found) for one in found
        )

    @staticmethod
    def waits_for_person(change: Any, found: Any) -> bool:
        """Whether its post is held."""
        return any(
            one.state is State.HELD and one.action is Action.POST and one.item_id == change.item_id for one in found
        )

    def look(self) -> None:
        """A pass over the store, as `ingest` makes it."""
        now, outbox, plans = self.rig.clock(), self.rig.outbox, [self.plan]
        before = self.do(outbox.known())
        former = {item_id: self.do(outbox.item(item_id)) for item_id in before}
        here = [(one, before.get(one.id)) for one in self.store.values()]
        new = [one for one, kept in here if kept is None]
        back = [one for one, kept in here if kept is not None and kept.is_withdrawn]
        same = [(one, kept) for one, kept in here if kept is not None and not kept.is_withdrawn]
        revised = [one for one, kept in same if kept.revision != one.revision]
        moved = [one for one, kept in same if kept.path != one.path and one not in revised]
        left = [item_id for item_id, kept in before.items() if not kept.is_withdrawn and item_id not in self.store]
        touched = (*new, *back, *revised, *moved)
        made = acceptance(*new, *back, channel=self.plan)
        gone = {before[one.id].path for one in (*revised, *moved, *back)} | {before[item_id].path for item_id in left}
        changes = (
            *changes_of([(former[one.id], one) for one in revised], plans, CardRules(), now),
            *withdrawals_of([former[item_id] for item_id in left], plans, now),
            *returns_of(back, plans, now),
        )
        self.accept(
            Acceptance(
                items=tuple(known(one) for one in touched),
                indexed=acceptance(*touched).indexed,
                planned=tuple(replace(one, due=now) for one in made.planned),
                mended=plan_mended(revised, plans, now),
                changes=changes,
                returned=tuple(one.id for one in back),
                withdrawn=tuple(left),
                gone=tuple(gone - {one.path for one in touched}),
                channels={NAME: self.plan.account},
            )
        )

    async def edit(self, receipt: Receipt, payload: bytes) -> Receipt:
        """An edit at the network."""
        uid = await self.change(receipt)
        self.words[uid] = payload.decode()
        await done(self.rig.channel.script.get("changed", []))
        return replace(receipt, at=self.rig.clock())

    async def delete(self, receipt: Receipt) -> None:
        """A deletion at the network; one that is gone is done."""
        try:
            self.gone.add(await self.change(receipt))
        except Rejected:
            return
        await done(self.rig.channel.script.get("changed", []))

    async def change(self, receipt: Receipt) -> str:
        """The post that is meant."""
        await done(self.rig.channel.script.get("change", []))
        uid = re.split("-", receipt.remote_id)[1]
        if uid in self.gone or uid not in self.made():
            raise Rejected("404")
        return uid

    def opened(self) -> HookedOutbox:
        return self.do(HookedOutbox(self.database).__aenter__())  # type: ignore[no-any-return]  # gives itself

    def accept(self, accepted: Acceptance) -> None:
        self.seen |= {one.item_id for one in accepted.planned}
        self.do(self.rig.outbox.accept(accepted, self.rig.clock()))

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """A reading of the own posts; the uid stands for the link."""
        await done(self.rig.channel.script.get("find", []))
        uid = re.split("-", key)[0]
        return Receipt(f"id-{uid}", None, self.rig.clock()) if uid in self.made() else None

    def made(self) -> Counter[str]:
        """How often each delivery stands there, by its uid, which its key begins with."""
        return Counter(re.split("-", key)[0] for _, key in self.rig.channel.made)

    def forget_faults(self) -> None:
        self.rig.channel.script.clear()
        self.rig.channel.after_made.clear()
        self.rig.outbox.before.clear()
        self.rig.outbox.after.clear()

    async def step(self) -> None:
        """Let time pass until something is to do, and do it."""
        for _ in range(3):
            if await self.rig.step() is not None:
                return
            chosen = await self.rig.lane.next_turn()
            if chosen is None:
                return
            self.rig.clock.now = max(self.rig.clock(), chosen.at)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=settings().max_examples // 16,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
