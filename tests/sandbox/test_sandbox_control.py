import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox_rig import Caller, post_record
from syndicate.sandbox.server import Running


async def test_the_truth_is_told_per_key_and_link(caller: Caller) -> None:
    await caller.status("One https://example.org/a", key="k1")
    await caller.status("One https://example.org/a", key="k1")
    truth = (await caller.control("GET", "/truth")).json

    assert truth["counts"] == {"mastodon": {"post": 1, "repeat": 1}}
    assert (truth["keys"][0]["key"], truth["links"][0]["link"]) == ("k1", "https://example.org/a")
    assert (truth["duplicates"], truth["pending_commits"]) == ([], 0)
    assert [entry["action"] for entry in truth["entries"]] == ["post", "repeat"]


async def test_the_truth_can_be_asked_for_one_network_and_without_entries(caller: Caller) -> None:
    await caller.status()
    await caller.webhook()

    one = (await caller.control("GET", "/truth?network=webhook")).json
    none = (await caller.control("GET", "/truth?account=other&entries=0")).json

    assert [entry["network"] for entry in one["entries"]] == ["webhook"]
    assert none["counts"] == {}
    assert "entries" not in none


async def test_the_log_can_be_had_as_lines(caller: Caller) -> None:
    await caller.status("One")
    await caller.status("Two")
    reply = await caller.control("GET", "/truth.jsonl")

    assert [json.loads(line)["text"] for line in reply.body.splitlines()] == ["One", "Two"]


async def test_a_plan_is_armed_shown_and_counted(caller: Caller) -> None:
    armed = await caller.plan({"network": "mastodon", "route": "post", "effect": "error_500_before"}, seed=7)
    failed = await caller.status()
    shown = (await caller.control("GET", "/plan")).json

    assert (armed.status, failed.status) == (200, 500)
    assert shown["seed"] == 7
    assert (shown["faults"][0]["effect"], shown["faults"][0]["fired"]) == ("error_500_before", 1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"faults": "none"},
        {"faults": ["none"]},
        {"faults": [{"network": "mastodon", "effect": "explode"}]},
        {"faults": [], "sed": 1},
        {"faults": [], "seed": "1"},
        [],
    ],
)
async def test_a_wrong_plan_is_refused_and_the_old_one_stays(caller: Caller, body: Any) -> None:
    await caller.plan({"network": "mastodon", "effect": "slow"})
    reply = await caller.control("POST", "/plan", json=body)

    assert reply.status == 400
    assert reply.json["error"]
    assert len((await caller.control("GET", "/plan")).json["faults"]) == 1


async def test_rules_are_shown_and_set(caller: Caller) -> None:
    changed = await caller.control("POST", "/rules", json={"max_media": 6})
    wrong = await caller.control("POST", "/rules", json={"max_medias": 6})

    assert changed.json == (await caller.control("GET", "/rules")).json
    assert changed.json["max_media"] == 6
    assert wrong.status == 400


@pytest.mark.parametrize(
    "body", [{}, {"advance_s": -1}, {"advance_s": "1"}, {"advance_s": 1, "x": 2}, {"advance_s": 1e20}, {"stops": 1}]
)
async def test_the_clock_goes_forward_only(caller: Caller, body: Any) -> None:
    assert (await caller.control("POST", "/clock", json=body)).status == 400
    assert (await caller.control("POST", "/clock", json={"advance_s": 1.5})).status == 200


async def test_a_stopped_clock_goes_forward_by_request_only(caller: Caller, sandbox: Running) -> None:
    first = await caller.control("POST", "/clock", json={"stops": True})
    second = await caller.control("POST", "/clock", json={"stops": True, "advance_s": 60})

    began = datetime.fromisoformat(first.json["now"])
    assert datetime.fromisoformat(second.json["now"]) == sandbox.ground.clock.now() == began + timedelta(seconds=60)
    assert sandbox.ground.clock.wall() > began


async def test_a_reset_forgets_posts_plan_rules_and_time(caller: Caller, sandbox: Running) -> None:
    await caller.status(key="k1")
    await caller.webhook()
    await caller.put(await caller.login(), post_record())
    await caller.plan({"network": "*", "route": "edit", "effect": "slow"})
    await caller.control("POST", "/rules", json={"max_media": 6})
    await caller.control("POST", "/clock", json={"advance_s": 99_999, "stops": True})
    await caller.control("POST", "/reset")

    assert len(sandbox.truth) == 0
    assert (await caller.control("GET", "/plan")).json["faults"] == []
    assert (await caller.control("GET", "/rules")).json["max_media"] == 4
    assert (sandbox.ground.clock.now() - sandbox.ground.clock.wall()).total_seconds() < 1
    await caller.status(key="k1")
    await caller.webhook()
    assert (len(sandbox.truth.posts("mastodon")), len(sandbox.truth.posts("webhook"))) == (1, 1)
