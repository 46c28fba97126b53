"""A post before any network sees it: card, picture and text of one item for one channel's wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct, field, structs

from syndicate.errors import ImageUnusable
from syndicate.items.item import Item, Topic
from syndicate.items.links import TRACKING
from syndicate.items.posting import USUAL, Wording
from syndicate.log import log
from syndicate.ports.content import Images
from syndicate.posts.campaign import parameters_of, relinked, tagged
from syndicate.posts.card import CardRules, card_of
from syndicate.posts.compose import compose
from syndicate.posts.digest import Issue, digest_of
from syndicate.posts.post import Card, Picture, Post, Wants
from syndicate.posts.template import SUBJECT

CORRECTION = "Correction: {{ title }}\n\n{{ summary }}\n\n{{ link }}"
WITHDRAWAL = "Withdrawn: {{ title }}"


class DigestRules(Struct, frozen=True):
    """How a channel's digests are made: where all of it can be read, in which language, under which subject."""

    home: str
    language: str
    subject: str = SUBJECT


class DraftRules(Struct, frozen=True):
    """How one channel's posts are made. `hashtags` is the most to append, None: as the network likes it.

    `templates` are those of single topics (slug or label, case-folded), which go before `template`; None: the usual
    order. `campaign` are templates of parameters for the link, by name. `spellings` are hashtags given by hand, by
    topic label. `digest` is there where many items go into one post. `correction` and `withdrawal` are templates of
    what is said below a post whose item was edited or left; None: the usual words. What an item's file says for
    `channel` or `network` goes before all this, but in answers to a post (`is_answer`), which are said by template.
    """

    cards: CardRules
    template: str | None = None
    templates: Mapping[str, str] = field(default_factory=dict)
    campaign: Mapping[str, str] = field(default_factory=dict)
    hashtags: int | None = None
    spellings: Mapping[str, str] = field(default_factory=dict)
    digest: DigestRules | None = None
    correction: str | None = None
    withdrawal: str | None = None
    channel: str = ""
    network: str = ""
    is_answer: bool = False

    def wording_of(self, item: Item) -> Wording:
        """What the item's file says for this channel."""
        wording = USUAL if item.posting is None else item.posting.wording(self.channel, self.network)
        return structs.replace(wording, text=None, hashtags=None) if self.is_answer else wording

    @property
    def tracking(self) -> tuple[str, ...]:
        """Parameters that do not make a link another one: the usual ones, and those of the campaign."""
        return (*TRACKING, *(name.casefold() for name in self.campaign))

    def card_of(self, item: Item, wording: Wording) -> Card:
        """The card with what the file says for this channel, and the campaign's parameters on its link."""
        parameters = parameters_of(self.campaign, item, channel=self.channel, network=self.network)
        return tagged(card_of(item, self.cards, wording), parameters)

    def template_for(self, topics: Iterable[Topic]) -> str | None:
        """The template of an item with these topics: that of the first which has one, else the channel's."""
        names = (name.casefold() for topic in topics for name in (topic.slug, topic.label))
        return next((self.templates[name] for name in names if name in self.templates), self.template)

    def for_answer(self, *, has_left: bool) -> DraftRules:
        """The same for words below a post whose item was edited, or left: by template, and without hashtags."""
        said = (self.withdrawal or WITHDRAWAL) if has_left else (self.correction or CORRECTION)
        return structs.replace(self, template=said, templates={}, hashtags=0, is_answer=True)


class Draft(Struct, frozen=True):
    """Card and picture of one item; `missing` says why a picture that the item has cannot be used.

    `template` is what the text is made by, None: the usual order; `wording` what the item's file says. `address` is
    where the network fetches the picture itself, if it does; then there are no bytes of it here.
    """

    card: Card
    template: str | None = None
    wording: Wording = USUAL
    picture: Picture | None = None
    missing: str | None = None
    address: str | None = None

    @property
    def is_pictured(self) -> bool:
        """Whether there is a picture to show."""
        return self.picture is not None or self.address is not None

    def bare(self, reason: str) -> Draft:
        """The same without the picture, which the network does not take."""
        card = structs.replace(self.card, image_url=None, jpeg_url=None)
        return structs.replace(
            self, card=card, picture=None, address=None, missing=f"the network refused it: {reason}"[:300]
        )


