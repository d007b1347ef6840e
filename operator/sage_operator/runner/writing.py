"""Writing: batches of planned actions go to ForceManager, several at once, each with its intent on disk before."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Self

from sage_operator.runner.context import RunContext
from sage_operator.runner.reading import close
from sage_operator.runner.tasks import being_cancelled
from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity
from sage_operator.sync.errors import SyncError
from sage_operator.sync.records import WRITES, Action, OutcomeKind, WriteItem, WriteOutcome
from sage_operator.sync.state import Settled

BATCH = 200
"""Records of one bulk call: what ForceManager allows at most."""

_COUNTED: dict[OutcomeKind, ActionKind] = {
    OutcomeKind.REFUSED: ActionKind.REJECT,
    OutcomeKind.UNCLEAR: ActionKind.PENDING,
    OutcomeKind.UNKNOWN_ID: ActionKind.PENDING,
    OutcomeKind.NOT_SENT: ActionKind.PENDING,
}


@dataclass(slots=True, kw_only=True)
class Page:
    """A page of source rows on its way: `open` of its writes have no outcome yet."""

    last_id: str
    open: int = 0
    planned: bool = False

    @property
    def done(self) -> bool:
        """All of the page has its outcome in the ledger."""
        return self.planned and not self.open


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Actions of one kind for one call, and the page that each came from."""

    kind: ActionKind
    actions: tuple[Action, ...]
    pages: tuple[Page, ...]


@dataclass(slots=True, kw_only=True)
class _Buffer:
    actions: list[Action] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)


