"""`syndicate preview`: exactly what a channel would post of an item, sent nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.output import config_option, json_option, load, no_channel, price_json, price_words, say, tell_json
from syndicate.errors import CannotWrite, NetworkError, UsageError

if TYPE_CHECKING:
    from syndicate.content.images import PictureMaker
    from syndicate.draft import Draft, DraftRules
    from syndicate.items.item import Item
    from syndicate.plot import Plot
    from syndicate.ports.channel import Channel
    from syndicate.ports.content import Images
    from syndicate.posts.post import Post
    from syndicate.settings.channels import ChannelSettings

MEDIA = f"{0:016x}.jpg"
"""Stands for what a network would call an uploaded picture; the preview channel has the strictest form."""


@click.command(
    short_help="Show what every channel would post.",
    epilog="\b\nExamples:\n  syndicate preview                       the newest item"
    "\n  syndicate preview 18551                 by id, slug, file name or path"
    "\n  syndicate preview 18551 --channel news --json"
    "\n  syndicate preview 18551 --card card.jpg",
)
@config_option
@json_option
@click.option("--channel", "only", help="Only this channel.")
@click.option("--card", type=click.Path(dir_okay=False, path_type=Path), help="Write the card image (JPEG) there.")
@click.argument("item", required=False)
def preview(config: Path, as_json: bool, only: str | None, card: Path | None, item: str | None) -> None:
    """Show what every channel would post of ITEM: text, card, image with alt text, the room they take and
    what they cost; or why it would post none.

    Sends nothing, and writes nothing but the card image you ask for; the code is the one that posts. Limits are the
    network's usual ones, as no server is asked.
    """
    plot = load(config)
    if only is not None and only not in plot.networks:
        raise no_channel(only, plot.networks, "--channel ")
    asyncio.run(_preview(plot, as_json, only, item, card=card))


async def _preview(plot: Plot, as_json: bool, only: str | None, wanted: str | None, *, card: Path | None) -> None:
    from syndicate.content.fetch import Fetcher
    from syndicate.content.images import PictureMaker
    from syndicate.house import open_channels, plans_of, store_of
    from syndicate.outbox.plan import filtered_by
    from syndicate.wording import draft_rules_of

    store = store_of(plot, waits=False)
    item = chosen(store.scan({}).items, in_store(plot, wanted))
    views = []
    async with AsyncExitStack() as stack:
        channels = await stack.enter_async_context(open_channels(plot))
        images = await stack.enter_async_context(PictureMaker(store, await stack.enter_async_context(Fetcher())))
        for plan in plans_of(plot, channels):
            if only in {None, plan.name}:
                view = await _viewed(item, channels[plan.name], draft_rules_of(plot, plan.name), images)
                views.append(replace(view, not_posted=filtered_by(item, plan) or view.not_posted))
        if card is not None:
            await _write_card(plot, item, images, card)
    if as_json:
        tell_json({"item": item.id, "channels": [_json(view) for view in views]})
        return
    say(f"{item.id}  {item.path}  published {item.published:%Y-%m-%d}")
    for view in views:
        _tell(view, plot.settings.channels[view.channel.name])


@dataclass(frozen=True, slots=True)
class _View:
    """What one channel would do with the item; without a post, `not_posted` says why none can be made."""

    channel: Channel
    made: Draft | None = None
    post: Post | None = None
    not_posted: str | None = None


async def _viewed(item: Item, channel: Channel, rules: DraftRules, images: Images) -> _View:
    """The post as it would be sent, as far as that is known without the network."""
    from syndicate.draft import draft, pictureless, post_of
    from syndicate.house import clock

    wants = channel.wants
    try:
        made = await draft(item, wants, rules, images)
        if wants.needs_image and not made.is_pictured:
            return _View(channel, made, not_posted=pictureless(channel.network, made.missing))
        post = post_of(made, wants, rules)
        with suppress(NetworkError):  # some need a session to write what they send
            media = made.address or (None if made.picture is None else MEDIA)
            channel.freeze(post, media, channel.key_of("preview", 0, item.published), clock())
    except ValueError as error:
        return _View(channel, not_posted=f"cannot be composed: {error}")
    return _View(channel, made, post)


async def _write_card(plot: Plot, item: Item, images: PictureMaker, target: Path) -> None:
    from syndicate.atomic import replace_file
    from syndicate.content.cards import CardPainter
    from syndicate.posts.cardimage import card_image_of
    from syndicate.wording import card_kit_of, card_look_of

    look = card_look_of(plot.settings)
    card = card_image_of(item, look) if look else None
    if look is None or card is None:
        raise UsageError(f"--card: {item.id} has no card image by these settings; see `cards.image`")
    picture = await CardPainter(images, card_kit_of(plot.settings), look).picture(card)
    try:
        replace_file(target, picture.content)
    except OSError as error:
        raise CannotWrite(str(target), (error.strerror or str(error)).lower(), "choose another file") from error


def in_store(plot: Plot, wanted: str | None) -> str | None:
    """A path as the shell completes it, as it counts from the store; anything else as it is."""
    if wanted is None or not Path(wanted).is_file():
        return wanted
    return plot.path_in_store(Path(wanted)) or wanted


def chosen(items: Mapping[str, Item], wanted: str | None) -> Item:
    """The item of that id, slug, file name or path; the newest one where nothing is asked for.

    Raises:
        UsageError: none or several fit.
    """
    from syndicate.house import clock

    if wanted is None:
        found = sorted((one for one in items.values() if one.published <= clock()), key=lambda one: one.published)[-1:]
    else:
        found = [
            one
            for one in items.values()
            if wanted in {one.id, one.id.rpartition(":")[2], one.slug, one.path, Path(one.path).name}
        ]
    if wanted is None and not found:
        raise UsageError("the store holds no published item; `syndicate check` tells what it holds")
    if len(found) != 1:
        problem = "no item has this id, slug, file name or path" if not found else f"{len(found)} items fit"
        raise UsageError(f"{wanted}: {problem}; `syndicate check` tells what the store holds")
    return found[0]


def _tell(view: _View, settings: ChannelSettings) -> None:
    from syndicate.posts.compose import length_of

    channel, made, post = view.channel, view.made, view.post
    room = channel.wants.room
    say()
    if made is None or post is None:
        say(f"{channel.name} ({channel.network}): not posted: {view.not_posted}")
        return
    say(f"{channel.name} ({channel.network}), {length_of(post, room)} of {room.limit} {room.measure}")
    if view.not_posted:
        say(f"  not posted here: {view.not_posted}")
    for line in post.text.split("\n"):
        say(f"  | {line}")
    say(f"  card: {post.card.title} <{post.card.url}>")
    say(f"  image: {_image_words(made, post)}")
    if channel.price is not None:
        say(f"  costs: {price_words(channel.price, settings)}")


def _image_words(made: Draft, post: Post) -> str:
    picture = post.picture
    if picture is not None:
        size = f"{picture.width_px}x{picture.height_px}, {len(picture.content) // 1000 + 1} kB"
        return f"{picture.media_type} {size}; alt: {picture.alt}"
    if made.address is not None:
        alt = made.card.image.alt if made.card.image is not None else ""
        return f"fetched by the network from {made.card.jpeg_url or made.address}; alt: {alt}"
    return f"none ({made.missing})" if made.missing else "none"


def _json(view: _View) -> dict[str, Any]:
    channel, made, post = view.channel, view.made, view.post
    told = {
        "channel": channel.name,
        "network": channel.network,
        "not_posted": view.not_posted,
        "price": price_json(channel.price),
    }
    if made is None or post is None:
        return told
    from syndicate.posts.compose import length_of

    picture, room = post.picture, channel.wants.room
    return told | {
        "text": post.text,
        "length": length_of(post, room),
        "limit": room.limit,
        "unit": room.measure.value,
        "hashtags": list(post.hashtags),
        "card": {"title": post.card.title, "summary": post.card.summary, "url": post.card.url},
        "image": None
        if picture is None
        else {
            "type": picture.media_type,
            "width": picture.width_px,
            "height": picture.height_px,
            "bytes": len(picture.content),
            "alt": picture.alt,
        },
        "image_fetched_from": made.address,
        "image_missing": made.missing,
    }
