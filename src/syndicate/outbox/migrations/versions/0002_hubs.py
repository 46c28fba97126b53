"""Hubs and what they are owed: for each feed document the digest that stands and the one they were told of."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "hubs",
        sa.Column("hub", sa.String, primary_key=True),
        sa.Column("rests_until", sa.BigInteger),
        sa.Column("accepted_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column("failed_at", sa.BigInteger),
    )
    op.create_table(
        "pings",
        sa.Column("hub", sa.String, primary_key=True),
        sa.Column("topic", sa.String, primary_key=True),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("told", sa.String),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
    )