def pictureless(network: str, missing: str | None) -> str:
    """Why a network that takes no post without a picture gets none of this item."""
    needs = f"{network} takes no post without an image"
    return f"{needs}, and the item has none" if missing is None else f"{needs}: {missing}"[:300]


def may_go_bare(item: Item | None, wants: Wants, rules: DraftRules) -> bool:
    """Whether the item's post has a picture here, and could do without."""
    if item is None or wants.image is None or wants.needs_image:
        return False
    try:
        return card_of(item, rules.cards, rules.wording_of(item)).image is not None
    except ValueError:  # without a link it has no post at all
        return False


async def draft(item: Item, wants: Wants, rules: DraftRules, images: Images) -> Draft:
    """The card, and the picture as the network wants it; a picture that cannot be had costs the picture only.

    A network that fetches pictures by their address gets none from here.
    """
    wording = rules.wording_of(item)
    card = rules.card_of(item, wording)
    if wording.text is not None and rules.campaign:
        wording = structs.replace(wording, text=relinked(wording.text, card_of(item, rules.cards).url, card.url))
    made = Draft(card, rules.template_for(item.topics), wording)
    if card.image is None or wants.image is None:
        return made
    if wants.image_by_address:
        trouble = unfetchable(card.image_url)
        if trouble:
            return structs.replace(made, card=structs.replace(card, image_url=None), missing=trouble)
        return structs.replace(made, address=card.image_url)
    try:
        return structs.replace(made, picture=await images.picture(card.image, wants.image))
    except ImageUnusable as error:
        return structs.replace(made, missing=str(error))
    except Exception as error:  # whatever befalls a picture, it costs the picture only
        log.exception("image_failed", item=item.id, image=card.image.ref)
        return structs.replace(made, missing=f"{card.image.ref}: unexpected {type(error).__name__}")


def unfetchable(address: str | None) -> str | None:
    """Why a network cannot fetch a picture from the address, or None if it should be able to."""
    if not address:
        return "the image has no public address; set `feeds.url`, or give the item a remote image"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return f"{address}: is no address"
    if parts.scheme != "https":
        return f"{address}: the network fetches images from https:// addresses only"
    try:
        is_public = ip_address(host).is_global
    except ValueError:
        is_public = "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan"))
    return None if is_public else f"{address}: the network cannot reach this address"


def post_of(made: Draft, wants: Wants, rules: DraftRules, *, has_picture: bool = True) -> Post:
    """The fitted post; without the picture where the network did not take it.

    Raises:
        ValueError: not even the link fits, or the template is wrong.
    """
    if rules.hashtags is not None:
        wants = structs.replace(wants, hashtags=rules.hashtags)
    picture = made.picture if has_picture else None
    return compose(
        made.card, wants, picture=picture, template=made.template, spellings=rules.spellings, wording=made.wording
    )


def issue_of(issue_id: str, items: Sequence[Item], wants: Wants, rules: DraftRules, at: datetime) -> Post:
    """The post of many items.

    Raises:
        ValueError: there is nothing to tell, or not even one item fits.
    """
    assert rules.digest is not None
    digest, cards = rules.digest, tuple(_digest_card(item, rules) for item in items)
    return digest_of(Issue(issue_id, cards, at, digest.home, digest.language, digest.subject), wants.room)


def _digest_card(item: Item, rules: DraftRules) -> Card:
    """The item in a digest; what its file says of the text stands for the summary there."""
    wording = rules.wording_of(item)
    return rules.card_of(item, structs.replace(wording, summary=wording.text or wording.summary))
