"""Doubts after a restore, and posts of ours that were seen on a network."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns of doubt and the table of sightings."""
    op.add_column("channels", sa.Column("doubted_since", sa.BigInteger))
    op.add_column("channels", sa.Column("doubted_until", sa.BigInteger))
    op.add_column("channels", sa.Column("doubt_due", sa.BigInteger))
    op.add_column("channels", sa.Column("doubt_readings", sa.Integer, nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("is_doubted", sa.Boolean, nullable=False, server_default="0"))
    op.create_table(
        "sightings",
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("link_key", sa.String, primary_key=True),
        sa.Column("remote_id", sa.String, nullable=False),
        sa.Column("remote_url", sa.String),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
