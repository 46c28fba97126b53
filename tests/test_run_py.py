"""`run.py`: it sets up `.venv` from the locks, repairs it, and hands over to the program.

The projects here are small ones of their own: their packages are wheels made on the spot, so pip works for real and
asks no network.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

RUN_PY = Path(__file__).resolve().parent.parent / "run.py"
TIMEOUT_S = 180

PROGRAM = """
import importlib.metadata, json, os, sys
packages = sorted({found.name for found in importlib.metadata.distributions()} - {"pip", "setuptools"})
print(json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), "prefix": sys.prefix, "packages": packages}))
def main():
    sys.exit(int(os.environ.get("EXIT_CODE", "0")))
if __name__ == "__main__":
    main()
"""
BACKEND = '''
"""Builds the editable wheel of the project, with the standard library alone."""
import os, zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    place = "syndicate-1.0.dist-info/"
    files = {
        "syndicate.pth": os.path.abspath("src"),
        place + "METADATA": "Metadata-Version: 2.1\\nName: syndicate\\nVersion: 1.0\\n",
        place + "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        place + "entry_points.txt": "[console_scripts]\\nsyndicate = syndicate.__main__:main\\n",
    }
    files[place + "RECORD"] = "".join(name + ",,\\n" for name in [*files, place + "RECORD"])
    with zipfile.ZipFile(os.path.join(wheel_directory, "syndicate-1.0-py3-none-any.whl"), "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return "syndicate-1.0-py3-none-any.whl"
'''
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@dataclass(frozen=True)
class Project:
    """A small project with its own run.py, locks and wheels."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a start sees: an empty home, and pip bound to the project's wheels."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "COV", "PYTHON"))}
        own = {"HOME": str(self.root), "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
        return kept | own | {"PIP_FIND_LINKS": str(self.root / "wheels")}

    def start(
        self, *arguments: str, folder: Path | None = None, prelude: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs run.py to its end; `prelude` is run before it in the same process."""
        return subprocess.run(
            self.command(*arguments, prelude=prelude),
            cwd=folder or self.root,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def command(self, *arguments: str, prelude: str = "") -> list[str]:
        file = str(self.root / "run.py")
        if not prelude:
            return [sys.executable, file, *arguments]
        code = f"import runpy, sys; {prelude}; sys.argv[0] = {file!r}; runpy.run_path({file!r}, run_name='__main__')"
        return [sys.executable, "-c", code, *arguments]

    def lock(self, name: str, *packages: str) -> None:
        """Writes a lock that holds these packages, and makes their wheels."""
        lines = [f"{package}==1.0 --hash=sha256:{self.wheel(package)}\n" for package in packages]
        (self.root / "requirements" / name).write_text("".join(lines), encoding="utf-8")

    def wheel(self, package: str) -> str:
        """Makes a wheel of one module that tells its arguments when run; gives its SHA-256 in hex."""
        place = f"{package}-1.0.dist-info"
        files = {
            f"{package}.py": PROGRAM,
            f"{place}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n",
            f"{place}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{name},sha256={recorded(text)},{len(text)}\n" for name, text in files.items())
        files[f"{place}/RECORD"] = record + f"{place}/RECORD,,\n"
        path = self.root / "wheels" / f"{package}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for name, text in files.items():
                wheel.writestr(zipfile.ZipInfo(name), text)
        return hashlib.sha256(path.read_bytes()).hexdigest()


def recorded(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def told(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """What the program told of itself; shows run.py's own words if it never came so far."""
    assert done.stdout.startswith("{"), done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def packages_of(done: subprocess.CompletedProcess[str]) -> set[str]:
    packages = told(done)["packages"]
    assert isinstance(packages, list)
    return set(packages)


def make_project(root: Path) -> Project:
    for folder in ("requirements", "wheels", "src/syndicate"):
        (root / folder).mkdir(parents=True)
    shutil.copy(RUN_PY, root / "run.py")
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (root / "backend.py").write_text(BACKEND, encoding="utf-8")
    (root / "src/syndicate/__init__.py").touch()
    (root / "src/syndicate/__main__.py").write_text(PROGRAM, encoding="utf-8")
    project = Project(root)
    project.lock("build.txt")
    project.lock("run.txt", "alpha")
    project.lock("test.txt", "pytest")
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that was never started."""
    return make_project(tmp_path / "project")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that was started once. Its tests leave it so that it starts, whatever its locks then hold."""
    project = make_project(tmp_path_factory.mktemp("started") / "project")
    done = project.start()
    assert done.returncode == 0, done.stderr
    assert "Setting up .venv (first start only): making the environment" in done.stderr
    return project


@pytest.fixture(scope="module")
def run_py() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_py", RUN_PY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_arguments_it_runs_the_main_job_in_its_own_folder(started: Project, tmp_path: Path) -> None:
    done = started.start(folder=tmp_path)

    assert told(done)["arguments"] == ["run"]
    assert told(done)["folder"] == str(started.root)
    assert told(done)["prefix"] == str(started.root / ".venv")


def test_demo_runs_in_its_own_folder(started: Project, tmp_path: Path) -> None:
    done = started.start("demo", folder=tmp_path)

    assert told(done)["arguments"] == ["demo"]
    assert told(done)["folder"] == str(started.root)


def test_other_commands_run_where_the_caller_is(started: Project, tmp_path: Path) -> None:
    done = started.start("check", "--json", "a b", "--", "-x", folder=tmp_path)

    assert told(done)["arguments"] == ["check", "--json", "a b", "--", "-x"]
    assert told(done)["folder"] == str(tmp_path)


def test_a_module_in_the_callers_folder_does_not_stand_in_for_a_package(started: Project, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('wrong json')", encoding="utf-8")

    done = started.start("check", folder=tmp_path)

    assert told(done)["arguments"] == ["check"]


@pytest.mark.parametrize("arguments", [(), ("status",)])
def test_exit_code_is_passed_on(started: Project, arguments: tuple[str, ...]) -> None:
    done = started.start(*arguments, EXIT_CODE="78")

    assert done.returncode == 78


def test_console_script_is_installed(started: Project) -> None:
    done = subprocess.run(
        [started.root / ".venv/bin/syndicate", "status"], capture_output=True, text=True, check=True, timeout=TIMEOUT_S
    )

    assert told(done)["arguments"] == ["status"]


def test_second_start_is_silent_and_runs_no_pip(started: Project) -> None:
    pip = next(started.root.glob(".venv/lib/*/site-packages/pip/__main__.py"))
    works = pip.read_bytes()
    pip.write_text("raise SystemExit('pip was called')", encoding="utf-8")

    try:
        done = started.start()
    finally:
        pip.write_bytes(works)

    assert done.returncode == 0
    assert done.stderr == ""


def test_becomes_the_program_so_that_signals_reach_it(started: Project) -> None:
    (started.root / "src/syndicate/__main__.py").write_text(
        "import os, signal\nprint(os.getpid(), flush=True)\nsignal.pause()", encoding="utf-8"
    )

    try:
        with subprocess.Popen(started.command(), env=started.environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            pid = int(process.stdout.readline())
            process.terminate()
            process.wait(TIMEOUT_S)
    finally:
        (started.root / "src/syndicate/__main__.py").write_text(PROGRAM, encoding="utf-8")

    assert pid == process.pid
    assert process.returncode == -signal.SIGTERM


def test_a_package_that_differs_from_its_hash_is_refused_and_the_program_still_starts(started: Project) -> None:
    started.wheel("other")
    (started.root / "requirements/test.txt").write_text(f"other==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")

    refused = started.start("test")
    after = started.start()

    assert refused.returncode == 1
    assert "differs from the one that was locked" in refused.stderr
    assert after.returncode == 0
    assert after.stderr == ""


def test_a_package_without_hash_is_refused(started: Project) -> None:
    started.wheel("other")
    (started.root / "requirements/test.txt").write_text("other==1.0\n", encoding="utf-8")

    done = started.start("test")

    assert done.returncode == 1
    assert "Hashes are required" in done.stderr


def test_an_unreachable_registry_is_told_with_the_remedy(started: Project) -> None:
    (started.root / "requirements/test.txt").write_text(f"absent==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    with socket.socket() as listener:  # bound, not listening: connections are refused
        listener.bind(("127.0.0.1", 0))
        registry = f"http://127.0.0.1:{listener.getsockname()[1]}/simple/"

        done = started.start("test", PIP_NO_INDEX="0", PIP_INDEX_URL=registry, PIP_RETRIES="1")

    assert done.returncode == 1
    assert "The package registry could not be reached" in done.stderr
    assert "PIP_INDEX_URL" in done.stderr


def test_changed_pyproject_is_installed_anew(started: Project) -> None:
    (started.root / "pyproject.toml").write_text(PYPROJECT + "# changed\n", encoding="utf-8")

    first = started.start()
    second = started.start()

    assert first.returncode == 0
    assert "Updating .venv: the syndicate command" in first.stderr
    assert second.stderr == ""


def test_a_changed_lock_is_followed_and_what_it_drops_is_gone(started: Project) -> None:
    started.lock("run.txt", "beta")

    done = started.start()

    assert packages_of(done) == {"beta", "syndicate"}
    assert not (started.root / ".venv.old").exists()


def test_a_failed_update_keeps_the_environment_that_was_there(started: Project) -> None:
    started.start()
    lock = started.root / "requirements/run.txt"
    fitting = lock.read_bytes()

    lock.write_text(f"absent==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    failed = started.start()
    lock.write_bytes(fitting)
    after = started.start()

    assert failed.returncode == 1
    assert "No matching distribution found for absent==1.0" in failed.stderr
    assert after.returncode == 0
    assert after.stderr == ""


def test_an_environment_that_lost_its_python_is_made_anew(started: Project) -> None:
    for link in (started.root / ".venv/bin").glob("python*"):
        link.unlink()

    done = started.start()

    assert "Making .venv anew" in done.stderr
    assert told(done)["prefix"] == str(started.root / ".venv")


def test_test_packages_are_added_once_and_pytest_gets_its_arguments(started: Project, tmp_path: Path) -> None:
    started.lock("test.txt", "pytest")

    first = started.start("test", "-k", "fit", folder=tmp_path, EXIT_CODE="5")
    second = started.start("test")

    assert first.returncode == 5
    assert told(first)["arguments"] == ["-k", "fit"]
    assert told(first)["folder"] == str(started.root)
    assert "pytest" in packages_of(first)
    assert second.returncode == 0
    assert second.stderr == ""


def test_bench_runs_the_measurements_of_the_checkout(started: Project, tmp_path: Path) -> None:
    (started.root / "bench").mkdir()
    (started.root / "bench" / "__main__.py").write_text("import sys\nprint(sys.argv[1:])\n")

    done = started.start("bench", "--goal", "1", folder=tmp_path)

    assert (done.returncode, done.stdout) == (0, "['--goal', '1']\n")


@pytest.mark.parametrize("mark", ["making the environment", "installing what was fetched"])
def test_a_killed_setup_is_repaired_by_the_next_start(project: Project, mark: str) -> None:
    command = project.command()
    with subprocess.Popen(command, env=project.environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if mark in line)
        process.kill()

    done = project.start()

    assert process.returncode == -signal.SIGKILL
    assert packages_of(done) == {"alpha", "syndicate"}
    assert not (project.root / ".venv.old").exists()


def test_two_first_starts_at_once_share_one_setup(project: Project) -> None:
    starts = [
        subprocess.Popen(
            project.command(), env=project.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]

    outputs = [start.communicate(timeout=TIMEOUT_S) for start in starts]

    assert [start.returncode for start in starts] == [0, 0]
    assert [json.loads(out)["packages"] for out, _ in outputs] == [["alpha", "syndicate"]] * 2
    assert "".join(err for _, err in outputs).count("making the environment") == 1


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_venv_module_is_told_with_the_remedy(project: Project, module: str) -> None:
    done = project.start(prelude=f"sys.modules[{module!r}] = None")

    assert done.returncode == 1
    assert f"Python's {module} module is missing" in done.stderr
    assert "apt install python3-venv" in done.stderr
    assert not (project.root / ".venv").exists()


def test_an_older_python_is_told_which_one_is_needed(project: Project) -> None:
    done = project.start(prelude="sys.version_info = (3, 10, 4, 'final', 0)")

    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert not (project.root / ".venv").exists()


def test_an_older_python_can_parse_as_far_as_the_version_check() -> None:
    source = RUN_PY.read_text(encoding="utf-8")

    ast.parse(source, feature_version=(3, 6))

    assert "from __future__ import annotations" not in source  # Python 3.6 refuses the whole file for it


def test_a_missing_lock_is_told_by_its_path(project: Project) -> None:
    (project.root / "requirements/run.txt").unlink()

    done = project.start()

    assert done.returncode == 1
    assert "requirements/run.txt: No such file or directory" in done.stderr


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project.lock("build.txt", "beta"),
        lambda project: project.lock("run.txt", "beta"),
        lambda project: project.lock("test.txt", "beta"),
        lambda project: (project.root / "pyproject.toml").write_text("", encoding="utf-8"),
    ],
    ids=["build lock", "run lock", "test lock", "pyproject"],
)
def test_stamp_follows_each_file(project: Project, run_py: ModuleType, change: Callable[[Project], object]) -> None:
    before = run_py.stamp_for(project.root, with_tests=True)

    change(project)

    assert run_py.stamp_for(project.root, with_tests=True) != before


def test_stamp_follows_the_place(project: Project, run_py: ModuleType) -> None:
    before = run_py.stamp_for(project.root, with_tests=True)

    moved = project.root.rename(project.root.with_name("moved"))

    assert run_py.stamp_for(moved, with_tests=True) != before


def test_digest_tells_where_a_part_ends(run_py: ModuleType) -> None:
    assert run_py.digest(b"ab", b"c") != run_py.digest(b"a", b"bc")


@pytest.mark.parametrize(
    ("found", "is_amendable"),
    [
        ({}, False),
        ({"run": "1", "project": "1"}, True),
        ({"run": "1", "project": "0"}, True),
        ({"run": "0", "project": "1"}, False),
        ({"run": "1", "project": "1", "test": "0"}, False),
        ({"run": "1", "project": "1", "test": "1"}, False),
    ],
    ids=["unfinished", "tests missing", "project changed", "lock changed", "test lock changed", "complete"],
)
def test_only_additions_are_amended(run_py: ModuleType, found: dict[str, str], is_amendable: bool) -> None:
    wanted = {"run": "1", "project": "1", "test": "1"}

    assert run_py.is_amendable(found, wanted) is is_amendable


def test_progress_is_told_line_by_line_but_not_in_floods(
    run_py: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = run_py.Progress("Setting up")

    progress.tell("1 of 50 packages: aiohttp")
    progress.tell("2 of 50 packages: alembic")
    progress.end("is complete")

    assert capsys.readouterr().err == "Setting up: 1 of 50 packages: aiohttp\nSetting up: is complete\n"
