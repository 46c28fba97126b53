"""How cards and posts are worded, as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndicate.plot import Plot
from syndicate.posts.card import CardRules
from syndicate.settings.channels import ChannelSettings
from syndicate.settings.tree import Settings

if TYPE_CHECKING:
    from syndicate.content.cards import CardKit
    from syndicate.draft import DraftRules
    from syndicate.posts.cardimage import CardLook
    from syndicate.sharepages import SharePageRules


def card_look_of(settings: Settings) -> CardLook | None:
    """How card images look; None where there are to be none."""
    image = settings.cards.image
    if not image.enabled:
        return None
    from syndicate.content.cards import look_of

    return look_of(
        card_kit_of(settings),
        brand=image.brand or settings.site.title,
        shows=tuple(image.shows),
        color=image.color.lower(),
        is_generating=image.generate,
        limit_bytes=image.most_bytes,
    )


def card_kit_of(settings: Settings) -> CardKit:
    """The files that cards are drawn with."""
    from syndicate.content.cards import kit_of

    image = settings.cards.image
    return kit_of(logo=image.logo, background=image.background, font=image.font)


def card_rules_of(settings: Settings) -> CardRules:
    """Where cards come from."""
    cards = settings.cards
    return CardRules(
        tuple(cards.title),
        tuple(cards.summary),
        cards.link,
        settings.site.title,
        media_url=settings.feeds.url,
        look=card_look_of(settings),
    )


def draft_rules_of(plot: Plot, name: str) -> DraftRules:
    """How a channel's posts are made."""
    from syndicate.draft import DigestRules, DraftRules

    channel = plot.settings.channels[name]
    site = plot.settings.site
    digest = DigestRules(site.url, site.language, channel.digest.subject) if channel.digest else None
    return DraftRules(
        card_rules_of(plot.settings),
        channel.template,
        {name.casefold(): template for name, template in channel.templates.items()},
        campaign=campaign_of(plot.settings, channel),
        hashtags=channel.hashtags,
        spellings=plot.settings.hashtags,
        digest=digest,
        correction=channel.correction_template,
        withdrawal=channel.withdrawal_template,
        channel=name,
        network=channel.network,
    )


def campaign_of(settings: Settings, channel: ChannelSettings) -> dict[str, str]:
    """Templates of the link's parameters: those for all channels, with the channel's own over them; blank ones go."""
    return {name: template for name, template in {**settings.campaign, **channel.campaign}.items() if template}


def share_page_rules_of(settings: Settings) -> SharePageRules:
    """What is done about pages of ours that are not there yet."""
    from syndicate.sharepages import SharePageRules

    delivery = settings.delivery
    return SharePageRules((settings.feeds.url, settings.site.url), delivery.share_page, delivery.share_page_wait)
