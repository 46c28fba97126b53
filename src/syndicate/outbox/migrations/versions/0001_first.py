"""The first schema: items, files, channels, deliveries, events, tokens, marks.

The tables are spelt out here and not taken from `schema`, which moves on with later migrations.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    _make_content_tables()
    _make_delivery_tables()
    op.create_table(
        "tokens",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "marks", sa.Column("name", sa.String, primary_key=True), sa.Column("value", sa.Text, nullable=False)
    )


def _make_content_tables() -> None:
    op.create_table(
        "items",
        sa.Column("item_id", sa.String, primary_key=True),
        sa.Column("revision", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("link_key", sa.String, nullable=False, index=True),
        sa.Column("is_withdrawn", sa.Boolean, nullable=False),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "files",
        sa.Column("path", sa.String, primary_key=True),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("inode", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("image", sa.String, nullable=False),
        sa.Column("item_id", sa.String, index=True),
        sa.Column("snapshot", sa.Text),
        sa.Column("skipped", sa.String),
        sa.Column("faults", sa.Text),
    )


def _make_delivery_tables() -> None:
    op.create_table(
        "channels",
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("cools_until", sa.BigInteger),
        sa.Column("last_sent", sa.BigInteger),
    )
    op.create_table(
        "deliveries",
        sa.Column("uid", sa.String, primary_key=True),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("item_id", sa.String, nullable=False, index=True),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("revision", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("readings", sa.Integer, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("is_unclear", sa.Boolean, nullable=False),
        sa.Column("is_key_spent", sa.Boolean, nullable=False),
        sa.Column("key", sa.String),
        sa.Column("payload", sa.LargeBinary),
        sa.Column("frozen_at", sa.BigInteger),
        sa.Column("first_sent_at", sa.BigInteger),
        sa.Column("remote_id", sa.String),
        sa.Column("remote_url", sa.String),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("owner", sa.String),
        sa.Column("fence", sa.Integer, nullable=False),
    )
    op.create_index("deliveries_due", "deliveries", ["channel", "state", "origin", "due"])
    op.create_table(
        "events",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("uid", sa.String, nullable=False, index=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
    )
