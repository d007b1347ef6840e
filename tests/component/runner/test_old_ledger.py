"""An old copy of the ledger's file is put back, as from a backup."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sage_operator.ledger import SqlLedger
from sage_operator.sync.entities import Entity, Mode
from sage_operator.sync.payments.settings import PaymentSettings
from unit.runner.scenarios import populated
from unit.runner.world import PAYMENTS, WITH_SALES, World


@asynccontextmanager
async def opened(world: World, path: Path) -> AsyncIterator[SqlLedger]:
    """Let a world work with a ledger of a file."""
    async with await SqlLedger.open(path, clock=world.clock) as ledger:
        world.open_ledger = lambda _life: ledger
        yield ledger


async def run(world: World) -> Mode | None:
    """Carry out a run that must succeed."""
    report = await world.run()
    assert report is not None
    assert report.succeeded, report.error
    return report.result.mode


@pytest.mark.parametrize("payments", [None, PAYMENTS, WITH_SALES], ids=["records", "figures", "sales"])
async def test_an_old_copy_that_begins_anew_creates_nothing_twice(
    tmp_path: Path, payments: PaymentSettings | None
) -> None:
    """Created, changed and changed back, recreated, rejected meanwhile: each record is there once, and as in Sage."""
    path, copy = tmp_path / "ledger.db", tmp_path / "copy.db"
    world = populated(4, payments=payments)
    accounts = sorted(row.id for row in world.sage.live(Entity.ACCOUNTS, world.associated, None))
    async with opened(world, path):
        await run(world)
        world.check()
    shutil.copy(path, copy)
    row = world.sage.live(Entity.ACCOUNTS, world.associated, None)[0]
    phone = row.phone
    async with opened(world, path):
        world.sage.add_contact(world.sage.add_account(name="Late", phone="1"))
        world.sage.trade.invoice(row.id, "99.50", dated=world.clock.now.date())
        world.sage.edit(row.id, phone="between")
        (gone,) = world.tenant.bearing(Entity.ACCOUNTS, accounts[-1])
        del world.tenant.records[Entity.ACCOUNTS][gone]
        world.sage.edit(accounts[-1], phone="made anew")
        for _ in range(3):
            await run(world)
        world.check()
    world.sage.edit(row.id, phone=phone)
    shutil.copy(copy, path)
    async with opened(world, path) as ledger:
        await ledger.begin_anew("crm/acme")
        assert await run(world) is Mode.INITIAL
        world.check()
        assert await run(world) is Mode.INCREMENTAL
        assert not world.target.calls
        world.check()
