"""`syndicate demo`: the whole product in a minute, with no account and no network beyond this machine."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.output import count, json_option, say, table, tell_json

if TYPE_CHECKING:
    from syndicate.demo import Dropped, Publisher, Stage
    from syndicate.proof.verdict import Verdict

KILLS = 6

MISHAPS = {
    "lost_after": "answers lost after posting",
    "error_503_after": "times 503 after posting",
    "error_429": "times 429",
    "slow_after": "slow answers",
    "error_502_before": "uploads refused",
}
"""What went wrong, in words, by the sandbox's name of the effect."""


@click.command(
    short_help="See the whole product in a minute.",
    epilog="\b\nExamples:\n  syndicate demo\n  syndicate demo --keep tour     look at the site and the logs afterwards",
)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Work in this new folder and keep it.")
@click.option("--kills", type=click.IntRange(1, 50), default=KILLS, show_default=True, help="How often to kill -9.")
@click.option("--seed", default=7, show_default=True, help="Seed of the network faults.")
@json_option
def demo(keep: Path | None, kills: int, seed: int, as_json: bool) -> None:
    """Watch one item travel from a file to a feed and to fake networks, then see the publisher killed again and again.

    Everything happens on this machine. Ends with a count from the fake networks' own log: exit code 1 if a post was
    lost or made twice.
    """
    with tempfile.TemporaryDirectory(prefix="syndicate-demo-") as passing:
        show = Show(keep or Path(passing) / "site", kills, seed, is_json=as_json)
        verdicts = asyncio.run(show.run())
    sys.exit(0 if all(one.is_whole for one in verdicts) else 1)


