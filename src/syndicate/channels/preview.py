"""Preview: what would be posted, as files for programs and one gallery page for people. Nothing leaves the machine."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from syndicate.atomic import replace_file
from syndicate.channels.networks import Network, Tools
from syndicate.channels.secrets import ChannelSettings
from syndicate.errors import Rejected, Transient
from syndicate.items.item import SUFFIXES
from syndicate.outbox.delivery import Action, Evidence, Guarantee, Receipt
from syndicate.ports.channel import Channel
from syndicate.posts.measure import count
from syndicate.posts.post import ImageRules, Measure, Picture, Post, Room, Shape, Wants
from syndicate.regular import read_regular

LIMIT = 500
"""As on Mastodon, the usual first channel."""

SHOWN = 300
"""Newest posts on the gallery page; all of them stay as files."""

RESCAN = timedelta(seconds=10)

PAGE = "index.html"
UPLOADS = ".uploads"


class PreviewSettings(ChannelSettings):
    """Where the files go, and how long a text may be (counted as on Mastodon: graphemes, each link 23)."""

    folder: Path = Path("preview")
    limit: int = Field(default=LIMIT, ge=100, le=100_000)


class PreviewImage(BaseModel):
    """The picture of a post: `digest` names the uploaded file, `file` the one beside the post."""

    model_config = ConfigDict(frozen=True)

    digest: str = Field(pattern=r"^[0-9a-f]{16}$")
    suffix: str = Field(pattern=r"^[a-z]{3,4}$")
    alt: str
    width: int
    height: int
    size_bytes: int


class PreviewPost(BaseModel):
    """One post as it is written to its file and shown in the gallery."""

    model_config = ConfigDict(frozen=True)

    channel: str = Field(pattern=r"^[\w-]+$")
    item_id: str
    key: str
    made: AwareDatetime
    published: AwareDatetime
    language: str
    text: str
    length: int
    limit: int
    link: str
    title: str
    summary: str
    site_name: str
    hashtags: tuple[str, ...] = ()
    reply_to: str | None = None
    edited: AwareDatetime | None = None
    deleted: AwareDatetime | None = None
    image: PreviewImage | None = None

    @property
    def folder(self) -> str:
        """The item's folder: readable, and its own whatever the id is made of."""
        readable = re.sub(r"[^a-z0-9]+", "-", self.item_id.lower()).strip("-")[:60].rstrip("-")
        return f"{readable}-{hashlib.sha256(self.item_id.encode()).hexdigest()[:6]}".lstrip("-")

    @property
    def path(self) -> str:
        """The post's JSON file below the preview folder; a reply has one of its own."""
        return f"{self.folder}/{self.channel}{'' if self.reply_to is None else f'-{self.key[:8]}'}.json"

    @property
    def image_path(self) -> str | None:
        """The picture's file below the preview folder."""
        return None if self.image is None else f"{self.folder}/{self.channel}.{self.image.suffix}"


