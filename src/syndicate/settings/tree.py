"""The settings: one frozen tree from a YAML file, the environment and secret files, with every fault told at once."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from syndicate.durations import Duration
from syndicate.errors import Fault
from syndicate.settings.channels import ChannelName, ChannelSettings
from syndicate.settings.content import ContentSettings
from syndicate.settings.feeds import CardSettings, FeedSettings
from syndicate.settings.kinds import IF_ANY, MOST, Folder, Host, Language, Section, SiteUrl, TagAuthority, Zone
from syndicate.settings.pages import PageSettings
from syndicate.settings.roots import placed_below, root_of
from syndicate.settings.slips import known_keys, laid_over, without
from syndicate.settings.sources import (
    CODE,
    NESTING,
    PREFIX,
    control_fault,
    fault_of,
    torn_fault,
    values_from,
    values_in,
)
from syndicate.settings.torn import controls_in, torn_in, whole

_ROUNDS = 4
"""So often more is taken out of settings with faults: a value, its section, its channel, all channels."""


def _a_second_or_more(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("is too short; write 1s or more")
    return value


class SiteSettings(Section):
    """Who publishes."""

    title: str = Field("syndicate", description="Name of the site, shown in feeds and pages.")
    url: SiteUrl = Field("http://127.0.0.1:8080/", description="Address of the site's own pages.")
    description: str = Field("", description="One sentence about the site.")
    language: Language = Field("en", description="Language of items that name none (BCP 47).")
    timezone: Zone = Field("UTC", description="Zone of dates that name none.")
    author: str = Field("", description="Who stands for the site; empty: its title.")
    tag_authority: TagAuthority = Field(
        "", description="Host and date of the feed ids (`example.org,2026`); empty: the site's host. Never change it."
    )


class ScheduleSettings(Section):
    """When to look for new items."""

    every: Annotated[Duration, AfterValidator(_a_second_or_more)] = Field(
        timedelta(seconds=60), description="Full look at the store, as a safety net."
    )
    watch: bool = Field(True, description="Be woken by the file system at once.")


class DeliverySettings(Section):
    """How posts are sent."""

    most_new: Annotated[int, Field(ge=1, le=MOST)] | None = Field(
        10, description="Flood guard: more new items in one pass are held for you; none: no limit."
    )
    most_age: Duration | None = Field(timedelta(days=30), description="Older items are not posted; none: no limit.")
    retry_first: Duration = Field(timedelta(seconds=5), description="First wait after a proven failure; it doubles.")
    retry_longest: Duration = Field(timedelta(hours=1), description="Longest wait between failures.")
    retries: Annotated[int, Field(ge=1, le=100)] = Field(12, description="Proven failures in a row before giving up.")
    share_page: Literal["wait", "ignore", "hold"] = Field(
        "wait", description="A page of yours that a network makes its card of is not there: `wait`, `hold` or `ignore`."
    )
    share_page_wait: Duration = Field(
        timedelta(minutes=30), description="How long to wait for such a page; then it is posted, or held with `hold`."
    )
    drain: Duration = Field(timedelta(seconds=30), description="How long a stop waits for what is being sent.")


class ServerSettings(Section):
    """The feed server of `syndicate run`."""

    enabled: bool = Field(True, description="Serve the feeds while `run` runs.")
    host: Host = Field("127.0.0.1", description="Address to listen at.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8080, description="Port; 0 picks a free one.")


class StateSettings(Section):
    """Where the outbox is kept."""

    folder: Folder = Field(Path("state"), description="Folder of the database, the lock and the token key.")
    witness: Folder | None = Field(
        None,
        description="Folder elsewhere that is told how far the state has come, so that an older one put back by hand "
        "is noticed; empty: `~/.local/state/syndicate`.",
    )


class LogSettings(Section):
    """What is told on stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least weight of what is told.")
    format: Literal["auto", "text", "json"] = Field("auto", description="auto: text on a terminal, else JSON lines.")


