"""A world to plan in: records in Sage, a ledger as the ports describe it, and ForceManager's accounts.

What the plan promises is judged by `written`, which is kept here from what was sent, never from the plan's own hashes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import Enum, auto

from sage_operator.sync.context import PlanContext
from sage_operator.sync.entities import ActionKind, RecordStatus
from sage_operator.sync.plan import Knowledge, plan
from sage_operator.sync.records import Action, RecordState, Scalar, SourceRow

from .sync_examples import NOW


class Fate(Enum):
    """What becomes of a call."""

    DONE = auto()
    LOST_BEFORE = auto()  # the operator never learns the outcome: it did not take effect
    LOST_AFTER = auto()  # nor here, but it did
    REFUSED = auto()


class World:
    """Everything that a plan reads and changes.

    Attributes:
        crm: ForceManager's records by id; a field that is empty is absent.
        written: by record, the mapped values that ForceManager surely has from us; None if that is not known.
        maybe: by record, the targets into which we have written a value that we may not have cleared.
        theirs: by record and target, values that are not ours to clear: others wrote them, or they left the map.
    """

    def __init__(self) -> None:
        """Begin with nothing on either side."""
        self.rows: dict[str, SourceRow] = {}
        self.states: dict[str, RecordState] = {}
        self.crm: dict[int, dict[str, Scalar]] = {}
        self.written: dict[str, dict[str, Scalar] | None] = {}
        self.maybe: dict[str, set[str]] = {}
        self.theirs: dict[tuple[str, str], Scalar] = {}

    def plan(self, context: PlanContext, rows: Iterable[SourceRow] | None = None) -> tuple[Action, ...]:
        """Plan what is in scope."""
        return plan(self.rows.values() if rows is None else rows, Knowledge(states=self.states, claims={}), context)

    def carry_out(self, actions: Iterable[Action], context: PlanContext, fate: Callable[[Action], Fate]) -> None:
        """Write and record the actions of a plan."""
        mapped = {compiled.rule.target for compiled in context.rules}
        for action in actions:
            if action.is_write:
                self._write(action, mapped, fate(action))
            elif action.kind is ActionKind.UNCHANGED:
                self._see(action, mapped)
            else:
                self._wait(action)

    def settle_unclear(self) -> None:
        """Look unclear creates up, as a later run does."""
        by_ext_id = {fields["extId"]: number for number, fields in self.crm.items()}
        for sage_id, state in self.states.items():
            if state.unclear_since is not None:
                found = by_ext_id.get(sage_id)
                self.states[sage_id] = replace(
                    state,
                    target_id=found,
                    field_hashes=state.field_hashes if found else {},
                    unclear_since=None,
                    code=None,
                )

    def release(self, sage_id: str) -> None:
        """Let a record leave the scope; ForceManager keeps it."""
        del self.rows[sage_id]
        state = self.states.get(sage_id)
        if state is not None:
            self.states[sage_id] = replace(state, status=RecordStatus.NOT_SYNCHRONIZED, mapped_hash=None, code=None)
            self.written[sage_id] = None

    def record_of(self, sage_id: str) -> dict[str, Scalar] | None:
        """Return ForceManager's record of a row, None if there is none; never two."""
        (record, *more) = [fields for fields in self.crm.values() if fields["extId"] == sage_id] or [None]
        assert not more, f"{sage_id} is in ForceManager twice"
        return record

    def _write(self, action: Action, mapped: set[str], fate: Fate) -> None:
        """Intend, call, settle."""
        sage_id = action.sage_id
        state = self.states.get(sage_id) or RecordState(sage_id=sage_id, status=RecordStatus.PENDING)
        creates = action.kind is ActionKind.CREATE
        intended = replace(
            state,
            status=RecordStatus.PENDING,
            target_id=action.target_id,
            mapped_hash=None,
            field_hashes=dict.fromkeys([*state.field_hashes, *action.field_hashes], ""),
            unclear_since=NOW if creates else None,
        )
        if fate in {Fate.DONE, Fate.LOST_AFTER}:
            number = action.target_id or max(self.crm, default=100) + 1
            self._apply(number, action.payload)
        self._remember(action, mapped, fate)
        if fate is Fate.DONE:
            intended = replace(
                intended,
                status=RecordStatus.SYNCHRONIZED,
                target_id=number,
                mapped_hash=action.mapped_hash,
                field_hashes=action.field_hashes,
                unclear_since=None,
                code=None,
                attempts=0,
            )
        elif fate is Fate.REFUSED:
            kept: Mapping[str, str] = {} if creates else intended.field_hashes
            intended = replace(intended, status=RecordStatus.ERROR, unclear_since=None, field_hashes=kept)
        self.states[sage_id] = intended

    def _apply(self, number: int, payload: Mapping[str, Scalar]) -> None:
        record = self.crm.setdefault(number, {}) | dict(payload)
        self.crm[number] = {name: value for name, value in record.items() if value is not None}

    def _remember(self, action: Action, mapped: set[str], fate: Fate) -> None:
        """Keep account of what we wrote, by what was sent alone."""
        sage_id, sent = action.sage_id, {t: v for t, v in action.payload.items() if t in mapped}
        maybe = self.maybe.setdefault(sage_id, set())
        for target in (t for t, v in sent.items() if v is not None):
            self.theirs.pop((sage_id, target), None)  # a value of Sage takes its place, now or when it is sent again
        if fate is Fate.DONE:
            known = self.written.get(sage_id) or {}
            now = {t: v for t, v in {**known, **sent}.items() if v is not None and t in mapped}
            self.written[sage_id] = now
            self._let_go(sage_id, maybe - mapped)
            self.maybe[sage_id] = set(now)
        elif action.kind is ActionKind.UPDATE or fate is Fate.LOST_AFTER:
            self.written[sage_id] = None
            maybe |= {t for t, v in sent.items() if v is not None}

    def _see(self, action: Action, mapped: set[str]) -> None:
        """Note an unchanged record; targets that have left the map are forgotten."""
        state = self.states[action.sage_id]
        if action.field_hashes:
            state = replace(state, mapped_hash=action.mapped_hash, field_hashes=action.field_hashes)
        self.states[action.sage_id] = replace(state, status=RecordStatus.SYNCHRONIZED, code=None)
        known = self.written[action.sage_id]
        assert known is not None, "unchanged, though what ForceManager has is not known"
        self.written[action.sage_id] = {t: v for t, v in known.items() if t in mapped}
        self._let_go(action.sage_id, self.maybe[action.sage_id] - mapped)
        self.maybe[action.sage_id] &= mapped

    def _let_go(self, sage_id: str, targets: set[str]) -> None:
        """Leave what has left the map to others: whose value it is can't be known when it comes back."""
        record = self.record_of(sage_id) or {}
        self.theirs.update({(sage_id, target): record[target] for target in targets if target in record})

    def _wait(self, action: Action) -> None:
        state = self.states.get(action.sage_id) or RecordState(sage_id=action.sage_id, status=RecordStatus.PENDING)
        status = RecordStatus.ERROR if action.kind is ActionKind.REJECT else RecordStatus.PENDING
        self.states[action.sage_id] = replace(state, status=status, code=action.code, attempts=state.attempts + 1)