class Preview(Channel):
    """A folder in the place of an account."""

    network = "preview"
    is_rehearsal = True

    def __init__(self, name: str, settings: PreviewSettings, tools: Tools) -> None:
        self.name = name
        self.account = settings.folder.as_posix()
        self._folder = settings.folder.expanduser()
        self._limit = settings.limit
        self._tools = tools
        self._writing = asyncio.Lock()
        self._gallery = Gallery(self._folder)

    @property
    def wants(self) -> Wants:
        """Text, link and picture as on Mastodon."""
        room = Room(self._limit, Measure.GRAPHEMES, url_length=23)
        return Wants(room=room, image=ImageRules(Shape.PHOTO, limit_bytes=2_000_000, limit_alt=1500))

    @property
    def guarantee(self) -> Guarantee:
        """An item has one file here; writing it again replaces it."""
        return Guarantee(key_window=timedelta.max, evidence=Evidence.BY_KEY, settle=timedelta(0))

    @property
    def abilities(self) -> frozenset[Action]:
        """Everything can be rehearsed."""
        return frozenset(Action)

    async def open(self) -> None:
        """Make the folder and bring the gallery up to date.

        Raises:
            Transient: the folder cannot be written.
        """
        await self._write(self._gallery.rebuild)

    async def upload(self, picture: Picture) -> str:
        """Put the picture aside under the digest of its bytes; gives digest and suffix."""
        suffix = SUFFIXES.get(picture.media_type)
        if suffix is None:
            raise Rejected(f"{self.account}: {picture.media_type} cannot be shown")
        name = f"{hashlib.sha256(picture.content).hexdigest()[:16]}.{suffix}"
        await self._write(lambda: _put_file(self._folder / UPLOADS / name, picture.content))
        return name

    def key_of(self, uid: str, generation: int, published: datetime) -> str:
        """The delivery's name; the file is named for the item."""
        return f"{uid}-{generation}" if generation else uid

    def freeze(self, post: Post, media: str | None, key: str, now: datetime) -> bytes:
        """The JSON file as it will be written."""
        card = post.card
        preview = PreviewPost(
            channel=self.name,
            item_id=card.item_id,
            key=key,
            made=now,
            published=card.published,
            language=post.language,
            text=post.text,
            length=count(post.text, self.wants.room),
            limit=self._limit,
            link=card.url,
            title=card.title,
            summary=card.summary,
            site_name=card.site_name,
            hashtags=post.hashtags,
            reply_to=post.reply_to,
            image=_image(post.picture, media),
        )
        return _json_of(preview)

    async def publish(self, payload: bytes, key: str) -> Receipt:
        """Write the item's files and the page anew.

        Raises:
            Rejected: the picture put aside is gone; it must be uploaded again.
            Transient: the folder cannot be written; what stood there stands.
        """
        post = PreviewPost.model_validate_json(payload)
        await self._write(lambda: self._put(post, payload))
        return self._receipt(post)

    async def find(self, payload: bytes, key: str, since: datetime) -> Receipt | None:
        """Whether the item's file is the one with our key."""
        post = PreviewPost.model_validate_json(payload)
        written = await asyncio.to_thread(_read, self._folder / post.path)
        return self._receipt(post) if written is not None and written.key == post.key else None

    async def edit(self, receipt: Receipt, payload: bytes) -> Receipt:
        """Write the item's files anew; the page tells when."""
        post = PreviewPost.model_validate_json(payload)
        before = await asyncio.to_thread(_read, self._folder / receipt.remote_id)
        made = post.made if before is None else before.made
        edited = post.model_copy(update={"edited": self._tools.clock(), "made": made})
        await self._write(lambda: self._put(edited, _json_of(edited)))
        return self._receipt(edited)

    async def delete(self, receipt: Receipt) -> None:
        """Mark the post as taken away: the page still shows what stood there."""
        post = await asyncio.to_thread(_read, self._folder / receipt.remote_id)
        if post is not None and post.deleted is None:
            gone = post.model_copy(update={"deleted": self._tools.clock()})
            await self._write(lambda: self._put(gone, _json_of(gone)))

    async def close(self) -> None:
        """Nothing is held."""

    def _put(self, post: PreviewPost, payload: bytes) -> None:
        self._put_picture(post)
        _put_file((self._folder / post.path).with_suffix(".txt"), _plain_text(post).encode())
        _put_file(self._folder / post.path, payload)
        self._gallery.rebuild(self._folder / post.path)

    def _put_picture(self, post: PreviewPost) -> None:
        """Bring the picture to its post, unless an earlier attempt did."""
        if post.image is None or post.image_path is None:
            return
        target = self._folder / post.image_path
        if target.is_file() and _digest(target) == post.image.digest:
            return
        aside = self._folder / UPLOADS / f"{post.image.digest}.{post.image.suffix}"
        try:
            content = read_regular(aside)
        except FileNotFoundError:
            raise Rejected(f"{aside}: the picture is gone", is_stale_media=True) from None
        _put_file(target, content)
        aside.unlink(missing_ok=True)

    async def _write(self, step: Callable[[], None]) -> None:
        """Do a step in a thread, one at a time."""
        async with self._writing:
            try:
                await asyncio.to_thread(step)
            except OSError as cause:
                place = cause.filename or self._folder
                reason = cause.strerror or "cannot be written"
                raise Transient(f"{place}: {reason}; make room or give the publisher the right to write") from cause

    def _receipt(self, post: PreviewPost) -> Receipt:
        page = (self._folder / PAGE).resolve().as_uri()
        return Receipt(post.path, f"{page}#{post.folder}", self._tools.clock())


