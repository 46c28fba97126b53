"""E-mail through an SMTP server: one message an item to one address, usually that of a mailing list.

Source: RFC 5321 (SMTP), RFC 5322 (messages), RFC 2919 (List-Id), RFC 8058 (one-click unsubscribing). Read 2026-11.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Self

import aiosmtplib
from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from pydantic import AfterValidator, Field, SecretStr, model_validator

from syndicate.channels.addresses import EndpointURL
from syndicate.channels.networks import Network, Tools
from syndicate.channels.secrets import ChannelSettings, SecretFile, either
from syndicate.durations import Duration
from syndicate.errors import Rejected, Transient, Unauthorized, Unknown
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel
from syndicate.posts.digest import by_topic
from syndicate.posts.post import ImageRules, Measure, Picture, Post, Room, Shape, Wants

TEXT_LIMIT = 10_000
"""A choice of ours: long enough for every summary, and far below what clients cut (about 100 kB of HTML)."""

IMAGE_BYTES = 300_000
"""A choice of ours: an image travels with every copy of the message."""

PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""Source: RFC 8314, section 3.3 (submission); RFC 5321 for 25."""

INLINE = "inline"
PICTURE_ID = "picture"

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_ADDRESS = re.compile(r"[^@\s<>\"(),:;]+@[^@\s<>\"(),:;]+\.[^@\s<>\"(),:;.]+")
_SIZE = re.compile(r"[0-9]{1,18}")
_LINE_BREAKS = re.compile(r"\s+")
_TEMPORARY = range(400, 500)
_BAD_ACCESS = frozenset({530, 534, 535, 538})
"""Source: RFC 4954, section 6."""


def mail_address(value: str) -> str:
    """An address as `name@host.example`.

    Raises:
        ValueError: it is none.
    """
    address = value.strip()
    if not _ADDRESS.fullmatch(address):
        raise ValueError("must be one e-mail address, such as news@site.example")
    if not address.isascii():  # SMTPUTF8 (RFC 6531) ends at the first server on the way that does not know it
        raise ValueError("must be written in ASCII: a domain as `xn--...`, and a name that its server has in ASCII")
    return address


MailAddress = Annotated[str, AfterValidator(mail_address)]
Recipient = Annotated[SecretStr, AfterValidator(lambda given: SecretStr(mail_address(given.get_secret_value())))]
"""An address that is nobody's business: it stands in no log and no report."""


