"""The ledger's port in memory: each call is one transaction, as the port's docstrings promise."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, Mode, RecordStatus
from sage_operator.sync.errors import SyncError
from sage_operator.sync.payments.sales import STREAM
from sage_operator.sync.records import Action, OutcomeKind, RecordState, TargetRow
from sage_operator.sync.state import (
    Claim,
    Pass,
    RejectGroup,
    RunHeader,
    RunRecord,
    RunResult,
    ScopeState,
    Settled,
    Summary,
)

from .life import Life
from .memory_facts import FactsOnDisk, MemoryFacts
from .memory_records import Key, Record, after_write, intended, is_due, noted, resolved
from .memory_sales import MemorySales

_INTERRUPTED = RunResult(
    outcome="Interrupted",
    reason="Interrupted",
    message="",
    mode=None,
    completed_at=datetime.min,  # noqa: DTZ901 - nobody reads it
    counts={},
    requests={},
)


@dataclass(slots=True)
class Disk:
    """What outlives a process."""

    scopes: dict[tuple[str, str], ScopeState] = field(default_factory=dict)
    records: dict[Key, Record] = field(default_factory=dict)
    sent: dict[tuple[str, Key], Action] = field(default_factory=dict)
    claims: set[Key] = field(default_factory=set)
    index: dict[Key, set[int]] = field(default_factory=dict)
    facts: FactsOnDisk = field(default_factory=FactsOnDisk)
    runs: dict[str, RunRecord] = field(default_factory=dict)
    modes: dict[str, Mode] = field(default_factory=dict)
    released: list[str] = field(default_factory=list)
    history: list[tuple[str, ActionKind, str]] = field(default_factory=list)

    @property
    def scope(self) -> ScopeState:
        """The only scope."""
        (state,) = self.scopes.values()
        return state

    def of(self, scope: ScopeState) -> ScopeState:
        """Return a scope as it is now."""
        return next(value for value in self.scopes.values() if value.id == scope.id)

    def put(self, scope: ScopeState) -> None:
        """Store a scope."""
        key = next(key for key, value in self.scopes.items() if value.id == scope.id)
        self.scopes[key] = scope


class MemoryLedger(MemoryFacts, MemorySales):
    """The ledger of one process. `broken` is raised by every call while it is set."""

    def __init__(self, disk: Disk, life: Life) -> None:
        """Open it."""
        self.disk = disk
        self.facts = disk.facts
        self.records = disk.records
        self.broken: SyncError | None = None
        self._life = life

    async def _begin(self) -> None:
        await self._life.moment()
        if self.broken is not None:
            raise self.broken

    async def _moment(self) -> None:
        await self._life.moment()

    def state_of(self, entity: Entity, sage_id: str) -> RecordState | None:
        """Return what the ledger knows of a record."""
        record = self.disk.records.get((entity, sage_id))
        return None if record is None else record.state

    def account_ids(self) -> Iterable[str]:
        """Return all accounts that the ledger knows."""
        return [sage_id for entity, sage_id in self.disk.records if entity is Entity.ACCOUNTS]

    async def begin_run(self, header: RunHeader) -> None:
        """Store a run."""
        await self._begin()
        for run_id, run in self.disk.runs.items():
            if run.result is None and run.header.integration == header.integration:
                self.disk.runs[run_id] = replace(run, result=_INTERRUPTED)
        self.disk.runs[header.id] = RunRecord(header=header, result=None)
        await self._life.moment()

    async def open_scope(self, *, integration: str, fingerprint: str, tenant: str) -> ScopeState:
        """Find or make a scope."""
        await self._begin()
        made = ScopeState(id=len(self.disk.scopes) + 1, hash_key=b"a key of one scope", tenant=tenant)
        state = self.disk.scopes.setdefault((integration, fingerprint), made)
        await self._life.moment()
        return replace(state, figures_as_of=self.facts.as_of)

    async def recover(self, scope: ScopeState, *, at: datetime) -> int:
        """Close what was sent without an outcome."""
        await self._begin()
        for _, key in (left := list(self.disk.sent)):
            record = self.disk.records[key]
            if record.state.unclear_since is not None:
                record.state = replace(record.state, unclear_since=at)
        self.disk.sent.clear()
        await self._life.moment()
        assert scope.id
        return len(left)

    async def assign_run(self, run_id: str, scope: ScopeState, *, mode: Mode) -> None:
        """Note a run's mode."""
        await self._begin()
        assert scope.id
        self.disk.modes[run_id] = mode

    async def end_run(self, run_id: str, result: RunResult) -> None:
        """Store a run's end."""
        await self._begin()
        self.disk.runs[run_id] = replace(self.disk.runs[run_id], result=result)
        await self._life.moment()

    async def begin_pass(self, scope: ScopeState, started: Pass) -> None:
        """Begin a pass."""
        await self._begin()
        self.disk.index.clear()
        self.disk.put(replace(self.disk.of(scope), unfinished=started))
        await self._life.moment()

    async def save_pass(self, scope: ScopeState, progress: Pass) -> None:
        """Store a pass."""
        await self._begin()
        now = self.disk.of(scope)
        assert now.unfinished is not None
        assert now.unfinished.id == progress.id
        self.disk.put(replace(now, unfinished=replace(progress, digest=now.unfinished.digest)))
        await self._life.moment()

    async def complete(self, scope: ScopeState, *, watermark: datetime, digest: str) -> None:
        """Move the watermark."""
        await self._begin()
        now = self.disk.of(scope)
        later = max(watermark, now.watermark or watermark)
        self.disk.put(replace(now, watermark=later, digest=digest, unfinished=None))
        self.disk.index.clear()
        for record in self.disk.records.values():
            if record.state.status is RecordStatus.SYNCHRONIZED:
                record.entered = False
        await self._life.moment()

    async def forget_digest(self, scope: ScopeState) -> None:
        """Drop the digests."""
        await self._begin()
        now = self.disk.of(scope)
        unfinished = replace(now.unfinished, digest="") if now.unfinished is not None else None
        self.disk.put(replace(now, digest=None, unfinished=unfinished))
        await self._life.moment()

    async def begin_anew(self, integration: str) -> None:
        """Forget what was written last, and how far everything has come."""
        await self._begin()
        for key, scope in self.disk.scopes.items():
            if key[0] == integration:
                self.disk.scopes[key] = replace(scope, watermark=None, digest=None, unfinished=None)
        self.disk.index.clear()
        self.facts.as_of = None
        self.facts.streams.pop(STREAM, None)
        for record in self.disk.records.values():
            state = record.state
            record.state = replace(
                state,
                mapped_hash=None,
                field_hashes=dict.fromkeys(state.field_hashes, ""),
                figures_hash=None,
                figure_hashes=dict.fromkeys(state.figure_hashes, ""),
            )
        await self._life.moment()

    async def prefer_index(self, _scope: ScopeState, entity: Entity) -> None:
        """Forget ids that the index contradicts."""
        await self._begin()
        for key, record in self.disk.records.items():
            if (
                key[0] is entity
                and record.state.target_id is not None
                and record.state.target_id not in self.disk.index.get(key, {record.state.target_id})
            ):
                record.state = replace(record.state, target_id=None, mapped_hash=None, figures_hash=None)
        await self._life.moment()

    async def known(self, _scope: ScopeState, entity: Entity, ids: Iterable[str]) -> Mapping[str, RecordState]:
        """Return states."""
        await self._begin()
        return {i: self.disk.records[entity, i].state for i in ids if (entity, i) in self.disk.records}

    async def claim(self, _scope: ScopeState, entity: Entity, ids: Iterable[str]) -> Mapping[str, Claim]:
        """Claim for the only integration there is."""
        await self._begin()
        ids = tuple(ids)
        self.disk.claims |= {(entity, i) for i in ids}
        await self._life.moment()
        return {i: Claim(mine=True, holder="crm/acme") for i in ids}

    async def add_to_index(self, _scope: ScopeState, entity: Entity, rows: Sequence[TargetRow]) -> None:
        """Add to the index."""
        await self._begin()
        for row in rows:
            self.disk.index.setdefault((entity, row.ext_id), set()).add(row.id)
        await self._life.moment()

    async def indexed(self, _scope: ScopeState, entity: Entity, ids: Iterable[str]) -> Mapping[str, tuple[int, ...]]:
        """Look into the index."""
        await self._begin()
        return {i: tuple(sorted(self.disk.index[entity, i])) for i in ids if (entity, i) in self.disk.index}

    def _record(self, action: Action) -> Record:
        key = (action.entity, action.sage_id)
        blank = RecordState(sage_id=action.sage_id, status=RecordStatus.PENDING)
        record = self.disk.records.setdefault(key, Record(state=blank))
        if action.kind is not ActionKind.RELEASE:
            record.state = replace(record.state, parent_id=action.parent_id)
            record.label = action.label
        return record

    async def note(
        self, run_id: str, _scope: ScopeState, actions: Sequence[Action], *, at: datetime, seen_by: str | None
    ) -> None:
        """Store what needs no call."""
        await self._begin()
        assert at.tzinfo is not None
        for action in actions:
            self.disk.history.append((run_id, action.kind, action.sage_id))
            if action.figures_hash is not None:
                self._store_figures(action)
            if action.figures_only:
                continue
            record = self._record(action)
            record.state = noted(record.state, action)
            record.message = action.message
            if action.kind is ActionKind.RELEASE:
                record.entered = False
                if action.entity is Entity.ACCOUNTS:
                    self.facts.forget(action.sage_id)
                self.disk.claims.discard((action.entity, action.sage_id))
                continue  # what a released sale was due for may be that it belongs to another account
            record.seen_by = seen_by or record.seen_by
            self._sale_is_told(action)
        await self._life.moment()

    async def intend(
        self, run_id: str, _scope: ScopeState, actions: Sequence[Action], *, at: datetime, seen_by: str | None
    ) -> None:
        """Stamp writes as sent."""
        await self._begin()
        for action in actions:
            self.disk.sent[run_id, (action.entity, action.sage_id)] = action
            self._intend_figures(action)
            self._sale_is_told(action)
            if action.figures_only:
                continue
            record = self._record(action)
            synchronized = record.state.status is RecordStatus.SYNCHRONIZED
            record.state = intended(record.state, action, at=at)
            if action.kind is ActionKind.DELETE:
                continue
            if action.entity is Entity.ACCOUNTS and (action.kind is ActionKind.CREATE or not synchronized):
                record.entered = True
            record.seen_by = seen_by or record.seen_by
        await self._life.moment()

    def _intend_figures(self, action: Action) -> None:
        """Figures may have been written from here on, and a created record has none."""
        if action.figures_hash is not None:
            self.facts.due.add(action.sage_id)
        elif action.kind is not ActionKind.CREATE:
            return
        record = self._record(action)
        last = record.state.figure_hashes if action.kind is ActionKind.UPDATE else ()
        hashes = dict.fromkeys([*last, *action.figure_hashes], "")
        record.state = replace(record.state, figures_hash=None, figure_hashes=hashes)

    def _store_figures(self, action: Action) -> None:
        """Figures are written, or were found to be so."""
        record = self.disk.records[action.entity, action.sage_id]
        record.state = replace(record.state, figures_hash=action.figures_hash, figure_hashes=dict(action.figure_hashes))
        self.facts.due.discard(action.sage_id)

    async def settle(self, run_id: str, _scope: ScopeState, settled: Sequence[Settled], *, at: datetime) -> None:
        """Store outcomes."""
        await self._begin()
        assert at.tzinfo is not None
        for item in settled:
            action = item.action
            key = (action.entity, action.sage_id)
            del self.disk.sent[run_id, key]
            record = self.disk.records[key]
            record.state = after_write(record.state, item)
            record.message = item.outcome.message
            if action.kind is ActionKind.DELETE and item.outcome.kind is OutcomeKind.DONE:
                self.disk.claims.discard(key)
            if item.outcome.kind is OutcomeKind.DONE and action.figures_hash is not None:
                self._store_figures(action)
            self.disk.history.append((run_id, action.kind, action.sage_id))
        await self._life.moment()

    async def unclear(self, _scope: ScopeState, entity: Entity) -> Sequence[RecordState]:
        """Return unclear creates."""
        await self._begin()
        return [r.state for (e, _), r in self.disk.records.items() if e is entity and r.state.unclear_since is not None]

    async def resolve(self, _scope: ScopeState, entity: Entity, found: Mapping[str, int | None]) -> None:
        """Store what became of unclear creates."""
        await self._begin()
        for sage_id, target_id in found.items():
            record = self.disk.records[entity, sage_id]
            record.state = resolved(record.state, target_id)
        await self._life.moment()

    async def due(self, _scope: ScopeState, entity: Entity, *, now: datetime) -> Sequence[str]:
        """Return what is to be read whatever its stamp."""
        await self._begin()
        return sorted(i for (e, i), r in self.disk.records.items() if e is entity and is_due(r.state, now))

    async def unseen(self, _scope: ScopeState, entity: Entity, *, seen_by: str, limit: int) -> Sequence[str]:
        """Return records that a pass has not seen."""
        await self._begin()
        found = (
            i for (e, i), r in self.disk.records.items() if e is entity and r.state.is_ours and r.seen_by != seen_by
        )
        return sorted(found)[:limit]

    async def entered(self, _scope: ScopeState) -> Sequence[str]:
        """Return accounts that came into ForceManager."""
        await self._begin()
        return sorted(
            i
            for (_, i), r in self.disk.records.items()
            if r.entered and r.state.is_ours and r.state.target_id is not None
        )

    async def children(self, _scope: ScopeState, entity: Entity, parent_ids: Iterable[str]) -> Sequence[str]:
        """Return contacts or sales of accounts."""
        await self._begin()
        parents = set(parent_ids)
        return sorted(
            i
            for (e, i), r in self.disk.records.items()
            if e is entity and r.state.is_ours and r.state.parent_id in parents
        )

    async def summary(self, _scope: ScopeState) -> Summary:
        """Count."""
        await self._begin()
        records: dict[Entity, Counter[RecordStatus]] = {entity: Counter() for entity in Entity}
        codes: dict[Code, list[Record]] = {}
        for (entity, _), record in self.disk.records.items():
            records[entity][record.state.status] += 1
            if record.state.status is RecordStatus.ERROR and record.state.code is not None:
                codes.setdefault(record.state.code, []).append(record)
        groups = [
            RejectGroup(code=code, count=len(found), message=found[-1].message, example=found[-1].label)
            for code, found in codes.items()
        ]
        return Summary(records=records, rejects=tuple(sorted(groups, key=lambda group: -group.count)[:5]))

    async def last_runs(self, integration: str, *, limit: int) -> Sequence[RunRecord]:
        """Return the newest runs."""
        await self._begin()
        runs = [run for run in self.disk.runs.values() if run.header.integration == integration]
        return sorted(runs, key=lambda run: run.header.id, reverse=True)[:limit]

    async def release_integration(self, integration: str) -> None:
        """Release all claims."""
        await self._begin()
        self.disk.released.append(integration)
        self.disk.claims.clear()
