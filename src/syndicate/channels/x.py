"""X, by its API version 2.

Source: X API OpenAPI 2.159 (createPosts, mediaUpload, createMediaMetadata, getUsersPosts, deletePosts), X's
documentation "Rate limits", "Pricing", "OAuth 2.0 Authorization Code Flow with PKCE". Read 2026-11. That an equal text
is refused with 403, and that a lack of credits is told with 402, is known from clients alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlencode

import aiohttp
from msgspec.structs import replace
from pydantic import AfterValidator

from syndicate.channels.addresses import ServiceURL, host_of
from syndicate.channels.http import Answer, Body, check_access, json_bytes, page_url, silent_until, verdict
from syndicate.channels.marks import Mark
from syndicate.channels.networks import Network, SignIn, Tools
from syndicate.channels.oauth import Access, Grant, Terms, access_of
from syndicate.channels.oauth_app import App, AppSettings
from syndicate.channels.signin import SignInPage, Visit, grant_of
from syndicate.channels.x_answers import Created, Frozen, Me, Media, Problem, Timeline, Uploaded, problem_in
from syndicate.durations import Duration
from syndicate.errors import Duplicate, NetworkError, RateLimited, Rejected, Transient, Unauthorized
from syndicate.items.item import SUFFIXES
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.outbox.pace import Price
from syndicate.ports.channel import Channel, Quota, Rights, Standing, rights_among
from syndicate.posts.markup import BREAK
from syndicate.posts.measure import WEIGHTED_URL_LENGTH, fits
from syndicate.posts.post import ImageRules, Measure, Picture, Post, Room, Shape, Wants

ROOM = Room(280, Measure.WEIGHTED, url_length=WEIGHTED_URL_LENGTH)
PHOTO = ImageRules(
    Shape.PHOTO, limit_bytes=5_000_000, media_types=("image/jpeg", "image/png", "image/webp"), limit_alt=1000
)
"""Documentation "Media best practices": 5 MB; AltText: maxLength 1000."""

UPLOAD_TIME = timedelta(seconds=60)
MOST_POLLS = 10
PAGE = 100
LIMIT_PAGES = 8
"""A user's timeline reaches 3,200 posts back; 300 in 3 hours is the most that is posted."""
CLOCKS_DIFFER = timedelta(minutes=5)

SCOPES = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")

_RESET = "x-rate-limit-reset"
_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_]{2})")
_ACCESS_PROBLEMS = {"client-forbidden", "oauth1-permissions", "unsupported-authentication"}
_SUSPENDED = "see on x.com whether the account is suspended or locked, and in the console whether the app is"
_REMEDY = f"see that the app may read and write (scopes {' '.join(SCOPES)})"


def _handle(value: str) -> str:
    handle = value.strip().removeprefix("@")
    if not re.fullmatch(r"[A-Za-z0-9_]{1,15}", handle):
        raise ValueError("is no user name of X; write it as it stands behind the @")
    return handle.lower()


class XSettings(AppSettings):
    """An account.

    `attach` card attaches nothing, so that X makes a card of the link; image uploads the picture with its alt text.
    `links` none leaves the link out: X charges much more for a post with one.
    """

    account: Annotated[str, AfterValidator(_handle)]
    attach: Literal["card", "image"] = "card"
    links: Literal["text", "none"] = "text"
    api_url: ServiceURL = "https://api.x.com"
    auth_url: ServiceURL = "https://x.com"
    settle: Duration = timedelta(seconds=60)


def app_of(settings: XSettings) -> App:
    """Where tokens are asked for; an app with a secret shows it in a header, one without has none."""
    has_basic = settings.app_secret is not None
    return App(f"{settings.api_url}/2/oauth2/token", settings.client_id or "", settings.app_secret, has_basic)


def access_for(name: str, settings: XSettings, tools: Tools) -> Access:
    """The account's access: a token lasts two hours, and a refresh token works once."""
    account = "/".join(("x", host_of(settings.api_url), settings.client_id or "", settings.account))
    terms = Terms(account, name, settings.given_token)
    if settings.given_token is None:
        terms = Terms(account, name, renew=app_of(settings).renewal(tools, remedy=terms.remedy))
    return access_of(terms, tools)


async def sign_in(name: str, settings: XSettings, tools: Tools, visit: Visit) -> Grant:
    """A pair of tokens; the code lives for 30 seconds."""
    page = SignInPage(f"{settings.auth_url}/i/oauth2/authorize", SCOPES)
    grant = await grant_of(page, app_of(settings), tools, visit, remedy=f"sign in by `syndicate auth {name}`")
    return grant.model_copy(update={"who": f"@{settings.account}"})


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    body: Body | None = None
    is_repeatable: bool = True
    within: timedelta | None = None


