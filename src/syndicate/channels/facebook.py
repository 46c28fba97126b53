"""Facebook pages.

Source: Meta "Pages API, Posts", "Page Feed", "Page Photos", "Access Token Guide", "Images in Link Shares". Read
2026-11.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, SecretStr, TypeAdapter

from syndicate.channels.addresses import BaseURL, ServiceURL, host_of
from syndicate.channels.graph import Graph, Identified, exchanged
from syndicate.channels.http import RemoteId, json_bytes, page_url
from syndicate.channels.marks import Mark
from syndicate.channels.networks import Network, SignIn, Tools
from syndicate.channels.oauth import Access, Grant, Terms, access_of
from syndicate.channels.oauth_app import App, AppSettings
from syndicate.channels.signin import SignInPage, Visit, grant_of
from syndicate.durations import Duration
from syndicate.errors import NetworkError, Rejected, Transient, Unauthorized
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel, Quota, Rights, Standing, rights_among
from syndicate.posts.post import ImageRules, Measure, Picture, Post, Room, Shape, Wants

ROOM = Room(63_206, Measure.UTF16)
"""Known from clients alone."""
PHOTO = ImageRules(Shape.PHOTO, limit_bytes=4_000_000, limit_alt=1000)
"""Page Photos: 4 MB."""

QUOTA = Quota(2_400, timedelta(days=1), "on a page with one engaged reader, more with more")
"""Rate Limits (Pages): 4,800 calls in 24 hours for each engaged user; a post is two calls."""

PAGE = 100
LIMIT_PAGES = 5
CLOCKS_DIFFER = timedelta(minutes=5)
SCOPES = ("pages_show_list", "pages_read_engagement", "pages_manage_posts")
_FIELDS = "id,message,created_time,permalink_url,attachments{unshimmed_url}"


class FacebookSettings(AppSettings):
    """A page.

    `attach` card gives the link, so that Facebook makes a card of its page; image uploads the picture with its alt text
    and puts the link into the text. `published` false makes posts that only the page's own people see.
    """

    page: Annotated[str, Field(pattern=r"^[0-9]{5,20}$"), BeforeValidator(str, json_schema_input_type=str | int)]
    attach: Literal["card", "image"] = "card"
    published: bool = True
    version: str = Field(default="v26.0", pattern=r"^v\d{2}\.\d$")
    api_url: BaseURL = "https://graph.facebook.com"
    auth_url: ServiceURL = "https://www.facebook.com"
    settle: Duration = timedelta(seconds=60)


def access_for(name: str, settings: FacebookSettings, tools: Tools) -> Access:
    """The page's access: its token lasts until a password, a role or the app's review changes."""
    account = "/".join(("facebook", host_of(settings.api_url), settings.client_id or "", settings.page))
    return access_of(Terms(account, name, settings.given_token), tools)


async def sign_in(name: str, settings: FacebookSettings, tools: Tools, visit: Visit) -> Grant:
    """The page's token: a person consents, and of the pages that he manages ours is taken."""
    remedy, base = f"sign in by `syndicate auth {name}`", f"{settings.api_url}/{settings.version}"
    address = f"{settings.auth_url}/{settings.version}/dialog/oauth"
    app = App(f"{base}/oauth/access_token", settings.client_id or "", settings.app_secret)
    page = SignInPage(address, SCOPES, has_pkce=False, separator=",")
    short = await grant_of(page, app, tools, visit, remedy=remedy)
    query = {
        "grant_type": "fb_exchange_token",
        "client_id": app.client_id,
        "client_secret": app.client_secret or "",
        "fb_exchange_token": short.access,
    }
    long = await exchanged(base, "/oauth/access_token", query, tools, remedy=remedy)
    member = access_of(Terms(f"{name}/member", name, long.access), tools)
    graph = Graph(base, member, tools, ", ".join(SCOPES), settings.app_secret)
    answer = await graph.get("/me/accounts", {"fields": "id,name,access_token", "limit": "100"})
    pages = answer.read(_Pages).data
    ours = next((one for one in pages if one.id == settings.page), None)
    if ours is None:
        theirs = ", ".join(f"{one.id} ({one.name})" for one in pages) or "none"
        raise Unauthorized(f"{settings.page} is not among the pages that were consented to: {theirs}; set `page`")
    return Grant(
        access=ours.access_token.get_secret_value(),
        issued_at=tools.clock(),
        scopes=SCOPES,
        who=ours.name,
        account_id=ours.id,
    )


