"""Reasons as codes, beside the words: of deliveries and of events.

Words were all there was before: this is the one place that judges by them, and by the beginnings that were written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_BEGINNINGS = (
    ("new", "new"),
    ("backfill", "backfill"),
    ("edited after", "edited"),
    ("baseline", "baseline"),
    ("filtered", "filtered"),
    ("too old", "too_old"),
    ("same link as ", "same_link"),
    ("withdrawn", "withdrawn"),
    ("flood guard", "flood"),
    ("marked", "marked"),
    ("expired", "expired"),
    ("over the pace", "overflow"),
    ("another store", "other_store"),
    ("target changed", "other_account"),
    ("unknown outcome", "unknown_outcome"),
    ("cannot be composed", "cannot_compose"),
    ("gave up after", "gave_up"),
    ("dropped by the operator", "dropped"),
    ("intent", "intent"),
    ("not found yet", "not_found_yet"),
    ("not found among", "not_found"),
    ("its publisher stopped", "stopped"),
    ("sent again by the operator", "send_again"),
    ("accepted", "accepted"),
    ("found by reading back", "found"),
    ("is there, told", "told"),
)


def upgrade() -> None:
    """Add the codes, and tell them for what stands there from how its words begin."""
    for table in ("deliveries", "events"):
        op.add_column(table, sa.Column("code", sa.String, nullable=False, server_default="other"))
        row = sa.table(table, sa.column("code"), sa.column("reason"), sa.column("state"))
        codes = [(row.c.reason.startswith(words), code) for words, code in _BEGINNINGS]
        codes.append((row.c.state == "failed", "refused"))
        op.execute(row.update().values(code=sa.case(*codes, else_="other")))
