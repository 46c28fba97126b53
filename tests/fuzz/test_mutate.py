from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz import judge as judging
from fuzz import mutate
from fuzz.judge import Wrong, judge
from fuzz.mutations import mutated
from fuzz.seeds import SEEDS
from syndicate.errors import Fault, InvalidItem
from syndicate.items.tree import Tree

SEED_FILE = SEEDS[0][1].encode()


def test_two_thousand_damaged_files_become_items_or_faults_with_their_place(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    command = [
        sys.executable,
        mutate.__file__,
        "--files",
        "2000",
        "--seed",
        "3",
        "--json",
        "--keep",
        str(kept),
    ]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    result = json.loads(done.stdout)
    assert (done.returncode, result["failed"], result["files"]) == (0, [], 2000)
    assert sum(result["kinds"].values()) == 2000
    assert result["kinds"]["item"] > 200
    assert {"E-FRONTMATTER", "E-FRONTMATTER-UNCLOSED", "E-FRONTMATTER-UNSAFE", "E-ENCODING"} <= result["kinds"].keys()
    assert not kept.exists()


@pytest.mark.parametrize(("preset", "text"), SEEDS)
def test_the_seeds_themselves_are_items(preset: str, text: str) -> None:
    assert judge(text.encode(), preset).kind == "item"


def test_the_same_seed_makes_the_same_file() -> None:
    assert mutated(1, 7) == mutated(1, 7)
    assert len({mutated(1, number)[1] for number in range(50)}) > 45


def lost(content: bytes, path: str) -> None:
    return None


def misplaced(content: bytes, path: str) -> None:
    raise InvalidItem((Fault(path, "E-FRONTMATTER", "is wrong", "mend it"),))


def beyond(content: bytes, path: str) -> None:
    raise InvalidItem((Fault(path, "E-FRONTMATTER", "is wrong", "mend it", line=9999),))


def emptied(content: bytes, path: str) -> tuple[Tree, str]:
    return Tree({}), ""


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lost, "taken for no item"),
        (misplaced, "without a line"),
        (beyond, "a line that it has not"),
        (emptied, "lost its front matter"),
    ],
)
def test_a_reader_that_loses_or_misplaces_is_found_out(
    broken: object, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "read", broken)

    with pytest.raises(Wrong, match=words):
        judge(SEED_FILE, "medigy")


def test_a_slow_reader_is_found_out() -> None:
    with pytest.raises(Wrong, match="s of CPU"):
        judge(SEED_FILE, "medigy", limit_s=0.0)


def test_a_crash_is_told_with_the_number_that_makes_the_file_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crashing(content: bytes, path: str) -> None:
        raise ValueError("no")

    monkeypatch.setattr(judging, "read", crashing)
    monkeypatch.setattr("resource.setrlimit", lambda *_: None)

    mutate.work(1, 5, 6)

    told = json.loads(capsys.readouterr().out.splitlines()[0])
    assert told["number"] == 5
    assert "ValueError: no" in told["wrong"]
