"""Figures of accounts, computed from the ledger's facts: beside what is planned of their rows, or alone."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import structlog

from sage_operator.runner.chunks import chunks
from sage_operator.runner.context import RunContext
from sage_operator.runner.documents import FactReader
from sage_operator.runner.leaving import take_back_left
from sage_operator.runner.payments import Payments
from sage_operator.runner.writing import Page, Writer
from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.payments.counting import discrepancies
from sage_operator.sync.payments.documents import Document
from sage_operator.sync.payments.planning import (
    LEFT,
    FigureChange,
    bears_figures,
    figures_action,
    may_be_updated,
    plan_figures,
    with_figures,
)
from sage_operator.sync.records import Action, RecordState

log = structlog.get_logger(__name__)

_PAGE = 500
"""Accounts of one question to the ledger."""
_STRETCH = 100
"""Accounts computed at a stretch: 6 ms with five documents each, short enough for the event loop's other guests."""
_TOLD = 5
"""Discrepancies that a run spells out in the log."""

States = Mapping[str, RecordState]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRun:
    """Computes and compares the figures of accounts."""

    run: RunContext
    payments: Payments

    async def enter(self, ids: Sequence[str], states: States, writer: Writer) -> None:
        """Read the facts of those accounts that enter the scope, unless this run has read all there are.

        What is being written is awaited first: a document may have moved here from one of those accounts, and would be
        taken for written with it.
        """
        entering = [i for i in ids if i not in states or not states[i].is_ours]
        if entering and not self.payments.loaded:
            await writer.drain()
            await FactReader(run=self.run, payments=self.payments).read_accounts(entering)

    async def add(self, actions: Sequence[Action], states: States) -> list[Action]:
        """Return the actions of a batch of accounts with those figures that are due, or are not known to be there."""
        if not self.payments.figures.rules:
            return list(actions)
        able = {action.sage_id for action in actions if bears_figures(action, states.get(action.sage_id))}
        due = await self.run.ledger.figures_due_among(self.run.scope, able)
        wanted = [i for i in able if i in due or i not in states or states[i].figures_hash in {None, LEFT}]
        foreign = {
            a.sage_id
            for a in actions
            if a.kind is ActionKind.UPDATE and (a.sage_id not in states or states[a.sage_id].target_id is None)
        }
        created = {action.sage_id for action in actions if action.kind is ActionKind.CREATE}
        changes = await self._compute(
            wanted, {i: state for i, state in states.items() if i not in created}, foreign=foreign
        )
        planned: list[Action] = []
        for action in actions:
            change = changes.get(action.sage_id)
            state = states.get(action.sage_id)
            planned += [action] if change is None else with_figures(action, change, state, self.payments.figures)
        return planned

    async def write_due(self) -> None:
        """Write the figures of all other accounts that are due, without reading the accounts.

        Those that accounts have left with are taken back.
        """
        run, figures = self.run, self.payments.figures
        if not figures.rules:
            return
        after = ""
        async with Writer(run=run, entity=Entity.ACCOUNTS, seen_by=None) as writer:
            while ids := await run.ledger.figures_due(run.scope, now=run.clock(), after_id=after, limit=_PAGE):
                after = ids[-1]
                run.progress.check()
                known = await run.ledger.known(run.scope, Entity.ACCOUNTS, ids)
                states = {i: s for i, s in known.items() if i not in run.unclear and may_be_updated(s, s.code)}
                changes = await self._compute(list(states), states, foreign=frozenset())
                actions = [figures_action(i, change, states[i], figures) for i, change in changes.items()]
                run.progress.warnings += sum(len(action.warnings) for action in actions)
                equal = [action for action in actions if not action.is_write]
                if equal:
                    await run.ledger.note(run.run_id, run.scope, equal, at=run.clock(), seen_by=None)
                await writer.put([action for action in actions if action.is_write], Page(last_id=""))
                run.progress.moved()
        await take_back_left(run, self.payments)

    async def _compute(
        self, account_ids: Sequence[str], states: States, *, foreign: frozenset[str] | set[str]
    ) -> dict[str, FigureChange]:
        """Return what is to be sent of the figures of some accounts."""
        if not account_ids:
            return {}
        run, figures = self.run, self.payments.figures
        documents = await run.ledger.documents_of(run.scope, account_ids)
        limits = await run.ledger.credit_limits_of(run.scope, account_ids) if self.payments.settings.uses_limits else {}
        changes: dict[str, FigureChange] = {}
        for piece in chunks(account_ids, _STRETCH):
            started = perf_counter()
            for i in piece:
                changes[i] = plan_figures(documents[i], limits.get(i), states.get(i), figures, foreign=i in foreign)
                self._tell(documents[i])
            run.progress.stage_seconds["plan"] += perf_counter() - started
            await asyncio.sleep(0)
        return changes

    def _tell(self, documents: Sequence[Document]) -> None:
        """Count documents whose amounts don't add up, and name a few of them."""
        for warning in discrepancies(documents):
            self.run.progress.warnings += 1
            if len(self.payments.discrepant) < _TOLD:
                self.payments.discrepant.add(warning)
                log.warning("amounts-differ", run=self.run.run_id, warning=warning)
