"""The parse index in a third of the room: items packed, and beside them what is asked for."""

import json
import zlib
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TOGETHER = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    """Pack each item; its text goes."""
    op.add_column("files", sa.Column("packed", sa.LargeBinary))
    op.add_column("files", sa.Column("published", sa.BigInteger))
    op.add_column("files", sa.Column("slug", sa.String))
    connection = op.get_bind()
    find = "SELECT path, snapshot FROM files WHERE path > :last AND snapshot IS NOT NULL ORDER BY path LIMIT :most"
    write = sa.text("UPDATE files SET packed = :packed, published = :published, slug = :slug WHERE path = :path")
    last = ""
    while found := connection.execute(sa.text(find), {"last": last, "most": _TOGETHER}).all():
        connection.execute(write, [_packed(path, text) for path, text in found])
        last = found[-1][0]
    with op.batch_alter_table("files") as files:
        files.drop_column("snapshot")


def _packed(path: str, text: str) -> dict[str, object]:
    told = json.loads(text)
    published = (datetime.fromisoformat(told["published"]) - _EPOCH) // timedelta(microseconds=1)
    return {
        "path": path,
        "packed": zlib.compress(text.encode(), 1),
        "published": published,
        "slug": told.get("slug", ""),
    }
