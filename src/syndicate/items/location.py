"""What the place of a file tells: date, slug and language of its name, section and language of its folders. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from syndicate.later import Later, compiled

if TYPE_CHECKING:
    import regex
else:
    regex = Later("regex")


FILENAME = (
    r"(?:(?P<date>\d{4}-\d{1,2}-\d{1,2})[-_ ])?(?P<slug>.+?)(?:\.(?P<language>[a-z]{2,3}(?:-[a-z0-9]{2,8})*))?\.\w+"
)
"""How file names are built unless a site says otherwise."""
_USUAL = re.compile(FILENAME, re.ASCII | re.IGNORECASE)  # half the time of `regex`, which is for what may not end

PARTS = frozenset(
    {"section", "sections", "folder", "parent", "stem", "name", "date", "year", "month", "day", "language"}
    | {"categories", "group", "title"}
)
LIMIT_S = 0.1  # of processor time, for a site's own expression on one text

# ISO 639-1 without constructed languages: endings such as `.js`, `.io` or `.net` are none.
_CODES = (
    "aa ab ae af ak am ar av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi hr ht hu hy hz id ig ik is it iu ja jv ka "
    "kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb "
    "nd ne ng nl nn no nr nv ny oc oj om pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq "
    "sr ss st su sv sw ta te tg th ti tk tl tn tr ts tt tw ty ug uk ur uz ve vi wa wo xh yi yo za zh zu"
)
_LANGUAGES = frozenset(_CODES.split())
# As the name of a folder these mean a language and hardly anything else; `it`, `is`, `id`, `no`, `my` do not.
_EVIDENT_CODES = (
    "ar bg bn cs da de el en es et fa fi fr he hi hr hu ja ko lt lv nb nl nn pl pt ro ru sk sl sr sv th tr uk vi zh"
)
_EVIDENT = frozenset(_EVIDENT_CODES.split())
_NUMBER = compiled(r"-?\d{1,3}")
_TAG = compiled(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.ASCII | re.IGNORECASE)
_DAY = compiled(
    r"(?:^|/)(?P<year>(?:19|20)\d\d)[-/](?P<month>0?[1-9]|1[0-2])[-/](?P<day>0?[1-9]|[12]\d|3[01])(?![^-_ ./])"
)
_MONTH = compiled(r"(?:^|/)(?P<year>(?:19|20)\d\d)[-/](?P<month>0?[1-9]|1[0-2])(?P<day>)(?=/)")
_YEAR = compiled(r"(?:^|/)(?P<year>(?:19|20)\d\d)(?=/)")
_UNSEEN = frozenset({"_posts", "_drafts"})  # folders that the site's builder never shows in an address


class Location(Struct, frozen=True, gc=False):
    """Where a file lies and how its place is to be read.

    `path` is the file's POSIX path below the store's root. `filename` is an expression for the whole file name, with
    a group for each part. `leads` are folders at the beginning that only hold the store (`src/content`). `languages`
    are names that mean a language as a folder or an ending, besides the evident ones. `modified` is when the file was
    changed last; aware, None if nobody asked.
    """

    path: str
    filename: str = FILENAME
    leads: Sequence[str] = ()
    languages: Sequence[str] = ()
    modified: datetime | None = None

    def group(self, name: str) -> str | None:
        """A part of the file name; None if the name has none."""
        parts = _named(self.filename, self.path.rpartition("/")[2])
        found = parts.get(name)
        if name == "language" and found is not None and not _is_language(found, _LANGUAGES, self.languages):
            return None
        if name == "slug" and parts.get("language") and self.language_ending is None:
            return f"{found}.{parts['language']}"
        return found

    @property
    def language_ending(self) -> str | None:
        """The language that stands in the file name (`index.de.md`)."""
        if self.filename == FILENAME and self.path.count(".") < 2:  # as most
            return None
        return self.group("language")

    def part(self, name: str) -> str | None:
        """A part of the path by its name (see `PARTS`), or a folder by its number from 0 or, from the end, from -1."""
        if name not in PARTS and _NUMBER.fullmatch(name):
            folders, at = self._all_folders, int(name)
            return folders[at] if -len(folders) <= at < len(folders) else None
        found = self._parts(name)
        return found or None

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that readers may know: without leads, language, `_posts`, and the folder of a page bundle."""
        folders = self._below_language
        if self._is_bundle and folders:
            folders = folders[:-1]
        return tuple([folder for folder in folders if folder.casefold() not in _UNSEEN])

    @property
    def name(self) -> str:
        """What the file is called: its slug, or the folder of a page bundle; without date and language."""
        if self._is_bundle and self._below_language:
            return re.sub(r"\A\d{4}-\d{1,2}-\d{1,2}[-_ ](?=.)", "", self._below_language[-1])
        return self.group("slug") or self._stem

    @property
    def basename(self) -> str:
        """The same with its date."""
        if self._is_bundle and self._below_language:
            return self._below_language[-1]
        language = self.language_ending
        return self._stem.removesuffix(f".{language}") if language else self._stem

    def _parts(self, name: str) -> str | None:
        match name:
            case "language":
                return self.language_ending or self._shelf.language
            case "section":
                return self.folders[0] if self.folders else None
            case "sections":
                return "/".join(self.folders)
            case "folder":
                return "/".join(self._all_folders)
            case "parent":
                return self._all_folders[-1] if self._all_folders else None
            case "stem":
                return self._stem
            case "name":
                return self.name
            case "title":
                return " ".join(word[:1].upper() + word[1:] for word in re.split("[-_ ]+", self.name))
            case "categories":
                return "/".join(self._before_posts)
            case "group":
                return "/".join((*self.folders, self.name))
            case _:
                return self._dated(name)

    def _dated(self, name: str) -> str | None:
        """A date, year, month or day of the folders; a month without a day begins on its first."""
        match = (
            _DAY.search(self.path) or _MONTH.search(self.path) or (_YEAR.search(self.path) if name == "year" else None)
        )
        if match is None:
            return None
        parts = match.groupdict()
        if name == "date":
            return f"{parts['year']}-{parts['month']}-{parts['day'] or '1'}"
        return parts[name]

    @property
    def _all_folders(self) -> tuple[str, ...]:
        return tuple(self.path.split("/")[:-1])

    @property
    def _stem(self) -> str:
        return self.path.rpartition("/")[2].rpartition(".")[0]

    @property
    def _is_bundle(self) -> bool:
        # Few paths have the word in them, and to part a name takes longer.
        return "index" in self.path.casefold() and (self.group("slug") or "").casefold() in {"index", "_index"}

    @property
    def _below_language(self) -> tuple[str, ...]:
        return self._shelf.rest

    @property
    def _shelf(self) -> _Shelf:
        return _shelf(self.path.rpartition("/")[0], tuple(self.leads), tuple(self.languages))

    @property
    def _before_posts(self) -> tuple[str, ...]:
        folders = self._below_language
        return folders[: folders.index("_posts")] if "_posts" in folders else ()


