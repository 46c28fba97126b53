"""The database of the state and who works on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from syndicate.doctor.finding import Finding, Level

ABOUT = "state"


@dataclass(frozen=True, slots=True)
class Database:
    """What was read of the database.

    `schema` is the one it holds, `head` that of this version, `is_known` whether this version can bring it up.
    `faults`: what is not whole. `is_checked`: whether there was time to look at all of it. `trouble`: why it could not
    be read, and then nothing else is known; `remedy`: the way out, where that is not a backup. Of the items in
    `damaged` files what is kept cannot be read; so it is of those in `lost` ones, which are not there any more.
    """

    path: Path
    schema: str | None = None
    head: str = ""
    is_known: bool = True
    faults: tuple[str, ...] = ()
    is_checked: bool = True
    trouble: str = ""
    remedy: str = ""
    damaged: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def is_readable(self) -> bool:
        """Whether this version can read deliveries in it."""
        return not self.trouble and self.schema == self.head


def database_findings(database: Database | None) -> Iterator[Finding]:
    """Whether it is whole, and of the schema that this version reads; None: nothing was published yet."""
    if database is None:
        words = "nothing was published from here yet, so there is no database"
        yield Finding(Level.NOTE, "D-DATABASE", ABOUT, words, "`syndicate run` begins")
        return
    yield _whole(database)
    if not database.trouble:
        yield _schema(database)
    if database.is_readable:
        yield _items(database)


def lock_finding(pid: int | None, since: str | None) -> Finding:
    """Who publishes from this state."""
    if pid is None:
        words = "no publisher runs on this state"
        return Finding(Level.NOTE, "D-PUBLISHER", ABOUT, words, "`syndicate run` starts one", {"pid": None})
    facts = {"pid": pid, "since": since}
    return Finding(Level.OK, "D-PUBLISHER", ABOUT, f"process {pid} publishes since {since}", facts=facts)


def _whole(database: Database) -> Finding:
    remedy = "stop the publisher and put a backup in its place: `syndicate restore FILE`"
    if database.trouble:
        words = f"{database.path} cannot be read: {database.trouble}"
        return Finding(Level.PROBLEM, "D-DATABASE", ABOUT, words, database.remedy or remedy)
    if database.faults:
        words = f"{database.path} is damaged: {'; '.join(database.faults[:3])}"
        return Finding(Level.PROBLEM, "D-DATABASE", ABOUT, words, remedy, {"faults": list(database.faults)})
    if not database.is_checked:
        words = f"{database.path} can be read; it is too large to look at all of it in this time"
        remedy = f"sqlite3 {database.path} 'PRAGMA quick_check' looks at all of it"
        return Finding(Level.NOTE, "D-DATABASE", ABOUT, words, remedy)
    return Finding(Level.OK, "D-DATABASE", ABOUT, f"{database.path} is whole")


def _schema(database: Database) -> Finding:
    facts = {"schema": database.schema, "head": database.head}
    if database.schema == database.head:
        return Finding(Level.OK, "D-SCHEMA", ABOUT, f"schema {database.schema} is that of this version", facts=facts)
    if not database.is_known:
        words = f"schema {database.schema} was made by a newer version; this one knows {database.head} at most"
        return Finding(Level.PROBLEM, "D-SCHEMA", ABOUT, words, "use the newer version that wrote it", facts)
    words = f"schema {database.schema or 'none'} is older than that of this version ({database.head})"
    remedy = "call `syndicate migrate`, or start `run` or `once`, which do it on their own"
    return Finding(Level.WARNING, "D-SCHEMA", ABOUT, words, remedy, facts)


def _items(database: Database) -> Finding:
    """Whether what is kept of the items can be read: nothing is posted of others."""
    facts = {"damaged": list(database.damaged), "lost": list(database.lost)}
    if database.lost:
        words = f"what is kept of {_named(database.lost)} is damaged, and the file is gone"
        remedy = "bring it back, or the next pass takes it for withdrawn, and its posts go as `on_withdrawal` says"
        return Finding(Level.WARNING, "D-ITEMS", ABOUT, words, remedy, facts)
    if database.damaged:
        words = f"what is kept of {_named(database.damaged)} is damaged; nothing is posted of it until it is read again"
        remedy = (
            "the next pass of `run` or `once` reads the file again; what `syndicate check` says of it has to be mended"
        )
        return Finding(Level.WARNING, "D-ITEMS", ABOUT, words, remedy, facts)
    return Finding(Level.OK, "D-ITEMS", ABOUT, "what is kept of the items can be read", facts=facts)


def _named(paths: tuple[str, ...]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
