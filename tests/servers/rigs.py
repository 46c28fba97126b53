"""Starts and stops what `tests/servers/install` installed: three servers, three feed parsers, a browser, jing."""

from __future__ import annotations

import json
import os
import secrets
import selectors
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("SYNDICATE_CI_CACHE") or Path.home() / ".cache" / "syndicate-ci")
NODE = CACHE / "node" / "bin" / "node"
START_LIMIT_S = 120
RUN_LIMIT_S = 240


class NotInstalled(Exception):
    """Something of the suite is missing; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class BlueskyAccount:
    """An account on a running PDS: `url` of the server, `did`, and what a client signs in with."""

    url: str
    did: str
    handle: str
    password: str


@dataclass(frozen=True, slots=True)
class MastodonAccount:
    """An account on a running Mastodon server: `url` of the server and the access token."""

    url: str
    token: str


def need(path: Path) -> Path:
    """The path, if it is there."""
    if not path.exists():
        raise NotInstalled(f"{path} is missing; run tests/servers/install first")
    return path


def program(name: str) -> str:
    """Where a program of a Debian package lies."""
    # Where Debian puts servers is not on the path of ordinary users.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        raise NotInstalled(f"{name} is not on PATH; run tests/servers/install first")
    return found


def module_run(package: str, script: str, *arguments: str) -> list[str]:
    """The command that runs a module script of this folder; its imports are found from the package's folder.

    Node resolves the imports of a module given by `--eval` from the working folder: the scripts stay here, the
    packages in the cache.
    """
    need(CACHE / package / "stamp")
    text = (HERE / script).read_text(encoding="utf-8")
    return [str(need(NODE)), "--input-type=module", "--eval", text, *arguments]


def run_module(package: str, script: str, *arguments: str) -> Any:
    """Run a module script to its end; gives the JSON it printed."""
    done = subprocess.run(
        module_run(package, script, *arguments),
        cwd=CACHE / package,
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{script} ended with {done.returncode}:\n{done.stderr[-4000:]}"
    return json.loads(done.stdout)


@contextmanager
def running(command: Sequence[str], folder: Path, log: Path) -> Iterator[dict[str, str]]:
    """A server from its first line of JSON, which is given, until the block ends."""
    with log.open("wb") as errors:
        server = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        yield json.loads(_first_line(server.stdout, log))
    finally:
        server.stdin.close()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(timeout=20)
        server.stdout.close()


def _first_line(stream: IO[bytes], log: Path) -> bytes:
    """Wait, within the limit, for the line that says the server answers."""
    until = time.monotonic() + START_LIMIT_S
    got = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not got.endswith(b"\n"):
            ready = selector.select(timeout=max(0.0, until - time.monotonic()))
            read = os.read(stream.fileno(), 65536) if ready else b""
            assert read, f"the server did not start:\n{log.read_text(errors='replace')[-4000:]}"
            got += read
    return got


@contextmanager
def bluesky_server(folder: Path) -> Iterator[BlueskyAccount]:
    """A real PDS with its DID directory, on loopback, and the account `alice.test`."""
    with running(module_run("pds", "pds.mjs", str(folder)), CACHE / "pds", folder / "pds.log") as said:
        password = secrets.token_hex(12)
        account = {"handle": "alice.test", "email": "alice@example.com", "password": password}
        made = post_json(f"{said['url']}/xrpc/com.atproto.server.createAccount", account)
        yield BlueskyAccount(said["url"], made["did"], made["handle"], password)


@contextmanager
def mastodon_server(folder: Path) -> Iterator[MastodonAccount]:
    """A mastodon-mock on loopback and the token of its account `alice`."""
    python = need(CACHE / "mastodon-mock" / "bin" / "python")
    token = secrets.token_hex(12)
    command = [str(python), str(HERE / "mastodon_server.py"), token]
    with running(command, folder, folder / "mastodon.log") as said:
        yield MastodonAccount(said["url"], token)


@contextmanager
def websub_hub(folder: Path) -> Iterator[str]:
    """A Flask-WebSub hub on loopback; gives its address."""
    python = need(CACHE / "flask-websub" / "bin" / "python")
    command = [str(python), str(HERE / "websub_hub.py"), str(folder / "hub.sqlite3")]
    with running(command, folder, folder / "hub.log") as said:
        yield said["url"]


def post_json(url: str, value: object, token: str | None = None) -> Any:
    """The answer to a JSON request, without the product's own client."""
    return _json(url, json.dumps(value).encode(), token)


def get_json(url: str, token: str | None = None) -> Any:
    """The answer to a plain request, without the product's own client."""
    return _json(url, None, token)


def _json(url: str, body: bytes | None, token: str | None) -> Any:
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def get_bytes(url: str) -> bytes:
    """The body behind a URL, without the product's own client."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        return bytes(answer.read())


def jing(grammar: Path, files: Sequence[Path]) -> list[str]:
    """What jing finds wrong with XML files under a compact RELAX NG grammar, one line each."""
    command = [program("jing"), "-c", str(grammar), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT_S, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert (done.returncode == 0) == (done.stdout.strip() == ""), done.stdout + done.stderr
    return done.stdout.splitlines()


def parse_feeds(files: Sequence[Path], scratch: Path) -> dict[Path, dict[str, Any]]:
    """What each of three parsers sees in each feed: title and items, or an error."""
    paths = scratch / "feeds-to-parse.json"
    paths.write_text(json.dumps([str(file) for file in files]), encoding="utf-8")
    views = run_module("parsers", "feeds.mjs", str(paths))
    return {Path(path): view for path, view in views.items()}


def counted(texts: Sequence[str], scratch: Path) -> list[dict[str, Any]]:
    """How long each text is by foreign counters (see `count.mjs`)."""
    listed = scratch / "texts-to-count.json"
    listed.write_text(json.dumps(texts), encoding="utf-8")
    counts: list[dict[str, Any]] = run_module("counters", "count.mjs", str(listed))
    return counts


def look_at_pages(pages: Sequence[str], folder: Path, site: str, pictures: Path) -> list[dict[str, Any]]:
    """Each page in Chromium, all wide and light, then all narrow and dark, with what axe found; the first are pictured.

    `site` is the absolute address that `folder` stands for, ending in a slash; `pages` are paths below it.
    """
    shots = [{"path": page, "screenshot": str(pictures / f"page-{n}.png")} for n, page in enumerate(pages)]
    task = pictures / "pages-to-see.json"
    chromium = program("chromium")
    task.write_text(json.dumps({"chromium": chromium, "folder": str(folder), "site": site, "pages": shots}))
    looks: list[dict[str, Any]] = run_module("browser", "page.mjs", str(task))
    return looks


def syndicate(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the product as a user does, in a folder, with settings from its file alone."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("SYNDICATE_")}
    return subprocess.run(
        [sys.executable, "-m", "syndicate", *arguments],
        cwd=folder,
        env={**surroundings, "PYTHONPATH": str(HERE.parents[1] / "src")},
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
        check=False,
    )
