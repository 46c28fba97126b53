"""`syndicate explain`: how one file becomes an item, or why it does not, and what every channel makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from dataclasses import fields as fields_of
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import structs

from syndicate.cli.output import config_option, counting, json_option, load, moment, say, tell_json
from syndicate.errors import InvalidItem, UsageError

if TYPE_CHECKING:
    from syndicate.items.item import Item
    from syndicate.items.trace import Trace
    from syndicate.plot import Plot, Root
    from syndicate.ports.channel import Channel
    from syndicate.ports.content import Indexed, Scan
    from syndicate.ports.outbox import KnownItem


OFF = "switched off: what comes meanwhile is decided once it is on again"


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of one file; `item` has the topics' labels of the whole store, `raw` those of the file."""

    path: str
    file: Path
    skipped: str | None
    item: Item | None
    raw: Item | None
    faults: Sequence[Mapping[str, object]]
    traces: Sequence[Trace]
    images: Sequence[str]
    aliases: Mapping[str, str]
    channels: list[dict[str, Any]] = field(default_factory=list)


@click.command(
    short_help="Tell where each field of a file comes from, and what hides it.",
    epilog="\b\nExamples:\n  syndicate explain content/posts/heron.md\n"
    "  syndicate explain heron                 by id, slug or link, too"
    "\n  syndicate explain heron --json | jq .fields.published",
)
@config_option
@json_option
@click.argument("file")
def explain(config: Path, as_json: bool, file: str) -> None:
    """Tell how FILE (a path, or the id, slug or link of an item) is read: for each field its value, the source that
    gave it, and why those before it were passed over; what hides the file; its faults, topics, image and identity;
    and what every channel makes of it.

    Reads only; needs no network.
    """
    from syndicate.house import store_of

    plot = load(config)
    with counting("reading") as tell:
        scan = store_of(plot, waits=False, tell=tell).scan({})
    path = _chosen(plot, scan, file)
    known = asyncio.run(_known_as(plot, file, path))
    if path is not None:
        made = _explained(plot, scan, path)
    elif known is not None:
        made = _gone(plot, known)
    else:
        problem = "no file has this path, id, slug or link, and the state knows no item of that name"
        raise UsageError(f"{file}: {problem}; `syndicate check` tells what the store holds")
    if made.item is not None or known is not None:
        item_id = made.item.id if made.item is not None else known.item_id if known is not None else ""
        made.channels.extend(asyncio.run(_channels(plot, made.item, item_id)))
    if as_json:
        tell_json(_json(made))
    else:
        _tell(made)


async def _known_as(plot: Plot, wanted: str, path: str | None) -> KnownItem | None:
    """The item of that id, path or link that the state knows; where the file is there, the one that it was."""
    from syndicate.items.links import link_key
    from syndicate.outbox.store import SqlOutbox

    if not plot.has_outbox:
        return None
    async with SqlOutbox(plot.outbox_path, is_reader=True) as outbox:
        known = await outbox.known()
    if path is not None:
        return next((one for one in known.values() if one.path == path), None)
    key = link_key(wanted) if "://" in wanted else None
    own = (one for one in known.values() if wanted in _stored_names(one) or (key and one.link_key == key))
    return max(own, key=lambda one: (not one.is_withdrawn, one.first_seen), default=None)


def _stored_names(one: KnownItem) -> set[str]:
    return {one.item_id, one.item_id.rpartition(":")[2], one.path, Path(one.path).name, Path(one.path).stem}


def _gone(plot: Plot, known: KnownItem) -> Explanation:
    """An item that the store has no more: what the state knows of it."""
    _, file = plot.file_of(known.path)
    return Explanation(
        path=known.path,
        file=file,
        skipped=f"{known.item_id} left the store; this is what the state knows of it",
        item=None,
        raw=None,
        faults=(),
        traces=(),
        images=(),
        aliases={},
    )


def _chosen(plot: Plot, scan: Scan, wanted: str) -> str | None:
    """The path in the store; None if no file fits.

    Raises:
        UsageError: several fit, or the file is none that is looked at.
    """
    place = Path(wanted)
    if place.is_file():
        path = plot.path_in_store(place)
        if path is None:
            folders = ", ".join(str(root.folder) for root in plot.roots)
            raise UsageError(f"{wanted}: lies outside of the store ({folders})")
        if path not in scan.files:
            raise UsageError(
                f"{wanted}: is not looked at: its name, or a folder's, is hidden, left out by `content.exclude`, "
                "or not among `content.include`"
            )
        return path
    found = [path for path, one in scan.files.items() if wanted in _names(path, one)]
    if len(found) > 1:
        raise UsageError(f"{wanted}: {len(found)} fit: {', '.join(found[:5])}; name one by its path or id")
    return found[0] if found else None


