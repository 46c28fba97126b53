"""Seeded schedules of one channel's lane: the true state machine between a fake clock, network and store.

    python tests/outbox/simulator.py --schedules 1000000 --jobs 2
    python tests/outbox/simulator.py --replay 4711
    python tests/outbox/simulator.py --schedules 1000 --without fence

A schedule is one to three deliveries and a life full of bad luck: lost answers, late commits, lagging lists, crashes
after every step, a machine that sleeps, a clock that is set, a second publisher, a second planning (`world`); in every
third, items are edited, leave and return meanwhile (`changing`). What is counted is the network's own truth. `RULES`
can be switched off one by one; the schedules must then show the harm.

One thing is not tried, as no program withstands it: to sleep between the last look at the key's age and the first byte.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from outbox.changing import ChangingWorld
from outbox.simulated import BEGUN, KINDS, SETTLE, Network, mark_of
from outbox.world import RULES, Machine, World, machine_without, row_of
from syndicate.outbox.delivery import Action, State

POSTS = {Action.POST, Action.REPLY}
"""What makes something new on the network."""

SHARE_OF_CHANGES = 1 / 3
"""Of the schedules in which items are edited, leave and return."""


def world_of(seed: int, kind: str, without: str | None = None, *, is_traced: bool = False) -> World:
    """The schedule of that seed."""
    chance = random.Random(seed)  # the schedule is the seed's
    record = {}
    for number in range(chance.choice((1, 1, 1, 2, 2, 3))):
        item = f"item {number + 1}"
        uid = f"post of {item}"
        record[uid] = row_of(uid, item, BEGUN + number * SETTLE)
    network = Network(KINDS[kind], chance)
    made = ChangingWorld if chance.random() < SHARE_OF_CHANGES else World
    return made(network, chance, _machine(without), without, record, [] if is_traced else None)


_MACHINES: dict[str | None, Machine] = {}


def _machine(without: str | None) -> Machine:
    if without not in _MACHINES:
        _MACHINES[without] = machine_without(without)
    return _MACHINES[without]


HARMS = ("twice", "lost", "altered", "early", "not held", "endless", "stale", "stays", "baseless", "wronged")


@dataclass
class Tally:
    """What schedules came to: how many, the harm done, and the first seeds that show it."""

    schedules: int = 0
    harms: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    unclear: int = 0
    seeds: list[int] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        self.schedules += other.schedules
        self.harms += other.harms
        self.states += other.states
        self.unclear += other.unclear
        self.seeds = sorted({*self.seeds, *other.seeds})[:20]


def harms_of(world: World, *, has_ended: bool) -> Counter[str]:
    """The harm a schedule did, in the network's own truth."""
    world.network.catch_up(world.true + timedelta(days=1))
    made = Counter(one.item for one in world.network.made)
    rows = world.record.values()
    told = {State.HELD, State.FAILED, State.DEAD}
    counts = {
        "twice": sum(count > 1 for count in made.values()),
        # Said to be there, or given up in silence, and not there.
        "lost": sum(not made[mark_of(row)] and row.state not in told for row in rows if world.owes(row)) * has_ended,
        "altered": world.network.altered,
        "early": world.early,
        "not held": 0,
        "endless": not has_ended,
    }
    if world.network.guarantee == KINDS["write_only"]:
        counts["not held"] = sum(world.record[uid].state is not State.HELD for uid in world.was_unclear)
    counts |= world.harm_of_changes() if has_ended else {}
    return Counter({name: count for name, count in counts.items() if count})


def judged(seed: int, kind: str, without: str | None = None, *, is_traced: bool = False) -> tuple[World, Counter[str]]:
    """The schedule of that seed, lived through, and the harm it did."""
    world = world_of(seed, kind, without, is_traced=is_traced)
    has_ended = world.run()
    return world, harms_of(world, has_ended=has_ended)


def kind_of(seed: int, kind: str | None) -> str:
    """The kind of network a schedule meets: the one named, or each in turn."""
    return kind or tuple(KINDS)[seed % len(KINDS)]


def simulate(first: int, last: int, kind: str | None = None, without: str | None = None) -> Tally:
    """The schedules of these seeds, counted."""
    tally = Tally(last - first)
    for seed in range(first, last):
        world, harms = judged(seed, kind_of(seed, kind), without)
        tally.states.update([row.state.value for row in world.record.values() if row.action in POSTS])
        tally.unclear += len(world.was_unclear)
        if harms:
            tally.harms += harms
            tally.seeds = [*tally.seeds, seed][:20]
    return tally


def simulated(options: argparse.Namespace) -> Tally:
    """All that was asked for, spread over the processes."""
    first, last = options.seed, options.seed + options.schedules
    cuts = [*range(first, last, max(1, min(20_000, options.schedules // options.jobs or 1))), last]
    work = partial(simulate, kind=options.kind, without=options.without)
    total = Tally()
    if options.jobs == 1:
        total.add(work(first, last))
        return total
    with ProcessPoolExecutor(options.jobs) as pool:
        for tally in pool.map(work, cuts[:-1], cuts[1:]):
            total.add(tally)
    return total


def replay(options: argparse.Namespace) -> int:
    """One schedule in words; gives the exit code."""
    kind = kind_of(options.replay, options.kind)
    world, harms = judged(options.replay, kind, options.without, is_traced=True)
    print(
        f"seed {options.replay}, network {kind}" + (f", without: {RULES[options.without]}" if options.without else "")
    )
    print("\n".join(world.trace or ()))
    for one in world.network.made:
        print(f"stands there: {one.item}, key {one.key}, since {(one.at - BEGUN).total_seconds():.1f} s")
    print(f"harm: {dict(harms)}" if harms else "no harm")
    return int(bool(harms))


def options_of(words: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Seeded schedules of the delivery state machine.")
    parser.add_argument("--schedules", type=int, default=10_000, metavar="N", help="how many (10,000)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the first seed (0)")
    parser.add_argument("--kind", choices=tuple(KINDS), help="of network; default: each in turn")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (1)")
    parser.add_argument("--without", choices=tuple(RULES), help="switch a safety rule off")
    parser.add_argument("--replay", type=int, metavar="SEED", help="tell one schedule in words")
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Run; 1 if any schedule did harm."""
    options = options_of(words)
    if options.replay is not None:
        return replay(options)
    began = time.perf_counter()
    total = simulated(options)
    took_s = time.perf_counter() - began
    if options.json:
        print(json.dumps({
            "schedules": total.schedules, "harms": total.harms, "states": total.states, "unclear": total.unclear,
            "seeds": total.seeds, "took_s": round(took_s, 1),
        }))  # fmt: skip
    else:
        print(f"{total.schedules:,} schedules in {took_s:.1f} s ({total.schedules / took_s:,.0f}/s)")
        print("deliveries: " + ", ".join(f"{count:,} {state}" for state, count in sorted(total.states.items())))
        print(f"unclear outcomes: {total.unclear:,}")
        print("harm: " + (", ".join(f"{count:,} {name}" for name, count in total.harms.items()) or "none"))
        for seed in total.seeds:
            print(f"  replay: {Path(__file__).name} --replay {seed}")
    return int(bool(total.harms))


if __name__ == "__main__":
    sys.exit(main())
