"""The floors of the house: who imports whom, what pure rooms may not touch, and how long things may get."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from syndicate.channels.networks import NETWORKS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "syndicate"
PURE_ROOMS = ("items", "posts", "feeds")

# Modules through which a pure room would reach the world.
REACHES = {
    "files": (
        "fcntl",
        "fileinput",
        "glob",
        "importlib",
        "io",
        "pathlib",
        "pkgutil",
        "shutil",
        "tempfile",
        "watchfiles",
    ),
    "sockets and databases": (
        "aiohttp",
        "alembic",
        "http.client",
        "http.server",
        "select",
        "selectors",
        "socket",
        "socketserver",
        "sqlalchemy",
        "sqlite3",
        "ssl",
        "urllib.request",
    ),
    "clocks and chance": ("apscheduler", "random", "secrets", "signal", "time"),
    "the environment and processes": (
        "concurrent",
        "getpass",
        "locale",
        "multiprocessing",
        "os",
        "platform",
        "subprocess",
        "sys",
    ),
    "logs": ("logging", "structlog"),
    "the loop": ("anyio", "asyncio"),
}
# Parts of such modules that only compute, or read the package itself: its templates are code.
COMPUTES = frozenset(
    {"importlib.resources.files", "io.BytesIO", "io.StringIO", "pathlib.PurePath", "pathlib.PurePosixPath"}
)
# What reads a clock, chance, a file (but for the package's own) or the terminal without a telling import.
IMPURE_CALLS = re.compile(
    r"(?!\(?files\()(?:.*\.)?(?:now|utcnow|today|uuid1|uuid4|read_text|read_bytes|write_text|write_bytes)|open|input|print|exec|eval"
)
# One library, one place (folders end in a slash).
HOMES = {"alembic": "outbox/", "apscheduler": "schedule.py", "feedgen": "feeds/xml.py", "sqlalchemy": "outbox/"}
# What others may import of the outbox, from the house up a little more; the rest is its own affair.
OUTBOX_DOORS = {"delivery", "edits", "hours", "issues", "outcome", "pace", "ping", "plan", "reasons", "spacing"}
OUTBOX_DOORS_ABOVE = OUTBOX_DOORS | {"backup", "database", "lock", "room", "soundness", "store"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """The place of a file inside the package: `posts/fit.py`."""
    return path.relative_to(PACKAGE).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports_of(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and full name of everything imported: `from a import b` gives `a.b`."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def is_part_of(name: str, module: str) -> bool:
    return name == module or name.startswith(module + ".")


def impurities(tree: ast.Module) -> list[str]:
    """What a module does that a pure one must not, each with its line."""
    found = []
    for line, name in imports_of(tree):
        reached = [what for what, modules in REACHES.items() if any(is_part_of(name, module) for module in modules)]
        if name not in COMPUTES and reached:
            found.append(f"{line}: reaches {reached[0]} through {name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and IMPURE_CALLS.fullmatch(called := ast.unparse(node.func)):
            found.append(f"{node.lineno}: calls {called}")
        elif isinstance(node, ast.AsyncFunctionDef):
            found.append(f"{node.lineno}: is async")
    return found


def is_pure(path: Path) -> bool:
    """Whole rooms are pure; elsewhere a module is when its docstring says so."""
    says = (ast.get_docstring(tree_of(path)) or "").rstrip().endswith("Pure.")
    return says or name_of(path).split("/", 1)[0] in PURE_ROOMS or name_of(path) == "outbox/delivery.py"


def pure_modules() -> list[Path]:
    return [path for path in modules() if is_pure(path)]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the import contracts of a project folder over its `src`."""
    command = [sys.executable, "-P", "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return subprocess.run(
        [*command, "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def placed() -> list[str]:
    """Every module that a contract names, from the top floor down: `outbox.store`."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    floors = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return [name.strip(" ()") for floor in floors for name in re.split("[:|]", floor)]


def skeleton(folder: Path) -> Path:
    """A project whose modules are all there and empty, under the contracts of this one; gives its package."""
    package = folder / "src" / "syndicate"
    package.mkdir(parents=True)
    (folder / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    (package / "__init__.py").touch()
    for name in placed():
        path = package / name.replace(".", "/")
        path.mkdir(parents=True)
        for parent in (path, *path.parents):
            if parent == package:
                break
            (parent / "__init__.py").touch()
    return package


def test_imports_point_down_only() -> None:
    done = lint(ROOT)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("items", "posts"),
        ("posts", "feeds"),
        ("feeds", "outbox.delivery"),
        ("errors", "items"),
        ("ports", "log"),
        ("outbox.delivery", "ports"),
        ("content", "ingest"),
        ("ingest", "content"),
        ("deliver", "outbox.store"),
        ("shelf", "content"),
        ("channels", "settings"),
        ("deliver", "settings"),
        ("settings", "house"),
        ("house", "cli"),
    ],
)
def test_contracts_refuse_an_import_that_points_up_or_aside(tmp_path: Path, importer: str, imported: str) -> None:
    package = skeleton(tmp_path)
    parent, _, last = f"syndicate.{imported}".rpartition(".")
    (package / importer.replace(".", "/") / "__init__.py").write_text(
        f"from {parent} import {last}\n", encoding="utf-8"
    )

    done = lint(tmp_path)

    assert done.returncode == 1
    assert f"syndicate.{importer} -> syndicate.{imported}" in done.stdout


def test_contracts_allow_the_ways_of_the_house(tmp_path: Path) -> None:
    package = skeleton(tmp_path)
    (package / "cli/__init__.py").write_text("from syndicate import house, schedule, settings\n", encoding="utf-8")
    (package / "house/__init__.py").write_text("from syndicate import ingest, log, settings, shelf\n", encoding="utf-8")
    (package / "shelf/__init__.py").write_text("from syndicate import feeds, log, ports\n", encoding="utf-8")
    (package / "ingest/__init__.py").write_text("from syndicate import deliver, metrics, ports\n", encoding="utf-8")

    done = lint(tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_has_its_floor() -> None:
    floors = placed()
    names = [".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in modules()]
    apart = ("__init__", "outbox.__init__", "outbox.migrations.")

    homeless = [
        name for name in names if not name.startswith(apart) and not any(is_part_of(name, floor) for floor in floors)
    ]

    assert homeless == [], "name them in a line of [tool.importlinter] in pyproject.toml"


@pytest.mark.parametrize("path", pure_modules(), ids=name_of)
def test_pure_rooms_touch_nothing(path: Path) -> None:
    assert impurities(tree_of(path)) == []


@pytest.mark.parametrize("path", [path for path in pure_modules() if path.stem != "__init__"], ids=name_of)
def test_pure_modules_say_so(path: Path) -> None:
    docstring = ast.get_docstring(tree_of(path)) or ""

    assert docstring.rstrip().endswith("Pure.")


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "import os.path",
        "from pathlib import Path",
        "import random",
        "from time import monotonic",
        "import logging",
        "import structlog",
        "from asyncio import sleep",
        "import sqlalchemy.sql",
        "from urllib.request import urlopen",
        "datetime.now(UTC)",
        "dt.datetime.utcnow()",
        "date.today()",
        "open('a')",
        "uuid.uuid4()",
        "path.read_text()",
        "async def f(): pass",
        "def f():\n    import socket",
    ],
)
def test_purity_check_finds(line: str) -> None:
    assert len(impurities(ast.parse(line))) == 1


@pytest.mark.parametrize(
    "line", ["from urllib.parse import urlsplit", "from pathlib import PurePosixPath", "import timeit", "known()"]
)
def test_purity_check_leaves_alone(line: str) -> None:
    assert impurities(ast.parse(line)) == []


@pytest.mark.parametrize(("library", "home"), HOMES.items())
def test_library_is_used_at_home_only(library: str, home: str) -> None:
    strays = [
        name_of(path)
        for path in modules()
        if not name_of(path).startswith(home)
        and any(is_part_of(imported, library) for _, imported in imports_of(tree_of(path)))
    ]

    assert strays == []


def test_networks_never_import_each_other() -> None:
    networks = [where.partition(":")[0] for where in NETWORKS.values()]
    listed = {f"syndicate.channels.{path.stem}": path for path in (PACKAGE / "channels").glob("*.py")}

    pairs = [
        f"{network}:{line} imports {imported}"
        for network in networks
        if network in listed
        for line, imported in imports_of(tree_of(listed[network]))
        if any(is_part_of(imported, other) for other in networks if other != network)
    ]

    assert networks
    assert pairs == []


def test_outbox_is_entered_by_its_doors() -> None:
    strays = [
        f"{name_of(path)}:{line}: {imported}"
        for path in modules()
        if not name_of(path).startswith("outbox/")
        for line, imported in imports_of(tree_of(path))
        if is_part_of(imported, "syndicate.outbox") and imported.split(".")[2] not in doors_for(path)
    ]

    assert strays == []


ABOVE = ("house", "cli/", "publisher", "demo", "proof/", "checkup")


def doors_for(path: Path) -> set[str]:
    return OUTBOX_DOORS_ABOVE if name_of(path).startswith(ABOVE) else OUTBOX_DOORS


def lengths(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{node.name} (line {node.lineno})", (node.end_lineno or node.lineno) - node.lineno + 1


def sources() -> list[Path]:
    return [*modules(), ROOT / "run.py", *sorted((ROOT / "bench").rglob("*.py"))]


def test_files_keep_their_size() -> None:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    sized = [(path, 400) for path in sources()] + [(path, 600) for path in tests]

    long = [
        f"{path.relative_to(ROOT)}: {lines} lines, {most} allowed"
        for path, most in sized
        if (lines := path.read_text(encoding="utf-8").count("\n")) > most
    ]

    assert long == [], "a file that grows past its size is two subjects"


def test_functions_keep_their_size() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {name}: {lines} lines"
        for path in sources()
        for name, lines in lengths(path)
        if lines > 50
    ]

    assert long == []
