"""The media half of a fake Mastodon: uploads, their processing, their bytes."""

from __future__ import annotations

import asyncio
from typing import Any

from syndicate.sandbox.clock import stamp
from syndicate.sandbox.ground import Ground
from syndicate.sandbox.mastodon_desk import MEDIA, Desk, Visitor, invalid, trouble
from syndicate.sandbox.mastodon_entities import (
    DESCRIPTION_LIMIT,
    IMAGE_MATRIX_LIMIT,
    IMAGE_SIZE_LIMIT,
    Medium,
    Status,
    logged,
    medium_json,
)
from syndicate.sandbox.pictures import Picture, TooManyPixels, digest_of, look_at
from syndicate.sandbox.truth import Action, Entry
from syndicate.sandbox.wire import Answer, Call, Refusal, Route, RouteKind, Upload, as_json, form_of


class Numbers:
    """Ids that grow with time, as Mastodon's: milliseconds and a count."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, milliseconds: int) -> str:
        """A new id, larger than any before."""
        self._last = max(self._last + 1, milliseconds << 16)
        return str(self._last)


def fields_of(call: Call) -> dict[str, Any]:
    """The fields of a request.

    Raises:
        Refusal: 400, they cannot be read.
    """
    try:
        return form_of(call)
    except ValueError as cause:
        raise Refusal(trouble(400)) from cause


class MediaStore:
    """All uploads of a fake Mastodon."""

    def __init__(self, ground: Ground, desk: Desk, numbers: Numbers) -> None:
        self._ground = ground
        self._desk = desk
        self._numbers = numbers
        self.media: dict[str, Medium] = {}

    def routes(self) -> tuple[Route, ...]:
        """Upload (both versions), look, correct, and the image itself."""
        return (
            Route("POST", "/api/v2/media", RouteKind.MEDIA, self._upload),
            Route("POST", "/api/v1/media", RouteKind.MEDIA, self._upload),
            Route("GET", "/api/v1/media/{id}", RouteKind.READ, self._show),
            Route("PUT", "/api/v1/media/{id}", RouteKind.MEDIA, self._correct),
            Route("GET", "/media/{id}/original", RouteKind.READ, self._bytes),
        )

    def chosen(self, ids: object, visitor: Visitor, status: Status | None = None) -> list[Medium]:
        """The media a post names, in its order. Anything but a list is ignored, as Rails' strong parameters do.

        Raises:
            Refusal: 422, too many, unknown, in use elsewhere or still being processed.
        """
        wanted = list(dict.fromkeys(str(each) for each in ids)) if isinstance(ids, list) else []
        if len(wanted) > self._ground.rules.max_media:
            raise invalid(f"Cannot attach more than {self._ground.rules.max_media} files")
        free = {None, status.id if status else None}
        found = [self.media.get(each) for each in wanted]
        usable = [
            medium
            for medium in found
            if medium and medium.account_id == visitor.account.id and medium.status_id in free
        ]
        if len(usable) < len(wanted):
            missing = set(wanted) - {medium.id for medium in usable}
            names = ", ".join(each for each in wanted if each in missing)
            raise invalid(f"Media {names} not found or already attached to another post")
        if any(medium.polls for medium in usable):
            raise invalid("Cannot attach files that have not finished processing. Try again in a moment!")
        return usable

    def reset(self) -> None:
        """Forget all uploads."""
        self.media.clear()

    async def _upload(self, call: Call) -> Answer:
        visitor = self._desk.admit(call, is_write=True)
        headers = visitor.headers | self._desk.spend(visitor.account, MEDIA)
        fields = fields_of(call)
        upload = fields.get("file")
        if not isinstance(upload, Upload) or not upload.body:
            raise invalid("Validation failed: File can't be blank")
        description = _description(fields)
        medium = Medium(
            id=self._numbers.next(int(self._ground.clock.wall().timestamp() * 1000)),
            account_id=visitor.account.id,
            picture=await _checked(upload.body),
            sha256=await self._ground.attic.keep(upload.body),
            size_bytes=len(upload.body),
            description=description,
            focus=_focus(fields.get("focus")),
            polls=call.polls,
        )
        await self._ground.truth.append(self._entry(medium, visitor, call))
        self.media[medium.id] = medium
        return as_json(medium_json(medium, self._ground.base_url), 202 if medium.polls else 200, headers)

    async def _show(self, call: Call) -> Answer:
        visitor = self._desk.admit(call)
        medium = self._unattached(call, visitor)
        answer = as_json(medium_json(medium, self._ground.base_url), 206 if medium.polls else 200, visitor.headers)
        medium.polls = max(medium.polls - 1, 0)
        return answer

    async def _correct(self, call: Call) -> Answer:
        visitor = self._desk.admit(call, is_write=True)
        medium = self._unattached(call, visitor)
        fields = fields_of(call)
        if "description" in fields:
            medium.description = _description(fields)
        if "focus" in fields:
            medium.focus = _focus(fields["focus"])
        return as_json(medium_json(medium, self._ground.base_url), 200, visitor.headers)

    async def _bytes(self, call: Call) -> Answer:
        medium = self.media.get(call.path_values["id"])
        if medium is None:
            raise Refusal(trouble(404))
        return Answer(200, await self._ground.attic.fetch(medium.sha256), content_type=medium.picture.type)

    def _unattached(self, call: Call, visitor: Visitor) -> Medium:
        medium = self.media.get(call.path_values["id"])
        if medium is None or medium.account_id != visitor.account.id or medium.status_id is not None:
            raise Refusal(trouble(404))
        return medium

    def _entry(self, medium: Medium, visitor: Visitor, call: Call) -> Entry:
        return Entry(
            at=stamp(self._ground.clock.wall()),
            network="mastodon",
            account=visitor.account.username,
            action=Action.MEDIA,
            key=None,
            id=medium.id,
            url=f"{self._ground.base_url}/media/{medium.id}/original",
            text="",
            link=None,
            media=(logged(medium),),
            digest=digest_of(call.body),
        )


async def _checked(body: bytes) -> Picture:
    """The picture, if Mastodon takes it. Texts as the server's validations word them (media_attachment.rb)."""
    if len(body) > IMAGE_SIZE_LIMIT:
        raise invalid("Validation failed: File file size must be less than 16 MB")
    picture = await asyncio.to_thread(look_at, body, limit_px=IMAGE_MATRIX_LIMIT)
    if isinstance(picture, TooManyPixels):
        raise invalid(f"{picture.width}x{picture.height} images are not supported")
    if picture is None:
        raise invalid("Validation failed: File content type is invalid, File is invalid")
    return picture


def _description(fields: dict[str, Any]) -> str | None:
    text = fields.get("description")
    if text is None:
        return None
    if len(str(text)) > DESCRIPTION_LIMIT:
        limit = DESCRIPTION_LIMIT
        raise invalid(f"Validation failed: Description is too long (maximum is {limit} characters)")
    return str(text)


def _focus(value: object) -> tuple[float, float] | None:
    if value is None or value == "":
        return None
    try:
        x, y = (min(max(float(part), -1.0), 1.0) for part in str(value).split(","))
    except ValueError:
        return None
    return x, y
