"""Reaching a host and asking nothing: whether its name is known, it takes a connection, and its certificate is good."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from syndicate.errors import Transient
from syndicate.ports.web import Reached


async def reach(address: str, clock: Callable[[], datetime], *, within_s: float) -> Reached:
    """Connect to `https://host:port` (or `http://`) and hang up.

    Raises:
        Transient: in words without more of the address than this.
    """
    parts = urlsplit(address)
    is_safe = parts.scheme == "https"
    port = parts.port or (443 if is_safe else 80)
    began = time.monotonic()
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(
                parts.hostname, port, ssl=ssl.create_default_context() if is_safe else None
            )
    except (OSError, ValueError) as cause:  # a time-out is an OSError, a name that cannot be one a ValueError
        raise Transient(f"{address}: {_words(cause)}") from cause
    took_ms = round((time.monotonic() - began) * 1000)
    certificate = writer.get_extra_info("peercert")
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return Reached(took_ms, clock(), _end_of(certificate) if certificate else None)


def reason_of(error: OSError) -> str:
    """The system's own words for an error; those of asyncio speak of calls and tuples."""
    return os.strerror(error.errno) if error.errno else error.strerror or type(error).__name__


def _end_of(certificate: dict[str, Any]) -> datetime | None:
    told = certificate.get("notAfter")
    return None if told is None else datetime.fromtimestamp(ssl.cert_time_to_seconds(told), UTC)


def _words(cause: BaseException) -> str:
    match cause:
        case ssl.SSLCertVerificationError():
            return f"the certificate is not trusted: {cause.verify_message}"
        case ssl.SSLError():
            return f"no safe connection: {cause.reason or type(cause).__name__}"
        case socket.gaierror():
            return "the host name is not known"
        case TimeoutError():
            return "cannot connect in time"
        case OSError():
            return f"cannot connect: {reason_of(cause)}"
    return "is no address"
