"""The same random histories as in memory, on the ledger that the operator uses."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sage_operator.ledger import SqlLedger
from sage_operator.sync.payments.settings import PaymentSettings
from unit.runner.life import Life
from unit.runner.scenarios import Step, carry_out, payment_steps, populated, steps
from unit.runner.world import PAYMENTS, WITH_SALES, World


class MortalLedger:
    """The ledger of a process that may die before or after each of its transactions."""

    def __init__(self, ledger: SqlLedger, life: Life) -> None:
        """Use a ledger that is open."""
        self._ledger = ledger
        self._life = life

    def __getattr__(self, name: str) -> Any:
        """Return a method of the ledger."""
        method = getattr(self._ledger, name)

        async def call(*arguments: Any, **named: Any) -> Any:
            await self._life.moment()
            result = await method(*arguments, **named)
            await self._life.moment()
            return result

        return call


async def settle(world: World) -> None:
    """Run in peace until nothing is left to do, and check what has come of it."""
    for _ in range(5):
        report = await world.run(after=timedelta(hours=25))
        assert report is not None
        assert report.succeeded, report.error
    if world.payments is not None:  # each new day has its figures
        await world.run(after=timedelta(minutes=1))
    assert not world.target.calls, "the last of these quiet runs still writes"
    world.check()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=1, max_size=4), st.integers(0, 7))
async def test_any_history_settles_on_sqlite(history: Sequence[Step], accounts: int) -> None:
    """Whatever is edited, refused, lost, late, stopped or killed, peace brings each record once and as in Sage."""
    world = populated(accounts)
    with TemporaryDirectory() as folder:
        async with await SqlLedger.open(Path(folder) / "ledger.db", clock=world.clock) as ledger:
            world.open_ledger = lambda life: MortalLedger(ledger, life)
            for step in history:
                await carry_out(world, step)
            await settle(world)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(payment_steps, min_size=1, max_size=4), st.integers(0, 5), st.sampled_from([PAYMENTS, WITH_SALES]))
async def test_any_history_with_payments_settles_on_sqlite(
    history: Sequence[Step], accounts: int, payments: PaymentSettings
) -> None:
    """Whatever is invoiced, paid, credited, voided, moved or killed: peace brings what plain loops do."""
    world = populated(accounts, payments=payments)
    with TemporaryDirectory() as folder:
        async with await SqlLedger.open(Path(folder) / "ledger.db", clock=world.clock) as ledger:
            world.open_ledger = lambda life: MortalLedger(ledger, life)
            for step in history:
                await carry_out(world, step)
            world.payments = payments
            await settle(world)
