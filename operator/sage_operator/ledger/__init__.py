"""State and archive: what was written under which id, and every run and action."""

from sage_operator.ledger.archive import Archive, ArchivedAction, ArchivedFacts, ArchivedRecord
from sage_operator.ledger.ledger import SqlLedger

__all__ = ["Archive", "ArchivedAction", "ArchivedFacts", "ArchivedRecord", "SqlLedger"]
