"""Writes batches to a ledger until it is killed, and says after each call what is on disk.

Run as a program: the ledger's path, the number of the run.
"""

import asyncio
import sys
from datetime import UTC, datetime
from itertools import count

from sage_operator.ledger import SqlLedger
from sage_operator.sync.entities import ActionKind, Entity, Trigger
from sage_operator.sync.records import Action, OutcomeKind, WriteOutcome
from sage_operator.sync.state import RunHeader, Settled

BATCH = 40


def batch_ids(run: int, batch: int) -> list[str]:
    """Return the ids of the records of a batch."""
    return [f"001{run:03d}{batch:05d}{number:04d}AAA" for number in range(BATCH)]


def _tell(stage: str, batch: int) -> None:
    sys.stdout.write(f"{stage} {batch}\n")
    sys.stdout.flush()


async def write(path: str, run: int) -> None:
    """Create a batch, update it, and so on with the next; print `<stage> <batch>` when a call has returned."""
    ledger = await SqlLedger.open(path)
    run_id = f"01RUN{run:03d}"
    now = datetime.now(UTC)
    await ledger.begin_run(RunHeader(id=run_id, integration="crm/acme", trigger=Trigger.SCHEDULE, started_at=now))
    scope = await ledger.open_scope(integration="crm/acme", fingerprint="f", tenant="t")
    await ledger.recover(scope, at=now)
    for batch in count():
        ids = batch_ids(run, batch)
        await ledger.claim(scope, Entity.ACCOUNTS, ids)
        for kind in (ActionKind.CREATE, ActionKind.UPDATE):
            actions = [
                Action(
                    kind=kind,
                    entity=Entity.ACCOUNTS,
                    sage_id=sage_id,
                    target_id=None if kind is ActionKind.CREATE else number + 1,
                    payload={"name": "x"},
                    mapped_hash=f"{kind} {sage_id}",
                    field_hashes={"name": "h"},
                )
                for number, sage_id in enumerate(ids)
            ]
            await ledger.intend(run_id, scope, actions, at=datetime.now(UTC), seen_by=run_id)
            _tell(f"sent-{kind}", batch)
            settled = [
                Settled(
                    action=action,
                    outcome=WriteOutcome(key=action.sage_id, kind=OutcomeKind.DONE, target_id=number + 1),
                )
                for number, action in enumerate(actions)
            ]
            await ledger.settle(run_id, scope, settled, at=datetime.now(UTC))
            _tell(f"done-{kind}", batch)


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], int(sys.argv[2])))
