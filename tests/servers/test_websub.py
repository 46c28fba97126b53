"""From a file dropped into the store to a subscriber of a real hub: the word, the bytes, the signature, the time."""

from __future__ import annotations

import hashlib
import hmac
import queue
import re
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from statistics import median
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from servers import rigs
from site_rig import SiteRig

pytestmark = pytest.mark.servers

SECRET = "heron"
DROPS = 10
LIMIT_S = 10.0


@dataclass(frozen=True)
class Delivery:
    """What the hub sent, and when it came."""

    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass
class Subscriber:
    """Confirms what the hub asks and keeps what it sends."""

    url: str = ""
    confirmed: threading.Event = field(default_factory=threading.Event)
    deliveries: queue.Queue[Delivery] = field(default_factory=queue.Queue)


@contextmanager
def subscriber() -> Iterator[Subscriber]:
    told = Subscriber()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(parse_qs(urlsplit(self.path).query)["hub.challenge"][0].encode())
            told.confirmed.set()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.deliveries.put(Delivery(dict(self.headers.items()), body, time.monotonic()))
            self._say(b"")

        def _say(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        told.url = f"http://127.0.0.1:{server.server_port}/heard"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield told
        server.shutdown()


def free_port() -> int:
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def subscribe(hub: str, topic: str, told: Subscriber) -> None:
    form = {"hub.mode": "subscribe", "hub.topic": topic, "hub.callback": told.url, "hub.secret": SECRET}
    with urllib.request.urlopen(hub, urlencode(form).encode(), timeout=LIMIT_S) as answer:
        assert answer.status == 202
    assert told.confirmed.wait(LIMIT_S)


def test_a_dropped_file_reaches_a_subscriber_signed_and_whole(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{(port := free_port())}/"
    topic = f"{address}all/rss.xml"
    site = SiteRig(tmp_path / "site")
    site.write(1)

    with rigs.websub_hub(tmp_path) as hub, subscriber() as told:
        site.configure(server={"port": port}, feeds={"url": address, "hubs": [hub]})
        with site.running():
            subscribe(hub, topic, told)
            took = [drop_one(site, number, told) for number in range(2, 2 + DROPS)]

    print(f"file drop to subscriber, {DROPS} times: median {median(took):.2f} s, most {max(took):.2f} s")
    assert max(took) < LIMIT_S


def drop_one(site: SiteRig, number: int, told: Subscriber) -> float:
    """Drop an item, check what the subscriber gets; seconds from the one to the other."""
    began = time.monotonic()
    site.write(number)
    while True:
        delivery = told.deliveries.get(timeout=LIMIT_S)
        if f"Title {number}<".encode() in delivery.body:
            break
    assert delivery.headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    assert set(re.findall(r'rel="?(hub|self)"?', delivery.headers["Link"])) == {"hub", "self"}
    algorithm, _, signature = delivery.headers["X-Hub-Signature"].partition("=")
    assert hmac.compare_digest(hmac.new(SECRET.encode(), delivery.body, algorithm).hexdigest(), signature)
    standing = (site.folder / "feeds" / "all" / "rss.xml").read_bytes()
    assert hashlib.sha256(delivery.body).digest() == hashlib.sha256(standing).digest()
    return delivery.at - began
