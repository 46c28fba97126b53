"""`python -m syndicate.sandbox`: prints its addresses as one line of JSON and serves until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from syndicate.errors import SyndicateError
from syndicate.sandbox.addresses import SandboxAddresses
from syndicate.sandbox.server import HOST, serve


def main(arguments: list[str] | None = None) -> int:
    """Run the sandbox and give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m syndicate.sandbox", description=__doc__)
    parser.add_argument("--host", default=HOST, help="only %(default)s is allowed")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--state", type=Path, help="folder for the log of truth; in memory without it")
    parser.add_argument("--seed", type=int, default=0, help="decides which requests a fault with a probability hits")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input ends")
    chosen = parser.parse_args(arguments)
    until = _stdin_closed if chosen.until_stdin_closes else None
    try:
        asyncio.run(serve(chosen.port, chosen.state, chosen.seed, host=chosen.host, announce=_announce, until=until))
    except SyndicateError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _announce(addresses: SandboxAddresses) -> None:
    sys.stdout.write(addresses.as_line() + "\n")
    sys.stdout.flush()


async def _stdin_closed() -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while await reader.read(1024):
            pass
    finally:
        transport.close()


if __name__ == "__main__":
    sys.exit(main())
