"""The featured image that a file names: its reference, alt text, and where its file may lie. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote

from msgspec import Struct
from msgspec.structs import replace

from syndicate.items.fields import texts_of
from syndicate.items.links import is_safe_path, usable
from syndicate.items.plain import plain
from syndicate.items.rules import ImageSearch
from syndicate.items.tree import Value
from syndicate.later import compiled

_REFERENCES = ("href", "src", "url", "path", "image", "feature", "file", "filename", "asset")
_ALTS = ("alt", "imageAlt", "caption", "description", "title")
_FALSE = frozenset({"false", "no", "off", "0"})
_SLOT = compiled(r"\{(\w+)\}")
_ALIAS = compiled(r"(?:~|@)/|@(?=assets/|images/|public/)")
_UID = compiled(r"[\w-]+\Z")
_BADGE = compiled(r"\.svg(?:[?#]|\Z)|badge|shields\.io|\bpixel\b|/icons?/", re.IGNORECASE)


class Featured(Struct, frozen=True, gc=False):
    """An image as named: an absolute URL, or paths from the store's root in the order to look at, or a refusal.

    Paths below one of `ImageSearch.beside` begin as that does; a path may be a glob. `refusal` is a code and a problem
    in words. `is_optional`: nobody asked for it, so nobody needs to hear that it is missing.
    """

    alt: str = ""
    url: str | None = None
    paths: tuple[str, ...] = ()
    refusal: tuple[str, str] | None = None
    is_optional: bool = False


def featured_of(value: Value, *, path: str, search: ImageSearch, title: str) -> Featured | None:
    """The image in a text, a mapping, or a list (its first that can be used); None if none is named.

    Args:
        value: as found in the front matter.
        path: the item's own file, below the store's root.
        search: where to look.
        title: the alt text where the file gives none.
    """
    members = value if isinstance(value, list) else [value]
    found = [image for member in members if (image := _one(member, path, search, title)) is not None]
    usable_ones = [image for image in found if image.refusal is None]
    if not usable_ones:
        return found[0] if found else None
    first = usable_ones[0]
    # A later one stands in for a file that is not there, but never below the words for another picture.
    paths = dict.fromkeys(place for one in usable_ones if one.alt == first.alt for place in one.paths)
    return replace(first, paths=tuple(paths)) if first.url is None else first


def unnamed(first: tuple[str, str], *, path: str, search: ImageSearch, title: str) -> Featured | None:
    """The image of a file that names none: one of its bundle, else the first of its body; None if there is neither.

    Args:
        first: address, as written, and alt text of the body's first image; empty if it has none.
        path: the item's own file, below the store's root.
        search: where to look.
        title: the alt text where nothing else gives one.
    """
    folder, name = posixpath.split(path)
    is_bundle = name.casefold().startswith("index.") and bool(search.bundle)
    globs = tuple(posixpath.join(folder, glob) for glob in search.bundle) if is_bundle else ()
    source, alt = first
    shown = None
    if search.takes_first and source and not _BADGE.search(source):
        shown = _one({"src": source, "alt": alt}, path, search, title)
    if shown is not None and shown.refusal is None:
        if globs and shown.url is None:
            return Featured(shown.alt, paths=(*globs, *shown.paths), is_optional=True)
        if not globs:
            return Featured(shown.alt, shown.url, shown.paths, is_optional=True)
    return Featured(title, paths=globs, is_optional=True) if globs else None


def _one(value: Value, path: str, search: ImageSearch, title: str) -> Featured | None:
    names = texts_of(value, _REFERENCES)
    if isinstance(value, dict):
        inner = next((key for key in _REFERENCES if isinstance(value.get(key), dict)), None)
        if not names and inner is not None:
            return _one(_opened(value, inner), path, search, title)
        alt = plain(next(iter(texts_of({key.casefold(): text for key, text in value.items()}, _FOLDED_ALTS)), ""))
        alt = alt or title
        if str(value.get("valid")).strip().casefold() in _FALSE:
            named = (names or texts_of(value, ("uid",)) or ("",))[0]
            return Featured(refusal=("W-IMAGE-INVALID", f"the image {named} is marked `valid: false`"))
        uid = next(iter(texts_of(value, ("uid",))), "")
        if uid and not names:
            return _by_uid(uid, value, search, alt)
    else:
        alt = title
    if not names or names[0].casefold() in _FALSE:  # `image: false` names none
        return None
    if "://" in names[0] or names[0].startswith("//"):
        url = usable("https:" + names[0] if names[0].startswith("//") else names[0])
        if url is None:
            return Featured(refusal=("W-IMAGE-UNSAFE", f"the image's address {names[0]} is not http or https"))
        return Featured(alt=alt, url=url)
    if names[0].casefold().startswith("data:"):
        return Featured(refusal=("W-IMAGE-UNSAFE", "the image is written out in the file (`data:`)"))
    if _UID.match(names[0]) and names[0] in search.table:
        return _by_uid(names[0], {}, search, alt)
    paths = _paths(names[0], path, search)
    if not paths:
        return Featured(refusal=("W-IMAGE-UNSAFE", f"the image's path {names[0]} leads out of the store"))
    return Featured(alt=alt, paths=paths)


def _opened(value: dict[str, Value], key: str) -> dict[str, Value]:
    """A mapping with what stands in one below it in that one's place."""
    below = value[key]
    assert isinstance(below, dict)
    return {**{name: held for name, held in value.items() if name != key}, **below}


