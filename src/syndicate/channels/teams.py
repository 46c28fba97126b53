"""Microsoft Teams by a workflow's webhook, which posts Adaptive Cards to a channel or chat.

The answer says that the flow was started, not that a card was posted: what fails after it nobody tells. Failed runs
stand in the flow's history in Power Automate.

Source: Microsoft Learn, "Create incoming webhooks with Workflows for Microsoft Teams", "Format cards in Microsoft
Teams", "Information masking and limits"; adaptivecards.io, "Schema Explorer", "Text features". Read 2026-11.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, SecretStr, TypeAdapter, ValidationError, model_validator

from syndicate.channels.addresses import endpoint_url, host_of, origin_of
from syndicate.channels.http import Answer, RemoteId, json_bytes, verdict
from syndicate.channels.networks import Network, Tools
from syndicate.channels.secrets import ChannelSettings, SecretFile, either
from syndicate.errors import Rejected, Unauthorized, Unknown
from syndicate.outbox.delivery import Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel, Quota
from syndicate.posts.dialects import escape, write
from syndicate.posts.fit import fit, shorten
from syndicate.posts.markup import defuse
from syndicate.posts.measure import fits
from syndicate.posts.post import Card, Dialect, ImageRules, Measure, Picture, Post, Room, Shape, Wants

TEXT = Room(4000, Measure.UTF16, limit_bytes=10_000, dialect=Dialect.TEAMS)
TITLE = Room(300, Measure.UTF16, dialect=Dialect.TEAMS)
OUTLET = Room(200, Measure.UTF16, dialect=Dialect.TEAMS)
ALT = Room(1000, Measure.UTF16)
MESSAGE_BYTES = 20_000
"""28 kB are documented, 413 was measured from about 21 kB on (caronc/apprise, plugins/workflows.py)."""
IMAGE_BYTES = 1_000_000
"""Source: Microsoft Learn, "Format cards in Microsoft Teams": 1024 x 1024 pixels and 1 MB. Read 2026-11."""

BY_ADDRESS = "by address"
_RETIRED = ("webhook.office.com", "outlook.office.com", "outlook.office365.com")
_REMEDY = "open the flow in Power Automate, see that it is on and owned by somebody, and set its present `url`"


class TeamsSettings(ChannelSettings):
    """A workflow's webhook, whose address is the secret. `button` is the word on the button; none: the link's host."""

    url: SecretStr | None = None
    url_file: SecretFile | None = None
    image: bool = True
    button: Annotated[str, Field(min_length=1, max_length=40)] | None = None

    @model_validator(mode="after")
    def _has_url(self) -> Self:
        address = endpoint_url(either("url", self.url, self.url_file).get_secret_value())
        host = urlsplit(address).hostname or ""
        if host.endswith(_RETIRED):
            raise ValueError(
                "url: is that of a connector, which Microsoft has retired; make a workflow that posts to a channel "
                "when a webhook request is received, and set its address"
            )
        return self


class Teams(Channel):
    """One workflow."""

    network = "teams"
    is_rehearsal = False

    def __init__(self, name: str, settings: TeamsSettings, tools: Tools) -> None:
        self._url = endpoint_url(either("url", settings.url, settings.url_file).get_secret_value())
        parts = urlsplit(self._url)
        tools.web.hide(
            self._url, parts.query, *(one.partition("=")[2] for one in parts.query.split("&") if len(one) > 12)
        )
        self.name = name
        # Path and query are a secret, yet another flow is another place.
        self.account = f"{host_of(self._url)}#{hashlib.sha256(self._url.encode()).hexdigest()[:8]}"
        self._settings = settings
        self._tools = tools

    @property
    def wants(self) -> Wants:
        """A card carries title, link and picture; Teams fetches the picture from its public address."""
        rules = ImageRules(Shape.CARD, IMAGE_BYTES, longest_side_px=1200, limit_alt=ALT.limit)
        image = rules if self._settings.image else None
        return Wants(TEXT, image, link_in_text=False, title_in_text=False, hashtags=0, image_by_address=True)

    @property
    def guarantee(self) -> Guarantee:
        """A workflow takes no key and shows nothing."""
        return Guarantee(key_window=None, evidence=Evidence.NONE)

    @property
    def address(self) -> str:
        """The host of the address, which is asked nothing."""
        return origin_of(self._url)

    async def open(self) -> None:
        """Nothing to ask: whatever is sent to a flow's address starts it."""

    async def upload(self, picture: Picture) -> str:
        """Nothing to bring: Teams fetches the picture from its public address.

        Raises:
            Rejected: none is wanted.
        """
        if not self._settings.image:
            raise Rejected(f"{self.account}: cards show no picture here")
        return BY_ADDRESS

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """For our own books: a workflow takes no key."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The message with its card.

        Raises:
            ValueError: it is larger than Teams takes.
        """
        card = _card(post, self._settings)
        attachment: JsonValue = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": card,
        }
        message = json_bytes({"type": "message", "attachments": [attachment]})
        if len(message) > MESSAGE_BYTES:
            raise ValueError(f"{len(message)} bytes are more than the {MESSAGE_BYTES} that Teams takes")
        return message

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Start the flow once; the receipt holds the run's id, by which its history names it."""
        headers = {"Content-Type": "application/json"}
        answer = await self._tools.web.call("POST", self._url, headers=headers, body=payload)
        now = self._tools.clock()
        _judge(answer, now)
        return Receipt(_run_of(answer) or key, None, now)

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """A workflow shows nothing.

        Raises:
            Rejected: always.
        """
        raise Rejected(f"{self.account}: a workflow cannot be read back")

    async def close(self) -> None:
        """Nothing is held: connections belong to the web."""


