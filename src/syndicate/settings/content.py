"""Settings of the stores: where items come from and how their files are read."""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from syndicate.items.rules import POST_PAGE, Format
from syndicate.settings.kinds import IF_ANY, Folder, Language, Section

_ROOT_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _root_name(value: str) -> str:
    if not _ROOT_NAME.fullmatch(value):
        raise ValueError("is no name of a root; use lower-case letters, digits and _, beginning with a letter")
    return value


def _listed(value: object) -> object:
    """One source may stand alone, without a list around it."""
    return [value] if isinstance(value, str | dict) else value


def _image_folder(value: str) -> str:
    """Without a slash at its end; one that only climbs would open everything beside the store."""
    folder = posixpath.normpath(value.replace("\\", "/"))
    if folder in {".", "/"} or posixpath.basename(folder) == "..":
        raise ValueError("names no folder of images; write one such as `images` or `../static`")
    return folder


ImageFolder = Annotated[str, AfterValidator(_image_folder)]
RootName = Annotated[str, AfterValidator(_root_name)]
Source = str | dict[str, Any]
Sources = Annotated[list[Source], BeforeValidator(_listed, json_schema_input_type=Source | list[Source])]
Test = str | int | float | bool | list[str | int | float | bool] | dict[str, Any]


class DateSettings(Section):
    """How dates are written."""

    formats: list[str] = Field([], description="More forms, as for strptime (`%d.%m.%y`).")
    zones: dict[str, str] = Field({}, description='More names of zones with their offsets ("+05:30").')
    latest_years: Annotated[int, Field(ge=0, le=1000)] = Field(
        10, description="A date further ahead than so many years is a mistake."
    )


class TopicSettings(Section):
    """How topics are written, and what becomes of them."""

    split: str | None = Field(
        None, description="What parts topics in one text; a blank: white space; empty: nothing; `null`: the preset's."
    )
    union: bool = Field(False, description="Topics of all sources together, not of the first that has any.")
    vocabularies: bool | None = Field(
        None, description="Whether topics are written `Vocabulary: Term`; `null`: as the preset says."
    )
    prefix: str | None = Field(
        None, description="Where the site's topic pages lie, such as `topic/`; `null`: as the preset says."
    )
    aliases: dict[str, str] = Field({}, description="Former names of topics, each with the later one.")
    labels: dict[str, str] = Field({}, description="What topics are called, by name or slug.")
    ignore: list[str] = Field([], description="Names or slugs of what is no topic.")


class BodySettings(Section):
    """How the text below the front matter is read."""

    format: Format = Field(Format.AUTO, description="auto, markdown or html; a file's own `markup` counts more.")
    more: list[str] = Field([], description="Marks that end the excerpt, besides `<!-- more -->`.")
    summary_limit: Annotated[int, Field(ge=40, le=5000)] = Field(
        300, description="Most characters of a summary that is made from the body."
    )
    post_page: str = Field(POST_PAGE, description="Where Jekyll's `post_url` leads, below the site's address.")


class ImageSettings(Section):
    """Where featured images are looked for."""

    folders: list[ImageFolder] | None = Field(
        None, description="Folders of images, below `folder` or, as `../static`, beside it; `null`: the preset's."
    )
    bundle: list[str] | None = Field(
        None, description="Globs of names that mean an image beside an `index` file; `null`: the preset's."
    )
    first: bool | None = Field(
        None, description="Whether the body's first image stands in for none; `null`: as the preset says."
    )
    template: str = Field("", description="Address of images by uid, such as `https://img.example/{uid}.{format}`.")
    table: Folder | None = Field(None, description="JSON, YAML, TOML or CSV file that tells more of each uid.")


class StoreSettings(Section):
    """How one folder is read."""

    folder: Folder = Field(Path("content"), description="Folder of Markdown files with front matter.")
    preset: str = Field(
        "medigy", description="Which habits to expect: medigy, curated, hugo, jekyll, astro, eleventy or generic."
    )
    encoding: Literal["utf-8", "cp1252"] = Field(
        "utf-8", description="What files that are not UTF-8 are read as; `utf-8`: they are refused."
    )
    include: list[str] | None = Field(None, description="Globs of the files that may be items; `null`: the preset's.")
    exclude: list[str] = Field(
        [], description="Globs of what is no item, besides the usual; `!glob` takes a usual one away."
    )
    where: dict[str, Test] = Field(
        {}, description="Conditions by source; a file that does not meet all of them is no item."
    )
    visibility: dict[str, bool | list[str]] = Field(
        {}, description="Rules that hide items, by name: false, true, or the texts that hide."
    )
    fields: dict[str, Sources] = Field({}, description="Sources of single fields, in place of the preset's.")
    filename: str | None = Field(
        None, description="Regular expression of whole file names, with named groups; `null`: date, slug, language."
    )
    permalink: str | dict[str, str] | None = Field(
        None, description="Template of the site's pages, or one for each section; `null`: the preset's."
    )
    language: Language | None = Field(None, description="Language of items that name none; `null`: `site.language`.")
    languages: list[Language] = Field([], description="Languages that are published; none: all.")
    language_folders: list[Language] = Field(
        [], description="Names of folders that mean a language, besides those that are plain."
    )
    language_prefix: bool = Field(
        True, description="Pages of other languages, by folder or ending, lie below `/de/`, if nothing else is said."
    )
    dates: DateSettings = Field(DateSettings.model_construct(), description="How dates are written.")
    topics: TopicSettings = Field(
        TopicSettings.model_construct(), description="How topics are written, and what becomes of them."
    )
    body: BodySettings = Field(
        BodySettings.model_construct(), description="How the text below the front matter is read."
    )
    images: ImageSettings = Field(ImageSettings.model_construct(), description="Where featured images are looked for.")
    tracking: list[str] | None = Field(
        None, description="Parameters that do not make a link another one (`utm_*`); `null`: the usual."
    )


class ContentSettings(StoreSettings):
    """Where items come from: one folder, or several with rules of their own."""

    roots: dict[RootName, Annotated[StoreSettings, IF_ANY]] = Field(
        {}, description="Several folders by name, each with the settings above, in place of one."
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