class Settings(BaseSettings):
    """The whole tree. Paths are relative to the folder of the project (see `checked_settings`)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTING, extra="forbid", frozen=True, validate_default=True
    )

    site: SiteSettings = SiteSettings.model_construct()
    content: ContentSettings = ContentSettings.model_construct()
    feeds: FeedSettings = FeedSettings.model_construct()
    cards: CardSettings = CardSettings.model_construct()
    pages: PageSettings = PageSettings.model_construct()
    channels: dict[ChannelName, Annotated[ChannelSettings, IF_ANY]] = Field({})
    schedule: ScheduleSettings = ScheduleSettings.model_construct()
    delivery: DeliverySettings = DeliverySettings.model_construct()
    server: ServerSettings = ServerSettings.model_construct()
    state: StateSettings = StateSettings.model_construct()
    log: LogSettings = LogSettings.model_construct()
    campaign: dict[str, str] = Field(
        {}, description="Parameters put on the links of all posts, by name, as Jinja templates."
    )
    hashtags: dict[str, str] = Field({}, description="Hashtag of a topic label, over the rule.")

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
        return _given()


def _given() -> dict[str, Any]:
    """What the environment says."""
    found: dict[str, Any] = whole(values_from(os.environ, Settings.model_fields))
    return found


def checked_settings(path: Path) -> tuple[Settings | None, tuple[Fault, ...]]:
    """The settings in a YAML file and the environment, and their faults as file, key, problem and remedy.

    Where there are faults, the settings are without what is wrong, or None if that cannot be, so that more can be told
    at once. Values of secrets are never shown. Relative paths count from the project's folder, which is the one that
    holds `config/`, or the file's own where it lies elsewhere.

    Raises:
        ConfigError: the file cannot be read.
    """
    read = values_in(path)
    faults = list(dict.fromkeys(_odd_texts(path, read)))
    odd_keys = {fault.key for fault in faults}
    values = whole(read)
    # Keywords with an underscore would steer pydantic-settings itself.
    odd = [key for key in values if key.startswith("_")]
    faults += [fault_of(path, {"type": "extra_forbidden", "loc": (key,)}) for key in odd]
    kept = {key: value for key, value in values.items() if key not in odd}
    try:
        settings = Settings(**kept)
    except ValidationError as error:
        lines = error.errors(include_input=False)
        told = (fault_of(path, line, known=_known_beside(line["loc"])) for line in lines)
        faults += [fault for fault in told if fault.key not in odd_keys]
        remaining = _remaining(laid_over(kept, _given()), [line["loc"] for line in lines])
        if remaining is None:
            return None, tuple(faults)
        settings = remaining
    rooted = _rooted(settings, path)
    faults += _nameless(root_of(path))
    found = (*(() if faults else _contradictions(rooted)), *_overlaps(rooted, root_of(path)))
    faults += [Fault(str(path), CODE, problem, remedy, key=key) for key, problem, remedy in found]
    return rooted, tuple(faults)


def _odd_texts(path: Path, read: Mapping[str, Any]) -> Iterator[Fault]:
    """Texts of the file and the environment that nothing could be made of."""
    for values in (read, values_from(os.environ, Settings.model_fields)):
        for place in torn_in(values):
            yield torn_fault(path, [str(part) for part in place])
        for place in controls_in(values):
            yield control_fault(path, [str(part) for part in place])


def _remaining(values: Mapping[str, Any], faulty: Sequence[Sequence[str | int]]) -> Settings | None:
    """The settings of what is left without what stands at the faulty places; None if that has faults, too.

    Args:
        values: what file and environment say.
        faulty: the places of all faults.
    """

    class Remaining(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (init_settings,)

    for _ in range(_ROUNDS):
        values = without(values, faulty)
        try:
            return Remaining(**values)
        except ValidationError as error:  # what was taken out may be missing, and then what it stood in goes, too
            faulty = [line["loc"] for line in error.errors(include_input=False)]
    return None


def _known_beside(location: Sequence[str | int]) -> frozenset[str]:
    return known_keys(Settings, [str(part) for part in location[:-1]])


def _rooted(settings: Settings, path: Path) -> Settings:
    root = root_of(path)

    def at(section: Any) -> Any:
        return section.model_copy(update={"folder": placed_below(root, section.folder)})

    content = at(settings.content)
    content = content.model_copy(update={"roots": {name: at(store) for name, store in content.roots.items()}})
    given = {name: getattr(settings.cards.image, name) for name in ("logo", "background", "font")}
    placed = {name: placed_below(root, file) for name, file in given.items() if file is not None}
    cards = settings.cards.model_copy(update={"image": settings.cards.image.model_copy(update=placed)})
    return settings.model_copy(
        update={
            "content": content,
            "feeds": at(settings.feeds),
            "state": _state(settings.state, root),
            "cards": cards,
            "pages": _pages(settings, root),
        }
    )


def _nameless(root: Path) -> Iterator[Fault]:
    """The project's folder if no text can name it: the state could not tell what lies there."""
    try:
        str(root).encode()
    except UnicodeEncodeError:
        problem = "the path of the project's folder is not UTF-8"
        yield Fault(ascii(str(root)), CODE, problem, "rename the folder in it whose name is not")


