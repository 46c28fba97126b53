"""What a server with Mastodon's API is, and what it allows: by its instance description, else by its NodeInfo.

Source: Mastodon documentation "instance"; NodeInfo 2.1; Pixelfed ApiV1Controller, config/pixelfed.php; GoToSocial
docs/api; Pleroma IdempotencyPlug. Read 2026-11.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

URL_LENGTH: Final = 23
"""Every URL counts this much (Mastodon documentation, "Posting": StatusLengthValidator)."""

PHOTO_BYTES: Final = 2_000_000
"""Far below Mastodon's 16,777,216, and enough for 2048 pixels: small uploads fail less often."""

KEY_WINDOW: Final = timedelta(hours=1)
"""Mastodon keeps an Idempotency-Key for 3,600 s (post_status_service.rb); Pleroma and Akkoma longer."""

_IMAGE_BYTES: Final = range(10_000, 10**12)
_RELATIONS: Final = "http://nodeinfo.diaspora.software/ns/schema/"


class Dialect(StrEnum):
    """The software, as far as it makes a difference."""

    MASTODON = "mastodon"
    PLEROMA = "pleroma"
    AKKOMA = "akkoma"
    GOTOSOCIAL = "gotosocial"
    PIXELFED = "pixelfed"
    OTHER = "other"

    @property
    def honours_keys(self) -> bool:
        """Whether a repeat under the same Idempotency-Key makes no second post and gives the first one.

        GoToSocial has no keys. Pixelfed refuses the second use even when the first one failed, so it is sent none.
        Servers that are not known are not trusted: some real ones make two posts for one key.
        """
        return self is Dialect.MASTODON or self.repeats_answers

    def key_for(self, key: str, payload: bytes) -> str:
        """The Idempotency-Key of these bytes: another one for others, where a key's first answer comes again."""
        return f"{key}-{hashlib.sha256(payload).hexdigest()[:8]}" if self.repeats_answers else key

    @property
    def repeats_answers(self) -> bool:
        """Whether a key brings its first answer again, whatever it was (Pleroma IdempotencyPlug: for six hours).

        A refusal, too, and a wish for silence, which would be heard again when the time for it is over.
        """
        return self in {Dialect.PLEROMA, Dialect.AKKOMA}

    @property
    def content_type(self) -> str | None:
        """What the text is to be taken for, where an account's own setting might say Markdown."""
        return "text/plain" if self in {Dialect.PLEROMA, Dialect.AKKOMA, Dialect.GOTOSOCIAL} else None

    @property
    def needs_image(self) -> bool:
        """Whether a post without media is refused (Pixelfed: 403, "Empty statuses are not allowed")."""
        return self is Dialect.PIXELFED


@dataclass(frozen=True, slots=True)
class Server:
    """What one server allows. The defaults are what holds before it was asked."""

    dialect: Dialect = Dialect.OTHER
    characters: int = 500
    url_length: int | None = URL_LENGTH
    image_bytes: int = PHOTO_BYTES
    image_pixels: int = 33_177_600  # Instance entity, `image_matrix_limit`
    media_types: tuple[str, ...] = ("image/jpeg", "image/png")
    alt: int = 1500  # Instance entity, `description_limit`


_USUAL: Final = {
    Dialect.PIXELFED: Server(Dialect.PIXELFED, characters=500, url_length=None, alt=1000),  # config/pixelfed.php
    Dialect.GOTOSOCIAL: Server(Dialect.GOTOSOCIAL, characters=5000, alt=5000),
}
"""What a dialect allows where its description says nothing."""


class _Description(BaseModel):
    """JSON of a server; some send numbers as ids."""

    model_config = ConfigDict(coerce_numbers_to_str=True, frozen=True)


class _StatusLimits(_Description):
    max_characters: int | None = None
    characters_reserved_per_url: int | None = None


class _MediaLimits(_Description):
    supported_mime_types: tuple[str, ...] = ()
    image_size_limit: int | None = None
    image_matrix_limit: int | None = None
    description_limit: int | None = None


class _Configuration(_Description):
    statuses: _StatusLimits = _StatusLimits()
    media_attachments: _MediaLimits = _MediaLimits()


class Instance(_Description):
    """Instance, V1::Instance, and Pleroma's additions to it."""

    version: str
    source_url: str = ""
    configuration: _Configuration = _Configuration()
    max_toot_chars: int | None = None
    upload_limit: int | None = None
    description_limit: int | None = None


class _Link(_Description):
    rel: str
    href: str


class NodeInfoLinks(_Description):
    """Where a server describes its software (`/.well-known/nodeinfo`)."""

    links: tuple[_Link, ...]

    def newest(self, host: str) -> str | None:
        """The description of the newest known version, on the server itself and nowhere else."""
        own = [link for link in self.links if re.fullmatch(rf"https?://{re.escape(host)}/[!-~]*", link.href)]
        known = {link.rel.removeprefix(_RELATIONS): link.href for link in own if link.rel.startswith(_RELATIONS)}
        return next((known[version] for version in ("2.1", "2.0", "1.1", "1.0") if version in known), None)


class _Software(_Description):
    name: str


class NodeInfo(_Description):
    """A server's word on its software."""

    software: _Software

    @property
    def dialect(self) -> Dialect:
        """OTHER for what makes no difference known to us."""
        name = self.software.name.lower()
        return Dialect(name) if name in set(Dialect) else Dialect.OTHER


def dialect_of(instance: Instance) -> Dialect | None:
    """The software by its version and the place of its source; None: these do not tell.

    Others than Mastodon name themselves: `2.7.2 (compatible; Akkoma 3.10.4)`.
    """
    if found := re.search(r"\(compatible; (Pleroma|Akkoma|Pixelfed)\b", instance.version):
        return Dialect(found[1].lower())
    source = instance.source_url.lower()
    if "gotosocial" in source:
        return Dialect.GOTOSOCIAL
    if "mastodon" in source and re.fullmatch(r"\d+\.\d+\.\d+[\w.+-]*", instance.version):
        return Dialect.MASTODON
    return None


def server_of(instance: Instance, dialect: Dialect) -> Server:
    """What a server's own description means for us."""
    statuses, media = instance.configuration.statuses, instance.configuration.media_attachments
    usual = _USUAL.get(dialect, Server(dialect))
    offered = tuple(kind for kind in usual.media_types if kind in media.supported_mime_types)
    reserved = statuses.characters_reserved_per_url
    return replace(
        usual,
        characters=_sane(statuses.max_characters or instance.max_toot_chars, range(100, 1_000_001), usual.characters),
        url_length=reserved if reserved is not None and reserved in range(1, 51) else usual.url_length,
        image_bytes=min(_sane(media.image_size_limit or instance.upload_limit, _IMAGE_BYTES, PHOTO_BYTES), PHOTO_BYTES),
        image_pixels=_sane(media.image_matrix_limit, range(10_000, 10**9), usual.image_pixels),
        media_types=offered or usual.media_types,
        alt=_sane(media.description_limit or instance.description_limit, range(100, 100_001), usual.alt),
    )


def _sane(told: int | None, sane: range, usual: int) -> int:
    """A limit as the server tells it, unless no post could be made under it."""
    return told if told is not None and told in sane else usual
