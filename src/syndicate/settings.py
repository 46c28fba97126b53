"""The settings: one frozen tree from a YAML file, the environment and secret files, with every fault told at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from syndicate.durations import Duration
from syndicate.errors import ConfigError, Fault
from syndicate.outbox.plan import FirstSight
from syndicate.posts.card import LinkSource, SummarySource, TitleSource
from syndicate.settings_sources import CODE, NESTING, PREFIX, fault_of, values_from, values_in

_CHANNEL_NAME = re.compile(r"[a-z][a-z0-9_]*")
# RFC 4151, section 2.1: a DNS name or an email address, a comma, and a date of its ownership.
_TAG_AUTHORITY = re.compile(
    r"(?:[\w.+-]+@)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?,\d{4}(?:-\d\d){0,2}", re.ASCII | re.IGNORECASE
)
# RFC 5646 (BCP 47), section 2.1, without tags for private use alone: a language, then parts of up to 8 signs.
_LANGUAGE_TAG = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]{1,8})*", re.ASCII | re.IGNORECASE)


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


def _tag_authority(value: str) -> str:
    if value and not _TAG_AUTHORITY.fullmatch(value):
        raise ValueError("is no tag authority; write a host of yours and a year in which it was: example.org,2026")
    return value


def _language(value: str) -> str:
    if not _LANGUAGE_TAG.fullmatch(value):
        raise ValueError("is no language tag; write one of BCP 47 such as en, de or pt-BR")
    return value


def _a_second_or_more(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("is too short; write 1s or more")
    return value


def _place(value: Path) -> Path:
    if "\0" in str(value):
        raise ValueError("holds a NUL character; write the path without it")
    try:
        value.expanduser()
    except RuntimeError as error:
        remedy = "write ~/ for your own, or the whole path"
        raise ValueError(f"begins with the home folder of nobody known here; {remedy}") from error
    return value


def _site_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("is no site address; write http:// or https://, a host and at most a path")
    return value.rstrip("/") + "/"


SiteUrl = Annotated[str, AfterValidator(_site_url)]
TagAuthority = Annotated[str, AfterValidator(_tag_authority)]
Folder = Annotated[Path, AfterValidator(_place)]


class _Section(BaseModel):
    """Part of the settings: frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class SiteSettings(_Section):
    """Who publishes."""

    title: str = Field("syndicate", description="Name of the site, shown in feeds and pages.")
    url: SiteUrl = Field("http://127.0.0.1:8080/", description="Address of the site's own pages.")
    description: str = Field("", description="One sentence about the site.")
    language: Annotated[str, AfterValidator(_language)] = Field(
        "en", description="Language of items that name none (BCP 47)."
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field("UTC", description="Zone of dates that name none.")
    author: str = Field("", description="Who stands for the site; empty: its title.")
    tag_authority: TagAuthority = Field(
        "", description="Host and date of the feed ids (`example.org,2026`); empty: the site's host. Never change it."
    )


class ContentSettings(_Section):
    """Where items come from."""

    folder: Folder = Field(Path("content"), description="Folder of Markdown files with front matter.")
    preset: str = Field("medigy", description="Which front matter to expect: medigy or generic.")
    fields: dict[str, list[str]] = Field(
        default_factory=dict, description="Sources of single fields, in place of the preset's."
    )
    exclude: list[str] = Field(default_factory=list, description="Globs of paths that are no items.")


class FeedSettings(_Section):
    """What readers subscribe to."""

    folder: Folder = Field(Path("feeds"), description="Folder that the feeds are written to.")
    url: SiteUrl = Field("http://127.0.0.1:8080/", description="Public address of that folder.")
    size: Annotated[int, Field(ge=1, le=1000)] = Field(50, description="Newest entries per feed.")
    content: Literal["full", "summary"] = Field("full", description="Full text, or the summary only.")
    link: LinkSource = Field("source", description="What an entry links to first: the article, or the site's own page.")
    formats: Annotated[list[Literal["rss", "atom", "json", "html"]], Field(min_length=1)] = Field(
        ["rss", "atom", "json", "html"], description="Formats of every feed; html is its page."
    )


class CardSettings(_Section):
    """Where title and summary of a post come from: the first that is not blank."""

    title: list[TitleSource] = Field(
        ["title", "open_graph", "twitter"], description="Sources of the title: open_graph, twitter, title."
    )
    summary: list[SummarySource] = Field(
        ["open_graph", "twitter", "summary", "description"],
        description="Sources of the summary: open_graph, twitter, summary, description.",
    )
    link: LinkSource = Field("source", description="What a post links to: the article, or the site's own page.")


class ScheduleSettings(_Section):
    """When to look for new items."""

    every: Annotated[Duration, AfterValidator(_a_second_or_more)] = Field(
        timedelta(seconds=60), description="Full look at the store, as a safety net."
    )
    watch: bool = Field(True, description="Be woken by the file system at once.")


class DeliverySettings(_Section):
    """How posts are sent."""

    most_new: Annotated[int, Field(ge=1)] | None = Field(
        10, description="Flood guard: more new items in one pass are held for you; none: no limit."
    )
    most_age: Duration | None = Field(timedelta(days=30), description="Older items are not posted; none: no limit.")
    retry_first: Duration = Field(timedelta(seconds=5), description="First wait after a proven failure; it doubles.")
    retry_longest: Duration = Field(timedelta(hours=1), description="Longest wait between failures.")
    retries: Annotated[int, Field(ge=1, le=100)] = Field(12, description="Proven failures in a row before giving up.")
    drain: Duration = Field(timedelta(seconds=30), description="How long a stop waits for what is being sent.")


class ChannelSettings(_Section):
    """What every channel may say, whatever its network; the network's own keys stand in `own`."""

    network: str = Field(description="Kind of service: mastodon, bluesky, webhook, preview or an installed one.")
    enabled: bool = Field(True, description="False: the channel is neither checked nor posted to.")
    topics: list[str] = Field(default_factory=list, description="Only items with one of these topics (slug or label).")
    not_topics: list[str] = Field(
        default_factory=list, description="No items with one of these topics (slug or label)."
    )
    sections: list[str] = Field(default_factory=list, description="Only items of these sections.")
    languages: list[str] = Field(default_factory=list, description="Only items in these languages.")
    gap: Duration = Field(timedelta(0), description="Least time between two posts.")
    first_sight: FirstSight | None = Field(
        None, description="Items already there: `baseline` (not posted; preview posts) or `post`."
    )
    most_age: Duration | None = Field(None, description="Older items are not posted; none: as in `delivery`.")
    template: str | None = Field(None, description="Jinja template of the text; none: title, summary, hashtags, link.")
    hashtags: Annotated[int, Field(ge=0, le=30)] | None = Field(
        None, description="Most hashtags; none: as the network likes it."
    )
    own: Mapping[str, Any] = Field(default_factory=dict, repr=False, description="The network's own keys.")

    @model_validator(mode="before")
    @classmethod
    def _keep_own_keys_apart(cls, keys: object) -> object:
        """The network checks its own keys by itself, when it is loaded."""
        if not isinstance(keys, dict):
            return keys
        shared = cls.model_fields.keys() - {"own"}
        own = {key: value for key, value in keys.items() if key not in shared}
        return {key: value for key, value in keys.items() if key in shared} | {"own": own}

    @model_validator(mode="after")
    def _check_own_paths(self) -> Self:
        """Networks take any path, and would fail on these when they open it."""
        for key, value in self.own.items():
            if isinstance(value, str) and (key == "folder" or key.endswith("_file")):
                try:
                    _place(Path(value))
                except ValueError as error:
                    raise ValueError(f"{key}: {error}") from error
        return self


class ServerSettings(_Section):
    """The feed server of `syndicate run`."""

    enabled: bool = Field(True, description="Serve the feeds while `run` runs.")
    host: str = Field("127.0.0.1", description="Address to listen at.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8080, description="Port; 0 picks a free one.")


class StateSettings(_Section):
    """Where the outbox is kept."""

    folder: Folder = Field(Path("state"), description="Folder of the database, the lock and the token key.")


class LogSettings(_Section):
    """What is told on stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least weight of what is told.")
    format: Literal["auto", "text", "json"] = Field("auto", description="auto: text on a terminal, else JSON lines.")


class Settings(BaseSettings):
    """The whole tree. Paths are relative to the folder of the project (see `settings_of`)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTING, extra="forbid", frozen=True, validate_default=True
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
        return _Environment(settings_cls), init_settings


class _Environment(PydanticBaseSettingsSource):
    """The environment, read our way: pydantic-settings takes a token of digits for a number, and skips odd names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """One section; not used, as all come at once."""
        return self().get(field_name), field_name, True

    def __call__(self) -> dict[str, Any]:
        """All of them, nested."""
        return values_from(os.environ, self.settings_cls.model_fields)


def settings_of(path: Path) -> Settings:
    """The settings in a YAML file and the environment; relative paths count from the project's folder.

    The project's folder is the one that holds `config/`, or the file's own where it lies elsewhere.

    Raises:
        ConfigError: with every fault as file, key, problem and remedy; values of secrets are never shown.
    """
    values = values_in(path)
    # Keywords with an underscore would steer pydantic-settings itself.
    odd = [key for key in values if key.startswith("_")]
    faults = [fault_of(path, {"type": "extra_forbidden", "loc": (key,)}) for key in odd]
    try:
        settings = Settings(**{key: value for key, value in values.items() if key not in odd})
    except ValidationError as error:
        faults += [fault_of(path, line) for line in error.errors(include_input=False)]
    if faults:
        raise ConfigError(tuple(faults))
    return _rooted(settings, path)


def root_of(path: Path) -> Path:
    """The project's folder: what relative paths in the settings count from."""
    folder = path.resolve().parent
    return folder.parent if folder.name == "config" else folder


def placed_below(root: Path, path: Path) -> Path:
    """A path of the settings: absolute as it is, `~` as the home folder, others below the project's folder."""
    return root / path.expanduser()


def _rooted(settings: Settings, path: Path) -> Settings:
    root = root_of(path)

    def at(section: Any) -> Any:
        return section.model_copy(update={"folder": placed_below(root, section.folder)})

    rooted = settings.model_copy(
        update={"content": at(settings.content), "feeds": at(settings.feeds), "state": at(settings.state)}
    )
    faults = [Fault(str(path), CODE, problem, remedy, key=key) for key, problem, remedy in _overlaps(rooted, root)]
    if faults:
        raise ConfigError(tuple(faults))
    return rooted


def _overlaps(settings: Settings, root: Path) -> Iterator[tuple[str, str, str]]:
    """Key, problem and remedy of folders that would be read, served or written over as part of another."""
    content, feeds, state = (_real(part.folder) for part in (settings.content, settings.feeds, settings.state))
    beside = "choose one that is neither inside it nor around it"
    if _overlap(feeds, content):
        yield "feeds.folder", "overlaps with `content.folder`", beside
    if state.is_relative_to(feeds):
        problem = "lies among the feeds, where everybody could read it"
        yield "state.folder", problem, "choose a folder outside `feeds.folder`"
    if state.is_relative_to(content):
        problem = "lies in `content.folder`, whose files are taken for items"
        yield "state.folder", problem, "choose a folder outside of it"
    for name, channel in settings.channels.items():
        folder = channel.own.get("folder")
        if not channel.enabled or not isinstance(folder, str):
            continue
        for key, other in (("content.folder", content), ("feeds.folder", feeds)):
            if _overlap(_real(placed_below(root, Path(folder))), other):
                yield f"channels.{name}.folder", f"overlaps with `{key}`", beside


def _real(folder: Path) -> Path:
    """The folder behind all links; unlike `Path.resolve`, a link that leads to itself is left to whoever opens it."""
    return Path(os.path.realpath(folder))


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
