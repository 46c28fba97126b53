"""The one way to configured hosts: a call that is made once, and what its end proves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Self, TypeAlias, TypeVar
from urllib.parse import urljoin

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from syndicate.channels.addresses import as_written, place_of
from syndicate.channels.connections import CALL, Sent, faults, is_cut, opened_session, problem_of, timeout_of
from syndicate.channels.pages import is_page
from syndicate.channels.secrets import masked
from syndicate.errors import NetworkError, RateLimited, Rejected, Transient, Unauthorized, Unknown

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

TIMEOUT = timedelta(seconds=30)
"""For a whole call. Standard Webhooks asks for 15 to 30 s; Mastodon's own front ends give up after 60 s."""

_CONNECT_S = 10

LIMIT_BYTES = 4 * 1024 * 1024
"""Most that is read of an answer, decoded; forty statuses of a Mastodon account are under 1 MB."""

SHORTEST_WAIT = timedelta(seconds=1)
USUAL_WAIT = timedelta(seconds=60)
"""After a 429 that names no time."""
LONGEST_WAIT = timedelta(hours=24)
"""However long a network asks to wait: it may have meant milliseconds, or its clock may be wrong."""

LIMIT_WORDS = 200
"""Most characters of a server's own words in a message."""

# A number this large is a point in time (September 2001 and later), a smaller one a span of seconds.
_FIRST_EPOCH_S = 10**9

LIMIT_PAGE_URL = 2000


def _plain(value: object) -> str:
    """Text of a kind of its own as text."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


_JSON = msgspec.json.Encoder(order="deterministic", enc_hook=_plain)

Body: TypeAlias = "bytes | aiohttp.FormData"
RemoteId = Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
"""What a network calls a post, a picture or an account: short and of characters that can be seen."""
Model = TypeVar("Model", bound=BaseModel)


class Entity(BaseModel):
    """A part of an answer, as a checked value."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered.

    `place` is the method and the host, fit for messages. `is_repeatable`: the call may be made again whatever became of
    it. `hidden` are the secrets of the call, which a server may repeat in its words.
    """

    place: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    is_repeatable: bool = False
    hidden: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def words(self) -> str:
        """The server's own explanation, short and without secrets; empty if it gave none that can be read."""
        text = self.masked(" ".join(_explanation(self).split()))
        return text if len(text) <= LIMIT_WORDS else text[: LIMIT_WORDS - 1].rstrip() + "…"

    def masked(self, text: str) -> str:
        """The text as it can be seen, without secrets."""
        return masked(text, self.hidden)

    def tried(self, model: type[Model]) -> Model | None:
        """The body as a checked value; None if it is not one."""
        try:
            return model.model_validate_json(self.body)
        except ValidationError:
            return None

    def read(self, model: type[Model]) -> Model:
        """The body as a checked value.

        Raises:
            Unknown, Transient: it is not what was expected; Transient if the call may be repeated.
        """
        found = self.tried(model)
        if found is None:  # without the cause: it prints what it read, tokens included
            raise _unproven(self, f"{self.place}: {self.status}, but the answer cannot be read") from None
        return found


