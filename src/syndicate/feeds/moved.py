"""Feeds that moved: what stands at their former addresses, so that no reader loses them. Pure."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from syndicate.feeds.text import direction
from syndicate.feeds.words import spoken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syndicate.feeds.feed import Feed
    from syndicate.feeds.site import Site

REDIRECTS = "redirects.json"
"""Where the shelf says which folders moved: one JSON object, former folder to present one, both as below the shelf's
root and without slashes around them (`{"old/topic": "new-topic"}`). Files in them keep their names. A server that
answers requests below a former folder with 301 and the present one spares readers the copies that stand there."""


def redirects_of(moved: Mapping[str, str], taken: Mapping[str, Feed]) -> dict[str, str]:
    """The moves that are to be told: to folders of feeds there are, from folders that no feed has.

    Args:
        moved: former folder to present one.
        taken: the feeds by folder.
    """
    return {old: new for old, new in sorted(moved.items()) if new in taken and old not in taken}


def redirects_document(redirects: Mapping[str, str]) -> bytes:
    """The moves for a server, as `REDIRECTS` describes."""
    return json.dumps(redirects, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def moved_page(feed: Feed, site: Site) -> bytes:
    """The page at a former address, which leads to the feed's own."""
    language = spoken(site.language)
    address, title = escape(site.address(f"{feed.path}/")), escape(feed.title)
    return f"""<!DOCTYPE html>
<html lang="{language}" dir="{direction(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="canonical" href="{address}">
<meta http-equiv="refresh" content="0; url={address}">
</head>
<body>
<main>
<h1>{escape(site.words["moved"])}</h1>
<p><a href="{address}">{title}</a></p>
</main>
</body>
</html>
""".encode("utf-8", "replace")
