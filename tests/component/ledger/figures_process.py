"""Stores documents and writes figures from them until it is killed, and says after each call what is on disk.

Run as a program: the ledger's path, the first value. Each round gives all documents of all accounts the next value.
"""

import asyncio
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

from sage_operator.ledger import SqlLedger
from sage_operator.sync.entities import ActionKind, Entity, Trigger
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.records import Action, OutcomeKind, WriteOutcome
from sage_operator.sync.state import RunHeader, Settled

ACCOUNTS = [f"001{number:012d}AAA" for number in range(20)]
DOCUMENTS = 3


def documents(value: int) -> list[Document]:
    """Return the documents of a round."""
    return [
        Document(
            id=f"a0B{place * 10 + number:012d}AAA",
            account_id=account,
            type="Sales Invoice",
            number="",
            dated=date(2026, 1, 1),
            due=None,
            net=Decimal(value),
            total=Decimal(value),
            paid=Decimal(0),
            outstanding=Decimal(value),
            currency="EUR",
            is_open=True,
        )
        for place, account in enumerate(ACCOUNTS)
        for number in range(DOCUMENTS)
    ]


def _action(kind: ActionKind, account: str, place: int, value: int) -> Action:
    create = kind is ActionKind.CREATE
    return Action(
        kind=kind,
        entity=Entity.ACCOUNTS,
        sage_id=account,
        target_id=None if create else place + 1,
        mapped_hash="mapped" if create else None,
        field_hashes={"name": "h"} if create else {},
        figures_hash=str(value),
        figure_hashes={"Z": str(value)},
        figures_only=not create,
    )


async def write(path: str, first: int) -> None:
    """Create the accounts if they are not there, then go round; print `<stage> <value>` when a call has returned."""
    ledger = await SqlLedger.open(path)
    run_id = f"01RUN{first:06d}"
    now = datetime.now(UTC)
    await ledger.begin_run(RunHeader(id=run_id, integration="crm/acme", trigger=Trigger.SCHEDULE, started_at=now))
    scope = await ledger.open_scope(integration="crm/acme", fingerprint="f", tenant="t")
    await ledger.recover(scope, at=now)
    await ledger.claim(scope, Entity.ACCOUNTS, ACCOUNTS)
    known = await ledger.known(scope, Entity.ACCOUNTS, ACCOUNTS)
    for value in count(first):
        await ledger.store_documents(scope, documents(value))
        _tell("stored", value)
        kind = ActionKind.UPDATE if known else ActionKind.CREATE
        actions = [_action(kind, account, place, value) for place, account in enumerate(ACCOUNTS)]
        await ledger.intend(run_id, scope, actions, at=now, seen_by=None)
        _tell("sent", value)
        outcomes = [
            Settled(action=of, outcome=WriteOutcome(key=of.sage_id, kind=OutcomeKind.DONE, target_id=place + 1))
            for place, of in enumerate(actions)
        ]
        await ledger.settle(run_id, scope, outcomes, at=now)
        _tell("written", value)
        known = await ledger.known(scope, Entity.ACCOUNTS, ACCOUNTS)


def _tell(stage: str, value: int) -> None:
    sys.stdout.write(f"{stage} {value}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], int(sys.argv[2])))
