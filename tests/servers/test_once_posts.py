"""The whole command against both servers: a store with two new items becomes one post each, however often it runs."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
import yaml
from PIL import Image as Raster

from servers import rigs

pytestmark = pytest.mark.servers

LINKS = {name: f"https://news.example.org/{name}" for name in ("spades", "worms")}
ALT = "A field under a low sun"


def write_store(folder: Path) -> None:
    folder.mkdir()
    for number, (name, link) in enumerate(LINKS.items(), start=1):
        Raster.radial_gradient("L").resize((1920, 1080)).save(folder / f"{name}.jpeg", quality=90)
        matter = {
            "id": number,
            "source": "suite",
            "archetype": "curated-content",
            "title": f"All about {name}",
            "description": f"A complete sentence about {name}.",
            "date": f"2026-11-0{number}",
            "lastMod": f"2026-11-0{number}T09:00:00Z",
            "categories": ["Suite Topics: Soil Science"],
            "link": {"brand": "news.example.org", "href": link, "original": link},
            "featuredImage": {"href": f"{name}.jpeg", "alt": ALT, "valid": True},
            "slug": name,
            "tags": ["News"],
        }
        (folder / f"{name}.md").write_text(f"---\n{yaml.safe_dump(matter)}---\nText about {name}.\n", encoding="utf-8")


def write_settings(folder: Path, bluesky: rigs.BlueskyAccount, mastodon: rigs.MastodonAccount) -> Path:
    """The settings of a site that posts what is there to both servers, without pacing."""
    posting = {"first_sight": "post", "gap": "0s"}
    settings = {
        "site": {"title": "Example site", "url": "https://www.example.org/"},
        "content": {"folder": str(folder / "store")},
        "feeds": {"folder": str(folder / "feeds"), "url": "https://feeds.example.org/"},
        "state": {"folder": str(folder / "state")},
        "delivery": {"most_age": None},
        "channels": {
            "sky": {
                "network": "bluesky",
                "service": bluesky.url,
                "identifier": bluesky.handle,
                "password": bluesky.password,
                **posting,
            },
            "herd": {"network": "mastodon", "instance": mastodon.url, "token": mastodon.token, **posting},
        },
    }
    path = folder / "syndicate.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    path.chmod(0o600)
    return path


def records_of(account: rigs.BlueskyAccount) -> list[str]:
    """The link and alt-bearing thumb of every card of the account that speaks of our items."""
    listed = rigs.get_json(
        f"{account.url}/xrpc/com.atproto.repo.listRecords?repo={account.did}&collection=app.bsky.feed.post&limit=100"
    )["records"]
    cards = [record["value"]["embed"].get("external", {}) for record in listed]
    return sorted(card["uri"] for card in cards if card.get("uri") in LINKS.values() and card["thumb"]["size"] > 0)


def statuses_of(account: rigs.MastodonAccount) -> list[str]:
    """The link of every status of the account that speaks of our items and carries the picture with its alt text."""
    who = rigs.get_json(f"{account.url}/api/v1/accounts/verify_credentials", account.token)["id"]
    statuses = rigs.get_json(f"{account.url}/api/v1/accounts/{who}/statuses?limit=40", account.token)
    return sorted(
        link
        for status in statuses
        for link in LINKS.values()
        if link in unescape(status["content"]) and [a["description"] for a in status["media_attachments"]] == [ALT]
    )


def test_each_item_is_posted_once_to_each_server(
    tmp_path: Path, bluesky_account: rigs.BlueskyAccount, mastodon_account: rigs.MastodonAccount
) -> None:
    write_store(tmp_path / "store")
    settings = write_settings(tmp_path, bluesky_account, mastodon_account)

    for _ in range(2):
        done = rigs.syndicate("once", "--config", str(settings), folder=tmp_path)

        assert done.returncode == 0, done.stdout + done.stderr
        assert records_of(bluesky_account) == sorted(LINKS.values())
        assert statuses_of(mastodon_account) == sorted(LINKS.values())
        assert bluesky_account.password not in done.stdout + done.stderr
        assert mastodon_account.token not in done.stdout + done.stderr
