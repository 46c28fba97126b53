"""LinkedIn: posts of a member or of an organization's page.

Source: LinkedIn "Posts API", "Images API", "Article Post API", "Share on LinkedIn", "Rate limiting". Read 2026-11.
That equal content is refused with 422 `DUPLICATE_POST`, and the post named in words only, is known from clients alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field

from syndicate.channels.addresses import ServiceURL, host_of, place_of
from syndicate.channels.http import Answer, check_access, json_bytes, page_url, verdict
from syndicate.channels.linkedin_answers import Announced, Image, LinkedInPost, LinkedInPosts, Member, Roles, trouble_in
from syndicate.channels.networks import Network, SignIn, Tools
from syndicate.channels.oauth import Access, Grant, Terms, access_of
from syndicate.channels.oauth_app import App, AppSettings
from syndicate.channels.signin import SignInPage, Visit, grant_of
from syndicate.durations import Duration
from syndicate.errors import Duplicate, RateLimited, Rejected, Transient, Unauthorized, Unknown
from syndicate.items.links import is_loopback
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel, Quota, Rights, Standing, rights_among
from syndicate.posts.dialects import write
from syndicate.posts.fit import shorten
from syndicate.posts.post import Dialect, ImageRules, Measure, Picture, Post, Room, Shape, Wants

ROOM = Room(3000, Measure.UTF16, dialect=Dialect.LINKEDIN)
"""The length that clients agree on; LinkedIn answers FIELD_LENGTH_TOO_LONG and documents no number, nor whether what
escapes a sign counts: it does here, so that the field is never too long."""

THUMB = ImageRules(Shape.CARD, limit_bytes=2_000_000, media_types=("image/jpeg",), limit_alt=0)
PHOTO = ImageRules(Shape.PHOTO, limit_bytes=5_000_000, limit_pixels=36_152_319, limit_alt=4086)
"""Images API: under 36,152,320 pixels; Posts API: `altText` up to 4,086 characters. The bytes are a choice of ours."""

TITLE_LIMIT = 400
SUMMARY_LIMIT = 4086
"""Of `content.article`, as clients know them."""

UPLOAD_TIME = timedelta(seconds=60)
PROCESSING_TIME = timedelta(seconds=30)
POLL_EVERY = timedelta(seconds=3)
PAGE = 50
LIMIT_PAGES = 10
CLOCKS_DIFFER = timedelta(minutes=5)
DAILY_WAIT = timedelta(minutes=15)
"""After a 429 without a time: the limits are per day, and the day's end may be far."""

MEMBER_SCOPES = ("openid", "profile", "w_member_social")
PAGE_SCOPES = ("w_organization_social", "r_organization_social")

_AUTHOR = re.compile(r"urn:li:(person:[\w-]{1,40}|organization:\d{1,20})")
_URN = re.compile(r"urn:li:(?:share|ugcPost|activity):\d{1,30}")
_REMEDY = "see that the app has the products and scopes which docs/reference/networks.md names"


def _author(value: str) -> str:
    if not _AUTHOR.fullmatch(value.strip()):
        raise ValueError("is no author; write urn:li:person:... or urn:li:organization:... (`syndicate auth` tells it)")
    return value.strip()


class LinkedInSettings(AppSettings):
    """A member, or a page that the member may post for.

    `attach` card makes a link card with the picture on it; image attaches the picture with its alt text and puts the
    link into the text. `version` is a month of LinkedIn's API.
    """

    author: Annotated[str, AfterValidator(_author)]
    visibility: Literal["PUBLIC", "CONNECTIONS", "LOGGED_IN"] = "PUBLIC"
    attach: Literal["card", "image"] = "card"
    version: str = Field(default="202609", pattern=r"^20\d{4}$")
    api_url: ServiceURL = "https://api.linkedin.com"
    auth_url: ServiceURL = "https://www.linkedin.com"
    settle: Duration = timedelta(seconds=60)

    @property
    def is_organization(self) -> bool:
        """Whether the author is a page."""
        return ":organization:" in self.author


def access_for(name: str, settings: LinkedInSettings, tools: Tools) -> Access:
    """The access of the member that posts; LinkedIn gives refresh tokens to approved partners only."""
    app = app_of(settings)
    account = "/".join(("linkedin", host_of(settings.api_url), settings.client_id or "", settings.author))
    terms = Terms(account, name, settings.given_token)
    if settings.given_token is None:
        terms = Terms(account, name, renew=app.renewal(tools, remedy=terms.remedy), early=timedelta(days=1))
    return access_of(terms, tools)


