"""Items and faults as JSON text and back without loss, for the parse index. Pure."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from isal import isal_zlib
from isal.igzip_lib import IsalError

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
            "offerings": tuple(Offering(one["label"], one["url"]) for one in parts["offerings"]),
            "image": None if image is None else Image(**image),
            "open_graph": Teaser(**parts["open_graph"]),
            "twitter": Teaser(**parts["twitter"]),
            "posting": _posting_of(parts.get("posting")),  # older versions wrote none
        }
    )


_HEAD = struct.Struct(">cII")
"""How a packed item begins: `_PACKED`, a checksum of all that follows this, and how long the facts are."""

_HEAD_BYTES = _HEAD.size

_PACKED = b"2"
_FACTS = (
    b'["0","","","2026-01-01T00:00:00+00:00","2026-01-01T00:00:00+00:00","","https://www.",null,"","",["The"],'
    b'[["","","","https://",true],["","","","https://",false]],[],null,"en",["","","image/jpeg",0,0,0,""],'
    b"null,null,null,[0,0]]"
)
_TEXTS = (
    b'</em></strong></a></li>\n<li></ul>\n</blockquote>\n<h2></h2>\n<img src="https://" alt="" width="" height="">'
    b'["","","","<p></p>\\n<p><a href=\\"https://www.\\"></a></p>",["",""],["",""],[["","https://"],["","https://"]]]'
)
"""What most items have in common, so that it takes no room; other words need another `_PACKED`."""

_brief = msgspec.json.Encoder().encode
_told = msgspec.json.Decoder().decode


def pack(item: Item) -> bytes:
    """The item in few bytes that can be had quickly, a third of its JSON: its facts, then its texts (see `TEXTS`)."""
    if item.is_as_packed:
        return item.packed
    teasers = item.open_graph, item.twitter
    texts = (item.title, item.summary, item.description, item.body_html, *teasers, item.offerings)
    topics = [[one.slug, one.label, one.vocabulary, one.url, one.is_labelled] for one in item.topics]
    moments = [item.published.isoformat(), item.updated.isoformat()]
    addresses = [item.slug, item.link, item.page, item.brand]
    image = None if item.image is None else [getattr(item.image, name) for name in _IMAGE]
    rest = [item.section, item.language, image, item.expires, item.group, item.posting, item.sizes]
    facts = [item.revision, item.id, item.path, *moments, *addresses, item.authors, topics, item.tags, *rest]
    short, long = _deflated(_brief(facts), _FACTS), _deflated(_brief(texts), _TEXTS)
    return _HEAD.pack(_PACKED, isal_zlib.crc32(long, isal_zlib.crc32(short)), len(short)) + short + long


def unpack(packed: bytes) -> Item:
    """The item that `pack` gave; its texts are unpacked when they are asked for.

    Raises:
        ValueError, TypeError, KeyError: the bytes are not an item's, for example of another version.
    """
    if not packed.startswith(_PACKED):
        return _unpacked_whole(packed)
    item = _still_packed(packed)
    tell_facts(item)
    return item


def packed_item(packed: bytes, item_id: str, published: datetime | None) -> Item:
    """The same item, of which this much is known; what else it says is unpacked when it is asked for.

    Raises:
        ValueError: the bytes are damaged, or of an older version.
    """
    item = _still_packed(packed)
    object.__setattr__(item, "id", item_id)
    object.__setattr__(item, "published", published)
    return item


def tell_revision(item: Item, revision: str) -> None:
    """Let a packed item know its revision, which is in the state as well: it need not be unpacked for that."""
    object.__setattr__(item, "known_revision", revision)


def _still_packed(packed: bytes) -> Item:
    if not packed.startswith(_PACKED) or len(packed) < _HEAD_BYTES:
        raise ValueError("the packed item is cut short, or of another version")
    if isal_zlib.crc32(packed[_HEAD_BYTES:]) != _HEAD.unpack_from(packed)[1]:
        raise ValueError("the packed item is damaged")
    item = object.__new__(Item)
    told = object.__setattr__
    told(item, "packed", packed)
    told(item, "is_as_packed", True)
    return item


def tell_facts(item: Item) -> None:
    """Unpack all that a packed item says but its texts.

    Raises:
        ValueError, TypeError, KeyError: the bytes are not those of facts.
    """
    packed, head = item.packed, _HEAD.size
    facts = _told(_inflated(packed[head : head + _HEAD.unpack_from(packed)[2]], _FACTS))
    revision, identity, path, published, updated, slug, link, page, brand, authors, topics, tags, *rest = facts
    section, language, image, expires, group, posting, sizes = rest
    told = object.__setattr__  # as the class does itself: it is frozen
    told(item, "known_revision", revision)
    told(item, "known_sizes", tuple(sizes))
    told(item, "id", identity)
    told(item, "path", path)
    told(item, "published", datetime.fromisoformat(published))
    told(item, "updated", datetime.fromisoformat(updated))
    told(item, "slug", slug)
    told(item, "link", link)
    told(item, "page", page)
    told(item, "brand", _name(brand) if brand else brand)
    told(item, "authors", tuple(map(_name, authors)))
    told(item, "topics", tuple([_topic(*topic) for topic in topics]))
    told(item, "tags", tuple(map(_name, tags)))
    told(item, "section", _name(section) if section else section)
    told(item, "language", _name(language))
    told(item, "image", None if image is None else Image(*image))
    told(item, "expires", None if expires is None else datetime.fromisoformat(expires))
    told(item, "group", group)
    told(item, "posting", _posting_of(posting))


def text_of(item: Item, name: str) -> Any:
    """One of the texts that a packed item keeps packed.

    Raises:
        ValueError: the bytes are not those of texts.
    """
    return getattr(_texts_in(item.packed), name)


def texts_of(item: Item) -> Texts | Item:
    """What has an item's texts: they are unpacked at once, which takes a fraction of asking a packed item for each.

    Raises:
        ValueError: the bytes are not those of texts.
    """
    return _texts_in(item.packed) if item.packed else item


class Texts(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is packed of an item's texts, in this order."""

    title: str
    summary: str
    description: str
    body_html: str
    open_graph: Teaser
    twitter: Teaser
    offerings: tuple[Offering, ...]


