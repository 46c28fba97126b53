"""What front matter says of posts, read tolerantly: what makes no sense is a fault, and the rest goes on. Pure."""

from __future__ import annotations

import re
from collections.abc import Set

from msgspec import Struct, field
from msgspec.structs import replace

from syndicate.items.featured import featured_of
from syndicate.items.fields import Found, is_blank, texts_of
from syndicate.items.item import Image
from syndicate.items.plain import plain, sound
from syndicate.items.posting import USUAL, Posting, Wording
from syndicate.items.reader import Reader
from syndicate.items.rules import FALSE, TRUE
from syndicate.items.sources import source_of
from syndicate.items.tree import Value

CODE = "W-SYNDICATE"

LIMIT_TEXT = 10_000
"""Characters: more than any network takes of a post."""

KEYS = ("text", "title", "summary", "hashtags", "image", "alt", "skip")

_NONE = (*FALSE, "none")
_EMPTY = "write `false` if that is meant, else remove the key"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TAG = re.compile(r"[^\W\d_]")


class AskedImage(Struct, frozen=True, gc=False):
    """An image that a file names: the paths where it may lie, in order, and what in the file names it."""

    paths: tuple[str, ...]
    named: Found | None = None

    @property
    def place(self) -> tuple[int | None, int | None]:
        """Line and column where the file names it, counted from 1."""
        return self.named.place if self.named is not None else (None, None)


def posting_of(reader: Reader, title: str) -> tuple[Posting | None, tuple[AskedImage, ...]]:
    """What a file says of its posts, None: nothing; and the images of the store that it names for them.

    Where it cannot be understood whether the item is to be posted, it is not until that is mended.
    """
    if not reader.may_have("syndicate"):  # as most
        return None, ()
    doubled = {(fault.line, fault.column) for fault in reader.front.faults if fault.code == "W-DUPLICATE-KEY"}
    for found in reader.looked("syndicate"):
        steps = source_of(found.source).steps
        for end in range(1, len(steps) + 1) if doubled else ():
            if _Reading(reader, steps[:end], title, doubled).is_doubled():
                return Posting(only=()), ()
        if is_blank(found.value) and not isinstance(found.value, list | dict):
            continue
        reading = _Reading(reader, steps, title, doubled)
        posting = reading.whole(found.value)
        if posting is not None or not is_blank(found.value):
            return posting, tuple(reading.asked)
    return None, ()


def _decides(value: Value) -> bool:
    """Whether a blank value says all the same where an item goes: an empty list may be meant as nowhere."""
    return isinstance(value, list) or (isinstance(value, dict) and any(map(_decides, value.values())))