def app_of(settings: LinkedInSettings) -> App:
    """Where tokens are asked for."""
    return App(f"{settings.auth_url}/oauth/v2/accessToken", settings.client_id or "", settings.app_secret)


def scopes_for(settings: LinkedInSettings) -> tuple[str, ...]:
    """What posting as that author takes."""
    return PAGE_SCOPES if settings.is_organization else MEMBER_SCOPES


async def sign_in(name: str, settings: LinkedInSettings, tools: Tools, visit: Visit) -> Grant:
    """A token for 60 days. LinkedIn knows PKCE for native apps only, which cannot post."""
    page = SignInPage(f"{settings.auth_url}/oauth/v2/authorization", scopes_for(settings), has_pkce=False)
    return await grant_of(page, app_of(settings), tools, visit, remedy=f"sign in by `syndicate auth {name}`")


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request; `finds` what kind of Rest.li method it is where the path alone does not tell."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    body: bytes | None = None
    restli: str | None = None
    is_repeatable: bool = True


class LinkedIn(Channel):
    """One author."""

    network = "linkedin"
    is_rehearsal = False

    def __init__(self, name: str, settings: LinkedInSettings, tools: Tools) -> None:
        self.name = name
        self.account = settings.author
        self._settings = settings
        self._tools = tools
        self._access = access_for(name, settings, tools)

    @property
    def wants(self) -> Wants:
        """A link card that we make, as LinkedIn fetches no page for posts made by apps; or a picture with the link."""
        if self._settings.attach == "card":
            return Wants(room=ROOM, image=THUMB, link_in_text=False)
        return Wants(room=ROOM, image=PHOTO)

    @property
    def guarantee(self) -> Guarantee:
        """A page's posts can be read; a member's cannot, but the same content again is refused."""
        evidence = Evidence.READS_OWN if self._settings.is_organization else Evidence.DUPLICATE_REFUSAL
        return Guarantee(key_window=None, evidence=evidence, settle=self._settings.settle)

    @property
    def abilities(self) -> frozenset[Action]:
        """The text can be changed, the card cannot."""
        return frozenset({Action.POST, Action.EDIT, Action.DELETE})

    @property
    def app(self) -> str:
        """100,000 calls a day are the app's."""
        return f"linkedin/{self._settings.client_id or self.account}"

    async def open(self) -> None:
        """See that the member signed in is the author, or may post for the page."""
        if self._settings.is_organization:
            await self._check_role()
            return
        answer = await self._ask(_Ask("GET", "/v2/userinfo"))
        member = check_access(answer, self._now(), remedy=self._access.remedy).read(Member)
        if self.account != f"urn:li:person:{member.sub}":
            told = f"the member signed in is urn:li:person:{member.sub}, not {self.account}"
            raise Unauthorized(f"{answer.place}: {told}; set it as `author`, or {self._access.remedy}")

    async def standing(self) -> Standing:
        """Who is signed in."""
        return await self._access.standing()

    async def rights(self) -> Rights:
        """The token's scopes, which LinkedIn tells the app alone; else those of the sign-in."""
        scopes, app = (await self.standing()).scopes, app_of(self._settings)
        if app.client_secret is not None:
            url = f"{self._settings.auth_url}/oauth/v2/introspectToken"
            scopes = await app.scopes_of(await self._access.token(), url, self._tools, remedy=self._access.remedy)
        return rights_among(scopes, scopes_for(self._settings))

    async def upload(self, picture: Picture) -> str:
        """Announce the picture, bring its bytes, and wait until it can be used; gives its URN."""
        body = json_bytes({"initializeUploadRequest": {"owner": self.account}})
        answer = self._checked(await self._ask(_Ask("POST", "/rest/images?action=initializeUpload", body)))
        announced = answer.read(Announced).value
        self._check_host(announced.uploadUrl)

        async def send(token: str) -> Answer:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": picture.media_type}
            url, web = announced.uploadUrl, self._tools.web
            return await web.call(
                "PUT", url, headers=headers, body=picture.content, is_repeatable=True, within=UPLOAD_TIME
            )

        self._checked(await self._access.ask(send))
        await self._processed(announced.image)
        return announced.image

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """A name of ours: LinkedIn knows no keys."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The body of the post; nothing in it changes from one attempt to the next, or a repeat were a new post."""
        body: dict[str, object] = {
            "author": self.account,
            "commentary": write(post.text, post.spans, Dialect.LINKEDIN),
            "visibility": self._settings.visibility,
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }
        content = self._content(post, media)
        return json_bytes({**body, "content": content} if content else body)

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Post once; the id stands in a header and nowhere else."""
        answer = await self._ask(_Ask("POST", "/rest/posts", payload, is_repeatable=False))
        answer = self._checked(answer)
        urn = answer.headers.get("x-restli-id", "")
        if not _URN.fullmatch(urn):
            raise Unknown(f"{answer.place}: {answer.status}, but without the post's id")
        return self._receipt(urn)

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Look through the page's posts for one with our card's link, or with our words.

        Raises:
            Rejected: a member's posts cannot be read by an app.
        """
        if not self._settings.is_organization:
            raise Rejected(f"{self.account}: LinkedIn lets no app read a member's posts")
        ours = LinkedInPost.model_validate_json(payload)
        query = f"/rest/posts?author={quote(self.account, safe='')}&q=author&count={PAGE}&sortBy=LAST_MODIFIED"
        for page in range(LIMIT_PAGES):
            ask = _Ask("GET", f"{query}&start={page * PAGE}", restli="FINDER")
            posts = self._checked(await self._ask(ask)).read(LinkedInPosts).elements
            for post in posts:
                if post.modified is not None and post.modified < (since - CLOCKS_DIFFER).timestamp() * 1000:
                    return None
                if post.is_like(ours):
                    return self._receipt(post.id)
            if not posts:  # a page may hold fewer than were asked for
                return None
        raise Transient(f"{self.account}: more than {LIMIT_PAGES * PAGE} posts since then, cannot read back so far")

    async def edit(self, receipt: Receipt, payload: bytes) -> Receipt:
        """Change the words; card and picture stay as they are."""
        body = json_bytes({"patch": {"$set": {"commentary": LinkedInPost.model_validate_json(payload).commentary}}})
        ask = _Ask("POST", f"/rest/posts/{quote(receipt.remote_id, safe='')}", body, restli="PARTIAL_UPDATE")
        self._checked(await self._ask(ask))
        return Receipt(receipt.remote_id, receipt.url, self._now())

    async def delete(self, receipt: Receipt) -> None:
        """Take the post away; doing so again is no fault."""
        ask = _Ask("DELETE", f"/rest/posts/{quote(receipt.remote_id, safe='')}", restli="DELETE")
        answer = await self._ask(ask)
        if answer.status not in {404, 410}:
            self._checked(answer)

    async def close(self) -> None:
        """Wait for a renewal under way."""
        await self._access.settled()

    async def _check_role(self) -> None:
        """See that the member signed in may post for the page, where the app may ask that."""
        answer = await self._ask(_Ask("GET", "/rest/organizationAcls?q=roleAssignee&state=APPROVED", restli="FINDER"))
        if answer.status == 403:  # the scope to read roles is another than the one to post
            return
        roles = check_access(answer, self._now(), remedy=self._access.remedy).read(Roles).elements
        if not any(role.organization == self.account and role.role in _POSTING_ROLES for role in roles):
            remedy = "ask an administrator of the page for the role of content admin, or correct `author`"
            raise Unauthorized(f"{answer.place}: the member signed in has no role to post for {self.account}; {remedy}")

    async def _processed(self, image: str) -> None:
        """Wait until the picture can be used. Only a page's pictures can be asked for."""
        for _ in range(int(PROCESSING_TIME / POLL_EVERY)):
            await self._tools.sleep(POLL_EVERY.total_seconds())
            if not self._settings.is_organization:
                return
            answer = self._checked(await self._ask(_Ask("GET", f"/rest/images/{quote(image, safe='')}")))
            match answer.read(Image).status:
                case "AVAILABLE":
                    return
                case "PROCESSING_FAILED":
                    raise Rejected(f"{answer.place}: the image could not be processed")
        raise Transient(f"{answer.place}: the image is still being processed after {PROCESSING_TIME}")

    def _check_host(self, url: str) -> None:
        """An address that a server names gets our token only if it is LinkedIn's."""
        host = host_of(url).partition(":")[0]
        is_here = is_loopback(self._settings.api_url) and is_loopback(url)
        if not is_here and (not url.startswith("https://") or not f".{host}".endswith(".linkedin.com")):
            raise Transient(f"{self.account}: told to upload to {place_of(url)}, which is not LinkedIn's")

    def _content(self, post: Post, media: str | None) -> dict[str, object] | None:
        if self._settings.attach == "image":
            if media is None or post.picture is None:
                return None
            return {"media": {"id": media, "altText": post.picture.alt, "title": _cut(post.card.title, TITLE_LIMIT)}}
        card = post.card
        article: dict[str, object] = {"source": card.url, "title": _cut(card.title, TITLE_LIMIT)}
        if card.summary:
            article["description"] = _cut(card.summary, SUMMARY_LIMIT)
        if media is not None:
            article["thumbnail"] = media
        return {"article": article}

    def _receipt(self, urn: str) -> Receipt:
        return Receipt(urn, page_url(f"https://www.linkedin.com/feed/update/{urn}/"), self._now())

    async def _ask(self, ask: _Ask) -> Answer:
        async def send(token: str) -> Answer:
            headers = {
                "Authorization": f"Bearer {token}",
                "LinkedIn-Version": self._settings.version,
                "X-Restli-Protocol-Version": "2.0.0",
            }
            if ask.restli is not None:
                headers["X-RestLi-Method"] = ask.restli
            if ask.body is not None:
                headers["Content-Type"] = "application/json"
            url = f"{self._settings.api_url}{ask.path}"
            return await self._tools.web.call(
                ask.method, url, headers=headers, body=ask.body, is_repeatable=ask.is_repeatable
            )

        return await self._access.ask(send)

    def _checked(self, answer: Answer) -> Answer:
        """The verdict, with what LinkedIn means by its own codes."""
        trouble = trouble_in(answer)
        said = f"{answer.place}: {answer.status} ({answer.words})"
        if "DUPLICATE_POST" in trouble.codes:
            urn = _URN.search(trouble.message)
            raise Duplicate(said, urn[0] if urn else None, self._receipt(urn[0]).url if urn else None)
        if answer.status == 426 or trouble.codes & {"VERSION_MISSING", "NONEXISTENT_VERSION"}:
            raise Unauthorized(f"{said}; set `version` to a month of the last year, as LinkedIn's migration page lists")
        if answer.status == 409:  # "Conflict: retry the request" (API error handling)
            raise Transient(said)
        if answer.status == 429 and "Retry-After" not in answer.headers:
            raise RateLimited(said, self._now() + DAILY_WAIT)
        return verdict(answer, self._now(), remedy=self._access.remedy if answer.status == 401 else _REMEDY)

    def _now(self) -> datetime:
        return self._tools.clock()


