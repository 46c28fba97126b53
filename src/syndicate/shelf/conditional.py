"""What HTTP says about a request's wishes: types, encodings and what the reader already has.

Source: RFC 9110 (HTTP Semantics), sections 12.4.2 "Quality Values", 12.5 "Content Negotiation Field Definitions",
13.1.2 "If-None-Match", 13.1.3 "If-Modified-Since", 13.2.2 "Precedence of Preconditions". Pure.
"""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def qualities(header: str) -> dict[str, float]:
    """The weights a header gives to names, lower-case; 0 means "not this one"."""
    found: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name:
            weight = next((value[2:] for value in parameters if value.startswith("q=")), "1")
            found[name] = _weight(weight)
    return found


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def best_encoding(accept_encoding: str, offered: Sequence[str]) -> str:
    """The offered content coding that the reader likes best, the first of equals; empty: as it is (`identity`)."""
    asked = qualities(accept_encoding)
    asked.setdefault("gzip", asked.get("x-gzip", asked.get("*", 0.0)))
    weights = {name: asked.get(name, asked.get("*", 0.0)) for name in offered}
    best = max(offered, key=lambda name: weights[name], default="")
    if asked.get("identity") == 0 and "*" not in asked and best:  # RFC 9110, 12.5.3: then anything but the plain bytes
        weights[best] = max(weights[best], 0.001)
    # Unless it says so, a reader likes the bytes as they are less than any coding that it names.
    return best if best and weights[best] > 0 and weights[best] >= asked.get("identity", 0.0) else ""


def best_type(accept: str, offered: Sequence[str]) -> str:
    """The offered media type that the reader likes best; the first where it does not care or likes none."""
    asked = qualities(accept)
    return max(offered, key=lambda media_type: (_liking(asked, media_type), -offered.index(media_type)))


def _liking(asked: dict[str, float], media_type: str) -> float:
    wildcard = f"{media_type.partition('/')[0]}/*"
    return asked.get(media_type, asked.get(wildcard, asked.get("*/*", 0.0)))


def is_known(etag: str, modified: datetime, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether the reader has this version already.

    Args:
        etag: the version's strong tag, quotes included.
        modified: when it was made, whole seconds.
        if_none_match: the header, a list of strong or weak tags or `*`; with it the date does not count.
        if_modified_since: the header, an HTTP date.
    """
    if if_none_match is not None:
        return if_none_match.strip() == "*" or etag in _TAG.findall(if_none_match)
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except (ValueError, TypeError):
        return False
    return modified <= (since if since.tzinfo else since.replace(tzinfo=UTC))