class _Reading(Struct):
    """One field being read; `steps` lead to it, `title` is the alt text of images without one.

    `doubled` are the places of keys that stand in their mapping again, perhaps in other case.
    """

    reader: Reader
    steps: tuple[str, ...]
    title: str
    doubled: Set[tuple[int | None, int | None]] = frozenset()
    asked: list[AskedImage] = field(default_factory=list)

    def whole(self, value: Value) -> Posting | None:
        if not isinstance(value, dict):
            return self._switched(value)
        posting = Posting()
        for key, below in value.items():
            if not self._is_told(below, key):
                continue
            if key == "channels":
                posting = replace(posting, only=self._names(below, key))
            elif key in KEYS:
                posting = replace(posting, usual=self._said(posting.usual, below, key))
            elif _name(key) is None:
                self._fail(
                    f"`{key}` is no name of a channel or network", f"use {', '.join(KEYS)}, channels or a name", key
                )
            else:
                posting = replace(posting, named=(*posting.named, (str(_name(key)), self._named(below, key))))
        posting = self._with_single_names(posting)
        return posting if posting != Posting() else None

    def is_doubled(self, *path: str) -> bool:
        """Whether a key stands twice, which is told: the one that is not used may be what keeps the item back."""
        if not self.doubled or self._place(*path) not in self.doubled:
            return False
        self._fail("stands twice, and either may keep the item back; it is not posted", "remove one of them", *path)
        return True

    def _is_told(self, value: Value, *path: str) -> bool:
        """Whether a value says something: any that is not blank, no hashtags, and what may mean nowhere."""
        if path[-1] == "hashtags" or not is_blank(value):
            return True
        is_of_words = path[-1] in KEYS and path[-1] != "skip"
        return not is_of_words and (_decides(value) or self._place(*path) in self.doubled)

    def _with_single_names(self, posting: Posting) -> Posting:
        """The same with each name once: of two spellings of one, that counts which keeps the item back."""
        named: dict[str, Wording] = {}
        for name, wording in posting.named:
            former = named.get(name)
            named[name] = wording.over(former) if former is not None else wording
            if former is not None:
                self._fail(f"`{name}` stands twice", "write all that is said for it below one key")
                named[name] = replace(named[name], is_skipped=former.is_skipped or wording.is_skipped)
        return replace(posting, named=tuple(named.items()))

    def _switched(self, value: Value) -> Posting | None:
        """Without a mapping: yes, no, or the channels that may have it."""
        word = value.strip().casefold() if isinstance(value, str) else ""
        if word in TRUE:
            return None
        return Posting(only=() if word in _NONE else self._names(value))

    def _names(self, value: Value, *path: str) -> tuple[str, ...]:
        if self.is_doubled(*path):
            return ()
        if is_blank(value):
            self._fail("names no channels, so that the item is posted nowhere", _EMPTY, *path)
            return ()
        texts = [part for text in texts_of(value, ()) for part in text.split(",")]
        names = {text: _name(text) for text in texts}
        odd = [text.strip() for text, name in names.items() if name is None]
        if odd or not names:
            problem = f"{odd[0]!r} is no name of a channel or network" if odd else "names no channels"
            self._fail(problem, "write names as the settings have them, or `false`", *path)
        return tuple(dict.fromkeys(name for name in names.values() if name is not None))

    def _named(self, value: Value, name: str) -> Wording:
        """What is said for one channel or network: a mapping, its text alone, or whether it is posted."""
        if self.is_doubled(name):
            return Wording(is_skipped=True)
        if isinstance(value, str):
            word = value.strip().casefold()
            if word in TRUE + FALSE:
                return Wording(is_skipped=word in FALSE)
            return self._said(USUAL, value, "text", name)
        if not isinstance(value, dict) and is_blank(value):
            self._fail("is an empty list, so that the item is not posted there", _EMPTY, name)
            return Wording(is_skipped=True)
        if not isinstance(value, dict):
            self._fail("is a list", f"write a mapping with {', '.join(KEYS)}, or a text", name)
            return USUAL
        wording = USUAL
        for key, below in value.items():
            if key not in KEYS:
                self._fail(f"`{key}` means nothing", f"use one of {', '.join(KEYS)}", name, key)
            elif self._is_told(below, name, key):
                wording = self._said(wording, below, key, name)
        return wording

    def _said(self, wording: Wording, value: Value, key: str, *above: str) -> Wording:
        match key:
            case "skip":
                return replace(wording, is_skipped=self._skip(value, *above, key))
            case "hashtags":
                return replace(wording, hashtags=self._hashtags(value, *above, key))
            case "image":
                return self._with_image(wording, value, *above, key)
            case _:
                text = self._text(value, *above, key)
                return replace(wording, **{key: text}) if text else wording

    def _skip(self, value: Value, *path: str) -> bool:
        if self.is_doubled(*path):
            return True
        word = value.strip().casefold() if isinstance(value, str) else ""
        if word not in TRUE + FALSE:
            self._fail("is neither true nor false, so that the item is not posted", "write true or false", *path)
        return word not in FALSE

    def _text(self, value: Value, *path: str) -> str:
        if not isinstance(value, str):
            self._fail("is no text", "write one, in quotes where it holds marks", *path)
            return ""
        text = sound(value).strip() if path[-1] == "text" else plain(value)
        if len(text) > LIMIT_TEXT:
            self._fail(
                f"has {len(text)} characters, and no network takes so many", f"write {LIMIT_TEXT} at most", *path
            )
            return ""
        return text

    def _hashtags(self, value: Value, *path: str) -> tuple[str, ...] | None:
        """The tags of a list, or of a text parted at commas, else at spaces where `#` begins them; none at all."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, str):
            if value.strip().casefold() in _NONE:
                return ()
            value = list[Value](value.split(",") if "," in value or "#" not in value else value.split())
        tags = [plain(text).lstrip("#＃").strip() for text in texts_of(value)]
        odd = [tag for tag in tags if not _TAG.search(tag)]
        if odd or (not tags and value):
            self._fail(
                f"{odd[0]!r} makes no hashtag" if odd else "is no list", "write words: [Nursing, Health IT]", *path
            )
        return tuple(tag for tag in tags if tag not in odd)

    def _with_image(self, wording: Wording, value: Value, *path: str) -> Wording:
        if isinstance(value, str) and value.strip().casefold() in _NONE:
            return replace(wording, image=None, has_image=False)
        found = featured_of(value, path=self.reader.path, search=self.reader.rules.images, title=self.title)
        if found is None or found.refusal is not None:
            code, problem = (found.refusal if found is not None else None) or (CODE, "names no image")
            self._fail(problem, "the featured image is shown; correct or replace it", *path, code=code)
            return wording
        if found.url is None:
            self.asked.append(AskedImage(found.paths, self._named_at(*path)))
        return replace(wording, image=Image(ref=found.url or found.paths[0], alt=found.alt), has_image=True)

    def _place(self, *path: str) -> tuple[int | None, int | None]:
        return self._named_at(*path).place

    def _named_at(self, *path: str) -> Found:
        return Found(None, ".".join(self.steps), self.reader.front, (*self.steps, *path))

    def _fail(self, problem: str, remedy: str, *path: str, code: str = CODE) -> None:
        words = f"`{'.'.join((*self.steps, *path))}`: {problem}"
        self.reader.fail(code, words, remedy, self._place(*path))


def _name(text: str) -> str | None:
    """A channel's or network's name as the settings have it; None if it is none."""
    name = text.strip().casefold().replace("-", "_")
    return name if _NAME.fullmatch(name) else None