class Writer:
    """Writes the actions of one entity, as an async context; leaving it waits until all are written.

    Its queue is short: reading and planning wait for writing, so that memory does not grow with the organisation. The
    first error stops it after the batches in hand, whose outcomes are still recorded, and is raised by the next call.
    """

    def __init__(
        self,
        *,
        run: RunContext,
        entity: Entity,
        seen_by: str | None,
        settled: Callable[[], Awaitable[None]] | None = None,
        workers: int = 8,
    ) -> None:
        """Take where to write; `settled` is called after each batch, where there is a cursor to save."""
        self._run = run
        self._entity = entity
        self._seen_by = seen_by
        self._settled = settled
        self._buffers = {kind: _Buffer() for kind in WRITES}
        self._queue: asyncio.Queue[_Batch] = asyncio.Queue(maxsize=2)
        self._workers = workers
        self._tasks: list[asyncio.Task[None]] = []
        self._error: BaseException | None = None

    async def __aenter__(self) -> Self:
        """Start the workers."""
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._workers)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left; after an error finish the batches in hand only."""
        self._error = self._error or error
        try:
            if self._error is None:
                await self._flush()
            if not isinstance(error, asyncio.CancelledError):
                await self._queue.join()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            # A task that was cancelled holds what it was in, and that holds us: the run's memory would stay until the
            # garbage collector looks at all there is.
            self._tasks.clear()
        if error is None:
            self._check()

    async def put(self, actions: Sequence[Action], page: Page) -> None:
        """Take the writes of a page; waits while enough is under way.

        Raises:
            SyncError: an earlier batch failed, or the run is to stop.
        """
        page.open += len(actions)
        for action in actions:
            buffer = self._buffers[action.kind]
            buffer.actions.append(action)
            buffer.pages.append(page)
            if len(buffer.actions) == BATCH:
                await self._send(action.kind)

    async def drain(self) -> None:
        """Wait until all that was taken so far is written, and its outcomes are in the ledger.

        Raises:
            SyncError: as `put`.
        """
        for kind in self._buffers:
            await self._send(kind)
        await self._queue.join()
        self._check()

    async def _flush(self) -> None:
        """Send what is left. An error is kept for later: batches in hand must not be cut short by it."""
        try:
            for kind in self._buffers:
                await self._send(kind)
        except Exception as error:  # noqa: BLE001 - raised again when they have ended
            self._error = self._error or error

    async def _send(self, kind: ActionKind) -> None:
        """Hand the buffer of a kind to the workers."""
        buffer = self._buffers[kind]
        if not buffer.actions:
            return
        self._buffers[kind] = _Buffer()
        self._check()
        await self._queue.put(_Batch(kind=kind, actions=tuple(buffer.actions), pages=tuple(buffer.pages)))
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
        self._run.progress.check()

    async def _work(self) -> None:
        while True:
            batch = await self._queue.get()
            try:
                if self._error is None and self._run.progress.stopped is None:
                    await self._write(batch)
            except asyncio.CancelledError:
                if being_cancelled():
                    raise
                # It came from below: the other batches must neither wait for a worker that is gone nor count as done.
                self._error = self._error or SyncError("A write to ForceManager broke off.")
            except SyncError as error:
                self._error = self._error or error
            except Exception as error:  # noqa: BLE001 - a bug must not leave the other workers waiting; it is raised again
                self._error = self._error or error
            finally:
                self._queue.task_done()

    async def _write(self, batch: _Batch) -> None:
        """Carry out one batch: the intent of each request on disk before it, its outcomes after it.

        What was not sent leaves no trace: its page stays open, so the cursor stays behind it, and the run has failed.

        Raises:
            SyncError: something was not sent, or has no outcome; a watermark beyond it would lose it.
        """
        run = self._run
        by_key = {action.sage_id: (action, page) for action, page in zip(batch.actions, batch.pages, strict=True)}
        items = [WriteItem(key=a.sage_id, target_id=a.target_id, data=a.payload) for a in batch.actions]
        started = perf_counter()
        intended: set[str] = set()
        open_keys = set(by_key)

        async def note(sending: Sequence[WriteItem]) -> None:
            actions = [by_key[item.key][0] for item in sending]
            await run.ledger.intend(run.run_id, run.scope, actions, at=run.clock(), seen_by=self._seen_by)
            intended.update(item.key for item in sending)

        async def intend(sending: Sequence[WriteItem]) -> None:
            self._check()  # here the call ends early: what is under way comes to its outcome, the rest is not sent
            await note(sending)

        calls = {
            ActionKind.CREATE: run.target.create,
            ActionKind.UPDATE: run.target.update,
            ActionKind.DELETE: run.target.delete,
        }
        stream = calls[batch.kind](self._entity, items, intend=intend)
        try:
            async for outcomes in stream:
                told = [o for o in outcomes if o.key in intended or o.kind is not OutcomeKind.NOT_SENT]
                # It may have been found out without a write, by reading, that a record is gone.
                unsent = {outcome.key for outcome in told} - intended
                if unsent:
                    await note([item for item in items if item.key in unsent])
                settled = [self._judge(by_key[o.key][0], o) for o in told]
                run.progress.stage_seconds["write"] += perf_counter() - started
                started = perf_counter()
                await run.ledger.settle(run.run_id, run.scope, settled, at=run.clock())
                run.progress.stage_seconds["record"] += perf_counter() - started
                for item in settled:
                    by_key[item.action.sage_id][1].open -= 1
                    open_keys.discard(item.action.sage_id)
                    self._count(item)
                started = perf_counter()
        finally:
            await close(stream)
        if self._settled is not None:
            await self._settled()
        if open_keys:
            raise SyncError(f"{len(open_keys)} {self._entity} were not sent.", remedy="The next run sends them.")

    @staticmethod
    def _judge(action: Action, outcome: WriteOutcome) -> Settled:
        if outcome.kind is not OutcomeKind.REFUSED:
            return Settled(action=action, outcome=outcome)
        return Settled(action=action, outcome=outcome, code=Code.REFUSED_BY_FORCE_MANAGER)

    def _count(self, item: Settled) -> None:
        kind = _COUNTED.get(item.outcome.kind, item.action.kind)
        self._run.progress.count(self._entity, kind)
        if item.outcome.kind is OutcomeKind.UNCLEAR and self._entity is Entity.ACCOUNTS:
            self._run.unclear.add(item.action.sage_id)
        if item.code is not None:
            self._run.progress.codes[item.code] += 1
