"""What a pass left in memory, written down: the next process need not find it out again from all items.

It is a note and no more. The outbox keeps the note's `token` until anything is accepted, so that a note that is older
or newer than the state is never used; without one, or with one that another program or other settings made, or that is
damaged, everything is found out anew.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from isal import isal_zlib
from isal.igzip_lib import IsalError

from syndicate.atomic import replace_file
from syndicate.ports.content import StoreNote
from syndicate.program import files_in
from syndicate.regular import read_regular
from syndicate.shelving import ShelvingNote
from syndicate.standing import StandingNote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syndicate.feeds.site import Site
    from syndicate.items.item import Item
    from syndicate.ports.content import Indexed


class Notes(msgspec.Struct, array_like=True, frozen=True):
    """What is known of all items, of which `items` is a digest: see `digest_of`."""

    items: str
    standing: StandingNote
    store: StoreNote
    shelving: ShelvingNote


class Checkpoints:
    """Keeps notes in the file `path`; `settings` are those that they depend on, as one text.

    They are signed by the program as it stood when the process began to keep some.
    """

    def __init__(self, path: Path, settings: str) -> None:
        self._path = path
        self._settings = settings
        # Now, as another version may be put in our place while we work.
        self._program = files_in(".", "items", "feeds", "content", "outbox", "ports", "shelf")

    def read(self, token: str) -> Notes | None:
        """The notes that were written under that token by this program with these settings; None: there are none."""
        try:
            kept = read_regular(self._path)
        except OSError:
            return None
        head, packed = kept[:_HEAD_BYTES], kept[_HEAD_BYTES:]
        if head != self._head(token, packed):
            return None
        try:
            return msgspec.msgpack.decode(isal_zlib.decompress(packed, -15), type=Notes)
        except (msgspec.MsgspecError, ValueError, IsalError):  # type: ignore[misc]  # its stubs give no base
            return None

    def write(self, notes: Notes) -> str:
        """Write the notes in place of former ones; gives their token.

        Raises:
            OSError: the file cannot be written; the former one stands.
        """
        token = secrets.token_hex(16)
        packed = isal_zlib.compress(msgspec.msgpack.encode(notes), 1, -15)
        replace_file(self._path, self._head(token, packed) + packed, is_durable=False)
        return token

    def _head(self, token: str, packed: bytes) -> bytes:
        """What begins a file of these notes: it tells by whom and of what they are, and that they are whole."""
        told = repr((token, self._settings, self._program, zlib.crc32(packed)))
        return hashlib.sha256(told.encode("utf-8", "replace")).digest()


_HEAD_BYTES = hashlib.sha256().digest_size


def settings_of(site: Site, rules: str) -> str:
    """What notes depend on: the site that feeds are made for, and the digest of the rules that files are read by."""
    return repr((site, sorted(site.words.items()), rules))


def digest_of(files: Mapping[str, Indexed], items: Mapping[str, Item]) -> str:
    """What tells whether these are the items, by path and in order, that notes were made of, and their files the same.

    An older program that takes up the state in between reads files anew, and knows of no token to take back.
    """
    told = [(path, item.id, files[path].stamp) for path, item in items.items()]
    return hashlib.sha256(msgspec.msgpack.encode(told)).hexdigest()
