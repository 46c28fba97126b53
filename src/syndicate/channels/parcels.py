"""Messages that carry their picture along: kept as one value, and sent as multipart of always the same bytes. Pure.

Networks without an upload step take the picture in the request that posts. The outbox keeps both until it is settled.

Source: RFC 7578 (multipart/form-data). Read 2026-11.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, JsonValue

from syndicate.channels.http import json_bytes
from syndicate.items.item import SUFFIXES
from syndicate.posts.post import Picture

INLINE = "inline"
"""What `upload` gives where a picture travels inside the message."""

PARCEL_BYTES = 400_000
"""A choice of ours for such pictures: a card of 1200x630 is far below, and the outbox keeps each until it is sent."""

_UNQUOTED = re.compile(r"[\"\r\n]")


class Parcel(BaseModel):
    """A message in the network's own fields, and the picture in base64 where it has one."""

    model_config = ConfigDict(frozen=True)

    message: dict[str, JsonValue]
    picture: str | None = None
    media_type: str = ""

    @classmethod
    def of(cls, message: Mapping[str, JsonValue], picture: Picture | None) -> Parcel:
        """A message with the picture that goes along."""
        if picture is None:
            return cls(message=dict(message))
        content = base64.b64encode(picture.content).decode()
        return cls(message=dict(message), picture=content, media_type=picture.media_type)

    @classmethod
    def opened(cls, payload: bytes) -> Parcel:
        """The parcel that `kept` wrote."""
        return cls.model_validate_json(payload)

    def kept(self) -> bytes:
        """As bytes, the same for the same parcel."""
        return json_bytes(self.model_dump(mode="json"))

    def file(self, field: str) -> Part | None:
        """The picture as a part of a form; None if there is none."""
        if self.picture is None:
            return None
        name = f"image.{SUFFIXES.get(self.media_type, 'bin')}"
        return Part(field, base64.b64decode(self.picture), self.media_type, name)


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form; a file if it has a name."""

    field: str
    content: bytes
    media_type: str | None = None
    file_name: str | None = None


def form_of(parts: Iterable[Part]) -> tuple[str, bytes]:
    """Content type and body of a multipart form; the boundary comes from the content, so the bytes stay the same."""
    written = [(_head(part), part.content) for part in parts]
    digest = hashlib.sha256(b"\0".join(head + content for head, content in written)).hexdigest()
    boundary = f"syndicate-{digest[:40]}"
    body = b"".join(b"--%b\r\n%b\r\n%b\r\n" % (boundary.encode(), head, content) for head, content in written)
    return f"multipart/form-data; boundary={boundary}", body + b"--%b--\r\n" % boundary.encode()


def _head(part: Part) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{_UNQUOTED.sub("", part.field)}"'
    if part.file_name is not None:
        disposition += f'; filename="{_UNQUOTED.sub("", part.file_name)}"'
    kind = f"\r\nContent-Type: {part.media_type}" if part.media_type is not None else ""
    return f"{disposition}{kind}\r\n".encode()
