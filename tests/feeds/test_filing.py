"""What stands under which subject, however it came there, and whatever of it another process noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from feeds.store import CODING, SITE, day, make_item
from syndicate.feeds.filing import Filing, FilingNote
from syndicate.items.item import Item, Topic

TOPICS = (CODING, Topic("reeds", "Reeds"), Topic("reeds", "reeds"), Topic("mud", "Mud"))


def item_of(chance: Random, number: int) -> Item:
    topics = tuple(chance.sample(TOPICS, chance.randrange(3)))
    published = day(1) + timedelta(hours=chance.randrange(200))
    return replace(
        make_item(topics=topics, body_html="x" * chance.randrange(99)), id=f"s:{number}", published=published
    )


def known_by(filing: Filing) -> dict[str, Any]:
    """All that it tells, whatever its numbers are."""
    drawers = {key: filing.at(key) for key in filing.note().keys}
    return {
        "items": filing.items,
        "weights": {
            one: (filing.weight_bytes(one, is_full=True), filing.weight_bytes(one, is_full=False))
            for one in filing.items
        },
        "members": {key: one.members for key, one in drawers.items() if one.members},
        "spellings": {key: +one.spellings for key, one in drawers.items() if +one.spellings},
        "shared": {key: +one.shared for key, one in drawers.items() if +one.shared},
    }


def passed_on(filing: Filing) -> Filing:
    """Another one that takes up its note, as it is kept."""
    note = msgspec.msgpack.decode(msgspec.msgpack.encode(filing.note()), type=FilingNote)
    other = Filing(SITE)
    other.resume(filing.items, note)
    return other


@pytest.mark.parametrize("seed", range(20))
def test_what_was_noted_and_changed_since_is_what_a_filing_of_all_items_knows(seed: int) -> None:
    chance = Random(seed)
    filing = Filing(SITE)
    for number in range(9):
        item = item_of(chance, number)
        filing.put_in(item, filing.file(item))
    for _ in range(60):
        if chance.random() < 0.4:
            filing = passed_on(filing)
        if filing.items and chance.random() < 0.5:
            filing.take_out(chance.choice(list(filing.items)))
        else:
            item = item_of(chance, chance.randrange(12))
            if item.id in filing.items:
                filing.take_out(item.id)
            filing.put_in(item, filing.file(item))

    anew = Filing(SITE)
    anew.put_all_in({one.id: anew.file(one) for one in filing.items.values()})
    assert known_by(filing) == known_by(anew) == known_by(passed_on(filing))


def test_numbers_of_items_that_left_are_given_up_when_they_are_most() -> None:
    filing, chance = Filing(SITE), Random(1)
    for number in range(9):
        item = item_of(chance, number)
        filing.put_in(item, filing.file(item))
    filing = passed_on(filing)
    for number in range(4):
        filing.take_out(f"s:{number}")
    assert filing.note().ids.count("") == 4

    filing.take_out("s:4")

    assert sorted(filing.note().ids) == [f"s:{number}" for number in range(5, 9)]
    assert known_by(passed_on(filing)) == known_by(filing)


def test_subjects_that_share_items_with_a_topic_are_found_in_closed_drawers_too() -> None:
    filing = Filing(SITE)
    item = make_item(topics=(CODING, TOPICS[1]))
    filing.put_in(item, filing.file(item))

    assert passed_on(filing).sharing({"topic:reeds"}) >= {"all", "topic:reeds", f"topic:{CODING.slug}"}
    assert passed_on(filing).sharing({"topic:mud"}) == set()
