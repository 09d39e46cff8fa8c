"""Run by Alembic for each command; the connection, and its transaction, are `database.py`'s."""

from alembic import context

from central.receiver.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite's too: our transactions begin before the first statement
    render_as_batch=True,  # SQLite changes a column by making its table anew
)
with context.begin_transaction():
    context.run_migrations()
