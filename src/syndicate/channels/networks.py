"""The table of networks: each is one file here, or an installed package that names itself in an entry point."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from syndicate.errors import ConfigError, Fault
from syndicate.spelling import meant

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from pydantic import BaseModel

    from syndicate.channels.http import Web
    from syndicate.channels.oauth import Access, Grant
    from syndicate.channels.signin import Visit
    from syndicate.ports.channel import Channel, Quota, Tokens

NETWORKS: Mapping[str, str] = MappingProxyType(
    {
        "preview": "syndicate.channels.preview:NETWORK",
        "mastodon": "syndicate.channels.mastodon:NETWORK",
        "bluesky": "syndicate.channels.bluesky:NETWORK",
        "webhook": "syndicate.channels.webhook:NETWORK",
        "discord": "syndicate.channels.discord:NETWORK",
        "discord_bot": "syndicate.channels.discord_bot:NETWORK",
        "slack": "syndicate.channels.slack:NETWORK",
        "slack_bot": "syndicate.channels.slack_bot:NETWORK",
        "telegram": "syndicate.channels.telegram:NETWORK",
        "teams": "syndicate.channels.teams:NETWORK",
        "email": "syndicate.channels.email:NETWORK",
        "facebook": "syndicate.channels.facebook:NETWORK",
        "instagram": "syndicate.channels.instagram:NETWORK",
        "linkedin": "syndicate.channels.linkedin:NETWORK",
        "threads": "syndicate.channels.threads:NETWORK",
        "x": "syndicate.channels.x:NETWORK",
    }
)
"""Name to `module:attribute`, loaded when a channel first needs it, so that unused networks cost nothing."""

ENTRY_POINTS = "syndicate.networks"
"""Group under which an installed package offers a further network: its name to its `Network` value."""


class Tools(Struct, frozen=True):
    """What every channel may use of the world.

    `clock` gives aware UTC. `sleep` takes seconds and is only for waiting on a network's own work. `shared` is what
    channels of one account hold in common, by name (see `oauth.access_of`).
    """

    web: Web
    tokens: Tokens
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    shared: dict[str, Access] = field(default_factory=dict)


class SignIn(Struct, frozen=True):
    """How a person gives a channel access, and where it is kept.

    `grant` gets the channel's name, its checked settings (which have a `token`), the tools and the visit to a browser.
    """

    grant: Callable[[str, Any, Tools, Visit], Awaitable[Grant]]  # Any: each network takes its own settings type
    access: Callable[[str, Any, Tools], Access]


class Network(Struct, frozen=True):
    """A kind of service.

    `settings` checks what the operator wrote below a channel, without the keys that all channels share. `make` gets the
    channel's name, its checked settings and the tools; it opens nothing. `is_rehearsal`: posts are seen by the operator
    only. `example` is a channel as it stands in the settings file (YAML, below `channels:`). `needs` are sentences that
    say what the operator must have before, `cost` what the network charges, in words, `quotas` how many posts it takes.
    `sign_in` is there where a person gives access at a browser. `private` are settings under which only the account
    sees its posts; None: not possible.
    `has_digests`: a post may carry many items.
    """

    name: str
    title: str
    settings: type[BaseModel]
    make: Callable[[str, Any, Tools], Channel]  # Any: each network takes its own settings type
    example: str
    is_rehearsal: bool = False
    needs: tuple[str, ...] = ()
    cost: str = "free"
    sign_in: SignIn | None = None
    private: Mapping[str, object] | None = None
    has_digests: bool = False
    quotas: tuple[Quota, ...] = ()


def network_names() -> tuple[str, ...]:
    """Every network that can be configured, sorted."""
    return tuple(sorted({*NETWORKS, *_installed()}))


def network_of(name: str) -> Network:
    """The network of that name.

    Raises:
        ConfigError: there is none, or its package cannot be loaded.
    """
    if name in NETWORKS:
        module, _, attribute = NETWORKS[name].partition(":")
        network: Network = getattr(import_module(module), attribute)
        return network
    point = _installed().get(name)
    if point is None:
        known = ", ".join(network_names())
        likely = meant(name, network_names())
        remedy = f"write {likely}, or another of {known}" if likely else f"use one of {known}"
        raise _fault("E-NETWORK", f"`{name}` is no network", remedy)
    try:
        loaded = point.load()
    except (ImportError, AttributeError) as cause:
        remedy = "install it again or remove the channel"
        raise _fault("E-NETWORK-BROKEN", f"`{name}` cannot be loaded from {point.value}", remedy) from cause
    if not isinstance(loaded, Network):
        raise _fault("E-NETWORK-BROKEN", f"{point.value} is no network", "ask its author to offer a `Network` value")
    return loaded


def _installed() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _fault(code: str, problem: str, remedy: str) -> ConfigError:
    return ConfigError((Fault(path="settings", code=code, problem=problem, remedy=remedy, key="network"),))
