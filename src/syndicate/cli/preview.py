"""`syndicate preview`: exactly what a channel would post of an item, sent nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.output import config_option, json_option, load, say, tell_json
from syndicate.errors import CannotWrite, UsageError

if TYPE_CHECKING:
    from syndicate.content.images import PictureMaker
    from syndicate.draft import Draft
    from syndicate.items.item import Item
    from syndicate.plot import Plot
    from syndicate.ports.channel import Channel
    from syndicate.posts.post import Post


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
    """Show what every channel would post of ITEM: text, card, image with alt text, and the room they take.

    Sends nothing, and writes nothing but the card image you ask for; the code is the one that posts. Limits are the
    network's usual ones, as no server is asked.
    """
    plot = load(config)
    if only is not None and only not in plot.networks:
        names = ", ".join(plot.networks) or "none"
        raise UsageError(f"--channel {only}: no such channel is switched on; there are: {names}")
    asyncio.run(_preview(plot, as_json, only, item, card=card))


async def _preview(plot: Plot, as_json: bool, only: str | None, wanted: str | None, *, card: Path | None) -> None:
    from syndicate.content.fetch import Fetcher
    from syndicate.content.images import PictureMaker
    from syndicate.draft import draft, post_of
    from syndicate.house import open_channels, plans_of, store_of
    from syndicate.outbox.plan import filtered_by
    from syndicate.wording import draft_rules_of

    store = store_of(plot, waits=False)
    item = chosen(store.scan({}).items, in_store(plot, wanted))
    shown = []
    async with AsyncExitStack() as stack:
        channels = await stack.enter_async_context(open_channels(plot))
        images = await stack.enter_async_context(PictureMaker(store, await stack.enter_async_context(Fetcher())))
        for plan in plans_of(plot, channels):
            if only in {None, plan.name}:
                channel, rules = channels[plan.name], draft_rules_of(plot, plan.name)
                made = await draft(item, channel.wants, rules, images)
                shown.append((channel, made, post_of(made, channel.wants, rules), filtered_by(item, plan)))
        if card is not None:
            await _write_card(plot, item, images, card)
    if as_json:
        tell_json({"item": item.id, "channels": [_json(*one) for one in shown]})
        return
    say(f"{item.id}  {item.path}  published {item.published:%Y-%m-%d}")
    for one in shown:
        _tell(*one)


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


def _tell(channel: Channel, made: Draft, post: Post, filtered: str | None) -> None:
    from syndicate.posts.measure import count

    room = channel.wants.room
    say()
    say(f"{channel.name} ({channel.network}), {count(post.text, room)} of {room.limit} {room.measure}")
    if filtered:
        say(f"  not posted here: {filtered}")
    for line in post.text.split("\n"):
        say(f"  | {line}")
    say(f"  card: {post.card.title} <{post.card.url}>")
    if post.picture is not None:
        picture = post.picture
        size = f"{picture.width_px}x{picture.height_px}, {len(picture.content) // 1000 + 1} kB"
        say(f"  image: {picture.media_type} {size}; alt: {picture.alt}")
    else:
        say(f"  image: none{f' ({made.missing})' if made.missing else ''}")


def _json(channel: Channel, made: Draft, post: Post, filtered: str | None) -> dict[str, Any]:
    from syndicate.posts.measure import count

    picture = post.picture
    return {
        "channel": channel.name,
        "network": channel.network,
        "not_posted": filtered,
        "text": post.text,
        "length": count(post.text, channel.wants.room),
        "limit": channel.wants.room.limit,
        "unit": channel.wants.room.measure.value,
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
        "image_missing": made.missing,
    }
