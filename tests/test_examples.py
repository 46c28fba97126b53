"""Every example of settings that is shipped or shown can be copied and used."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from syndicate.channels.networks import NETWORKS, network_of
from syndicate.plot import Plot, plot_of

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "config" / "examples"
WEBHOOK_KEY = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def yaml_blocks() -> list[tuple[str, str]]:
    """The YAML blocks of the documents, with where they stand; without the front matter of items."""
    return [
        (f"{path.relative_to(ROOT).as_posix()}-{number}", block)
        for path in DOCUMENTS
        for number, block in enumerate(re.findall(r"```ya?ml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL))
    ]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with the secrets that the examples name."""
    for name in list(os.environ):
        if name.upper().startswith("SYNDICATE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def plot(folder: Path, sections: dict[str, Any]) -> Plot:
    """The settings, checked by every network, with the secret files they name in place."""
    for channel in sections.get("channels", {}).values():
        for key in [key for key in channel if key.endswith("_file")]:
            written = Path(channel[key]).expanduser()
            secret = folder / (written if not written.is_absolute() else written.relative_to(written.anchor))
            secret.parent.mkdir(parents=True, exist_ok=True)
            secret.write_text(WEBHOOK_KEY, encoding="ascii")
            secret.chmod(0o600)
            channel[key] = str(secret)
    path = folder / "syndicate.yaml"
    path.write_text(yaml.safe_dump(sections), encoding="utf-8")
    return plot_of(path)


def as_sections(text: str) -> dict[str, Any]:
    """The settings that a block shows: sections, or channels as they stand below `channels:`."""
    values: dict[str, Any] = yaml.safe_load(text)
    is_channels = all(isinstance(value, dict) and "network" in value for value in values.values())
    return {"channels": values} if is_channels else values


def test_every_network_has_its_example() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == set(NETWORKS)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_example_file_passes_its_network(path: Path, home: Path) -> None:
    made = plot(home, as_sections(path.read_text(encoding="utf-8")))

    assert [network.name for network in made.networks.values()] == [path.stem]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_commented_lines_of_an_example_pass_too(path: Path, home: Path) -> None:
    text = re.sub(r"^  # (\w+: )", r"  \1", path.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert len(plot(home, as_sections(text)).networks) == 1


@pytest.mark.parametrize("name", NETWORKS)
def test_example_in_the_code_passes_its_network(name: str, home: Path) -> None:
    made = plot(home, as_sections(network_of(name).example))

    assert [network.name for network in made.networks.values()] == [name]


@pytest.mark.parametrize(("place", "text"), yaml_blocks(), ids=[place for place, _ in yaml_blocks()])
def test_block_of_a_document_loads(place: str, text: str, home: Path) -> None:
    sections = as_sections(text)

    made = plot(home, sections)

    assert set(made.networks) == set(sections.get("channels", {}))


def test_documents_show_blocks() -> None:
    assert {"README.md-0", "docs/how-to/add-a-channel.md-0"} <= {place for place, _ in yaml_blocks()}


def test_shipped_settings_switch_the_preview_on_and_nothing_else() -> None:
    made = plot_of(ROOT / "config" / "syndicate.yaml")

    assert [network.name for network in made.networks.values()] == ["preview"]


def test_commented_channel_of_the_shipped_settings_passes(home: Path) -> None:
    text = (ROOT / "config" / "syndicate.yaml").read_text(encoding="utf-8")
    shown = "\n".join(re.findall(r"^  # ((?:news_mastodon|  )\S*.*)$", text, re.MULTILINE))

    made = plot(home, as_sections(shown))

    assert [network.name for network in made.networks.values()] == ["mastodon"]
