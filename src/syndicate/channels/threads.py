"""Threads.

Source: Meta "Threads Posts", "Threads API reference, Publishing", "Threads API overview" (250 posts a day), "Long-Lived
Access Tokens". Read 2026-11.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel

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
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel, Rights, Standing, rights_among
from syndicate.posts.post import ImageRules, Measure, Picture, Post, Room, Shape, Wants

ROOM = Room(500, Measure.EMOJI_BYTES)
"""Publishing reference: 500 characters, "emojis are counted as the number of UTF-8 bytes"."""
PHOTO = ImageRules(Shape.PHOTO, limit_bytes=8_000_000, limit_alt=1000)
"""Threads Posts: 8 MB; publishing reference: `alt_text` up to 1,000 characters."""

EARLY = timedelta(days=30)
YOUNGEST = timedelta(days=1)
"""A token lives 60 days, and can be renewed when it is a day old."""
CLOCKS_DIFFER = timedelta(minutes=5)
SCOPES = ("threads_basic", "threads_content_publish")
_PATH = "/threads"


def _username(value: str) -> str:
    name = value.strip().removeprefix("@").lower()
    if not re.fullmatch(r"[a-z0-9_.]{1,30}", name):
        raise ValueError("is no user name; write it as it stands behind the @")
    return name


class ThreadsSettings(AppSettings):
    """A profile.

    `attach` card attaches the link, so that Threads makes a card of it; image has Threads fetch the picture from its
    public address, and puts the link into the text.
    """

    account: Annotated[str, AfterValidator(_username)]
    attach: Literal["card", "image"] = "card"
    api_url: BaseURL = "https://graph.threads.net"
    auth_url: ServiceURL = "https://threads.net"
    settle: Duration = timedelta(seconds=60)


def access_for(name: str, settings: ThreadsSettings, tools: Tools) -> Access:
    """The profile's access, which renews itself."""
    account = "/".join(("threads", host_of(settings.api_url), settings.client_id or "", settings.account))
    terms = Terms(account, name, settings.given_token)
    if settings.given_token is None:
        renew = renewal(settings.api_url, "th_refresh_token", tools, remedy=terms.remedy)
        terms = Terms(account, name, renew=renew, early=EARLY, youngest=YOUNGEST)
    return access_of(terms, tools)


async def sign_in(name: str, settings: ThreadsSettings, tools: Tools, visit: Visit) -> Grant:
    """A token for 60 days: a person consents, and the short one is exchanged."""
    remedy = f"sign in by `syndicate auth {name}`"
    app = App(f"{settings.api_url}/oauth/access_token", settings.client_id or "", settings.app_secret)
    page = SignInPage(f"{settings.auth_url}/oauth/authorize", SCOPES, has_pkce=False, separator=",")
    short = await grant_of(page, app, tools, visit, remedy=remedy)
    query = {"grant_type": "th_exchange_token", "client_secret": app.client_secret or "", "access_token": short.access}
    long = await exchanged(settings.api_url, "/access_token", query, tools, remedy=remedy)
    return long.model_copy(update={"scopes": SCOPES, "who": f"@{settings.account}"})


