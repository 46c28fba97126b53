"""The certificate authorities of this machine, read when there is time for it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

_unread: list[ssl.SSLContext] = []


@contextmanager
def postponed() -> Iterator[None]:
    """What makes TLS contexts in this block does not read the authorities; until `read`, they trust nobody.

    For the import of aiohttp: it makes two at once, each of a hundred certificates and more, which takes nearly as long
    as all else in it, and whoever only serves feeds makes no call.
    """
    ssl.SSLContext.set_default_verify_paths = _leave  # type: ignore[assignment, method-assign]  # a stranger to typeshed
    try:
        yield
    finally:
        del ssl.SSLContext.set_default_verify_paths  # that of the class below shows again


def read() -> None:
    """Let the contexts know all the authorities; to be called before the first call to another host."""
    while _unread:
        _unread[-1].set_default_verify_paths()
        _unread.pop()


def _leave(context: ssl.SSLContext) -> None:
    _unread.append(context)