_FOLDED_ALTS = tuple(key.casefold() for key in _ALTS)


def _by_uid(uid: str, given: Mapping[str, Value], search: ImageSearch, alt: str) -> Featured:
    """The image that the template of addresses gives."""
    known = {key: text for key, text in given.items() if isinstance(text, str) and text.strip()}
    slots = {"uid": uid, **search.table.get(uid, {}), **known}
    missing = [slot for slot in _SLOT.findall(search.template) if not slots.get(slot)]
    if not search.template or missing:
        lack = f"nothing tells its {missing[0]}" if missing else "`content.images.template` is not set"
        return Featured(refusal=("W-IMAGE-UNKNOWN", f"the image {uid} cannot be found: {lack}"))
    url = usable(_SLOT.sub(lambda match: quote(slots[match[1]], safe=""), search.template))
    if url is None:
        return Featured(refusal=("W-IMAGE-UNSAFE", f"the image {uid} has no http or https address"))
    return Featured(alt=plain(slots.get("alt", "")) or alt, url=url)


def _paths(name: str, path: str, search: ImageSearch) -> tuple[str, ...]:
    """Where the file may lie: beside the item, at the root, in the given folders; also unescaped, and without `?v=`."""
    name = _ALIAS.sub("/", name, count=1) if _ALIAS.match(name) else name
    bare = re.split(r"[?#]", name, maxsplit=1)[0]
    found: dict[str, None] = {}
    for spelling in dict.fromkeys([name, unquote(name), bare, unquote(bare)]):
        for place in _spelt(spelling, path, search):
            found[place] = None
    return tuple(found)


def _spelt(name: str, path: str, search: ImageSearch) -> Iterator[str]:
    """The places that one spelling may mean, safe ones only."""
    below = name.lstrip("/")
    folders = () if name.startswith("/") else (posixpath.dirname(path),)
    for folder in (*folders, ""):
        yield from _allowed(posixpath.normpath(posixpath.join(folder, below)), search)
    if not below or not is_safe_path(below):
        return
    for folder in search.folders:
        yield from _allowed(posixpath.normpath(posixpath.join(folder, below)), search)
        first, _, rest = below.partition("/")
        if rest and first == posixpath.basename(folder):  # `assets/a.png` where `../assets` is the folder
            yield from _allowed(posixpath.normpath(posixpath.join(folder, rest)), search)


def _allowed(place: str, search: ImageSearch) -> Iterator[str]:
    """The place, if it is below the store's root or one of the folders beside it."""
    for folder in search.beside:
        if place.startswith(f"{folder}/") and is_safe_path(place[len(folder) + 1 :]):
            yield place
            return
    if is_safe_path(place) and not place.startswith("/") and place != ".":
        yield place
