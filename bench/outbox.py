"""How fast deliveries go through one process, and whether finished ones slow the next.

    .venv/bin/python bench/outbox.py [--deliveries 2000] [--lanes 8] [--finished 1000000] [--json]

Real lanes over a real outbox (SQLite, synchronous=FULL, an intent on disk before each byte) post signed webhooks to a
receiver in another process. CPU is that of the publishing process with all its threads. Then the outbox is filled with
finished deliveries, and a look at the queue with a claim is timed before and after, with the plans of its queries.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import structlog
from msgspec.structs import replace
from sqlalchemy import insert, text

from syndicate.attempt import AttemptRules
from syndicate.channels.http import Web
from syndicate.channels.networks import Tools, network_of
from syndicate.deliver import MOST_AHEAD, Lane, LaneRules, Settled
from syndicate.draft import DraftRules
from syndicate.errors import ImageUnusable
from syndicate.house import NoTokens, clock
from syndicate.items.item import Image, Item, Topic
from syndicate.outbox.connection import Connection
from syndicate.outbox.delivery import State
from syndicate.outbox.plan import ChannelPlan, planned
from syndicate.outbox.schema import deliveries
from syndicate.outbox.store import SqlOutbox
from syndicate.ports.content import Indexed, Stamp
from syndicate.ports.outbox import Acceptance, KnownItem
from syndicate.posts.card import CardRules
from syndicate.posts.post import ImageRules, Picture
from syndicate.rests import Rests

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
RECEIVER = """
import asyncio, sys
async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).lower()
            length = int(head.split(b"content-length:")[1].split(b"\\r\\n")[0])
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deliveries", type=int, default=2000)
    parser.add_argument("--lanes", type=int, default=8)
    parser.add_argument("--finished", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    found = asyncio.run(measured(chosen))
    if chosen.json:
        print(json.dumps(found))
        return
    through, claims = found["through"], found["claims"]
    print(
        f"{through['deliveries']} deliveries by {chosen.lanes} lanes: {through['per_s']:.0f} a second, "
        f"{through['cpu_ms']:.2f} ms CPU each"
    )
    for name, value in claims.items():
        print(f"look and claim, {name}: median {value['median_ms']:.2f} ms, p99 {value['p99_ms']:.2f} ms")
    print("\n".join(found["plans"]))


async def measured(chosen: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="syndicate-bench-") as folder, receiver() as port:
        async with SqlOutbox(Path(folder) / "outbox.sqlite3") as outbox:
            await outbox.begin(clock(), has_feeds=False)
            through = await deliver(outbox, port, chosen.deliveries, chosen.lanes)
        async with SqlOutbox(Path(folder) / "claims.sqlite3") as outbox:
            await owe(outbox, [ChannelPlan("news", "example.org")], chosen.rounds * 2)
            few = await claims(outbox, chosen.rounds)
            await outbox._database.write(finish, chosen.finished)
            many = await claims(outbox, chosen.rounds)
            plans = await outbox._database.read(plans_of_queries)
    return {"through": through, "claims": {"few rows": few, f"{chosen.finished} finished": many}, "plans": plans}


async def deliver(outbox: SqlOutbox, port: int, count: int, lanes: int) -> dict[str, float]:
    """All that is owed, by lanes that run beside each other."""
    kind = network_of("webhook")
    async with Web() as web:
        made = []
        for number in range(lanes):
            own = {"url": f"http://127.0.0.1:{port}/{number}", "secret": SECRET}
            made.append(kind.make(f"hook{number}", kind.settings.model_validate(own), Tools(web, NoTokens(), clock)))
        await owe(outbox, [ChannelPlan(one.name, one.account) for one in made], count // lanes)
        rests, rules = Rests(outbox, clock), LaneRules(AttemptRules(DraftRules(CardRules())))
        ways = [
            Lane(one, outbox, NoPictures(), rules, owner="bench", clock=clock, chance=random.random, rests=rests)
            for one in made
        ]
        await web.call(
            "POST", f"http://127.0.0.1:{port}/", body=b"", is_keyed=True
        )  # what is loaded once is not counted
        told: list[Settled] = []
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(lane.drain(asyncio.Event(), told.append) for lane in ways))
        took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    assert [one.step.state for one in told] == [State.SENT] * (count // lanes * lanes), "not everything was sent"
    return {"deliveries": len(told), "per_s": len(told) / took_s, "cpu_ms": cpu_s * 1000 / len(told)}


async def claims(outbox: SqlOutbox, rounds: int) -> dict[str, float]:
    """A look at the queue and a claim, again and again."""
    took_ms = []
    for _ in range(rounds):
        began = time.perf_counter()
        seen = await outbox.outlook("news", 24, MOST_AHEAD)
        assert await outbox.claim("news", "bench", clock(), seen.queue[0].uid) is not None
        took_ms.append((time.perf_counter() - began) * 1000)
    return {"median_ms": statistics.median(took_ms), "p99_ms": statistics.quantiles(took_ms, n=100)[98]}


async def owe(outbox: SqlOutbox, plans: list[ChannelPlan], count: int) -> None:
    """So many items to each channel."""
    now = clock() - timedelta(hours=1)
    items = [
        Item(f"bench:{number}", f"{number}.md", f"Title {number}", "What happened.", now, now, slug=f"title-{number}",
             link=f"https://example.org/{number}", topics=(Topic(f"topic-{number % 50}", f"Topic {number % 50}"),))
        for number in range(count)
    ]  # fmt: skip
    owed = [
        replace(planned(item, plan, State.PLANNED, "new", now), due=now + number * timedelta(microseconds=1))
        for plan in plans
        for number, item in enumerate(items)
    ]
    known = [KnownItem(item.id, item.revision, item.path, item.link or "", False, now) for item in items]
    indexed = [Indexed(item.path, Stamp(1, 2, 3, "digest"), item) for item in items]
    channels = {plan.name: plan.account for plan in plans}
    await outbox.accept(
        Acceptance(tuple(known), indexed=tuple(indexed), planned=tuple(owed), channels=channels, rules="bench"), now
    )


def finish(connection: Connection, count: int) -> None:
    """So many deliveries that were sent in the last years."""
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    row = {"channel": "news", "account": "example.org", "action": "post", "revision": "r", "state": "sent",
           "reason": "accepted", "origin": "live", "attempts": 1, "failures": 0, "readings": 0, "generation": 0,
           "is_unclear": False, "is_key_spent": False, "fence": 1, "topics": "birds"}  # fmt: skip
    for first in range(0, count, 10_000):
        connection.execute(
            insert(deliveries),
            [
                row | {"uid": f"{number:032}", "item_id": f"old:{number}", "due": begin + number * timedelta(minutes=1),
                       "sent_at": begin + number * timedelta(minutes=1), "remote_id": str(number)}
                for number in range(first, min(first + 10_000, count))
            ],
        )  # fmt: skip


def plans_of_queries(connection: Connection) -> list[str]:
    """How SQLite finds what a claim needs."""
    queries = {
        "queue": "SELECT uid FROM deliveries WHERE channel = 'news' AND owner IS NULL AND state = 'planned' "
        "AND action = 'post' AND origin = 'live' ORDER BY due LIMIT 64",
        "last posts": "SELECT sent_at FROM deliveries WHERE channel = 'news' AND action IN ('post', 'reply') "
        "AND sent_at IS NOT NULL ORDER BY sent_at DESC LIMIT 24",
        "in doubt": "SELECT first_sent_at FROM deliveries WHERE channel = 'news' AND action IN ('post', 'reply') "
        "AND state IN ('sending', 'unknown', 'held') AND first_sent_at IS NOT NULL",
        "left in work": "SELECT uid FROM deliveries WHERE channel = 'news' "
        "AND state IN ('claimed', 'sending', 'unknown') AND owner IS NOT NULL ORDER BY uid",
    }
    found = []
    for name, query in queries.items():
        steps = connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))
        found.append(f"{name}: {'; '.join(str(step[3]) for step in steps)}")
    return found


class NoPictures:
    """No item has an image."""

    async def picture(self, image: Image, rules: ImageRules) -> Picture:
        raise ImageUnusable(image.ref, "no item of this store has an image")


@contextmanager
def receiver() -> Iterator[int]:
    """A receiver in another process; gives its port."""
    with Popen([sys.executable, "-c", RECEIVER], stdout=PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


if __name__ == "__main__":
    main()
