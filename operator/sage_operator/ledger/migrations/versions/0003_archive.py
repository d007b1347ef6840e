"""The archive: quiet runs folded, values on demand, records found by what people know of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and indexes."""
    op.add_column("records", sa.Column("rejected_since", sa.BigInteger))
    has_target = sa.text("target_id IS NOT NULL")
    op.create_index("records_target", "records", ["target_id"], sqlite_where=has_target, postgresql_where=has_target)
    op.create_index("records_label", "records", [sa.text("lower(label)")])
    op.add_column("runs", sa.Column("first_at", sa.BigInteger))
    op.add_column("runs", sa.Column("times", sa.Integer, nullable=False, server_default="1"))
    op.add_column("actions", sa.Column("payload", sa.Text))


def downgrade() -> None:
    """A ledger goes forward only; an older operator refuses it."""
    raise NotImplementedError("Restore the backup made before the upgrade.")
