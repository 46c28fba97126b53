"""One lane that edits, takes away and answers posts that are out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from deliver_rig import ACCOUNT, NAME, NOW, PLAN, SETTLE, Rig, acceptance, done, item, known, rig
from syndicate.errors import NetworkError, Rejected, Transient, Unknown
from syndicate.items.item import Item
from syndicate.outbox.delivery import Action, Delivery, Receipt, State
from syndicate.outbox.edits import changes_of, returns_of, withdrawals_of
from syndicate.outbox.outcome import Step
from syndicate.outbox.plan import OnEdit, OnWithdrawal
from syndicate.outbox.reasons import Reason
from syndicate.ports.outbox import Acceptance
from syndicate.posts.card import CardRules
from syndicate.posts.post import Post


@dataclass
class Changes:
    """What a scripted channel was asked to change: (what, remote id, text)."""

    script: list[Exception] = field(default_factory=list)
    made: list[tuple[str, str, str]] = field(default_factory=list)


def changing(one: Rig) -> Changes:
    """Let the rig's channel edit, delete and reply."""
    changes = Changes()
    kind = type(one.channel)

    async def edit(receipt: Receipt, payload: bytes) -> Receipt:
        await done(changes.script)  # type: ignore[arg-type]  # exceptions are deeds
        changes.made.append(("edit", receipt.remote_id, payload.decode().partition("\n")[0]))
        return replace(receipt, at=one.clock())

    async def delete(receipt: Receipt) -> None:
        await done(changes.script)  # type: ignore[arg-type]  # exceptions are deeds
        changes.made.append(("delete", receipt.remote_id, ""))

    def freeze(post: Post, media: str | None, key: str, now: object) -> bytes:
        if post.reply_to is not None:
            changes.made.append(("reply", post.reply_to, post.text))
        return kind.freeze(one.channel, post, media, key, one.clock())

    one.channel.edit = edit  # type: ignore[method-assign]
    one.channel.delete = delete  # type: ignore[method-assign]
    one.channel.freeze = freeze  # type: ignore[method-assign]
    return changes


async def revise(one: Rig, after: Item, on_edit: OnEdit = OnEdit.EDIT, before: Item | None = None) -> None:
    """Accept the item as it reads now."""
    channel = replace(PLAN, on_edit=on_edit)
    changes = changes_of([(before or item(), after)], [channel], CardRules(), one.clock())
    await one.outbox.accept(replace(acceptance(after), planned=(), changes=changes), one.clock())


async def withdraw(one: Rig, on_withdrawal: OnWithdrawal, *, is_known: bool = True) -> None:
    changes = withdrawals_of(
        [item() if is_known else item().id], [replace(PLAN, on_withdrawal=on_withdrawal)], one.clock()
    )
    gone = Acceptance(withdrawn=(item().id,), gone=(item().path,), changes=changes)
    await one.outbox.accept(gone, one.clock())


async def change_of(one: Rig) -> Delivery:
    [found] = [each for each in await one.outbox.deliveries(channel=NAME) if each.action is not Action.POST]
    return found


