"""Where the promise is tested: a store of short items, settings that reach the sandbox alone, and what goes wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from syndicate.channels.networks import NETWORKS
from syndicate.sandbox.addresses import TOKEN_PREFIX, WEBHOOK_SECRET, SandboxAddresses
from syndicate.sandbox.graph import number_of
from syndicate.settings.sources import PREFIX

SETTLE = timedelta(seconds=1)
"""Long after the latest commit that the faults below make, so that a reading sees whatever there will be."""

ACCOUNTS_PER_NETWORK = 3
"""A channel posts one after the other, so several of each network are at work at the same time."""

SITE = "https://proof.example/"


@dataclass(frozen=True, slots=True)
class Place:
    """A channel of the proof: its settings, and its account as the sandbox's log names it."""

    settings: Mapping[str, Any]
    account: str


def places_in(addresses: SandboxAddresses) -> dict[str, Place]:
    """Every channel by name: each network that has both an adapter and a fake, and takes posts without a picture."""
    found: dict[str, Place] = {}
    for number in range(1, ACCOUNTS_PER_NETWORK + 1):
        for network, place in _places(addresses, number).items():
            if network in NETWORKS:
                found[f"{network}_{number}"] = Place({"network": network, **place.settings}, place.account)
    return found


def _places(addresses: SandboxAddresses, number: int) -> dict[str, Place]:
    name, room = f"proof{number}", str(10**17 + number)
    token = f"{TOKEN_PREFIX}{name}"
    settle = {"settle": f"{SETTLE.total_seconds():g}s"}
    bluesky = {"service": addresses.bluesky_url, "identifier": f"{name}.test", "password": token}
    webhook = {"url": f"{addresses.webhook_url}/{name}", "secret": WEBHOOK_SECRET}
    linkedin = {"api_url": addresses.linkedin_url, "token": token, "author": f"urn:li:person:{name}"}
    discord_bot = {"api_url": f"{addresses.discord_url}/v10", "token": token, "channel": room}
    slack = {"api_url": addresses.slack_url, "token": f"xoxb-{token}", "channel": f"CPROOF{number}"}
    facebook = {"api_url": addresses.facebook_url, "token": f"{TOKEN_PREFIX}{room}", "page": room}
    email = {"host": "127.0.0.1", "port": addresses.smtp_port, "security": "none", "sender": "news@proof.example"}
    email |= {"username": name, "password": token, "to": f"{name}@proof.example"}
    threads = {"api_url": addresses.threads_url, "token": token, "account": name}
    x = {"api_url": addresses.x_url, "token": token, "account": name}
    telegram = {"api_url": addresses.telegram_url, "token": f"{number}:{token}", "chat": f"@{name}"}
    return {
        "slack_bot": Place(slack | settle, f"slack_bot/CPROOF{number}"),
        "telegram": Place(telegram, f"telegram/@{name}"),
        "discord_bot": Place(discord_bot | settle, f"discord_bot/{room}"),
        "discord": Place({"url": f"{addresses.discord_url}/webhooks/1/{token}"}, f"discord/{name}"),
        "mastodon": Place({"instance": addresses.mastodon_url, "token": token} | settle, f"mastodon/{name}"),
        "bluesky": Place(bluesky | settle, f"bluesky/{name}.test"),
        "webhook": Place(webhook | settle, f"webhook/{name}"),
        "linkedin": Place(linkedin | settle, f"linkedin/person:{name}"),
        "slack": Place({"url": f"{addresses.slack_webhook_url}/T1/B1/{token}"}, f"slack/{name}"),
        "teams": Place({"url": f"{addresses.teams_url}?sig={token}"}, f"teams/{name}"),
        "email": Place(email, f"email/{name}@proof.example"),
        "facebook": Place(facebook | settle, f"facebook/{room}"),
        "threads": Place(threads | settle, f"threads/{number_of(name)}"),
        "x": Place(x | settle, f"x/{name}"),
    }


