"""Every error raised on purpose, sorted by what the caller must do.

    SyndicateError
    ├── UsageError          the operator: call the command differently        exit 2
    ├── ConfigError         the operator: edit the settings                   exit 78
    ├── InvalidItem         ingest: leave this file out, go on                exit 65
    ├── ImageUnusable       deliver: post without the image, warn
    ├── CannotWrite         the operator: make room or give rights            exit 73
    │   └── StateLost       end at once: what is written now is lost          exit 73
    ├── AnotherInstance     the operator: stop the other one                  exit 75
    ├── Stopped             whoever pulled the brake: the next start goes on with it   exit 130
    ├── LostClaim           deliver: drop the result, another owner has it
    └── NetworkError        deliver: decide by the kind
        ├── Transient       proven not done: try again later
        ├── RateLimited     proven not done: try again at `until`
        ├── Rejected        proven not done and never will be: give up
        ├── Duplicate       proven not done anew: the same post is there already
        ├── Unauthorized    proven not done: a person must renew the access
        └── Unknown         may have been done: look before anything else

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a file or a setting: where, what, and the way out.

    `path` is the file as the operator knows it. `line` and `column` count from 1. `key` is a dotted settings path.
    `code` is stable and listed in the docs, for example `E-NO-DATE`; a code that starts with `W-` is a warning.
    """

    path: str
    code: str
    problem: str
    remedy: str
    line: int | None = None
    column: int | None = None
    key: str | None = None

    @property
    def is_warning(self) -> bool:
        """Whether the thing was used all the same."""
        return self.code.startswith("W-")

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        text = f"{place}: {self.key or self.code}: {self.problem}; {self.remedy}"
        # a file name may hold what would steer the terminal that this is read on
        return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)


class SyndicateError(Exception):
    """Base of every error raised on purpose; `exit_code` is the process's when nobody handles it."""

    exit_code: ClassVar[int] = 1


class UsageError(SyndicateError):
    """The command was called in a way that makes no sense."""

    exit_code = 2


class ConfigError(SyndicateError):
    """The settings have faults; all of them are in `faults`."""

    exit_code = 78

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class InvalidItem(SyndicateError):
    """A file is no item; all its faults are in `faults`."""

    exit_code = 65

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class ImageUnusable(SyndicateError):
    """An image cannot be had, decoded or made small enough; the post goes out without it."""

    def __init__(self, ref: str, reason: str) -> None:
        super().__init__(f"{ref}: {reason}")
        self.ref = ref
        self.reason = reason


class CannotWrite(SyndicateError):
    """A file, folder or database cannot be written."""

    exit_code = 73

    def __init__(self, path: str, reason: str, remedy: str) -> None:
        super().__init__(f"{path}: {reason}; {remedy}")
        self.path = path
        self.reason = reason
        self.remedy = remedy


class StateLost(CannotWrite):
    """The state was removed or replaced while in use: nothing may be sent, as nothing could be kept of it."""


class AnotherInstance(SyndicateError):
    """Another process owns this state; `pid` and `since` name it where known."""

    exit_code = 75

    def __init__(self, path: str, pid: int | None, since: str | None) -> None:
        who = f"process {pid}, started {since}" if pid else "another process"
        super().__init__(
            f"{path}: {who}, is already publishing from this state; stop it first or use another `state.folder`"
        )
        self.path = path
        self.pid = pid
        self.since = since


class Stopped(SyndicateError):
    """Long work was ended before its time, as the process is to end."""

    exit_code = 130


class LostClaim(SyndicateError):
    """The delivery is no longer ours to write: its fence moved on."""


class NetworkError(SyndicateError):
    """A channel did not take a post; the subclass says what is proven.

    `spends_key`: whatever comes under the same key is given this answer again, so that it is of no more use.
    """

    exit_code = 69
    spends_key: bool = False


class Transient(NetworkError):
    """Proven not done (no byte left, or the network says so); worth another try with backoff."""


class RateLimited(NetworkError):
    """Proven not done; the network asks for silence until `until`; `is_app_wide`: of all of an app's accounts."""

    def __init__(self, message: str, until: datetime, *, is_app_wide: bool = False) -> None:
        super().__init__(message)
        self.until = until
        self.is_app_wide = is_app_wide


class Rejected(NetworkError):
    """Proven not done: the network read the post and refuses it; one with a picture is tried without.

    `is_stale_media` says that only the uploaded image is gone: compose again, then it may pass.
    """

    def __init__(self, message: str, *, is_stale_media: bool = False) -> None:
        super().__init__(message)
        self.is_stale_media = is_stale_media


class Duplicate(NetworkError):
    """Proven not done anew: the network says that the same post is there already.

    `remote_id` and `url` name that post where the network does.
    """

    def __init__(self, message: str, remote_id: str | None = None, url: str | None = None) -> None:
        super().__init__(message)
        self.remote_id = remote_id
        self.url = url


class Unauthorized(NetworkError):
    """Proven not done: the access is missing, expired or withdrawn."""


class Unknown(NetworkError):
    """The request may have been carried out: 5xx, time-out, reset, redirect or an unreadable success."""
