"""The featured image that front matter names: its reference, alt text, and where its file may lie. Pure."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from urllib.parse import unquote

from syndicate.items.fields import texts_of
from syndicate.items.links import is_safe_path, usable
from syndicate.items.plain import plain
from syndicate.items.tree import Value

_REFERENCES = ("href", "src", "url", "path", "image", "feature", "file", "filename")
_ALTS = ("alt", "caption", "description", "title")
_FALSE = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class Featured:
    """An image as named: an absolute URL, or paths below the store's root in the order to look at, or a refusal.

    `refusal` is a code and a problem in words.
    """

    alt: str = ""
    url: str | None = None
    paths: tuple[str, ...] = ()
    refusal: tuple[str, str] | None = None


def featured_of(value: Value, *, path: str, folders: tuple[str, ...], title: str) -> Featured | None:
    """The image in a text, a mapping, or a list (its first that can be used); None if none is named.

    Args:
        value: as found in the front matter.
        path: the item's own file, below the store's root.
        folders: more folders of the store to look in.
        title: the alt text where the file gives none.
    """
    members = value if isinstance(value, list) else [value]
    found = [image for member in members if (image := _one(member, path, folders, title)) is not None]
    return next((image for image in found if image.refusal is None), found[0] if found else None)


def _one(value: Value, path: str, folders: tuple[str, ...], title: str) -> Featured | None:
    names = texts_of(value, _REFERENCES)
    if not names:
        return None
    alt = title
    if isinstance(value, dict):
        alt = plain(next(iter(texts_of(value, _ALTS)), "")) or title
        if str(value.get("valid")).strip().casefold() in _FALSE:
            return Featured(refusal=("W-IMAGE-INVALID", f"the image {names[0]} is marked `valid: false`"))
    if "://" in names[0] or names[0].startswith("//"):
        url = usable("https:" + names[0] if names[0].startswith("//") else names[0])
        if url is None:
            return Featured(refusal=("W-IMAGE-UNSAFE", f"the image's address {names[0]} is not http or https"))
        return Featured(alt=alt, url=url)
    paths = _paths(names[0], path, folders)
    if not paths:
        return Featured(refusal=("W-IMAGE-UNSAFE", f"the image's path {names[0]} leads out of the store"))
    return Featured(alt=alt, paths=paths)


def _paths(name: str, path: str, folders: tuple[str, ...]) -> tuple[str, ...]:
    """Where below the root the file may lie: beside the item, at the root, in the given folders; also unescaped."""
    spellings = dict.fromkeys([name, unquote(name), name.partition("?")[0]])
    found: dict[str, None] = {}
    for spelling in spellings:
        beside = [] if spelling.startswith("/") else [posixpath.dirname(path)]
        for folder in (*beside, "", *folders):
            joined = posixpath.normpath(posixpath.join(folder, spelling.lstrip("/")))
            if is_safe_path(joined) and not joined.startswith("/") and joined != ".":
                found[joined] = None
    return tuple(found)
