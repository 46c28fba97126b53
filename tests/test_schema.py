"""The schema of the settings, read by a validator that knows nothing of pydantic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import jsonschema_rs
import pytest
import yaml
from click.testing import CliRunner
from msgspec.structs import replace
from pydantic import BaseModel, GetPydanticSchema
from pydantic_core.core_schema import no_info_plain_validator_function

from syndicate.channels.networks import NETWORKS, network_of
from syndicate.cli import main
from syndicate.errors import ConfigError
from syndicate.plot import plot_of
from syndicate.schema import schema_of
from syndicate.settings.channels import ChannelSettings
from syndicate.settings.kinds import Section
from syndicate.settings.tree import Settings, checked_settings
from test_examples import EXAMPLES, as_sections, yaml_blocks

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = schema_of(sorted(NETWORKS))
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)


def slips(sections: Any) -> list[str]:
    """The places of all faults, as dotted keys."""
    return sorted({".".join(map(str, error.instance_path)) for error in VALIDATOR.iter_errors(sections)})


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """All that has keys below a schema, itself included."""
    if isinstance(schema, dict):
        yield schema
    for one in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from objects(one)


def test_schema_is_one() -> None:
    assert jsonschema_rs.meta.is_valid(SCHEMA)


def test_durations_read_as_they_are_written() -> None:
    assert SCHEMA["$defs"]["ScheduleSettings"]["properties"]["every"]["default"] == "1m"
    assert not [one for one in objects(SCHEMA) if str(one.get("default")).startswith("PT")]


@pytest.mark.parametrize("text", [text for _, text in yaml_blocks()], ids=[place for place, _ in yaml_blocks()])
def test_blocks_of_the_documents_fit(text: str) -> None:
    assert slips(as_sections(text)) == []


@pytest.mark.parametrize("name", NETWORKS)
def test_examples_of_networks_fit(name: str) -> None:
    assert slips(as_sections(network_of(name).example)) == []
    assert slips(as_sections((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))) == []


def test_shipped_settings_fit() -> None:
    assert slips(yaml.safe_load((ROOT / "config" / "syndicate.yaml").read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("name", NETWORKS)
def test_channel_may_say_its_networks_keys_and_no_others(name: str) -> None:
    (choice,) = (one for one in SCHEMA["$defs"]["ChannelSettings"]["allOf"] if network(one) == name)
    own = network_of(name).settings.model_fields.keys()

    assert choice["then"]["properties"].keys() == {*ChannelSettings.model_fields, *own} - {"own"}
    assert slips({"channels": {"a": {"network": name, "not_a_key": 1}}}) == ["channels.a"]


def network(choice: dict[str, Any]) -> str:
    name: str = choice["if"]["properties"]["network"]["const"]
    return name


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"site": None, "channels": None},
        {"pages": {"share": "off"}, "schedule": {"every": 90}},
        {"content": {"roots": {"news": {"folder": "a"}}}},
        {"content": {"fields": {"title": "name", "tags": ["a", {"key": "b", "split": ","}], "link": {"key": "c"}}}},
        {"feeds": {"named": {"a": {"topics": "x", "tags": ["x"], "authors": {"any": "x", "none": ["y"]}}}}},
        {"channels": {"a": {"network": "preview", "hours": "08:00-22:00", "digest": {"at": "12:30"}}}},
        {"channels": {"a": {"network": "preview", "digest": {"at": ["12:30", "18:00"], "days": ["mon"]}}}},
        {"channels": {"a": {"network": "preview", "budget_per_day": "2.50", "gap": "90s"}}},
    ],
)
def test_what_settings_take_fits(sections: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "syndicate.yaml"
    path.write_text(yaml.safe_dump(sections), encoding="utf-8")

    assert checked_settings(path)[1] == ()
    assert slips(sections) == []


@pytest.mark.parametrize(
    ("sections", "places"),
    [
        ({"feds": {}}, [""]),
        ({"site": {"titel": "x"}}, ["site"]),
        ({"site": "x", "server": {"port": 70000}}, ["server.port", "site"]),
        ({"feeds": {"formats": ["rdf"], "size": 0}}, ["feeds.formats.0", "feeds.size"]),
        ({"schedule": {"every": "soon"}}, ["schedule.every"]),
        ({"content": {"roots": {"news": {"foldr": "a"}}}}, ["content.roots.news"]),
        ({"feeds": {"named": {"a": {"topics": {"some": "x"}}}}}, ["feeds.named.a.topics"]),
        ({"channels": {"a": {"network": "mastadon"}, "b": {}}}, ["channels.a.network", "channels.b"]),
        ({"channels": {"a": {"network": "preview", "gap": "soon"}}}, ["channels.a.gap"]),
        ({"channels": {"a": {"network": "preview", "digest": {"at": 750}}}}, ["channels.a.digest"]),
        ({"channels": {"a": {"network": "mastodon", "visibility": "all"}}}, ["channels.a.visibility"]),
    ],
)
def test_slips_are_marked_where_they_stand(sections: dict[str, Any], places: list[str], tmp_path: Path) -> None:
    path = tmp_path / "syndicate.yaml"
    path.write_text(yaml.safe_dump(sections), encoding="utf-8")

    assert slips(sections) == places
    with pytest.raises(ConfigError):
        plot_of(path)


def test_every_setting_tells_what_it_means() -> None:
    sections = [
        one for one in (Settings, *Section.__subclasses__()) if one.__module__.startswith("syndicate.settings.")
    ]
    told = {
        (section.__name__, key): meaning(definition(section)["properties"][key])
        for section in sections
        for key, field in section.model_fields.items()
        if field.description and key != "own"
    }

    assert {("SiteSettings", "url"), ("StoreSettings", "dates"), ("DigestSettings", "at")} <= told.keys()
    assert told == {
        (section.__name__, key): section.model_fields[key].description
        for section in sections
        for key in section.model_fields
        if (section.__name__, key) in told
    }


def definition(section: type[BaseModel]) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA if section is Settings else SCHEMA["$defs"][section.__name__]
    return found


def meaning(schema: dict[str, Any]) -> str:
    """What a key means, or what it refers to."""
    found = schema if "description" in schema else SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    return str(found["description"])


def test_command_prints_it() -> None:
    told = CliRunner().invoke(main, ["schema"])

    assert told.exit_code == 0
    assert json.loads(told.stdout) == json.loads(json.dumps(SCHEMA))


def test_keys_whose_checks_no_schema_can_tell_are_known_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an installed package may have them."""

    class Own(BaseModel):
        place: Annotated[object, GetPydanticSchema(lambda *_: no_info_plain_validator_function(str))]

    monkeypatch.setattr("syndicate.schema.network_of", lambda name: replace(network_of("preview"), settings=Own))

    (choice,) = schema_of(["kiosk"])["$defs"]["ChannelSettings"]["allOf"]

    assert choice["then"]["properties"]["place"] is True
