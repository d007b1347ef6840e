"""Creates whose outcome is not known: ForceManager is asked by `extId` before anything is sent again."""

from sage_operator.runner.context import RunContext
from sage_operator.sync.entities import Entity


async def look_up(run: RunContext, entity: Entity) -> None:
    """Find out what became of unclear creates that have settled; younger ones stay pending.

    A record that is there is written anew (what arrived is not known in full), one that is not is created by this run.
    If a late commit has made two, the older one is taken.
    """
    ripe = run.clock() - run.settling_time
    unclear = await run.ledger.unclear(run.scope, entity)
    ids = [state.sage_id for state in unclear if state.unclear_since is not None and state.unclear_since <= ripe]
    if not ids:
        return
    found = await run.target.find(entity, ids)
    outcome = {sage_id: min(found[sage_id], default=None) if sage_id in found else None for sage_id in ids}
    await run.ledger.resolve(run.scope, entity, outcome)
    run.progress.moved()
