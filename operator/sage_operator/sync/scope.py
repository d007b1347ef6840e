"""Which Sage records an integration synchronises, and how they are asked for.

The conditions are data here; `sage.soql` renders them. They are never evaluated by us: Sage alone says what is in
scope.
"""

from dataclasses import dataclass
from datetime import datetime

from sage_operator.sync.entities import Entity
from sage_operator.sync.where import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The accounts of an integration. `owner_ids` sorted, 18 characters; None means all accounts.

    Contacts are in scope when their account is. `where` restricts accounts further.
    """

    owner_ids: tuple[str, ...] | None
    where: Condition | None = None

    def watched(self, entity: Entity, sources: tuple[str, ...]) -> tuple[str, ...]:
        """Return the fields whose parents' changes can change a record, or whether it is in scope: sources, `where`.

        A contact follows its account into the scope and out of it.
        """
        if self.where is None or entity is not Entity.ACCOUNTS:
            return sources
        return (*sources, *self.where.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowQuery:
    """Rows in scope with their fields. All conditions that are set hold together.

    Attributes:
        sources: the Sage fields to read, dotted parents allowed.
        since: UTC; the row's stamp, or that of a parent in `sources`, is at or after it.
        after_id: only ids above it; rows then come in the order of their ids (the cursor of an interrupted pass).
        in_order: rows come in the order of their ids.
        ids: only these records.
        parent_ids: only contacts of these accounts.
    """

    entity: Entity
    scope: Scope
    sources: tuple[str, ...]
    since: datetime | None = None
    after_id: str | None = None
    in_order: bool = False
    ids: tuple[str, ...] | None = None
    parent_ids: tuple[str, ...] | None = None