def _contradictions(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Key, problem and remedy of settings that others make void."""
    has_shares = settings.pages.share != "off" and "html" in settings.feeds.formats
    if settings.cards.link == "share" and not has_shares:
        problem = "is share, though there are no share pages"
        yield "cards.link", problem, "switch `pages.share` on and have html in `feeds.formats`, or write source or own"


def _state(state: StateSettings, root: Path) -> StateSettings:
    given = {"folder": state.folder, "witness": state.witness}
    return state.model_copy(update={name: placed_below(root, path) for name, path in given.items() if path is not None})


def _pages(settings: Settings, root: Path) -> PageSettings:
    given = {"style": settings.pages.style, "templates": settings.pages.templates}
    return settings.pages.model_copy(
        update={name: placed_below(root, path) for name, path in given.items() if path is not None}
    )


def _overlaps(settings: Settings, root: Path) -> Iterator[tuple[str, str, str]]:
    """Key, problem and remedy of folders that would be read, served or written over as part of another."""
    feeds, state = _real(settings.feeds.folder), _real(settings.state.folder)
    stores = {_folder_key(name): _real(store.folder) for name, store in settings.content.stores.items()}
    beside = "choose one that is neither inside it nor around it"
    if state.is_relative_to(feeds):
        problem = "lies among the feeds, where everybody could read it"
        yield "state.folder", problem, "choose a folder outside `feeds.folder`"
    for key, content in stores.items():
        if _overlap(feeds, content):
            yield "feeds.folder", f"overlaps with `{key}`", beside
        if state.is_relative_to(content):
            problem = f"lies in `{key}`, whose files are taken for items"
            yield "state.folder", problem, "choose a folder outside of it"
    for (one, first), (other, second) in combinations(stores.items(), 2):
        if _overlap(first, second):
            yield other, f"overlaps with `{one}`, so that files would be read twice", beside
    for name, channel in settings.channels.items():
        folder = channel.own.get("folder")
        if not channel.enabled or not isinstance(folder, str):
            continue
        for key, taken in (*stores.items(), ("feeds.folder", feeds)):
            if _overlap(_real(placed_below(root, Path(folder))), taken):
                yield f"channels.{name}.folder", f"overlaps with `{key}`", beside


def _folder_key(name: str) -> str:
    """The setting that names the folder of a root."""
    return f"content.roots.{name}.folder" if name else "content.folder"


def _real(folder: Path) -> Path:
    """The folder behind all links; unlike `Path.resolve`, a link that leads to itself is left to whoever opens it."""
    return Path(os.path.realpath(folder))


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
