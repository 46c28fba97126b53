"""Where posts go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from syndicate.errors import Rejected
from syndicate.outbox.delivery import Action, Guarantee, Receipt
from syndicate.outbox.pace import Price
from syndicate.posts.post import Picture, Post, Wants


class Standing(Struct, frozen=True):
    """How a channel's access stands: who is signed in, what it may do, and when it ends unless a person renews it.

    `who` is the account in the network's own words. None and empty: not known, or not asked by this network.
    """

    who: str | None = None
    scopes: tuple[str, ...] = ()
    until: datetime | None = None


class Rights(Struct, frozen=True):
    """What the access may do, in the network's own words: what it has, and what posting needs and it has not.

    `excess` is what it may do besides and had better not. All empty: the network does not tell.
    """

    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    excess: tuple[str, ...] = ()

    @property
    def is_told(self) -> bool:
        """Whether the network tells."""
        return bool(self.has or self.lacks)


def rights_among(granted: Iterable[str], needed: Iterable[str]) -> Rights:
    """The rights of an access that was granted these scopes, where `write` holds `write:statuses`.

    Nothing granted: the network does not tell.
    """
    has = tuple(granted)
    lacks = (one for one in needed if one not in has and one.partition(":")[0] not in has)
    return Rights(has, tuple(lacks) if has else ())


class OwnPost(Struct, frozen=True):
    """A post of ours as the network shows it: its words, the links in it and on its card, and its receipt."""

    text: str
    links: tuple[str, ...]
    receipt: Receipt


class Quota(Struct, frozen=True):
    """How many posts a network takes of one account in any stretch of that length; `about` says of which, if not all.

    Plans warn of it; what keeps posts back is the channel's own pace and the network's answers.
    """

    posts: int
    per: timedelta
    about: str = ""


class Allowance(Struct, frozen=True):
    """How many posts of its quota an account has used up, by the network's own count."""

    used: int
    total: int
    per: timedelta


class Channel(Protocol):
    """A configured account or place on a network.

    `account` names the place as the settings give it, known without a connection; it is part of each delivery's uid.
    `wants` and `guarantee` may be refined by `open`. `is_rehearsal`: posts are seen by the operator only (preview).
    Adapters derive from this class: it says for them what they cannot do.
    """

    name: str
    network: str
    account: str
    is_rehearsal: bool

    @property
    def wants(self) -> Wants:
        """What a post must look like here."""

    @property
    def guarantee(self) -> Guarantee:
        """What is promised about posting twice here."""

    @property
    def abilities(self) -> frozenset[Action]:
        """What can be done about a post here besides making it."""
        return frozenset({Action.POST})

    @property
    def is_listable(self) -> bool:
        """Whether `recent` can list our own posts."""
        return False

    @property
    def place(self) -> str | None:
        """Where posts appear: equal for channels that lead to one place. Open ones know it better; None: not yet."""
        return f"{self.network}/{self.account}"

    @property
    def limit_scope(self) -> str:
        """What shares the limits that the network sets for an account."""
        return self.account

    @property
    def app(self) -> str:
        """What shares the limits that the network sets for an application rather than an account."""
        return self.network

    @property
    def in_flight(self) -> int:
        """How many posts may be on their way at once; more than one only where each has a key of its own."""
        return 1

    @property
    def address(self) -> str | None:
        """Scheme and host that posts go to, where `open` asks nobody; None: it asks."""
        return None

    @property
    def price(self) -> Price | None:
        """What one post costs here; None: nothing."""
        return None

    async def open(self) -> None:
        """Check access and read the server's limits; safe to call again.

        Raises:
            Transient, RateLimited, Unauthorized: the lane waits and tries again.
        """

    async def standing(self) -> Standing:
        """How the access stands as far as is known here; the network is not asked."""
        return Standing()

    async def rights(self) -> Rights:
        """What the access may do, as the network tells it; asked for by a person only, and after `open`.

        Raises:
            NetworkError: it could not be asked.
        """
        return Rights((await self.standing()).scopes)

    async def allowance(self) -> Allowance | None:
        """How much of its quota the account has used; None: the network does not tell. Asked as `rights` is.

        Raises:
            NetworkError: it could not be asked.
        """
        return None

    async def upload(self, picture: Picture) -> str:
        """Bring the picture to the network, repeatable at will; gives an opaque reference for `freeze`.

        Raises:
            NetworkError: by kind; Rejected means the picture cannot be used and the post goes without.
        """

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """The idempotency key in the network's own form; deterministic."""

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The exact request body (or record) that every attempt under this key sends."""

    async def stage(self, payload: bytes, key: str) -> bytes:
        """Last repeatable step before the intent, such as making a container; gives the payload to publish.

        Raises:
            NetworkError: by kind; nothing was published.
        """
        return payload

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Send once. Follows no redirect; never repeats by itself.

        Raises:
            NetworkError: by kind; whatever is not proven is Unknown.
        """

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Look for the post among our own since then; None if it is not there.

        Raises:
            NetworkError: it could not be read.
        """

    def recent(self, since: datetime) -> AsyncIterator[OwnPost]:
        """Our own posts since then (replies and reposts left out), newest first. Only where it `is_listable`.

        Raises:
            NetworkError: they could not be read.
        """
        raise Rejected(f"{self.account}: {self.network} cannot list posts")

    async def edit(self, receipt: Receipt, payload: bytes) -> Receipt:
        """Make a post read as the payload does; repeatable at will. Only where `abilities` has EDIT.

        The receipt is that of the post, `at` the time of its last change: a repeat of an edit comes with the same one,
        another edit to the same words with a later one.

        Raises:
            NetworkError: by kind; Rejected: it cannot be edited (any more).
        """
        raise Rejected(f"{self.account}: {self.network} cannot edit posts")

    async def delete(self, receipt: Receipt) -> None:
        """Take a post away; repeatable at will: one that is gone already is done. Only where `abilities` has DELETE.

        Raises:
            NetworkError: by kind.
        """
        raise Rejected(f"{self.account}: {self.network} cannot delete posts")

    async def close(self) -> None:
        """Let go of connections."""


class Tokens(Protocol):
    """Sessions and refresh tokens, kept encrypted over restarts."""

    async def token(self, name: str) -> str | None:
        """The kept secret of that name, or None."""

    async def keep_token(self, name: str, secret: str) -> None:
        """Keep a secret durably before it is used."""
