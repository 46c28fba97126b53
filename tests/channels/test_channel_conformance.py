"""Every network of the table against its fake, which reads what is sent as the network's own documents say.

Nothing here names a network: a new one is held to it by its trial account. The fakes count, parse and refuse by code of
their own; what they took stands in their log, in another process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import regex
from msgspec.structs import replace

from channels.channel_rig import ALT, post
from channels.shared_sandbox import SharedSandbox
from channels.trials import PICTURED, Listener, attempt, frozen, posts_in
from content.picturing import bands, bomb, noise, saved, turned, wide_gamut
from posts.hostile import HOSTILE
from sandbox_rig import image_bytes
from syndicate.content.pixels import Rules, Unusable, develop
from syndicate.errors import NetworkError, Rejected, Unknown
from syndicate.outbox.delivery import Action
from syndicate.ports.channel import Channel
from syndicate.posts.dialects import write
from syndicate.posts.markup import clean
from syndicate.posts.measure import count, fits
from syndicate.posts.post import ImageRules, Picture, Post, Shape
from syndicate.sandbox.faults import Effect, InjectedFault
from syndicate.sandbox.wire import RouteKind

CONTROL = regex.compile(r"[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069--[\r\n\t]]", regex.VERSION1)
"""Signs that steer a screen instead of standing on it."""
SIGNS = ("H", "鷺", "👩🏽‍⚕️", "e\u0301", "w ", "H&", "H_", "https://long.example/" + "y" * 280 + " ")
"""What fills a text: in every measure one of them counts more than it looks."""


def letters(text: str) -> str:
    """What is read of a text, without marks and what cannot be seen; foreign links may lose what makes them links."""
    return "".join(regex.findall(r"[\p{L}\p{N}]", regex.sub(r"\b[a-z]+://", "", text)))


def strings_in(payload: bytes) -> str:
    """All words of a payload; JSON unescaped, so that a sign written as `\\u0007` is seen."""
    try:
        return "\n".join(_strings(json.loads(payload)))
    except ValueError:
        return payload.decode(errors="replace")


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, one in value.items():
                yield str(name)
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)


async def test_nobody_is_called_and_every_word_is_read(channel: Channel, shared: SharedSandbox) -> None:
    words = [cleaned for hostile in HOSTILE if (cleaned := clean(hostile))]  # as in every card
    made = [
        replace(post(channel.wants, number, title=title, summary=summary, brand=title, **PICTURED), picture=None)
        for number, (title, summary) in enumerate(zip(words[::2], words[1::2], strict=False))
    ]
    for number, one in enumerate(made):
        payload, key = await frozen(channel, number, one)
        assert CONTROL.findall(strings_in(payload)) == [], one.card.title
        await channel.publish(payload, key)

    entries = shared.entries(channel.network)
    assert len(entries) == (0 if channel.is_rehearsal else len(made))
    assert [wrong for one, entry in zip(made, entries, strict=False) for wrong in faults_of(one, entry)] == []


def faults_of(made: Post, entry: Mapping[str, Any]) -> Iterator[str]:
    """What the network made of a post that nobody meant."""
    if entry["called"]:
        yield f"{made.card.title!r} calls {entry['called']}"
    if entry["link"] != made.card.url:
        yield f"{made.card.title!r} leads to {entry['link']}"
    if letters(made.card.title) not in letters(entry["text"]):
        yield f"{made.card.title!r} is read as {entry['text']!r}"


async def test_a_text_at_the_edge_is_taken(channel: Channel, shared: SharedSandbox) -> None:
    room = channel.wants.room
    signs = SIGNS if room.limit <= 5_000 else SIGNS[:1]  # of books, one is enough
    for number, sign in enumerate(signs):
        summary = (sign * (room.limit // count(clean(sign), room) + 30)).strip()
        made = post(channel.wants, number, title=(sign * 20).strip(), summary=summary, **PICTURED)
        is_full = not fits(f"{sign}{sign} {write(made.text, made.spans, room.dialect)}", room)
        assert is_full or len(clean(sign)) > 2, "of what can be cut anywhere, more would fit"
        await channel.publish(*await frozen(channel, number, made))

    assert posts_in(shared, channel) == len(signs)


async def test_a_text_over_the_edge_is_refused_and_not_in_doubt(
    channel: Channel, shared: SharedSandbox, listener: Listener
) -> None:
    made = post(channel.wants, **PICTURED)
    longer = replace(made, text=made.text + " more" * channel.wants.room.limit, spans=())

    outcome: Exception | None = None
    try:
        await channel.publish(*await frozen(channel, 1, longer))
    except (NetworkError, ValueError) as told:
        outcome = told

    listener.heard.clear()  # no description allows what was just sent
    # Where the limit is a choice of ours, the network takes more.
    assert posts_in(shared, channel) == (1 if outcome is None else 0)
    assert outcome is None or isinstance(outcome, Rejected | ValueError)


WHOLE: Mapping[str, bytes] = {
    "jpeg": saved(bands(480, 270), "JPEG"),
    "jpeg in four colours": saved(bands(320, 240, "CMYK"), "JPEG"),
    "jpeg on its side": turned(bands(270, 480), 6),
    "grey jpeg": saved(bands(320, 240, "L"), "JPEG"),
    "progressive jpeg": saved(bands(320, 240), "JPEG", progressive=True),
    "png": saved(bands(320, 240), "PNG"),
    "png with a profile": wide_gamut(bands(320, 240)),
    "png with holes": saved(bands(320, 240, "RGBA"), "PNG"),
    "png of few colours": saved(bands(320, 240, "P"), "PNG"),
    "gif": saved(bands(320, 240, "P"), "GIF"),
    "gif that moves": saved(bands(320, 240), "GIF", save_all=True, append_images=[bands(320, 240, "L")]),
    "webp": saved(bands(320, 240), "WEBP"),
    "very wide": saved(bands(1600, 220), "JPEG"),
    "very high": saved(bands(220, 1600), "JPEG"),
    "noise that hardly gets smaller": saved(noise(700, 500), "PNG"),
}
BROKEN: Mapping[str, bytes] = {
    "nothing": b"",
    "no image": b"<html>not found</html>",
    "half of one": image_bytes()[:200],
    "a bomb": bomb(60_000, 60_000),
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
}


def rules_of(rules: ImageRules) -> Rules:
    return {
        "shape": rules.shape.value,
        "limit_bytes": rules.limit_bytes,
        "media_types": list(rules.media_types),
        "longest_side_px": rules.longest_side_px,
        "limit_pixels": rules.limit_pixels,
    }


@cache
def developed(kind: str, rules: ImageRules) -> Picture:
    """The picture as a network wants it; made once for those that want the same."""
    return Picture(*develop(WHOLE[kind], rules_of(rules)), ALT)


async def test_pictures_of_every_kind_are_taken_with_their_words(channel: Channel, shared: SharedSandbox) -> None:
    for number, kind in enumerate(WHOLE):
        shown = developed(kind, channel.wants.image) if channel.wants.image is not None else None
        made = replace(post(channel.wants, number, title=kind, **PICTURED), picture=shown)
        await channel.publish(*await frozen(channel, number, made))

    entries = shared.entries(channel.network)
    assert len(entries) == len(WHOLE) or channel.is_rehearsal
    if channel.wants.image is not None and not channel.is_rehearsal:
        assert {len(entry["media"]) for entry in entries} == {1}
        assert {entry["media"][0]["alt"] for entry in entries} == {ALT if channel.wants.image.limit_alt else None}


def test_what_is_no_picture_makes_none() -> None:
    for name, content in BROKEN.items():
        with pytest.raises(Unusable):
            develop(content, rules_of(ImageRules(Shape.PHOTO, 1_000_000)))
            pytest.fail(name)


async def test_a_retry_sends_the_same_bytes(channel: Channel, shared: SharedSandbox, listener: Listener) -> None:
    payload, key = await frozen(channel)
    shared.arm(InjectedFault(network="*", route=RouteKind.POST, effect=Effect.LOST_AFTER))
    listener.sent.clear()

    outcome, _ = await attempt(channel, payload, key)
    first = tuple(listener.sent[:1])
    listener.sent.clear()
    await attempt(channel, payload, key)

    assert isinstance(outcome, Unknown) or channel.is_rehearsal
    assert tuple(listener.sent[:1]) == first
    taken = [*shared.entries(channel.network), *shared.entries(channel.network, "repeat")]
    assert len({entry["digest"] for entry in taken}) == (0 if channel.is_rehearsal else 1)


async def test_a_receipt_is_the_networks_own_name_of_the_post(channel: Channel, shared: SharedSandbox) -> None:
    payload, key = await frozen(channel)

    receipt = await channel.publish(payload, key)

    [entry] = shared.entries(channel.network) or [{"id": receipt.remote_id}]
    is_ours = receipt.remote_id == key or receipt.remote_id in strings_in(payload)  # where the network gives no name
    assert receipt.remote_id.endswith(entry["id"]) or is_ours


async def test_posts_are_changed_and_taken_away_where_that_can_be(channel: Channel, shared: SharedSandbox) -> None:
    receipt = await channel.publish(*await frozen(channel))
    changed, _ = await frozen(channel, 1, post(channel.wants, 1, title="Herons left again", **PICTURED))
    if Action.EDIT in channel.abilities:
        for _ in range(2):
            receipt = await channel.edit(receipt, changed)
    if Action.DELETE in channel.abilities:
        for _ in range(2):
            await channel.delete(receipt)

    if channel.is_rehearsal:
        return
    edits, deletes = (shared.entries(channel.network, action) for action in ("edit", "delete"))
    assert bool(edits) is (Action.EDIT in channel.abilities)
    assert bool(deletes) is (Action.DELETE in channel.abilities)
    assert all("left again" in entry["text"] for entry in edits)
    assert posts_in(shared, channel) == 1
