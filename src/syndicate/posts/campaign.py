"""Parameters that tell where a click came from, put on the links of posts and on nothing else. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from syndicate.items.item import Item
from syndicate.items.links import with_parameters
from syndicate.posts.measure import URL
from syndicate.posts.post import Card
from syndicate.posts.template import Slip, render, slips_in

FIELDS: Final = ("channel", "network", "topic", "section", "language", "slug")
"""What a parameter's template may use; `topic` is the slug of the item's first topic."""

_NAME = re.compile(r"[A-Za-z0-9_.~-]+")


def slips_in_parameter(name: str, template: str) -> tuple[Slip, ...]:
    """Everything that is wrong with one parameter."""
    if not _NAME.fullmatch(name):
        return (Slip(f"`{name}` is no name of a parameter, which has letters, digits, `_`, `-` or `.`"),)
    return slips_in(template, FIELDS)


def parameters_of(templates: Mapping[str, str], item: Item, *, channel: str, network: str) -> dict[str, str]:
    """The parameters for one item on one channel; those that come out blank are left out.

    Raises:
        ValueError: a template fails.
    """
    fields = {
        "channel": channel,
        "network": network,
        "topic": item.topics[0].slug if item.topics else "",
        "section": item.section or "",
        "language": item.language,
        "slug": item.slug,
    }
    values = {name: " ".join(render(template, fields).split()) for name, template in templates.items()}
    return {name: value for name, value in values.items() if value}


def tagged(card: Card, parameters: Mapping[str, str]) -> Card:
    """The card with the parameters on its link; one that the link has already stays as it is."""
    return replace(card, url=with_parameters(card.url, parameters)) if parameters else card


def relinked(text: str, plain: str, link: str) -> str:
    """Own words that hold the item's plain link, with the posted one in its place."""
    return URL.sub(lambda found: link if found[0] == plain else found[0], text)
