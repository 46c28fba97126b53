"""Where the server listens and where the project lies: both are told at the start if they cannot be."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from site_rig import SiteRig
from syndicate.settings.tree import checked_settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path / "config" / "syndicate.yaml"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "0.0.0.0", "::", "fe80::1%eth0", "localhost", "news.example.", "a-b.c_d", "1.example", "bücher.de"],
)
def test_addresses_and_names_of_hosts_are_listened_at(path: Path, host: str) -> None:
    path.write_text(f"server: {{host: '{host}'}}", encoding="utf-8")

    settings, faults = checked_settings(path)

    assert faults == ()
    assert settings is not None
    assert settings.server.host == host


@pytest.mark.parametrize(
    "host", ["nonsense host", "", ".", "http://a.example", "a.example:80", "[::1]", "300.1.1.1", "-a", "a..b", "a" * 64]
)
def test_what_is_neither_is_told_with_the_way_out(path: Path, host: str) -> None:
    path.write_text(f"server: {{host: '{host}'}}", encoding="utf-8")

    _, faults = checked_settings(path)

    words = "is neither an address nor the name of a host; write one such as 127.0.0.1, ::1 or 0.0.0.0 (all of them)"
    assert [str(one).partition("server.host: ")[2] for one in faults] == [words]


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems know no such names")
@pytest.mark.parametrize("command", ["check", "once", "run", "status", "feeds list", "doctor"])
def test_a_project_whose_path_is_no_text_is_told_with_the_way_out(tmp_path: Path, command: str) -> None:
    site = SiteRig(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))

    result = site.call(*command.split())

    assert result.exit_code == 78
    assert "caf\\udce9': E-CONFIG: the path of the project's folder is not UTF-8; rename" in result.stderr
