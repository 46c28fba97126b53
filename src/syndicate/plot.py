"""The settings of one project, checked whole, and what follows from them before anything is opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from msgspec import Struct
from pydantic import BaseModel, SecretStr, ValidationError

from syndicate import __version__
from syndicate.channels.networks import Network, network_of
from syndicate.dress import page_rules_of
from syndicate.errors import CannotWrite, ConfigError, Fault
from syndicate.items.presets import rules_of
from syndicate.items.rules import BodyRules, Rules
from syndicate.posts.card import CardRules
from syndicate.posts.template import FIELDS, slips_in
from syndicate.settings.channels import ChannelSettings
from syndicate.settings.content import BodySettings, ImageSettings, StoreSettings
from syndicate.settings.roots import lock_in, placed_below, root_of
from syndicate.settings.sources import CODE, fault_of
from syndicate.settings.tree import Settings, checked_settings

# What is longer in an address is no word of its service.
_LONGEST_WORD = 12


class Root(Struct, frozen=True):
    """A folder of the store and how its files are read; the only one has the empty name."""

    name: str
    folder: Path
    rules: Rules


class Plot(Struct, frozen=True):
    """The settings of one project, checked whole, with what can be known before anything is opened.

    `networks` and `own` are by channel name, switched-on channels only.
    """

    path: Path
    settings: Settings
    networks: Mapping[str, Network]
    own: Mapping[str, BaseModel]
    roots: tuple[Root, ...]

    def path_in_store(self, file: Path) -> str | None:
        """A file's path as the store tells it; None if it lies in no root."""
        real = Path(os.path.realpath(file))
        for root in self.roots:
            folder = Path(os.path.realpath(root.folder))
            if real.is_relative_to(folder):
                path = real.relative_to(folder).as_posix()
                return f"{root.name}/{path}" if root.name else path
        return None

    def file_of(self, path: str) -> tuple[Root, Path]:
        """The root that a path of the store lies in, and its file."""
        name, _, below = path.partition("/")
        for root in self.roots:
            if root.name and root.name == name:
                return root, root.folder / below
        return self.roots[0], self.roots[0].folder / path

    @property
    def state_folder(self) -> Path:
        """Where outbox, lock and token key are."""
        return self.settings.state.folder

    @property
    def lock_path(self) -> Path:
        """The publisher's lock."""
        return lock_in(self.state_folder)

    @property
    def outbox_path(self) -> Path:
        """The outbox's database."""
        return self.state_folder / "outbox.sqlite3"

    @property
    def checkpoint_path(self) -> Path:
        """Where one process tells the next what it knew of the store."""
        return self.outbox_path.with_suffix(".checkpoint")

    @property
    def witness_folders(self) -> tuple[Path, ...]:
        """Folders outside of the state's that are told how far it has come; they may not be there yet."""
        return (self.settings.feeds.folder, *([self.witness_folder] if self.witness_folder else []))

    @property
    def has_outbox(self) -> bool:
        """Whether anything was published from here.

        Raises:
            CannotWrite: this user may not look.
        """
        try:
            return stat.S_ISREG(self.outbox_path.stat().st_mode)
        except FileNotFoundError:
            return False
        except OSError as error:
            remedy = "call it as the user who publishes, or set another `state.folder`"
            raise CannotWrite(str(self.outbox_path), error.strerror or str(error), remedy) from error

    @property
    def witness_folder(self) -> Path | None:
        """Where it is told how far the state has come; None for a user without a home.

        Source: XDG Base Directory Specification 0.8, "Environment variables", `$XDG_STATE_HOME`. Read 2026-11.
        """
        if self.settings.state.witness is not None:
            return self.settings.state.witness
        given = Path(os.environ.get("XDG_STATE_HOME", ""))
        try:
            folder = given if given.is_absolute() else Path.home() / ".local" / "state"
        except RuntimeError:
            return None
        return folder / "syndicate"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in the settings, for masking."""
        found = [secret for own in self.own.values() for _, value in own for secret in _secrets_in(value)]
        # Two secrets in one setting, as while a webhook's changes, are two words to hide.
        return tuple(dict.fromkeys(word for secret in found for word in (secret, *secret.split(), *_keys_in(secret))))


def plot_of(path: Path) -> Plot:
    """Read and check the settings, every channel by its own network.

    Raises:
        ConfigError: with every fault.
    """
    settings, found = checked_settings(path)
    if settings is None:
        raise ConfigError(found)
    networks: dict[str, Network] = {}
    own: dict[str, BaseModel] = {}
    faults, told = list(found), {fault.key for fault in found}
    for name, channel in settings.channels.items():
        if not channel.enabled:
            continue
        faults.extend(_template_faults(path, name, channel))
        faults.extend(_campaign_faults(path, f"channels.{name}.campaign", channel.campaign))
        try:
            networks[name] = network_of(channel.network)
            checked = networks[name].settings(**_rooted(channel.own, root_of(path)))
            own[name] = _with_rooted_defaults(checked, root_of(path))
            faults.extend(_digest_faults(path, name, channel, networks[name]))
        except ValidationError as error:
            lines = error.errors(include_input=False)
            known = {*ChannelSettings.model_fields, *networks[name].settings.model_fields} - {"own"}
            checks = (fault_of(path, line, below=("channels", name), known=known) for line in lines)
            faults.extend(fault for fault in checks if fault.key not in told)
        except ConfigError as error:
            faults.extend(_placed(path, name, fault) for fault in error.faults)
    faults.extend(_campaign_faults(path, "campaign", settings.campaign))
    try:
        page_rules_of(settings.pages, CardRules())
    except ConfigError as error:
        faults.extend(error.faults)
    roots = []
    for name, store in settings.content.stores.items():
        try:
            roots.append(Root(name, store.folder, _rules(path, settings, name, store)))
        except ConfigError as error:
            faults.extend(error.faults)
    faults.extend(_card_faults(path, settings))
    if faults:
        raise ConfigError(tuple(dict.fromkeys(faults)))
    return Plot(path, settings, networks, own, tuple(roots))


def _card_faults(path: Path, settings: Settings) -> Iterator[Fault]:
    """What is wrong with the files that cards are to be drawn with."""
    image = settings.cards.image
    if image.enabled:
        from syndicate.content.cards import CardKit, problems_in

        for name, problem in problems_in(CardKit(image.logo, image.background, image.font)):
            remedy = "correct the path, or take the setting out"
            yield Fault(str(path), CODE, problem, remedy, key=f"cards.image.{name}")


def rules_digest(roots: Iterable[Root]) -> str:
    """Tells whether files read before were read with the same mapping by the same version."""
    return "|".join((__version__, *(f"{root.name}:{root.rules.digest}" for root in roots)))


def _rules(path: Path, settings: Settings, name: str, store: StoreSettings) -> Rules:
    dates, topics = store.dates, store.topics
    return rules_of(
        store.preset,
        site_url=settings.site.url,
        zone=ZoneInfo(settings.site.timezone),
        language=store.language or settings.site.language,
        languages=store.languages,
        language_folders=store.language_folders,
        has_language_prefix=store.language_prefix,
        fields=store.fields,
        filename=store.filename,
        include=store.include,
        exclude=store.exclude,
        where=store.where,
        visibility=store.visibility,
        date_formats=dates.formats,
        zones=dates.zones,
        latest_year_offset=dates.latest_years,
        topics={
            "split": topics.split,
            "is_union": topics.union,
            "has_vocabularies": topics.vocabularies,
            "prefix": topics.prefix,
            "aliases": topics.aliases,
            "labels": topics.labels,
            "ignore": topics.ignore,
        },
        permalink=store.permalink,
        body=_body_rules(store.body),
        images=_image_search(path, store.images, f"content.roots.{name}" if name else "content"),
        link_tracking=store.tracking,
        fallback_encoding=None if store.encoding == "utf-8" else store.encoding,
        origin=str(path),
        below=f"content.roots.{name}" if name else "content",
    )


def _body_rules(body: BodySettings) -> BodyRules:
    return BodyRules(body.format, tuple(body.more), body.summary_limit, body.post_page)


def _image_search(path: Path, images: ImageSettings, below: str) -> dict[str, object]:
    """What the settings say of images, as for `ImageSearch`; None is left to the preset."""
    table: Mapping[str, Mapping[str, str]] = {}
    if images.table is not None:
        from syndicate.settings.tables import table_of

        file = placed_below(root_of(path), images.table)
        table = table_of(file, origin=str(path), key=f"{below}.images.table")
    return {
        "folders": None if images.folders is None else tuple(images.folders),
        "bundle": None if images.bundle is None else tuple(images.bundle),
        "takes_first": images.first,
        "template": images.template,
        "table": table,
    }


def _rooted(own: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Paths among a network's own keys count from the project's folder."""

    def placed(key: str, value: object) -> object:
        is_path = isinstance(value, str) and (key == "folder" or key.endswith("_file"))
        return str(placed_below(root, Path(str(value)))) if is_path else value

    return {key: placed(key, value) for key, value in own.items()}


