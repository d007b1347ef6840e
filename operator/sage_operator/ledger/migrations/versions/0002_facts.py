"""What figures are computed from: documents, credit limits, and whose figures are due."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and what was written of figures to the records."""
    op.add_column("scopes", sa.Column("figures_as_of", sa.Text))
    op.add_column("records", sa.Column("figures_hash", sa.Text))
    op.add_column("records", sa.Column("figure_hashes", sa.Text, nullable=False, server_default="{}"))
    op.create_table(
        "streams",
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("scopes.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("watermark", sa.BigInteger),
        sa.Column("digest", sa.Text),
        sa.Column("load_id", sa.Text),
        sa.Column("load_as_of", sa.BigInteger),
        sa.Column("load_digest", sa.Text),
        sa.Column("load_cursor", sa.Text),
        sqlite_with_rowid=False,
    )
    _make_documents()
    op.create_table(
        "credit_limits",
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("scopes.id"), primary_key=True),
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("amount", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "figures_due",
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("scopes.id"), primary_key=True),
        sa.Column("account_id", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )


def _make_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("scopes.id"), primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("dated", sa.Text, nullable=False),
        sa.Column("due", sa.Text),
        sa.Column("net", sa.Text, nullable=False),
        sa.Column("total", sa.Text, nullable=False),
        sa.Column("paid", sa.Text, nullable=False),
        sa.Column("outstanding", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("paid_on", sa.Text),
        sa.Column("seen_by", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_index("documents_account", "documents", ["account_id"])
    is_open = sa.text("is_open = 1")
    op.create_index("documents_open", "documents", ["scope_id", "id"], sqlite_where=is_open, postgresql_where=is_open)


def downgrade() -> None:
    """A ledger goes forward only; an older operator refuses it."""
    raise NotImplementedError("Restore the backup made before the upgrade.")