def _names(path: str, one: Indexed) -> set[str | None]:
    item = one.item
    own: set[str | None] = {path, Path(path).name, Path(path).stem}
    return own if item is None else {*own, item.id, item.id.rpartition(":")[2], item.slug, item.link, item.page}


def _explained(plot: Plot, scan: Scan, path: str) -> Explanation:
    from syndicate.cli.check import fault_as_json
    from syndicate.content.places import places_of

    one, (root, file) = scan.files[path], plot.file_of(path)
    faults = [*one.faults, *(fault for fault in scan.faults if fault.path == str(file))]
    agreed = scan.items.get(one.item.id) if one.item is not None else None
    return Explanation(
        path=path,
        file=file,
        skipped=one.skipped,
        item=agreed if agreed is not None and agreed.path == path else one.item,
        raw=one.item,
        faults=[fault_as_json(fault) | {"text": str(fault)} for fault in faults],
        traces=_traces(file, file.relative_to(root.folder).as_posix(), root),
        images=places_of(one.stamp.image),
        aliases=root.rules.topics.aliases,
    )


def _traces(file: Path, path: str, root: Root) -> Sequence[Trace]:
    """Where each field comes from; none where there is no front matter, or it is broken."""
    from syndicate.content.places import NotSettled, bytes_of
    from syndicate.content.sweep import sight_of
    from syndicate.items.frontmatter import MAX_FILE_BYTES, read
    from syndicate.items.mapping import location_of
    from syndicate.items.trace import traces

    try:
        content, facts = bytes_of(file.resolve(), MAX_FILE_BYTES)
        parts = read(content, path, fallback_encoding=root.rules.fallback_encoding)
    except (InvalidItem, OSError, NotSettled):
        return ()
    if parts is None:
        return ()
    modified = datetime.fromtimestamp(sight_of(path, facts).mtime_s, UTC)
    return traces(*parts, location=location_of(path, root.rules, modified), rules=root.rules)


async def _channels(plot: Plot, item: Item | None, item_id: str) -> list[dict[str, Any]]:
    """What each channel's filters say of an item that is there, and its deliveries if there is an outbox."""
    from contextlib import AsyncExitStack

    from syndicate.cli.prospects import standings_of
    from syndicate.house import open_channels
    from syndicate.outbox.store import SqlOutbox

    told: dict[str, dict[str, Any]] = {}
    async with AsyncExitStack() as stack:
        channels = await stack.enter_async_context(open_channels(plot))
        if item is not None:
            told |= _decisions(plot, channels, item)
        if plot.has_outbox:
            outbox = await stack.enter_async_context(SqlOutbox(plot.outbox_path, is_reader=True))
            standings = await standings_of(plot, outbox)
            for one in await outbox.deliveries(item_id=item_id):
                events = [structs.asdict(event) for event in await outbox.history(one.uid)]
                line = told.setdefault(one.channel, _forsaken(one.channel))
                standing = standings.get(one.channel)
                line["deliveries"].append(
                    {
                        "uid": one.uid,
                        "action": one.action,
                        "state": one.state,
                        "reason": one.reason,
                        "code": one.code,
                        "due": one.due,
                        "forecast": standing.forecast_of(one) if standing is not None else None,
                        "history": events,
                    }
                )
    return list(told.values())


def _decisions(plot: Plot, channels: Mapping[str, Channel], item: Item) -> dict[str, dict[str, Any]]:
    """What each channel of the settings makes of an item."""
    from syndicate.house import plans_of
    from syndicate.outbox.plan import filtered_by

    told: dict[str, dict[str, Any]] = {}
    for plan in plans_of(plot, channels):
        told[plan.name] = {
            "channel": plan.name,
            "filtered": filtered_by(item, plan),
            "is_asked": True,
            "page": _page_of(plot, plan.name, channels[plan.name], item),
            "worded": list(item.posting.wording(plan.name, plan.network).keys) if item.posting else [],
            "deliveries": [],
        }
    for name in plot.settings.channels.keys() - told.keys():
        told[name] = _forsaken(name) | {"filtered": OFF}
    return told


def _page_of(plot: Plot, name: str, channel: Channel, item: Item) -> str | None:
    """The page of ours that has to be there before the channel posts the item, if any."""
    from syndicate.gate import page_of
    from syndicate.sharepages import is_ours
    from syndicate.wording import draft_rules_of, share_page_rules_of

    rules = share_page_rules_of(plot.settings)
    url = page_of(item, channel.wants, draft_rules_of(plot, name)) if rules.policy != "ignore" else None
    return url if url is not None and is_ours(url, rules.bases) else None


