"""What an access may do, as each network tells it; nothing is posted to find out."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from channels.channel_rig import channel_of
from channels.scripted import NOW, Script, says
from syndicate.channels.bluesky_session import rights_in
from syndicate.channels.discord_rights import ADMINISTRATOR, NEEDED, Member, Overwrite, Role, named, permissions
from syndicate.channels.http import Web
from syndicate.errors import Unauthorized
from syndicate.ports.channel import Allowance, Channel, Rights, rights_among


def made(network: str, web: Web, **settings: object) -> Channel:
    return channel_of(network, settings, web, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("granted", "lacks"),
    [
        ((), ()),
        (("read", "write"), ()),
        (("read:statuses", "write:media"), ("write:statuses",)),
        (("read",), ("write:statuses", "write:media")),
    ],
)
def test_wide_scope_holds_the_narrow_ones(granted: tuple[str, ...], lacks: tuple[str, ...]) -> None:
    needed = ("read:statuses", "write:statuses", "write:media")

    assert rights_among(granted, needed) == Rights(granted, lacks)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"name": "x", "scopes": ["read", "write:statuses"]}, Rights(("read", "write:statuses"), ("write:media",))),
        ({"name": "x", "scopes": ["read", "write", "push"]}, Rights(("read", "write", "push"))),
        ({"name": "x"}, Rights()),  # before 4.3
    ],
)
async def test_mastodon_tells_what_the_app_may_ask_for(
    script: Script, web: Web, told: dict[str, object], expected: Rights
) -> None:
    script.will(says(200, told))

    assert await made("mastodon", web, instance=script.url, token="t").rights() == expected
    assert script.paths == ["GET /api/v1/apps/verify_credentials"]


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (
            {"status": "administrator", "can_post_messages": True, "can_edit_messages": False},
            Rights(("administrator", "can_post_messages")),
        ),
        ({"status": "administrator", "can_post_messages": False}, Rights(("administrator",), ("can_post_messages",))),
        ({"status": "member"}, Rights(("member",))),
        ({"status": "restricted", "can_send_messages": False}, Rights(("restricted",), ("can_send_messages",))),
        ({"status": "kicked"}, Rights((), ("membership in the chat",))),
    ],
)
async def test_telegram_tells_what_the_bot_may_do_in_the_chat(
    script: Script, web: Web, member: dict[str, object], expected: Rights
) -> None:
    script.will(says(200, {"ok": True, "result": member}))

    channel = made("telegram", web, token="424242:AAF-secret", chat="@marshnotes", api_url=script.url)

    assert await channel.rights() == expected
    assert script.heard[0].path.endswith("/getChatMember")
    assert script.heard[0].json == {"chat_id": "@marshnotes", "user_id": 424242}


async def test_slack_tells_the_scopes_with_its_first_answer(script: Script, web: Web) -> None:
    scopes = "chat:write,files:write, files:read,channels:history"
    who = {
        "ok": True,
        "url": "https://marsh.slack.com/",
        "team": "Marsh",
        "user": "news",
        "team_id": "T",
        "user_id": "U",
    }
    script.will(says(200, who, headers={"X-OAuth-Scopes": scopes}))
    channel = made("slack_bot", web, token="xoxb-secret", channel="C0123456789", api_url=script.url)

    await channel.open()

    assert (await channel.rights()).has == ("channels:history", "chat:write", "files:read", "files:write")


async def test_discord_reckons_with_roles_and_overwrites(script: Script, web: Web) -> None:
    channel = made("discord_bot", web, token="secret", channel="70", api_url=script.url)
    everything = str(sum(NEEDED.values()))
    place = {"id": "70", "guild_id": "1"}
    hidden = {"id": "8", "type": 0, "allow": "0", "deny": str(NEEDED["Attach Files"])}
    script.will(
        says(200, {"id": "9"}),
        says(200, place),
        says(200, {"roles": ["8"]}),
        says(200, [{"id": "1", "permissions": everything}, {"id": "8", "permissions": "0"}]),
        says(200, {**place, "permission_overwrites": [hidden]}),
    )

    await channel.open()

    assert (await channel.rights()).lacks == ("Attach Files",)
    assert script.paths[2:] == ["GET /guilds/1/members/9", "GET /guilds/1/roles", "GET /channels/70"]


async def test_discord_knows_no_roles_outside_of_a_guild(script: Script, web: Web) -> None:
    script.will(says(200, {"id": "9"}), says(200, {"id": "70"}))
    channel = made("discord_bot", web, token="secret", channel="70", api_url=script.url)

    await channel.open()

    assert not (await channel.rights()).is_told


VIEW, SEND = NEEDED["View Channel"], NEEDED["Send Messages"]


def role(name: str, bits: int) -> Role:
    return Role(id=name, permissions=bits)


def allowed(name: str, bits: int, *, is_member: bool = False) -> Overwrite:
    return Overwrite(id=name, type=int(is_member), allow=bits)


def denied(name: str, bits: int, *, is_member: bool = False) -> Overwrite:
    return Overwrite(id=name, type=int(is_member), deny=bits)


@pytest.mark.parametrize(
    ("roles", "overwrites", "expected"),
    [
        ((role("1", VIEW),), (), VIEW),
        ((role("1", VIEW), role("8", SEND)), (), VIEW | SEND),
        ((role("1", VIEW), role("7", SEND)), (), VIEW),
        ((role("1", VIEW),), (denied("1", VIEW),), 0),
        ((role("1", 0),), (allowed("8", VIEW), denied("1", VIEW)), VIEW),
        ((role("1", 0),), (denied("9", VIEW, is_member=True), allowed("8", VIEW)), 0),
        ((role("1", 0),), (allowed("7", VIEW), allowed("5", SEND, is_member=True)), 0),
    ],
)
def test_own_overwrites_come_after_those_of_roles(
    roles: tuple[Role, ...], overwrites: tuple[Overwrite, ...], expected: int
) -> None:
    assert permissions("1", "9", Member(roles=("8",)), roles, overwrites) == expected


def test_administrator_may_do_all() -> None:
    bits = permissions("1", "9", Member(), (role("1", ADMINISTRATOR),), (denied("1", VIEW),))

    assert named(bits) == (tuple(NEEDED), ())


def jwt(claims: object) -> str:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{part}.signature"


@pytest.mark.parametrize(
    ("token", "has", "has_excess"),
    [
        (jwt({"scope": "com.atproto.appPass"}), ("com.atproto.appPass",), False),
        (jwt({"scope": "com.atproto.appPassPrivileged"}), ("com.atproto.appPassPrivileged",), True),
        (jwt({"scope": "com.atproto.access"}), ("com.atproto.access",), True),
        (jwt({}), (), False),
        (jwt([1]), (), False),
        ("opaque", (), False),
        ("a.%%%.c", (), False),
    ],
)
def test_bluesky_tells_by_its_token_which_password_it_was(token: str, has: tuple[str, ...], has_excess: bool) -> None:
    rights = rights_in(token)

    assert (rights.has, bool(rights.excess)) == (has, has_excess)


LINKEDIN = {"author": "urn:li:person:news", "token": "canary-token", "client_id": "app"}


async def test_linkedin_tells_the_app_alone(script: Script, web: Web) -> None:
    script.will(says(200, {"active": True, "scope": "openid,profile"}))
    channel = made("linkedin", web, **LINKEDIN, client_secret="canary-secret", auth_url=script.url)

    rights = await channel.rights()

    assert (rights.has, rights.lacks) == (("openid", "profile"), ("w_member_social",))
    [heard] = script.heard
    assert heard.path == "/oauth/v2/introspectToken"
    assert parse_qs(heard.body.decode())["token"] == ["canary-token"]


async def test_linkedin_token_that_is_not_active_is_refused(script: Script, web: Web) -> None:
    script.will(says(200, {"active": False}))
    channel = made("linkedin", web, **LINKEDIN, client_secret="canary-secret", auth_url=script.url)

    with pytest.raises(Unauthorized, match="not active"):
        await channel.rights()


async def test_linkedin_without_a_secret_is_not_asked(script: Script, web: Web) -> None:
    assert await made("linkedin", web, **LINKEDIN, auth_url=script.url).rights() == Rights()
    assert script.heard == []


FACEBOOK = {"page": "102030405060708", "token": "canary-token", "client_id": "16"}


async def test_facebook_tells_the_app_alone(script: Script, web: Web) -> None:
    script.will(says(200, {"data": {"is_valid": True, "scopes": ["pages_show_list", "pages_manage_posts"]}}))
    channel = made("facebook", web, **FACEBOOK, client_secret="canary-secret", api_url=script.url)

    assert (await channel.rights()).lacks == ("pages_read_engagement",)
    asked = parse_qs(urlsplit(script.heard[0].path).query)
    assert asked == {"input_token": ["canary-token"], "access_token": ["16|canary-secret"]}


async def test_facebook_without_a_secret_is_not_asked(script: Script, web: Web) -> None:
    assert await made("facebook", web, **FACEBOOK, api_url=script.url).rights() == Rights()
    assert script.heard == []


@pytest.mark.parametrize(
    ("network", "settings"),
    [("x", {"account": "news"}), ("threads", {"account": "news"}), ("instagram", {"account": "news"})],
)
async def test_token_made_elsewhere_tells_nothing(web: Web, network: str, settings: dict[str, object]) -> None:
    assert await made(network, web, **settings, token="canary-token").rights() == Rights()


@pytest.mark.parametrize(
    ("network", "path"), [("instagram", "content_publishing_limit"), ("threads", "threads_publishing_limit")]
)
@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            [{"quota_usage": 4, "config": {"quota_total": 100, "quota_duration": 86400}}],
            Allowance(4, 100, timedelta(days=1)),
        ),
        ([], None),
    ],
)
async def test_meta_counts_the_posts_of_the_day(
    script: Script, web: Web, network: str, path: str, told: list[object], expected: Allowance | None
) -> None:
    me = {"id": "7", "user_id": "7", "username": "news"}
    script.will(says(200, me), says(200, {"data": told}))
    channel = made(network, web, account="news", token="canary-token", api_url=script.url)

    await channel.open()

    assert await channel.allowance() == expected
    assert script.paths[1].endswith(f"/7/{path}")
