"""What Alembic runs: the migrations, on the connection and in the transaction that the ledger hands over."""

from alembic import context

from sage_operator.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
