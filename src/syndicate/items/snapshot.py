"""Items and faults as JSON text and back without loss, for the parse index. Pure."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any

from syndicate.errors import Fault
from syndicate.items.item import Image, Item, Offering, Teaser, Topic, parts_of, spelt
from syndicate.items.posting import Posting, Wording


def to_json(item: Item) -> str:
    """The item as one line of JSON."""
    return _ENCODED(parts_of(item))


_ENCODED = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=spelt).encode


def from_json(text: str) -> Item:
    """The item that `to_json` wrote.

    Raises:
        ValueError, TypeError, KeyError: the text is not an item's, for example of another version.
    """
    parts = json.loads(text)
    image = parts.pop("image")
    return Item(
        **{
            **parts,
            "published": datetime.fromisoformat(parts["published"]),
            "updated": datetime.fromisoformat(parts["updated"]),
            "expires": None if parts["expires"] is None else datetime.fromisoformat(parts["expires"]),
            "authors": tuple(parts["authors"]),
            "tags": tuple(parts["tags"]),
            "topics": tuple(_topic(*map(topic.get, _TOPIC)) for topic in parts["topics"]),
            "offerings": tuple(_offering(one["label"], one["url"]) for one in parts["offerings"]),
            "image": None if image is None else Image(**image),
            "open_graph": _teaser(**parts["open_graph"]),
            "twitter": _teaser(**parts["twitter"]),
            "posting": _posting_of(parts.get("posting")),  # older versions wrote none
        }
    )


_PACKED = b"1"
_FORM = (
    b'</em></strong></a></li>\n<li></ul>\n</blockquote>\n<h2></h2>\n<img src="https://" alt="" width="" height="">'
    b'", "is_labelled": false, "url": null, "vocabulary": null"image": {"alt": "", "digest": "", "height_px": 0, '
    b'"media_type": "image/jpeg", "ref": "", "size_bytes": 0, "width_px": 0}, {"authors": ["'
    b'"], "body_html": "<p></p>\\n<p><a href=\\"https://www.\\"></a></p>", "brand": "", "description": "", '
    b'"expires": null, "group": null, "id": "", "image": null, "language": "en", "link": "https://www.", '
    b'"offerings": [], [{"label": "", "url": "https://"}, {"label": "", "url": "https://"}], '
    b'"open_graph": {"description": "", "title": ""}, "page": null"https://", "path": "", "posting": null, '
    b'"published": "2026-01-01T00:00:00+00:00", "section": null"", "slug": "", "summary": "", "tags": [""], '
    b'"title": "", "topics": [{"is_labelled": true, "label": "", "slug": "", "url": "https://", "vocabulary": ""}], '
    b'"twitter": {"description": "", "title": ""}, "updated": "2026-01-01T00:00:00+00:00"}'
)
"""What most items have in common, so that it takes no room; another form needs another `_PACKED`."""


def pack(item: Item) -> bytes:
    """The item, its revision first, in as few bytes as can be had quickly: a third of its JSON."""
    deflate = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=_FORM)
    return _PACKED + deflate.compress(f"{item.revision}{to_json(item)}".encode()) + deflate.flush()


def unpack(packed: bytes) -> Item:
    """The item that `pack` gave.

    Raises:
        ValueError, TypeError, KeyError: the bytes are not an item's, for example of another version.
    """
    try:
        text = _unpacked(packed).decode()
    except zlib.error as error:
        raise ValueError(str(error)) from error
    revision, brace, rest = text.partition("{")  # older versions wrote no revision
    item = from_json(brace + rest)
    object.__setattr__(item, "known_revision", revision)
    return item


def _unpacked(packed: bytes) -> bytes:
    if not packed.startswith(_PACKED):  # the migration to 0009 knew no form
        return zlib.decompress(packed)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_FORM)
    text = inflate.decompress(packed[len(_PACKED) :])
    if not inflate.eof:
        raise ValueError("the packed item is cut short")
    return text


# Items share their topics and products: one object for all of them takes less time and less memory.
_TOPIC = ("slug", "label", "vocabulary", "url", "is_labelled")
_topic = lru_cache(8192)(Topic)
_offering = lru_cache(8192)(Offering)
_teaser = lru_cache(256)(Teaser)


def _posting_of(parts: dict[str, Any] | None) -> Posting | None:
    if parts is None:
        return None
    only, named = parts["only"], parts["named"]
    return Posting(
        None if only is None else tuple(only),
        _wording_of(parts["usual"]),
        tuple((name, _wording_of(wording)) for name, wording in named),
    )


def _wording_of(parts: dict[str, Any]) -> Wording:
    hashtags, image = parts["hashtags"], parts["image"]
    image = None if image is None else Image(**image)
    return Wording(**{**parts, "hashtags": None if hashtags is None else tuple(hashtags), "image": image})


def faults_to_json(faults: Sequence[Fault]) -> str:
    """The faults as one line of JSON."""
    return json.dumps([asdict(fault) for fault in faults], ensure_ascii=False, sort_keys=True)


def faults_from_json(text: str) -> tuple[Fault, ...]:
    """The faults that `faults_to_json` wrote."""
    return tuple(Fault(**fault) for fault in json.loads(text))
