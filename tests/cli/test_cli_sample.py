"""`sample`, `sandbox`, and the edges of `demo`."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import syndicate
from site_rig import end, environment
from syndicate.channels.networks import NETWORKS, network_of
from syndicate.cli import main, sample
from syndicate.cli.demo import last_line
from syndicate.cli.sample import sample_source
from syndicate.plot import plot_of
from syndicate.proof.verdict import Verdict
from syndicate.sandbox.addresses import SandboxAddresses

KEPT = Verdict("news", owed=2, posted=2, lost=0, duplicated=0, false_sent=0, held=0, unowed=0)


def test_sample_is_a_working_site(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "site"

    result = CliRunner().invoke(main, ["sample", str(folder)])

    assert result.exit_code == 0
    assert result.stdout == f"{folder}: ready. Next: cd {folder} && syndicate run\n"
    assert plot_of(folder / "config" / "syndicate.yaml").settings.content.folder == folder / "content"
    checked = CliRunner().invoke(main, ["check", "--json", "--config", str(folder / "config" / "syndicate.yaml")])
    report = json.loads(checked.stdout)
    assert checked.exit_code == 0
    assert report["items"] >= 24
    assert len(report["topics"]) >= 10


def test_settings_that_were_edited_are_not_copied_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edited = tmp_path / "edited"
    shutil.copytree(sample_source() / "config", edited / "config")
    (edited / "content").mkdir()
    with (edited / "config" / "syndicate.yaml").open("a", encoding="utf-8") as file:
        file.write("# mine\n")
    monkeypatch.setattr(sample, "sample_source", lambda: edited)

    result = CliRunner().invoke(main, ["sample", str(tmp_path / "site")])

    assert result.exit_code == 0
    assert "is a copy of the settings here, which were edited" in result.stderr


def test_the_digest_is_that_of_the_settings_that_are_shipped() -> None:
    assert sample.digest_of(sample_source() / "config" / "syndicate.yaml") == sample.SHIPPED


def test_sample_is_written_into_an_empty_folder(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["sample", str(tmp_path)]).exit_code == 0


@pytest.mark.parametrize("words", [["sample"], ["demo", "--keep"]])
def test_folder_that_holds_something_is_left_alone(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="ascii")

    result = CliRunner().invoke(main, [*words, str(tmp_path)])

    assert result.exit_code == 2
    assert f"{tmp_path}: is not empty; name a new folder" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_sample_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")

    result = CliRunner().invoke(main, ["sample", str(tmp_path / "file" / "site")])

    assert result.exit_code == 73
    assert "make room, or name a folder you may write to" in result.stderr


def test_sample_lies_beside_the_package() -> None:
    assert (sample_source() / "config" / "syndicate.yaml").is_file()
    assert (sample_source() / "content").is_dir()
    assert Path(syndicate.__file__).is_relative_to(sample_source())


def test_sandbox_tells_channels_to_copy_and_ends_on_ctrl_c() -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "syndicate", "sandbox", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(),
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4 + len(NETWORKS) - 1)]  # preview is no network to fake

    code = end(process, signal.SIGINT)

    rest = process.stdout.read()
    process.stdout.close()
    assert (code, rest) == (0, "")
    assert lines[0].startswith("Timelines to look at: http://127.0.0.1:")
    channels = yaml.safe_load("".join(lines[4:]))
    assert list(channels)[:3] == ["sandbox_mastodon", "sandbox_bluesky", "sandbox_webhook"]
    assert {channel["network"] for channel in channels.values()} == NETWORKS.keys() - {"preview"}
    for channel in channels.values():
        network_of(channel.pop("network")).settings(**channel)


def test_sandbox_tells_its_addresses_to_programs(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "syndicate", "sandbox", "--port", "0", "--json", "--state", str(tmp_path)],
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert process.stdout is not None
    addresses = SandboxAddresses.from_line(process.stdout.readline().encode())

    code = end(process)

    process.stdout.close()
    assert code == 0
    assert addresses.control_url.startswith("http://127.0.0.1:")
    assert (tmp_path / "truth.jsonl").is_file()


def test_sandbox_on_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = CliRunner().invoke(main, ["sandbox", "--port", str(taken.getsockname()[1])])

    assert result.exit_code == 2
    assert "cannot be had" in result.stderr


def test_sandbox_with_a_state_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")

    result = CliRunner().invoke(main, ["sandbox", "--port", "0", "--state", str(tmp_path / "file" / "state")])

    assert result.exit_code == 73


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (KEPT, "Kept: 0 lost, 0 duplicated, after 1 kill and 3 attempts, in 7 s."),
        (replace(KEPT, posted=1, lost=1), "BROKEN: 1 lost, 0 duplicated, after 1 kill and 3 attempts, in 7 s."),
        (replace(KEPT, unowed=1), "BROKEN: 0 lost, 0 duplicated, after 1 kill and 3 attempts, in 7 s."),
    ],
)
def test_last_line_of_the_demo_says_whether_the_promise_held(verdict: Verdict, words: str) -> None:
    assert last_line([KEPT, verdict], kills=1, attempts=3, took_s=7.2) == words
