"""Help: quick, with examples, and true about the exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from site_rig import environment
from syndicate import __version__
from syndicate.cli import BESIDE, CALLED, COMMANDS, main

SLOW = ("aiohttp", "apscheduler", "sqlalchemy", "alembic", "pydantic", "lxml", "PIL", "structlog", "rich", "jinja2")

# Asks for the help of every command in one process, then tells what was imported on the way.
ASK_ALL = """
import json, sys
from click.testing import CliRunner
from syndicate.cli import COMMANDS, main
calls = [[], *([name] for name in COMMANDS), ["held", "list"], ["held", "resolve"], ["backfill", "resume"]]
codes = [CliRunner().invoke(main, [*words, "--help"]).exit_code for words in calls]
print(json.dumps({"codes": codes, "modules": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


def every_command() -> dict[str, click.Command]:
    found: dict[str, click.Command] = {"": main}
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        found[name] = command
        if isinstance(command, click.Group):
            found |= {f"{name} {sub}": one for sub, one in command.commands.items()}
    return found


def test_a_misspelt_command_is_told_with_what_is_meant() -> None:
    told = CliRunner().invoke(main, ["chek"])

    assert told.exit_code == 2
    assert told.stderr == "error: chek: there is no such command; is check meant?; --help lists them\n"


def test_no_help_loads_what_it_does_not_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK_ALL], capture_output=True, text=True, env=environment(), timeout=60, check=True
    )

    told = json.loads(done.stdout)
    assert set(told["codes"]) == {0}
    assert set(SLOW) & set(told["modules"]) == set()


@pytest.mark.parametrize("words", every_command())
def test_help_has_examples(words: str) -> None:
    result = CliRunner().invoke(main, [*words.split(), "--help"])

    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert f"syndicate {words}".strip() in result.stdout.partition("Example")[2]


@pytest.mark.parametrize("words", every_command())
def test_help_says_how_the_program_was_called(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    former = CliRunner().invoke(main, [*words.split(), "--help"]).stdout
    with monkeypatch.context() as patch:
        patch.setenv(CALLED, "../run.py")
        told = CliRunner().invoke(main, [*words.split(), "--help"]).stdout

    assert told.startswith(f"Usage: {f'python3 ../run.py {words}'.strip()} ")
    assert f"\n    {f'python3 ../run.py {words}'.strip()}" in told.partition("Example")[2]
    assert not re.search("(`|^ +)syndicate ", told, re.MULTILINE)
    assert CliRunner().invoke(main, [*words.split(), "--help"]).stdout == former


def test_what_run_py_does_itself_is_listed_where_it_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    without = CliRunner().invoke(main, ["--help"]).stdout
    monkeypatch.setenv(CALLED, "run.py")

    told = CliRunner().invoke(main, ["--help"]).stdout
    wrong = CliRunner().invoke(main, ["status", "--nope"]).stderr

    assert [f"\n  {name} " in told for name in BESIDE] == [True, True]
    assert [f"\n  {name} " in without for name in BESIDE] == [False, False]
    assert wrong.startswith("Usage: python3 run.py status [OPTIONS]\nTry 'python3 run.py status --help'")


@pytest.mark.parametrize("words", every_command())
def test_help_says_what_the_command_is_for(words: str) -> None:
    command = every_command()[words]

    assert command.help
    assert all(one.help for one in command.params if isinstance(one, click.Option))
    assert not words or "..." not in command.get_short_help_str(limit=60)


def test_short_form_of_help() -> None:
    assert CliRunner().invoke(main, ["-h"]).stdout == CliRunner().invoke(main, ["--help"]).stdout


def test_version() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout == f"syndicate {__version__}\n"


def test_unknown_command_and_option_are_usage_errors() -> None:
    assert CliRunner().invoke(main, ["fly"]).exit_code == 2
    assert CliRunner().invoke(main, ["run", "--fast"]).exit_code == 2


def test_stopped_before_it_can_finish_what_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("syndicate.cli.import_module", stopped)

    told = CliRunner().invoke(main, ["run"])

    assert (told.exit_code, told.stderr.strip()) == (130, "Stopped.")


def test_commands_run_as_a_module_too() -> None:
    command = [sys.executable, "-m", "syndicate", "--version"]

    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60, check=True)

    assert done.stdout == f"syndicate {__version__}\n"


def test_the_help_says_of_each_command_what_the_command_says_and_loads_none() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys; from syndicate.cli import main; main(['--help'], standalone_mode=False); "
         "print([name for name in sys.modules if name.startswith('syndicate.cli.')])"],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip

    assert said.endswith("\n[]\n")
    for name, words in COMMANDS.items():
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert command.short_help == words
        assert words in said
