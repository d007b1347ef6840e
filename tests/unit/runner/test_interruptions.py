"""Runs that are stopped, fail or die: what is recorded, and where the next one goes on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from sage_operator.sync.codes import Code
from sage_operator.sync.entities import ActionKind, Entity, Mode, RecordStatus
from sage_operator.sync.errors import LedgerUnavailable, NoProgress, Stopped, SyncError, System, Unavailable
from sage_operator.sync.records import OutcomeKind, WriteItem, WriteOutcome

from .sage_org import ANA, BEN, EVE
from .world import World


def with_accounts(count: int) -> World:
    """Return a world with so many accounts, nothing written yet."""
    world = World()
    for number in range(count):
        world.sage.add_account(name=f"Customer {number}")
    return world


@pytest.mark.parametrize(
    ("why", "outcome"), [(Stopped("It was suspended."), "Stopped"), (NoProgress("Nothing moved."), "Failed")]
)
async def test_a_stop_in_the_middle_keeps_what_was_done(why: Stopped | NoProgress, outcome: str) -> None:
    """Batches in hand end with their outcomes on disk, nothing else is sent, and the report says why."""
    world = with_accounts(30)

    def meanwhile(_: int) -> None:
        if len(world.target.calls) == 2:
            world.progress.stop(why)

    report = await world.run(during=meanwhile)
    assert report is not None
    assert report.error is why
    assert (report.result.outcome, report.result.reason) == (outcome, why.reason)
    assert not world.disk.sent
    assert 0 < len(world.tenant.records[Entity.ACCOUNTS]) < 30
    await world.run()
    world.check()


@pytest.mark.parametrize("kill", [20, 60, 90, 120])
async def test_an_interrupted_pass_goes_on_from_its_cursor(kill: int) -> None:
    """The next run is the same pass with its first `T`, reads only what comes after, and repeats no write."""
    world = with_accounts(40)
    await world.run(ends_at=kill)
    unfinished = world.disk.scope.unfinished
    assert unfinished is not None
    cursor = unfinished.cursors.get(Entity.ACCOUNTS)
    report = await world.run()
    assert report is not None
    assert report.result.mode is Mode.INITIAL
    assert report.result.data_as_of == unfinished.as_of
    assert world.source.asked[0].after_id == cursor
    await world.run()
    world.check()
    assert max(world.tenant.writes.values()) <= 2


async def test_a_pass_without_writes_moves_its_cursor() -> None:
    """A Replan that changes little and is stopped does not start over."""
    world = with_accounts(40)
    await world.run()
    world.associated = (ANA, BEN, EVE)
    await world.run(during=lambda _: world.progress.stop(Stopped("x")) if world.progress.done > 20 else None)
    assert world.disk.scope.unfinished is not None
    assert not world.target.calls
    assert world.disk.scope.unfinished.cursors[Entity.ACCOUNTS] >= sorted(world.sage.rows)[17]


async def test_another_configuration_begins_the_pass_anew() -> None:
    """A cursor is worth nothing under another map."""
    world = with_accounts(30)
    await world.run(ends_at=60)
    world.comment = "another"
    await world.run()
    assert world.source.asked[0].after_id is None
    await world.run(after=timedelta(seconds=60))
    world.check()


async def test_going_back_to_the_earlier_map_rewrites_what_the_other_one_wrote() -> None:
    """A Replan that is stopped halfway leaves no record with its map when the map is taken back."""
    world = with_accounts(30)
    await world.run()
    world.comment = "another"
    await world.run(during=lambda m: world.progress.stop(Stopped("x")) if m == 60 else None)
    assert {r["comment"] for r in world.tenant.records[Entity.ACCOUNTS].values()} == {"another", "from Sage"}
    world.comment = "from Sage"
    await world.run()
    world.check()


async def test_an_error_of_one_batch_lets_the_others_end() -> None:
    """The batches in hand are finished and recorded; what was only planned is not sent; the error is the run's."""
    world = with_accounts(30)
    bad = min(world.sage.rows)
    report = await world.run(judge=lambda _, item: "down" if item.key == bad else OutcomeKind.DONE)
    assert report is not None
    assert isinstance(report.error, Unavailable)
    assert report.error.system is System.FORCE_MANAGER
    left = {key for _, (_, key) in world.disk.sent}
    assert left <= {key for _, _, keys in world.target.calls for key in keys if bad in keys}
    done = {i for i, status in world.statuses(Entity.ACCOUNTS).items() if status is RecordStatus.SYNCHRONIZED}
    assert len(done) == len(world.tenant.records[Entity.ACCOUNTS])
    assert len(world.target.calls) < 10
    await world.run()
    await world.run()
    world.check()


