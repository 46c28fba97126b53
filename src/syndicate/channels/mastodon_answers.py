"""What servers with the Mastodon API answer, as checked values.

Source: Mastodon documentation, entities "Status", "PreviewCard", "MediaAttachment", "Account". Read 2026-11.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, RootModel

from syndicate.channels.accounts import shown_name
from syndicate.channels.http import RemoteId, page_url


class _Entity(BaseModel):
    """JSON of a server; some send numbers as ids."""

    model_config = ConfigDict(coerce_numbers_to_str=True, frozen=True)


class Identified(_Entity):
    """What a server has a name for."""

    id: RemoteId


class Account(Identified):
    """Whose token it is."""

    acct: str = ""

    def at(self, server: str) -> str | None:
        """The account's whole name; None if the server does not tell it."""
        return f"@{name}@{server}" if (name := shown_name(self.acct)) else None


class Created(Identified):
    """The answer to a post or an edit."""

    url: Annotated[str | None, AfterValidator(page_url)] = None


class PreviewCard(_Entity):
    """The card that a server made of a link."""

    url: str = ""


class Status(Created):
    """A post as a server lists it."""

    created_at: AwareDatetime
    content: str = ""
    card: PreviewCard | None = None
    in_reply_to_id: str | None = None

    @property
    def card_links(self) -> tuple[str | None, ...]:
        """The link of its card, if it has one."""
        return (self.card.url if self.card else None,)


class Shown(_Entity):
    """A post with its pictures."""

    media_attachments: tuple[Identified, ...] = ()


class Statuses(RootModel[tuple[Status, ...]]):
    """A page of statuses."""


class Frozen(_Entity):
    """What `freeze` wrote."""

    status: str
    media_ids: tuple[str, ...] = ()
    in_reply_to_id: str | None = None
