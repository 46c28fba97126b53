"""Secrets in place or by file: found, warned about, never shown."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from syndicate.channels.secrets import ChannelSettings, SecretFile, either, secret_in


class Trial(ChannelSettings):
    token: SecretStr | None = None
    token_file: SecretFile | None = None


def kept(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "token"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    settings = Trial(token_file=str(kept(tmp_path, b" s3cr3t\n")))

    assert settings.token_file == SecretStr("s3cr3t")


def test_settings_that_hold_the_secret_can_be_checked_again(tmp_path: Path) -> None:
    settings = Trial(token_file=str(kept(tmp_path, b"s3cr3t")))

    assert Trial.model_validate(settings.model_dump()) == settings


def test_a_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    kept(tmp_path, b"s3cr3t")

    assert secret_in(Path("~/token")).get_secret_value() == "s3cr3t"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b" \n", "is empty"), (b"\xff\xfecanary", "is not text"), (b"x" * 70_000, "is no secret")],
)
def test_a_file_without_a_secret_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as told:
        secret_in(kept(tmp_path, content))

    assert "canary" not in repr(told.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="nowhere cannot be read: No such file"):
        Trial(token_file=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(("mode", "warnings"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1)])
def test_a_file_open_to_others_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, warnings: int
) -> None:
    with caplog.at_level(logging.WARNING):
        secret_in(kept(tmp_path, b"s3cr3t", mode))

    assert len(caplog.records) == warnings
    assert all("chmod 600" in record.getMessage() and "s3cr3t" not in record.getMessage() for record in caplog.records)


def test_one_of_two_ways_gives_the_secret() -> None:
    assert either("token", SecretStr("a"), None) == either("token", None, SecretStr("a")) == SecretStr("a")


@pytest.mark.parametrize("given", [(None, None), (SecretStr(" "), None), (SecretStr("a"), SecretStr("b"))])
def test_no_secret_or_two_are_refused(given: tuple[SecretStr | None, SecretStr | None]) -> None:
    with pytest.raises(ValueError, match="set `token` or `token_file`"):
        either("token", *given)


@pytest.mark.parametrize("within", ["\r\nX-Other: 1", "\x1b[2J", "\0", "\u200b"])
def test_a_secret_that_would_break_a_header_is_refused(within: str) -> None:
    with pytest.raises(ValueError, match="token: holds a line break or another character") as told:
        either("token", SecretStr(f"canary{within}canary"), None)

    assert "canary" not in repr(told.value)


@pytest.mark.parametrize(
    "token",
    [
        "whsec_canaryMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "canary1234567890canary",
        "canary-abcd-efgh-ijkl",
        "canary" * 99,
        "eyJcanary.eyJcanarycanary.Canary1canary",
        "canaryMfKQ9r8GKYqrTwjUPD/canaryMfKQ9r8GKYqrTwjUPD8",
    ],
)
def test_a_secret_in_the_place_of_its_path_is_not_repeated(tmp_path: Path, token: str) -> None:
    with pytest.raises(ValidationError, match=r"\[\.\.\.\] cannot be read") as told:
        Trial(token_file=str(tmp_path / token))

    assert "canary" not in str(told.value)


def test_errors_never_show_what_was_written() -> None:
    with pytest.raises(ValidationError) as told:
        Trial.model_validate({"token": ["canary"], "tokn": "canary"})

    assert "canary" not in str(told.value)
