#!/usr/bin/env python3
"""Sets up `.venv` beside this file from the locked requirements, then becomes the program.

    python3 run.py               the main job: `syndicate run` with config/syndicate.yaml
    python3 run.py demo          `syndicate demo`
    python3 run.py test [ARGS]   the whole test suite: `pytest ARGS`
    python3 run.py bench [ARGS]  how fast it is, against others; needs this checkout
    python3 run.py ARGS          any other command: `syndicate ARGS`

The first three work from the folder of this file, wherever they are called; any other
command works from the folder you are in, so that the paths you type mean what they say.

Every package is checked against its hash in requirements/*.txt. A stamp inside `.venv` tells
that it is finished and for which locks, Python and place; while it fits, a start asks no
network and changes nothing. `.venv` belongs to this file: when the stamp does not fit, it is
moved to `.venv.old`, made anew, and moved back if that fails.

Only the standard library, and nothing here that Python 3.6 cannot parse: an old Python has
to come as far as the sentence that tells the version needed.
"""

import contextlib
import hashlib
import os
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - the only line that an older Python is meant to run
    sys.stderr.write(f"run.py: needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}.\n")
    sys.stderr.write("Install a newer one and name it, for example: python3.11 run.py\n")
    sys.exit(1)

import platform
import queue
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec

STAMP = "syndicate-stamp"
# Raised when run.py makes environments in another way, so that those made before are made anew.
EDITION = "1"
# Settings of pip and Python that would send packages elsewhere than into .venv.
MISLEADING = frozenset({"PYTHONHOME", "PYTHONPATH", "PIP_PREFIX", "PIP_ROOT", "PIP_TARGET"})
PACKAGE = re.compile(r"\s*(?:Collecting|Processing|Requirement already satisfied:) ([A-Za-z0-9][\w.-]*)")
REQUIREMENT = re.compile(rb"^[A-Za-z0-9]", re.MULTILINE)
TELL_EVERY_S = 2.0

VENV_REMEDY = """\
Python's {module} module is missing ({python}), so .venv cannot be made.
Debian and Ubuntu: apt install python3-venv
Elsewhere: install the complete Python 3.11 or newer and start with it."""
# pip ends with 1 whatever the cause, so its words choose the remedy; they decide nothing else.
REMEDIES = (
    (
        "DO NOT MATCH THE HASHES",
        "A package differs from the one that was locked, so it was not installed.\n"
        "Empty pip's cache (python3 -m pip cache purge) and start again; if it stays so, distrust the mirror.",
    ),
    (
        "Retrying (",
        "The package registry could not be reached. Check the network, then start again.\n"
        "Behind a proxy set HTTPS_PROXY; for a mirror set PIP_INDEX_URL; from a folder of wheels\n"
        "set PIP_NO_INDEX=1 and PIP_FIND_LINKS=FOLDER.",
    ),
    (
        "No matching distribution found",
        "pip's index does not hold a locked version. Check pip's settings (python3 -m pip config list)\n"
        "and whether the mirror is up to date.",
    ),
)


class SetupError(Exception):
    """The environment could not be made; the message has the way out."""


