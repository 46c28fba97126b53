"""A picture that a network refuses costs the picture, not the post: a lane, each network on the wire, and its no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from channels.channel_rig import CANARY, channel_of
from channels.mailbox import mailbox
from channels.scripted import NOW, Script, says
from deliver_rig import FREE, Clock, HookedOutbox, acceptance, item, lane_of
from syndicate.attempt import AttemptRules
from syndicate.channels.http import Web
from syndicate.deliver import LaneRules
from syndicate.draft import DraftRules
from syndicate.items.item import Image
from syndicate.outbox.delivery import State
from syndicate.outbox.plan import ChannelPlan
from syndicate.outbox.reasons import Reason
from syndicate.ports.channel import Channel
from syndicate.posts.card import CardRules
from syndicate.posts.post import ImageRules, Picture

ADDRESS = "https://pictures.example/heron.png"
PAGE = "102030405060708"
ID = "1234567890"
SECRET_PATH = "hooks/the-secret-part"  # an address
RULES = LaneRules(AttemptRules(DraftRules(CardRules())), FREE)


@dataclass(frozen=True)
class Pictures:
    """One picture, whatever is asked for."""

    content: bytes = b"\x89PNG heron"

    async def picture(self, image: Image, rules: ImageRules) -> Picture:
        return Picture(self.content, "image/png", 400, 300, image.alt)


@dataclass(frozen=True)
class Case:
    """A network's settings, and what its server answers: at the door, to a post with a picture, to one without.

    `mark` is in the request of a post with a picture; `URL` in settings and answers is the server's address.
    """

    settings: Mapping[str, object]
    door: tuple[bytes, ...]
    refused: tuple[bytes, ...]
    taken: tuple[bytes, ...]
    mark: bytes
    steps: int = 2


def ok(**more: object) -> bytes:
    return says(200, {"ok": True, **more})


UPLOADED_TO_SLACK = (
    ok(upload_url="URL/upload", file_id="F1"),
    says(200),
    ok(),
    ok(file={"mimetype": "image/png"}),
)
TELEGRAM_SENT = ok(result={"message_id": 7, "chat": {"id": -1001}})
DISCORD_NO = says(400, {"code": 50035, "message": "Invalid Form Body"})
DISCORD_SENT = says(200, {"id": ID, "channel_id": "2"})
DID = "did:plc:herons"
SESSION = {"did": DID, "accessJwt": "a", "refreshJwt": "r"}

CASES: Mapping[str, Case] = {
    "mastodon": Case(
        {"instance": "URL", "token": CANARY},
        (says(200, {"version": "4.5.0", "source_url": "https://github.com/mastodon/mastodon"}), says(200, {"id": "1"})),
        (says(200, {"id": "71"}), says(422, {"error": "Validation failed"}), says(200, {"id": "71"})),
        (says(200, {"id": "9", "url": "https://social.example/9"}),),
        b'"media_ids":["71"]',
    ),
    "bluesky": Case(
        {"service": "URL", "identifier": "news.test", "password": CANARY},
        (says(200, SESSION), says(200, {"did": DID})),
        (says(200, {"blob": {"$type": "blob", "ref": "b71"}}), says(400, {"error": "InvalidMimeType"})),
        (says(200, {"uri": f"at://{DID}/app.bsky.feed.post/3k2"}),),
        b'"thumb"',
    ),
    "discord": Case(
        {"url": f"URL/api/webhooks/{ID}/the-secret-part"},
        (says(200, {"guild_id": "1"}),),
        (DISCORD_NO,),
        (DISCORD_SENT,),
        b"PNG heron",
    ),
    "discord_bot": Case(
        {"api_url": "URL", "token": CANARY, "channel": "2"},
        (says(200, {"id": "1"}), says(200, {"guild_id": "1"})),
        (DISCORD_NO,),
        (DISCORD_SENT,),
        b"PNG heron",
    ),
    "slack": Case(
        {"url": f"URL/{SECRET_PATH}"}, (), (says(400, b"invalid_blocks"),), (says(200, b"ok"),), ADDRESS.encode()
    ),
    "slack_bot": Case(
        {"api_url": "URL", "token": CANARY, "channel": "CNEWS"},
        (ok(url="https://marsh.slack.com/"),),
        (*UPLOADED_TO_SLACK, says(200, {"ok": False, "error": "invalid_blocks"})) * 2,
        (ok(channel="CNEWS", ts="1.2"),),
        b'"slack_file"',
        steps=3,
    ),
    "telegram": Case(
        {"api_url": "URL", "token": f"1:{CANARY}", "chat": "@marshnotes", "attach": "image"},
        (ok(result={}), ok(result={})),
        (says(400, {"ok": False, "error_code": 400, "description": "Bad Request: IMAGE_PROCESS_FAILED"}),),
        (TELEGRAM_SENT,),
        b"PNG heron",
    ),
    "teams": Case(
        {"url": f"URL/{SECRET_PATH}"}, (), (says(400, {"error": "no card"}),), (says(202),), ADDRESS.encode()
    ),
    "facebook": Case(
        {"api_url": "URL", "page": PAGE, "token": CANARY, "attach": "image"},
        (says(200, {"id": PAGE}),),
        (says(200, {"id": "71"}), says(400, {"error": {"code": 100, "message": "Invalid parameter"}})),
        (says(200, {"id": f"{PAGE}_1"}),),
        b"media_fbid",
    ),
    "linkedin": Case(
        {"api_url": "URL", "author": "urn:li:organization:2414183", "token": CANARY},
        (says(403),),
        (
            says(200, {"value": {"uploadUrl": "URL/up", "image": "urn:li:image:71"}}),
            says(201),
            says(200, {"status": "AVAILABLE"}),
            says(400, {"message": "thumbnail is not valid"}),
        ),
        (says(201, headers={"x-restli-id": "urn:li:share:1"}),),
        b"urn:li:image:71",
    ),
    "threads": Case(
        {"api_url": "URL", "account": "marshnotes", "token": CANARY, "attach": "image"},
        (says(200, {"id": "1", "username": "marshnotes"}),),
        (says(200, {"data": []}), says(200, {"id": "5"}), says(200, {"status": "ERROR"})),
        (
            says(200, {"data": []}),
            says(200, {"id": "6"}),
            says(200, {"status": "FINISHED"}),
            says(200, {"id": "7"}),
            says(200, {"permalink": "https://www.threads.net/@marshnotes/post/DB"}),
        ),
        b"image_url=",
    ),
    "x": Case(
        {"api_url": "URL", "account": "marshnotes", "token": CANARY, "attach": "image"},
        (says(200, {"data": {"id": "1", "username": "marshnotes"}}),),
        (says(200, {"data": {"id": "71"}}), says(200), says(400, {"detail": "Your media IDs are invalid."})),
        (says(201, {"data": {"id": "9"}}),),
        b'"media_ids":["71"]',
    ),
}


async def steps(channel: Channel, outbox: HookedOutbox, pictures: Pictures, most: int) -> list[State | None]:
    """What becomes of a post with a picture, step by step."""
    plan = ChannelPlan(channel.name, channel.account)
    await outbox.accept(acceptance(item(image=Image(ADDRESS, "A heron")), channel=plan), NOW)
    lane = lane_of(channel, outbox, pictures, RULES, Clock(NOW))
    settled = [await lane.step() for _ in range(most)]
    return [None if one is None else one.step.state for one in settled]


@pytest.mark.parametrize("network", CASES)
async def test_a_post_whose_picture_is_refused_goes_out_without_it(
    network: str, script: Script, web: Web, tmp_path: Path
) -> None:
    case = CASES[network]
    url = script.url.encode()
    script.will(*(_here(answer, url) for answer in (*case.door, *case.refused, *case.taken)))
    settings = {name: str(value).replace("URL", script.url) for name, value in case.settings.items()}
    channel = channel_of(network, settings, web, clock=lambda: NOW)

    async with HookedOutbox(tmp_path / "outbox.sqlite3") as outbox:
        states = await steps(channel, outbox, Pictures(), case.steps)

    assert states == [State.PLANNED] * (case.steps - 1) + [State.SENT]
    assert script.answers == []
    pictured = [case.mark in heard.body for heard in script.heard if heard.method == "POST"]
    assert (sum(pictured), pictured[-1]) == (case.steps - 1, False)


def _here(answer: bytes, url: bytes) -> bytes:
    """The answer with the server's address in it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    body = body.replace(b"URL", url)
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body)]) + b"\r\n\r\n" + body


