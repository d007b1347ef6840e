"""Scopes, runs and actions for the ledger's tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sage_operator.ledger import SqlLedger
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, Mode, Trigger
from sage_operator.sync.records import Action, OutcomeKind, RecordState, WriteOutcome
from sage_operator.sync.state import RunHeader, ScopeState, Settled

NOW = datetime(2026, 11, 23, 10, 0, 0, 123_457, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ACCOUNTS, CONTACTS, SALES = Entity
_OBJECTS = {"001": ACCOUNTS, "003": CONTACTS, "a0B": SALES}

HASHES = {"name": "hash-of-name", "phone": "hash-of-phone"}
PAYLOAD = {"name": "a-payload-value", "phone": "another-payload-value"}


def account_id(number: int) -> str:
    """Return the Salesforce id of an account, 18 characters."""
    return f"001{number:012d}AAA"


def contact_id(number: int) -> str:
    """Return the Salesforce id of a contact, 18 characters."""
    return f"003{number:012d}AAA"


def run_id(number: int) -> str:
    """Return something like a ULID, in the order of the numbers."""
    return f"01JDEMO{number:019d}"


def action(kind: ActionKind, sage_id: str, **changes: Any) -> Action:
    """Return an action; a write bears a payload and its hashes."""
    entity = _OBJECTS[sage_id[:3]]
    facts: dict[str, Any] = {"label": f"Label of {sage_id}"}
    if kind in {ActionKind.CREATE, ActionKind.UPDATE}:
        facts |= {"payload": PAYLOAD, "mapped_hash": "hash-of-all", "field_hashes": HASHES}
    return Action(kind=kind, entity=entity, sage_id=sage_id, **{**facts, **changes})


def create(sage_id: str, **changes: Any) -> Action:
    """Return a create."""
    return action(ActionKind.CREATE, sage_id, **changes)


def update(sage_id: str, target_id: int, **changes: Any) -> Action:
    """Return an update."""
    return action(ActionKind.UPDATE, sage_id, target_id=target_id, **changes)


def reject(sage_id: str, code: Code = Code.TOO_LONG, **changes: Any) -> Action:
    """Return a reject."""
    return action(ActionKind.REJECT, sage_id, code=code, message=f"It is {code}.", **changes)


def pending(sage_id: str, code: Code = Code.ACCOUNT_NOT_SYNCHRONIZED, **changes: Any) -> Action:
    """Return an action that waits."""
    return action(ActionKind.PENDING, sage_id, code=code, **changes)


def release(sage_id: str) -> Action:
    """Return a release."""
    return action(ActionKind.RELEASE, sage_id, message="Kept in ForceManager: no longer in scope.")


def unchanged(sage_id: str, **changes: Any) -> Action:
    """Return an action that has nothing to do."""
    return action(ActionKind.UNCHANGED, sage_id, **changes)


def outcome(of: Action, kind: OutcomeKind, target_id: int | None = None, message: str = "", **changes: Any) -> Settled:
    """Return how a write ended."""
    return Settled(
        action=of, outcome=WriteOutcome(key=of.sage_id, kind=kind, target_id=target_id, message=message), **changes
    )


@dataclass(kw_only=True)
class Bench:
    """A ledger with one scope and a run in it; calls with less to write."""

    ledger: SqlLedger
    scope: ScopeState
    run: str = run_id(1)
    at: datetime = NOW
    seen_by: str | None = None
    target_ids: dict[str, int] = field(default_factory=dict)

    @classmethod
    async def set_up(cls, ledger: SqlLedger, integration: str = "crm/acme", **scope: str) -> "Bench":
        """Begin a run of an integration in a scope."""
        number = len(await ledger.last_runs(integration, limit=1000)) + 1
        run = f"{run_id(number)}-{integration}"
        await ledger.begin_run(header(run, integration))
        facts = {"fingerprint": "org+tenant", "tenant": "tenant", **scope}
        opened = await ledger.open_scope(integration=integration, **facts)
        await ledger.assign_run(run, opened, mode=Mode.INCREMENTAL)
        return cls(ledger=ledger, scope=opened, run=run)

    async def intend(self, *actions: Action) -> None:
        """Stamp writes as sent."""
        await self.ledger.intend(self.run, self.scope, actions, at=self.at, seen_by=self.seen_by)

    async def settle(self, *settled: Settled) -> None:
        """Store outcomes."""
        await self.ledger.settle(self.run, self.scope, settled, at=self.at)

    async def note(self, *actions: Action) -> None:
        """Store what needs no call."""
        await self.ledger.note(self.run, self.scope, actions, at=self.at, seen_by=self.seen_by)

    async def write(self, *sage_ids: str, target_id: int = 1000, **changes: Any) -> None:
        """Claim, intend and settle creates that are done; ForceManager's ids count up."""
        creates = [create(sage_id, **changes) for sage_id in sage_ids]
        for entity in {of.entity for of in creates}:
            await self.ledger.claim(self.scope, entity, [of.sage_id for of in creates if of.entity is entity])
        await self.intend(*creates)
        await self.settle(*(outcome(of, OutcomeKind.DONE, target_id + n) for n, of in enumerate(creates)))

    async def state(self, sage_id: str) -> RecordState:
        """Return the state of one record."""
        return (await self.states(sage_id))[sage_id]

    async def states(self, *sage_ids: str) -> Mapping[str, RecordState]:
        """Return the states of records of one entity."""
        entity = _OBJECTS[sage_ids[0][:3]]
        return await self.ledger.known(self.scope, entity, sage_ids)

    async def due(self, entity: Entity = ACCOUNTS, now: datetime = NOW) -> list[str]:
        """Return what is due."""
        return list(await self.ledger.due(self.scope, entity, now=now))


def header(run: str, integration: str = "crm/acme", at: datetime = NOW) -> RunHeader:
    """Return a run that begins."""
    return RunHeader(id=run, integration=integration, trigger=Trigger.SCHEDULE, started_at=at)