def _forsaken(channel: str) -> dict[str, Any]:
    """A channel that the settings do not have any more."""
    return {"channel": channel, "filtered": None, "is_asked": False, "page": None, "worded": [], "deliveries": []}


def _filter_words(channel: Mapping[str, Any]) -> str:
    """What its filters say, where they were asked."""
    if channel["filtered"]:
        return f": {channel['filtered']}"
    return ": its filters let it pass" if channel["is_asked"] else ""


def _identity(item: Item) -> str:
    if item.id == f"path:{item.path}":
        return "its path, as it has neither an id nor a link of its own; give it an `id` before it is moved"
    if item.id.startswith("link:"):
        return "its link, as it has no id"
    return "its own id and source"


def _topics(made: Explanation) -> list[dict[str, object]]:
    """The item's topics, each with what this file calls it."""
    if made.item is None or made.raw is None:
        return []
    return [
        {
            "slug": topic.slug,
            "label": topic.label,
            "vocabulary": topic.vocabulary,
            "written": own.label,
            "aliases": [old for old, new in made.aliases.items() if new in (topic.label, topic.slug, own.label)],
        }
        for topic, own in zip(made.item.topics, made.raw.topics, strict=True)
    ]


def _json(made: Explanation) -> dict[str, Any]:
    item = made.item
    fields = {}
    for trace in made.traces:
        used = trace.used
        fields[trace.field] = {
            "value": used.value if used is not None else None,
            "source": used.source if used is not None else None,
            "line": used.line if used is not None else None,
            "column": used.column if used is not None else None,
            "tried": [asdict(tried) for tried in trace.tried],
        }
    return {
        "path": made.path,
        "file": made.file,
        "hidden_by": made.skipped,
        "item": _item(item) if item is not None else None,
        "identity": {"id": item.id, "why": _identity(item)} if item is not None else None,
        "fields": fields,
        "topics": _topics(made),
        "image_places": list(made.images),
        "faults": list(made.faults),
        "channels": made.channels,
    }


def _item(item: Item) -> dict[str, Any]:
    """What it says; not what is kept beside that to be quick."""
    said = {one.name for one in fields_of(item) if one.init}
    return {name: value for name, value in asdict(item).items() if name in said}


def _tell(made: Explanation) -> None:
    say(f"{made.file}")
    if made.skipped is not None:
        say(f"  no item: {made.skipped}")
    elif made.item is None:
        say("  no item: it has errors")
    else:
        say(f"  item {made.item.id}: named by {_identity(made.item)}")
    for fault in made.faults:
        say(f"  {'warning' if fault['is_warning'] else 'error'}: {fault['text']}")
    for trace in made.traces:
        _tell_field(trace)
    for topic in _topics(made):
        words = f"  topic {topic['slug']}: {topic['label']}"
        words += f", vocabulary {topic['vocabulary']}" if topic["vocabulary"] else ""
        words += f", written {topic['written']} here" if topic["written"] != topic["label"] else ""
        say(words)
    if made.images:
        image = made.item.image if made.item is not None else None
        say(f"  image: {image.ref if image is not None else 'none'}; looked at {', '.join(made.images)}")
    for channel in made.channels:
        _tell_channel(channel)


def _tell_field(trace: Trace) -> None:
    """A field in a line, and those sources that hold something and were passed over."""
    used = trace.used
    passed = [one for one in trace.tried if not one.is_used]
    if used is None and all(one.verdict == "absent" for one in passed):
        return
    place = "" if used is None or used.line is None else f":{used.line}:{used.column}"
    say(f"  {trace.field}: {used.value}  <- {used.source}{place}" if used is not None else f"  {trace.field}: nothing")
    for one in passed:
        if one.verdict != "absent":
            at = f":{one.line}:{one.column}" if one.line is not None else ""
            say(f"      not {one.source}{at}: {one.verdict}{f' ({one.value})' if one.value else ''}")
    absent = [one.source for one in passed if one.verdict == "absent"]
    if absent:
        say(f"      absent: {', '.join(absent)}")


def _tell_channel(channel: Mapping[str, Any]) -> None:
    say(f"  channel {channel['channel']}{_filter_words(channel)}")
    if channel["page"]:
        say(f"    waits for its page, of which the network makes a card: {channel['page']}")
    if channel["worded"]:
        say(f"    its front matter words: {', '.join(channel['worded'])}")
    for one in channel["deliveries"]:
        say(f"    {one['uid'][:12]}  {one['action'].value} {one['state'].value}: {one['reason']}")
        if one["forecast"] is not None:
            say(f"      {one['forecast']['words']}")
        for event in one["history"]:
            say(f"      {moment(event['at'])}  {event['state'].value}: {event['reason']}")