class Web:
    """One HTTP session for all configured hosts, opened with `async with`; aiohttp is loaded by the first call.

    A call is sent once: no redirect is followed, nothing is repeated, and it has a connection of its own, unless the
    host knows it by a key: on a kept connection, a host that hangs up between two calls cannot be told from one that
    took the call and died; such a call is made once more on a connection of its own. No cookies, no proxy from the
    environment.
    """

    connect_s: float = _CONNECT_S

    def __init__(
        self, *, timeout: timedelta = TIMEOUT, limit_bytes: int = LIMIT_BYTES, hidden: Iterable[str] = ()
    ) -> None:
        self._timeout = timeout
        self._limit_bytes = limit_bytes
        self._hidden = frozenset(secret for secret in hidden if secret)
        self._is_open = False
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        self._is_open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        sessions, self._sessions, self._is_open = self._sessions, {}, False
        for session in sessions.values():
            await session.close()

    def hide(self, *secrets: str) -> None:
        """Keep these out of every message made from a server's words."""
        self._hidden |= {secret for secret in secrets if secret}

    def masked(self, text: str) -> str:
        """A server's words as they can be seen, without what was hidden."""
        return masked(text, self._hidden)

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        is_repeatable: bool = False,
        is_keyed: bool = False,
        within: timedelta | None = None,
    ) -> Answer:
        """Ask a host once.

        Args:
            method: GET, POST ...
            url: absolute; never shown in full.
            headers: with the content type, unless the body is a form.
            body: bytes as they are to be sent, or a form (multipart if it holds a file).
            is_repeatable: a second call would do no harm (reading, uploading), so an unclear end is only Transient.
            is_keyed: the host knows the call by its key for ever; it may share its connection with the one before.
            within: time for the whole call; the session's if None.

        Raises:
            Transient: proven that no byte left, or the call may be repeated.
            Unknown: the host may have carried it out.
        """
        limit = within or self._timeout
        address, place = _address_of(url)
        place, timeout = f"{method} {place}", timeout_of(limit, self.connect_s)
        may_have_left = False
        for keeps in (True, False) if is_keyed else (False,):
            sent = Sent()
            CALL.set(sent)
            try:
                async with self._opened(keeps).request(
                    method, address, headers=headers, data=body, allow_redirects=False, timeout=timeout
                ) as response:
                    hidden = self._hidden | _tokens_in(headers or {})
                    content = await self._content(response)
                    return Answer(place, response.status, response.headers, content, is_repeatable, hidden)
            except faults(ValueError) as cause:  # time-outs, unwritable names
                problem = f"{place}: {problem_of(cause, limit)}"
                may_have_left = may_have_left or sent.may_have_left  # the second cannot tell what became of the first
                if not (sent.is_on_kept and is_cut(cause)):
                    break
        # Raised outside the handler: some of aiohttp's errors hold the whole URL, and a log would print the context.
        raise _failure(problem, may_have_left=may_have_left, is_repeatable=is_repeatable)

    def _opened(self, keeps_connection: bool) -> aiohttp.ClientSession:
        if not self._is_open:
            raise RuntimeError("the web is not open; use `async with`")
        if keeps_connection not in self._sessions:
            self._sessions[keeps_connection] = opened_session(keeps=keeps_connection)
        return self._sessions[keeps_connection]

    async def _content(self, response: aiohttp.ClientResponse) -> bytes:
        """The body, cut at the limit. Of a refusal, whatever came: the status alone is the proof."""
        content = bytearray()
        try:
            async for chunk in response.content.iter_chunked(64 * 1024):
                content += chunk
                if len(content) > self._limit_bytes:
                    break
        except faults():
            if 200 <= response.status < 300:
                raise
        return bytes(content[: self._limit_bytes])


def verdict(answer: Answer, now: datetime, *, reset_header: str | None = None, remedy: str = "") -> Answer:
    """What the status proves about the call; a success is given back.

    A redirect proves nothing: 303 is how many servers say "done, look there", and behind a 302 may stand the login page
    of a proxy. Nor does a web page with 2xx: no interface sends one, but a proxy or a parked domain. 408 may come from
    a proxy that did pass the request on.

    Args:
        answer: of the call.
        now: aware UTC.
        reset_header: the network's own header for the end of a rate window, asked after Retry-After.
        remedy: what a person has to do when access is refused.

    Raises:
        RateLimited: 429, and 503 with Retry-After for a repeatable call.
        Unauthorized: 401 and 403.
        Rejected: every other 4xx.
        Transient: 425, and what proves nothing if the call is repeatable.
        Unknown: a web page, 3xx, 408 and 5xx.
    """
    if answer.is_success:
        if is_page(answer.headers, answer.body):
            raise _unproven(answer, f"{answer.place}: {answer.status} with a web page, which no interface sends")
        return answer
    said = f"{answer.place}: {answer.status}"
    if answer.words:
        said += f" ({answer.words})"
    match answer.status:
        case 429:
            raise RateLimited(said, silent_until(answer.headers, now, reset_header))
        case 401 | 403:
            raise Unauthorized(f"{said}; {remedy}" if remedy else said)
        case 425:  # RFC 8470 section 5.2: the server is unwilling to process the request. Read 2026-11.
            raise Transient(said)
        case 503 if answer.is_repeatable and "Retry-After" in answer.headers:
            raise RateLimited(said, silent_until(answer.headers, now, reset_header))
        case status if 400 <= status < 500 and status != 408:
            raise Rejected(said)
    raise _unproven(answer, said + _redirection(answer))


