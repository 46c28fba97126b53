"""A JSON Schema of the settings file, by which editors complete and check it as it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from syndicate.channels.networks import network_of
from syndicate.durations import written
from syndicate.settings.channels import ChannelSettings
from syndicate.settings.tree import Settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ABOUT = "Relative paths count from the folder that holds `config/`, or from the file's own where it lies elsewhere."
_OWN = "own"
"""The field of a channel that holds what its network checks; in the file these keys stand beside the others."""


def schema_of(networks: Iterable[str]) -> dict[str, Any]:
    """The schema, for channels on these networks and no others.

    It knows the file alone: as what is needed may come from the environment, a channel has to have its `network` only.
    What several settings have to say together (folders that overlap, templates) is for `check` to find.

    Raises:
        ConfigError: there is no network of that name, or its package cannot be loaded.
    """
    schema = _Generator().generate(Settings.__pydantic_core_schema__)
    definitions = schema["$defs"]
    for section in schema["properties"].values():  # one that is there but empty counts as left out
        _resolved(section, definitions)["type"] = ["object", "null"]
    own = {name: _keys_of(name, definitions) for name in networks}
    definitions[ChannelSettings.__name__] = _channel(definitions[ChannelSettings.__name__], own)
    _without_titles(schema)
    return schema | {"$schema": _DIALECT, "title": "Settings of syndicate", "description": _ABOUT}


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The definition that this refers to, if it does."""
    found: dict[str, Any] = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _keys_of(network: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """A network's own keys; what they refer to is put among the definitions."""
    settings = network_of(network).settings
    try:
        schema = settings.model_json_schema(schema_generator=_Generator, ref_template=f"#/$defs/{network}.{{model}}")
    except PydanticInvalidForJsonSchema:  # of an installed package, whose checks no schema can tell
        return dict.fromkeys(settings.model_fields, True)
    definitions |= {f"{network}.{name}": one for name, one in schema.get("$defs", {}).items()}
    keys: dict[str, Any] = schema.get("properties", {})
    return keys


def _channel(shared: dict[str, Any], own: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """What a channel may say: the keys of all channels, and those of its network."""
    keys = {key: value for key, value in shared["properties"].items() if key != _OWN}
    keys["network"] = keys["network"] | {"enum": list(own)}
    choices = [
        {
            "if": {"properties": {"network": {"const": name}}, "required": ["network"]},
            "then": {"properties": dict.fromkeys(keys, True) | one, "additionalProperties": False},
        }
        for name, one in own.items()
    ]
    return {
        "type": "object",
        "description": shared["description"],
        "properties": keys,
        "required": ["network"],
        "allOf": choices,
    }


class _Generator(GenerateJsonSchema):
    """What pydantic makes, but for what stands in the file otherwise than in the model."""

    def function_plain_schema(self, schema: Any) -> JsonSchemaValue:
        """A section that checks itself (`IF_ANY`)."""
        section = getattr(schema["function"]["function"], "__self__", None)
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            return super().function_plain_schema(schema)
        section.model_rebuild()
        return self.generate_inner(section.__pydantic_core_schema__)

    def encode_default(self, dft: Any) -> Any:
        """Durations as operators write them."""
        return written(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Defaults of single settings; those of sections only repeat what their keys say."""
        default = schema.get("default")
        if isinstance(default, BaseModel):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Nothing is: it may come from the environment."""
        return False


def _without_titles(schema: Any) -> None:
    """Titles only repeat the keys."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        for value in schema.values():
            _without_titles(value)
    elif isinstance(schema, list):
        for value in schema:
            _without_titles(value)
