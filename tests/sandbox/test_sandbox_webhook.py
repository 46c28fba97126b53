import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Signer

from sandbox_rig import Caller
from syndicate.sandbox.addresses import WEBHOOK_SECRET
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action
from syndicate.sandbox.webhook import check_signature
from syndicate.sandbox.wire import Refusal


def event(kind: str = "item.published", **data: Any) -> bytes:
    return json.dumps({"type": kind, "timestamp": "2026-01-02T03:04:05Z", "data": data}).encode()


async def test_a_signed_event_is_taken_and_logged(caller: Caller, sandbox: Running) -> None:
    reply = await caller.webhook(body=event(title="Hello", url="https://example.org/a"))

    assert (reply.status, reply.json) == (200, {"id": "evt_1", "status": "accepted"})
    (entry,) = sandbox.truth
    assert (entry.action, entry.key, entry.account) == (Action.POST, "evt_1", "news")
    assert (entry.text, entry.link) == ("Hello", "https://example.org/a")


async def test_the_signature_of_an_independent_library_is_taken(caller: Caller, sandbox: Running) -> None:
    body, now = event(), datetime.now(UTC)
    headers = {
        "webhook-id": "evt_9",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(WEBHOOK_SECRET).sign("evt_9", now, body.decode()),
    }
    reply = await caller.send("POST", f"{sandbox.addresses.webhook_url}/news", data=body, headers=headers)

    assert reply.status == 200


def test_the_published_vector_passes() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret, at = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.fromtimestamp(1614265330, UTC)

    check_signature(headers, b'{"test": 2432232314}', secret, at)

    with pytest.raises(Refusal):
        check_signature(headers, b'{"test": 2432232315}', secret, at)


async def test_the_same_id_is_taken_once_even_at_the_same_moment(caller: Caller, sandbox: Running) -> None:
    replies = await asyncio.gather(*(caller.webhook() for _ in range(5)))

    assert sorted(reply.json["status"] for reply in replies) == ["accepted"] + ["duplicate"] * 4
    assert [entry.action for entry in sandbox.truth] == [Action.POST] + [Action.REPEAT] * 4


async def test_each_endpoint_has_its_own_ids(caller: Caller, sandbox: Running) -> None:
    await caller.webhook(name="one")
    await caller.webhook(name="two")

    assert len(sandbox.truth.posts("webhook")) == 2
    assert len(sandbox.truth.posts("webhook", "one")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "whsec_" + "A" * 32},
        {"later_s": -400},
        {"later_s": 400},
        {"headers": {"webhook-timestamp": "soon"}},
        {"headers": {"webhook-timestamp": "9" * 4301}},
        {"headers": {"webhook-signature": ""}},
        {"headers": {"webhook-signature": "v1,not base64"}},
        {"headers": {"webhook-signature": "v1a,AAAA"}},
        {"headers": {"webhook-id": "other"}},
    ],
)
async def test_a_wrong_signature_is_refused(caller: Caller, sandbox: Running, changes: dict[str, Any]) -> None:
    reply = await caller.webhook(**changes)

    assert reply.status == 401
    assert len(sandbox.truth) == 0


async def test_one_of_several_signatures_is_enough(caller: Caller, sandbox: Running) -> None:
    now = datetime.now(UTC)
    right = Signer(WEBHOOK_SECRET).sign("evt_1", now, event().decode())
    headers = {"webhook-timestamp": str(int(now.timestamp())), "webhook-signature": f"v1,AAAA v2,x {right}"}
    reply = await caller.webhook(body=event(), at=now.timestamp(), headers=headers)

    assert reply.status == 200


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"{}", b'{"type": "a", "timestamp": "b", "data": 5}', b'{"type": 1, "timestamp": "b", "data": {}}'],
)
async def test_a_body_that_is_no_event_is_refused(caller: Caller, body: bytes) -> None:
    assert (await caller.webhook(body=body)).status == 400


async def test_a_body_without_measure_is_refused(caller: Caller) -> None:
    assert (await caller.webhook(body=event(text="a" * 300_000))).status == 413


@pytest.mark.parametrize(
    ("kind", "action"),
    [("item.published", Action.POST), ("item.updated", Action.EDIT), ("item.withdrawn", Action.DELETE)],
)
async def test_the_type_tells_the_action(caller: Caller, sandbox: Running, kind: str, action: Action) -> None:
    await caller.webhook(body=event(kind, item={"url": "https://example.org/b"}))

    (entry,) = sandbox.truth
    assert (entry.action, entry.link) == (action, "https://example.org/b")
