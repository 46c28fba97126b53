"""Writes docs/networks/: a page for each network, made from what its adapter declares and from a post that it made.

    .venv/bin/python docs/networks.py            write the pages anew
    .venv/bin/python docs/networks.py --check    say whether they are as they would be written; 1 if not

A test runs the check.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import yaml

from syndicate.channels.http import Web
from syndicate.channels.networks import NETWORKS, Network, Tools, network_of
from syndicate.durations import written
from syndicate.errors import NetworkError
from syndicate.house import NoTokens
from syndicate.items.item import Image
from syndicate.outbox.delivery import Action, Evidence, Guarantee
from syndicate.ports.channel import Channel
from syndicate.posts.compose import compose, length_of
from syndicate.posts.post import Card, Measure, Picture, Post, Room, Shape, Wants

FOLDER = Path(__file__).resolve().parent / "networks"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # the specification's own example
LONGEST = 2_500
"""Signs of a body that a page shows."""

CARD = Card(
    item_id="marsh:herons",
    title="Herons return to the city ponds after eleven years",
    summary="Nobody had counted on them. Since spring, three pairs have been breeding within sight of the tram stop, "
    "and the number of visitors has doubled.",
    url="https://marsh.example/herons-return?from=feed&lang=en",
    site_name="Marsh Notes",
    published=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
    language="en",
    image=Image("herons.jpg", "A heron stands on one leg between reeds"),
    image_url="https://marsh.example/feeds/images/herons.jpg",
    jpeg_url="https://marsh.example/feeds/media/card-5f0c2b6d9e1a4f7c.jpg",
    brand="The Daily Reed",
    authors=("Ada Marsh",),
    topics=("Water Birds", "Urban Nature"),
    section="News",
)
PICTURE = Picture(b"(the bytes of the picture)", "image/jpeg", 1200, 630, "A heron stands on one leg between reeds")

UNITS = {
    Measure.GRAPHEMES: "characters as readers see them",
    Measure.UTF16: "UTF-16 units",
    Measure.CODE_POINTS: "code points",
    Measure.BYTES: "bytes",
    Measure.EMOJI_BYTES: "characters (an emoji counts its bytes)",
    Measure.WEIGHTED: "weighted characters (most scripts 1, CJK and emoji 2)",
}
ABILITIES = {
    Action.EDIT: "edited in place",
    Action.DELETE: "deleted",
    Action.REPLY: "corrected by a reply",
}


def pages() -> dict[str, str]:
    """Each page's text, by file name."""
    with tempfile.TemporaryDirectory() as folder:
        made = {f"{name}.md": _page(network_of(name), Path(folder)) for name in sorted(NETWORKS)}
    return {"README.md": _index(), **made}


