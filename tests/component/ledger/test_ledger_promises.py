"""A small operator and a small CRM around the ledger, led through random lives.

Two integrations write the same records into one tenant, have their calls refused or cut, are killed, deleted and
applied again, while records leave and somebody deletes in the CRM. After each step three promises hold: nothing is
there twice, what counts as synchronized is there as the ledger says, and what is not as wanted comes back.
"""

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sage_operator.ledger import SqlLedger
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, RecordStatus
from sage_operator.sync.records import Action, OutcomeKind, RecordState
from sage_operator.sync.state import Claim

from .examples import (
    ACCOUNTS,
    MINUTE,
    NOW,
    Bench,
    account_id,
    create,
    outcome,
    pending,
    reject,
    release,
    unchanged,
    update,
)

NAMES = ("crm/acme", "crm/other")
IDS = tuple(map(account_id, range(3)))
VERSIONS = ("v1", "v2")


@dataclass
class Crm:
    """Live records of the one tenant: extId and content by id."""

    records: dict[int, tuple[str, str]] = field(default_factory=dict)
    next_id: int = 100

    def find(self, ext_id: str) -> list[int]:
        """Return the records that bear an extId."""
        return [number for number, (bears, _) in self.records.items() if bears == ext_id]

    def carry_out(self, action: Action) -> int | None:
        """Do what an action asks for; returns the record's id, None if it is gone."""
        number = action.target_id
        if number is None:
            number = self.next_id
            self.next_id += 1
        elif number not in self.records:
            return None
        self.records[number] = (action.sage_id, action.mapped_hash or "")
        return number


