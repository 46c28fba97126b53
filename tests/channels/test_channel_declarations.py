"""What every network must keep before any server was asked, driven by the table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from pydantic import ValidationError

from channels.channel_rig import CANARY, PUBLISHED, TRIALS, channel_of, example_of, picture, post
from sandbox_rig import image_bytes
from syndicate.channels.http import Web
from syndicate.channels.networks import network_names, network_of
from syndicate.items.item import Image
from syndicate.outbox.delivery import Action
from syndicate.ports.channel import Channel
from syndicate.posts.post import Post
from syndicate.sandbox.addresses import SandboxAddresses

NOWHERE = SandboxAddresses.at("http://127.0.0.1:9", 9)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PICTURES = (None, "image/jpeg", "image/png")
OPEN_ONLY = frozenset({"bluesky", "preview"})
"""Their payloads hold what a session or an upload gave: the contract of open channels has them."""


@pytest.fixture(params=sorted({*network_names()} - OPEN_ONLY))
def offline(request: pytest.FixtureRequest, tmp_path: Path) -> Channel:
    name: str = request.param
    return channel_at(name, tmp_path)


@pytest.fixture(params=network_names())
def network(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def settings(network: str, tmp_path: Path) -> dict[str, object]:
    return settings_of(network, tmp_path)


@pytest.fixture
def channel(network: str, tmp_path: Path) -> Channel:
    return channel_at(network, tmp_path)


def settings_of(network: str, folder: Path) -> dict[str, object]:
    return TRIALS[network](NOWHERE, folder) if network in TRIALS else example_of(network)


def channel_at(network: str, folder: Path) -> Channel:
    return channel_of(network, settings_of(network, folder), Web(), clock=lambda: NOW)


def illustrated(channel: Channel, media_type: str | None = "image/jpeg", **changes: object) -> Post:
    image = Image("a.jpg", "A heron") if media_type else None
    address = "https://feeds.example/media/a.jpg" if media_type else None
    given = {"image": image, "image_url": address, "brand": "The @Reed", "authors": ("Ada",), **changes}
    made = post(channel.wants, **given)
    wanted = media_type if channel.wants.image is not None and not channel.wants.image_by_address else None
    return replace(made, picture=picture(image_bytes(), wanted)) if wanted else made


def frozen(channel: Channel, made: Post) -> bytes:
    media = None if made.picture is None else "media-1"
    return channel.freeze(made, media, channel.key_of("uid", 0, PUBLISHED), NOW)


def test_unknown_settings_are_refused_without_repeating_them(network: str, settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as told:
        network_of(network).settings.model_validate({**settings, "no_such_setting": CANARY})

    assert [error["type"] for error in told.value.errors()] == ["extra_forbidden"]
    assert CANARY not in str(told.value)


def test_secrets_are_hidden(network: str, settings: dict[str, object], channel: Channel) -> None:
    checked = network_of(network).settings.model_validate(settings)

    assert CANARY not in f"{checked!r} {checked} {checked.model_dump_json()}"
    assert CANARY not in f"{channel!r} {channel.name} {channel.account} {channel.app}"


def test_a_channel_knows_its_place(channel: Channel, network: str) -> None:
    assert (channel.name, channel.network) == ("news", network)
    assert channel.account
    assert Action.POST in channel.abilities


def test_keys_are_of_the_delivery_alone(channel: Channel) -> None:
    key = channel.key_of("a" * 32, 0, PUBLISHED)

    assert key == channel.key_of("a" * 32, 0, PUBLISHED)
    assert len({key, channel.key_of("b" * 32, 0, PUBLISHED), channel.key_of("a" * 32, 1, PUBLISHED)}) == 3


@pytest.mark.parametrize("media_type", PICTURES)
def test_payloads_are_the_same_bytes_again_and_hold_no_secret(offline: Channel, media_type: str | None) -> None:
    if media_type is None and offline.wants.needs_image:
        pytest.skip("takes no post without a picture")
    payload = frozen(offline, illustrated(offline, media_type))

    assert payload == frozen(offline, illustrated(offline, media_type))
    assert CANARY.encode() not in payload


def test_networks_that_make_cards_of_pages_say_so(tmp_path: Path) -> None:
    """Source: documentation of each, on link previews; others are told the card, or show none. Read 2026-11."""
    reading = {name for name in network_names() if channel_at(name, tmp_path).wants.reads_page}

    assert reading == {"facebook", "mastodon", "telegram", "threads", "x"}
