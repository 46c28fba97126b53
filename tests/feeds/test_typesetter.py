from __future__ import annotations

import pytest
from msgspec import structs

from feeds.store import SITE, day, make_item, small_store
from syndicate.feeds.feed import newest_of
from syndicate.feeds.pagerules import PageRules
from syndicate.feeds.press import Press
from syndicate.feeds.typesetter import Typesetter

SHARING = structs.replace(SITE, size=2, moved=(("old", "all"),), pages=PageRules(share="page"))


@pytest.mark.parametrize("room", [1, 4096])
def test_an_order_gives_what_its_document_gives(room: int) -> None:
    documents = tuple(Press(SHARING).documents(newest_of(small_store()), day(99)))
    typesetter = Typesetter(SHARING, room=room)

    made = {one.path: typesetter.make(one.order) for one in documents if one.order is not None}

    assert made == {one.path: one.make() for one in documents if one.order is not None}
    assert len([path for path in made if path.startswith("item/")]) == 3
    assert {"all/rss.xml", "all/index.html", "old/rss.xml"} <= made.keys()
    assert {"index.html", "index.opml", "old/index.html", "redirects.json"}.isdisjoint(made)


def test_what_others_left_out_is_told_until_it_is_forgotten() -> None:
    typesetter = Typesetter(SITE)
    typesetter.forget("x")
    typesetter.leave_out({})
    assert typesetter.left_out == {}

    typesetter.leave_out({"x": "too long", "y": "no text"})
    typesetter.forget("x")

    assert typesetter.left_out == {"y": "no text"}


def test_press_tells_what_was_left_out_elsewhere_until_its_item_changes() -> None:
    press, item = Press(SITE), make_item(2)
    tuple(press.documents(newest_of([item]), day(99)))

    press.leave_out({SITE.tag("item/curations:2"): "too long"})
    assert len(press.left_out) == 1
    tuple(press.documents({}, day(99)))

    assert press.left_out == {}
