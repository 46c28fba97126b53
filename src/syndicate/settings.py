"""The settings: one frozen tree from a YAML file, the environment and secret files, with every fault told at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from syndicate.errors import ConfigError, Fault
from syndicate.outbox.plan import FirstSight

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_CHANNEL_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _span(value: object) -> object:
    """`90s`, `5m`, `2h`, `7d`, `1w`, or a number of seconds."""
    if isinstance(value, str) and (found := _SPAN.fullmatch(value.strip().lower())):
        return timedelta(**{_UNITS[found[2]]: float(found[1])})
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    if isinstance(value, timedelta):
        return value
    raise ValueError("is no duration; write a number with a unit: 90s, 5m, 2h, 7d or 1w")


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("is negative; write a duration of 0s or more")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is no time zone; write a name of the IANA list such as UTC or Europe/Berlin") from error
    return value


def _channel_name(value: str) -> str:
    if not _CHANNEL_NAME.fullmatch(value):
        raise ValueError("is no channel name; use lower-case letters, digits and _, beginning with a letter")
    return value


def _site_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("is no site address; write http:// or https://, a host and at most a path")
    return value.rstrip("/") + "/"


Span = Annotated[
    timedelta,
    BeforeValidator(_span),
    AfterValidator(_not_negative),
    PlainSerializer(lambda value: f"{value.total_seconds():g}s", return_type=str),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^\d+(\.\d+)?\s*[smhdw]$"}),
]
SiteUrl = Annotated[str, AfterValidator(_site_url)]
CardSource = Literal["open_graph", "twitter", "title", "summary", "description"]


class _Section(BaseModel):
    """Part of the settings: frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class SiteSettings(_Section):
    """Who publishes."""

    title: str = Field("syndicate", description="Name of the site, shown in feeds and pages.")
    url: SiteUrl = Field("http://127.0.0.1:8080/", description="Address of the site's own pages.")
    description: str = Field("", description="One sentence about the site.")
    language: str = Field("en", description="Language of items that name none (BCP 47).")
    timezone: Annotated[str, AfterValidator(_zone)] = Field("UTC", description="Zone of dates that name none.")
    author: str = Field("", description="Who stands for the site; empty: its title.")
    tag_authority: str = Field(
        "", description="Host and date of the feed ids (`example.org,2026`); empty: the site's host. Never change it."
    )


class ContentSettings(_Section):
    """Where items come from."""

    folder: Path = Field(Path("content"), description="Folder of Markdown files with front matter.")
    preset: str = Field("medigy", description="Which front matter to expect.")
    fields: dict[str, list[str]] = Field(default_factory=dict, description="Sources of single fields, over the preset.")
    exclude: list[str] = Field(default_factory=list, description="Globs of paths that are no items.")


class FeedSettings(_Section):
    """What readers subscribe to."""

    folder: Path = Field(Path("feeds"), description="Folder that the feeds are written to.")
    url: SiteUrl = Field("http://127.0.0.1:8080/", description="Public address of that folder.")
    size: Annotated[int, Field(ge=1, le=1000)] = Field(50, description="Newest entries per feed.")
    content: Literal["full", "summary"] = Field("full", description="Full text, or the summary only.")
    link: Literal["source", "own"] = Field("source", description="What an entry links to first.")
    formats: list[Literal["rss", "atom", "json", "html"]] = Field(["rss", "atom", "json", "html"])


class CardSettings(_Section):
    """Where title and summary of a post come from: the first that is not blank."""

    title: list[CardSource] = Field(["title", "open_graph", "twitter"])
    summary: list[CardSource] = Field(["open_graph", "twitter", "summary", "description"])
    link: Literal["source", "own"] = Field("source", description="What a post links to.")


class ScheduleSettings(_Section):
    """When to look for new items."""

    every: Span = Field(timedelta(seconds=60), description="Full look at the store, as a safety net.")
    watch: bool = Field(True, description="Be woken by the file system at once.")


class DeliverySettings(_Section):
    """How posts are sent."""

    most_new: Annotated[int, Field(ge=1)] | None = Field(10, description="Flood guard: more at once are held.")
    most_age: Span | None = Field(timedelta(days=30), description="Older items are not posted.")
    retry_first: Span = Field(timedelta(seconds=5), description="First wait after a proven failure; it doubles.")
    retry_longest: Span = Field(timedelta(hours=1), description="Longest wait between failures.")
    retries: Annotated[int, Field(ge=1, le=100)] = Field(12, description="Proven failures in a row before giving up.")
    drain: Span = Field(timedelta(seconds=30), description="How long a stop waits for what is being sent.")


