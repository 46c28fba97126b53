"""What every network must keep, driven by the table: a new one is held to it by its line in `TRIALS` alone."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from channels.channel_rig import CANARY, PUBLISHED, TRIALS, KeptTokens, channel_of, picture, post
from channels.shared_sandbox import SharedSandbox
from channels.trials import PICTURED, SLOW_MS, attempt, frozen, hurried, posts_in
from sandbox_rig import image_bytes
from syndicate.channels.http import Web
from syndicate.channels.networks import NETWORKS, network_of
from syndicate.errors import Duplicate, NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Evidence
from syndicate.ports.channel import Channel
from syndicate.sandbox.addresses import WEBHOOK_SECRET
from syndicate.sandbox.faults import Effect, InjectedFault
from syndicate.sandbox.wire import RouteKind

READABLE = {Evidence.READS_OWN, Evidence.BY_KEY}
# A late commit needs the outbox's patience; the simulator of the outbox has it.
EFFECTS = [effect for effect in Effect if effect is not Effect.LATE_COMMIT]


def told_by(error: BaseException) -> str:
    """All that a log may print of an error."""
    return "".join(traceback.format_exception(error)) + repr(error)


def test_every_network_has_a_trial_account() -> None:
    assert {trial.partition(" ")[0] for trial in TRIALS} == set(NETWORKS)


def test_the_example_is_a_valid_channel(network: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(WEBHOOK_SECRET)
    secret.chmod(0o600)

    [written] = yaml.safe_load(network_of(network).example).values()

    assert written.pop("network") == network
    network_of(network).settings.model_validate(
        {key: str(secret) if key.endswith("_file") else value for key, value in written.items()}
    )


def test_settings_refuse_what_they_do_not_know(network: str, settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as told:
        network_of(network).settings.model_validate({**settings, "no_such_setting": CANARY})

    assert [error["type"] for error in told.value.errors()] == ["extra_forbidden"]
    assert CANARY not in str(told.value)


def test_settings_have_a_schema_for_editors(network: str) -> None:
    schema = network_of(network).settings.model_json_schema()

    assert schema["additionalProperties"] is False


def test_settings_and_channel_hide_their_secrets(network: str, settings: dict[str, object]) -> None:
    checked = network_of(network).settings.model_validate(settings)

    assert CANARY not in f"{checked!r} {checked} {checked.model_dump_json()}"
    assert WEBHOOK_SECRET not in f"{checked!r} {checked} {checked.model_dump_json()}"


async def test_a_channel_knows_its_place_without_a_connection(closed: Channel, network: str) -> None:
    before = closed.account

    await closed.open()

    assert (closed.name, closed.network) == ("news", network)
    assert closed.account == before != ""
    assert CANARY not in f"{closed!r} {before}"
    assert closed.is_rehearsal is network_of(network).is_rehearsal


async def test_a_closed_channel_promises_no_more_than_an_open_one(closed: Channel) -> None:
    before = closed.guarantee.key_window or timedelta(0)

    await closed.open()

    assert before <= (closed.guarantee.key_window or timedelta(0))


async def test_keys_are_names(channel: Channel) -> None:
    key = channel.key_of("a" * 32, 0, PUBLISHED)

    assert key == channel.key_of("a" * 32, 0, PUBLISHED)
    assert key != channel.key_of("b" * 32, 0, PUBLISHED)
    assert key != channel.key_of("a" * 32, 1, PUBLISHED)
    assert len({channel.key_of(f"{number:032x}", 0, PUBLISHED) for number in range(3000)}) == 3000


async def test_the_payload_is_the_same_bytes_again(channel: Channel) -> None:
    payload, key = await frozen(channel)
    now = datetime.now(UTC)
    made = post(channel.wants, **PICTURED)

    assert channel.freeze(made, None, key, now) == channel.freeze(made, None, key, now)
    assert CANARY.encode() not in payload


async def test_the_same_request_again_makes_one_post_or_tells_of_two(channel: Channel, shared: SharedSandbox) -> None:
    payload, key = await frozen(channel)

    first = await channel.publish(payload, key)
    refusal, again = await attempt(channel, payload, key)

    count = posts_in(shared, channel)
    assert first.remote_id
    assert first.at.tzinfo is not None
    assert first.url is None or first.url.startswith(("http://", "https://", "file://"))
    if again is None:
        assert (count, isinstance(refusal, Unknown)) == (1, False)
    elif channel.guarantee.key_window is not None:
        assert (count, again.remote_id) == (1, first.remote_id)
    elif first.remote_id == key:  # the network names no post
        assert count == 2
    else:
        assert count == len({first.remote_id, again.remote_id})


async def test_a_refusal_of_the_same_post_names_it_or_nothing(channel: Channel) -> None:
    payload, key = await frozen(channel)
    first = await channel.publish(payload, key)

    refusal, _ = await attempt(channel, payload, key)

    if isinstance(refusal, Duplicate):
        assert refusal.remote_id in (None, first.remote_id)
    assert isinstance(refusal, Duplicate) or channel.guarantee.evidence is not Evidence.DUPLICATE_REFUSAL


async def test_another_post_is_another_post(channel: Channel, shared: SharedSandbox) -> None:
    for number in (1, 2):
        await channel.publish(*await frozen(channel, number))

    assert posts_in(shared, channel) == 2


async def test_what_was_posted_is_found_again_and_nothing_else(channel: Channel) -> None:
    payload, key = await frozen(channel)
    since = datetime.now(UTC)
    if channel.guarantee.evidence not in READABLE:
        with pytest.raises(NetworkError):
            await channel.find(payload, key, since)
        return

    assert await channel.find(payload, key, since) is None
    receipt = await channel.publish(payload, key)
    found = await channel.find(payload, key, since)

    assert found is not None
    assert (found.remote_id, found.url is None) == (receipt.remote_id, receipt.url is None)
    assert await channel.find(*await frozen(channel, 2), since) is None


@pytest.mark.parametrize("effect", EFFECTS)
async def test_a_post_that_may_be_there_is_never_called_not_done(
    channel: Channel, shared: SharedSandbox, effect: Effect
) -> None:
    payload, key = await frozen(channel)
    shared.arm(
        InjectedFault(
            network="*" if channel.is_rehearsal else channel.network,
            route=RouteKind.POST,
            effect=effect,
            delay_ms=SLOW_MS,
        )
    )

    outcome, _ = await hurried(shared, effect, attempt(channel, payload, key))

    assert shared.fired() or channel.is_rehearsal
    if outcome is None:
        assert posts_in(shared, channel) == 1, "told as sent, but not there"
    elif not isinstance(outcome, Unknown):
        assert posts_in(shared, channel) == 0, f"there, but told as not done: {outcome}"
    assert outcome is None or CANARY not in told_by(outcome)
    if channel.guarantee.key_window is not None:
        shared.arm()
        # The first may still meet the connection that the fault has cut.
        (_, first), (_, second) = [await attempt(channel, payload, key) for _ in range(2)]
        assert first or second
        assert posts_in(shared, channel) == 1


@pytest.mark.parametrize("route", [RouteKind.SESSION, RouteKind.READ])
@pytest.mark.parametrize("effect", EFFECTS)
async def test_a_door_that_does_not_open_is_tried_again(
    closed: Channel, shared: SharedSandbox, effect: Effect, route: RouteKind
) -> None:
    shared.arm(InjectedFault(network="*", route=route, effect=effect, delay_ms=SLOW_MS))

    try:
        await hurried(shared, effect, closed.open())
    except (Transient, RateLimited, Unauthorized) as told:
        assert CANARY not in told_by(told)

    shared.arm()
    await closed.open()


@pytest.mark.parametrize("effect", EFFECTS)
async def test_what_comes_before_the_post_is_never_in_doubt(
    channel: Channel, shared: SharedSandbox, effect: Effect
) -> None:
    shared.arm(InjectedFault(network="*", route=RouteKind.MEDIA, effect=effect, delay_ms=SLOW_MS))

    try:
        await hurried(shared, effect, frozen(channel))
    except NetworkError as told:
        assert not isinstance(told, Unknown)
        assert CANARY not in told_by(told)

    shared.arm()
    assert await channel.publish(*await frozen(channel))
    assert posts_in(shared, channel) == 1


async def test_a_picture_that_is_not_wanted_is_refused(channel: Channel) -> None:
    if channel.wants.image is None:
        with pytest.raises(Rejected):
            await channel.upload(picture(image_bytes()))


async def test_a_kept_session_is_used_by_the_next_process(
    network: str, settings: dict[str, object], shared: SharedSandbox
) -> None:
    tokens = KeptTokens()
    for number in (1, 2):
        async with Web() as web:
            channel = channel_of(network, settings, web, tokens=tokens)
            await channel.open()
            await channel.publish(*await frozen(channel, number))

    assert posts_in(shared, channel) == 2
    assert len(tokens.writes) <= 1
