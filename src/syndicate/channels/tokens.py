"""Encryption of kept tokens: sessions and refresh tokens lie in the outbox only sealed."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from syndicate.atomic import cannot_write
from syndicate.durable import sync, sync_open
from syndicate.errors import ConfigError, Fault
from syndicate.regular import read_regular

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_NAME = "SYNDICATE_TOKEN_KEY"
"""Environment variable that holds the key instead of the file: 32 bytes as base64."""

FILE_NAME = "token.key"
KEY_BYTES = 32
NONCE_BYTES = 12
"""96 bits, the length that NIST SP 800-38D section 5.2.1.1 recommends for GCM. Read 2026-11."""

# The first byte of a sealed token: another cipher or key scheme gets another number.
_VERSION = b"\x01"


class Vault:
    """Seals tokens with AES-256-GCM; the name is bound in, so that a sealed token cannot be moved to another name."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the token key must be {KEY_BYTES} bytes")
        self._key = key

    @cached_property
    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key)

    def seal(self, name: str, secret: str) -> bytes:
        """The secret encrypted; sealing it twice gives different bytes."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, secret.encode(), name.encode())

    def open(self, name: str, sealed: bytes) -> str | None:
        """The secret again; None if it was sealed with another key or name, or was damaged.

        None means the same as a token that was never kept: the channel signs in again or asks for new access.
        """
        from cryptography.exceptions import InvalidTag

        head, nonce, content = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        if head != _VERSION or len(nonce) != NONCE_BYTES:
            return None
        try:
            return self._cipher.decrypt(nonce, content, name.encode()).decode()
        except InvalidTag:
            return None


def has_key(folder: Path, environ: Mapping[str, str]) -> bool:
    """Whether there is a key already, which `vault_in` would use."""
    return bool(environ.get(KEY_NAME, "").strip()) or (folder / FILE_NAME).exists()


def vault_in(folder: Path, environ: Mapping[str, str]) -> Vault:
    """The vault of a state folder: its key comes from the environment, else from a file made on first use.

    Raises:
        ConfigError: the key is no key.
        CannotWrite: the key file cannot be made or read.
    """
    given = environ.get(KEY_NAME, "").strip()
    if given:
        return Vault(_key_from(given, KEY_NAME))
    path = folder / FILE_NAME
    try:
        with contextlib.suppress(FileExistsError):
            return Vault(_new_key(path))
        return Vault(_key_from(read_regular(path).decode("ascii", "replace"), str(path)))
    except OSError as cause:
        remedy = f"give the publisher the right to read and write it, or set {KEY_NAME}"
        raise cannot_write(path, cause, remedy) from cause


def _new_key(path: Path) -> bytes:
    """Write a new key, whole or not at all.

    Raises:
        FileExistsError: there is one already, which must be used.
    """
    if path.exists():
        raise FileExistsError(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = secrets.token_bytes(KEY_BYTES)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(key) + b"\n")
            file.flush()
            sync_open(file.fileno())
        os.link(draft, path)  # unlike a rename it never replaces the key that another process has just made
        sync(path.parent)  # without the key, no session that is kept can be read
    finally:
        draft.unlink()
    return key


def _key_from(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(
            (
                Fault(
                    path=place,
                    code="E-TOKEN-KEY",
                    problem=f"is not a key of {KEY_BYTES} bytes in base64",
                    remedy="restore it, or remove it to make a new one and sign in to the channels again",
                ),
            )
        )
    return key