def _with_rooted_defaults(own: BaseModel, root: Path) -> BaseModel:
    """A folder that nobody named (the preview's) counts from the project's folder, too."""
    return own.model_copy(update={key: root / value for key, value in own if isinstance(value, Path)})


def _template_faults(path: Path, name: str, channel: ChannelSettings) -> Iterator[Fault]:
    """Everything that is wrong with a channel's templates, with the line of each."""
    given = {key: getattr(channel, key) for key in ("template", "correction_template", "withdrawal_template")}
    given |= {f"templates.{topic}": template for topic, template in channel.templates.items()}
    for key, template in given.items():
        for slip in slips_in(template or ""):
            remedy = f"fields are {', '.join(FIELDS)}"
            yield Fault(str(path), CODE, str(slip), remedy, key=f"channels.{name}.{key}")


def _campaign_faults(path: Path, key: str, campaign: Mapping[str, str]) -> Iterator[Fault]:
    """Everything that is wrong with the parameters of links."""
    if not campaign:
        return
    from syndicate.posts.campaign import FIELDS as PARAMETER_FIELDS
    from syndicate.posts.campaign import slips_in_parameter

    for name, template in campaign.items():
        for slip in slips_in_parameter(name, template):
            remedy = f"fields are {', '.join(PARAMETER_FIELDS)}"
            yield Fault(str(path), CODE, str(slip), remedy, key=f"{key}.{name}")