class _Shelf(NamedTuple):
    """What a folder's path says: the folder that means a language, and those below the leads without it."""

    language: str | None
    rest: tuple[str, ...]


@lru_cache(maxsize=1024)  # a folder has many files
def _shelf(folder: str, leads: tuple[str, ...], languages: tuple[str, ...]) -> _Shelf:
    folders = _below_leads(tuple(folder.split("/")) if folder else (), leads)
    language = _language_in(folders, languages)
    if language is None:
        return _Shelf(None, folders)
    at = folders.index(language)
    return _Shelf(language, folders[:at] + folders[at + 1 :])


def _below_leads(folders: tuple[str, ...], leads: tuple[str, ...]) -> tuple[str, ...]:
    for lead in leads:
        names = tuple(lead.split("/"))
        if folders[: len(names)] == names:
            return folders[len(names) :]
    return folders


def _language_in(folders: tuple[str, ...], languages: tuple[str, ...]) -> str | None:
    if folders and _is_language(folders[0], _EVIDENT, languages):
        return folders[0]
    # Collections hold a folder for each language: `blog/en/...`
    if len(folders) > 1 and _is_language(folders[1], frozenset(), languages):
        return folders[1]
    return None


def _is_language(name: str, known: frozenset[str], languages: Iterable[str]) -> bool:
    folded = name.replace("_", "-").casefold()
    if folded in {language.casefold() for language in languages}:
        return True
    return bool(_TAG.fullmatch(folded)) and folded.partition("-")[0] in known


@lru_cache(maxsize=4096)
def _named(pattern: str, name: str) -> Mapping[str, str | None]:
    """The parts of a file name that an expression names; none where it does not fit."""
    if pattern == FILENAME:
        usual = _USUAL.fullmatch(name[:255])
        return usual.groupdict() if usual is not None else {}
    try:
        match = regex.compile(pattern, regex.ASCII | regex.IGNORECASE).fullmatch(name[:255], timeout=LIMIT_S)
    except TimeoutError:
        return {}
    return match.groupdict() if match is not None else {}