class Life:
    """One life. `wanted` is what each integration last planned, `sent` what is under way."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        """Begin with nothing."""
        self.path = path
        self.chance = chance
        self.ledger: SqlLedger
        self.crm = Crm()
        self.benches: dict[str, Bench] = {}
        self.wanted: dict[tuple[str, str], str] = {}
        self.sent: dict[tuple[str, str], Action] = {}

    async def live(self, steps: int) -> None:
        """Take random steps, runs more often than disasters, and check the promises after each."""
        weights = {
            self.plan: 40,
            self.settle: 40,
            self.look_up: 8,
            self.leave: 4,
            self.tamper: 2,
            self.complete: 2,
            self.delete: 4,
            self.kill: 8,
        }
        self.ledger = await SqlLedger.open(self.path, clock=lambda: NOW)
        try:
            for step in self.chance.choices(list(weights), list(weights.values()), k=steps):
                name = self.chance.choice(NAMES)
                bench = self.benches.get(name)
                if bench is None and self.chance.random() < 0.15:  # deleted ones stay so for some time
                    bench = await self.apply(name)
                if bench is not None:
                    await step(bench, name)
                    await self.check()
        finally:
            await self.ledger.aclose()

    async def apply(self, name: str) -> Bench:
        """Let the first run of an integration begin, or the first after a kill."""
        self.benches[name] = bench = await Bench.set_up(self.ledger, name)
        await self.ledger.recover(bench.scope, at=NOW)
        return bench

    async def plan(self, bench: Bench, name: str) -> None:
        """A run plans rows of Sage as the real plan does, and sends what is to be written."""
        ids = [sage_id for sage_id in self.chance.sample(IDS, 2) if (name, sage_id) not in self.sent]
        version = self.chance.choice(VERSIONS)
        states = await self.ledger.known(bench.scope, ACCOUNTS, ids)
        claims = await self.ledger.claim(bench.scope, ACCOUNTS, ids)
        actions = [_decide(sage_id, version, states.get(sage_id), claims[sage_id]) for sage_id in ids]
        await bench.note(*(action for action in actions if not action.is_write))
        await bench.intend(*(action for action in actions if action.is_write))
        for action in actions:
            self.wanted[name, action.sage_id] = version
            if action.is_write:
                self.sent[name, action.sage_id] = action
            if action.kind is ActionKind.CREATE:
                assert not self.crm.find(action.sage_id), "it would be there twice"

    async def settle(self, bench: Bench, name: str) -> None:
        """The outcome of a call is told and recorded."""
        ids = [sage_id for of, sage_id in self.sent if of == name]
        if not ids:
            return
        action = self.sent.pop((name, self.chance.choice(ids)))
        kind = self.chance.choice([kind for kind in OutcomeKind if kind is not OutcomeKind.UNKNOWN_ID])
        number = None
        if kind is OutcomeKind.DONE or (kind is OutcomeKind.UNCLEAR and self.chance.random() < 0.5):
            number = self.crm.carry_out(action)
        if kind is OutcomeKind.DONE and number is None:
            kind = OutcomeKind.UNKNOWN_ID
        await bench.settle(outcome(action, kind, number if kind is OutcomeKind.DONE else None))

    async def look_up(self, bench: Bench, name: str) -> None:
        """A run asks the CRM what became of unclear creates, none of which is under way."""
        unclear = await self.ledger.unclear(bench.scope, ACCOUNTS)
        ids = [state.sage_id for state in unclear if (name, state.sage_id) not in self.sent]
        found = {sage_id: min(self.crm.find(sage_id), default=None) for sage_id in ids}
        await self.ledger.resolve(bench.scope, ACCOUNTS, found)

    async def leave(self, bench: Bench, name: str) -> None:
        """A record leaves the scope."""
        sage_id = self.chance.choice(IDS)
        if (name, sage_id) not in self.sent and sage_id in await self.states(bench):
            await bench.note(release(sage_id))

    async def tamper(self, _bench: Bench, _name: str) -> None:
        """Somebody deletes a record in the CRM."""
        for number in self.crm.find(self.chance.choice(IDS)):
            del self.crm.records[number]

    async def complete(self, bench: Bench, _name: str) -> None:
        """A run is complete."""
        await self.ledger.complete(bench.scope, watermark=NOW, digest="d")

    async def delete(self, _bench: Bench, name: str) -> None:
        """The integration is deleted; if it is applied again, the next step does."""
        self._lose_outcomes(name)
        await self.ledger.release_integration(name)
        del self.benches[name]

    async def kill(self, _bench: Bench, _name: str) -> None:
        """The process is killed and comes back; all integrations run again."""
        await self.ledger.aclose()
        self.ledger = await SqlLedger.open(self.path, clock=lambda: NOW)
        for name in list(self.benches):
            self._lose_outcomes(name)
            await self.apply(name)

    def _lose_outcomes(self, name: str) -> None:
        """Nothing of what is under way is recorded, whether it took effect or not."""
        for key in [key for key in self.sent if key[0] == name]:
            action = self.sent.pop(key)
            if self.chance.random() < 0.5:
                self.crm.carry_out(action)

    async def states(self, bench: Bench) -> Mapping[str, RecordState]:
        """Return all states of a scope."""
        return await self.ledger.known(bench.scope, ACCOUNTS, IDS)

    async def check(self) -> None:
        """Check the promises."""
        ext_ids = [ext_id for ext_id, _ in self.crm.records.values()]
        assert len(ext_ids) == len(set(ext_ids)), "nothing is there twice"
        believed: list[str] = []
        for name, bench in self.benches.items():
            due = await bench.due(now=NOW + MINUTE)
            for sage_id, state in (await self.states(bench)).items():
                there = self.crm.records.get(state.target_id or 0)
                if state.status is RecordStatus.SYNCHRONIZED:
                    believed.append(sage_id)
                    assert state.target_id is not None
                    assert there is None or state.mapped_hash is None or there == (sage_id, state.mapped_hash)
                assert (
                    there == (sage_id, self.wanted.get((name, sage_id)))
                    or sage_id in due
                    or state.unclear_since is not None
                    or state.status is RecordStatus.NOT_SYNCHRONIZED
                    or (name, sage_id) in self.sent
                    # Somebody deleted it there: only a write of it finds out.
                    or (state.target_id is not None and there is None)
                ), "what is not as wanted comes back"
        assert len(believed) == len(set(believed)), "one integration at most knows a record"


def _decide(sage_id: str, version: str, state: RecordState | None, claim: Claim) -> Action:
    """Decide as the plan does, with the version as the hash of all that is mapped."""
    facts: dict[str, Any] = {"mapped_hash": version, "field_hashes": {"name": version}, "retry_at": NOW}
    if not claim.mine:
        return reject(sage_id, Code.CLAIMED_BY_OTHER, retry_at=NOW)
    if state is not None and state.unclear_since is not None:
        return pending(sage_id, Code.UNCLEAR_OUTCOME)
    target_id = (state and state.target_id) or claim.target_id
    if target_id is None:
        return create(sage_id, **facts)
    if state is not None and state.status is not RecordStatus.NOT_SYNCHRONIZED and state.mapped_hash == version:
        return unchanged(sage_id)
    return update(sage_id, target_id, **facts)


@pytest.mark.parametrize("seed", range(4))
async def test_the_promises_hold_through_a_life(path: Path, seed: int) -> None:
    """Whatever happens, in whatever order."""
    await Life(path, random.Random(seed)).live(steps=250)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(100))
async def test_the_promises_hold_through_many_lives(path: Path, number: int) -> None:
    """The same, for long."""
    seed = os.environ.get("SAGE_OPERATOR_TEST_SEED", "0")
    await Life(path, random.Random(f"{seed} {number}")).live(steps=1000)
