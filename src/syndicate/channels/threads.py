"""Threads.

Source: Meta "Threads Posts", "Threads API reference, Publishing", "Threads API overview" (250 posts a day), "Long-Lived
Access Tokens". Read 2026-11.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Literal

from syndicate.channels.addresses import BaseURL, ServiceURL
from syndicate.channels.containers import Containers, Dialect, Staged
from syndicate.channels.graph import Graph
from syndicate.channels.networks import Network, SignIn, Tools
from syndicate.channels.profiles import Login, ProfileSettings
from syndicate.errors import Rejected
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Allowance, Channel, OwnPost, Quota, Rights, Standing, rights_among
from syndicate.posts.post import ImageRules, Measure, Picture, Post, Room, Shape, Wants

ROOM = Room(500, Measure.EMOJI_BYTES)
"""Publishing reference: 500 characters, "emojis are counted as the number of UTF-8 bytes"."""
PHOTO = ImageRules(Shape.PHOTO, limit_bytes=8_000_000, limit_alt=1000)
"""Threads Posts: 8 MB; publishing reference: `alt_text` up to 1,000 characters."""

LOGIN = Login("threads", "th", ("threads_basic", "threads_content_publish"))
DIALECT = Dialect(
    account_id="id",
    made="threads",
    published="threads_publish",
    posts="threads",
    limit="threads_publishing_limit",
    status="status",
    reason="error_message",
    text="text",
    link="link_attachment_url",
)
QUOTA = Quota(250, timedelta(days=1))
"""Threads API overview: 250 posts in 24 hours; what a profile really has is asked for before each post."""


class ThreadsSettings(ProfileSettings):
    """A profile.

    `attach` card attaches the link, so that Threads makes a card of it; image has Threads fetch the picture from its
    public address, and puts the link into the text.
    """

    attach: Literal["card", "image"] = "card"
    api_url: BaseURL = "https://graph.threads.net"
    auth_url: ServiceURL = "https://threads.net"


class Threads(Channel):
    """One profile."""

    network = "threads"
    is_rehearsal = False

    def __init__(self, name: str, settings: ThreadsSettings, tools: Tools) -> None:
        self.name = name
        self.account = f"@{settings.account}"
        self._settings = settings
        self._access = LOGIN.access(name, settings, tools)
        graph = Graph(f"{settings.api_url}/v1.0", self._access, tools, ", ".join(LOGIN.scopes))
        self._containers = Containers(graph, DIALECT, settings.account)

    @property
    def wants(self) -> Wants:
        """Text and an attached link; or a picture that Threads fetches, with the link in the text."""
        if self._settings.attach == "card":
            return Wants(room=ROOM, link_in_text=False, hashtags=1, reads_page=True)
        return Wants(room=ROOM, image=PHOTO, image_by_address=True, hashtags=1, reads_page=True)

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
        await self._containers.open()

    async def standing(self) -> Standing:
        """Which profile is signed in."""
        return await self._access.standing()

    async def rights(self) -> Rights:
        """What was granted at sign-in, held against what is asked for."""
        return rights_among((await self.standing()).scopes, LOGIN.scopes)

    async def allowance(self) -> Allowance | None:
        """The posts of the last day, by the network's own count."""
        return await self._containers.allowance()

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

    async def delete(self, receipt: Receipt) -> None:
        """Take the post away."""
        await self._containers.delete(receipt)

    async def close(self) -> None:
        """Wait for a renewal under way."""
        await self._access.settled()


NETWORK = Network(
    name="threads",
    title="Threads",
    settings=ThreadsSettings,
    make=Threads,
    sign_in=SignIn(LOGIN.grant, LOGIN.access),
    quotas=(QUOTA,),
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
