"""Value lists that are read afresh in the course of a run, because a record refers to a row that they lack."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sage_operator.runner.ports import Ledger, Target
from sage_operator.sync.lookups import USERS, LookupTable, user_list
from sage_operator.sync.state import ScopeState
from sage_operator.sync.targets import ValueList


@dataclass(slots=True, kw_only=True)
class FreshLists:
    """The lists of one run that differ from those that it began with.

    The configuration digest is that of the lists at the beginning. Once one of them differs, some of the run's records
    are planned with the old list and some with the new one, and those that the run does not look at with the old one:
    no digest describes that. So the stored digest is dropped, before anything is planned with the new list, and the
    run stores none when it is complete. Whatever the lists are then, also if somebody has taken the change back, the
    next run plans all records anew, once: it begins with the new list in the cache, and stores the digest of it.

    Attributes:
        changed: by name, the lists as they are by now.
    """

    target: Target
    ledger: Ledger
    scope: ScopeState
    changed: dict[str, LookupTable] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def digest(self, at_beginning: str) -> str:
        """Return the digest to be stored with the watermark: that of no configuration if lists have changed."""
        return "" if self.changed else at_beginning

    async def read(self, names: Iterable[str], known: Mapping[str, LookupTable]) -> bool:
        """Read lists afresh, each once a run; returns whether one of them differs from what is known.

        Raises:
            SchemaMismatch: a list is gone.
            SyncError: ForceManager can't be reached.
        """
        asked = sorted(set(names) - self._asked)
        self._asked |= set(asked)
        found = {name: LookupTable.of(await self._fetch(name)) for name in asked}
        differing = {name: table for name, table in found.items() if table.values != known[name].values}
        if differing and not self.changed:
            await self.ledger.forget_digest(self.scope)
        self.changed |= differing
        return bool(differing)

    async def _fetch(self, name: str) -> ValueList:
        if name == USERS:
            return user_list(tuple(await self.target.users(fresh=True)))
        return await self.target.value_list(name, fresh=True)
