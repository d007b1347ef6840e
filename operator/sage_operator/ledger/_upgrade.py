"""Running Alembic by program. Import this only if there is something to migrate."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).with_name("migrations")


def config(connection: Connection) -> Config:
    """Return Alembic's configuration for a connection."""
    result = Config()
    result.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    result.attributes["connection"] = connection
    return result


def upgrade(connection: Connection) -> None:
    """Apply the migrations that the database lacks, all or none."""
    if connection.dialect.name == "sqlite":
        # The driver begins transactions before writes only, not before a CREATE TABLE.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    command.upgrade(config(connection), "head")
