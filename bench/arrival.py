"""Goal 2: one new item. From the file closed to all its feeds on the shelf, with the publisher resident; and `once`."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from corpus import Corpus
from peers import Place, builds, feed_file, free_port, hugo_site, ids_in, install, ours, settings
from timing import cost_of, cpu_s_of, ratios, spreads

PATIENCE_S = 60.0
CALM_S = 1.0
IDLE_S = 0.02  # of CPU in that time: looks at folders and timers go on, and take 0.002 to 0.005 s on slow machines
STEP_S = 0.002
WANTED = {"hugo": {"wall_s": 0.17}}


def arrive(corpus: Corpus, place: Place, peers: Sequence[str], rounds: int) -> dict[str, Any]:
    """Wall time and CPU of each arrival, ours and Hugo's, and those of `once` after another one."""
    found = {"syndicate": _resident("syndicate", corpus, place, rounds)}
    if "hugo" in peers:
        found["hugo"] = _resident("hugo", corpus, place, rounds)
    found["once"] = _once(corpus, place, rounds)
    return {
        "sides": {side: spreads(costs) for side, costs in found.items()},
        "ratios": {"hugo": ratios(found["syndicate"], found["hugo"])} if "hugo" in found else {},
        "wanted": {"hugo": WANTED["hugo"]} if "hugo" in found else {},
    }


def _resident(side: str, corpus: Corpus, place: Place, rounds: int) -> list[dict[str, float]]:
    place.clear()
    added: list[Path] = []
    costs = []
    try:
        with _running(side, place) as pid:
            for number in range(corpus.items, corpus.items + rounds):
                _calm(pid)
                feeds = _feeds(side, corpus, place, number)
                before, cpu_s = [_mark(file) for file in feeds], cpu_s_of(pid)
                added.append(corpus.add(place.content, number))
                begun = time.perf_counter()
                _await(feeds, before)
                wall_s = time.perf_counter() - begun
                _calm(pid)
                costs.append({"wall_s": wall_s, "cpu_s": cpu_s_of(pid) - cpu_s})
                _check(side, corpus, place, number)
    finally:
        for file in added:
            file.unlink()
    return costs


def _once(corpus: Corpus, place: Place, rounds: int) -> list[dict[str, float]]:
    place.clear()
    command = builds("syndicate", place)
    cost_of(command, folder=place.root)
    costs = []
    with closing(corpus.arrivals(place.content, rounds)) as numbers:
        for number in numbers:
            costs.append(cost_of(command, folder=place.root).told())
            _check("syndicate", corpus, place, number)
    return costs


def _feeds(side: str, corpus: Corpus, place: Place, number: int) -> list[Path]:
    slugs = ["", *(name.slug for name in corpus.topics(number))]
    files = [feed_file(side, place, slug) for slug in slugs]
    return (
        files if side == "hugo" else [file.with_name(n) for file in files for n in ("rss.xml", "atom.xml", "feed.json")]
    )


def _check(side: str, corpus: Corpus, place: Place, number: int) -> None:
    for slug in ("", *(name.slug for name in corpus.topics(number))):
        file = feed_file(side, place, slug)
        if ids_in(file)[0] != number:
            raise ValueError(f"{side}: item {number} does not lead {file}")


def _mark(file: Path) -> tuple[int, int]:
    try:
        facts = file.stat()
    except FileNotFoundError:
        return (0, 0)
    return facts.st_ino, facts.st_mtime_ns


def _await(files: Sequence[Path], before: Sequence[tuple[int, int]]) -> None:
    until = time.monotonic() + PATIENCE_S
    waited = list(zip(files, before, strict=True))
    while waited:
        waited = [(file, mark) for file, mark in waited if _mark(file) == mark]
        if time.monotonic() > until:
            raise TimeoutError(f"{waited[0][0]} did not change in {PATIENCE_S:.0f} s")
        time.sleep(STEP_S)


def _calm(pid: int) -> None:
    """Until the process has had nothing to do for a while."""
    since, cpu_s = time.monotonic(), cpu_s_of(pid)
    while time.monotonic() - since < CALM_S:
        time.sleep(0.1)
        now_s = cpu_s_of(pid)
        if now_s - cpu_s > IDLE_S:
            since, cpu_s = time.monotonic(), now_s


@contextmanager
def _running(side: str, place: Place) -> Iterator[int]:
    """The publisher, or Hugo, watching the store; gives the process id once all feeds stand."""
    if side == "hugo":
        install("hugo")
        site = hugo_site(place, is_watched=True)
        command = ["hugo", "server", "--renderToDisk", "--disableFastRender", "--port", str(free_port()), "--source"]
        command += [str(site), "--contentDir", str(place.content), "-d", str(place.feeds)]
        ready = "Press Ctrl+C"
    else:
        settings(place)
        command, ready = ours(place, "run"), "Watching for new items"
    with subprocess.Popen(
        command, cwd=place.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if ready in line:
                    break
            else:
                raise ValueError(f"{side} ended: {''.join(said)}")
            yield process.pid
        finally:
            process.terminate()
