"""Kept tokens: sealed, bound to their name, under a key that is made once."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.channels.tokens import FILE_NAME, KEY_NAME, Vault, vault_in
from syndicate.errors import CannotWrite, ConfigError

KEY = bytes(range(32))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS, TEXTS)
def test_what_is_sealed_opens_under_its_name_only(name: str, secret: str) -> None:
    vault = Vault(KEY)

    sealed = vault.seal(name, secret)

    assert vault.open(name, sealed) == secret
    assert vault.open(name + "x", sealed) is None


def test_sealing_twice_gives_different_bytes_without_the_secret() -> None:
    vault = Vault(KEY)

    one, other = vault.seal("news", "s3cr3t"), vault.seal("news", "s3cr3t")

    assert one != other
    assert b"s3cr3t" not in one


def test_another_key_opens_nothing() -> None:
    assert Vault(bytes(32)).open("news", Vault(KEY).seal("news", "s3cr3t")) is None


@pytest.mark.parametrize("place", [0, 1, 12, 13, -1])
def test_a_changed_byte_opens_nothing(place: int) -> None:
    sealed = bytearray(Vault(KEY).seal("news", "s3cr3t"))
    sealed[place] ^= 1

    assert Vault(KEY).open("news", bytes(sealed)) is None


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), b"\x02" + bytes(40)])
def test_what_was_never_sealed_opens_nothing(sealed: bytes) -> None:
    assert Vault(KEY).open("news", sealed) is None


def test_the_key_is_made_on_first_use_and_used_again(tmp_path: Path) -> None:
    folder = tmp_path / "state"

    sealed = vault_in(folder, {}).seal("news", "s3cr3t")

    assert vault_in(folder, {}).open("news", sealed) == "s3cr3t"
    assert stat.S_IMODE((folder / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [FILE_NAME]


def test_the_environment_can_hold_the_key(tmp_path: Path) -> None:
    sealed = Vault(KEY).seal("news", "s3cr3t")

    vault = vault_in(tmp_path, {KEY_NAME: base64.b64encode(KEY).decode()})

    assert vault.open("news", sealed) == "s3cr3t"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["canary", "ÄÖÜ", base64.b64encode(b"canary").decode()])
def test_a_broken_key_is_told_and_not_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")

    for environ in ({}, {KEY_NAME: text}):
        with pytest.raises(ConfigError, match="E-TOKEN-KEY") as told:
            vault_in(tmp_path, environ)
        assert text not in str(told.value)

    assert (tmp_path / FILE_NAME).read_text(encoding="utf-8") == text


def test_a_key_of_wrong_length_is_no_key() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(b"short")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")

    with pytest.raises(CannotWrite, match=KEY_NAME):
        vault_in(tmp_path / "state", {})