@lru_cache(512)  # whoever asks for one of an item's texts asks for most of them
def _texts_in(packed: bytes) -> Texts:
    _, _, length = _HEAD.unpack_from(packed)
    try:
        return _texts(_inflated(packed[_HEAD.size + length :], _TEXTS))
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


_texts = msgspec.json.Decoder(Texts).decode


def _deflated(text: bytes, form: bytes) -> bytes:
    deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -isal_zlib.MAX_WBITS, zdict=form)
    packed: bytes = deflate.compress(text) + deflate.flush()
    return packed


def _inflated(packed: bytes, form: bytes) -> bytes:
    try:
        inflated: bytes = isal_zlib.decompressobj(-isal_zlib.MAX_WBITS, zdict=form).decompress(packed)
    except IsalError as error:  # type: ignore[misc]  # its stubs give no base
        raise ValueError(str(error)) from error
    return inflated


_LEVEL = 1  # as small as zlib's 3, in half the time
_IMAGE = tuple(one.name for one in fields(Image))


def _unpacked_whole(packed: bytes) -> Item:
    """The item that older versions packed."""
    try:
        text = _older(packed).decode()
    except zlib.error as error:
        raise ValueError(str(error)) from error
    revision, brace, rest = text.partition("{")  # the oldest wrote no revision
    item = from_json(brace + rest)
    object.__setattr__(item, "known_revision", revision)
    return item


def _older(packed: bytes) -> bytes:
    if not packed.startswith(b"1"):  # the migration to 0009 knew no form
        return zlib.decompress(packed)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_FORM)
    text = inflate.decompress(packed[1:])
    if not inflate.eof:
        raise ValueError("the packed item is cut short")
    return text


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
"""What the former version took for common to most items."""


# Items share their topics and names: one object for all of them takes less time and less memory.
_TOPIC = ("slug", "label", "vocabulary", "url", "is_labelled")
_topic = lru_cache(8192)(Topic)
_name = lru_cache(8192)(str)


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
