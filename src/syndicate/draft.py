"""A post before any network sees it: card, picture and text of one item for one channel's wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from syndicate.errors import ImageUnusable
from syndicate.items.item import Item
from syndicate.ports.content import Images
from syndicate.posts.card import CardRules, card_of
from syndicate.posts.compose import compose
from syndicate.posts.digest import SUBJECT, Issue, digest_of
from syndicate.posts.post import Card, Picture, Post, Wants

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DigestRules:
    """How a channel's digests are made: where all of it can be read, in which language, under which subject."""

    home: str
    language: str
    subject: str = SUBJECT


@dataclass(frozen=True, slots=True)
class DraftRules:
    """How one channel's posts are made. `hashtags` is the most to append, None: as the network likes it.

    `spellings` are hashtags given by hand, by topic label. `digest` is there where many items go into one post.
    """

    cards: CardRules
    template: str | None = None
    hashtags: int | None = None
    spellings: Mapping[str, str] = field(default_factory=dict)
    digest: DigestRules | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """Card and picture of one item; `missing` says why a picture that the item has cannot be used."""

    card: Card
    picture: Picture | None = None
    missing: str | None = None


async def draft(item: Item, wants: Wants, rules: DraftRules, images: Images) -> Draft:
    """The card, and the picture as the network wants it; a picture that cannot be had costs the picture only.

    A network that fetches pictures by their address gets none from here.
    """
    card = card_of(item, rules.cards)
    if card.image is None or wants.image is None or wants.image_by_address:
        return Draft(card)
    try:
        return Draft(card, await images.picture(card.image, wants.image))
    except ImageUnusable as error:
        return Draft(card, missing=str(error))
    except Exception as error:  # whatever befalls a picture, it costs the picture only
        log.exception("image_failed", item=item.id, image=card.image.ref)
        return Draft(card, missing=f"{card.image.ref}: unexpected {type(error).__name__}")


def post_of(made: Draft, wants: Wants, rules: DraftRules, *, has_picture: bool = True) -> Post:
    """The fitted post; without the picture where the network did not take it.

    Raises:
        ValueError: not even the link fits, or the template is wrong.
    """
    if rules.hashtags is not None:
        wants = replace(wants, hashtags=rules.hashtags)
    picture = made.picture if has_picture else None
    return compose(made.card, wants, picture=picture, template=rules.template, spellings=rules.spellings)


def issue_of(issue_id: str, items: Sequence[Item], wants: Wants, rules: DraftRules, at: datetime) -> Post:
    """The post of many items.

    Raises:
        ValueError: there is nothing to tell, or not even one item fits.
    """
    assert rules.digest is not None
    digest, cards = rules.digest, tuple(card_of(item, rules.cards) for item in items)
    return digest_of(Issue(issue_id, cards, at, digest.home, digest.language, digest.subject), wants.room)