class Security(StrEnum):
    """How the connection is kept from others."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class EmailSettings(ChannelSettings):
    """The server that takes mail, the sender, and the one address that every message goes to."""

    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Security = Security.STARTTLS
    username: str | None = None
    password: SecretStr | None = None
    password_file: SecretFile | None = None
    sender: MailAddress
    sender_name: str = Field(default="", max_length=200)
    to: Recipient
    list_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.-]+\.[A-Za-z0-9.-]+$")
    unsubscribe: EndpointURL | None = None
    unsubscribe_to: MailAddress | None = None
    attach: str = Field(default="image", pattern="^(image|none)$")
    timeout: Duration = timedelta(seconds=30)

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.security is Security.NONE and self.host not in _LOCAL:
            raise ValueError("security: `none` is taken for this machine only; use `starttls` or `tls`")
        if self.username is not None:
            either("password", self.password, self.password_file)
        elif self.password is not None or self.password_file is not None:
            raise ValueError("username: is missing; a password alone signs in nobody")
        return self


class Email(Channel):
    """One address."""

    network = "email"
    is_rehearsal = False

    def __init__(self, name: str, settings: EmailSettings, tools: Tools) -> None:
        self.name = name
        self._to = settings.to.get_secret_value()
        self.account = f"{self._to} from {settings.sender}"
        tools.web.hide(self._to)
        self._settings = settings
        self._password = ""
        if settings.username is not None:
            self._password = either("password", settings.password, settings.password_file).get_secret_value()
            tools.web.hide(self._password)
        self._port = settings.port or PORTS[settings.security]
        self._place = f"smtp://{settings.host}:{self._port}"
        self._limit_bytes: int | None = None
        self._tools = tools

    @property
    def place(self) -> str | None:
        """The address that is written to."""
        return f"email/{self._to.lower()}"

    @property
    def wants(self) -> Wants:
        """The whole summary and the link in the text; the picture travels inside."""
        image = ImageRules(Shape.CARD, limit_bytes=IMAGE_BYTES, media_types=("image/jpeg", "image/png"))
        room = Room(TEXT_LIMIT, Measure.CODE_POINTS)
        return Wants(room, image=None if self._settings.attach == "none" else image, hashtags=0)

    @property
    def guarantee(self) -> Guarantee:
        """A server may have taken a message though its answer was lost, and nobody can be asked."""
        return Guarantee(key_window=None, evidence=Evidence.NONE)

    @property
    def abilities(self) -> frozenset[Action]:
        """A message that was sent stays; a correction is a further one in its thread."""
        return frozenset({Action.POST, Action.REPLY})

    async def open(self) -> None:
        """Sign in once, and learn the largest message."""
        async with self._session() as server:
            size = server.esmtp_extensions.get("size", "").strip()
            self._limit_bytes = (int(size) or None) if _SIZE.fullmatch(size) else None

    async def upload(self, picture: Picture) -> str:
        """Nothing to bring: the picture is part of the message."""
        return INLINE

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """The `Message-ID`, which some stores keep once only."""
        return f"<{uid}.{generation}@{self._settings.sender.rpartition('@')[2]}>"

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The whole message.

        Raises:
            ValueError: it is larger than the server takes.
        """
        message = _message(post, self._settings, key, now, has_picture=media is not None)
        content = message.as_bytes(policy=policy.SMTP)
        if self._limit_bytes is not None and len(content) > self._limit_bytes:
            raise ValueError(f"{len(content)} bytes are more than the {self._limit_bytes} that {self._place} takes")
        return content

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Hand the message over; up to its last byte, nothing is sent."""
        # Errors have no cause: what the library says repeats the server, and that what it was told.
        async with self._session() as server:
            try:
                await server.mail(self._settings.sender)
                await server.rcpt(self._to)
            except aiosmtplib.SMTPException as error:
                refusal = self._refusal(error)
                if isinstance(refusal, Rejected):  # sender and address are the same for every post
                    raise Unauthorized(f"{refusal}; check `sender` and `to`") from None
                raise refusal from None
            try:
                await server.data(payload)
            except aiosmtplib.SMTPResponseException as error:
                if error.code < 400:  # an answer to no question of ours
                    raise Unknown(f"{self._place}: {error.code} after the message") from None
                raise self._refusal(error) from None
            except (aiosmtplib.SMTPException, OSError) as error:
                raise Unknown(f"{self._place}: {_words(error)} while the message was sent") from None
        return Receipt(key, None, self._tools.clock())

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Mail cannot be read back.

        Raises:
            Rejected: always.
        """
        raise Rejected(f"{self._place}: mail cannot be read back")

    async def close(self) -> None:
        """Nothing is held: each message has its own connection."""

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection, signed in.

        Raises:
            Transient, Unauthorized: nothing was sent.
        """
        settings = self._settings
        server = aiosmtplib.SMTP(
            hostname=settings.host,
            port=self._port,
            use_tls=settings.security is Security.TLS,
            start_tls=False,
            tls_context=None if settings.security is Security.NONE else ssl.create_default_context(),
            timeout=settings.timeout.total_seconds(),
        )
        try:
            await server.connect()
            await server.ehlo()
            await self._enter(server)
        except Unauthorized:
            server.close()
            raise
        except aiosmtplib.SMTPAuthenticationError as error:
            server.close()
            raise self._access_refused(error) from None  # its words may repeat what was sent
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            server.close()
            raise Transient(f"{self._place}: {_words(error)}") from None
        try:
            yield server
        finally:
            with suppress(aiosmtplib.SMTPException, OSError):
                await server.quit()
            server.close()

    async def _enter(self, server: aiosmtplib.SMTP) -> None:
        """Encrypt the connection and sign in, as the settings say.

        Raises:
            Unauthorized: the server offers no such thing.
        """
        settings = self._settings
        if settings.security is Security.STARTTLS:
            if not server.supports_extension("starttls"):
                remedy = "set `security: tls` and its `port`, or another server"
                raise Unauthorized(f"{self._place}: the server offers no encryption (STARTTLS); {remedy}")
            await server.starttls()
            await server.ehlo()
        if settings.username is None:
            return
        if not server.supported_auth_methods:
            remedy = "set the `port` for submission (587 or 465), or leave `username` and `password` out"
            raise Unauthorized(f"{self._place}: the server offers no sign-in (AUTH) that is known here; {remedy}")
        await server.login(settings.username, self._password)

    def _access_refused(self, error: aiosmtplib.SMTPAuthenticationError) -> Transient | Unauthorized:
        if error.code in _TEMPORARY:
            return Transient(f"{self._place}: {error.code} at the sign-in")
        return Unauthorized(f"{self._place}: {error.code}, the sign-in was refused; check `username` and `password`")

    def _refusal(self, error: aiosmtplib.SMTPException) -> Transient | Rejected | Unauthorized:
        """What a server's no proves: nothing was sent. RFC 5321, section 4.2.1: 4yz may pass later, 5yz never will."""
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            error = error.recipients[0]
        if not isinstance(error, aiosmtplib.SMTPResponseException):
            return Transient(f"{self._place}: {_words(error)}")
        words = self._tools.web.masked(_LINE_BREAKS.sub(" ", error.message))
        told = f"{self._place}: {error.code} {words[:200]}"
        if error.code in _BAD_ACCESS:
            return Unauthorized(f"{told}; check `username` and `password`")
        return Transient(told) if error.code in _TEMPORARY or error.code < 0 else Rejected(told)


