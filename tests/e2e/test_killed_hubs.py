"""A publisher killed after the feeds stand and before a hub took the word: the next one tells it."""

from __future__ import annotations

import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from site_rig import SiteRig, end


def test_a_kill_between_the_write_and_the_ping_loses_nothing(tmp_path: Path) -> None:
    site = SiteRig(tmp_path / "site")
    site.write(1)
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes connections and never answers
        port = deaf.getsockname()[1]
        site.configure(feeds={"hubs": [f"http://127.0.0.1:{port}/"]})
        with site.running() as process:
            end(process, signal.SIGKILL)

    told: list[str] = []

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            told.extend(form["hub.topic"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Takes) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        first, second = (site.call("once").exit_code for _ in range(2))
        hub.shutdown()

    [counts] = site.ask("status")["hubs"]
    feeds = [path for name in ("rss.xml", "atom.xml", "feed.json") for path in (site.folder / "feeds").rglob(name)]
    current = [path for path in feeds if "archive" not in path.parts]
    assert (first, second, counts["owed"]) == (0, 0, 0)
    assert len(told) == len(set(told)) == len(current) > 3
    assert counts["accepted_at"]
