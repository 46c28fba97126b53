"""The first settings of a site: a commented file that works as it is and posts nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from syndicate.settings.kinds import Language, SiteUrl, TagAuthority, Zone

_COMMENT_AT = 44

_HEAD = """\
# Settings of syndicate, made by `syndicate init`. It publishes to feeds and to a preview, without any account.
# Paths count from {root}. Every key may also come from the environment:
# SYNDICATE_SITE__TITLE, SYNDICATE_CHANNELS__NEWS__TOKEN ... `syndicate check` looks for faults.
# All keys: docs/reference/settings.md
"""

_CHANNELS = """\
  # Shows what would be posted, as files and one gallery. Items that are there already are not posted anywhere;
  # `syndicate preview` shows one, `syndicate backfill` posts older ones.
  preview:
    network: preview
    folder: {preview}
    first_sight: baseline

  # A first real channel (config/examples/ has one file per network):
  # news_mastodon:
  #   network: mastodon
  #   instance: https://mastodon.example
  #   token_file: /run/secrets/mastodon_token
"""

NO_URL = "http://127.0.0.1:8080/"
"""Where pages are said to lie as long as the site's address is not known."""


@dataclass(frozen=True, slots=True)
class First:
    """What is known of a site; empty where nothing is, and then the settings' own default stands.

    `folder` is where the items lie; `below` the folder that feeds, state and preview lie in (empty: the project's).
    `year` is one in which the address is the site's own: it becomes part of every feed's id. `include` and
    `permalinks` are for `content`, as are `image_folders`, where pictures lie. `hides_undated`: pages without a date
    are no items.
    """

    folder: str
    preset: str
    year: int
    title: str = ""
    url: str = ""
    description: str = ""
    author: str = ""
    language: str = ""
    timezone: str = ""
    below: str = ""
    include: tuple[str, ...] = ()
    permalinks: Mapping[str, str] = field(default_factory=dict)
    hides_undated: bool = False
    image_folders: tuple[str, ...] = ()


def first_settings(first: First, *, root: str) -> str:
    """The settings as YAML with comments; what a site's own files tell wrongly is left out.

    Args:
        first: what is known.
        root: how to call the folder that paths count from.
    """
    sections = (
        ("site", _site(first)),
        ("content", _content(first)),
        ("feeds", [_line("folder", f"{first.below}feeds", "rss.xml, atom.xml, feed.json, index.html per topic")]),
        ("state", [_line("folder", f"{first.below}state", "what was sent and what is owed: back it up")]),
    )
    parts = [_HEAD.format(root=root)]
    parts += [f"{name}:\n{''.join(lines)}" for name, lines in sections]
    parts.append("channels:\n" + _CHANNELS.format(preview=_scalar(f"{first.below}preview")))
    return "\n".join(parts)


def _site(first: First) -> list[str]:
    url = _sound(first.url, SiteUrl)
    lines = [_line("title", first.title or "My site", "shown in feeds and pages" if first.title else "write its name")]
    if first.description:
        lines.append(_line("description", first.description))
    if url:
        lines.append(_line("url", url, "the site's own pages"))
        authority = _sound(f"{urlsplit(url).hostname},{first.year}", TagAuthority)
        if authority:
            lines.append(_line("tag_authority", authority, "begins every feed id; never change it"))
    else:
        lines.append(_line("url", NO_URL, "not known: write your site's address before others read the feeds"))
    lines.append(_line("language", _sound(first.language, Language) or "en", "of items that name none"))
    lines.append(_line("timezone", _sound(first.timezone, Zone) or "UTC", "of dates that name none"))
    if first.author:
        lines.append(_line("author", first.author))
    return lines


def _content(first: First) -> list[str]:
    lines = [_line("folder", first.folder), _line("preset", first.preset, "which habits to expect")]
    if first.include:
        lines.append(_line("include", list(first.include), "the files that may be items"))
    if first.hides_undated:
        lines.append("  visibility:\n" + _line("undated", True, "pages without a date are no items", indent=4))
    if first.image_folders:
        lines.append("  images:\n" + _line("folders", list(first.image_folders), "where pictures lie", indent=4))
    if first.permalinks:
        lines.append("  permalink:\n")
        lines += [_line(json.dumps(section), place, indent=4) for section, place in first.permalinks.items()]
    return lines


def _line(key: str, value: object, comment: str = "", *, indent: int = 2) -> str:
    line = f"{' ' * indent}{key}: {_scalar(value)}"
    return f"{line.ljust(_COMMENT_AT)}  # {comment}\n" if comment else f"{line}\n"


def _scalar(value: object) -> str:
    """A value as YAML, which takes all of JSON; plain words stay plain."""
    if (
        isinstance(value, str)
        and value
        and all(char.isalnum() or char in "/._-" for char in value)
        and _is_plain(value)
    ):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_plain(value: str) -> bool:
    words = {"true", "false", "yes", "no", "on", "off", "y", "n", "null", "."}
    return (value[0].isalpha() and value.casefold() not in words) or value.startswith(("/", "./", "../"))


def _sound(value: str, kind: Any) -> str:
    """The value in the settings' own form, or nothing if they would refuse it."""
    if not value:
        return ""
    check: Callable[[str], str] = TypeAdapter(Annotated[str, *kind.__metadata__]).validate_python
    try:
        return check(value)
    except ValidationError:
        return ""
