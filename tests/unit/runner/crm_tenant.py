"""ForceManager in memory: a tenant that people edit, and the port that a run writes it by."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sage_operator.runner.ports import Intend
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import System, Unavailable
from sage_operator.sync.records import OutcomeKind, Scalar, TargetRow, WriteItem, WriteOutcome
from sage_operator.sync.targets import FieldKind, ListRow, TargetField, TargetSchema, ValueList
from sage_operator.sync.users import ForceManagerUser

from .life import Clock, Life

LATE = timedelta(seconds=30)
"""After so long a create that was in flight when its sender gave up may still take effect."""

MADRID = 7
TEXTS = {
    Entity.ACCOUNTS: ("name", "phone", "comment"),
    Entity.CONTACTS: ("firstName", "lastName", "comment"),
}

FIGURES = {
    "Z_Status": FieldKind.TEXT,
    "Z_Outstanding": FieldKind.DECIMAL,
    "Z_Overdue": FieldKind.TEXT,
    "Z_Documents": FieldKind.INTEGER,
    "Z_LastPayment": FieldKind.DATE,
    "Z_CreditLimit": FieldKind.DECIMAL,
}
"""Fields that this tenant has added to its accounts."""

Verdict = OutcomeKind | str
"""How a write goes: an outcome; `lost` (unclear, it took effect), `late` (unclear, it will), `down` (no answer)."""


@dataclass(slots=True)
class Tenant:
    """Live records by entity and id."""

    clock: Clock
    records: dict[Entity, dict[int, dict[str, Scalar]]] = field(
        default_factory=lambda: {entity: {} for entity in Entity}
    )
    late: list[tuple[datetime, Entity, Mapping[str, Scalar]]] = field(default_factory=list)
    writes: Counter[str] = field(default_factory=Counter)
    inactive: set[int] = field(default_factory=set)
    _last_id: int = 1000

    def add(self, entity: Entity, data: Mapping[str, Scalar]) -> int:
        """Create a record."""
        self._last_id += 1
        self.records[entity][self._last_id] = dict(data)
        return self._last_id

    def catch_up(self) -> None:
        """Let requests that were still in flight take effect."""
        ripe = [item for item in self.late if item[0] <= self.clock.now]
        self.late = [item for item in self.late if item[0] > self.clock.now]
        for _, entity, data in ripe:
            self.add(entity, data)

    def bearing(self, entity: Entity, ext_id: str) -> list[int]:
        """Return the ids of the live records that bear an `extId`."""
        return [i for i, data in self.records[entity].items() if data.get("extId") == ext_id]


class MemoryTarget:
    """One run's view of a tenant. `judge` says how each write goes; without it all go well."""

    def __init__(
        self,
        tenant: Tenant,
        life: Life,
        *,
        judge: Callable[[Entity, WriteItem], Verdict] = lambda *_: OutcomeKind.DONE,
        dies_late: bool = False,
        group: int = 2,
    ) -> None:
        """Begin a run. `dies_late`: a create whose sender dies before the answer takes effect later."""
        self.requests = 0
        self.open_streams = 0
        self.calls: list[tuple[str, Entity, tuple[str, ...]]] = []
        self.found: list[str] = []
        self.indexes: list[Entity] = []
        self.in_hand = 0
        self.most_in_hand = 0
        self._tenant = tenant
        self._life = life
        self._judge = judge
        self._dies_late = dies_late
        self._group = group

    async def _call(self) -> None:
        self.requests += 1
        await self._life.moment()
        self._tenant.catch_up()

    async def identify(self) -> str:
        """Reach the tenant."""
        await self._call()
        return "1/2020-01-01"

    async def users(self, *, fresh: bool = False) -> Sequence[ForceManagerUser]:
        """Return the three reps."""
        del fresh
        return tuple(
            ForceManagerUser(
                id=i, email=f"{name}@acme.example", nickname=name, name=name, active=i not in self._tenant.inactive
            )
            for i, name in ((51, "ana"), (52, "ben"), (53, "eve"))
        )

    async def value_list(self, name: str, *, fresh: bool = False) -> ValueList:
        """Return the branches."""
        del fresh
        return ValueList(name=name, rows=(ListRow(id=MADRID, labels=frozenset({"Madrid"})),))

    async def schema(self, entity: Entity, *, fresh: bool = False) -> TargetSchema:
        """Return the fields."""
        del fresh
        texts = {name: TargetField(name=name, kind=FieldKind.TEXT) for name in TEXTS[entity]}
        own = {name: TargetField(name=name, kind=kind) for name, kind in FIGURES.items()}
        return TargetSchema(fields={**texts, **(own if entity is Entity.ACCOUNTS else {})}, lists_custom_fields=True)

    async def index(self, entity: Entity) -> AsyncIterator[Sequence[TargetRow]]:
        """Page through live records; a page without an `extId` is empty."""
        self.indexes.append(entity)
        self.open_streams += 1
        try:
            for i, data in sorted(self._tenant.records[entity].items(), reverse=True):
                await self._call()
                yield (TargetRow(id=i, ext_id=str(data["extId"])),) if "extId" in data else ()
        finally:
            self.open_streams -= 1

    async def find(self, entity: Entity, ext_ids: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
        """Find live records."""
        await self._call()
        self.found += ext_ids
        found = {ext_id: tuple(self._tenant.bearing(entity, ext_id)) for ext_id in ext_ids}
        await self._life.moment()
        return {ext_id: ids for ext_id, ids in found.items() if ids}

    async def create(
        self, entity: Entity, items: Sequence[WriteItem], *, intend: Intend
    ) -> AsyncGenerator[Sequence[WriteOutcome], None]:
        """Create records, a few at a time."""
        async with aclosing(self._write("create", entity, items, self._create, intend)) as groups:
            async for outcomes in groups:
                yield outcomes

    async def update(
        self, entity: Entity, items: Sequence[WriteItem], *, intend: Intend
    ) -> AsyncGenerator[Sequence[WriteOutcome], None]:
        """Change records, a few at a time."""
        async with aclosing(self._write("update", entity, items, self._update, intend)) as groups:
            async for outcomes in groups:
                yield outcomes

    async def delete(
        self, entity: Entity, items: Sequence[WriteItem], *, intend: Intend
    ) -> AsyncGenerator[Sequence[WriteOutcome], None]:
        """Delete records, a few at a time."""
        async with aclosing(self._write("delete", entity, items, self._delete, intend)) as groups:
            async for outcomes in groups:
                yield outcomes

    async def _write(
        self,
        method: str,
        entity: Entity,
        items: Sequence[WriteItem],
        effect: Callable[[Entity, WriteItem, Verdict], WriteOutcome],
        intend: Intend,
    ) -> AsyncGenerator[Sequence[WriteOutcome], None]:
        self.calls.append((method, entity, tuple(item.key for item in items)))
        self.open_streams += 1
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        try:
            for start in range(0, len(items), self._group):
                group = items[start : start + self._group]
                await intend(group)
                await self._send(method, entity, group)
                verdicts = [self._judge(entity, item) for item in group]
                if "down" in verdicts:
                    raise Unavailable(System.FORCE_MANAGER, "ForceManager answered 503.")
                outcomes = [effect(entity, item, verdict) for item, verdict in zip(group, verdicts, strict=True)]
                await self._life.moment()
                yield outcomes
        finally:
            self.open_streams -= 1
            self.in_hand -= 1

    async def _send(self, method: str, entity: Entity, group: Sequence[WriteItem]) -> None:
        alive = not self._life.dead
        try:
            await self._call()
        finally:
            if alive and self._life.dead and self._dies_late and method == "create":
                self._tenant.late += [(self._tenant.clock.now + LATE, entity, item.data) for item in group]

    def _create(self, entity: Entity, item: WriteItem, verdict: Verdict) -> WriteOutcome:
        assert item.target_id is None
        assert item.data["extId"] == item.key
        if verdict == "late":
            self._tenant.late.append((self._tenant.clock.now + LATE, entity, item.data))
        elif verdict in (OutcomeKind.DONE, "lost"):
            self._tenant.writes[item.key] += 1
            target_id = self._tenant.add(entity, item.data)
            if verdict is OutcomeKind.DONE:
                return WriteOutcome(key=item.key, kind=OutcomeKind.DONE, target_id=target_id)
        return _told(item, verdict)

    def _update(self, entity: Entity, item: WriteItem, verdict: Verdict) -> WriteOutcome:
        assert item.target_id is not None
        record = self._tenant.records[entity].get(item.target_id)
        if record is None:
            return WriteOutcome(key=item.key, kind=OutcomeKind.UNKNOWN_ID)
        if verdict in (OutcomeKind.DONE, "lost"):
            self._tenant.writes[item.key] += 1
            record.update(item.data)
        return _told(item, verdict)

    def _delete(self, entity: Entity, item: WriteItem, verdict: Verdict) -> WriteOutcome:
        assert item.target_id is not None
        if verdict in (OutcomeKind.DONE, "lost") and self._tenant.records[entity].pop(item.target_id, None) is not None:
            self._tenant.writes[item.key] += 1
        return _told(item, verdict)


def _told(item: WriteItem, verdict: Verdict) -> WriteOutcome:
    kind = OutcomeKind.UNCLEAR if verdict in ("lost", "late") else OutcomeKind(verdict)
    return WriteOutcome(key=item.key, kind=kind, message="Refused." if kind is OutcomeKind.REFUSED else "")
