"""A Mastodon server to post to (mastodon-mock, in memory) on a free port of 127.0.0.1.

Run by the Python that has mastodon-mock installed. Takes the access token of the account `alice` as its argument,
prints one line of JSON when it answers, `{"url"}`, and ends when standard input closes, so it never outlives the
test run that started it.
"""

from __future__ import annotations

import json
import sys

from mastodon_mock.config import DatabaseConfig, MastodonMockConfig, SeedAccount, SeedConfig
from mastodon_mock.testing.server import MockServer

alice = SeedAccount(username="alice", display_name="Alice", access_token=sys.argv[1])
config = MastodonMockConfig(database=DatabaseConfig(path=":memory:"), seed=SeedConfig(accounts=[alice]))

with MockServer(config=config, startup_timeout=60) as server:
    print(json.dumps({"url": server.base_url}), flush=True)
    sys.stdin.read()
