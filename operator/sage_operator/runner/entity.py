"""One entity of a run: everything in scope (a pass), or what has changed since the watermark."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sage_operator.runner.chunks import chunks
from sage_operator.runner.context import RunContext
from sage_operator.runner.leaving import release, release_absent
from sage_operator.runner.planning import Planner
from sage_operator.runner.reading import timed
from sage_operator.runner.writing import Page, Writer
from sage_operator.sync.context import PlanContext
from sage_operator.sync.entities import Entity, Mode
from sage_operator.sync.modes import OVERLAP
from sage_operator.sync.scope import RowQuery, Scope
from sage_operator.sync.state import Pass

_IDS = 200
"""Ids of one question to Sage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRun:
    """Synchronises one entity."""

    run: RunContext
    context: PlanContext
    scope: Scope

    @property
    def entity(self) -> Entity:
        """Which one."""
        return self.context.entity

    async def everything(self, state: Pass) -> Pass:
        """Read all in scope from the cursor on, plan and write it, then release what was not seen.

        Returns the pass with this entity finished. What is interrupted goes on from the cursor.
        """
        tracker = _Tracker(run=self.run, entity=self.entity, state=state)
        query = replace(self._query(), in_order=True, after_id=state.cursors.get(self.entity))
        async with (
            self._planner(tracker, seen_by=state.id, use_index=state.mode is Mode.INITIAL) as planner,
            aclosing(timed(self.run, self.run.source.rows(query))) as pages,
        ):
            async for rows in pages:
                if rows:
                    await planner.take(rows, tracker.page(rows[-1].id))
                    await tracker.save()
        state = await tracker.finish()
        await self._release_unseen(state)
        return replace(state, finished=state.finished | {self.entity})

    async def changes(self, watermark: datetime) -> None:
        """Read what has changed since the watermark, and what is not settled; plan, write, release."""
        since = watermark - OVERLAP
        changed: dict[str, bool] = {}
        stream = self.run.source.changed(
            self.entity, since=since, sources=self.scope.watched(self.entity, self.context.sources)
        )
        async with aclosing(timed(self.run, stream)) as pages:
            async for page in pages:
                changed |= {row.id: row.deleted for row in page}
        seen: set[str] = set()
        async with self._planner(None, seen_by=None, use_index=False) as planner:
            if any(not deleted for deleted in changed.values()):
                await self._take(planner, replace(self._query(), since=since), seen)
            if self.entity is Entity.CONTACTS:
                for parents in chunks(await self.run.ledger.entered(self.run.scope), _IDS):
                    await self._take(planner, replace(self._query(), parent_ids=tuple(parents)), seen)
            due = await self.run.ledger.due(self.run.scope, self.entity, now=self.run.clock())
            due = [sage_id for sage_id in due if sage_id not in seen]
            for ids in chunks(due, _IDS):
                await self._take(planner, replace(self._query(), ids=tuple(ids)), seen)
        await self._release_left(changed, due, seen)

    async def _release_left(self, changed: dict[str, bool], due: Sequence[str], seen: set[str]) -> None:
        """Release known records that Sage deleted, and those that the scope lacks."""
        candidates = (changed.keys() | set(due)) - seen
        states = await self.run.ledger.known(self.run.scope, self.entity, candidates)
        known = sorted(sage_id for sage_id, state in states.items() if state.is_ours)
        await release(self.run, self.entity, [i for i in known if changed.get(i)], reason="deleted in Sage")
        await release_absent(self.run, self.entity, self.scope, [i for i in known if not changed.get(i)])

    async def _release_unseen(self, state: Pass) -> None:
        """Ask about each known record that the pass did not see; plan those that are in scope after all.

        One that is edited again and again may stay unseen; it is left to the next run.
        """
        ledger, scope = self.run.ledger, self.run.scope
        asked: Sequence[str] = ()
        while ids := await ledger.unseen(scope, self.entity, seen_by=state.id, limit=1000):
            if ids == asked:
                break
            asked = ids
            present = await release_absent(self.run, self.entity, self.scope, ids)
            async with self._planner(None, seen_by=state.id, use_index=state.mode is Mode.INITIAL) as planner:
                for piece in chunks(present, _IDS):
                    await self._take(planner, replace(self._query(), ids=tuple(piece)), set())

    async def _take(self, planner: Planner, query: RowQuery, seen: set[str]) -> None:
        """Plan the rows of a query that were not planned yet."""
        async with aclosing(timed(self.run, self.run.source.rows(query))) as pages:
            async for page in pages:
                rows = [row for row in page if row.id not in seen]
                seen |= {row.id for row in rows}
                if rows:
                    await planner.take(rows, Page(last_id=""))

    def _query(self) -> RowQuery:
        return RowQuery(entity=self.entity, scope=self.scope, sources=self.context.sources)

    @asynccontextmanager
    async def _planner(
        self, tracker: "_Tracker | None", *, seen_by: str | None, use_index: bool
    ) -> AsyncIterator[Planner]:
        run = self.run
        async with Writer(
            run=run,
            entity=self.entity,
            seen_by=seen_by,
            settled=tracker.save if tracker is not None else None,
        ) as writer:
            yield Planner(run=run, context=self.context, writer=writer, seen_by=seen_by, use_index=use_index)


class _Tracker:
    """Keeps the cursor of a pass: the last id of the pages, in order, whose writes all have outcomes on disk."""

    def __init__(self, *, run: RunContext, entity: Entity, state: Pass) -> None:
        """Start where the pass stands."""
        self._run = run
        self._entity = entity
        self._state = state
        self._pages: list[Page] = []
        self._lock = asyncio.Lock()

    def page(self, last_id: str) -> Page:
        """Return the token of the next page of rows."""
        page = Page(last_id=last_id)
        self._pages.append(page)
        return page

    async def save(self) -> None:
        """Move the cursor over the pages that are done."""
        async with self._lock:
            done = 0
            while done < len(self._pages) and self._pages[done].done:
                done += 1
            if not done:
                return
            cursors = {**self._state.cursors, self._entity: self._pages[done - 1].last_id}
            self._state = replace(self._state, cursors=cursors)
            await self._run.ledger.save_pass(self._run.scope, self._state)
            del self._pages[:done]

    async def finish(self) -> Pass:
        """Save what is left, and return the pass as it stands now."""
        await self.save()
        return self._state
