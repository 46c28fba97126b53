"""A real SMTP server on a port of its own, with a mailbox to look into and failures to order."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from clocks import lapse

USER = "news@site.example"


@dataclass
class Mailbox:
    """What arrived, and what the server says at each step (None: it agrees)."""

    port: int = 0
    password: str | None = None
    answers: dict[str, str] = field(default_factory=dict)
    is_cut_after: bool = False
    hangs_after: bool = False
    envelopes: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    servers: list[SMTP] = field(default_factory=list)

    @property
    def messages(self) -> list[EmailMessage]:
        """The messages, parsed as a mail program would."""
        return [message_from_bytes(one.content or b"", policy=policy.default) for one in self.envelopes]  # type: ignore[arg-type, misc]  # content is bytes here

    async def handle_MAIL(  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # as above
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.envelopes.append(envelope)
        self.sessions.append(session)
        if self.is_cut_after and server.transport is not None:
            _cut(server)
        if self.hangs_after:
            await lapse()
            await asyncio.Event().wait()
        return "250 OK: queued"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        """Whether the sign-in is the right one."""
        assert isinstance(given, LoginPassword)
        if "AUTH" in self.answers:
            return AuthResult(success=False, handled=False, message=self.answers["AUTH"])
        is_right = (given.login, given.password) == (USER.encode(), (self.password or "").encode())
        return AuthResult(success=is_right, handled=False)


def _cut(server: SMTP) -> None:
    with suppress(AttributeError):  # before 3.11.4, of an encrypted connection that ended already
        server.transport.abort()  # type: ignore[union-attr]  # it is a stream's


@asynccontextmanager
async def mailbox(
    *, password: str | None = None, size: int = 33_554_432, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Mailbox]:
    """A server on loopback; with a password, it wants a sign-in; with a certificate, it offers encryption."""
    box = Mailbox(password=password)

    def made() -> SMTP:
        server = SMTP(
            box,
            hostname="mail.test",
            data_size_limit=size,
            enable_SMTPUTF8=True,
            authenticator=box.authenticate if password is not None else None,
            auth_require_tls=password is None,  # offered nowhere where none is wanted
            tls_context=tls,
        )
        box.servers.append(server)
        return server

    factory: Callable[[], SMTP] = made
    listening = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    box.port = listening.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        listening.close()
        for server in box.servers:
            if server.transport is not None:
                _cut(server)
            if server._handler_coroutine is not None:
                server._handler_coroutine.cancel()
        await asyncio.gather(
            *(server._handler_coroutine for server in box.servers if server._handler_coroutine is not None),
            return_exceptions=True,
        )
        await listening.wait_closed()
