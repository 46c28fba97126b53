"""Access by OAuth 2: kept before it is used, renewed in time, once for all, and told when a person is needed."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from pydantic import ValidationError
from structlog.testing import capture_logs

from channels.channel_rig import KeptTokens
from channels.token_endpoint import TokenEndpoint, token_endpoint
from syndicate.channels.http import Answer, Web
from syndicate.channels.networks import Tools
from syndicate.channels.oauth import Access, Grant, Terms, access_of
from syndicate.channels.oauth_app import App, AppSettings, TokenAnswer
from syndicate.errors import Transient, Unauthorized
from syndicate.ports.channel import Standing

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
NAME = "x/app/news"


@dataclass
class Rig:
    """One account at a token endpoint, at a time that the test sets."""

    endpoint: TokenEndpoint
    web: Web
    tokens: KeptTokens = field(default_factory=KeptTokens)
    now: datetime = START

    @property
    def tools(self) -> Tools:
        return Tools(self.web, self.tokens, lambda: self.now)

    @property
    def app(self) -> App:
        return App(f"{self.endpoint.url}/token", "app", "secret-canary")

    def access(self, *, tools: Tools | None = None) -> Access:
        tools = tools or self.tools
        renew = self.app.renewal(tools, remedy="sign in")
        return Access(Terms(NAME, "news", renew=renew), tools)

    async def sign_in(self, *, lasts: timedelta | None = timedelta(hours=2), **more: datetime) -> None:
        end = None if lasts is None else self.now + lasts
        grant = Grant(
            access=self.endpoint.access,
            refresh=self.endpoint.refresh,
            issued_at=self.now,
            expires_at=end,
            who="@news",
            **more,  # type: ignore[arg-type]  # dates only
        )
        await self.access().keep(grant)
        self.tokens.writes.clear()

    async def call(self, access: Access) -> Answer:
        async def send(token: str) -> Answer:
            headers = {"Authorization": f"Bearer {token}"}
            return await self.web.call("GET", f"{self.endpoint.url}/api", headers=headers, is_repeatable=True)

        return await access.ask(send)


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[Rig]:
    async with token_endpoint() as endpoint, Web() as web:
        yield Rig(endpoint, web)


async def test_a_hundred_calls_refused_at_once_renew_once(rig: Rig) -> None:
    rig.endpoint.all_here = asyncio.Barrier(100)
    await rig.sign_in()
    kept = json.loads(rig.tokens.kept[NAME])
    kept["current"]["access"] = "withdrawn-canary"
    rig.tokens.kept[NAME] = json.dumps(kept)
    access = rig.access()

    answers = await asyncio.gather(*(rig.call(access) for _ in range(100)))

    assert {answer.status for answer in answers} == {200}
    assert len(rig.endpoint.refreshes) == 1
    assert rig.endpoint.calls == 200


async def test_the_new_pair_is_kept_before_it_is_used_and_the_old_beside_it(rig: Rig) -> None:
    await rig.sign_in()
    rig.now += timedelta(hours=1, minutes=58)
    seen: list[int] = []

    async def send(token: str) -> Answer:
        seen.append(len(rig.tokens.writes))
        assert json.loads(rig.tokens.kept[NAME])["current"]["access"] == token
        return Answer("GET x", 200, {}, b"")

    await rig.access().ask(send)

    kept = json.loads(rig.tokens.kept[NAME])
    assert seen == [1]
    assert (kept["current"]["refresh"], kept["previous"]["refresh"]) == ("refresh-canary-1", "refresh-canary-0")
    assert kept["current"]["who"] == "@news"
    assert kept["current"]["scopes"] == ["a", "b"]


async def test_the_former_pair_helps_where_the_new_one_never_worked(rig: Rig) -> None:
    await rig.sign_in()
    kept = json.loads(rig.tokens.kept[NAME])
    lost = {**kept["current"], "access": "lost-canary", "refresh": "lost-refresh-canary"}
    rig.tokens.kept[NAME] = json.dumps({"current": lost, "previous": kept["current"]})

    assert (await rig.call(rig.access())).status == 200
    assert [one["refresh_token"] for one in rig.endpoint.refreshes] == ["lost-refresh-canary", "refresh-canary-0"]


async def test_a_refused_renewal_asks_for_a_person_and_asks_the_network_no_more(rig: Rig) -> None:
    await rig.sign_in()
    rig.endpoint.refuses = True
    rig.now += timedelta(hours=3)
    access = rig.access()

    for _ in range(3):
        with pytest.raises(Unauthorized, match="syndicate auth news") as told:
            await rig.call(access)
        assert "canary" not in str(told.value)

    assert len(rig.endpoint.refreshes) == 1
    assert rig.endpoint.calls == 0


async def test_a_new_sign_in_by_another_process_is_taken_up(rig: Rig) -> None:
    await rig.sign_in()
    rig.endpoint.refuses = True
    rig.now += timedelta(hours=3)
    access = rig.access()
    with pytest.raises(Unauthorized):
        await rig.call(access)
    rig.endpoint.number = 7

    await rig.sign_in()

    assert (await rig.call(access)).status == 200
    assert len(rig.endpoint.refreshes) == 1


async def test_a_sign_in_elsewhere_is_seen_before_anything_is_renewed(rig: Rig) -> None:
    await rig.sign_in()
    access = rig.access()
    await rig.call(access)
    rig.endpoint.number = 3

    await rig.sign_in()

    assert (await rig.call(access)).status == 200
    assert rig.endpoint.refreshes == []


async def test_a_failed_renewal_is_no_failure_while_the_token_lasts(rig: Rig) -> None:
    await rig.sign_in()
    rig.endpoint.fails = True
    rig.now += timedelta(hours=1, minutes=57)
    access = rig.access()

    with capture_logs() as logs:
        answers = [await rig.call(access) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert len(rig.endpoint.refreshes) == 1
    assert [entry["event"] for entry in logs] == ["renewal_failed"]
    rig.now += timedelta(minutes=4)
    with pytest.raises(Transient):
        await rig.call(access)


async def test_a_renewal_outlives_the_one_who_asked_for_it(rig: Rig) -> None:
    await rig.sign_in()
    rig.now += timedelta(hours=3)
    access = rig.access()
    call = asyncio.create_task(rig.call(access))
    await rig.endpoint.asked.wait()

    call.cancel()
    await access.settled()

    assert json.loads(rig.tokens.kept[NAME])["current"]["access"] == rig.endpoint.access == "access-canary-1"


async def test_nobody_signed_in_is_told_with_the_way_out(rig: Rig) -> None:
    access = rig.access()

    with pytest.raises(Unauthorized, match=r"news: nobody is signed in; sign in by `syndicate auth news`"):
        await access.token()

    assert await access.standing() == Standing()


async def test_what_another_version_kept_is_nothing(rig: Rig) -> None:
    rig.tokens.kept[NAME] = '{"access": 1}'

    with pytest.raises(Unauthorized):
        await rig.access().token()


async def test_a_given_token_is_used_as_it_is_and_never_renewed(rig: Rig) -> None:
    access = Access(Terms(NAME, "news", given="given-canary"), rig.tools)

    assert (await rig.call(access)).status == 401
    assert access.remedy == "make a new access token and set it as `token` of `news`"
    assert rig.tokens.writes == []
    await access.settled()


async def test_the_end_of_an_access_is_told_days_before_once_a_day(rig: Rig) -> None:
    await rig.sign_in(lasts=timedelta(days=60))
    tools = rig.tools
    access = Access(Terms(NAME, "news"), tools)
    end = START + timedelta(days=60)

    with capture_logs() as logs:
        for day in (50, 54, 54, 55):
            rig.now = START + timedelta(days=day)
            await access.token()

    assert [(entry["event"], entry["until"]) for entry in logs] == [("access_ends", str(end))] * 2
    assert await access.standing() == Standing("@news", (), end)
    rig.now = end
    with pytest.raises(Unauthorized, match="has ended"):
        await access.token()


async def test_an_access_that_renews_itself_ends_only_when_its_refresh_token_does(rig: Rig) -> None:
    await rig.sign_in()
    assert (await rig.access().standing()).until is None
    await rig.sign_in(ends_at=START + timedelta(days=365))
    assert (await rig.access().standing()).until == START + timedelta(days=365)


async def test_a_young_token_is_not_renewed(rig: Rig) -> None:
    await rig.sign_in(lasts=timedelta(hours=2))
    terms = Terms(
        NAME, "news", renew=rig.app.renewal(rig.tools, remedy=""), early=timedelta(days=30), youngest=timedelta(days=1)
    )

    assert await Access(terms, rig.tools).token() == "access-canary-0"
    assert rig.endpoint.refreshes == []


async def test_channels_of_one_account_share_its_access(rig: Rig) -> None:
    tools = rig.tools

    one, other = (access_of(Terms(NAME, channel), tools) for channel in ("news", "more_news"))

    assert one is other
    assert access_of(Terms("x/app/other", "other"), tools) is not one


async def test_a_grant_without_a_refresh_token_cannot_be_renewed(rig: Rig) -> None:
    with pytest.raises(Unauthorized, match="no refresh token; sign in"):
        await rig.app.renewal(rig.tools, remedy="sign in")(Grant(access="a", issued_at=START))


@pytest.mark.parametrize("has_basic", [True, False])
async def test_an_app_names_itself_as_its_network_wants(rig: Rig, has_basic: bool) -> None:
    app = App(f"{rig.endpoint.url}/token", "app id", "secret-canary", has_basic)

    grant = await app.ask({"grant_type": "refresh_token", "refresh_token": "refresh-canary-0"}, rig.tools, remedy="")

    [form], [headers] = rig.endpoint.refreshes, rig.endpoint.headers
    assert form["client_id"] == "app id"
    assert ("client_secret" in form) is not has_basic
    pair = "Basic " + base64.b64encode(b"app%20id:secret-canary").decode()
    assert headers.get("Authorization") == (pair if has_basic else None)
    assert grant.expires_at == START + timedelta(seconds=7200)
    assert "canary" not in repr(grant) + repr(app)


@pytest.mark.parametrize(
    ("scope", "scopes"), [("a b", ("a", "b")), ("a,b", ("a", "b")), (["a", "b"], ("a", "b")), (None, ())]
)
def test_scopes_come_in_several_spellings(scope: object, scopes: tuple[str, ...]) -> None:
    answer = TokenAnswer.model_validate({"access_token": "t", "scope": scope, "expires_in": 0})

    assert answer.grant(START).scopes == scopes
    assert answer.grant(START).expires_at is None


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({}, "set `client_id` and sign in"),
        ({"token": " "}, "token: is missing"),
        ({"client_id": "app", "client_secret": "a\nb"}, "client_secret: holds a line break"),
    ],
)
def test_settings_without_an_access_are_told(keys: dict[str, str], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        AppSettings.model_validate(keys)


def test_settings_give_token_and_secret() -> None:
    settings = AppSettings.model_validate({"token": "t-canary", "client_secret": "s-canary"})

    assert (settings.given_token, settings.app_secret) == ("t-canary", "s-canary")
    assert AppSettings.model_validate({"client_id": "app"}).given_token is None
    assert "canary" not in repr(settings)
