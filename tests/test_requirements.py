"""The locks: they hold what pyproject asks for, each package by its hashes, and name no place to fetch from."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("build.txt", "run.txt", "test.txt")
MOST_BYTES = 200_000
BY_NAME_ALONE = {"tzdata"}
"""Packages that hold no code of their own to import: the time zones that `zoneinfo` reads."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
BLOCK = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9-]*)(?:\[[a-z0-9,-]+\])?==(?P<version>[^ ;]+)(?: ; (?P<marker>[^\\]+))?"
    r"(?P<hashes>(?: \\\n  --hash=sha256:[0-9a-f]{64})+)\n"
)


def text_of(lock: str) -> str:
    return (ROOT / "requirements" / lock).read_text(encoding="utf-8")


def locked(lock: str) -> dict[str, str]:
    """Versions by package name."""
    return {block["name"]: block["version"] for block in BLOCK.finditer(text_of(lock))}


def names_in(requirements: list[str]) -> set[str]:
    """Names as the locks spell them: lower case, runs of `-`, `_` and `.` as one hyphen."""
    found = (NAME.match(requirement) for requirement in requirements)
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in found if name}


def pyproject() -> dict[str, dict[str, list[str]]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "project": {"dependencies": project["project"]["dependencies"]},
        "extras": project["project"]["optional-dependencies"],
        "build-system": {"requires": project["build-system"]["requires"]},
    }


def test_run_lock_holds_the_direct_dependencies() -> None:
    wanted = names_in(pyproject()["project"]["dependencies"])

    assert wanted
    assert wanted <= locked("run.txt").keys()


def test_every_direct_dependency_is_in_use() -> None:
    modules: dict[str, set[str]] = {}
    for module, names in packages_distributions().items():
        for name in names_in(names):
            modules.setdefault(name, set()).add(module)
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "src").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {name.name.partition(".")[0] for node in nodes if isinstance(node, ast.Import) for name in node.names}
    imported |= {(node.module or "").partition(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    wanted = names_in(pyproject()["project"]["dependencies"]) - BY_NAME_ALONE

    assert {name for name in wanted if imported.isdisjoint(modules[name])} == set()


def test_test_lock_adds_the_test_packages() -> None:
    wanted = names_in(pyproject()["extras"]["test"])

    assert wanted
    assert wanted <= locked("run.txt").keys() | locked("test.txt").keys()


def test_build_lock_holds_the_build_system() -> None:
    asked = text_of("build.in").splitlines()

    assert names_in(pyproject()["build-system"]["requires"]) <= names_in(asked) <= locked("build.txt").keys()


def test_locks_agree_on_versions() -> None:
    run, test = locked("run.txt"), locked("test.txt")

    assert locked("build.txt").items() <= run.items()
    assert run.keys() & test.keys() == set(), "test.txt holds only what the tests add"


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_nothing_but_versions_with_hashes(lock: str) -> None:
    rest = BLOCK.sub("", text_of(lock))

    assert rest == ""


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_is_small_enough_to_review(lock: str) -> None:
    assert (ROOT / "requirements" / lock).stat().st_size < MOST_BYTES


@pytest.mark.parametrize(
    "line",
    [
        "alpha==1.0\n",
        "alpha>=1.0 \\\n  --hash=sha256:" + "0" * 64 + "\n",
        "--index-url something\n",
        "alpha @ https://example.org/alpha.whl \\\n  --hash=sha256:" + "0" * 64 + "\n",
    ],
)
def test_lock_check_finds(line: str) -> None:
    assert BLOCK.sub("", line) != ""
