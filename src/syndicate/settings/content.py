"""Settings of the stores: where items come from and how their files are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from syndicate.settings.kinds import Folder, Language, Section

_ROOT_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _root_name(value: str) -> str:
    if not _ROOT_NAME.fullmatch(value):
        raise ValueError("is no name of a root; use lower-case letters, digits and _, beginning with a letter")
    return value


def _listed(value: object) -> object:
    """One source may stand alone, without a list around it."""
    return [value] if isinstance(value, str) else value


RootName = Annotated[str, AfterValidator(_root_name)]
Sources = Annotated[list[str], BeforeValidator(_listed)]


class DateSettings(Section):
    """How dates are written."""

    formats: list[str] = Field(default_factory=list, description="More forms, as for strptime (`%d.%m.%y`).")
    latest_years: Annotated[int, Field(ge=0, le=1000)] = Field(
        10, description="A date further ahead than so many years is a mistake."
    )


class StoreSettings(Section):
    """How one folder is read."""

    folder: Folder = Field(Path("content"), description="Folder of Markdown files with front matter.")
    preset: str = Field("medigy", description="Which front matter to expect: medigy or generic.")
    fields: dict[str, Sources] = Field(
        default_factory=dict, description="Sources of single fields, in place of the preset's."
    )
    include: list[str] | None = Field(None, description="Globs of the files that may be items; `null`: the preset's.")
    exclude: list[str] = Field(default_factory=list, description="Globs of paths that are no items.")
    visibility: dict[str, bool] = Field(
        default_factory=dict, description="Rules that hide items, to switch off by name."
    )
    language: Language | None = Field(None, description="Language of items that name none; `null`: `site.language`.")
    dates: DateSettings = Field(DateSettings(), description="How dates are written.")


class ContentSettings(StoreSettings):
    """Where items come from: one folder, or several with rules of their own."""

    roots: dict[RootName, StoreSettings] = Field(
        default_factory=dict, description="Several folders by name, each with the settings above, in place of one."
    )

    @model_validator(mode="after")
    def _check_one_or_several(self) -> Self:
        """Settings beside `roots` would hold for none of them, and nobody would see it."""
        beside = sorted(self.model_fields_set - {"roots"})
        if self.roots and beside:
            raise ValueError(f"{beside[0]}: stands beside `content.roots`; move it below the roots it is meant for")
        return self

    @property
    def stores(self) -> Mapping[str, StoreSettings]:
        """The folders by name; one alone has the empty name."""
        return self.roots or {"": self}
