"""What checks the settings is built once, and defaults are as if they had been checked."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from pydantic import BaseModel

from syndicate.settings.tree import Settings

SECTIONS = """
import json, syndicate.settings.tree
from syndicate.settings.kinds import Section
print(json.dumps({one.__name__: one.__pydantic_complete__ for one in Section.__subclasses__()}))
"""


def test_no_section_is_built_by_itself_at_a_start() -> None:
    told = subprocess.run([sys.executable, "-c", SECTIONS], capture_output=True, text=True, timeout=60, check=True)

    sections = json.loads(told.stdout)

    assert {"FeedSettings", "ChannelSettings", "StoreSettings"} <= sections.keys()
    assert [name for name, is_built in sections.items() if is_built] == []


def test_defaults_that_are_constructed_would_pass() -> None:
    checked = list(nested(Settings))

    assert {"FeedSettings", "DateSettings", "CardImageSettings"} <= {name for name, _, _ in checked}
    assert [name for name, constructed, called in checked if constructed != called] == []


def nested(kind: type[BaseModel]) -> Any:
    for field in kind.model_fields.values():
        if isinstance(field.default, BaseModel):
            section = type(field.default)
            yield section.__name__, field.default.model_dump(), section().model_dump()
            yield from nested(section)
