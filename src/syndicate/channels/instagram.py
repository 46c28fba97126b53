"""Instagram, professional accounts (Instagram API with Instagram Login).

Source: Meta "Content Publishing", "Instagram Platform, IG User Media", "Business Login for Instagram", "Content
Publishing Limit". Read 2026-11.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from syndicate.channels.addresses import BaseURL, ServiceURL
from syndicate.channels.containers import Containers, Dialect, Staged
from syndicate.channels.graph import Graph
from syndicate.channels.networks import Network, SignIn, Tools
from syndicate.channels.profiles import Login, ProfileSettings
from syndicate.errors import Rejected
from syndicate.outbox.delivery import Evidence, Guarantee, Receipt
from syndicate.ports.channel import Allowance, Channel, OwnPost, Quota, Rights, Standing, rights_among
from syndicate.posts.post import ImageRules, Measure, Picture, Post, Room, Shape, Wants

ROOM = Room(2200, Measure.UTF16)
"""IG User Media, `caption`: 2,200 characters; the unit is not told, so the one that counts most."""
PHOTO = ImageRules(Shape.CARD, limit_bytes=8_000_000, media_types=("image/jpeg",), longest_side_px=1440, limit_alt=1000)
"""IG User Media: JPEG, 8 MB, 320 to 1440 pixels wide, between 4:5 and 1.91:1; a card image is 1200x630."""

MOST_HASHTAGS = 5
QUOTA = Quota(100, timedelta(days=1))
"""Content Publishing: 100 posts in 24 hours; what an account really has is asked for before each post."""
LOGIN = Login("instagram", "ig", ("instagram_business_basic", "instagram_business_content_publish"))
DIALECT = Dialect(
    account_id="user_id",
    made="media",
    published="media_publish",
    posts="media",
    limit="content_publishing_limit",
    status="status_code",
    reason="status",
    text="caption",
)


class InstagramSettings(ProfileSettings):
    """A professional account. `links` none leaves the link out of the caption, where nobody can follow it anyway."""

    links: Literal["text", "none"] = "text"
    version: str = Field(default="v26.0", pattern=r"^v\d{2}\.\d$")
    api_url: BaseURL = "https://graph.instagram.com"
    auth_url: ServiceURL = "https://www.instagram.com"
    token_url: ServiceURL = "https://api.instagram.com"  # noqa: S105  # an address, no secret

    @property
    def token_base(self) -> str:
        """A host of its own."""
        return self.token_url


class Instagram(Channel):
    """One account."""

    network = "instagram"
    is_rehearsal = False

    def __init__(self, name: str, settings: InstagramSettings, tools: Tools) -> None:
        self.name = name
        self.account = f"@{settings.account}"
        self._settings = settings
        self._access = LOGIN.access(name, settings, tools)
        graph = Graph(f"{settings.api_url}/{settings.version}", self._access, tools, ", ".join(LOGIN.scopes))
        self._containers = Containers(graph, DIALECT, settings.account)

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
        await self._containers.open()

    async def standing(self) -> Standing:
        """Which account is signed in."""
        return await self._access.standing()

    async def rights(self) -> Rights:
        """What was granted at sign-in, held against what is asked for."""
        return rights_among((await self.standing()).scopes, LOGIN.scopes)

    async def allowance(self) -> Allowance | None:
        """The posts of the last day, by the network's own count."""
        return await self._containers.allowance()

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
        return await self._containers.made(payload)

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Publish the container."""
        return await self._containers.published(payload)

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Ask the container whether it was published, and find its post among ours."""
        return await self._containers.found(payload, since)

    @property
    def is_listable(self) -> bool:
        """Own posts are listed, newest first."""
        return True

    def recent(self, since: datetime) -> AsyncIterator[OwnPost]:
        """Our own posts since then, without replies and reposts, newest first."""
        return self._containers.recent(since)

    async def close(self) -> None:
        """Wait for a renewal under way."""
        await self._access.settled()


NETWORK = Network(
    name="instagram",
    title="Instagram",
    settings=InstagramSettings,
    make=Instagram,
    sign_in=SignIn(LOGIN.grant, LOGIN.access),
    quotas=(QUOTA,),
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