def _card(post: Post, settings: TeamsSettings) -> dict[str, JsonValue]:
    """The Adaptive Card: title, picture, text, outlet and date, and a button that leads to the link."""
    card = post.card
    title = _short(card.title, TITLE)
    leads: JsonValue = {"type": "Action.OpenUrl", "url": card.url}
    body: list[JsonValue] = [_words(escape(title, Dialect.TEAMS), size="Large", weight="Bolder")]
    if settings.image and card.image_url is not None:
        alt = fit((card.image.alt if card.image is not None else "") or defuse(card.title), ALT)
        body.append({"type": "Image", "url": card.image_url, "altText": alt, "size": "Stretch", "selectAction": leads})
    if post.text:
        body.append(_words(write(post.text, post.spans, Dialect.TEAMS)))
    body.append(_words(_line(card), isSubtle=True, size="Small"))
    button = settings.button or urlsplit(card.url).hostname or card.url[:40]
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "lang": card.language,
        "fallbackText": f"{title} {card.url}",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": button, "url": card.url}],
    }


def _words(text: str, **looks: JsonValue) -> JsonValue:
    return {"type": "TextBlock", "text": text, "wrap": True, **looks}


def _line(card: Card) -> str:
    """Outlet and date; the date is written by each reader's own Teams (adaptivecards.io, "Text features")."""
    at = card.published.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    outlet = escape(_short(card.brand or card.site_name, OUTLET), Dialect.TEAMS)
    date = f"{{{{DATE({at}, SHORT)}}}}"
    return f"{outlet} · {date}" if outlet else date


def _short(text: str, room: Room) -> str:
    """Harmless words that fit as they will be written."""
    return shorten(defuse(text), lambda candidate: fits(escape(candidate, room.dialect), room))


def _judge(answer: Answer, now: datetime) -> None:
    """What an answer proves; nothing is known of what the flow does after it.

    Raises:
        NetworkError: by kind.
    """
    if answer.status in {404, 410}:  # the flow is gone, or off
        raise Unauthorized(f"{answer.place}: {answer.status} ({answer.words}); {_REMEDY}")
    verdict(answer, now, remedy=_REMEDY)
    start = answer.body.lstrip()[:1]
    # A flow answers nothing or what its owner put into it; a page comes from a sign-in, an object may tell an error.
    if start == b"<" or (start == b"{" and b'"error"' in answer.body):
        raise Unknown(f"{answer.place}: {answer.status} with what no workflow answers ({answer.words})")


def _run_of(answer: Answer) -> str | None:
    try:
        return TypeAdapter(RemoteId).validate_python(answer.headers.get("x-ms-workflow-run-id"))
    except ValidationError:
        return None


NETWORK = Network(
    name="teams",
    title="Microsoft Teams (workflow)",
    settings=TeamsSettings,
    make=Teams,
    quotas=(Quota(4, timedelta(seconds=1)),),  # Microsoft Learn, "Create incoming webhooks": more are throttled
    needs=(
        "A workflow in the channel: Workflows, template `Post to a channel when a webhook request is received`.",
        "Its address is a secret: whoever has it can post; keep it in a file (`url_file`) or in the environment.",
        "An owner of the flow who stays: it ends when the account that made it does.",
        "Pictures under a public address (`feeds.url`), as Teams fetches them itself.",
    ),
    cost="free within the flow owner's Power Automate quota",
    example="""\
news_teams:
  network: teams
  url: https://prod-00.westeurope.logic.azure.com/workflows/0123456789abcdef/triggers/manual/paths/invoke?sig=the-secret-part
""",
)
