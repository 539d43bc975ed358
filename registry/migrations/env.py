"""Alembic's entry: it runs inside the transaction of the connection that the registry hands in."""

from alembic import context

from registry.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, transactional_ddl=True)
context.run_migrations()
