"""The company whose documents count: who reads the ledger beside the operator need not ask Sage."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add its name, base currency and first month of its fiscal year to the scopes."""
    op.add_column("scopes", sa.Column("company", sa.Text))
    op.add_column("scopes", sa.Column("currency", sa.Text))
    op.add_column("scopes", sa.Column("fiscal_start", sa.Integer))


def downgrade() -> None:
    """A ledger goes forward only; an older operator refuses it."""
    raise NotImplementedError("Restore the backup made before the upgrade.")