class Facebook(Channel):
    """One page."""

    network = "facebook"
    is_rehearsal = False

    def __init__(self, name: str, settings: FacebookSettings, tools: Tools) -> None:
        self.name = name
        self.account = f"page {settings.page}"
        self._settings = settings
        self._tools = tools
        self._access = access_for(name, settings, tools)
        base = f"{settings.api_url}/{settings.version}"
        self._graph = Graph(base, self._access, tools, ", ".join(SCOPES), settings.app_secret)

    @property
    def wants(self) -> Wants:
        """Text, and a link of which Facebook makes a card; or a picture with the link in the text."""
        if self._settings.attach == "card":
            return Wants(room=ROOM, link_in_text=False, reads_page=True)
        return Wants(room=ROOM, image=PHOTO, reads_page=True)

    @property
    def guarantee(self) -> Guarantee:
        """There are no keys; the page's posts can be read, once they are published."""
        evidence = Evidence.READS_OWN if self._settings.published else Evidence.NONE
        return Guarantee(key_window=None, evidence=evidence, settle=self._settings.settle)

    @property
    def abilities(self) -> frozenset[Action]:
        """The text can be changed by the app that wrote it."""
        return frozenset({Action.POST, Action.EDIT, Action.DELETE})

    @property
    def app(self) -> str:
        """Meta throttles apps as well as pages."""
        return f"facebook/{self._settings.client_id or self.account}"

    async def open(self) -> None:
        """See that the token is the page's own."""
        page = (await self._graph.get("/me", {"fields": "id,name"})).read(Identified)
        if page.id != self._settings.page:
            told = f"the token is of {page.id}, not of the page {self._settings.page}"
            raise Unauthorized(f"{self.account}: {told}; {self._access.remedy}")

    async def standing(self) -> Standing:
        """Which page is signed in."""
        return await self._access.standing()

    async def rights(self) -> Rights:
        """The token's permissions, which Meta tells the app alone; else those of the sign-in."""
        scopes = (await self.standing()).scopes
        if self._settings.app_secret is not None and self._settings.client_id:
            app_token = f"{self._settings.client_id}|{self._settings.app_secret}"
            scopes = await self._graph.permissions(app_token)
        return rights_among(scopes, SCOPES)

    async def upload(self, picture: Picture) -> str:
        """Upload the picture unpublished; it vanishes by itself if no post takes it."""
        fields = {"published": "false", "temporary": "true"}
        if picture.alt:
            fields["alt_text_custom"] = picture.alt
        return await self._graph.upload(f"/{self._settings.page}/photos", picture, fields)

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """A name of ours: Facebook knows no keys."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The form's fields as JSON, without the token."""
        fields = {"message": post.text, "published": "true" if self._settings.published else "false"}
        if self._settings.attach == "card":
            fields["link"] = post.card.url
        if media is not None:
            fields["attached_media"] = f'[{{"media_fbid":"{media}"}}]'
        return json_bytes(fields)

    async def stage(self, payload: bytes, key: str) -> bytes:
        """Have Facebook read the linked page now, so that even its first share has the picture."""
        link = _Payload.model_validate_json(payload).link
        if link is not None:
            with contextlib.suppress(NetworkError):  # then it reads the page when it is posted
                await self._graph.post("/", {"id": link, "scrape": "true"}, is_repeatable=True)
        return payload

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Post once."""
        fields = _FIELDS_OF.validate_json(payload)
        answer = await self._graph.post(f"/{self._settings.page}/feed", fields)
        post_id = answer.read(Identified).id
        return Receipt(post_id, page_url(f"https://www.facebook.com/{post_id}"), self._tools.clock())

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Look through the page's posts since then for one with our link, or with our text if it has none.

        Not in its feed, where visitors' posts stand as well.

        Source: Graph API reference, Page Feed, Page Published Posts. Read 2026-11.

        Raises:
            Rejected: its posts are unpublished, and so are not listed.
        """
        if not self._settings.published:
            raise Rejected(f"{self.account}: unpublished posts are not listed")
        ours = _Payload.model_validate_json(payload)
        mark, words = Mark.of(ours.link or ours.message), " ".join(ours.message.split())
        start = int((since - CLOCKS_DIFFER).timestamp())
        query = {"fields": _FIELDS, "limit": str(PAGE), "since": str(start)}
        for _ in range(LIMIT_PAGES):
            page = (await self._graph.get(f"/{self._settings.page}/published_posts", query)).read(_Feed)
            for post in page.data:
                if post.has(mark, words):
                    return Receipt(post.id, page_url(post.permalink_url), self._tools.clock())
            after = page.paging.cursors.after
            if after is None or not page.data:  # a page may hold fewer than were asked for
                return None
            query["after"] = after
        raise Transient(f"{self.account}: more than {LIMIT_PAGES * PAGE} posts since then, cannot read back so far")

    async def edit(self, receipt: Receipt, payload: bytes) -> Receipt:
        """Change the text."""
        message = _Payload.model_validate_json(payload).message
        await self._graph.post(f"/{receipt.remote_id}", {"message": message}, is_repeatable=True)
        return Receipt(receipt.remote_id, receipt.url, self._tools.clock())

    async def delete(self, receipt: Receipt) -> None:
        """Take the post away."""
        await self._graph.delete(f"/{receipt.remote_id}")

    async def close(self) -> None:
        """Nothing is held: connections belong to the web."""


