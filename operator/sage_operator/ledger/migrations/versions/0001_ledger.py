"""Scopes, claims, records, runs and actions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "scopes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("integration", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("hash_key", sa.LargeBinary, nullable=False),
        sa.Column("watermark", sa.BigInteger),
        sa.Column("digest", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.UniqueConstraint("integration", "fingerprint", name="scopes_integration_fingerprint"),
    )
    op.create_table(
        "passes",
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("scopes.id"), primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("cursors", sa.Text, nullable=False),
        sa.Column("finished", sa.Text, nullable=False),
        sa.Column("indexed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "target_index",
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("scopes.id"), primary_key=True),
        sa.Column("entity", sa.Text, primary_key=True),
        sa.Column("ext_id", sa.Text, primary_key=True),
        sa.Column("target_id", sa.BigInteger, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "claims",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("entity", sa.Text, primary_key=True),
        sa.Column("sage_id", sa.Text, primary_key=True),
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("scopes.id"), nullable=False),
        sa.Column("released", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )
    _make_records()
    _make_runs()


def _make_records() -> None:
    op.create_table(
        "records",
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("scopes.id"), primary_key=True),
        sa.Column("entity", sa.Text, primary_key=True),
        sa.Column("sage_id", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("target_id", sa.BigInteger),
        sa.Column("parent_id", sa.Text),
        sa.Column("mapped_hash", sa.Text),
        sa.Column("field_hashes", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("retry_at", sa.BigInteger),
        sa.Column("unclear_since", sa.BigInteger),
        sa.Column("entered", sa.Boolean, nullable=False),
        sa.Column("seen_by", sa.Text),
        sa.Column("last_run_id", sa.Text),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    is_open = sa.text(
        "status IN ('Pending', 'Error') OR status = 'Synchronized' AND mapped_hash IS NULL"
        " OR unclear_since IS NOT NULL OR entered = 1"
    )
    op.create_index(
        "records_open",
        "records",
        ["scope_id", "entity", "sage_id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    has_parent = sa.text("parent_id IS NOT NULL")
    op.create_index(
        "records_parent",
        "records",
        ["scope_id", "entity", "parent_id"],
        sqlite_where=has_parent,
        postgresql_where=has_parent,
    )


def _make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("integration", sa.Text, nullable=False),
        sa.Column("scope_id", sa.Integer, sa.ForeignKey("scopes.id")),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.Column("mode", sa.Text),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("completed_at", sa.BigInteger),
        sa.Column("outcome", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("counts", sa.Text),
        sa.Column("requests", sa.Text),
        sa.Column("data_as_of", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("runs_integration", "runs", ["integration", "id"])
    is_running = sa.text("outcome IS NULL")
    op.create_index("runs_open", "runs", ["integration"], sqlite_where=is_running, postgresql_where=is_running)
    op.create_table(
        "actions",
        sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("entity", sa.Text, primary_key=True),
        sa.Column("sage_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("target_id", sa.BigInteger),
        sa.Column("code", sa.Text),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """There is nothing before."""
    raise NotImplementedError("The ledger has no earlier schema.")