async def test_a_message_that_is_too_large_with_its_picture_goes_out_without_it(web: Web, tmp_path: Path) -> None:
    async with mailbox(size=40_000) as box, HookedOutbox(tmp_path / "outbox.sqlite3") as outbox:
        settings = {"host": "127.0.0.1", "port": box.port, "security": "none", "sender": "news@site.example"}
        channel = channel_of("email", {**settings, "to": "readers@lists.example"}, web, clock=lambda: NOW)

        states = await steps(channel, outbox, Pictures(b"\x89PNG" * 20_000), 2)

    assert states == [State.PLANNED, State.SENT]
    assert len(box.envelopes) == 1


async def test_instagram_takes_no_post_whose_picture_it_refuses(script: Script, web: Web, tmp_path: Path) -> None:
    script.will(says(200, {"user_id": "1", "username": "marshnotes"}), says(200, {"data": []}), says(200, {"id": "5"}))
    script.will(says(200, {"status_code": "ERROR", "status": "the aspect ratio is not supported"}))
    settings = {"api_url": script.url, "account": "marshnotes", "token": CANARY}
    channel = channel_of("instagram", settings, web, clock=lambda: NOW)

    async with HookedOutbox(tmp_path / "outbox.sqlite3") as outbox:
        states = await steps(channel, outbox, Pictures(), 2)
        [left] = await outbox.deliveries()

    assert states == [State.FAILED, None]
    assert left.code is Reason.REFUSED and "aspect ratio" in left.reason
