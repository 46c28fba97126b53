"""The reference names all there is: commands, options, settings, networks, events, faults; links lead somewhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from syndicate.channels.http import Web
from syndicate.channels.networks import NETWORKS, Tools, network_of
from syndicate.cli import COMMANDS, main
from syndicate.durations import written
from syndicate.feeds.formats import FORMATS
from syndicate.house import NoTokens, clock
from syndicate.settings.channels import ChannelSettings
from syndicate.settings.tree import Settings

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
PACKAGE = ROOT / "src" / "syndicate"
LEVELS = {"info", "warning", "error", "exception", "tell"}
WEBHOOK_KEY = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
CODE = re.compile(r"[EW]-[A-Z]+(?:-[A-Z]+)*")
FINDING = re.compile(r"D-[A-Z]+(?:-[A-Z]+)*")


def reference(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading of the second level."""
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"no section `## {heading}`"
    return rest.partition("\n## ")[0]


@cache
def nodes() -> dict[Path, list[ast.AST]]:
    """Everything that stands in each module."""
    return {path: list(ast.walk(ast.parse(path.read_bytes()))) for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def events() -> dict[str, bool]:
    """Every event that is logged, by name."""
    found = {}
    for path, found_here in nodes().items():
        # What is said through the standard library is told as one event, `library_told`.
        uses_ours = any(isinstance(node, ast.ImportFrom) and node.module == "syndicate.log" for node in found_here)
        if not uses_ours and path.name != "log.py":
            continue
        for node in found_here:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in LEVELS and ast.unparse(node.func.value) == "log":
                name = next(one for one in node.args if isinstance(one, ast.Constant))
                found[str(name.value)] = True
    return found


@cache
def codes() -> set[str]:
    """Every code of a fault: text constants of that form."""
    return {
        node.value
        for found_here in nodes().values()
        for node in found_here
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }


def findings() -> set[str]:
    """Every code of a finding of the doctor."""
    return {
        node.value
        for found_here in nodes().values()
        for node in found_here
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and FINDING.fullmatch(node.value)
    }


def commands() -> dict[str, click.Command]:
    """Every command that does something, by its words after `syndicate`."""
    found = {}
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= {name: command} if command.invoke_without_command else {}
            found |= {f"{name} {sub}": one for sub, one in command.commands.items()}
        else:
            found[name] = command
    return found


def settings() -> dict[str, FieldInfo]:
    """Every setting by its dotted key; those of channels below NAME."""
    found = {}
    for name, field in Settings.model_fields.items():
        if name == "channels":
            shared = ChannelSettings.model_fields.items()
            found |= {f"channels.NAME.{key}": one for key, one in shared if key != "own"}
        else:
            found |= dict(settings_in(field, name))
    return found


def settings_in(field: FieldInfo, name: str) -> Iterator[tuple[str, FieldInfo]]:
    """The settings in a section and the sections below it; a mapping by name (`content.roots`) is one setting."""
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
        for key, one in field.annotation.model_fields.items():
            inner = list(settings_in(one, f"{name}.{key}"))
            yield from inner or [(f"{name}.{key}", one)]


def network_settings() -> list[tuple[str, str, FieldInfo]]:
    return [(name, key, one) for name in NETWORKS for key, one in network_of(name).settings.model_fields.items()]


def shown(field: FieldInfo) -> str:
    """A default as the reference writes it."""
    value: Any = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "must be set"
    if isinstance(value, timedelta):
        return f"`{written(value)}`"
    if isinstance(value, list):
        return f"`[{', '.join(value)}]`"
    words = {"": '`""`', "None": "`null`", "True": "`true`", "False": "`false`"}
    return words.get(str(value), f"`{value}`")


def test_there_is_something_to_look_for() -> None:
    assert {"delivered", "store_changed", "library_told"} <= events().keys()
    assert {"E-NO-DATE", "W-SAME-LINK", "E-STORE-LOST", "E-CONFIG"} <= codes()
    assert {"run", "held resolve"} <= commands().keys()
    assert {"site.title", "channels.NAME.gap", "content.dates.formats", "content.roots"} <= settings().keys()


@pytest.mark.parametrize("event", events())
def test_event_is_in_the_reference(event: str) -> None:
    assert f"| `{event}` |" in reference("events")


@pytest.mark.parametrize("code", sorted(codes()))
def test_fault_is_in_the_reference(code: str) -> None:
    assert f"| `{code}` |" in reference("faults")


def test_reference_holds_no_event_or_fault_that_is_gone() -> None:
    told_events = set(re.findall(r"^\| `(\w+)` \|", reference("events"), re.MULTILINE))
    told_codes = set(re.findall(r"^\| `([EW]-[A-Z-]+)` \|", reference("faults"), re.MULTILINE))

    assert told_events - events().keys() == set()
    assert told_codes - codes() == set()


def test_reference_holds_every_finding_of_the_doctor_once() -> None:
    told = re.findall(r"^\| `(D-[A-Z-]+)` \|", reference("doctor"), re.MULTILINE)

    assert "D-CLOCK" in told
    assert sorted(told) == sorted(findings())


@pytest.mark.parametrize("name", commands())
def test_command_is_in_the_reference_with_its_options(name: str) -> None:
    told = section(reference("commands"), f"syndicate {name}")

    options = [option for parameter in commands()[name].params for option in parameter.opts if option.startswith("-")]
    assert [option for option in options if f"| `{option}` |" not in told] == []
    assert re.findall(r"^\| `(--[\w-]+)` \|", told, re.MULTILINE) == options
    assert "Exit codes: 0, " in told


def test_reference_holds_no_command_that_is_gone() -> None:
    told = re.findall(r"^## syndicate (.+)$", reference("commands"), re.MULTILINE)

    assert told == list(commands())


@pytest.mark.parametrize("key", settings())
def test_setting_is_in_the_reference_with_its_default(key: str) -> None:
    assert f"| `{key}` | {shown(settings()[key])} | " in section(reference("settings"), key.partition(".")[0])


@pytest.mark.parametrize("name", Settings.model_fields)
def test_section_of_settings_has_its_heading(name: str) -> None:
    assert section(reference("settings"), name).strip()


def test_reference_holds_no_setting_that_is_gone() -> None:
    told = re.findall(r"^\| `([\w.]+)` \|", reference("settings"), re.MULTILINE)

    assert told == list(settings())


@pytest.mark.parametrize("key", settings())
def test_setting_says_what_it_means(key: str) -> None:
    assert (settings()[key].description or "").endswith(".")


@pytest.mark.parametrize("name", NETWORKS)
async def test_network_is_in_the_reference_with_its_promise(name: str, tmp_path: Path) -> None:
    kind = network_of(name)
    own = yaml.safe_load(kind.example).popitem()[1]
    del own["network"]
    for key in [key for key in own if key.endswith("_file")]:
        secret = tmp_path / key
        secret.write_text(WEBHOOK_KEY, encoding="ascii")
        secret.chmod(0o600)
        own[key] = str(secret)
    async with Web() as web:
        channel = kind.make("news", kind.settings.model_validate(own), Tools(web, NoTokens(), clock))

    assert f"| `{name}` | {channel.guarantee.in_words} | " in reference("networks")
    assert section(reference("networks"), name).strip()


def test_pages_of_networks_are_made_from_their_declarations() -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "networks.py"), "--check"], capture_output=True, text=True, check=False
    )

    assert (made.returncode, made.stdout, made.stderr) == (0, "", ""), "run `.venv/bin/python docs/networks.py`"


