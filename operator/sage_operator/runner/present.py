"""What ForceManager holds already of records that the ledger has no id of."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing

from sage_operator.runner.context import RunContext
from sage_operator.runner.reading import timed
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import Entity
from sage_operator.sync.records import RecordState


async def index(run: RunContext, entity: Entity) -> bool:
    """Remember ForceManager's live records by `extId`; returns whether there is any record, of whatever kind."""
    found = False
    async with aclosing(timed(run, run.target.index(entity))) as pages:
        async for rows in pages:
            found = True
            if rows:
                await run.ledger.add_to_index(run.scope, entity, rows)
    return found


async def present(
    run: RunContext, entity: Entity, ids: Sequence[str], states: Mapping[str, RecordState], *, use_index: bool
) -> Mapping[str, tuple[int, ...]]:
    """Return live records by `extId`: from the index of the pass, if it made one.

    Between passes there is none, and none is needed but for what was rejected because ForceManager held it twice:
    without looking it would be created a third time.
    """
    if use_index:
        return await run.ledger.indexed(run.scope, entity, ids)
    twice = [
        sage_id
        for sage_id in ids
        if (state := states.get(sage_id)) is not None
        and state.code is Code.DUPLICATE_IN_FORCE_MANAGER
        and state.target_id is None
    ]
    return await run.target.find(entity, twice) if twice else {}
