"""Planning: rows of one entity, joined with what the ledger knows, become actions; those without a call are noted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from sage_operator.runner.chunks import chunks
from sage_operator.runner.context import RunContext
from sage_operator.runner.figures import FigureRun
from sage_operator.runner.present import present
from sage_operator.runner.writing import Page, Writer
from sage_operator.sync.context import PlanContext
from sage_operator.sync.entities import ActionKind, Entity, RecordStatus
from sage_operator.sync.plan import Knowledge, plan
from sage_operator.sync.records import Action, RecordState, SourceRow

_CHUNK = 400
"""Rows planned at a stretch: about 30 ms, short enough for the event loop's other guests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Plans rows of one entity and hands the writes on.

    Attributes:
        seen_by: id of the pass that the rows belong to; None between passes.
        use_index: records are looked for in the index of ForceManager that the pass made.
    """

    run: RunContext
    context: PlanContext
    writer: Writer
    seen_by: str | None
    use_index: bool

    async def take(self, rows: Sequence[SourceRow], page: Page) -> None:
        """Plan a page of rows; returns when its writes are under way."""
        for piece in chunks(rows, _CHUNK):
            self.run.progress.check()
            actions, states = await self._plan(piece)
            await self._note(actions, states)
            await self.writer.put([action for action in actions if action.is_write], page)
            self.run.progress.moved()
        page.planned = True

    async def _plan(self, rows: Sequence[SourceRow]) -> tuple[Sequence[Action], dict[str, RecordState]]:
        run, entity = self.run, self.context.entity
        ids = [row.id for row in rows]
        # Claims first: one that is taken over brings the record's state along.
        claims = await run.ledger.claim(run.scope, entity, ids)
        states = dict(await run.ledger.known(run.scope, entity, ids))
        parents: dict[str, RecordState] = {}
        if entity is Entity.CONTACTS:
            parent_ids = {row.parent_id for row in rows if row.parent_id}
            parents = dict(await run.ledger.known(run.scope, Entity.ACCOUNTS, parent_ids))
        knowledge = Knowledge(
            states=states,
            claims=claims,
            indexed=await present(run, entity, ids, states, use_index=self.use_index),
            parents=parents,
        )
        figures = None
        if run.payments is not None and entity is Entity.ACCOUNTS:
            figures = FigureRun(run=run, payments=run.payments)
            await figures.enter(ids, states, self.writer)
        started = perf_counter()
        context = self.context.with_lists(run.lists.changed)
        actions: Sequence[Action] = plan(rows, knowledge, context)
        run.progress.stage_seconds["plan"] += perf_counter() - started
        await asyncio.sleep(0)
        lacking = frozenset[str]().union(*(action.lacking for action in actions))
        if lacking and await run.lists.read(lacking, context.lists):
            actions = plan(rows, knowledge, context.with_lists(run.lists.changed))
        if figures is not None:
            actions = await figures.add(actions, states)
        return actions, states

    async def _note(self, actions: Sequence[Action], states: dict[str, RecordState]) -> None:
        """Store and count what needs no call; a record of which only the figures are written counts by that."""
        progress, entity = self.run.progress, self.context.entity
        written = {action.sage_id for action in actions if action.is_write}
        noted: list[Action] = []
        for action in actions:
            progress.warnings += len(action.warnings)
            if action.is_write:
                continue
            if not action.figures_only and not (action.kind is ActionKind.UNCHANGED and action.sage_id in written):
                progress.count(entity, action.kind)
            if action.kind is ActionKind.REJECT and action.code is not None:
                progress.codes[action.code] += 1
            if action.kind is not ActionKind.UNCHANGED or self._changes_ledger(action, states):
                noted.append(action)
        if noted:
            run = self.run
            await run.ledger.note(run.run_id, run.scope, noted, at=run.clock(), seen_by=self.seen_by)

    def _changes_ledger(self, action: Action, states: dict[str, RecordState]) -> bool:
        """Tell whether an unchanged record is news to the ledger all the same."""
        return (
            self.seen_by is not None
            or bool(action.field_hashes)
            or action.figures_hash is not None
            or states[action.sage_id].status is not RecordStatus.SYNCHRONIZED
        )
