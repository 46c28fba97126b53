"""Backfills by name: what state each is in, and which deliveries belong to it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table; what was planned by a backfill before belongs to none."""
    op.create_table(
        "batches",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
    )
    op.add_column("deliveries", sa.Column("batch", sa.String))
    op.create_index("ix_deliveries_batch", "deliveries", ["batch"])