class Show:
    """The demo from curtain to count."""

    def __init__(self, folder: Path, kills: int, seed: int, *, is_json: bool) -> None:
        self._folder = folder
        self._kills = kills
        self._seed = seed
        self._is_json = is_json
        self._begun = time.monotonic()
        self._facts: dict[str, Any] = {}

    async def run(self) -> list[Verdict]:
        """The verdicts per channel."""
        import aiohttp

        from syndicate.cli.sample import copy_sample
        from syndicate.demo import Publisher, Stage, free_port, settings_for
        from syndicate.proof.stand import write_settings
        from syndicate.sandbox.child import spawn

        copy_sample(self._folder)
        async with AsyncExitStack() as stack:
            sandbox = await stack.enter_async_context(await spawn(self._folder / "sandbox", seed=self._seed))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            port = free_port()
            config = write_settings(self._folder, settings_for(sandbox.addresses, port))
            stage = Stage(http, sandbox.addresses, f"http://127.0.0.1:{port}/")
            publisher = Publisher(config, self._folder / "publisher.log")
            stack.push_async_callback(publisher.kill)
            self._say("1  A store, a publisher and fake networks")
            self._say(
                f"   networks   Mastodon, Bluesky and a webhook, all on this machine: {sandbox.addresses.control_url}/"
            )
            await self._open(stage, publisher)
            first = await self._new_item(stage, publisher)
            dropped = [first, *await self._kill(stage, publisher)]
            verdicts = await self._count(stage, publisher, dropped)
        self._tell(verdicts)
        return verdicts

    async def _open(self, stage: Stage, publisher: Publisher) -> None:
        begun = time.monotonic()
        await publisher.start()
        await stage.until_feed_has(None, publisher)
        items = await stage.feed_size()
        self._say(
            f"   publisher  syndicate run: serves the sample store's feeds after {time.monotonic() - begun:.1f} s"
        )
        posts = len(await stage.posts())
        self._say(f"   old items  {items} in the feeds, {posts} posted: what was there before a channel is a baseline")
        self._say()

    async def _new_item(self, stage: Stage, publisher: Publisher) -> Dropped:
        from syndicate.demo import ACCOUNTS

        self._say("2  A new item is dropped into the store")
        dropped = self._drop(0)
        self._say(f"   file       content/news/{dropped.path.name}")
        feed_s = await stage.until_feed_has(dropped.title, publisher)
        self._say(f"   feeds      show it after {feed_s * 1000:.0f} ms (RSS, Atom, JSON Feed and page of every topic)")
        posted_s = await stage.until_posted(dropped.link, len(ACCOUNTS), publisher)
        self._say(f"   networks   all {len(ACCOUNTS)} channels have it after {posted_s + feed_s:.1f} s:")
        for post in await stage.posts():
            self._show(post)
        self._facts |= {"feed_ms": round(feed_s * 1000), "posted_ms": round((posted_s + feed_s) * 1000)}
        return dropped

    async def _kill(self, stage: Stage, publisher: Publisher) -> list[Dropped]:
        from syndicate.demo import FAULTS, HEADLINES

        rest = len(HEADLINES) - 1
        self._say(f"3  {rest} more items, bad networks, and kill -9 in the middle of deliveries")
        self._say("   the networks now post and lose the answer, post and answer 503, refuse for a while, and are slow")
        await stage.arm(FAULTS)
        dropped = [self._drop(number + 1) for number in range(rest)]
        posts = len(await stage.posts())
        for number in range(self._kills):
            posts = await stage.until_more_than(posts, publisher)
            await publisher.kill()
            self._say(f"   kill -9    no. {number + 1}, with {count(posts, 'post')} made; started again")
            await publisher.start()
        return dropped

    async def _count(self, stage: Stage, publisher: Publisher, dropped: list[Dropped]) -> list[Verdict]:
        from syndicate.demo import ACCOUNTS, until_settled
        from syndicate.proof.verdict import verdicts

        self._say("   waiting until every delivery is settled ...")
        await stage.until_feed_has(dropped[-1].title, publisher)
        deliveries = await until_settled(self._folder / "state" / "outbox.sqlite3", publisher)
        await publisher.stop()
        posts, mishaps = await stage.posts(), await stage.mishaps()
        happened = [f"{mishaps[name]} {words}" for name, words in MISHAPS.items() if mishaps.get(name)]
        self._say(f"   meanwhile  {', '.join(happened) or 'nothing went wrong'}")
        links = {f"demo:{90_000 + number}": one.link for number, one in enumerate(dropped)}
        self._facts |= {
            "kills": self._kills,
            "starts": publisher.starts,
            "attempts": sum(one.attempts for one in deliveries),
            "mishaps": mishaps,
        }
        return verdicts(deliveries, links, posts, ACCOUNTS)

    def _drop(self, number: int) -> Dropped:
        from syndicate.demo import drop_item
        from syndicate.house import clock

        content = self._folder / "content"
        pictures = sorted(content.glob("*/*-featuredImage.jpeg"))
        return drop_item(content, number, pictures, clock())

    def _show(self, post: dict[str, Any]) -> None:
        self._say(f"     {post['network']}  {post['account']}  {post['url'] or ''}")
        for line in str(post["text"]).split("\n"):
            self._say(f"       | {line}".rstrip())
        for medium in post["media"]:
            size = f"{medium['width']}x{medium['height']}, {medium['bytes'] // 1000 + 1} kB"
            self._say(f"       image {size}; alt: {medium['alt'] or '(the card has no place for one)'}")
        self._say()

    def _tell(self, verdicts: list[Verdict]) -> None:
        took_s = time.monotonic() - self._begun
        is_kept = all(one.is_whole for one in verdicts)
        if self._is_json:
            channels = [asdict(one) | {"is_kept": one.is_whole} for one in verdicts]
            tell_json({"is_kept": is_kept, "took_s": round(took_s, 1), **self._facts, "channels": channels})
            return
        self._say()
        self._say("4  The count, from the networks' own log")
        rows = [
            (one.channel, one.owed, one.posted, one.lost, one.duplicated, one.false_sent, one.held, one.unowed)
            for one in verdicts
        ]
        numbers = [row[1:] for row in rows]
        total = ("all", *map(sum, zip(*numbers, strict=True)))
        table(("channel", "owed", "posted", "lost", "duplicated", "false sent", "held", "not owed"), [*rows, total])
        self._say("   lost: owed, not there, and nobody was told    false sent: recorded as sent, not there")
        self._say("   held: waits for a person, with the reason      not owed: there, though nobody asked for it")
        self._say()
        self._say(last_line(verdicts, kills=self._kills, attempts=self._facts["attempts"], took_s=took_s))

    def _say(self, line: str = "") -> None:
        if not self._is_json:
            say(line)


def last_line(verdicts: Sequence[Verdict], *, kills: int, attempts: int, took_s: float) -> str:
    """Whether the promise was kept, in one sentence."""
    verb = "Kept" if all(one.is_whole for one in verdicts) else "BROKEN"
    lost, twice = sum(one.lost for one in verdicts), sum(one.duplicated for one in verdicts)
    return (
        f"{verb}: {lost} lost, {twice} duplicated, after {count(kills, 'kill')} and {attempts} attempts, "
        f"in {took_s:.0f} s."
    )
