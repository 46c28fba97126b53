"""The feed server: the shelf over HTTP for readers, hubs and people."""

from __future__ import annotations

import asyncio
from email.utils import format_datetime
from functools import partial
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from aiohttp import HttpVersion11, web

from syndicate.feeds.feed import ALL
from syndicate.feeds.formats import DIRECTORY, FORMATS, INDEX
from syndicate.feeds.moved import REDIRECTS
from syndicate.feeds.text import direction
from syndicate.feeds.words import spoken
from syndicate.shelf.conditional import best_encoding, best_type, is_known
from syndicate.shelf.detours import guesses_for, moved_to, redirects_in
from syndicate.shelf.recall import RECALL, Connection, Recall
from syndicate.shelf.version import Version, Versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from aiohttp.typedefs import Handler

    from syndicate.feeds.formats import Format
    from syndicate.feeds.site import Site

T = TypeVar("T")

_FORM_OF_FILE = {form.file_name: form for form in FORMATS.values()}
_TEXT_TYPES = {
    **{form.file_name: f"{form.media_type}; charset=utf-8" for form in FORMATS.values()},
    ".html": "text/html; charset=utf-8",
    ".opml": "text/x-opml; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
_IMAGE_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".avif": "image/avif",
}
_SAFETY = {
    "Server": "syndicate",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "default-src 'none'; img-src 'self' https: http:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
FIRST_PASS_S = 10
"""How soon readers may ask again before the first pass has written anything (RFC 9110, section 10.2.3)."""
_MEDIA_FOLDER = "media"
_ARCHIVE_FOLDER = "archive"
# An image's name is its content's digest, so it never changes: a year, the usual longest (RFC 8246 for `immutable`).
_FOR_EVER = "public, max-age=31536000, immutable"

_MISSING = """<!DOCTYPE html>
<html lang="{language}" dir="{dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{heading} · {title}</title>
<link rel="stylesheet" href="{root}style.css">
</head>
<body>
<main>
<div class="opening">
<h1>{heading}</h1>
<p class="about">{words}</p>
</div>
</main>
</body>
</html>
"""


def feed_server(root: Path, site: Site) -> web.Application:
    """An application that serves the shelf folder `root` as it is at the moment, with full conditional GET.

    `site` gives the public addresses for Link headers, the enabled formats, and the time readers may keep a feed.
    Its addresses are relative, so it can stand below any path.
    """
    application = web.Application(middlewares=[_safely])
    versions = Versions(root)
    application[RECALL] = Recall(versions.fresh)
    served = _Served(versions, site)
    application.router.add_get("/healthz", _healthy)
    application.router.add_get("/{path:.*}", served.answer)
    application.router.add_route("OPTIONS", "/{path:.*}", _permitted)
    return application


@web.middleware
async def _safely(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as refusal:
        refusal.headers.update(_SAFETY)
        raise
    response.headers.update(_SAFETY)
    if isinstance(response, _FileResponse):
        response.keep_in(request.app[RECALL], request)
    return response


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="ok\n", headers={"Cache-Control": "no-store"})


async def _permitted(_: web.Request) -> web.Response:
    """What scripts of other sites may ask of feeds (Fetch standard, "CORS-preflight request")."""
    return web.Response(
        status=204,
        headers={
            "Allow": "GET, HEAD, OPTIONS",
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, HEAD",
            "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since",
            "Access-Control-Max-Age": "86400",
        },
    )


class _FileResponse(web.Response):
    """An answer with a version of a file, in a coding, or without a body (None)."""

    def __init__(self, path: str, version: Version, encoding: str | None, **options: Any) -> None:
        super().__init__(**options)
        self._path = path
        self._version = version
        self._encoding = encoding

    def keep_in(self, recall: Recall, request: web.Request) -> None:
        """Let it be repeated, where the request allows that."""
        asked = request.protocol.asked if isinstance(request.protocol, Connection) else None
        is_plain = request.keep_alive and not request.body_exists and "Upgrade" not in request.headers
        if asked is not None and is_plain and request.version == HttpVersion11 and "Expect" not in request.headers:
            status = f"{self.status} {self.reason}"
            recall.learn(asked, self._path, self._version, self._encoding, status, self.headers)


class _Served:
    """Answers requests for files of the shelf."""

    def __init__(self, versions: Versions, site: Site) -> None:
        self._versions = versions
        self._site = site
        self._at_work: dict[object, asyncio.Task[Any]] = {}
        self._told: Version | None = None
        self._redirects: dict[str, str] = {}
        # People come first: whoever states no wish gets the page.
        order = sorted(site.formats, key=lambda name: name != "html")
        self._forms = [FORMATS[name] for name in order]

    async def answer(self, request: web.Request) -> web.Response:
        """The file, its page for a folder, a redirect for what moved or was guessed, or the 404 page."""
        path = request.match_info["path"]
        moved = await self._moved(path)
        if moved is not None:
            raise _led_on(path, moved, web.HTTPMovedPermanently)
        folder, _, name = path.rpartition("/")
        parts = folder.split("/") if folder else []
        if name:
            found = await self._find(parts, name)
            if found:
                return await self._file(request, found, parts, name)
            if await self._find([*parts, name], self._first_form.file_name):
                # Relative, so that it holds behind any prefix; never `//host`, whatever the path holds.
                raise web.HTTPPermanentRedirect(location=f"./{quote(name)}/")
            return await self._missing(request)
        form = self._wanted(request, parts)
        found = await self._find(parts, form.file_name)
        if found is None:
            return await self._missing(request)
        response = await self._file(request, found, parts, form.file_name)
        response.headers["Vary"] = "Accept, Accept-Encoding"
        response.headers["Content-Location"] = form.file_name
        return response

    @property
    def _first_form(self) -> Format:
        return self._forms[0]

    def _wanted(self, request: web.Request, parts: Sequence[str]) -> Format:
        if not parts:
            return FORMATS["html"]
        chosen = best_type(
            ",".join(request.headers.getall("Accept", ["*/*"])), [form.media_type for form in self._forms]
        )
        return next(form for form in self._forms if form.media_type == chosen)

    async def _moved(self, path: str) -> str | None:
        """Where a path is now that lies below a folder that moved."""
        told = await self._read([REDIRECTS], is_text=False) if self._versions.stands([REDIRECTS]) else None
        if told is not self._told:
            self._told, self._redirects = told, redirects_in(told.content) if told else {}
        return moved_to(path, self._redirects)

    async def _find(self, parts: Sequence[str], name: str) -> Version | None:
        if _type_of(name) is None or (name == REDIRECTS and not parts):
            return None
        return await self._read([*parts, name], is_text=_suffix(name) not in _IMAGE_TYPES)

    async def _read(self, parts: Sequence[str], *, is_text: bool) -> Version | None:
        # What was read before, and what is not there, is found without a thread, which would cost ten times the look.
        while (version := self._versions.kept(parts)) is None and self._versions.stands(parts):
            name = "/".join(parts)
            is_first = name not in self._at_work
            found = await self._once(name, partial(self._versions.find, parts, is_text=is_text))
            if is_first:
                return found
            # Whoever asked meanwhile looks whether it is still so.
        return version

    async def _once(self, key: object, make: Callable[[], T]) -> T:
        """What `make` gives in a thread, begun once for all who wait for it."""
        task: asyncio.Task[T] | None = self._at_work.get(key)
        if task is None:
            task = self._at_work[key] = asyncio.create_task(asyncio.to_thread(make))
            task.add_done_callback(lambda _: self._at_work.pop(key))
        return await asyncio.shield(task)

    async def _file(self, request: web.Request, version: Version, parts: Sequence[str], name: str) -> web.Response:
        path = "/".join([*parts, name])
        asked = ",".join(request.headers.getall("Accept-Encoding", []))
        encoding = best_encoding(asked, version.codings)
        etag = version.tag(encoding)
        headers = self._headers(version, parts, name) | {"ETag": etag}
        known = request.headers.getall("If-None-Match", None)
        if is_known(
            etag, version.modified, ",".join(known) if known else None, request.headers.get("If-Modified-Since")
        ):
            return _FileResponse(path, version, None, status=304, headers=headers)
        while encoding and encoding not in version.packed:
            key = (path, version.stamp, encoding)
            version = await self._once(key, partial(self._versions.pack, path, version, encoding))
            encoding = best_encoding(asked, version.codings)
        headers["ETag"] = version.tag(encoding)
        headers["Content-Type"] = _type_of(name) or ""
        if encoding:
            headers["Content-Encoding"] = encoding
        return _FileResponse(path, version, encoding, body=version.body(encoding), headers=headers)

    def _headers(self, version: Version, parts: Sequence[str], name: str) -> dict[str, str]:
        """What a file's answers share, whatever the encoding."""
        headers = {
            "Last-Modified": format_datetime(version.modified, usegmt=True),
            "Cache-Control": _FOR_EVER if parts[:1] == [_MEDIA_FOLDER] else f"public, max-age={self._site.interval_s}",
        }
        if _suffix(name) not in _IMAGE_TYPES:
            headers["Vary"] = "Accept-Encoding"
        links = self._links(version, parts, name)
        if links:
            headers["Link"] = links
        if name != INDEX and (name in _FORM_OF_FILE or name == DIRECTORY):
            # Feeds are public; scripts of other sites may read them.
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = "ETag, Link"
        return headers

    def _links(self, version: Version, parts: Sequence[str], name: str) -> str:
        """RFC 8288: where this file lives, its hubs, its history, and the same feed in its other formats."""
        if name not in _FORM_OF_FILE:
            return ""
        folder = "".join(f"{part}/" for part in parts)
        # The landing page stands for the feed of everything.
        siblings = list(parts) or [ALL]
        others = [
            form
            for form in self._forms
            if form.file_name not in (name, INDEX) and self._versions.stands([*siblings, form.file_name])
        ]
        if name == INDEX and not others:
            return ""  # an item's page: what is canonical stands in the page itself
        here = folder if name == INDEX else f"{folder}{name}"
        links = [f'<{self._site.address(here)}>; rel="{"canonical" if name == INDEX else "self"}"']
        if name != INDEX and _ARCHIVE_FOLDER not in parts:
            # WebSub, section 4: subscribers look at the headers first.
            links += [f'<{hub}>; rel="hub"' for hub in self._site.hubs]
        links += [f'<{address}>; rel="{relation}"' for relation, address in version.history.items()]
        links += [
            f'<{self._site.address("/".join([*siblings, form.file_name]))}>; rel="alternate"; type="{form.media_type}"'
            for form in others
        ]
        if not parts:
            links.append(f'<{self._site.address(DIRECTORY)}>; rel="outline"; type="text/x-opml"')
        return ", ".join(links)

    async def _missing(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        *parts, name = path.split("/")
        for guess in guesses_for(parts, name, ALL):
            if self._versions.stands(guess.split("/")):
                raise _led_on(path, guess, web.HTTPFound)
        root = "../" * path.count("/") or "./"
        words = {key: escape(text) for key, text in self._site.words.items()}
        told, is_empty = words["missing_yet"], True
        if await self._find([], INDEX):
            is_empty = False
            told = f'{words["missing_about"]} <a href="{root}">{words["missing_way"]}</a>'
        language = spoken(self._site.language)
        page = _MISSING.format(
            language=language,
            dir=direction(language),
            title=escape(self._site.title),
            heading=words["missing"],
            root=root,
            words=told,
        )
        headers = {"Cache-Control": "no-cache"}
        if is_empty:  # readers and hubs give a feed up that is not found; this one is on its way
            headers["Retry-After"] = str(FIRST_PASS_S)
        status = 503 if is_empty else 404
        return web.Response(status=status, text=page, content_type="text/html", charset="utf-8", headers=headers)


def _led_on(path: str, target: str, kind: type[web.HTTPMove]) -> web.HTTPMove:
    """A redirect to another path of the shelf, by a relative reference that holds below any prefix."""
    return kind(location=("../" * path.count("/") or "./") + quote(target))


def _type_of(name: str) -> str | None:
    """The content type by the file's name; None for what a shelf does not hold."""
    suffix = _suffix(name)
    return _TEXT_TYPES.get(name) or _TEXT_TYPES.get(suffix) or _IMAGE_TYPES.get(suffix)


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