class Progress:
    """Tells on stderr how far the set-up is.

    On a terminal one line is written over and over; elsewhere a line comes at most every two seconds.
    """

    def __init__(self, heading: str) -> None:
        self._heading = heading
        self._is_terminal = sys.stderr.isatty()
        self._told_at = float("-inf")

    def tell(self, text: str, *, always: bool = False) -> None:
        """Shows the text after the heading, unless another one was shown just before."""
        now = time.monotonic()
        if not (always or self._is_terminal or now - self._told_at >= TELL_EVERY_S):
            return
        self._told_at = now
        line = f"{self._heading}: {text}"
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[K{line[:width]}")
            sys.stderr.flush()
        else:
            say(line)

    def end(self, text: str) -> None:
        """Shows the last text; what follows starts on a line of its own."""
        self.tell(text, always=True)
        if self._is_terminal:
            say("")


def main(arguments: list[str]) -> int:
    """Prepares the environment and becomes the program; gives the exit code if that fails."""
    root = Path(__file__).resolve().parent
    first = arguments[0] if arguments else ""
    try:
        prepare(root, with_tests=first == "test")
    except SetupError as error:
        say(f"run.py: {error}")
        return 1
    except OSError as error:
        say(f"run.py: {error.filename or root}: {error.strerror or error}; mend this and start again.")
        return 1
    except KeyboardInterrupt:
        say("\nrun.py: stopped during the set-up; the next start does it again.")
        return 130
    if first in ("", "test", "demo"):
        os.chdir(root)
    # -P: a file named like a package in the current folder is not imported in its place.
    own = {"test": ["-Pm", "pytest"], "bench": [str(root / "bench")]}.get(first, ["-Pm", "syndicate", first or "run"])
    os.environ["RUN_PY_CALLED"] = str(root / "run.py") if first in ("", "demo") else sys.argv[0]  # for its hints
    return become([str(python_of(root / ".venv")), *own, *arguments[1:]])


def become(command: list[str]) -> int:
    """Replaces this process, so that signals reach the program itself; elsewhere waits for it."""
    if sys.platform != "win32":
        os.execv(command[0], command)
    return subprocess.call(command)


def prepare(root: Path, *, with_tests: bool) -> None:
    """Makes or mends `.venv`; returns at once when its stamp fits, raises SetupError if it cannot."""
    wanted = stamp_for(root, with_tests=with_tests)
    # More than is wanted does no harm: a plain start leaves the test packages where they are.
    if wanted.items() <= read_stamp(root / ".venv").items():
        return
    with sole_setup(root):
        found = read_stamp(root / ".venv")
        if is_amendable(found, wanted):
            amend(root, found, wanted)
        elif not wanted.items() <= found.items():
            rebuild(root, wanted)


def stamp_for(root: Path, *, with_tests: bool) -> dict[str, str]:
    """Gives the stamp of a finished environment: what it was made from, as digests by name."""
    locks = root / "requirements"
    # The patch version is left out: an upgrade of the system's Python must not ask for the network.
    maker = [EDITION, str(sys.implementation.cache_tag), getattr(sys, "abiflags", ""), platform.machine(), str(root)]
    run = [(locks / name).read_bytes() for name in ("build.txt", "run.txt")]
    stamp = {
        "run": digest("\n".join(maker).encode("utf-8", "surrogateescape"), *run),
        "project": digest((root / "pyproject.toml").read_bytes()),
    }
    if with_tests:
        stamp["test"] = digest((locks / "test.txt").read_bytes())
    return stamp


def digest(*parts: bytes) -> str:
    """Gives the SHA-256 over the parts; where one part ends counts."""
    return hashlib.sha256(b"".join(b"%d:%s" % (len(part), part) for part in parts)).hexdigest()


def read_stamp(venv: Path) -> dict[str, str]:
    """Gives the stamp, empty if the environment was not finished or lost its programs since."""
    python = python_of(venv)
    if not (python.exists() and python.with_name("syndicate" + python.suffix).exists()):
        return {}
    try:
        lines = (venv / STAMP).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def is_amendable(found: dict[str, str], wanted: dict[str, str]) -> bool:
    """Tells whether packages only have to be added: none has to change or go."""
    changed = {name for name in wanted if name in found and found[name] != wanted[name]}
    return "run" in found and not wanted.items() <= found.items() and changed <= {"project"}


def write_stamp(venv: Path, stamp: dict[str, str]) -> None:
    """Writes the stamp; it appears whole or not at all."""
    draft = venv / (STAMP + ".new")
    draft.write_text("".join(f"{name} {value}\n" for name, value in stamp.items()), encoding="utf-8")
    draft.replace(venv / STAMP)


@contextlib.contextmanager
def sole_setup(root: Path) -> Iterator[None]:
    """Holds the lock of the set-up: a second start waits here and then finds the work done."""
    with (root / ".venv.lock").open("a") as lock:
        # Inherited by pip: should this process be killed, the next start waits until pip is gone too.
        os.set_inheritable(lock.fileno(), True)
        waiting = "Another start is setting up .venv: waiting for it."
        if sys.platform == "win32":
            import msvcrt

            while True:
                with contextlib.suppress(OSError):  # gives up after ten seconds
                    msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
                    break
                say(waiting)
        else:
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(waiting)
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def amend(root: Path, found: dict[str, str], wanted: dict[str, str]) -> None:
    """Adds to a finished environment what is missing: the test packages, the changed project."""
    venv = root / ".venv"
    # Killed from here on, the environment counts as unfinished.
    (venv / STAMP).unlink()
    try:
        if "test" in wanted and "test" not in found:
            progress = Progress("Adding the test packages to .venv (first time only)")
            install_locked(root, progress, "run.txt", "test.txt")
        else:
            progress = Progress("Updating .venv")
        if found.get("project") != wanted["project"]:
            install_project(root, progress)
    except SetupError:
        # pip stopped and left what was there: a failure to add the test packages must not cost the program, too.
        write_stamp(venv, found)
        raise
    write_stamp(venv, {**found, **wanted})
    progress.end("is complete")


def rebuild(root: Path, wanted: dict[str, str]) -> None:
    """Makes the environment anew; the one before stays aside until the new one is finished.

    Made anew rather than brought up to date: what is no longer locked is gone, and it does not
    matter where an earlier set-up was cut off.
    """
    venv, aside = root / ".venv", root / ".venv.old"
    for module in ("venv", "ensurepip"):
        if find_spec(module) is None:
            raise SetupError(VENV_REMEDY.format(module=module, python=base_python()))
    is_first = not (os.path.lexists(venv) or os.path.lexists(aside))
    progress = Progress("Setting up .venv (first start only)" if is_first else "Making .venv anew")
    # With one aside already, an unfinished .venv is the leftover of a set-up that was killed.
    if (venv / STAMP).exists() or not os.path.lexists(aside):
        discard(aside)
        if os.path.lexists(venv):
            venv.rename(aside)
    try:
        discard(venv)
        make_venv(venv, progress)
        install_locked(root, progress, "build.txt")
        install_locked(root, progress, "run.txt", *(["test.txt"] if "test" in wanted else []))
        install_project(root, progress)
        write_stamp(venv, wanted)
    except BaseException:
        discard(venv)
        if os.path.lexists(aside):
            aside.rename(venv)
        raise
    discard(aside)
    progress.end("is complete")


def discard(folder: Path) -> None:
    """Removes a folder, or the link to one, if it is there."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def base_python() -> str:
    """Gives the interpreter to make environments with: not the one inside `.venv`, which may go."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def python_of(venv: Path) -> Path:
    """Gives the interpreter of an environment."""
    return venv / "Scripts" / "python.exe" if sys.platform == "win32" else venv / "bin" / "python"


def make_venv(venv: Path, progress: Progress) -> None:
    """Makes an environment that holds pip alone."""
    progress.tell("making the environment", always=True)
    command = [base_python(), "-I", "-m", "venv", str(venv)]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, close_fds=False)
    if made.returncode != 0:
        said = made.stdout.decode(errors="replace").strip()
        remedy = VENV_REMEDY.format(module="venv", python=base_python())
        raise SetupError(f"python -m venv ended with {made.returncode}.\n{said}\n{remedy}")


