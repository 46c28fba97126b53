"""Tells a web page from the answer of an interface."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BEFORE_PAGE = re.compile(rb"\A(?>(?:\s|\xef\xbb\xbf|<!--.*?-->|<\?.*?>)*)", re.DOTALL)


def is_page(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether markup came. The content type alone proves nothing: many frameworks send `ok` as text/html."""
    start = _BEFORE_PAGE.sub(b"", body)[:15].lower()
    is_html = "html" in headers.get("Content-Type", "").lower()
    return start.startswith((b"<!doctype html", b"<html")) or (is_html and b"<" in body)
