"""The version of the ledger's tables."""

from sqlalchemy import Connection, inspect, text

from sage_operator.sync.errors import LedgerUnavailable

HEAD = "0005"
"""The newest migration. Revisions are numbers of four digits, each on top of the one before."""


def migrate(connection: Connection) -> None:
    """Bring the tables up to `HEAD`, in the transaction of the connection.

    Alembic is imported only if there is something to do: it costs 10 MiB and a good part of a second.

    Raises:
        LedgerUnavailable: a newer operator wrote this ledger, or it is no ledger.
    """
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if version == HEAD:
            return
        if version is not None and version > HEAD:
            raise LedgerUnavailable(
                f"The ledger was written by a newer operator: its schema is {version}, this one knows {HEAD}.",
                remedy="Run the newer version, or restore the ledger from a backup made before it.",
            )
    elif tables:
        raise LedgerUnavailable(
            "The database has tables but is no ledger.", remedy="Name another file for the ledger, it will be made."
        )
    from sage_operator.ledger._upgrade import upgrade  # noqa: PLC0415

    upgrade(connection)