def settings_for(places: Mapping[str, Place]) -> dict[str, Any]:
    """Settings of a publisher that posts all it finds at once, to these places."""
    return {
        "site": {"title": "Proof", "url": SITE, "tag_authority": "proof.example,2026"},
        "feeds": {"url": SITE, "formats": ["json"]},
        "cards": {"image": {"enabled": False}},
        "server": {"enabled": False},
        "state": {"witness": "state"},  # the whole stand is thrown away
        "schedule": {"every": "1h", "watch": False},
        "delivery": {"most_new": None, "retry_first": "0.1s", "retry_longest": "1s", "retries": 100},
        "channels": {name: {**place.settings, "first_sight": "post"} for name, place in places.items()},
        "log": {"level": "error", "format": "json"},
    }


def write_settings(folder: Path, settings: Mapping[str, Any]) -> Path:
    """The settings as a file below the project's folder."""
    path = folder / "config" / "syndicate.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(settings), sort_keys=False), encoding="utf-8")
    path.chmod(0o600)
    return path


def write_items(folder: Path, number: int, now: datetime) -> dict[str, str]:
    """So many items in the store, without images; gives the link of each by its id.

    Their files were left alone for an hour: the first pass leaves out what may still be being written.
    """
    links: dict[str, str] = {}
    content = folder / "content" / "news"
    content.mkdir(parents=True)
    for place in range(1, number + 1):
        link = f"{SITE}news/{place}"
        front = {
            "id": place,
            "source": "proof",
            "title": f"Report number {place}",
            "slug": f"report-{place}",
            "date": (now - timedelta(hours=1, seconds=number - place)).isoformat(timespec="seconds"),
            "identifier": "News",
            "description": f"What the report with the number {place} tells.",
            "link": {"brand": "proof.example", "href": link, "original": link},
        }
        text = f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n<p>{front['description']}</p>\n"
        path = content / f"report-{place}.md"
        path.write_text(text, encoding="utf-8")
        os.utime(path, ((now - timedelta(hours=1)).timestamp(),) * 2)
        links[f"proof:{place}"] = link
    return links


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without the operator's settings: nothing here may ever speak to a real account."""
    return {name: value for name, value in environ.items() if not name.upper().startswith(PREFIX)}


def faults() -> list[dict[str, Any]]:
    """What goes wrong: 15 of 100 posts, 5 of 100 readings and sessions, and three listings that lack their newest.

    A listing that lost a post at both of a delivery's readings would be past what the promise covers, so these come
    far from each other.
    """
    shares = (
        ({"effect": "lost_after"}, 0.03),
        ({"effect": "late_commit", "delay_ms": 150}, 0.015),
        ({"effect": "reset_before"}, 0.015),
        ({"effect": "error_500_before"}, 0.01),
        ({"effect": "error_502_after"}, 0.01),
        ({"effect": "error_503_after"}, 0.01),
        ({"effect": "error_429", "retry_after": 1}, 0.01),
        ({"effect": "error_429", "retry_after": 1, "form": "date"}, 0.005),
        ({"effect": "truncated_json"}, 0.01),
        ({"effect": "short_body"}, 0.005),
        ({"effect": "long_body"}, 0.005),
        ({"effect": "half_closed", "delay_ms": 50}, 0.005),
        ({"effect": "html_200"}, 0.0025),
        ({"effect": "redirect_302"}, 0.0025),
        ({"effect": "slow_after", "delay_ms": 200}, 0.005),
        ({"effect": "slow_headers", "delay_ms": 200}, 0.0025),
        ({"effect": "slow_body", "delay_ms": 200}, 0.0025),
        ({"effect": "keepalive_reset"}, 0.0025),
        ({"effect": "skewed_date"}, 0.0025),
    )
    everywhere = {"network": "*", "route": "post"}
    loss = {"network": "*", "route": "read", "effect": "page_loss", "times": 1}
    return [
        *({**everywhere, **effect, "probability": share} for effect, share in shares),
        *({**loss, "skip": skip} for skip in (9, 99, 999)),
        {"network": "*", "route": "read", "effect": "error_503_before", "probability": 0.05},
        {"network": "*", "route": "session", "effect": "error_502_before", "probability": 0.05},
    ]


RULES = {"listing_lag_s": 0.3}
"""Lists of own posts show a post later than it was made."""
