"""What a run has read goes with it, without the garbage collector, which may look at everything hours later."""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FunctionType

import pytest

from sage_operator.simulators import Dataset, Simulators
from sage_operator.sync.entities import ActionKind, Entity, Mode
from sage_operator.sync.fieldmap import FieldRule, FieldSource, Lookup
from sage_operator.sync.payments.settings import Figure, FigureRule, PaymentSettings
from sage_operator.sync.state import RunResult

from .integrations import Integration

OURS = ("sage_operator", "httpx")
PAYMENTS = PaymentSettings(
    time_zone="Europe/Madrid",
    signs={"Sales Invoice": 1},
    rules=(FigureRule(target="Z_Outstanding", figure=Figure.OUTSTANDING),),
)


@pytest.fixture(scope="module")
def simulators() -> Iterator[Simulators]:
    """A small organisation and an empty tenant."""
    with Simulators(dataset=Dataset(accounts=10, contacts=10)) as running:
        yield running


@contextmanager
def left_over() -> Iterator[Counter[str]]:
    """Count, by type, what is ours of the garbage that is made meanwhile: after it, and only if all goes well."""
    found: Counter[str] = Counter()
    flags, enabled = gc.get_debug(), gc.isenabled()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found.update(name for name in map(_name, gc.garbage) if _is_ours(name))
    finally:
        gc.set_debug(flags)
        gc.garbage.clear()
        if enabled:
            gc.enable()


def _name(thing: object) -> str:
    """Return the type of an object, with its module; a function or a class is told by its own name."""
    it = thing if isinstance(thing, FunctionType | type) else type(thing)
    return f"{it.__module__}.{it.__qualname__}"


def _is_ours(name: str) -> bool:
    """Tell apart the operator's from the simulators', which run in this process."""
    return name.partition(".")[0] in OURS and not name.startswith("sage_operator.simulators.")


async def end_of_a_run(integration: Integration) -> RunResult:
    """Run, and keep nothing but how it ended."""
    report = await integration.run()
    assert report.succeeded, report.error
    return report.result


def with_sales(integration: Integration) -> None:
    """Turn on all that is written: figures and sales, beside accounts and contacts."""
    sage = integration.simulators.sage.control
    sage.create_document(min(row["Id"] for row in sage.records("Account")), 100)
    integration.edit(payments=replace(PAYMENTS, sales=True))


async def test_a_first_run_leaves_no_garbage(integration: Integration) -> None:
    """All was created by all writers, and none of it waits for the collector."""
    with_sales(integration)
    with left_over() as found:
        result = await end_of_a_run(integration)
    assert {entity for entity, counts in result.counts.items() if counts.get(ActionKind.CREATE)} == set(Entity)
    assert not found, f"left to the garbage collector: {dict(found)}"


async def test_a_run_without_changes_leaves_no_garbage(integration: Integration) -> None:
    """Neither of what is read anew each time, nor of the requests for it."""
    with_sales(integration)
    await end_of_a_run(integration)
    with left_over() as found:
        result = await end_of_a_run(integration)
    assert (result.mode, result.counts) == (Mode.INCREMENTAL, {})
    assert not found, f"left to the garbage collector: {dict(found)}"


async def test_a_run_with_changes_leaves_no_garbage(integration: Integration) -> None:
    """An account was renamed, another deleted, an invoice has another amount."""
    sage = integration.simulators.sage.control
    with_sales(integration)
    await end_of_a_run(integration)
    (document,) = sage.records(Entity.SALES.sage_object)
    deleted, renamed = sorted(row["Id"] for row in sage.records("Account"))[-2:]
    sage.update("Account", renamed, Name="Renamed")
    sage.delete("Account", deleted)
    sage.update(Entity.SALES.sage_object, document["Id"], s2cor__Total_Amount__c=99)
    with left_over() as found:
        result = await end_of_a_run(integration)
    assert result.counts[Entity.ACCOUNTS][ActionKind.UPDATE]
    assert result.counts[Entity.SALES] == {ActionKind.UPDATE: 1}
    assert not found, f"left to the garbage collector: {dict(found)}"


async def test_a_run_with_rejects_leaves_no_garbage(integration: Integration) -> None:
    """Each reject is a problem that was raised: it does not hold the row and the frames that it was raised in."""
    integration.edit(
        FieldRule(target="typeId", sources=(FieldSource(path="Name"),), lookup=Lookup(list_name="accountTypes"))
    )
    with left_over() as found:
        result = await end_of_a_run(integration)
    assert result.counts[Entity.ACCOUNTS][ActionKind.REJECT]
    assert not found, f"left to the garbage collector: {dict(found)}"


@pytest.mark.parametrize("operation", ["login", "users.list", "accounts.*"])
async def test_a_failed_run_leaves_no_garbage(integration: Integration, operation: str) -> None:
    """Its error is kept, until a run succeeds: alone, without what was under way."""
    integration.simulators.forcemanager.control.add_fault(status=400, operation=operation)
    with left_over() as found:
        report = await integration.run()
    error = report.error
    assert error is not None
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)
    assert not found, f"left to the garbage collector: {dict(found)}"
