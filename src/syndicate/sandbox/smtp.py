"""The door to the fake mail server: SMTP on a port of its own, with the same faults as the doors of HTTP.

Written from RFC 5321 (commands, replies, dot stuffing), RFC 4954 (AUTH), RFC 1870 (SIZE), RFC 6531 (SMTPUTF8). What
HTTP says by a status, a reply code says here; what breaks on the wire, breaks in the reply to the message.
Read 2026-11.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import struct
from dataclasses import dataclass, replace
from socket import SO_LINGER, SOL_SOCKET

from syndicate.sandbox.addresses import TOKEN_PREFIX
from syndicate.sandbox.board import account_in
from syndicate.sandbox.email import Email, Envelope
from syndicate.sandbox.faults import Effect, InjectedFault, Plan
from syndicate.sandbox.wire import RouteKind

# RFC 5321, section 4.5.3.1: a command line, and the message that SIZE announces here.
LONGEST_COMMAND, LARGEST_BYTES = 4_096, 26_214_400
GREETING = "220 sandbox.test ESMTP"
QUEUED = "250 2.0.0 Ok: queued"
EXTENSIONS = (f"SIZE {LARGEST_BYTES}", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN")
# What stands for a status: nothing was done. RFC 5321, section 4.2; RFC 3463.
REFUSALS = {
    Effect.ERROR_500_BEFORE: "451 4.3.0 Local error in processing",
    Effect.ERROR_502_BEFORE: "451 4.4.0 Upstream host is down",
    Effect.ERROR_503_BEFORE: "421 4.3.2 Service not available",
    Effect.ERROR_504_BEFORE: "451 4.4.7 Upstream host took too long",
    Effect.ERROR_429: "450 4.7.1 Too many messages, try again later",
    Effect.UNAUTHORIZED_401: "530 5.7.0 Authentication required",
    Effect.FORBIDDEN_403: "550 5.7.1 Not permitted",
    Effect.GONE_410: "550 5.1.1 No such mailbox",
    Effect.REDIRECT_302: "551 5.1.6 User not local; please try <elsewhere@sandbox.test>",
    Effect.REDIRECT_307: "551 5.1.6 User not local; please try <elsewhere@sandbox.test>",
    Effect.HTML_200: "<!doctype html><title>Log in</title>",
}
# Of these the reply comes from something in front of the server, or not at all: the message was taken.
LOST = {
    *(Effect.LOST_AFTER, Effect.ERROR_500_AFTER, Effect.ERROR_502_AFTER, Effect.ERROR_503_AFTER),
    Effect.ERROR_504_AFTER,
}
SLOW_REPLIES = {Effect.SLOW_AFTER, Effect.SLOW_HEADERS, Effect.SLOW_BODY}
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>]*)>(.*)", re.IGNORECASE)


class Ended(Exception):
    """The conversation is over: somebody hung up, or a fault did."""


class MailDoor:
    """The way into the mail server."""

    def __init__(self, network: Email, plan: Plan) -> None:
        self.network = network
        self._plan = plan
        self.port = 0
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._late: set[asyncio.Task[None]] = set()

    @property
    def pending(self) -> int:
        """Late commits that are still to come."""
        return len(self._late)

    async def open(self, host: str, port: int) -> None:
        """Answer from now on, on another free port if this one is taken."""
        try:
            self._server = await asyncio.start_server(self._meet, host, port, limit=2 * LARGEST_BYTES)
        except OSError:
            self._server = await asyncio.start_server(self._meet, host, 0, limit=2 * LARGEST_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def settle(self) -> None:
        """Wait until every late commit is done."""
        await asyncio.gather(*tuple(self._late))

    async def forget(self) -> None:
        """Drop what is still to be committed late, and every conversation."""
        going = (*self._late, *self._talks)
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    async def close(self) -> None:
        """Stop answering."""
        await self.forget()
        if self._server is not None:
            self._server.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)
        try:
            await _Talk(self, reader, writer).run()
        except (Ended, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # whoever spoke is gone, or said what no server reads on
        finally:
            writer.close()

    def fault(self, kind: RouteKind) -> InjectedFault | None:
        """What happens to the step that has just come, if anything."""
        return self._plan.next(self.network.name, kind)

    def commit_later(self, envelope: Envelope, content: bytes, delay_s: float) -> None:
        """Take a message when nobody waits for it any more."""

        async def commit() -> None:
            await asyncio.sleep(delay_s)
            await self.network.take(envelope, content)

        task = asyncio.create_task(commit())
        self._late.add(task)
        task.add_done_callback(self._late.discard)


@dataclass
class _Talk:
    """One connection."""

    door: MailDoor
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    envelope: Envelope | None = None
    is_known: bool = False

    async def run(self) -> None:
        """Greet, and answer commands until one says goodbye."""
        await self._faulty(self.door.fault(RouteKind.SESSION))
        await self._say(GREETING)
        while True:
            verb, _, rest = (await self._line()).partition(" ")
            match verb.upper():
                case "EHLO":
                    self.envelope = None
                    await self._say(
                        *(f"250-{one}" for one in ("sandbox.test", *EXTENSIONS[:-1])), f"250 {EXTENSIONS[-1]}"
                    )
                case "AUTH":
                    await self._sign_in(rest)
                case "MAIL":
                    await self._begin(rest)
                case "RCPT":
                    await self._address(rest)
                case "DATA":
                    await self._take()
                case "RSET":
                    self.envelope = None
                    await self._say("250 2.0.0 Ok")
                case "NOOP" | "HELO":
                    await self._say("250 2.0.0 Ok")
                case "QUIT":
                    await self._say("221 2.0.0 Bye")
                    raise Ended
                case _:
                    await self._say("500 5.5.1 Command unknown")

    async def _sign_in(self, rest: str) -> None:
        """The password begins with the sandbox's prefix; the name may be any."""
        way, _, first = rest.partition(" ")
        try:
            if way.upper() == "PLAIN":
                told = first or await self._asked("")
                password = base64.b64decode(told, validate=True).decode().split("\0")[2]
            elif way.upper() == "LOGIN":
                if not first:
                    await self._asked("Username:")
                password = base64.b64decode(await self._asked("Password:"), validate=True).decode()
            else:
                await self._say("504 5.5.4 Way unknown")
                return
        except (binascii.Error, UnicodeDecodeError, IndexError):
            await self._say("501 5.5.2 Cannot decode")
            return
        self.is_known = account_in(password, TOKEN_PREFIX) is not None
        await self._say("235 2.7.0 Authenticated" if self.is_known else "535 5.7.8 Credentials are wrong")

    async def _begin(self, rest: str) -> None:
        path = _PATH.fullmatch(rest)
        if path is None:
            await self._say("501 5.5.4 MAIL FROM:<address>")
        elif not self.is_known:
            await self._say("530 5.7.0 Authentication required")
        elif (size := re.search(r"\bSIZE=(\d{1,20})", path[2], re.IGNORECASE)) and int(size[1]) > LARGEST_BYTES:
            await self._say("552 5.3.4 Message is too large")
        else:
            self.envelope = Envelope(path[1], (), "SMTPUTF8" in path[2].upper())
            await self._say("250 2.1.0 Ok")

    async def _address(self, rest: str) -> None:
        path = _PATH.fullmatch(rest)
        if self.envelope is None:
            await self._say("503 5.5.1 MAIL comes first")
        elif path is None or "@" not in path[1]:
            await self._say("501 5.1.3 RCPT TO:<address>")
        else:
            self.envelope = replace(self.envelope, recipients=(*self.envelope.recipients, path[1]))
            await self._say("250 2.1.5 Ok")

    async def _take(self) -> None:
        envelope = self.envelope
        if envelope is None or not envelope.recipients:
            await self._say("503 5.5.1 RCPT comes first")
            return
        fault = self.door.fault(RouteKind.POST)
        if fault is not None and fault.effect is Effect.RESET_BEFORE:
            self._reset()
        await self._say("354 End data with <CR><LF>.<CR><LF>")
        content = await self._content()
        self.envelope = None
        if len(content) > LARGEST_BYTES:
            await self._say("552 5.3.4 Message is too large")
            return
        if fault is not None and fault.effect is Effect.LATE_COMMIT:
            self.door.commit_later(envelope, content, fault.delay_ms / 1000)
            self._reset()
        await self._faulty(fault)
        refusal = await self.door.network.take(envelope, content)
        if refusal is not None or fault is None:
            await self._say(refusal or QUEUED)
        else:
            await self._reply(fault)

    async def _faulty(self, fault: InjectedFault | None) -> None:
        """What a fault does before anything is done."""
        if fault is None:
            return
        if fault.effect is Effect.RESET_BEFORE:
            self._reset()
        if fault.effect is Effect.SLOW:
            await asyncio.sleep(fault.delay_ms / 1000)
        if (refusal := REFUSALS.get(fault.effect)) is not None:
            await self._say(refusal)
            raise Ended

    async def _reply(self, fault: InjectedFault) -> None:
        """The answer to a message that was taken, spoilt as the fault says."""
        delay_s = fault.delay_ms / 1000
        match fault.effect:
            case effect if effect in LOST:
                self._reset()
            case effect if effect in SLOW_REPLIES:
                await asyncio.sleep(delay_s)
                await self._say(QUEUED)
            case Effect.TRUNCATED_JSON | Effect.SHORT_BODY:
                self.writer.write(QUEUED[:2].encode())
                raise Ended
            case Effect.LONG_BODY:
                await self._say(QUEUED, "299 and more than was asked for")
            case Effect.HALF_CLOSED:
                self.writer.write_eof()
                await asyncio.sleep(delay_s)
                raise Ended
            case Effect.KEEPALIVE_RESET:
                await self._say(QUEUED)
                self._reset()
            case _:
                await self._say(QUEUED)

    async def _asked(self, prompt: str) -> str:
        await self._say(f"334 {base64.b64encode(prompt.encode()).decode()}")
        return await self._line()

    async def _line(self) -> str:
        line = await self.reader.readline()
        if not line.endswith(b"\r\n") or len(line) > LONGEST_COMMAND:
            raise Ended
        return line[:-2].decode(errors="replace")

    async def _content(self) -> bytes:
        """The message up to the line with the dot alone, without the dots that were stuffed."""
        lines: list[bytes] = []
        while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    async def _say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    def _reset(self) -> None:
        """Cut the connection, so that the other side sees a reset.

        Raises:
            Ended: always.
        """
        connection = self.writer.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise Ended
