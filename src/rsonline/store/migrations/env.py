"""Alembic's entry: runs the migrations on the connection that `store.migrate` hands over, in its transaction."""

from alembic import context

from rsonline.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
)
context.run_migrations()
