"""What pacing needs: topics and age of what is owed, when posts were made, and until when channels rest."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Rests of their own in place of two columns of `channels`; a wish for silence is kept."""
    op.create_table(
        "rests",
        sa.Column("scope", sa.String, primary_key=True),
        sa.Column("why", sa.String, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("noted_at", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO rests (scope, why, until, words, failures, noted_at) "
        "SELECT 'account ' || account, 'limit', max(cools_until), '', 0, max(first_seen) "
        "FROM channels WHERE cools_until IS NOT NULL GROUP BY account"
    )
    op.drop_column("channels", "cools_until")
    op.drop_column("channels", "last_sent")
    op.add_column("deliveries", sa.Column("topics", sa.Text, nullable=False, server_default=""))
    op.add_column("deliveries", sa.Column("owed_since", sa.BigInteger))
    op.drop_index("deliveries_due", "deliveries")
    op.create_index("deliveries_due", "deliveries", ["channel", "state", "action", "origin", "due"])
    op.create_index("deliveries_sent", "deliveries", ["channel", "sent_at"])