async def test_post_is_edited_in_place(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await revise(one, item(title="Corrected"))

        assert await one.settle_all() == [State.SENT]

        post = next(each for each in await one.outbox.deliveries() if each.action is Action.POST)
        assert post.receipt is not None
        assert changes.made == [("edit", post.receipt.remote_id, "Corrected")]
        assert len(one.channel.made) == 1, "no second post"


@pytest.mark.parametrize("error", [Unknown("reset"), Transient("503")])
async def test_edit_is_repeated_until_it_is_clear(tmp_path: Path, error: NetworkError) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await revise(one, item(title="Corrected"))
        changes.script.append(error)

        assert await one.step_when_due() is State.PLANNED
        assert (await change_of(one)).due - one.clock() >= SETTLE
        assert await one.settle_all() == [State.SENT]

        assert len(changes.made) == 1


async def test_edit_that_is_refused_waits_for_a_person(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await revise(one, item(title="Corrected"))
        changes.script.append(Rejected("404 (Record not found)"))

        assert await one.settle_all() == [State.FAILED]
        assert (await change_of(one)).code is Reason.REFUSED


async def test_fault_of_an_adapter_is_no_end_of_an_edit(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await revise(one, item(title="Corrected"))
        changes.script.append(AttributeError("bug"))

        assert await one.settle_all() == [State.PLANNED, State.SENT]


async def test_of_many_edits_the_newest_is_made(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await revise(one, item(title="First"))
        await revise(one, item(title="Second"), before=item(title="First"))

        await one.settle_all()

        assert [text for _, _, text in changes.made] == ["Second"]
        found = {each.code for each in await one.outbox.deliveries(states=[State.SKIPPED])}
        assert found == {Reason.SUPERSEDED}


async def test_post_of_a_lost_item_is_taken_away_by_what_the_network_called_it(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        [post] = await one.outbox.deliveries()
        await withdraw(one, OnWithdrawal.DELETE, is_known=False)

        assert await one.settle_all() == [State.SENT]

        assert post.receipt is not None
        assert changes.made == [("delete", post.receipt.remote_id, "")]


async def test_post_of_a_lost_item_stays_if_its_file_comes_back_in_time(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await withdraw(one, OnWithdrawal.DELETE, is_known=False)
        await one.outbox.accept(replace(acceptance(item()), planned=()), one.clock())

        assert await one.settle_all() == [State.SKIPPED]

        assert ((await change_of(one)).code, changes.made) == (Reason.RETURNED, [])


async def test_edit_waits_for_a_post_that_is_unclear(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        one.channel.after_made = [Unknown("reset")]
        assert await one.step() is State.UNKNOWN
        await revise(one, item(title="Corrected"))

        states = await one.settle_all()

        assert states[-1] is State.SENT
        assert [text for _, _, text in changes.made] == ["Corrected"]
        assert len(one.channel.made) == 1


async def test_edit_before_the_post_was_sent_is_simply_composed(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        one.channel.script["publish"] = [Transient("503")]
        assert await one.step() is State.PLANNED
        after = item(title="Corrected")
        mended = acceptance(after).planned
        edits = changes_of([(item(), after)], [replace(PLAN, on_edit=OnEdit.EDIT)], CardRules(), one.clock())
        await one.outbox.accept(replace(acceptance(after), planned=(), mended=mended, changes=edits), one.clock())

        await one.settle_all()

        assert one.channel.made[0][0].startswith(b"Corrected")
        assert changes.made == []


async def test_withdrawn_post_is_taken_away_and_the_item_does_not_post_again(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await withdraw(one, OnWithdrawal.DELETE)
        assert await one.settle_all() == [State.SENT]

        await one.outbox.accept(replace(acceptance(item()), returned=(item().id,)), one.clock())
        await revise(one, item(title="Corrected"))
        await one.settle_all()

        assert [what for what, _, _ in changes.made] == ["delete"]
        assert len(one.channel.made) == 1


async def test_item_that_returns_in_time_keeps_its_post(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await withdraw(one, OnWithdrawal.DELETE)

        await one.outbox.accept(replace(acceptance(item()), returned=(item().id,)), one.clock())
        await one.settle_all()

        assert changes.made == []
        assert (await change_of(one)).code is Reason.RETURNED


@pytest.mark.parametrize("is_killed", [False, True])
async def test_item_that_returns_when_its_post_may_be_gone_is_a_matter_for_a_person(
    tmp_path: Path, *, is_killed: bool
) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await withdraw(one, OnWithdrawal.DELETE)
        if is_killed:
            assert await one.outbox.claim(NAME, "a publisher that dies", one.clock() + timedelta(hours=1)) is not None
        else:
            changes.script.append(Unknown("reset"))
            assert await one.step_when_due() is State.PLANNED

        await one.outbox.accept(replace(acceptance(item()), returned=(item().id,)), one.clock())
        one.restart()
        states = await one.settle_all()

        assert (states[-1], changes.made) == (State.HELD, [])
        uid = (await change_of(one)).uid
        await one.outbox.resolve(uid, State.DEAD, "it stands", one.clock())
        await revise(one, item(title="Corrected"))
        assert await one.settle_all() == [State.SENT]
        assert [what for what, _, _ in changes.made] == ["edit"]


@pytest.mark.parametrize("error", [Unknown("reset"), Transient("nothing was sent")])
async def test_deletion_is_repeated_until_it_is_clear(tmp_path: Path, error: NetworkError) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await withdraw(one, OnWithdrawal.DELETE)
        changes.script += [error, Transient("nothing was sent")]

        assert await one.settle_all() == [State.PLANNED, State.PLANNED, State.SENT]

        assert [what for what, _, _ in changes.made] == ["delete"]


async def bring_back(one: Rig, back: Item, on_edit: OnEdit = OnEdit.EDIT) -> None:
    changes = returns_of([back], [replace(PLAN, on_edit=on_edit)], one.clock())
    await one.outbox.accept(replace(acceptance(back), returned=(back.id,), changes=changes), one.clock())


@pytest.mark.parametrize("title", ["Title 1", "Corrected", "Third"])
async def test_item_that_is_back_has_the_words_of_now_in_its_post(tmp_path: Path, title: str) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await revise(one, item(title="Corrected"))
        await withdraw(one, OnWithdrawal.DELETE)

        await bring_back(one, item(title=title))
        await one.settle_all()

        assert [(what, text) for what, _, text in changes.made] == [("edit", title)]


@pytest.mark.parametrize("on_edit", [OnEdit.EDIT, OnEdit.REPLY, OnEdit.DELETE])
async def test_item_that_is_back_as_it_was_changes_nothing(tmp_path: Path, on_edit: OnEdit) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await withdraw(one, OnWithdrawal.DELETE)

        await bring_back(one, item(), on_edit)
        await one.settle_all()

        assert changes.made == []


async def test_correction_that_was_owed_as_the_item_left_is_made_when_it_is_back(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await revise(one, item(title="Corrected"), OnEdit.REPLY)
        await withdraw(one, OnWithdrawal.DELETE)

        await bring_back(one, item(title="Corrected"), OnEdit.REPLY)
        await one.settle_all()

        assert [what for what, _, _ in changes.made] == ["reply"]


async def test_edit_that_may_still_arrive_is_waited_for_although_it_was_given_up(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await revise(one, item(title="First"))
        changes.script.append(Unknown("timed out"))
        assert await one.step_when_due() is State.PLANNED
        unclear_at = one.clock()
        await withdraw(one, OnWithdrawal.DELETE)
        await bring_back(one, item(title="Second"))

        await one.settle_all()

        assert [text for _, _, text in changes.made] == ["Second"]
        assert one.clock() - unclear_at >= SETTLE


async def test_item_that_left_while_its_file_is_still_there_is_taken_away(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        changed = withdrawals_of([item()], [replace(PLAN, on_withdrawal=OnWithdrawal.DELETE)], one.clock())
        await one.outbox.accept(Acceptance(withdrawn=(item().id,), changes=changed), one.clock())

        assert await one.settle_all() == [State.SENT]

        assert [what for what, _, _ in changes.made] == ["delete"]


async def test_withdrawal_is_told_below_the_post(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changes = changing(one)
        await one.settle_all()
        await withdraw(one, OnWithdrawal.REPLY)

        assert await one.settle_all() == [State.SENT]

        [(what, parent, text)] = changes.made
        assert (what, parent.startswith("id-")) == ("reply", True)
        assert text.startswith("Withdrawn: Title 1")


async def test_correction_is_a_post_of_its_own_with_the_promise_of_a_post(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changing(one)
        await one.settle_all()
        await revise(one, item(title="Corrected"), OnEdit.REPLY)
        one.channel.after_made = [Unknown("reset")]

        states = await one.settle_all()

        assert (states[0], states[-1]) == (State.UNKNOWN, State.SENT)
        assert len(one.channel.made) == 2, "the post and one correction"
        assert one.channel.made[1][0].startswith(b"Correction: Corrected\n\nWhat happened.\n\nhttps://example.org/1")
        assert (await change_of(one)).code is Reason.FOUND


@pytest.mark.parametrize("state", [State.SENT, State.DEAD])
async def test_post_that_a_person_decided_is_not_changed(tmp_path: Path, state: State) -> None:
    async with rig(tmp_path) as one:
        changes = changing(one)
        await one.outbox.accept(acceptance(item(), state=State.HELD), NOW)
        uid = (await one.only()).uid
        await one.outbox.resolve(uid, State.PLANNED, "send", one.clock())
        one.channel.script["publish"] = [Rejected("422")]
        await one.settle_all()
        await one.outbox.resolve(uid, state, "told", one.clock())

        await revise(one, item(title="Corrected"))
        await one.settle_all()

        assert changes.made == []
        assert one.channel.account == ACCOUNT
        assert known(item()).item_id == item().id


async def test_changes_of_one_post_are_made_one_after_the_other(tmp_path: Path) -> None:
    async with rig(tmp_path, item()) as one:
        changing(one)
        await one.settle_all()
        await revise(one, item(title="First"))
        later = one.clock() + timedelta(hours=1)
        first = await one.outbox.claim(NAME, "me", later)
        assert first is not None
        await revise(one, item(title="Second"), before=item(title="First"))

        assert await one.outbox.claim(NAME, "me", later) is None

        await one.outbox.settle(first, Step(State.SENT, "", later, receipt=Receipt("1", None, later)), later)
        second = await one.outbox.claim(NAME, "me", later)
        assert second is not None
        assert second.uid != first.uid
