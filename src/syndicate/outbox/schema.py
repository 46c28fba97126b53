"""Tables of the outbox, as SQLAlchemy Core; the migrations make them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

from syndicate.outbox import moments


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds (see `moments`)."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To microseconds."""
        return moments.kept(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From microseconds."""
        return moments.read(value)


metadata = MetaData()

items = Table(
    "items",
    metadata,
    Column("item_id", String, primary_key=True),
    Column("revision", String, nullable=False),
    Column("path", String, nullable=False),
    Column("link_key", String, nullable=False, index=True),
    Column("is_withdrawn", Boolean, nullable=False),
    Column("first_seen", Moment, nullable=False),
)

files = Table(
    "files",
    metadata,
    Column("path", String, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("digest", String, nullable=False),
    Column("image", String, nullable=False),
    Column("item_id", String, index=True),
    Column("packed", LargeBinary),
    Column("published", Moment),
    Column("slug", String),
    Column("skipped", String),
    Column("faults", Text),
)

channels = Table(
    "channels",
    metadata,
    Column("channel", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("doubted_since", Moment),
    Column("doubted_until", Moment),
    Column("doubt_due", Moment),
    Column("doubt_readings", Integer, nullable=False, server_default="0"),
)

rests = Table(
    "rests",
    metadata,
    Column("scope", String, primary_key=True),
    Column("why", String, primary_key=True),
    Column("until", Moment, nullable=False),
    Column("words", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("noted_at", Moment, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("uid", String, primary_key=True),
    Column("channel", String, nullable=False),
    Column("account", String, nullable=False),
    Column("item_id", String, nullable=False, index=True),
    Column("action", String, nullable=False),
    Column("revision", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("origin", String, nullable=False),
    Column("due", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("readings", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("is_unclear", Boolean, nullable=False),
    Column("is_key_spent", Boolean, nullable=False),
    Column("key", String),
    Column("payload", LargeBinary),
    Column("frozen_at", Moment),
    Column("first_sent_at", Moment),
    Column("remote_id", String),
    Column("remote_url", String),
    Column("sent_at", Moment),
    Column("owner", String),
    Column("fence", Integer, nullable=False),
    Column("topics", Text, nullable=False, server_default=""),
    Column("owed_since", Moment),
    Column("issue", String),
    Index("deliveries_issue", "issue"),
    Column("batch", String, index=True),
    Column("is_doubted", Boolean, nullable=False, server_default="0"),
    Column("code", String, nullable=False, server_default="other"),
    Column("snapshot", Text),
    Index("deliveries_due", "channel", "state", "action", "origin", "due"),
    Index("deliveries_sent", "channel", "sent_at"),
)

sightings = Table(
    "sightings",
    metadata,
    Column("channel", String, primary_key=True),
    Column("account", String, primary_key=True),
    Column("link_key", String, primary_key=True),
    Column("remote_id", String, nullable=False),
    Column("remote_url", String),
    Column("at", Moment, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("uid", String, nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("code", String, nullable=False, server_default="other"),
)

batches = Table(
    "batches",
    metadata,
    Column("name", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("words", Text, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("name", String, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("kept_at", Moment, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

hubs = Table(
    "hubs",
    metadata,
    Column("hub", String, primary_key=True),
    Column("rests_until", Moment),
    Column("accepted_at", Moment),
    Column("error", Text),
    Column("failed_at", Moment),
)

pings = Table(
    "pings",
    metadata,
    Column("hub", String, primary_key=True),
    Column("topic", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("told", String),
    Column("due", Moment, nullable=False),
    Column("failures", Integer, nullable=False),
)
