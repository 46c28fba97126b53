"""Instagram, professional accounts (Instagram API with Instagram Login).

Source: Meta "Content Publishing", "Instagram Platform, IG User Media", "Business Login for Instagram", "Content
Publishing Limit". Read 2026-11.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from syndicate.channels.addresses import BaseURL, ServiceURL, host_of
from syndicate.channels.containers import Containers, Shown, Staged, fields_of, says_the_same
from syndicate.channels.graph import Graph, exchanged, renewal
from syndicate.channels.http import RemoteId, page_url
from syndicate.channels.networks import Network, SignIn, Tools
from syndicate.channels.oauth import Access, Grant, Terms, access_of
from syndicate.channels.oauth_app import App, AppSettings
from syndicate.channels.signin import SignInPage, Visit, grant_of
from syndicate.durations import Duration
from syndicate.errors import Rejected, Unauthorized
from syndicate.outbox.delivery import Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel, Rights, Standing, rights_among
from syndicate.posts.post import ImageRules, Measure, Picture, Post, Room, Shape, Wants

ROOM = Room(2200, Measure.UTF16)
"""IG User Media, `caption`: 2,200 characters; the unit is not told, so the one that counts most."""
PHOTO = ImageRules(Shape.CARD, limit_bytes=8_000_000, media_types=("image/jpeg",), longest_side_px=1440, limit_alt=1000)
"""IG User Media: JPEG, 8 MB, 320 to 1440 pixels wide, between 4:5 and 1.91:1; a card image is 1200x630."""

MOST_HASHTAGS = 5
EARLY = timedelta(days=30)
YOUNGEST = timedelta(days=1)
"""A token lives 60 days, and can be renewed when it is a day old."""
SCOPES = ("instagram_business_basic", "instagram_business_content_publish")


def _username(value: str) -> str:
    name = value.strip().removeprefix("@").lower()
    if not re.fullmatch(r"[a-z0-9_.]{1,30}", name):
        raise ValueError("is no user name; write it as it stands behind the @")
    return name


class InstagramSettings(AppSettings):
    """A professional account. `links` none leaves the link out of the caption, where nobody can follow it anyway."""

    account: Annotated[str, AfterValidator(_username)]
    links: Literal["text", "none"] = "text"
    version: str = Field(default="v26.0", pattern=r"^v\d{2}\.\d$")
    api_url: BaseURL = "https://graph.instagram.com"
    auth_url: ServiceURL = "https://www.instagram.com"
    token_url: ServiceURL = "https://api.instagram.com"  # noqa: S105  # an address, no secret
    settle: Duration = timedelta(seconds=60)


def access_for(name: str, settings: InstagramSettings, tools: Tools) -> Access:
    """The account's access, which renews itself."""
    account = "/".join(("instagram", host_of(settings.api_url), settings.client_id or "", settings.account))
    terms = Terms(account, name, settings.given_token)
    if settings.given_token is None:
        renew = renewal(settings.api_url, "ig_refresh_token", tools, remedy=terms.remedy)
        terms = Terms(account, name, renew=renew, early=EARLY, youngest=YOUNGEST)
    return access_of(terms, tools)


async def sign_in(name: str, settings: InstagramSettings, tools: Tools, visit: Visit) -> Grant:
    """A token for 60 days: a person consents, and the short one is exchanged."""
    remedy = f"sign in by `syndicate auth {name}`"
    app = App(f"{settings.token_url}/oauth/access_token", settings.client_id or "", settings.app_secret)
    page = SignInPage(f"{settings.auth_url}/oauth/authorize", SCOPES, has_pkce=False, separator=",")
    short = await grant_of(page, app, tools, visit, remedy=remedy)
    query = {"grant_type": "ig_exchange_token", "client_secret": app.client_secret or "", "access_token": short.access}
    long = await exchanged(settings.api_url, "/access_token", query, tools, remedy=remedy)
    return long.model_copy(update={"scopes": SCOPES, "who": f"@{settings.account}"})


