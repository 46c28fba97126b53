"""Runs a migration over the connection that the database hands in."""

from alembic import context

from syndicate.outbox.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
