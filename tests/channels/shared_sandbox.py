"""One sandbox in a process of its own for all tests of a session: emptied between them, asked over its own doors."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from syndicate.sandbox.addresses import SandboxAddresses
from syndicate.sandbox.faults import InjectedFault

COMMAND = [sys.executable, "-m", "syndicate.sandbox", "--until-stdin-closes"]


@dataclass(frozen=True)
class SharedSandbox:
    """The process as tests see it; nothing of it can be touched but by asking."""

    addresses: SandboxAddresses

    def arm(self, *faults: InjectedFault) -> None:
        """Replace the fault plan."""
        self._ask("POST", "/plan", {"faults": [asdict(fault) for fault in faults]})

    def fired(self) -> int:
        """How often the planned faults happened."""
        return sum(fault["fired"] for fault in self._ask("GET", "/plan")["faults"])

    def rules(self, **changes: object) -> None:
        """Change windows, lifetimes or limits."""
        self._ask("POST", "/rules", changes)

    def entries(self, network: str, action: str = "post") -> list[dict[str, Any]]:
        """What the network took, oldest first, as its own log has it."""
        entries = self._ask("GET", f"/truth?network={network}")["entries"]
        return [entry for entry in entries if entry["action"] == action]

    def reset(self) -> None:
        """Forget everything."""
        self._ask("POST", "/reset", {})

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        parts = urlsplit(self.addresses.control_url)
        # A connection for each question: the process may not have been asked for minutes.
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        try:
            connection.request(method, parts.path + path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, content
        return json.loads(content)


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SharedSandbox]:
    """The process; it ends with the session, however that ends."""
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # our own
        assert process.stdout is not None
        yield SharedSandbox(SandboxAddresses.from_line(process.stdout.readline()))
        process.communicate()


@pytest.fixture
def shared(sandbox_process: SharedSandbox) -> Iterator[SharedSandbox]:
    """The shared sandbox, empty."""
    yield sandbox_process
    sandbox_process.reset()
