"""The usual loop, for comparison: send, then mark; on an error try again. Not used for anything but to be measured."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from syndicate.draft import draft, post_of
from syndicate.errors import NetworkError, Rejected, Unauthorized
from syndicate.house import clock
from syndicate.outbox.delivery import Delivery, State
from syndicate.wording import draft_rules_of

if TYPE_CHECKING:
    from syndicate.house import House
    from syndicate.ports.channel import Channel

PAUSE_S = 0.1
"""Between an error and the next try."""

MOST = 1_000_000


def marks_path(state: Path) -> Path:
    """Where the loop marks what it sent, beside the outbox that tells it what to send."""
    return state / "naive.jsonl"


def marked(state: Path) -> dict[str, State]:
    """What the loop believes, by uid."""
    path = marks_path(state)
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    return {row["uid"]: State(row["state"]) for row in rows}


async def believed(house_deliveries: list[Delivery], state: Path) -> list[Delivery]:
    """The deliveries as the loop's own marks tell of them."""
    marks = await asyncio.to_thread(marked, state)
    return [structs.replace(one, state=marks.get(one.uid, State.PLANNED)) for one in house_deliveries]


async def post_naively(house: House, stop: asyncio.Event) -> None:
    """One loop a channel over everything that is not marked, until stopped."""
    state = house.plot.state_folder
    done = await asyncio.to_thread(marked, state)
    owed = [one for one in await house.outbox.deliveries(limit=MOST) if one.uid not in done]
    loops = [
        _post_all(house, channel, [one for one in owed if one.channel == name], stop)
        for name, channel in house.channels.items()
    ]
    await asyncio.gather(*loops)
    await stop.wait()


async def _post_all(house: House, channel: Channel, owed: list[Delivery], stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await channel.open()
        except NetworkError:
            await asyncio.sleep(PAUSE_S)
        else:
            break
    for delivery in sorted(owed, key=lambda one: one.due):
        while not stop.is_set():
            try:
                await _post(house, channel, delivery)
            except (Rejected, Unauthorized):
                await _mark(house, delivery, State.DEAD)
            except NetworkError:
                await asyncio.sleep(PAUSE_S)
                continue
            else:
                await _mark(house, delivery, State.SENT)
            break


async def _post(house: House, channel: Channel, delivery: Delivery) -> None:
    item = await house.outbox.item(delivery.item_id)
    assert item is not None
    rules = draft_rules_of(house.plot, channel.name)
    made = await draft(item, channel.wants, rules, house.images)
    post = post_of(made, channel.wants, rules, has_picture=False)
    key = channel.key_of(secrets.token_hex(16), 0, item.published)  # a new one for each try, as without a record of it
    payload = await channel.stage(channel.freeze(post, None, key, clock()), key)
    await channel.publish(payload, key)


async def _mark(house: House, delivery: Delivery, state: State) -> None:
    line = json.dumps({"uid": delivery.uid, "state": state.value}) + "\n"
    await asyncio.to_thread(_append, marks_path(house.plot.state_folder), line)


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
