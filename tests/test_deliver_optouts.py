"""Items whose files keep them from a channel after their posts were planned."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from deliver_rig import NAME, NOW, item, known, rig
from syndicate.errors import Transient
from syndicate.items.item import Item
from syndicate.items.posting import Posting, Wording
from syndicate.outbox.delivery import State
from syndicate.outbox.reasons import Reason
from syndicate.ports.content import Indexed, Stamp
from syndicate.ports.outbox import Acceptance

OUT = Posting(named=((NAME, Wording(is_skipped=True)),))


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; nothing is printed."""
    with capture_logs() as lines:
        yield lines


def read_again(one: Item) -> Acceptance:
    """Another version of the item's file."""
    return Acceptance(items=(known(one),), indexed=(Indexed(one.path, Stamp(1, 2, 4, "other"), one),), rules="rules")


async def test_an_item_that_opts_out_after_it_was_planned_is_not_posted(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1), item(2)) as made:
        await made.outbox.accept(read_again(item(1, posting=OUT)), NOW)

        assert [await made.step() for _ in range(3)] == [State.SKIPPED, State.SENT, None]

        [skipped] = await made.outbox.deliveries(states=[State.SKIPPED])
        assert (skipped.item_id, skipped.code) == (item(1).id, Reason.OPTED_OUT)
        assert len(made.channel.made) == 1


async def test_an_item_that_opts_out_is_not_posted_though_its_post_was_frozen(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1)) as made:
        made.channel.script["publish"] = [Transient("busy")]
        assert await made.step() is State.PLANNED
        await made.outbox.accept(read_again(item(1, posting=OUT)), NOW)

        assert await made.step_when_due() is State.SKIPPED

        assert made.channel.made == []


async def test_words_that_change_before_the_post_is_made_are_in_it(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1)) as made:
        worded = item(1, posting=Posting(usual=Wording(text="Title 9 by hand")))
        await made.outbox.accept(read_again(worded), NOW)

        assert await made.step() is State.SENT

        assert b"Title 9 by hand" in made.channel.made[0][0]


async def test_a_post_that_is_out_stays_though_its_item_opts_out(tmp_path: Path) -> None:
    async with rig(tmp_path, item(1)) as made:
        await made.step()
        await made.outbox.accept(read_again(item(1, posting=OUT)), NOW)
        made.clock.pass_(timedelta(hours=1))

        assert await made.step() is None
        assert [one.state for one in await made.outbox.deliveries()] == [State.SENT]