class X(Channel):
    """One account."""

    network = "x"
    is_rehearsal = False

    def __init__(self, name: str, settings: XSettings, tools: Tools) -> None:
        self.name = name
        self.account = f"@{settings.account}"
        self._settings = settings
        self._tools = tools
        self._access = access_for(name, settings, tools)
        self._user_id: str | None = None

    @property
    def wants(self) -> Wants:
        """Text with the link, and a picture unless X shall make a card of the link."""
        image = PHOTO if self._settings.attach == "image" else None
        has_link = self._settings.links == "text"
        return Wants(room=ROOM, image=image, link_in_text=has_link, reads_page=has_link)

    @property
    def guarantee(self) -> Guarantee:
        """There are no keys; own posts can be read."""
        return Guarantee(key_window=None, evidence=Evidence.READS_OWN, settle=self._settings.settle)

    @property
    def price(self) -> Price:
        """The price list of 2026-04, with alt text where a picture may go along."""
        amount = Decimal("0.200") if self._settings.links == "text" else Decimal("0.015")
        return Price(amount + (Decimal("0.005") if self._settings.attach == "image" else 0), "USD")

    @property
    def abilities(self) -> frozenset[Action]:
        """Posts can be taken away; changing them is for paying accounts and makes a new post."""
        return frozenset({Action.POST, Action.DELETE})

    @property
    def app(self) -> str:
        """10,000 posts a day are the app's."""
        return f"x/{self._settings.client_id or self.account}"

    async def open(self) -> None:
        """See that the account signed in is the one of the settings."""
        self._user_id = await self._who_am_i()

    async def standing(self) -> Standing:
        """Who is signed in."""
        return await self._access.standing()

    async def rights(self) -> Rights:
        """What was granted at sign-in, held against what is asked for."""
        return rights_among((await self.standing()).scopes, SCOPES)

    async def upload(self, picture: Picture) -> str:
        """Upload the picture, wait until it is processed, and describe it; gives the media id, good for a day."""
        form = aiohttp.FormData(default_to_multipart=True)
        name = f"image.{SUFFIXES.get(picture.media_type, 'bin')}"
        form.add_field("media", picture.content, filename=name, content_type=picture.media_type)
        form.add_field("media_category", "tweet_image")
        form.add_field("media_type", picture.media_type)
        answer = await self._ask(_Ask("POST", "/2/media/upload", form, within=UPLOAD_TIME))
        media = self._checked(answer).read(Uploaded).data
        await self._processed(media)
        if picture.alt:
            body = json_bytes({"id": media.id, "metadata": {"alt_text": {"text": picture.alt}}})
            self._checked(await self._ask(_Ask("POST", "/2/media/metadata", body)))
        return media.id

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """A name of ours: X knows no keys."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The JSON body of the post."""
        body: dict[str, object] = {"text": post.text if self._settings.links == "text" else _unlinked(post.text)}
        if media is not None:
            body["media"] = {"media_ids": [media]}
        return json_bytes(body)

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Post once."""
        answer = await self._ask(_Ask("POST", "/2/tweets", payload, is_repeatable=False))
        try:
            self._checked(answer)
        except Rejected as refusal:
            if answer.status == 403:
                await self._examine(refusal)
            raise
        receipt = self._receipt(answer.read(Created).data.id)
        is_last = answer.headers.get("x-rate-limit-remaining") == "0"
        return replace(receipt, rests_until=silent_until(answer.headers, self._now(), _RESET)) if is_last else receipt

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Look through our own posts since then for one with our link (or our exact text if it has none)."""
        mark = Mark.of(Frozen.model_validate_json(payload).text)
        self._user_id = user_id = self._user_id or await self._who_am_i()
        query = {
            "max_results": str(PAGE),
            "tweet.fields": "created_at,entities",
            "exclude": "replies,retweets",
            "start_time": (since - CLOCKS_DIFFER).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for _ in range(LIMIT_PAGES):
            answer = await self._ask(_Ask("GET", f"/2/users/{user_id}/tweets?{urlencode(query, safe=',:')}"))
            page = self._checked(answer).read(Timeline)
            for tweet in page.data:
                if tweet.has(mark):
                    return self._receipt(tweet.id)
            if page.meta.next_token is None:
                return None
            query["pagination_token"] = page.meta.next_token
        raise Transient(f"{self.account}: more than {LIMIT_PAGES * PAGE} posts since then, cannot read back so far")

    async def delete(self, receipt: Receipt) -> None:
        """Take the post away; one that is gone already is done."""
        answer = await self._ask(_Ask("DELETE", f"/2/tweets/{receipt.remote_id}"))
        if answer.status != 404:
            self._checked(answer)

    async def close(self) -> None:
        """Wait for a renewal under way."""
        await self._access.settled()

    async def _examine(self, refusal: Rejected) -> None:
        """Find out whether a refusal is about the post: X tells nothing else of an account that it has suspended.

        Raises:
            Unauthorized: the account is not served at all.
            Transient: it could not be asked for; the post is not made.
        """
        try:
            await self._who_am_i()
        except Unauthorized as cause:
            raise Unauthorized(f"{refusal}; nor is the account served: {cause}") from cause
        except NetworkError as cause:
            raise Transient(f"{refusal}; whether the account is at fault could not be read: {cause}") from cause

    async def _who_am_i(self) -> str:
        answer = await self._ask(_Ask("GET", "/2/users/me"))
        remedy = _SUSPENDED if answer.status == 403 else self._access.remedy
        user = check_access(answer, self._now(), remedy=remedy, reset_header=_RESET).read(Me).data
        if f"@{user.username.lower()}" != self.account:
            told = f"the account signed in is @{user.username}, not {self.account}"
            raise Unauthorized(f"{answer.place}: {told}; set it as `account`, or {self._access.remedy}")
        return user.id

    async def _processed(self, media: Media) -> None:
        """Wait for a picture that X has not looked at yet."""
        for _ in range(MOST_POLLS):
            match media.processing_info and media.processing_info.state:
                case None | "succeeded":
                    return
                case "failed":
                    raise Rejected(f"{self.account}: X could not process the image")
            waits = media.processing_info.check_after_secs if media.processing_info else 1
            await self._tools.sleep(min(max(waits, 1), 30))
            answer = await self._ask(_Ask("GET", f"/2/media/upload?command=STATUS&media_id={media.id}"))
            media = self._checked(answer).read(Uploaded).data
        raise Transient(f"{self.account}: the image is still being processed")

    def _receipt(self, tweet_id: str) -> Receipt:
        return Receipt(tweet_id, page_url(f"https://x.com/{self._settings.account}/status/{tweet_id}"), self._now())

    async def _ask(self, ask: _Ask) -> Answer:
        async def send(token: str) -> Answer:
            headers = {"Authorization": f"Bearer {token}"}
            if isinstance(ask.body, bytes):
                headers["Content-Type"] = "application/json"
            return await self._tools.web.call(
                ask.method,
                f"{self._settings.api_url}{ask.path}",
                headers=headers,
                body=ask.body,
                is_repeatable=ask.is_repeatable,
                within=ask.within,
            )

        return await self._access.ask(send)

    def _checked(self, answer: Answer) -> Answer:
        """The verdict, with what X means by its problems."""
        problem = problem_in(answer)
        said = f"{answer.place}: {answer.status} ({answer.words})"
        match answer.status:
            case 402:
                raise Unauthorized(f"{said}; buy credits in the developer console, or wait for the next month")
            case 403 if "duplicate content" in problem.detail.lower():  # there is no code for it
                raise Duplicate(said)
            case 403 if problem.kind not in _ACCESS_PROBLEMS:
                raise Rejected(said)
            case 429:
                raise self._limited(answer, problem, said)
        return verdict(answer, self._now(), remedy=self._access.remedy if answer.status == 401 else _REMEDY)

    def _limited(self, answer: Answer, problem: Problem, said: str) -> RateLimited:
        """Which of three windows is full: of 15 minutes, or of a day, of the user or of the app. Resets are epochs."""
        for owner in ("app", "user"):
            if answer.headers.get(f"x-{owner}-limit-24hour-remaining") == "0":
                until = silent_until(answer.headers, self._now(), f"x-{owner}-limit-24hour-reset")
                return RateLimited(said, until, is_app_wide=owner == "app")
        until = silent_until(answer.headers, self._now(), _RESET)
        if problem.kind == "usage-capped":  # a cap of the project, whose end is not told
            until = max(until, self._now() + timedelta(hours=1))
        return RateLimited(said, until, is_app_wide=problem.kind == "usage-capped")

    def _now(self) -> datetime:
        return self._tools.clock()


def _unlinked(text: str) -> str:
    """The text with words such as `medium.com` broken where nobody sees it: X makes links of them, and charges."""
    broken = _DOT.sub(f"{BREAK}.", text)
    return broken if fits(broken, ROOM) else text


NETWORK = Network(
    name="x",
    title="X",
    settings=XSettings,
    make=X,
    sign_in=SignIn(sign_in, access_for),
    quotas=(Quota(100, timedelta(minutes=15)),),
    needs=(
        "A developer account with credits, and an app with OAuth 2.0 switched on, the callback address that "
        "`syndicate auth` names, and the right to read and write.",
        "The client id, and the secret where the app is a confidential one.",
    ),
    cost="a post with a link $0.200, one without $0.015, alt text $0.005, reading back $0.001 for each post read "
    "(price list of 2026-04)",
    example="""\
news_x:
  network: x
  account: marshnotes
  client_id: bWFyc2gtbm90ZXM
  client_secret_file: ~/.config/syndicate/x.secret
""",
)
