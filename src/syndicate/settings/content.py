"""Settings of the stores: where items come from and how their files are read."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from syndicate.settings.kinds import Folder, Section


class ContentSettings(Section):
    """Where items come from."""

    folder: Folder = Field(Path("content"), description="Folder of Markdown files with front matter.")
    preset: str = Field("medigy", description="Which front matter to expect: medigy or generic.")
    fields: dict[str, list[str]] = Field(
        default_factory=dict, description="Sources of single fields, in place of the preset's."
    )
    exclude: list[str] = Field(default_factory=list, description="Globs of paths that are no items.")
