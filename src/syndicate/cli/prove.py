"""`syndicate prove`: the promise, tested on this machine."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syndicate.cli.output import count, counting, json_option, say, table, tell_json

if TYPE_CHECKING:
    from syndicate.proof.trial import Proof

KILLS, DELIVERIES = 100, 500


@click.command(
    short_help="Test on this machine that nothing is lost or sent twice.",
    epilog="\b\nExamples:\n  syndicate prove\n  syndicate prove --kills 1000 --deliveries 5000 --json",
)
@click.option("--kills", type=click.IntRange(0), default=KILLS, show_default=True, help="How often to kill -9.")
@click.option("--deliveries", type=click.IntRange(1), default=DELIVERIES, show_default=True, help="How many are owed.")
@click.option("--seed", default=1, show_default=True, help="Seed of the faults and of the times of the kills.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="End the killing after so long.")
@click.option(
    "--against",
    type=click.Choice(["naive"]),
    help="Test the usual loop instead (send, then mark; on an error again), to compare.",
)
@json_option
def prove(kills: int, deliveries: int, seed: int, minutes: float | None, against: str | None, as_json: bool) -> None:
    """Kill publishers at random times while fake networks fail, until all is settled; then count the posts.

    Everything happens on this machine, in a folder of its own. Ends with a count from the fake networks' own log, by
    kind of network: exit code 1 if a post was lost, made twice, or recorded as sent and not there.
    """
    from syndicate.proof.trial import Load
    from syndicate.proof.trial import prove as run

    folder = Path(tempfile.mkdtemp(prefix="syndicate-prove-"))
    most_s = None if minutes is None else minutes * 60
    load = Load(deliveries, kills, seed, most_s, "deliver" if against is None else "naive")
    with counting("deliveries settled") as tell:
        proof = asyncio.run(run(folder, load, tell))
    if proof.is_kept:
        shutil.rmtree(folder)
    if as_json:
        tell_json(_as_json(proof, seed, None if proof.is_kept else folder))
    else:
        _say(proof, seed, folder)
    sys.exit(0 if proof.is_kept else 1)


def _as_json(proof: Proof, seed: int, folder: Path | None) -> dict[str, object]:
    facts = {name: value for name, value in asdict(proof).items() if name not in ("verdicts", "kinds")}
    networks = [asdict(one) | {"kind": proof.kinds.get(one.channel), "is_kept": one.is_kept} for one in proof.verdicts]
    return {"is_kept": proof.is_kept, "seed": seed, "folder": folder, **facts, "networks": networks}


def _say(proof: Proof, seed: int, folder: Path) -> None:
    rows = [
        (v.channel, proof.kinds.get(v.channel, ""), v.owed, v.posted, v.lost, v.duplicated, v.false_sent, v.held)
        for v in proof.verdicts
    ]
    table(("network", "kind", "intended", "posted", "lost", "duplicated", "false sent", "held"), rows)
    say("lost: owed, not there, and nobody was told    false sent: recorded as sent, not there")
    say("held: unclear, waits for a person with the reason; it may stand on the network, and is not sent again")
    say()
    say(verdict_line(proof))
    if not proof.is_kept:
        say(f"Look at {folder}: outbox, log and the networks' truth are kept. Same load: --seed {seed}")


def verdict_line(proof: Proof) -> str:
    """Whether the promise was kept, in one sentence."""
    lost, twice = sum(one.lost for one in proof.verdicts), sum(one.duplicated for one in proof.verdicts)
    false, unowed = sum(one.false_sent for one in proof.verdicts), sum(one.unowed for one in proof.verdicts)
    wrong = f"{lost} lost, {twice} duplicated, {false} false sent"
    wrong += f", {unowed} that nobody asked for" if unowed else ""
    wrong += f", {proof.unsettled} not settled" if proof.unsettled else ""
    return (
        f"{'Kept' if proof.is_kept else 'BROKEN'}: {wrong}, after {count(proof.kills, 'kill')}, "
        f"{count(proof.stalls, 'stall')}, {count(proof.mishaps, 'fault')} and {count(proof.attempts, 'attempt')}, "
        f"in {proof.took_s:.0f} s."
    )