class ChannelSettings(_Section):
    """What every channel may say, whatever its network; the network's own keys stand in `own`."""

    network: str
    enabled: bool = True
    topics: list[str] = Field(default_factory=list, description="Only items with one of these topics.")
    not_topics: list[str] = Field(default_factory=list, description="No items with one of these topics.")
    sections: list[str] = Field(default_factory=list, description="Only items of these sections.")
    languages: list[str] = Field(default_factory=list, description="Only items in these languages.")
    gap: Span = Field(timedelta(0), description="Least time between two posts.")
    first_sight: FirstSight | None = Field(None, description="Items already there: baseline or post.")
    most_age: Span | None = Field(None, description="Older items are not posted; default as in `delivery`.")
    template: str | None = Field(None, description="Jinja template of the text.")
    hashtags: Annotated[int, Field(ge=0, le=30)] | None = Field(None, description="Most hashtags.")
    own: Mapping[str, Any] = Field(default_factory=dict, repr=False, description="The network's own keys.")

    @model_validator(mode="before")
    @classmethod
    def _keep_own_keys_apart(cls, keys: object) -> object:
        """The network checks its own keys by itself, when it is loaded."""
        if not isinstance(keys, dict):
            return keys
        shared = cls.model_fields.keys()
        own = {key: value for key, value in keys.items() if key not in shared}
        return {key: value for key, value in keys.items() if key in shared} | {"own": own}


class ServerSettings(_Section):
    """The feed server of `syndicate run`."""

    enabled: bool = True
    host: str = Field("127.0.0.1", description="Address to listen at.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8080, description="Port; 0 picks a free one.")


class StateSettings(_Section):
    """Where the outbox is kept."""

    folder: Path = Field(Path("state"), description="Folder of the database, the lock and the token key.")


class LogSettings(_Section):
    """What is told on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "text", "json"] = Field("auto", description="auto: text on a terminal, else JSON lines.")


class Settings(BaseSettings):
    """The whole tree. Paths are relative to the folder of the project (see `settings_of`)."""

    model_config = SettingsConfigDict(
        env_prefix="SYNDICATE_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    site: SiteSettings = SiteSettings()
    content: ContentSettings = ContentSettings()
    feeds: FeedSettings = FeedSettings()
    cards: CardSettings = CardSettings()
    channels: dict[Annotated[str, AfterValidator(_channel_name)], ChannelSettings] = Field(default_factory=dict)
    schedule: ScheduleSettings = ScheduleSettings()
    delivery: DeliverySettings = DeliverySettings()
    server: ServerSettings = ServerSettings()
    state: StateSettings = StateSettings()
    log: LogSettings = LogSettings()
    hashtags: dict[str, str] = Field(default_factory=dict, description="Hashtag of a topic label, over the rule.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment stands over the file (which comes in as the initial values)."""
        return env_settings, init_settings


def settings_of(path: Path) -> Settings:
    """The settings in a YAML file and the environment; relative paths count from the project's folder.

    The project's folder is the one that holds `config/`, or the file's own where it lies elsewhere.

    Raises:
        ConfigError: with every fault as file, key, problem and remedy; values of secrets are never shown.
    """
    try:
        settings = Settings(**_read(path))
    except ValidationError as error:
        raise ConfigError(tuple(_fault(path, line) for line in error.errors(include_input=False))) from None
    return _rooted(settings, root_of(path))


def root_of(path: Path) -> Path:
    """The project's folder: what relative paths in the settings count from."""
    folder = path.resolve().parent
    return folder.parent if folder.name == "config" else folder


def _read(path: Path) -> dict[str, Any]:
    remedy = "pass --config FILE, or start with `syndicate sample FOLDER`, which writes a working site"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise ConfigError((Fault(str(path), "E-CONFIG", problem, remedy),)) from error
    except UnicodeDecodeError as error:
        raise ConfigError((Fault(str(path), "E-CONFIG", "is not UTF-8", "save it as UTF-8"),)) from error
    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        problem = f"is no YAML: {getattr(error, 'problem', None) or type(error).__name__}"
        fault = Fault(str(path), "E-CONFIG", problem, "mend the line; values holding `: ` need quotes", *place)
        raise ConfigError((fault,)) from None
    if raw is None:
        return {}
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        problem = "is no mapping of sections"
        raise ConfigError((Fault(str(path), "E-CONFIG", problem, "write `site:`, `content:`, `channels:` ..."),))
    return raw


def _fault(path: Path, line: Mapping[str, Any]) -> Fault:
    key = ".".join(str(part) for part in line["loc"])
    message = str(line["msg"])
    if line["type"] == "extra_forbidden":
        return Fault(str(path), "E-CONFIG", "is not a setting", "mend the spelling or remove it", key=key)
    if line["type"] == "missing":
        return Fault(str(path), "E-CONFIG", "is missing", f"set it, or {_variable(line['loc'])}", key=key)
    problem, _, remedy = message.removeprefix("Value error, ").partition("; ")
    return Fault(str(path), "E-CONFIG", problem, remedy or "see docs/reference/settings.md", key=key)


def _variable(location: tuple[Any, ...]) -> str:
    return "SYNDICATE_" + "__".join(str(part).upper() for part in location)


def _rooted(settings: Settings, root: Path) -> Settings:
    def at(section: Any) -> Any:
        return section.model_copy(update={"folder": root / section.folder})

    return settings.model_copy(
        update={"content": at(settings.content), "feeds": at(settings.feeds), "state": at(settings.state)}
    )
