from collections.abc import Sequence
from typing import Any

import pytest

from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import LedgerUnavailable
from sage_operator.sync.records import OutcomeKind, WriteItem

ACCOUNTS = Entity.ACCOUNTS
DONE, UNCLEAR, NOT_SENT = OutcomeKind.DONE, OutcomeKind.UNCLEAR, OutcomeKind.NOT_SENT


class Intents:
    """Remembers what it was told of, and checks that it was not sent by then."""

    def __init__(self, crm: Any) -> None:
        """Take the tenant that is written to."""
        self.crm = crm
        self.told: list[list[str]] = []
        self.fails_from: int | None = None

    async def __call__(self, items: Sequence[WriteItem]) -> None:
        """Take the items of a request that is about to be sent."""
        if self.fails_from is not None and len(self.told) >= self.fails_from:
            raise LedgerUnavailable("The disk is full.")
        stored = self.crm.stored()
        assert not [item.key for item in items if item.key in stored], "sent before it was told of"
        self.told.append([item.key for item in items])


@pytest.fixture
def intents(crm: Any) -> Intents:
    """The intents of a run."""
    return Intents(crm)


async def test_each_request_is_told_of_before_it_is_sent(crm: Any, intents: Intents) -> None:
    """The probe with its one record, then the batches; each record once."""
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(450), intend=intents))
    assert told.kinds == {DONE: 450}
    assert sorted(len(keys) for keys in intents.told) == [1, 49, 200, 200]
    assert sorted(key for keys in intents.told for key in keys) == sorted(told.outcomes)


async def test_records_that_go_alone_are_told_of_alone(crm: Any, intents: Intents) -> None:
    """An intent never covers a record that waits."""
    crm.control.configure(bulk_refused={"accounts.bulkCreate": 404})
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(10), intend=intents))
    assert told.kinds == {DONE: 10}
    assert {len(keys) for keys in intents.told} == {1}


async def test_a_request_that_is_repeated_is_told_of_once(crm: Any, intents: Intents) -> None:
    """429 and an expired session change nothing."""
    target = crm.connect()
    await target.identify()
    crm.control.expire_sessions()
    crm.control.add_fault(operation="accounts.create", status=429, times=2)
    assert (await crm.tell(target.create(ACCOUNTS, crm.make(1), intend=intents))).kinds == {DONE: 1}
    assert intents.told == [["a0"]]


async def test_what_was_not_told_of_was_not_sent(crm: Any, intents: Intents) -> None:
    """The call stops in the middle: all that is unclear was told of, and nothing else was."""
    target = crm.connect()
    await crm.tell(target.create(ACCOUNTS, crm.make(2, "z")))
    crm.control.add_fault(operation="accounts.bulkCreate", status=500)
    told = await crm.tell(target.create(ACCOUNTS, crm.make(4000), intend=intents))
    unclear = {key for key, outcome in told.outcomes.items() if outcome.kind is UNCLEAR}
    assert unclear == {key for keys in intents.told for key in keys}
    assert told.kinds.keys() == {UNCLEAR, NOT_SENT}


async def test_without_an_intent_on_disk_nothing_is_sent(crm: Any, intents: Intents) -> None:
    """The ledger fails after the probe: the rest has the outcome that it was not sent, and the cause is raised."""
    intents.fails_from = 1
    told = await crm.tell(crm.connect().create(ACCOUNTS, crm.make(450), intend=intents))
    assert isinstance(told.error, LedgerUnavailable)
    assert told.kinds == {DONE: 1, NOT_SENT: 449}
    assert crm.stored().keys() == {"a0"}
