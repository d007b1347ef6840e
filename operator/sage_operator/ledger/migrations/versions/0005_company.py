"""The company whose documents count, told beside the operator without asking Sage; who has left with figures."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add its name, base currency and first month of its fiscal year to the scopes, and an index."""
    op.add_column("scopes", sa.Column("company", sa.Text))
    op.add_column("scopes", sa.Column("currency", sa.Text))
    op.add_column("scopes", sa.Column("fiscal_start", sa.Integer))
    left = sa.text(
        "status = 'NotSynchronized' AND target_id IS NOT NULL AND figure_hashes != '{}'"
        " AND coalesce(figures_hash, '') != 'left'"
    )
    op.create_index("records_left", "records", ["scope_id", "sage_id"], sqlite_where=left, postgresql_where=left)


def downgrade() -> None:
    """A ledger goes forward only; an older operator refuses it."""
    raise NotImplementedError("Restore the backup made before the upgrade.")