def _index() -> str:
    lines = [
        "# Networks, one by one",
        "",
        "Made by `docs/networks.py` from what each adapter declares.",
        "Every setting is in the [reference](../reference/networks.md).",
        "",
        "| network | cost | unclear outcomes |",
        "|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name in sorted(NETWORKS):
            kind = network_of(name)
            promise = _channel(kind, Path(folder)).guarantee.in_words
            lines.append(f"| [{kind.title}]({name}.md) | {kind.cost} | {promise} |")
    return "\n".join(lines) + "\n"


def _page(kind: Network, folder: Path) -> str:
    channel = _channel(kind, folder)
    wants = channel.wants
    has_picture = wants.image is not None
    post = compose(CARD, wants, picture=PICTURE if has_picture else None)
    key = channel.key_of("5f0c2b6d9e1a4f7c8b3d2e1f0a9b8c7d", 0, CARD.published)
    parts = [
        f"# {kind.title}",
        f"Made by `docs/networks.py`; every setting of `{kind.name}` is in the "
        f"[reference](../reference/networks.md#{kind.name}).",
        "## What is needed",
        "\n".join(f"- {need}" for need in kind.needs),
        "## Settings",
        f"```yaml\nchannels:\n{_indented(kind.example)}```",
        "## What is posted",
        f"```text\n{post.text}\n```",
        _card_words(post, wants),
        *_body(channel, post, key),
        "## Limits",
        "\n".join(f"- {line}" for line in (*_limits(post, wants), *_quotas(kind))),
        *_otherwise(kind, folder),
        "## Guarantee",
        "\n".join(_guarantee(channel.guarantee)),
        f"A post that is there can be {_abilities(channel)}.",
        "## Cost",
        f"{kind.cost[0].upper()}{kind.cost[1:]}.",
    ]
    return "\n\n".join(parts) + "\n"


def _otherwise(kind: Network, folder: Path) -> list[str]:
    """The limits with each other way to attach something."""
    parts: list[str] = []
    usual = kind.settings.model_fields.get("attach")
    for attach in () if usual is None else get_args(usual.annotation):
        if attach != usual.default:
            wants = _channel(kind, folder, attach=attach).wants
            post = compose(CARD, wants, picture=PICTURE if wants.image is not None else None)
            parts.append(f"With `attach: {attach}`:")
            parts.append("\n".join(f"- {line}" for line in _limits(post, wants)))
    return parts


def _channel(kind: Network, folder: Path, **more: object) -> Channel:
    """The channel of the network's own example."""
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    [written] = yaml.safe_load(kind.example).values()
    given: Mapping[str, Any] = {
        key: str(secret) if key.endswith("_file") else value for key, value in written.items() if key != "network"
    }
    return kind.make("news", kind.settings.model_validate({**given, **more}), Tools(Web(), NoTokens(), lambda: NOW))


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def _card_words(post: Post, wants: Wants) -> str:
    if post.picture is not None and wants.image is not None:
        alt = f"its alt text: {post.picture.alt}" if wants.image.limit_alt else "it has no alt text there"
        return f"With the picture ({_shape(wants)}); {alt}."
    return "Without a picture of its own."


def _body(channel: Channel, post: Post, key: str) -> tuple[str, ...]:
    """The request's body, where it can be made without having signed in."""
    media = None if post.picture is None or channel.wants.image_by_address else "(the picture's id)"
    try:
        body = channel.freeze(post, media, key, NOW)
    except (NetworkError, ValueError):
        return ()
    kind = "json" if _is_json(body) else "text"
    return ("The body as it is sent, with stand-ins for what the network gives:", f"```{kind}\n{_shown(body)}\n```")


def _shape(wants: Wants) -> str:
    return "1200x630" if wants.image is not None and wants.image.shape is Shape.CARD else "in its own shape"


def _limits(post: Post, wants: Wants) -> list[str]:
    room = wants.room
    lines = [f"Text: {room.limit:,} {UNITS[room.measure]}{_more(room)}; the example has {length_of(post, room):,}."]
    lines.append(f"Hashtags: at most {wants.hashtags}." if wants.hashtags else "Hashtags: none.")
    if wants.reads_page:
        waits = "it waits for [a page of yours](../reference/settings.md#pages-that-networks-read)"
        lines.append(f"Card: made by the network of the page, where no picture goes along; {waits}.")
    if (image := wants.image) is None:
        return [*lines, "Picture: none is sent."]
    kinds = ", ".join(kind.removeprefix("image/").upper() for kind in image.media_types)
    size = f"{image.limit_bytes:,} bytes, {image.longest_side_px:,} pixels on the longest side"
    need = "; a post without one is refused" if wants.needs_image else ""
    way = "fetched by the network from the feeds' address" if wants.image_by_address else "sent along"
    alt = f"{image.limit_alt:,} characters" if image.limit_alt else "none, the network has no place for it"
    return [*lines, f"Picture: {kinds}, {size}, {way}{need}.", f"Alt text: {alt}."]


def _quotas(kind: Network) -> list[str]:
    """How many posts are taken, as far as it is told beforehand."""
    return [
        f"Posts: {one.posts:,} in {written(one.per)}{f' ({one.about})' if one.about else ''}." for one in kind.quotas
    ]


def _more(room: Room) -> str:
    link = f", each link {room.url_length}" if room.url_length is not None else ""
    return link + (f", and {room.limit_bytes:,} bytes" if room.limit_bytes is not None else "")


def _guarantee(guarantee: Guarantee) -> list[str]:
    words = guarantee.in_words
    lines = [f"**{words[0].upper()}{words[1:]}.**", ""]
    if guarantee.key_window == timedelta.max:
        lines.append("- Key: the network remembers it for ever.")
    elif guarantee.key_window is not None:
        lines.append(f"- Key: the network remembers it for {guarantee.key_window}.")
    else:
        lines.append("- Key: none that can be trusted before the server was asked.")
    lines.append(f"- Evidence: {'none' if guarantee.evidence is Evidence.NONE else guarantee.evidence.value}.")
    lines.append(f"- After an unclear outcome, {guarantee.settle.total_seconds():g} s pass before anything is done.")
    return lines


def _abilities(channel: Channel) -> str:
    known = [words for action, words in ABILITIES.items() if action in channel.abilities]
    return " or ".join(known) if known else "changed by hand only"


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _shown(body: bytes) -> str:
    if _is_json(body):
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    text = body.decode(errors="replace").replace("\r\n", "\n")
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()}\n[...]"


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description="Write docs/networks/ anew.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a page would read differently")
    checks = parser.parse_args().check
    made = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    if checks:
        stale = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        sys.stdout.write("".join(f"{name}: is not as it would be written\n" for name in stale))
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name in there.keys() - made.keys():
        (FOLDER / name).unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
