"""HTML pages for people: one for each feed, and the landing page that lists them all.

The built-in templates are part of the code: they are read once, like modules. Links between pages are relative, so
that the shelf reads well at any address. Pure.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FunctionLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    select_autoescape,
)
from jinja2.bccache import Bucket

from syndicate.errors import ConfigError, Fault
from syndicate.feeds.directory import groups_of
from syndicate.feeds.formats import DIRECTORY, SCRIPT, STYLE, subscribable
from syndicate.feeds.text import clip, direction
from syndicate.feeds.words import day, filled, spoken
from syndicate.posts.bounds import BoundedEnvironment, Bounds
from syndicate.posts.bounds import rendered as bounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType

    from syndicate.feeds.directory import Group
    from syndicate.feeds.entry import Entry
    from syndicate.feeds.feed import Feed
    from syndicate.feeds.formats import Format
    from syndicate.feeds.site import Site

_BUILT_IN = PackageLoader("syndicate.feeds")
_SUMMARY_ROOM = 280
_TITLE_ROOM = 160
_FRONT_ENTRIES = 7
_MOST_ENVIRONMENTS = 16
_MOST_STEPS, _MOST_CHARACTERS = 10_000_000, 100_000_000
"""In one page of the operator's own: ten times what the front page of 100,000 feeds takes."""


def page(feed: Feed, site: Site) -> bytes:
    """The feed's page: its entries, the ways to subscribe, its neighbours; below 100 kB at 50 entries."""
    root = "../" * (feed.path.count("/") + 1)
    here = feed.current or feed.path
    return rendered(
        "feed.html",
        site,
        root=root,
        feed=feed,
        here=here,
        canonical=site.address(f"{feed.path}/"),
        entries=feed.entries,
        folder=f"{root}{_relative(here)}/" if feed.current else "",
    )


def landing_page(feeds: Sequence[Feed], site: Site) -> bytes:
    """The front page: what is new, and every feed by vocabulary with its formats and counts."""
    everything = next((feed for feed in feeds if feed.kind == "all"), None)
    return rendered(
        "landing.html",
        site,
        root="",
        feed=everything,
        canonical=site.feeds_url,
        entries=everything.entries[:_FRONT_ENTRIES] if everything else (),
        folder=f"{_relative(everything.path)}/" if everything else "",
        groups=groups_of(feeds, site.words),
        directory=DIRECTORY,
        script=SCRIPT,
    )


def sheet_page(group: Group, number: int, site: Site) -> bytes:
    """A page of a group that is too large for the front page."""
    sheet = group.sheets[number]
    return rendered(
        "directory.html",
        site,
        root="../" * (sheet.path.count("/") + 1),
        feed=None,
        canonical=site.address(f"{sheet.path}/"),
        group=group,
        sheet=sheet,
        before=group.sheets[number - 1] if number else None,
        after=next(iter(group.sheets[number + 1 :]), None),
    )


def stylesheet(site: Site) -> bytes:
    """The one stylesheet of all pages: the built-in one with the operator's behind it, or the operator's alone."""
    rules = site.pages
    if rules.is_style_whole:
        return rules.style.encode("utf-8", "replace")
    return _stylesheet() + (f"\n{rules.style}".encode("utf-8", "replace") if rules.style else b"")


@cache
def filter_script() -> bytes:
    """What finds topics on the front page as one types; the page is whole without it."""
    return (files(__package__) / "templates" / SCRIPT).read_bytes()


def rendered(template: str, site: Site, **subject: object) -> bytes:
    """The page that a template makes of its subject.

    Raises:
        ConfigError: a template of the operator's fails.
    """
    rules, feed = site.pages, subject.get("feed")
    formats = tuple(subscribable(feed or site))  # type: ignore[arg-type]  # a feed, where there is one
    try:
        form = _environment(site, formats).get_template(template)
        bounds = Bounds(_MOST_STEPS, _MOST_CHARACTERS)
        made = bounded(form, subject, bounds) if rules.templates else form.render(subject)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AssertionError) as error:
        if not rules.templates:
            raise
        raise ConfigError((_fault(error, template, rules.templates_folder),)) from error
    return made.encode("utf-8", "replace")


def _fault(error: Exception, template: str, folder: str) -> Fault:
    """What is wrong with the operator's templates, at the line in their file."""
    path, line = f"{folder}/{template}", None
    if isinstance(error, TemplateSyntaxError) and error.filename:
        path, line = error.filename, error.lineno
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(f"{folder}/"):
            path, line = file, trace.tb_lineno
        trace = trace.tb_next
    problem = f"is no template that works: {str(error) or type(error).__name__}"
    remedy = "mend it, or take it out of the folder to have the built-in one"
    return Fault(path, "E-TEMPLATE", problem, remedy, line=line)


@cache
def _stylesheet() -> bytes:
    return (files(__package__) / "templates" / STYLE).read_bytes()


class _Compiled(BytecodeCache):
    """Keeps what templates were compiled to, for all environments of this process."""

    def __init__(self) -> None:
        self._codes: dict[str, CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of a template whose text is the same."""
        bucket.code = self._codes.get(f"{bucket.key} {bucket.checksum}")

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self._codes[f"{bucket.key} {bucket.checksum}"] = bucket.code


_COMPILED = _Compiled()

# By the site, which is kept with it, and the formats.
_environments: dict[tuple[int, tuple[Format, ...]], tuple[Site, Environment]] = {}


def _environment(site: Site, formats: tuple[Format, ...]) -> Environment:
    """The templates of a site, for pages that show these formats.

    What all such pages have in common is told once, so that macros are made once, not for each page.
    """
    kept = _environments.get((id(site), formats))
    if kept is None or kept[0] is not site:
        while len(_environments) >= _MOST_ENVIRONMENTS:
            del _environments[next(iter(_environments))]
        made = _made(site.pages.templates, site.pages.templates_folder)
        made.globals |= {
            "site": site,
            "pages": site.pages,
            "formats": formats,
            "style": STYLE,
            "words": site.words,
            "page_language": spoken(site.language),
        }
        kept = _environments[id(site), formats] = site, made
    return kept[1]


def _made(own: tuple[tuple[str, str], ...], folder: str) -> Environment:
    texts = dict(own)

    def owned(name: str) -> tuple[str, str, None] | None:
        # With the file's path, so that errors can name it.
        return (texts[name], f"{folder}/{name}", None) if name in texts else None

    # The operator's may loop without end; those that are part of the code need no watch, which takes time.
    kind = BoundedEnvironment if own else Environment
    environment = kind(
        # `built-in/feed.html` is the template that a `feed.html` of the operator's can extend.
        loader=ChoiceLoader([FunctionLoader(owned), _BUILT_IN, PrefixLoader({"built-in": _BUILT_IN})]),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=None if own else _COMPILED,
    )
    environment.filters.update(
        day=day, summary=_summary, headline=_headline, relative=_relative, dir=direction, fill=filled
    )
    return environment


def _summary(entry: Entry) -> str:
    return "" if entry.summary == entry.title else clip(entry.summary, _SUMMARY_ROOM)


def _headline(entry: Entry) -> str:
    return clip(entry.title, _TITLE_ROOM)


def _relative(path: str) -> str:
    return quote(path)
