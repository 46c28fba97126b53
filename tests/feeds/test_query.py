from __future__ import annotations

import pytest

from feeds.store import AUTOMATION, CODING, make_item
from syndicate.feeds.query import ITEM_FIELDS, Query, Terms

ITEM = make_item(
    topics=(AUTOMATION, CODING), section="News", tags=("AI",), authors=("Ada",), language="pt-BR", title="Coding now"
)


@pytest.mark.parametrize(
    ("terms", "is_taken"),
    [
        (Terms(), True),
        (Terms(some=("a", "z")), True),
        (Terms(some=("z",)), False),
        (Terms(every=("a", "B")), True),
        (Terms(every=("a", "z")), False),
        (Terms(none=("z",)), True),
        (Terms(none=("?",)), False),
        (Terms(some=("A*",), every=("b",), none=("c",)), True),
    ],
)
def test_terms_are_some_of_every_one_of_and_none_of(terms: Terms, is_taken: bool) -> None:
    assert terms.take(["a", "B", ""]) is is_taken


@pytest.mark.parametrize(
    ("query", "is_taken"),
    [
        (Query(), True),
        (Query(topics=Terms(some=("mesh-automation",))), True),
        (Query(topics=Terms(some=("medical coding",))), True),
        (Query(topics=Terms(every=("symplur", "*mesh*"))), True),
        (Query(topics=Terms(none=("symplur",))), False),
        (Query(sections=Terms(some=("news",))), True),
        (Query(sections=Terms(none=("news",))), False),
        (Query(tags=Terms(some=("ai",))), True),
        (Query(authors=Terms(some=("Bo",))), False),
        (Query(brands=Terms(some=("source.*",))), True),
        (Query(languages=Terms(some=("pt*",))), True),
        (Query(where=(("title", Terms(some=("coding*",))),)), True),
        (Query(where=(("title", Terms(some=("coding*",))), ("page", Terms(some=("*",))))), False),
    ],
)
def test_query_takes_an_item_for_which_every_condition_holds(query: Query, is_taken: bool) -> None:
    assert query.takes(ITEM) is is_taken


def test_conditions_can_ask_for_the_items_own_fields_only() -> None:
    assert all(hasattr(ITEM, name) for name in ITEM_FIELDS)
