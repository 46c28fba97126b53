"""Which site generator a folder is made for, and what its own settings tell; plain data is parsed, code is not run.

Sources, read 2026-11: Hugo documentation, "Configuration"; Jekyll documentation, "Default Configuration"; Zola
documentation, "Configuration"; Astro, Eleventy and Next.js documentation, "Project structure".
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

MAX_CONFIG_BYTES = 1_000_000

_HUGO = ("hugo", "config/_default/hugo", "config", "config/_default/config")
_HUGO_KEYS = {"baseurl", "languagecode", "theme", "contentdir", "defaultcontentlanguage", "permalinks", "markup"}
_PACKAGES = (
    ("astro", "astro"),
    ("@11ty/eleventy", "eleventy"),
    ("next", "next"),
    ("gatsby", "gatsby"),
    ("hexo", "hexo"),
)
_CODE = (
    ("astro", ("astro.config.mjs", "astro.config.ts", "astro.config.js", "astro.config.cjs")),
    ("eleventy", (".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs")),
    ("next", ("next.config.js", "next.config.mjs", "next.config.ts")),
)
_CODE_HOSTS = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"})
_LAYOUTS = (
    ("hugo", ("archetypes",)),
    ("astro", ("src/content",)),
    ("jekyll", ("_posts",)),
    ("eleventy", ("_includes", "src/_includes")),
)
PRESET_OF: Mapping[str, str] = {
    "hugo": "hugo",
    "jekyll": "jekyll",
    "astro": "astro",
    "eleventy": "eleventy",
    "zola": "generic",
    "next": "generic",
    "gatsby": "generic",
    "hexo": "generic",
}
"""The preset that fits a generator's habits."""

FOLDERS = ("content", "src", "source")
"""Usual folders of items and what belongs to them."""

SECTIONS = ("posts", "blog", "articles", "news", "notes", "writing")
"""Usual folders of items that are part of a page's address."""


@dataclass(frozen=True, slots=True)
class Generator:
    """What a site's own files tell of it; empty where they tell nothing.

    `name` is the generator's, `evidence` the file that told it. `permalinks` are templates of pages by section.
    `folder` is where its settings say that the content lies.
    """

    name: str = ""
    evidence: str = ""
    title: str = ""
    url: str = ""
    description: str = ""
    author: str = ""
    language: str = ""
    timezone: str = ""
    folder: str = ""
    permalinks: Mapping[str, str] = field(default_factory=dict)


def generator_of(folder: Path) -> Generator:
    """What made, or makes, a site of this folder."""
    # A site that moved from Jekyll may still have its settings; those of Hexo have the same name and keys.
    for found in (_hugo_or_zola(folder), _by_code(folder), _jekyll(folder), _package(folder), _by_layout(folder)):
        if found is not None:
            return _eleventy(folder, found) if found.name == "eleventy" else found
    return Generator()


def _hugo_or_zola(folder: Path) -> Generator | None:
    for stem in _HUGO:
        for end in ("toml", "yaml", "yml", "json"):
            values = _values(folder / f"{stem}.{end}")
            if values is None:
                continue
            name = f"{stem}.{end}"
            if end == "toml" and "base_url" in values:
                return _described("zola", name, values, url="base_url", language="default_language")
            if any(key.casefold() in _HUGO_KEYS for key in values):
                return _hugo(name, values)
    return None


def _hugo(name: str, values: Mapping[str, Any]) -> Generator:
    folded = {key.casefold(): value for key, value in values.items()}
    permalinks = folded.get("permalinks")
    permalinks = permalinks.get("page", permalinks) if isinstance(permalinks, dict) else {}
    params = _mapping(folded.get("params"))
    author = params.get("author", "")
    return Generator(
        "hugo",
        name,
        title=_text(folded.get("title")),
        url=_text(folded.get("baseurl")),
        description=_text(params.get("description")),
        author=_text(author.get("name") if isinstance(author, dict) else author),
        language=_text(folded.get("defaultcontentlanguage") or folded.get("locale") or folded.get("languagecode")),
        timezone=_text(folded.get("timezone")),
        folder=_text(folded.get("contentdir")),
        permalinks={key: value for key, value in permalinks.items() if isinstance(value, str)},
    )