class Instagram(Channel):
    """One account."""

    network = "instagram"
    is_rehearsal = False

    def __init__(self, name: str, settings: InstagramSettings, tools: Tools) -> None:
        self.name = name
        self.account = f"@{settings.account}"
        self._settings = settings
        self._tools = tools
        self._access = access_for(name, settings, tools)
        base = f"{settings.api_url}/{settings.version}"
        self._graph = Graph(base, self._access, tools, ", ".join(SCOPES))
        self._containers = Containers(self._graph, "status_code", self.account)
        self._user_id: str | None = None

    @property
    def wants(self) -> Wants:
        """A picture that Instagram fetches, and a caption."""
        return Wants(
            room=ROOM,
            image=PHOTO,
            link_in_text=self._settings.links == "text",
            hashtags=MOST_HASHTAGS,
            needs_image=True,
            image_by_address=True,
        )

    @property
    def guarantee(self) -> Guarantee:
        """A container is published once, and tells whether it was."""
        return Guarantee(key_window=None, evidence=Evidence.BY_KEY, settle=self._settings.settle)

    @property
    def app(self) -> str:
        """Meta throttles apps as well as accounts."""
        return f"instagram/{self._settings.client_id or self.account}"

    async def open(self) -> None:
        """See that the account signed in is the one of the settings."""
        self._user_id = await self._who_am_i()

    async def standing(self) -> Standing:
        """Which account is signed in."""
        return await self._access.standing()

    async def rights(self) -> Rights:
        """What was granted at sign-in, held against what is asked for."""
        return rights_among((await self.standing()).scopes, SCOPES)

    async def upload(self, picture: Picture) -> str:
        """Instagram fetches pictures itself.

        Raises:
            Rejected: always.
        """
        raise Rejected(f"{self.account}: Instagram takes pictures by their address only")

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """A name of ours: the container is the key."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """What the container is made of: the card image, which is a JPEG of the right shape, or the item's own.

        Raises:
            ValueError: neither has a public address.
        """
        card = post.card
        address = card.jpeg_url or card.image_url
        if address is None:
            raise ValueError("Instagram needs a picture with a public address; set `feeds.url` and `cards.image`")
        fields = {"image_url": address, "caption": post.text}
        if card.image is not None and card.image.alt:
            fields["alt_text"] = card.image.alt[: PHOTO.limit_alt]
        return Staged(fields=fields).bytes()

    async def stage(self, payload: bytes, key: str) -> bytes:
        """Make the container, while the day's posts are not used up."""
        user = await self._user()
        await self._containers.check_quota(f"/{user}/content_publishing_limit")
        return await self._containers.made(f"/{user}/media", payload)

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Publish the container."""
        post_id = await self._containers.published(f"/{await self._user()}/media_publish", payload)
        url = page_url(await self._containers.permalink(post_id))
        return Receipt(post_id, url, self._tools.clock())

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Ask the container whether it was published, and then find its post among ours."""
        if not await self._containers.is_published(payload):
            return None
        query = {"fields": "id,caption,permalink,timestamp", "limit": "50"}
        answer = await self._graph.get(f"/{await self._user()}/media", query)
        caption = fields_of(payload)["caption"]
        ours = next((post for post in answer.read(_Posts).data if says_the_same(post.caption, caption)), None)
        if ours is None:  # it is there all the same: only its id is not known
            return Receipt(f"container-{Staged.model_validate_json(payload).container}", None, self._tools.clock())
        return Receipt(ours.id, page_url(ours.permalink), self._tools.clock())

    async def close(self) -> None:
        """Wait for a renewal under way."""
        await self._access.settled()

    async def _user(self) -> str:
        if self._user_id is None:
            self._user_id = await self._who_am_i()
        return self._user_id

    async def _who_am_i(self) -> str:
        me = (await self._graph.get("/me", {"fields": "user_id,username"})).read(_Me)
        if me.username.lower() != self._settings.account:
            told = f"the account signed in is @{me.username}, not {self.account}"
            raise Unauthorized(f"{self.account}: {told}; set it as `account`, or {self._access.remedy}")
        return me.user_id


class _Me(BaseModel):
    user_id: RemoteId
    username: RemoteId


class _Post(Shown):
    id: RemoteId
    caption: str = ""


class _Posts(BaseModel):
    data: tuple[_Post, ...] = ()


NETWORK = Network(
    name="instagram",
    title="Instagram",
    settings=InstagramSettings,
    make=Instagram,
    sign_in=SignIn(sign_in, access_for),
    needs=(
        "A business or creator account.",
        "An app at developers.facebook.com with Instagram and Business Login, its Instagram app id and secret, and an "
        "https callback address of yours (`syndicate auth --paste --redirect`).",
        "Feeds that the public can reach (`feeds.url`), with card images: Instagram fetches the picture there.",
    ),
    example="""\
news_instagram:
  network: instagram
  account: marshnotes
  client_id: "1234567890123456"
  client_secret_file: ~/.config/syndicate/instagram.secret
""",
)
