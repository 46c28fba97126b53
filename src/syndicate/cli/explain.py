"""`syndicate explain`: how one file becomes an item, or why it does not, and what every channel makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.output import config_option, counting, json_option, load, moment, say, tell_json
from syndicate.errors import InvalidItem, UsageError

if TYPE_CHECKING:
    from syndicate.items.item import Item
    from syndicate.items.trace import Trace
    from syndicate.plot import Plot, Root
    from syndicate.ports.channel import Channel
    from syndicate.ports.content import Indexed, Scan


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
    made = _explained(plot, scan, _chosen(plot, scan, file))
    if made.item is not None:
        made.channels.extend(asyncio.run(_channels(plot, made.item)))
    if as_json:
        tell_json(_json(made))
    else:
        _tell(made)


def _chosen(plot: Plot, scan: Scan, wanted: str) -> str:
    """The path in the store.

    Raises:
        UsageError: none or several fit, or the file is none that is looked at.
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
    if len(found) != 1:
        problem = (
            "no file has this path, id, slug or link" if not found else f"{len(found)} fit: {', '.join(found[:5])}"
        )
        raise UsageError(f"{wanted}: {problem}; `syndicate check` tells what the store holds")
    return found[0]


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
    modified = datetime.fromtimestamp(facts.st_mtime, UTC)
    return traces(*parts, location=location_of(path, root.rules, modified), rules=root.rules)


async def _channels(plot: Plot, item: Item) -> list[dict[str, Any]]:
    """What each channel's filters say, and its deliveries of the item if there is an outbox."""
    from contextlib import AsyncExitStack

    from syndicate.cli.prospects import standings_of
    from syndicate.house import open_channels, plans_of
    from syndicate.outbox.plan import filtered_by
    from syndicate.outbox.store import SqlOutbox

    told: dict[str, dict[str, Any]] = {}
    async with AsyncExitStack() as stack:
        channels = await stack.enter_async_context(open_channels(plot))
        for plan in plans_of(plot, channels):
            told[plan.name] = {
                "channel": plan.name,
                "filtered": filtered_by(item, plan),
                "page": _page_of(plot, plan.name, channels[plan.name], item),
                "worded": list(item.posting.wording(plan.name, plan.network).keys) if item.posting else [],
                "deliveries": [],
            }
        for name in plot.settings.channels.keys() - told.keys():
            told[name] = _forsaken(name) | {"filtered": OFF}
        if plot.has_outbox:
            outbox = await stack.enter_async_context(SqlOutbox(plot.outbox_path, is_reader=True))
            standings = await standings_of(plot, outbox)
            for one in await outbox.deliveries(item_id=item.id):
                events = [asdict(event) for event in await outbox.history(one.uid)]
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
    return {"channel": channel, "filtered": None, "page": None, "worded": [], "deliveries": []}


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
        "item": asdict(item) if item is not None else None,
        "identity": {"id": item.id, "why": _identity(item)} if item is not None else None,
        "fields": fields,
        "topics": _topics(made),
        "image_places": list(made.images),
        "faults": list(made.faults),
        "channels": made.channels,
    }


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
    say(f"  channel {channel['channel']}: {channel['filtered'] or 'its filters let it pass'}")
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
