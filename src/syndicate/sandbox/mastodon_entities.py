"""The things a fake Mastodon holds, and the JSON it shows of them. Pure.

Source: Mastodon documentation "entities": Status, Account, MediaAttachment, PreviewCard, Instance. Read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from syndicate.sandbox.clock import stamp
from syndicate.sandbox.mastodon_text import RESERVED_PER_URL, first_link, html_of, mentions_of, tags_of
from syndicate.sandbox.pictures import FORMATS, Picture
from syndicate.sandbox.rules import Rules
from syndicate.sandbox.truth import LoggedMedium

# Instance entity, `configuration.media_attachments`. Read 2026-11.
IMAGE_SIZE_LIMIT = 16_777_216
IMAGE_MATRIX_LIMIT = 33_177_600
DESCRIPTION_LIMIT = 1_500
VERSION = "4.5.0"
# A fixed, valid hash: clients decode it, nobody compares it.
_BLURHASH = "UeKUpFxuo~R%0nW;WCnhF6RjaJt757oJodS$"


@dataclass(slots=True)
class Account:
    """One fake account; `username` is the token without its prefix."""

    id: str
    username: str
    created_at: datetime


@dataclass(slots=True)
class Medium:
    """An uploaded image. `polls` counts down how often it still says that it is being processed."""

    id: str
    account_id: str
    picture: Picture
    sha256: str
    size_bytes: int
    description: str | None
    focus: tuple[float, float] | None = None
    status_id: str | None = None
    polls: int = 0


@dataclass(slots=True)
class Status:
    """A status of a fake account."""

    id: str
    account: Account
    text: str
    created_at: datetime
    visibility: str = "public"
    spoiler_text: str = ""
    is_sensitive: bool = False
    language: str | None = None
    in_reply_to_id: str | None = None
    media: list[Medium] = field(default_factory=list)
    edited_at: datetime | None = None

    def url(self, base_url: str) -> str:
        """Its page."""
        return f"{base_url}/@{self.account.username}/{self.id}"


def logged(medium: Medium) -> LoggedMedium:
    """The medium as it stands in the log of truth."""
    return LoggedMedium(
        id=medium.id,
        alt=medium.description,
        bytes=medium.size_bytes,
        width=medium.picture.width,
        height=medium.picture.height,
        type=medium.picture.type,
        sha256=medium.sha256,
    )


def account_json(account: Account, base_url: str, status_count: int) -> dict[str, Any]:
    """The Account entity."""
    url = f"{base_url}/@{account.username}"
    picture = f"{base_url}/avatars/missing.svg"
    return {
        "id": account.id,
        "username": account.username,
        "acct": account.username,
        "display_name": account.username,
        "locked": False,
        "bot": True,
        "discoverable": True,
        "group": False,
        "created_at": stamp(account.created_at.replace(hour=0, minute=0, second=0, microsecond=0)),
        "note": "<p>An account of the sandbox.</p>",
        "url": url,
        "uri": f"{base_url}/users/{account.username}",
        "avatar": picture,
        "avatar_static": picture,
        "header": picture,
        "header_static": picture,
        "followers_count": 0,
        "following_count": 0,
        "statuses_count": status_count,
        "last_status_at": None,
        "emojis": [],
        "fields": [],
    }


def credentials_json(account: Account, base_url: str, status_count: int) -> dict[str, Any]:
    """The CredentialAccount entity: the account and its posting defaults."""
    source = {
        "note": "An account of the sandbox.",
        "fields": [],
        "privacy": "public",
        "sensitive": False,
        "language": "en",
        "follow_requests_count": 0,
    }
    role = {"id": "-99", "name": "", "permissions": "0", "color": "", "highlighted": False}
    return account_json(account, base_url, status_count) | {"source": source, "role": role}


def medium_json(medium: Medium, base_url: str) -> dict[str, Any]:
    """The MediaAttachment entity; without a URL while it is being processed."""
    width, height = medium.picture.width, medium.picture.height
    address = f"{base_url}/media/{medium.id}/original"
    size = {"width": width, "height": height, "size": f"{width}x{height}", "aspect": width / height}
    focus = {} if medium.focus is None else {"focus": {"x": medium.focus[0], "y": medium.focus[1]}}
    return {
        "id": medium.id,
        "type": "image",
        "url": None if medium.polls else address,
        "preview_url": None if medium.polls else address,
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {"original": size, "small": size, **focus},
        "description": medium.description,
        "blurhash": _BLURHASH,
    }


def status_json(status: Status, base_url: str, account: dict[str, Any], *, is_crawled: bool) -> dict[str, Any]:
    """The Status entity. The card is null until the server has crawled the link, so never in the answer to a post."""
    name = status.account.username
    return {
        "id": status.id,
        "created_at": stamp(status.created_at),
        "in_reply_to_id": status.in_reply_to_id,
        "in_reply_to_account_id": status.account.id if status.in_reply_to_id else None,
        "sensitive": status.is_sensitive,
        "spoiler_text": status.spoiler_text,
        "visibility": status.visibility,
        "language": status.language,
        "uri": f"{base_url}/users/{name}/statuses/{status.id}",
        "url": status.url(base_url),
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": 0,
        "quotes_count": 0,
        "edited_at": None if status.edited_at is None else stamp(status.edited_at),
        "favourited": False,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "pinned": False,
        "content": html_of(status.text, base_url),
        "filtered": [],
        "reblog": None,
        "application": {"name": "syndicate", "website": None},
        "account": account,
        "media_attachments": [medium_json(medium, base_url) for medium in status.media],
        # The real server lists only the accounts it could resolve; here every name shows, so that none slips through.
        "mentions": [
            {"id": "0", "username": who.partition("@")[0], "acct": who, "url": f"{base_url}/@{who}"}
            for who in mentions_of(status.text)
        ],
        "tags": [{"name": tag, "url": f"{base_url}/tags/{tag}"} for tag in tags_of(status.text)],
        "emojis": [],
        "card": card_json(status) if is_crawled else None,
        "poll": None,
    }


def card_json(status: Status) -> dict[str, Any] | None:
    """The PreviewCard of the first link; the sandbox fetches nothing, so the title is only the host."""
    link = first_link(status.text)
    if link is None or status.spoiler_text:
        return None
    host = urlsplit(link).netloc
    return {
        "url": link,
        "title": host,
        "description": "",
        "language": None,
        "type": "link",
        "author_name": "",
        "author_url": "",
        "authors": [],
        "provider_name": host,
        "provider_url": "",
        "html": "",
        "width": 0,
        "height": 0,
        "image": None,
        "image_description": "",
        "embed_url": "",
        "blurhash": None,
        "published_at": None,
    }


def instance_json(host: str, rules: Rules) -> dict[str, Any]:
    """The Instance entity of `/api/v2/instance`."""
    return {
        "domain": host,
        "title": "Sandbox",
        "version": VERSION,
        "source_url": "https://github.com/mastodon/mastodon",
        "description": "A fake Mastodon server on this machine.",
        "usage": {"users": {"active_month": 1}},
        "thumbnail": {"url": f"http://{host}/avatars/missing.svg"},
        "icon": [],
        "languages": ["en"],
        "configuration": _configuration(host, rules),
        "registrations": {"enabled": False, "approval_required": False, "message": None, "url": None},
        "api_versions": {"mastodon": 7},
        "contact": {"email": "", "account": None},
        "rules": [],
    }


def instance_v1_json(host: str, rules: Rules) -> dict[str, Any]:
    """The V1::Instance entity of `/api/v1/instance`."""
    configuration = _configuration(host, rules)
    return {
        "uri": host,
        "title": "Sandbox",
        "short_description": "A fake Mastodon server on this machine.",
        "description": "",
        "email": "",
        "version": VERSION,
        "urls": {"streaming_api": f"ws://{host}"},
        "stats": {"user_count": 1, "status_count": 0, "domain_count": 0},
        "thumbnail": None,
        "languages": ["en"],
        "registrations": False,
        "approval_required": False,
        "invites_enabled": False,
        "configuration": {name: configuration[name] for name in ("statuses", "media_attachments", "polls")},
        "contact_account": None,
        "rules": [],
    }


def _configuration(host: str, rules: Rules) -> dict[str, Any]:
    return {
        "urls": {"streaming": f"ws://{host}", "status": None, "about": None, "privacy_policy": None},
        "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
        "statuses": {
            "max_characters": rules.max_characters,
            "max_media_attachments": rules.max_media,
            "characters_reserved_per_url": RESERVED_PER_URL,
        },
        "media_attachments": {
            "description_limit": DESCRIPTION_LIMIT,
            "image_matrix_limit": IMAGE_MATRIX_LIMIT,
            "image_size_limit": IMAGE_SIZE_LIMIT,
            "supported_mime_types": list(FORMATS.values()),
            "video_frame_rate_limit": 120,
            "video_matrix_limit": 8_294_400,
            "video_size_limit": 103_809_024,
        },
        "polls": {
            "max_options": 4,
            "max_characters_per_option": 50,
            "min_expiration": 300,
            "max_expiration": 2_629_746,
        },
        "translation": {"enabled": False},
        "limited_federation": False,
    }
