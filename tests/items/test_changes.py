from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syndicate.items.changes import compare
from syndicate.items.item import Item

DAY = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Memory:
    revision: str
    is_withdrawn: bool = False


def item(name: str, title: str = "T") -> Item:
    at = DAY + timedelta(days=ord(name[0]))
    return Item(id=name, path=f"{name}.md", title=title, summary="", published=at, updated=at)


def test_new_revised_returned_and_withdrawn_are_told_apart() -> None:
    items = {name: item(name) for name in "dcba"}
    known = {
        "a": Memory(items["a"].revision),
        "b": Memory("older"),
        "c": Memory("older", is_withdrawn=True),
        "x": Memory("gone"),
        "y": Memory("gone long ago", is_withdrawn=True),
    }

    changes = compare(items, known)

    assert changes.new == (items["d"],)
    assert changes.revised == (items["b"],)
    assert changes.returned == (items["c"],)
    assert changes.withdrawn == ("x",)
    assert changes


def test_a_moved_file_is_no_change() -> None:
    one = item("a")

    changes = compare({"a": replace(one, path="other/place.md")}, {"a": Memory(one.revision)})

    assert not changes


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("TU")),
    st.dictionaries(st.sampled_from("abcdef"), st.booleans()),
)
def test_accepting_the_changes_leaves_none(titles: dict[str, str], known: dict[str, bool]) -> None:
    items = {name: item(name, title) for name, title in titles.items()}
    former = {name: Memory(item(name).revision, gone) for name, gone in known.items()}

    changes = compare(items, former)

    ids = [one.id for one in (*changes.new, *changes.revised, *changes.returned)] + list(changes.withdrawn)
    assert len(ids) == len(set(ids))
    accepted = former | {one.id: Memory(one.revision) for one in items.values()}
    accepted |= {name: Memory("", is_withdrawn=True) for name in changes.withdrawn}
    assert not compare(items, accepted)


def test_an_item_that_was_accepted_as_it_is_needs_no_second_look() -> None:
    one, other = item("a"), item("b")
    known = {"a": Memory("another"), "b": Memory("another")}

    changes = compare({"a": one, "b": other}, known, accepted={"a": one, "b": replace(other)})

    assert changes.revised == (other,)


def test_what_is_not_remembered_is_new_though_it_was_accepted_before() -> None:
    one, other = item("a"), item("b")

    changes = compare({"a": one, "b": other}, {"b": Memory("r", is_withdrawn=True)}, accepted={"a": one, "b": other})

    assert (changes.new, changes.returned) == ((one,), (other,))