def install_locked(root: Path, progress: Progress, *locks: str) -> None:
    """Installs all that the locks hold, each package checked against its hash.

    Nothing is built in isolation, since pip would fetch the build's own packages without hashes:
    requirements/build.txt is installed first and holds them.
    """
    files = [root / "requirements" / name for name in locks]
    total = sum(len(REQUIREMENT.findall(file.read_bytes())) for file in files)
    if total:
        chosen = [part for file in files for part in ("-r", str(file))]
        pip(root, ["--require-hashes", "--no-build-isolation", *chosen], progress, total)


def install_project(root: Path, progress: Progress) -> None:
    """Installs the project itself, so that its code is used where it lies; asks no network."""
    progress.tell("the syndicate command", always=True)
    pip(root, ["--no-deps", "--no-build-isolation", "--no-index", "-e", str(root)], progress, 0)


def pip(root: Path, arguments: list[str], progress: Progress, total: int) -> None:
    """Runs `pip install` in the environment; raises SetupError with pip's last lines and the remedy."""
    python = python_of(root / ".venv")
    environment = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    environment |= {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    options = ["--disable-pip-version-check", "--progress-bar", "off"]
    with subprocess.Popen(
        [str(python), "-I", "-u", "-m", "pip", "install", *options, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        close_fds=False,
        cwd=root,
    ) as process:
        try:
            lines = list(followed(process, root / ".venv", progress, total))
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        progress.end("failed")
        said = "\n".join(lines)
        remedy = next((remedy for mark, remedy in REMEDIES if mark in said), "Mend what pip says and start again.")
        last = "\n".join(f"  {line}" for line in [line for line in lines if "Retrying (" not in line][-12:])
        raise SetupError(f"pip could not install the packages:\n{last}\n{remedy}")


def followed(process: subprocess.Popen[bytes], venv: Path, progress: Progress, total: int) -> Iterator[str]:
    """Yields each line of pip's output, and tells how far pip is."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=drain, args=(process, lines), daemon=True).start()
    seen = 0
    while True:
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            # pip is silent while it installs: the packages that have arrived are counted instead.
            if total and seen >= total:
                arrived = len(list(venv.glob("lib/python*/site-packages/*.dist-info")))
                progress.tell(f"{arrived} packages installed")
            continue
        if line is None:
            return
        yield line
        found = PACKAGE.match(line)
        if total and found:
            seen += 1
            progress.tell(f"{min(seen, total)} of {total} packages: {found[1]}")
        elif "Retrying (" in line:
            progress.tell("the package registry does not answer, trying again")
        elif total and line.startswith("Installing collected packages"):
            seen = total
            progress.tell("installing what was fetched", always=True)


def drain(process: subprocess.Popen[bytes], lines: queue.SimpleQueue[str | None]) -> None:
    """Moves the output of a process into a queue, line by line; the last entry is None."""
    for line in process.stdout or ():
        lines.put(line.decode(errors="replace").rstrip())
    lines.put(None)


def say(line: str) -> None:
    """Writes a line to stderr at once."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