class Shown(Struct, frozen=True):
    """One post as the page shows it: `stamp` tells whether its file changed, `order` is its place, `card` its HTML."""

    stamp: tuple[int, int]
    order: tuple[datetime, datetime, str]
    card: Markup


class Gallery:
    """The page of a preview folder, made from the JSON files there; a file is read and drawn again when it changed.

    The whole folder is looked through at most every `RESCAN`, in between only the post just written: another process
    may write here too, but a thousand files need not be asked for each post.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown: dict[Path, Shown] = {}
        self._scanned_s: float | None = None

    def rebuild(self, written: Path | None = None) -> None:
        """Write the page; `written` is the one file that is new, None if any may be."""
        self._folder.mkdir(parents=True, exist_ok=True)
        now_s = time.monotonic()
        if written is None or self._scanned_s is None or now_s - self._scanned_s > RESCAN.total_seconds():
            found = {path: self._look(path) for path in self._folder.glob("*/*.json")}
            self._scanned_s = now_s
        else:
            found = {**self._shown, written: self._look(written)}
        self._shown = {path: shown for path, shown in found.items() if shown is not None}
        shown = sorted(self._shown.values(), key=lambda one: one.order, reverse=True)
        cards, total = [one.card for one in shown[:SHOWN]], len(shown)
        page = _drawing().get_template("preview.html").render(cards=cards, total=total, left=total - len(cards))
        _put_file(self._folder / PAGE, page.encode())

    def _look(self, path: Path) -> Shown | None:
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._shown.get(path)
        if known is not None and known.stamp == stamp:
            return known
        post = _read(path)
        return None if post is None else Shown(stamp, (post.published, post.made, post.path), _card(post))


@cache
def _drawing() -> Environment:
    environment = Environment(
        loader=PackageLoader("syndicate.channels", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["day"] = lambda at: f"{at.astimezone(UTC):%d %B %Y}".lstrip("0")
    return environment


def _card(post: PreviewPost) -> Markup:
    return Markup(_drawing().get_template("preview_card.html").render(post=post))  # noqa: S704  # escaped by Jinja


def _image(picture: Picture | None, media: str | None) -> PreviewImage | None:
    if picture is None or media is None:
        return None
    digest, _, suffix = media.partition(".")
    return PreviewImage(
        digest=digest,
        suffix=suffix,
        alt=picture.alt,
        width=picture.width_px,
        height=picture.height_px,
        size_bytes=len(picture.content),
    )


def _json_of(post: PreviewPost) -> bytes:
    return post.model_dump_json(indent=2).encode() + b"\n"


def _plain_text(post: PreviewPost) -> str:
    parts = [post.text]
    if post.image is not None:
        parts.append(f"[image, {post.image.width}x{post.image.height}: {post.image.alt or 'no alt text'}]")
    return "\n\n".join(parts) + "\n"


def _read(path: Path) -> PreviewPost | None:
    """The post in a file; None if there is none or it is not ours."""
    try:
        return PreviewPost.model_validate_json(read_regular(path))
    except ValidationError:
        return None
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENXIO):
            raise
        return None


def _digest(path: Path) -> str:
    return hashlib.sha256(read_regular(path)).hexdigest()[:16]


def _put_file(path: Path, content: bytes) -> None:
    """Write a file and the folders on the way to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content, is_durable=False)  # a rehearsal may be lost with the power, and it is much faster


NETWORK = Network(
    name="preview",
    title="Preview (files and a gallery, nothing is sent)",
    settings=PreviewSettings,
    make=Preview,
    is_rehearsal=True,
    needs=("Nothing: no account, no network.",),
    example="""\
preview:
  network: preview
  folder: preview
""",
)