def _digest_faults(path: Path, name: str, channel: ChannelSettings, network: Network) -> Iterator[Fault]:
    """Digests are for networks that take many items at once, and have times of their own."""
    if channel.digest is None:
        return
    if not network.has_digests:
        problem, remedy = f"{network.title} takes one item a post", "take it out; `email` has digests"
        yield Fault(str(path), CODE, problem, remedy, key=f"channels.{name}.digest")
    for key in ("gap", "per_hour", "per_day", "hours"):
        if getattr(channel, key):
            problem, remedy = "sets the pace of single posts, and digests have their own times", f"take out `{key}`"
            yield Fault(str(path), CODE, problem, f"{remedy} or `digest`", key=f"channels.{name}.{key}")


def _keys_in(secret: str) -> list[str]:
    """What is secret about an address that is a secret: servers name its path or a value of its query alone."""
    if "://" not in secret:
        return []
    parts = urlsplit(secret)
    words = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    return [word for word in words if len(word) > _LONGEST_WORD]


def _secrets_in(value: object) -> list[str]:
    """The secrets in a setting, which may be a mapping such as a webhook's headers."""
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    if isinstance(value, Mapping):
        return [secret for part in value.values() for secret in _secrets_in(part)]
    return []


def _placed(path: Path, channel: str, fault: Fault) -> Fault:
    key = f"channels.{channel}" + (f".{fault.key}" if fault.key else "")
    return Fault(str(path), fault.code, fault.problem, fault.remedy, key=key)
