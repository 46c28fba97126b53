"""`run` hears SIGHUP: other settings take effect, faulty ones do not; a stop ends a long first pass."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from site_rig import LIMIT_S, SandboxThread, SiteRig, end, until


def events(site: SiteRig) -> list[dict[str, object]]:
    return [json.loads(line) for line in site.log().splitlines() if line.startswith("{")]


def names(site: SiteRig) -> list[object]:
    return [one["event"] for one in events(site)]


def test_settings_are_taken_up_while_it_runs(site: SiteRig, sandbox: SandboxThread) -> None:
    with site.running() as process:
        good = site.config.read_text()
        site.config.write_text(good.replace("preset: generic", "preset: generics"))
        process.send_signal(signal.SIGHUP)
        until(lambda: "settings_refused" in names(site), "the word on the fault")
        [refused] = [one for one in events(site) if one["event"] == "settings_refused"]
        assert f"{site.config}: content.preset: " in str(refused["reason"])
        assert process.poll() is None

        site.configure(state={"folder": "elsewhere"})
        process.send_signal(signal.SIGHUP)
        until(lambda: names(site).count("settings_refused") == 2, "the word on what needs a restart")

        site.more.pop("state")
        site.channels = site.channels | sandbox.channels("webhook")
        site.configure()
        process.send_signal(signal.SIGHUP)
        until(lambda: site.log().count("Watching for new items") == 2, "a pass with the new channel")
        site.write(3)
        until(lambda: sandbox.links("webhook") == ["https://herons.example/3"], "the post of the new channel")

        site.channels.pop("webhook")
        site.configure()
        process.send_signal(signal.SIGHUP)
        until(lambda: site.log().count("Watching for new items") == 3, "a pass without it")
        assert end(process) == 0, site.log()

    reloaded = [(one["added"], one["removed"]) for one in events(site) if one["event"] == "settings_reloaded"]
    assert reloaded == [(["webhook"], []), ([], ["webhook"])]
    assert "Traceback" not in site.log()


@pytest.mark.parametrize("pause_s", [0.0, 0.005, 0.01, 0.015, 0.02])
def test_a_hangup_behind_a_stop_does_not_make_it_a_failure(site: SiteRig, pause_s: float) -> None:
    with site.running() as process:
        process.send_signal(signal.SIGTERM)
        time.sleep(pause_s)
        process.send_signal(signal.SIGHUP)
        assert process.wait(LIMIT_S) == 0, site.log()


def put_pipe(path: Path) -> Path:
    path.unlink()
    os.mkfifo(path)
    return path


def writer_of(pipe: Path) -> int | None:
    """The end to write of a pipe that somebody waits to read; kept open, so that it is waited for on and on."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def test_settings_that_come_through_a_pipe_and_never_end_hold_up_neither_others_nor_the_end(site: SiteRig) -> None:
    ends: list[int | None] = []

    def is_read() -> bool:
        ends.append(writer_of(site.config))
        return ends[-1] is not None

    with site.running() as process:
        put_pipe(site.config)
        process.send_signal(signal.SIGHUP)
        until(is_read, "somebody who reads the pipe")
        site.config.unlink()
        site.configure()
        process.send_signal(signal.SIGHUP)
        until(lambda: site.log().count("Watching for new items") == 2, "a pass by the settings after that")
        put_pipe(site.config)
        process.send_signal(signal.SIGHUP)
        until(is_read, "somebody who reads the pipe")

        assert end(process) == 0, site.log()

    for one in filter(None, ends):
        os.close(one)
    assert "Traceback" not in site.log()


def refusals(port: int, is_over: threading.Event) -> list[OSError]:
    """Connect again and again until it is over; gives the refusals."""
    met = []
    while not is_over.is_set():
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except ConnectionRefusedError as error:
            met.append(error)
        is_over.wait(0.005)
    return met


def test_readers_are_never_refused_while_settings_are_taken_up(site: SiteRig) -> None:
    is_over = threading.Event()
    with site.running() as process, ThreadPoolExecutor(1) as pool:
        [port] = set(re.findall(r"http://127\.0\.0\.1:(\d+)/", site.log()))
        met = pool.submit(refusals, int(port), is_over)
        process.send_signal(signal.SIGHUP)
        until(lambda: site.log().count("Watching for new items") == 2, "a pass after the first")
        is_over.set()
        assert met.result() == []
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
            assert answer.status == 200

        site.configure(server={"port": 0, "host": "127.0.0.2"})
        process.send_signal(signal.SIGHUP)
        until(lambda: site.log().count("Watching for new items") == 3, "a pass at another address")
        assert len(refusals(int(port), after_one_look())) == 1, "the former address is let go of"
        assert end(process) == 0, site.log()


def after_one_look() -> threading.Event:
    """Over after one look."""

    class Once(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return True

    return Once()


def met_at(port: int, is_over: threading.Event) -> bool:
    """Whether anybody answers there until it is over."""
    while not is_over.is_set():
        with suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5).close()
            return True
        is_over.wait(0.002)
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_readers_notice_nothing_of_settings_that_are_refused(site: SiteRig) -> None:
    is_over, other, taken = threading.Event(), free_port(), socket.socket()
    with site.running() as process, ThreadPoolExecutor(2) as pool, taken:
        [port] = map(int, set(re.findall(r"http://127\.0\.0\.1:(\d+)/", site.log())))
        former = pool.submit(refusals, port, is_over)
        new = pool.submit(met_at, other, is_over)
        (site.folder / "a_file").touch()
        site.configure(server={"port": other}, feeds={"folder": "a_file/feeds"})
        process.send_signal(signal.SIGHUP)
        until(lambda: site.log().count("Watching for new items") == 2, "a pass by the former settings")

        taken.bind(("127.0.0.1", 0))
        taken.listen()
        site.configure(server={"port": taken.getsockname()[1]}, feeds={"folder": "feeds"})
        process.send_signal(signal.SIGHUP)
        until(lambda: site.log().count("Watching for new items") == 3, "a pass by the former settings")
        is_over.set()

        assert (former.result(), new.result()) == ([], False)
        assert names(site).count("settings_refused") == 2
        assert end(process) == 0, site.log()
