"""YAML tags that are read as text: those of the standard that say what a text, number, list or mapping is. Pure."""

from __future__ import annotations

from base64 import b64decode

_STANDARD = "tag:yaml.org,2002:"
_UNSAID = "!"  # `! x`: whatever fits

TEXT_TAG = _STANDARD + "str"
_SCALARS = frozenset({_UNSAID, TEXT_TAG, *(_STANDARD + name for name in ("int", "float", "bool", "null", "timestamp"))})
_BINARIES = frozenset({_STANDARD + "binary", "!binary"})  # the latter by Ruby's Psych, so in many a Jekyll store
_COLLECTIONS = frozenset({_UNSAID, _STANDARD + "map", _STANDARD + "seq"})


def text_of_tagged(tag: str, text: str) -> str | None:
    """The text that a scalar with a tag means; None if the tag is none that is read.

    Binary is what old exporters wrote for texts outside ASCII; it is read where its bytes are UTF-8.
    """
    if tag in _SCALARS:
        return text
    if tag not in _BINARIES:
        return None
    try:
        return b64decode("".join(text.split()), validate=True).decode()
    except ValueError:  # no Base64, or no UTF-8
        return None


def is_harmless(tag: str) -> bool:
    """Whether a collection with a tag is just that collection."""
    return tag in _COLLECTIONS