async def test_an_error_while_the_last_batches_are_handed_over_lets_the_others_end() -> None:
    """A stop or an error at the very end of the reading cuts no request short."""
    world = with_accounts(4)
    world.tenant.catch_up()

    def meanwhile(_: int) -> None:
        # The first batch of three is under way, the last one of one waits for the end of the reading.
        if world.target.in_hand:
            world.progress.stop(Stopped("now"))

    report = await world.run(during=meanwhile)
    assert report is not None
    assert isinstance(report.error, Stopped)
    assert not world.disk.sent, "outcomes of a batch in hand were not recorded"
    assert len(world.tenant.records[Entity.ACCOUNTS]) == 2, "the request in hand is finished, the next one not sent"


async def test_a_ledger_that_fails_stops_the_writing() -> None:
    """Nothing is sent to ForceManager that could not be intended first."""
    world = with_accounts(30)

    def meanwhile(_: int) -> None:
        if world.target.calls and world.ledger.broken is None:
            world.ledger.broken = LedgerUnavailable("The disk is full.")

    report = await world.run(during=meanwhile)
    assert report is not None
    assert isinstance(report.error, LedgerUnavailable)
    known = {key for (_, key) in world.disk.records}
    assert {str(r["extId"]) for r in world.tenant.records[Entity.ACCOUNTS].values()} <= known
    await world.run()
    await world.run()
    world.check()


async def test_the_runs_own_error_is_told_when_the_ledger_fails_too() -> None:
    """A ledger that is down at the end does not hide why the run failed."""
    world = with_accounts(3)

    def meanwhile(_: int) -> None:
        if world.disk.sent:
            world.ledger.broken = LedgerUnavailable("The disk is full.")

    report = await world.run(judge=lambda *_: "down", during=meanwhile)
    assert report is not None
    assert isinstance(report.error, Unavailable)


async def test_an_unclear_create_is_looked_up_only_when_it_has_settled() -> None:
    """Before the settling time it stays pending and nothing is sent; after it ForceManager is asked, then decided."""
    world = with_accounts(2)
    lost, late = sorted(world.sage.rows)
    await world.run(judge=lambda _, item: "lost" if item.key == lost else OutcomeKind.UNCLEAR)
    assert {r.state.code for r in world.disk.records.values()} == {Code.UNCLEAR_OUTCOME}
    await world.run(after=timedelta(seconds=20))
    assert not world.target.found
    assert not world.target.calls
    await world.run(after=timedelta(seconds=60))
    assert world.target.found == [lost, late]
    assert sorted(world.target.calls) == [
        ("create", Entity.ACCOUNTS, (late,)),
        ("update", Entity.ACCOUNTS, (lost,)),
    ]
    world.check()


async def test_a_late_commit_is_found_and_not_made_twice() -> None:
    """A create that takes effect after its sender gave up is taken up by the look-up."""
    world = with_accounts(1)
    await world.run(judge=lambda *_: "late")
    await world.run()
    assert len(world.tenant.records[Entity.ACCOUNTS]) == 1
    world.check()


