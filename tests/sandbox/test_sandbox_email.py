"""The fake mail server: what it says at each step, what it takes for a message, and its faults."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage

import pytest

from sandbox_rig import Caller, image_bytes
from syndicate.sandbox.email import Envelope, problem_of
from syndicate.sandbox.server import Running
from syndicate.sandbox.truth import Action

PLAIN = "AUTH PLAIN " + base64.b64encode(b"\0news\0sandbox-news").decode()
OPENING = (PLAIN, "MAIL FROM:<news@site.example> SIZE=400", "RCPT TO:<ada@lists.example>", "DATA")


@dataclass
class Line:
    """A connection in the protocol's own words."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def heard(self) -> str:
        """One reply; its last line. Empty: the other side is gone."""
        try:
            while (line := (await self.reader.readline()).decode())[3:4] == "-":
                pass
        except ConnectionError:
            return ""
        return line.strip()

    async def say(self, *commands: str) -> list[str]:
        """The replies to these commands, one after another."""
        replies = []
        for command in commands:
            self.writer.write(f"{command}\r\n".encode())
            replies.append(await self.heard())
        return replies


@asynccontextmanager
async def connected(sandbox: Running) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.addresses.smtp_port)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


def message(**fields: str) -> bytes:
    made = EmailMessage(policy=policy.SMTP)
    for name, value in {"From": "news@site.example", "To": "ada@lists.example", "Subject": "Herøns", **fields}.items():
        made[name] = value
    made["Date"] = "Mon, 02 Nov 2026 08:00:00 +0000"
    made.set_content("See https://example.org/a\n.\n..two dots")
    made.add_alternative('<img src="cid:picture" alt="A heron">', subtype="html")
    [_, page] = made.iter_parts()
    assert isinstance(page, EmailMessage)
    page.add_related(image_bytes(), "image", "jpeg", cid="<picture>")
    return made.as_bytes()


def stuffed(content: bytes) -> str:
    return content.replace(b"\r\n.", b"\r\n..").decode() + "."


async def sent(sandbox: Running, content: bytes | None = None) -> list[str]:
    async with connected(sandbox) as line:
        await line.heard()
        await line.say("EHLO me.test", *OPENING)
        return await line.say(stuffed(message() if content is None else content), "QUIT")


async def test_a_message_is_taken_and_read(sandbox: Running) -> None:
    replies = await sent(sandbox)

    assert replies == ["250 2.0.0 Ok: queued", "221 2.0.0 Bye"]
    [entry] = sandbox.truth
    assert (entry.network, entry.account, entry.action) == ("email", "ada@lists.example", Action.POST)
    assert entry.text.startswith("Herøns\nSee https://example.org/a")
    assert entry.text.rstrip().endswith("..two dots")
    assert (entry.link, entry.called) == ("https://example.org/a", ())
    assert (entry.media[0].alt, entry.media[0].width) == ("A heron", 40)


async def test_everybody_else_who_gets_it_is_named(sandbox: Running) -> None:
    async with connected(sandbox) as line:
        await line.heard()
        await line.say("EHLO me.test", *OPENING[:3], "RCPT TO:<bob@lists.example>", "DATA")
        await line.say(stuffed(message(Cc="Eve <eve@lists.example>")))

    assert [entry.called for entry in sandbox.truth] == [
        ("bob@lists.example", "eve@lists.example"),
        ("ada@lists.example", "eve@lists.example"),
    ]


async def test_steps_have_their_order(sandbox: Running) -> None:
    login = [base64.b64encode(word).decode() for word in (b"news", b"sandbox-news")]
    async with connected(sandbox) as line:
        replies = [await line.heard()]
        replies += await line.say("EHLO me.test", "MAIL FROM:<a@b.example>", "AUTH PLAIN !", "AUTH CRAM-MD5 x")
        replies += await line.say("AUTH PLAIN " + base64.b64encode(b"\0news\0real").decode(), "DATA", "RCPT TO:<a@b.c>")
        replies += await line.say("AUTH LOGIN", *login, "MAIL TO", "MAIL FROM:<a@b.example> SIZE=99999999")
        replies += await line.say("MAIL FROM:<a@b.example>", "RCPT TO:nobody", "DATA", "RSET", "NOOP", "VRFY a")

    codes = [reply[:3] for reply in replies]
    assert codes[:8] == ["220", "250", "530", "501", "504", "535", "503", "503"]
    assert codes[8:] == ["334", "334", "235", "501", "552", "250", "501", "503", "250", "250", "500"]


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda content: content.replace(b"\r\n", b"\n"), "line ends"),
        (lambda content: content.replace(b"See", b"S" * 999), "octets"),
        (lambda content: content.replace(b"See", b"S\0e"), "octets that"),
        (lambda content: content.replace(b"Subject: ", "Subject: ø".encode()), "octets that"),
        (lambda content: b"To: eve@lists.example\r\n" + content, "to: stands more than once"),
        (lambda content: content.replace(b"Date:", b"X-Date:"), "date: is missing"),
        (lambda content: b"Subject: x", "has no fields"),
    ],
)
def test_what_is_no_message_is_told(spoil: Callable[[bytes], bytes], problem: str) -> None:
    envelope = Envelope("news@site.example", ("ada@lists.example",))

    assert problem in str(problem_of(envelope, spoil(message())))
    assert problem_of(envelope, message()) is None


async def test_what_is_no_message_is_not_taken(sandbox: Running) -> None:
    replies = await sent(sandbox, b"Subject: x\r\n")

    assert replies[0].startswith("554 5.6.0")
    assert len(sandbox.truth) == 0


@pytest.mark.parametrize(
    ("effect", "reply", "count"),
    [
        ("reset_before", "", 0),
        ("error_503_before", "421", 0),
        ("error_429", "450", 0),
        ("forbidden_403", "550", 0),
        ("html_200", "<!d", 0),
        ("error_502_after", "", 1),
        ("lost_after", "", 1),
        ("short_body", "25", 1),
        ("long_body", "250", 1),
        ("half_closed", "", 1),
        ("keepalive_reset", "250", 1),
        ("slow_after", "250", 1),
        ("slow", "250", 1),
        ("skewed_date", "250", 1),
    ],
)
async def test_faults_come_as_replies_or_none(
    sandbox: Running, caller: Caller, effect: str, reply: str, count: int
) -> None:
    await caller.plan({"network": "email", "route": "post", "effect": effect})

    replies = await sent(sandbox)

    assert replies[0][:3] == reply
    assert len(sandbox.truth.posts("email")) == count


async def test_a_message_may_be_taken_late_or_be_forgotten(sandbox: Running, caller: Caller) -> None:
    await caller.plan({"network": "email", "route": "post", "effect": "late_commit", "delay_ms": 20})
    await sent(sandbox)
    before = len(sandbox.truth)
    await sandbox.settle()
    after = len(sandbox.truth)
    await caller.plan({"network": "email", "route": "post", "effect": "late_commit", "delay_ms": 3_600_000})
    await sent(sandbox)
    pending = sandbox.pending
    await sandbox.reset()

    assert (before, after, pending, sandbox.pending, len(sandbox.truth)) == (0, 1, 1, 0, 0)


async def test_a_door_may_be_shut(sandbox: Running, caller: Caller) -> None:
    greetings = []
    for effect in ("error_503_before", "reset_before", "slow"):
        await caller.plan({"network": "email", "route": "session", "effect": effect})
        async with connected(sandbox) as line:
            greetings.append((await line.heard())[:3])

    assert greetings == ["421", "", "220"]