def _words(error: BaseException) -> str:
    """The kind of failure; what a library says may hold what a server repeated."""
    return {
        "SMTPConnectError": "no connection",
        "SMTPConnectTimeoutError": "no connection in time",
        "SMTPConnectResponseError": "refused the connection",
        "SMTPTimeoutError": "no answer in time",
        "SMTPReadTimeoutError": "no answer in time",
        "SMTPServerDisconnected": "closed the connection",
    }.get(type(error).__name__, type(error).__name__)


def _message(post: Post, settings: EmailSettings, key: str, now: datetime, *, has_picture: bool) -> EmailMessage:
    card = post.card
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = _line(card.title if post.reply_to is None else post.text.partition("\n")[0] or card.title)
    message["From"] = Address(_line(settings.sender_name or card.site_name), addr_spec=settings.sender)
    message["To"] = Address(addr_spec=settings.to.get_secret_value())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = key
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes in answer
    message["Precedence"] = "bulk"
    if post.reply_to is not None:
        message["In-Reply-To"] = message["References"] = post.reply_to
    if settings.list_id is not None:
        message["List-Id"] = f"<{settings.list_id}>"
    ways = [settings.unsubscribe, settings.unsubscribe_to and f"mailto:{settings.unsubscribe_to}?subject=unsubscribe"]
    if any(ways):
        message["List-Unsubscribe"] = ", ".join(f"<{way}>" for way in ways if way)
    if settings.unsubscribe is not None:
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    leave = settings.unsubscribe or (settings.unsubscribe_to and f"mailto:{settings.unsubscribe_to}")
    picture = post.picture if has_picture else None
    form = "email_digest" if post.parts else "email"
    told = post.told if post.reply_to is None else post.text
    told = told.removesuffix(card.url).rstrip()  # the page leads there by itself
    fields: dict[str, Any] = {"post": post, "card": card, "leave": leave, "groups": by_topic(post.parts)}
    fields |= {"paragraphs": [part.split("\n") for part in told.split("\n\n") if part]}
    fields |= {"picture": picture, "picture_id": PICTURE_ID}
    message.set_content(_template(f"{form}.txt").render(fields), cte="quoted-printable")
    message.add_alternative(_template(f"{form}.html").render(fields), subtype="html", cte="quoted-printable")
    if picture is not None:
        kind, _, subtype = picture.media_type.partition("/")
        [_, shown] = message.iter_parts()
        assert isinstance(shown, EmailMessage)
        shown.add_related(picture.content, kind, subtype, cid=f"<{PICTURE_ID}>", disposition="inline")
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"{'=' * 8}{hashlib.sha256(f'{key} {number}'.encode()).hexdigest()[:32]}")
    return message


def _line(text: str) -> str:
    """Text for a header: on one line, as a break would begin another header."""
    return _LINE_BREAKS.sub(" ", text).strip()


@cache
def _drawing() -> Environment:
    return Environment(
        loader=PackageLoader("syndicate.channels", "."),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> Template:
    return _drawing().get_template(name)


NETWORK = Network(
    name="email",
    title="E-mail (SMTP)",
    settings=EmailSettings,
    make=Email,
    needs=(
        "An SMTP server that takes your mail, and its user name and password.",
        "One address to write to, usually that of a mailing list, whose server keeps the readers.",
    ),
    cost="free, but for the mail server",
    has_digests=True,
    example="""\
newsletter:
  network: email
  host: smtp.site.example
  username: news@site.example
  password_file: ~/.config/syndicate/smtp.password
  sender: news@site.example
  to: readers@lists.site.example
""",
)