def _jekyll(folder: Path) -> Generator | None:
    for name in ("_config.yml", "_config.yaml", "_config.toml"):
        values = _values(folder / name)
        if values is None:
            continue
        other = None if (folder / "Gemfile").exists() else _package(folder)
        if other is not None and other.name != "hexo":
            return other
        found = _described(other.name if other else "jekyll", name, values, url="url", language="lang")
        base = _text(values.get("baseurl")).strip("/")
        author = values.get("author")
        permalink = _jekyll_permalink(values)
        return Generator(
            found.name,
            name,
            title=found.title,
            url=f"{found.url.rstrip('/')}/{base}" if found.url and base else found.url,
            description=found.description,
            author=_text(author.get("name") if isinstance(author, dict) else author),
            language=found.language or _text(values.get("locale")).replace("_", "-"),
            timezone=_text(values.get("timezone")),
            permalinks={"": permalink} if permalink else {},
        )
    return None


def _jekyll_permalink(values: Mapping[str, Any]) -> str:
    """The template of posts: of the defaults for all of them, else of their collection, else of the site."""
    defaults = values.get("defaults")
    for default in reversed(defaults) if isinstance(defaults, list) else ():  # the last one wins
        scope, given = (_mapping(_mapping(default).get(key)) for key in ("scope", "values"))
        is_for_all = not scope.get("path") and scope.get("type", "posts") == "posts"
        if is_for_all and (found := _text(given.get("permalink"))):
            return found
    posts = _mapping(_mapping(values.get("collections")).get("posts"))
    return _text(posts.get("permalink")) or _text(values.get("permalink"))


def _by_code(folder: Path) -> Generator | None:
    """Generators whose settings are programs: only their name is taken."""
    for name, files in _CODE:
        for file in files:
            if (folder / file).is_file():
                told = _package(folder)
                return Generator(name, file, url=told.url if told else "", description=told.description if told else "")
    return None


def _package(folder: Path) -> Generator | None:
    values = _values(folder / "package.json")
    if values is None:
        return None
    needed = {key for part in ("dependencies", "devDependencies") for key in _mapping(values.get(part))}
    name = next((name for package, name in _PACKAGES if package in needed), "")
    if not name:
        return None
    return Generator(name, "package.json", url=_homepage(values), description=_text(values.get("description")))


def _eleventy(folder: Path, found: Generator) -> Generator:
    """With what the site's global data files tell, where they are plain data."""
    for place in ("_data", "src/_data", "content/_data", "site/_data"):
        for name in ("metadata.json", "site.json"):
            values = _values(folder / place / name)
            if values is None:
                continue
            told = _described("eleventy", f"{place}/{name}", values, url="url", language="language")
            author = values.get("author")
            return replace(
                found,
                title=told.title,
                url=told.url or found.url,
                description=told.description or found.description,
                author=_text(author.get("name") if isinstance(author, dict) else author),
                language=told.language,
            )
    return found


def _homepage(values: Mapping[str, Any]) -> str:
    """The site's address; npm itself writes that of the source code there, which is none."""
    url = _text(values.get("homepage"))
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return "" if parts.fragment or parts.query or parts.hostname in _CODE_HOSTS else url


def _by_layout(folder: Path) -> Generator | None:
    """By folders that one kind of site has."""
    for name, places in _LAYOUTS:
        for place in places:
            if (folder / place).is_dir():
                return Generator(name, f"{place}/")
    return None


def _described(generator: str, name: str, values: Mapping[str, Any], *, url: str, language: str) -> Generator:
    return Generator(
        generator,
        name,
        title=_text(values.get("title")),
        url=_text(values.get(url)),
        description=_text(values.get("description")),
        author=_text(values.get("author")),
        language=_text(values.get(language)).replace("_", "-"),
    )


def _values(path: Path) -> dict[str, Any] | None:
    """A file of plain data; None if it is not there or cannot be understood."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_CONFIG_BYTES:
            return None
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".toml":
            values = tomllib.loads(text)
        elif path.suffix == ".json":
            values = json.loads(text)
        else:
            if "&" in text and _may_grow(text):
                return None
            values = yaml.safe_load(text)
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError):
        return None
    found: object = values
    return found if isinstance(found, dict) and all(isinstance(key, str) for key in found) else None


def _may_grow(text: str) -> bool:
    """Whether an alias stands for a whole list or mapping: what that can grow to is not worth the risk."""
    collections: set[str] = set()
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent) and event.anchor is not None:
            collections.add(event.anchor)
        elif isinstance(event, yaml.AliasEvent) and event.anchor in collections:
            return True
    return False


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
