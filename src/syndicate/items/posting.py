"""What a file says of its own posts: on which channels, and in which words; feeds and pages do not heed it. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from syndicate.items.item import Image


class Wording(Struct, frozen=True):
    """What is said on one channel, on one network or on all; None: as usual.

    `text` stands in place of title and summary in the text, its lines kept; `title` and `summary` are the card's.
    `hashtags` are labels or tags, of which all are meant. `image` stands in place of the featured one; `has_image`
    false: none is shown. `alt` describes whichever is shown. `is_skipped`: nothing is posted there.
    """

    text: str | None = None
    title: str | None = None
    summary: str | None = None
    hashtags: tuple[str, ...] | None = None
    image: Image | None = None
    has_image: bool | None = None
    alt: str | None = None
    is_skipped: bool | None = None

    def over(self, other: Wording) -> Wording:
        """The other one, with what this one says in its place; an image is never described by words for another."""
        said = {name: value for name, value in self._said() if value is not None}
        if self.image is not None:
            said["alt"] = self.alt
        return replace(other, **said)

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of what is said besides whether it is posted, as front matter has them."""
        shown = {name: value for name, value in self._said() if value is not None}
        if "has_image" in shown:
            shown["image"] = True
        return tuple(name for name in ("text", "title", "summary", "hashtags", "image", "alt") if name in shown)

    def _said(self) -> Iterable[tuple[str, object]]:
        return ((name, getattr(self, name)) for name in self.__struct_fields__)


USUAL = Wording()
"""Says nothing of its own."""


class Posting(Struct, frozen=True):
    """What a file says of its posts.

    `only` are the channels or networks that may have it, None: all. `usual` is for every channel, `named` for the
    channels and networks of these names.
    """

    only: tuple[str, ...] | None = None
    usual: Wording = USUAL
    named: tuple[tuple[str, Wording], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names of channels or networks in it."""
        return tuple(dict.fromkeys((*(self.only or ()), *(name for name, _ in self.named))))

    @property
    def images(self) -> tuple[Image, ...]:
        """All images in it."""
        wordings = (self.usual, *(wording for _, wording in self.named))
        return tuple(wording.image for wording in wordings if wording.image is not None)

    def wording(self, channel: str, network: str) -> Wording:
        """What is said on a channel: its own words before its network's, those before what is for all."""
        return self._own(channel, network).over(self.usual)

    def refusal(self, channel: str, network: str) -> str | None:
        """Why the item is not posted on a channel; None: it may be."""
        own = self._own(channel, network).is_skipped
        if own is not None:
            return "its front matter says `skip` for it" if own else None
        if self.usual.is_skipped or self.only == ():
            return "its front matter keeps it from all channels"
        if self.only is not None and channel not in self.only and network not in self.only:
            return f"its front matter is for other channels: {', '.join(self.only)}"
        return None

    def with_images(self, found: Mapping[str, Image | None]) -> Posting:
        """The same with other images by `ref`; where None is found, the featured one is shown as ever."""

        def looked(wording: Wording) -> Wording:
            if wording.image is None or wording.image.ref not in found:
                return wording
            image = found[wording.image.ref]
            if image is None:
                return replace(wording, image=None, has_image=None, alt=None)
            return replace(wording, image=dataclasses.replace(image, alt=wording.image.alt))

        return replace(
            self, usual=looked(self.usual), named=tuple((name, looked(wording)) for name, wording in self.named)
        )

    def _own(self, channel: str, network: str) -> Wording:
        named = dict(self.named)
        return named.get(channel, USUAL).over(named.get(network, USUAL))
