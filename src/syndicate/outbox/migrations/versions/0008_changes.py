"""Changes of posts: the item as it was when it left, for what is said of it afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the snapshot."""
    op.add_column("deliveries", sa.Column("snapshot", sa.Text))
