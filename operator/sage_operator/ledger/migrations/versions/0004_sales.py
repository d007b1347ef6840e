"""Whose sales are due: documents whose sale may differ from what was written."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "sales_due",
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("scopes.id"), primary_key=True),
        sa.Column("document_id", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """A ledger goes forward only; an older operator refuses it."""
    raise NotImplementedError("Restore the backup made before the upgrade.")