@pytest.mark.parametrize("name", NETWORKS)
def test_network_says_what_it_needs_and_costs(name: str) -> None:
    kind = network_of(name)

    assert kind.needs
    assert all(need.endswith(".") for need in kind.needs)
    assert kind.cost


@pytest.mark.parametrize(("network", "key", "field"), network_settings(), ids=lambda value: str(value)[:20])
def test_setting_of_a_network_is_in_the_reference(network: str, key: str, field: FieldInfo) -> None:
    told = section(reference("networks"), network)

    # A secret may be given in two ways, so neither field is required; the reference says whether one is.
    is_secret = f"{key}_file" in network_of(network).settings.model_fields
    wanted = ("must be set", shown(field)) if is_secret else (shown(field),)
    assert any(f"| `{key}` | {default} | " in told for default in wanted)


@pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.name)
def test_format_is_in_the_reference(form: Any) -> None:
    told = reference("feeds")

    assert f"| `{form.file_name}` | " in told
    assert f"`{form.media_type}`" in told


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]

    broken = [link for link in links if not leads_somewhere(path, link)]

    assert broken == []


def leads_somewhere(path: Path, link: str) -> bool:
    place, _, anchor = link.partition("#")
    target = (path.parent / place).resolve() if place else path
    if not target.exists():
        return False
    headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
    return not anchor or anchor in {re.sub(r"[^\w -]", "", one).strip().lower().replace(" ", "-") for one in headings}


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.md")), ids=lambda path: path.name)
def test_reference_is_one_sentence_a_line(path: Path) -> None:
    prose = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line for line in prose.splitlines() if line and not line.startswith(("|", "#", "-"))]

    assert [line for line in lines if re.search(r"[a-z)`]\. [A-Z]", line)] == []
