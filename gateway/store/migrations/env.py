"""Alembic's entry: runs the migrations on the connection that `gateway.store.engine.migrate` holds."""

from __future__ import annotations

from alembic import context

from gateway.store.migrations.ours import is_ours
from gateway.store.schema import keep_floor
from gateway.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=is_ours,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
    keep_floor(context.config.attributes["connection"])
