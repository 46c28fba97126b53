from __future__ import annotations

from dataclasses import replace

import pytest

from deliver_rig import item
from posts.making import card
from syndicate.posts.campaign import parameters_of, relinked, slips_in_parameter, tagged


def test_parameters_are_filled_in_and_blank_ones_left_out() -> None:
    templates = {
        "utm_source": "{{ network }}",
        "utm_campaign": "{{ topic }}",
        "utm_content": "{% if section %}{{ section }}{% endif %}",
        "ref": " {{ channel }}\n{{ slug }} ",
    }

    made = parameters_of(templates, item(1), channel="news", network="mastodon")

    assert made == {"utm_source": "mastodon", "utm_campaign": "health-ai", "ref": "news title-1"}
    bare = replace(item(1), topics=(), section="News")
    assert parameters_of(templates, bare, channel="", network="") == {"utm_content": "News", "ref": "title-1"}


def test_the_card_leads_to_the_link_with_the_parameters() -> None:
    assert tagged(card(url="https://a.example/x?b=1#c"), {"u": "v w"}).url == "https://a.example/x?b=1&u=v%20w#c"
    assert tagged(card(), {}) == card()


def test_own_words_lead_to_the_posted_link_and_others_stay() -> None:
    plain, link = "https://a.example.org/x", "https://a.example.org/x?u=v"

    assert relinked(f"See {plain}, not {plain}y.", plain, link) == f"See {link}, not {plain}y."


@pytest.mark.parametrize(
    ("name", "template", "problem"),
    [
        ("utm_source", "{{ network }}", None),
        ("utm_source", "{{ title }}", "line 1: `title` is no field"),
        ("a b", "x", "`a b` is no name of a parameter, which has letters, digits, `_`, `-` or `.`"),
        ("", "x", "`` is no name of a parameter, which has letters, digits, `_`, `-` or `.`"),
    ],
)
def test_slips_are_told(name: str, template: str, problem: str | None) -> None:
    assert [str(slip) for slip in slips_in_parameter(name, template)] == ([] if problem is None else [problem])