_POSTING_ROLES = {"ADMINISTRATOR", "CONTENT_ADMIN", "CONTENT_ADMINISTRATOR", "DIRECT_SPONSORED_CONTENT_POSTER"}


def _cut(text: str, limit: int) -> str:
    return shorten(text, lambda candidate: len(candidate.encode("utf-16-le")) // 2 <= limit)


NETWORK = Network(
    name="linkedin",
    title="LinkedIn",
    settings=LinkedInSettings,
    make=LinkedIn,
    sign_in=SignIn(sign_in, access_for),
    quotas=(Quota(150, timedelta(days=1), "requests, of which a picture costs two more"),),
    needs=(
        "An app at developer.linkedin.com, verified by a company page, with its client id and secret.",
        "For a member: the products Share on LinkedIn and Sign In with LinkedIn (scopes `w_member_social`, `openid` "
        "and `profile`).",
        "For a page: the Community Management API (scopes `w_organization_social` and `r_organization_social`), "
        "which LinkedIn grants on request, and a role on the page that may post.",
        "A new sign-in every 60 days: only approved partners get tokens that renew themselves.",
    ),
    example="""\
page_linkedin:
  network: linkedin
  author: urn:li:organization:2414183
  client_id: 78abcdefghijkl
  client_secret_file: ~/.config/syndicate/linkedin.secret
""",
)