_FIELDS_OF = TypeAdapter(dict[str, str])


class _Page(BaseModel):
    id: RemoteId
    name: str = ""
    access_token: SecretStr


class _Pages(BaseModel):
    data: tuple[_Page, ...]


class _Attachment(BaseModel):
    unshimmed_url: str | None = None


class _Attachments(BaseModel):
    data: tuple[_Attachment, ...] = ()


class _Posted(Identified):
    message: str = ""
    created_time: AwareDatetime | None = None
    permalink_url: str | None = None
    attachments: _Attachments = _Attachments()

    def has(self, mark: Mark, words: str) -> bool:
        """Whether the post is ours; one whose card could not be made is known by its words."""
        if not self.attachments.data and words == " ".join(self.message.split()) != "":
            return True
        said = self.message.replace("&", "&amp;").replace("<", "&lt;")
        return mark.is_on(said, [one.unshimmed_url for one in self.attachments.data])


class _Cursors(BaseModel):
    after: str | None = None


class _Paging(BaseModel):
    cursors: _Cursors = _Cursors()


class _Feed(BaseModel):
    data: tuple[_Posted, ...] = ()
    paging: _Paging = _Paging()


class _Payload(BaseModel):
    """What `freeze` wrote."""

    message: str
    link: str | None = None


NETWORK = Network(
    name="facebook",
    title="Facebook page",
    settings=FacebookSettings,
    make=Facebook,
    sign_in=SignIn(sign_in, access_for),
    private={"published": False},
    quotas=(QUOTA,),
    needs=(
        "A page that you manage, and its number (Page, About, Page transparency).",
        "An app at developers.facebook.com with Facebook Login; as long as everybody concerned has a role in it, no "
        "review is needed.",
        "The permissions `pages_show_list`, `pages_read_engagement` and `pages_manage_posts`, asked for at sign-in.",
    ),
    example="""\
page_facebook:
  network: facebook
  page: "102030405060708"
  client_id: "1234567890123456"
  client_secret_file: ~/.config/syndicate/facebook.secret
""",
)
