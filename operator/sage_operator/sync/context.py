"""Everything that planning the records of one entity needs besides the records: compiled once a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sage_operator.sync.compiling import CompiledRule
from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import WhenEmpty
from sage_operator.sync.lookups import LookupTable
from sage_operator.sync.records import SourceRow
from sage_operator.sync.users import Associations, ForceManagerUser


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContext:
    """What the plan of one entity rests on.

    Attributes:
        rules: the effective map.
        lists: by name, the value lists that the map looks values up in.
        branch_id: of created records; None where the tenant's schema of the entity has no branch.
        read_only: records are marked as not editable in ForceManager.
        reassign: the sales rep follows the owner in Sage after creation too.
        hash_key: secret of the ledger's scope.
        now: `T`, UTC; rejects are put off from it.
        targets: all mapped targets.
        cleared: those that are cleared whoever wrote them (`Clear`).
        left: those that an update may leave as they are (`Keep`, and what is written on creation only).
    """

    entity: Entity
    rules: tuple[CompiledRule, ...]
    lists: Mapping[str, LookupTable]
    users: Associations
    branch_id: int | None
    read_only: bool
    reassign: bool
    hash_key: bytes
    now: datetime
    targets: frozenset[str] = field(init=False)
    cleared: frozenset[str] = field(init=False)
    left: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the targets by what becomes of them."""
        rules = [compiled.rule for compiled in self.rules]
        cleared = {r.target for r in rules if r.when_empty is WhenEmpty.CLEAR and not r.only_on_create}
        left = {rule.target for rule in rules if rule.only_on_create or rule.when_empty is WhenEmpty.KEEP}
        object.__setattr__(self, "targets", frozenset(rule.target for rule in rules))
        object.__setattr__(self, "cleared", frozenset(cleared))
        object.__setattr__(self, "left", frozenset(left))

    def with_lists(self, anew: Mapping[str, LookupTable]) -> "PlanContext":
        """Return the context with some of its lists as they are by now.

        Constants and defaults stay those that were found when the map was fitted.
        """
        return replace(self, lists={**self.lists, **anew}) if anew else self

    @property
    def sources(self) -> tuple[str, ...]:
        """The Sage fields to read, sorted."""
        return tuple(sorted({path for compiled in self.rules for path in compiled.sources}))

    @property
    def reads_user(self) -> bool:
        """Tell whether an expression reads the associated user."""
        return any(root == "user" for c in self.rules if c.expression is not None for root, _ in c.expression.paths)

    def user_of(self, row: SourceRow) -> ForceManagerUser | None:
        """Return the user of the row's owner, or for a contact whose owner has none that of its account's owner."""
        by_sage = self.users.by_sage
        return by_sage.get(row.owner_id) or (by_sage.get(row.parent_owner_id) if row.parent_owner_id else None)
