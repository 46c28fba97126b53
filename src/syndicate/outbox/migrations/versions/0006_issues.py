"""Digests: which issue a post is part of."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column, empty for all that was posted alone."""
    op.add_column("deliveries", sa.Column("issue", sa.String))
    op.create_index("deliveries_issue", "deliveries", ["issue"])
