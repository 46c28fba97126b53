"""A fake mail server's post: what a message must be to be taken, and what people read of it.

Written from RFC 5321 (lines, line ends), RFC 5322 (which fields stand once), RFC 2045 to 2047 (parts, words in fields),
RFC 6531 (SMTPUTF8). Read 2026-11.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import cast

from syndicate.sandbox.board import Board, File
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.pictures import Picture, look_at
from syndicate.sandbox.wire import Call

# RFC 5321, section 4.5.3.1.6: octets of a line without its end. RFC 5322, section 3.6. Read 2026-11.
LONGEST_LINE, LIMIT_PX = 998, 100_000_000
ONCE = ("date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject")
NEEDED = ("date", "from")
_URL = re.compile(r"https?://[^\s<>\"]+")
_IMAGE = re.compile(r"<img\b[^>]*\bsrc=\"cid:([^\"]*)\"[^>]*>", re.IGNORECASE)
_ALT = re.compile(r"\balt=\"([^\"]*)\"", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the protocol says of a message: from whom, to whom, and whether addresses may be in UTF-8."""

    sender: str
    recipients: tuple[str, ...]
    is_utf8: bool = False


class Email:
    """The fake network; each address that mail goes to is an account."""

    name = "email"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.board = Board(self.name, ground)

    def reset(self) -> None:
        """Forget every message."""
        self.board.reset()

    async def take(self, envelope: Envelope, content: bytes) -> str | None:
        """Put a message into every recipient's box; gives the refusal of what is no message."""
        if problem := problem_of(envelope, content):
            return f"554 5.6.0 {problem}"
        message = message_from_bytes(content, policy=policy.default)
        body = message.get_body(("plain", "html"))
        words = body.get_content() if body is not None else ""
        text, found = f"{message.get('Subject', '')}\n{words}", _URL.search(words)
        files = tuple(
            [await self._file(message, part) for part in message.walk() if part.get_content_maintype() == "image"]
        )
        for recipient in envelope.recipients:
            number = str(self.board.number(1))
            kept = self.board.message(
                recipient,
                number,
                text,
                found[0] if found else None,
                files=files,
                value={name.lower(): str(value) for name, value in message.items()},
                called=_others(message, envelope, recipient),
            )
            await self.board.put(kept, Call("DATA", "", {}, (), {}, content))
        return None

    async def _file(self, message: EmailMessage, part: EmailMessage) -> File:
        body = cast("bytes", part.get_payload(decode=True))
        name = str(part.get("Content-ID", "")).strip("<>")
        picture = await asyncio.to_thread(look_at, body, limit_px=LIMIT_PX)
        digest = await self._ground.attic.keep(body)
        alt = _alts(message).get(name)
        return File(name, name, digest, len(body), picture if isinstance(picture, Picture) else None, alt)


def problem_of(envelope: Envelope, content: bytes) -> str | None:
    """Why a message is not taken; None if it is one."""
    if re.search(rb"(?<!\r)\n|\r(?!\n)", content):
        return "line ends must be CRLF"
    if any(len(line) > LONGEST_LINE for line in content.split(b"\r\n")):
        return f"lines must have at most {LONGEST_LINE} octets"
    head, parting, _ = content.partition(b"\r\n\r\n")
    if not parting:
        return "has no fields"
    if b"\0" in content or (not head.isascii() and not envelope.is_utf8):
        return "has octets that cannot be taken"
    names = [str(name).lower() for name in message_from_bytes(head + b"\r\n\r\n", policy=policy.default)]
    for name in ONCE:
        if names.count(name) > 1:
            return f"{name}: stands more than once"
    return next((f"{name}: is missing" for name in NEEDED if name not in names), None)


def _alts(message: EmailMessage) -> dict[str, str]:
    page = message.get_body(("html",))
    shown: Iterable[re.Match[str]] = _IMAGE.finditer(page.get_content()) if page is not None else ()
    return {image[1]: alt[1] for image in shown if (alt := _ALT.search(image[0]))}


def _others(message: EmailMessage, envelope: Envelope, recipient: str) -> tuple[str, ...]:
    """Everybody else who gets the message or is named as one who does."""
    fields = [str(message.get(name, "")) for name in ("To", "Cc", "Bcc")]
    named = {address for _, address in getaddresses(fields) if address}
    return tuple(sorted((named | set(envelope.recipients)) - {recipient}))
