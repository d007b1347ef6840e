"""The tables of the ledger. `migrations` builds them step by step; a test holds both to be equal.

Of the values that are synchronised there are keyed hashes, of payloads the names of their fields. What people would
call personal data is the `label` of a record (so that a reject can be found) and ForceManager's own messages. What
figures are computed from is kept as it is: trade documents and credit limits, by account.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    and_,
    func,
    literal_column,
    or_,
)

from sage_operator.ledger._types import ExactJson, Json, UtcTime

metadata = MetaData()

scopes = Table(
    "scopes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("integration", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("hash_key", LargeBinary, nullable=False),
    Column("watermark", UtcTime),
    Column("digest", Text),
    # The scope that its integration works in now. Claims of a scope that is not active are free for anybody.
    Column("active", Boolean, nullable=False),
    Column("figures_as_of", Text),  # a date
    # What the company whose documents count was when they were last read.
    Column("company", Text),
    Column("currency", Text),
    Column("fiscal_start", Integer),
    UniqueConstraint("integration", "fingerprint", name="scopes_integration_fingerprint"),
)

passes = Table(
    "passes",
    metadata,
    Column("scope_id", ForeignKey("scopes.id"), primary_key=True),
    Column("id", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("as_of", UtcTime, nullable=False),
    Column("digest", Text, nullable=False),
    Column("cursors", Json, nullable=False),
    Column("finished", Json, nullable=False),
    Column("indexed", Boolean, nullable=False),
)

target_index = Table(
    "target_index",
    metadata,
    Column("scope_id", ForeignKey("scopes.id"), primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("ext_id", Text, primary_key=True),
    Column("target_id", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)

claims = Table(
    "claims",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("sage_id", Text, primary_key=True),
    # Who holds it, or held it last. The ForceManager id that a holder leaves behind is in its record.
    Column("scope_id", ForeignKey("scopes.id"), nullable=False),
    Column("released", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

records = Table(
    "records",
    metadata,
    Column("scope_id", ForeignKey("scopes.id"), primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("sage_id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("target_id", BigInteger),
    Column("parent_id", Text),
    Column("mapped_hash", Text),
    # By target. An empty hash says: it may have been written, with what is not known.
    Column("field_hashes", Json, nullable=False),
    Column("code", Text),
    Column("message", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", UtcTime),
    Column("unclear_since", UtcTime),
    # An account that came into ForceManager since the last complete run: its contacts are still to be read.
    Column("entered", Boolean, nullable=False),
    Column("seen_by", Text),
    Column("last_run_id", Text),
    Column("updated_at", UtcTime, nullable=False),
    Column("figures_hash", Text),
    Column("figure_hashes", Json, nullable=False, server_default="{}"),
    Column("rejected_since", UtcTime),  # the first of the rejects that nothing has settled yet
)


def word(text: str) -> ColumnElement[str]:
    """Return a literal: with a bound value in its place SQLite would not use a partial index."""
    return literal_column(f"'{text}'")


OPEN = or_(
    records.c.status.in_([word("Pending"), word("Error")]),
    and_(records.c.status == word("Synchronized"), records.c.mapped_hash.is_(None)),
    records.c.unclear_since.is_not(None),
    records.c.entered,
)
"""Records that a run may have to look at although Sage did not change them: few, found by an index of their own."""

Index(
    "records_open",
    records.c.scope_id,
    records.c.entity,
    records.c.sage_id,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)
LEFT_WITH_FIGURES = and_(
    records.c.status == word("NotSynchronized"),
    records.c.target_id.is_not(None),
    records.c.figure_hashes != word("{}"),
    func.coalesce(records.c.figures_hash, word("")) != word("left"),
)
"""Accounts that have left, and whose figures nobody has taken back: rarely any."""

Index(
    "records_left",
    records.c.scope_id,
    records.c.sage_id,
    sqlite_where=LEFT_WITH_FIGURES,
    postgresql_where=LEFT_WITH_FIGURES,
)
Index(
    "records_parent",
    records.c.scope_id,
    records.c.entity,
    records.c.parent_id,
    sqlite_where=records.c.parent_id.is_not(None),
    postgresql_where=records.c.parent_id.is_not(None),
)
# So that people find a record by what they know of it.
Index(
    "records_target",
    records.c.target_id,
    sqlite_where=records.c.target_id.is_not(None),
    postgresql_where=records.c.target_id.is_not(None),
)
Index("records_label", func.lower(records.c.label))

# How far streams of facts have been read: documents are no records, they have neither status nor outcome.
streams = Table(
    "streams",
    metadata,
    Column("scope_id", ForeignKey("scopes.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("watermark", UtcTime),
    Column("digest", Text),
    Column("load_id", Text),
    Column("load_as_of", UtcTime),
    Column("load_digest", Text),
    Column("load_cursor", Text),
    sqlite_with_rowid=False,
)

# Amounts are numbers in exact decimal notation without needless zeros, dates are ISO 8601: equal facts are equal texts.
documents = Table(
    "documents",
    metadata,
    Column("scope_id", ForeignKey("scopes.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("dated", Text, nullable=False),
    Column("due", Text),
    Column("net", Text, nullable=False),
    Column("total", Text, nullable=False),
    Column("paid", Text, nullable=False),
    Column("outstanding", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("paid_on", Text),
    Column("seen_by", Text),  # the load that saw it last
    sqlite_with_rowid=False,
)

UNPAID = documents.c.is_open == literal_column("1")

Index("documents_account", documents.c.account_id)
Index("documents_open", documents.c.scope_id, documents.c.id, sqlite_where=UNPAID, postgresql_where=UNPAID)

credit_limits = Table(
    "credit_limits",
    metadata,
    Column("scope_id", ForeignKey("scopes.id"), primary_key=True),
    Column("account_id", Text, primary_key=True),
    Column("amount", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Accounts whose figures may differ from what was written: their facts changed, or the date did.
figures_due = Table(
    "figures_due",
    metadata,
    Column("scope_id", ForeignKey("scopes.id"), primary_key=True),
    Column("account_id", Text, primary_key=True),
    sqlite_with_rowid=False,
)

# Documents whose sale may differ from what was written. No reference: that a document is gone is a reason, too.
sales_due = Table(
    "sales_due",
    metadata,
    Column("scope_id", ForeignKey("scopes.id"), primary_key=True),
    Column("document_id", Text, primary_key=True),
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),  # a ULID: in the order of time
    Column("integration", Text, nullable=False),
    Column("scope_id", ForeignKey("scopes.id")),
    Column("trigger", Text, nullable=False),
    Column("mode", Text),
    Column("started_at", UtcTime, nullable=False),
    Column("completed_at", UtcTime),
    Column("outcome", Text),
    Column("reason", Text),
    Column("message", Text),
    Column("counts", Json),
    Column("requests", Json),
    Column("data_as_of", UtcTime),
    # Neighbours that did nothing, and ended alike, are one row: the newest, which tells since when and how many.
    Column("first_at", UtcTime),
    Column("times", Integer, nullable=False, server_default="1"),
    sqlite_with_rowid=False,
)

Index("runs_integration", runs.c.integration, runs.c.id)
Index(
    "runs_open",
    runs.c.integration,
    sqlite_where=runs.c.outcome.is_(None),
    postgresql_where=runs.c.outcome.is_(None),
)

# What a run did with a record, one row a kind. After a crash a record is planned anew: a payload is kept only if the
# operator is told to (`--ledger-values`), for people who ask what a value was before.
actions = Table(
    "actions",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("sage_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("stage", Text, nullable=False),  # noted, sent, done, refused, unclear, unsent
    Column("target_id", BigInteger),
    Column("code", Text),
    Column("message", Text, nullable=False),
    Column("fields", Json, nullable=False),
    Column("sent_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("payload", ExactJson),
    sqlite_with_rowid=False,
)