def check_access(answer: Answer, now: datetime, *, remedy: str, reset_header: str | None = None) -> Answer:
    """The verdict on a sign-in or a look at the server, where every refusal is a matter for a person.

    Raises:
        Transient, RateLimited, Unauthorized, Unknown: as `verdict` says, but never Rejected.
    """
    try:
        return verdict(answer, now, reset_header=reset_header, remedy=remedy)
    except Rejected as refusal:
        raise Unauthorized(f"{refusal}; {remedy}") from None


def silent_until(headers: Mapping[str, str], now: datetime, reset_header: str | None = None) -> datetime:
    """When a network that refused may be asked again, between a second and a day from now.

    Retry-After may be seconds or a date, a network's own header seconds, an epoch or an ISO 8601 time. Dates are read
    against the server's own Date, so that a wrong clock on either side does no harm.

    Source: RFC 9110 section 10.2.3; Mastodon and Bluesky documentation, "Rate limits". Read 2026-11.
    """
    server_now = _moment(headers.get("Date", "")) or now
    texts = [headers.get("Retry-After", ""), headers.get(reset_header, "") if reset_header else ""]
    waits = (_wait(text.strip(), server_now) for text in texts)
    wait = next((wait for wait in waits if wait is not None), USUAL_WAIT)
    return now + min(max(wait, SHORTEST_WAIT), LONGEST_WAIT)


def page_url(url: str | None) -> str | None:
    """A post's address as a server gave it; None if it is none that may be shown and followed."""
    if url is None or len(url) > LIMIT_PAGE_URL or not url.isprintable():
        return None
    return url if url.lower().startswith(("https://", "http://")) else None


def json_bytes(value: object) -> bytes:
    """JSON that is the same bytes for the same value; times in UTC end in `Z`.

    Raises:
        TypeError: something in it has no form in JSON, or a key is no text.
        UnicodeEncodeError: half of a character, which has none in UTF-8.
    """
    return _JSON.encode(value)


def _wait(text: str, server_now: datetime) -> timedelta | None:
    if re.fullmatch(r"\d{1,15}(\.\d+)?", text):
        number = float(text)
        seconds = number - server_now.timestamp() if number >= _FIRST_EPOCH_S else number
        return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))
    moment = _moment(text)
    return None if moment is None else moment - server_now


def _moment(text: str) -> datetime | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
        except (ValueError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _explanation(answer: Answer) -> str:
    if "html" in answer.headers.get("Content-Type", ""):
        return ""
    text = answer.body.decode(errors="replace")
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return ""
    names = ("error", "error_description", "message", "description", "detail", "title")
    return ": ".join(dict.fromkeys(str(value[name]) for name in names if isinstance(value.get(name), str)))


def _redirection(answer: Answer) -> str:
    target = answer.headers.get("Location")
    if target is None or not 300 <= answer.status < 400:
        return ""
    here = answer.place.partition(" ")[2].removesuffix("...")
    return (
        f": it points to {answer.masked(place_of(urljoin(here, target)))}, which is not followed; set the final address"
    )


def _unproven(answer: Answer, message: str) -> NetworkError:
    return Transient(message) if answer.is_repeatable else Unknown(message)


def _failure(problem: str, *, may_have_left: bool, is_repeatable: bool) -> NetworkError:
    if not may_have_left:
        return Transient(f"{problem}; nothing was sent")
    if is_repeatable:
        return Transient(problem)
    return Unknown(f"{problem}, after the request had been sent")


@lru_cache(256)
def _address_of(url: str) -> tuple[URL | str, str]:
    """What is asked for, and what may be said of it; many calls go to few addresses."""
    return as_written(url), place_of(url)


def _tokens_in(headers: Mapping[str, str]) -> set[str]:
    values = [value for name, value in headers.items() if name.lower() == "authorization"]
    return {value.partition(" ")[2] for value in values} - {""}
