import asyncio
import json
import socket
from pathlib import Path

import aiohttp
import pytest

from sandbox_rig import Caller
from syndicate.errors import Transient, UsageError
from syndicate.sandbox.__main__ import main
from syndicate.sandbox.addresses import SandboxAddresses
from syndicate.sandbox.child import spawn
from syndicate.sandbox.server import Running, serve, start


async def test_addresses_go_through_their_line() -> None:
    addresses = SandboxAddresses.at("http://127.0.0.1:5")

    assert SandboxAddresses.from_line(addresses.as_line()) == addresses
    assert addresses.webhook_url == "http://127.0.0.1:5/webhook"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "localhost", "192.0.2.1"])
async def test_any_other_host_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="this machine alone"):
        await start(host=host)


async def test_it_listens_on_loopback_only(sandbox: Running) -> None:
    assert sandbox.addresses.mastodon_url.startswith("http://127.0.0.1:")


async def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageError, match="take `--port 0`"):
        await start(taken.getsockname()[1])


@pytest.mark.parametrize(("host", "status"), [("evil.test", 403), ("localhost:80", 200), ("127.0.0.1", 200)])
async def test_other_names_for_this_machine_are_refused(caller: Caller, host: str, status: int) -> None:
    reply = await caller.control("GET", "/truth", headers={"Host": host})

    assert reply.status == status


async def test_state_is_written_to_its_folder(tmp_path: Path) -> None:
    async with await start(state=tmp_path) as running, aiohttp.ClientSession() as session:
        caller = Caller(session, running.addresses)
        medium = await caller.medium()
        download = await caller.send("GET", medium.json["url"])
        again = await caller.medium()

    assert (download.status, again.status) == (200, 200)
    assert len((tmp_path / "truth.jsonl").read_text().splitlines()) == 2
    assert len(list((tmp_path / "uploads").iterdir())) == 1


async def test_serve_announces_and_ends_when_told() -> None:
    seen: list[SandboxAddresses] = []
    announced = asyncio.Event()

    def announce(addresses: SandboxAddresses) -> None:
        seen.append(addresses)
        announced.set()

    await serve(announce=announce, until=announced.wait)

    with pytest.raises(aiohttp.ClientConnectorError):
        async with aiohttp.ClientSession() as session:
            await session.get(seen[0].control_url + "/truth")


async def test_a_spawned_sandbox_keeps_its_log_and_ends_when_stopped(tmp_path: Path) -> None:
    async with await spawn(tmp_path, seed=3) as spawned, aiohttp.ClientSession() as session:
        caller = Caller(session, spawned.addresses)
        await caller.status("From another process https://example.org/a", key="k1")
        plan = await caller.control("GET", "/plan")
        on_disk = json.loads((tmp_path / "truth.jsonl").read_text())

    assert plan.json["seed"] == 3
    assert (on_disk["key"], on_disk["link"]) == ("k1", "https://example.org/a")
    assert spawned.process.returncode == 0
    await spawned.stop()


async def test_a_spawned_sandbox_ends_with_its_parent(tmp_path: Path) -> None:
    spawned = await spawn(tmp_path)
    assert spawned.process.stdin is not None
    spawned.process.stdin.close()

    async with asyncio.timeout(20):
        assert await spawned.process.wait() == 0


async def test_a_sandbox_that_cannot_start_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Transient, match="ended with 73"):
        await spawn(tmp_path / "file" / "folder")


def test_the_command_refuses_another_host(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", "0.0.0.0"]) == 2
    assert "this machine alone" in capsys.readouterr().err