class Threads(Channel):
    """One profile."""

    network = "threads"
    is_rehearsal = False

    def __init__(self, name: str, settings: ThreadsSettings, tools: Tools) -> None:
        self.name = name
        self.account = f"@{settings.account}"
        self._settings = settings
        self._tools = tools
        self._access = access_for(name, settings, tools)
        self._graph = Graph(f"{settings.api_url}/v1.0", self._access, tools, ", ".join(SCOPES))
        self._containers = Containers(self._graph, "status", self.account)
        self._user_id: str | None = None

    @property
    def wants(self) -> Wants:
        """Text and an attached link; or a picture that Threads fetches, with the link in the text."""
        if self._settings.attach == "card":
            return Wants(room=ROOM, link_in_text=False, hashtags=1)
        return Wants(room=ROOM, image=PHOTO, image_by_address=True, hashtags=1)

    @property
    def guarantee(self) -> Guarantee:
        """A container is published once, and tells whether it was."""
        return Guarantee(key_window=None, evidence=Evidence.BY_KEY, settle=self._settings.settle)

    @property
    def abilities(self) -> frozenset[Action]:
        """Posts cannot be changed."""
        return frozenset({Action.POST, Action.DELETE})

    @property
    def app(self) -> str:
        """Meta throttles apps as well as profiles."""
        return f"threads/{self._settings.client_id or self.account}"

    async def open(self) -> None:
        """See that the profile signed in is the one of the settings."""
        self._user_id = await self._who_am_i()

    async def standing(self) -> Standing:
        """Which profile is signed in."""
        return await self._access.standing()

    async def rights(self) -> Rights:
        """What was granted at sign-in, held against what is asked for."""
        return rights_among((await self.standing()).scopes, SCOPES)

    async def upload(self, picture: Picture) -> str:
        """Threads fetches pictures itself.

        Raises:
            Rejected: always.
        """
        raise Rejected(f"{self.account}: Threads takes pictures by their address only")

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """A name of ours: the container is the key."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """What the container is made of."""
        card = post.card
        fields = {"media_type": "TEXT", "text": post.text}
        if self._settings.attach == "card":
            fields["link_attachment"] = card.url
        elif card.image_url is not None:
            fields |= {"media_type": "IMAGE", "image_url": card.image_url}
            if card.image is not None and card.image.alt:
                fields["alt_text"] = card.image.alt[: PHOTO.limit_alt]
        return Staged(fields=fields).bytes()

    async def stage(self, payload: bytes, key: str) -> bytes:
        """Make the container, while the day's posts are not used up."""
        user = await self._user()
        await self._containers.check_quota(f"/{user}/threads_publishing_limit")
        return await self._containers.made(f"/{user}{_PATH}", payload)

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Publish the container."""
        post_id = await self._containers.published(f"/{await self._user()}/threads_publish", payload)
        url = page_url(await self._containers.permalink(post_id))
        return Receipt(post_id, url, self._tools.clock())

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Ask the container whether it was published, and then find its post among ours."""
        if not await self._containers.is_published(payload):
            return None
        start = (since - CLOCKS_DIFFER).astimezone(UTC)
        query = {"fields": "id,permalink,text,timestamp", "limit": "100", "since": str(int(start.timestamp()))}
        answer = await self._graph.get(f"/{await self._user()}{_PATH}", query)
        text = fields_of(payload)["text"]
        ours = next((post for post in answer.read(_Posts).data if says_the_same(post.text, text)), None)
        if ours is None:  # it is there all the same: only its id is not known
            return Receipt(f"container-{Staged.model_validate_json(payload).container}", None, self._tools.clock())
        return Receipt(ours.id, page_url(ours.permalink), self._tools.clock())

    async def delete(self, receipt: Receipt) -> None:
        """Take the post away."""
        if receipt.remote_id.startswith("container-"):
            raise Rejected(f"{self.account}: the post's id is not known; delete it by hand")
        await self._graph.delete(f"/{receipt.remote_id}")

    async def close(self) -> None:
        """Wait for a renewal under way."""
        await self._access.settled()

    async def _user(self) -> str:
        if self._user_id is None:
            self._user_id = await self._who_am_i()
        return self._user_id

    async def _who_am_i(self) -> str:
        me = (await self._graph.get("/me", {"fields": "id,username"})).read(_Me)
        if me.username.lower() != self._settings.account:
            told = f"the profile signed in is @{me.username}, not {self.account}"
            raise Unauthorized(f"{self.account}: {told}; set it as `account`, or {self._access.remedy}")
        return me.id


class _Me(BaseModel):
    id: RemoteId
    username: RemoteId


class _Post(Shown):
    id: RemoteId
    text: str = ""
    timestamp: AwareDatetime | None = None


class _Posts(BaseModel):
    data: tuple[_Post, ...] = ()


NETWORK = Network(
    name="threads",
    title="Threads",
    settings=ThreadsSettings,
    make=Threads,
    sign_in=SignIn(sign_in, access_for),
    needs=(
        "An app at developers.facebook.com with the use case Threads API, its Threads app id and secret, and an https "
        "callback address of yours (`syndicate auth --paste --redirect`).",
        "As long as the app is not reviewed, the profile must be one of its Threads testers.",
        "For `attach: image`, feeds that the public can reach (`feeds.url`): Threads fetches the picture there.",
    ),
    example="""\
news_threads:
  network: threads
  account: marshnotes
  client_id: "1234567890123456"
  client_secret_file: ~/.config/syndicate/threads.secret
""",
)