async def test_two_records_of_a_late_commit_leave_the_older_one_in_use() -> None:
    """If somebody has made a second one all the same, the older is taken, and no third is made."""
    world = with_accounts(1)
    (account,) = world.sage.rows
    await world.run(judge=lambda *_: "lost")
    (older,) = world.tenant.bearing(Entity.ACCOUNTS, account)
    world.tenant.add(Entity.ACCOUNTS, {"extId": account})
    await world.run()
    assert world.disk.records[Entity.ACCOUNTS, account].state.target_id == older
    assert len(world.tenant.records[Entity.ACCOUNTS]) == 2


async def test_a_record_found_gone_without_a_request_is_made_anew() -> None:
    """An outcome that needed no write, so that none was intended, is stored like any other."""
    world = with_accounts(3)
    await world.run()
    gone = min(world.sage.rows)
    (target_id,) = world.tenant.bearing(Entity.ACCOUNTS, gone)
    del world.tenant.records[Entity.ACCOUNTS][target_id]
    world.clock.advance(timedelta(hours=1))
    world.sage.edit(gone, name="Renamed")

    async def update(_: Entity, items: Sequence[WriteItem], **__: Any) -> AsyncIterator[Sequence[WriteOutcome]]:
        yield [WriteOutcome(key=item.key, kind=OutcomeKind.UNKNOWN_ID) for item in items]

    report = await world.run(prepare=lambda w: setattr(w.target, "update", update))
    assert report is not None
    assert report.result.counts == {Entity.ACCOUNTS: {ActionKind.PENDING: 1}}
    assert world.statuses(Entity.ACCOUNTS)[gone] is RecordStatus.PENDING
    await world.run(after=timedelta(hours=1))
    world.check()


@pytest.mark.parametrize("told", [False, True])
async def test_what_was_never_sent_holds_the_watermark(told: bool) -> None:
    """A call that ends without a word for some records does not let the run pass for complete."""
    world = with_accounts(5)

    async def create(_: Entity, items: Sequence[WriteItem], **__: Any) -> AsyncIterator[Sequence[WriteOutcome]]:
        yield [WriteOutcome(key=item.key, kind=OutcomeKind.NOT_SENT) for item in items if told]

    report = await world.run(prepare=lambda w: setattr(w.target, "create", create))
    assert report is not None
    assert not report.succeeded
    assert world.disk.scope.watermark is None
    await world.run()
    world.check()


async def test_writes_overlap_but_memory_does_not_grow() -> None:
    """Several batches are under way at once; reading waits when enough are."""
    world = with_accounts(120)
    ahead: list[int] = []

    def meanwhile(_: int) -> None:
        sent = sum(len(keys) for _, _, keys in world.target.calls)
        ahead.append(world.source.requests * 3 - sent)

    def prepare(world: World) -> None:
        send = world.target._send

        async def slowly(*request: Any) -> None:
            for _ in range(40):
                await asyncio.sleep(0)
            await send(*request)

        world.target._send = slowly  # type: ignore[method-assign]

    await world.run(during=meanwhile, prepare=prepare)
    assert world.target.most_in_hand > 3
    assert max(ahead) <= 20
    world.check()


async def test_a_cancellation_from_below_is_an_error_of_the_run() -> None:
    """A library that cancels a worker by mistake neither hangs the run nor lets it pass for complete."""
    world = with_accounts(60)

    async def cancelled(*_: object) -> None:
        raise asyncio.CancelledError

    def prepare(world: World) -> None:
        world.target._send = cancelled  # type: ignore[method-assign]

    report = await asyncio.wait_for(world.run(prepare=prepare), timeout=20)
    assert report is not None
    assert type(report.error) is SyncError
    assert world.disk.scope.watermark is None
    await world.run()
    await world.run()
    world.check()


async def test_no_task_and_no_stream_is_left() -> None:
    """Whether a run ends well, fails, is stopped or dies, everything it opened is closed when it returns."""
    before = asyncio.all_tasks()
    for kill in (None, 30, 70, 100):
        world = with_accounts(20)
        await world.run(ends_at=kill)
        assert world.left_open == 0
        assert asyncio.all_tasks() == before
