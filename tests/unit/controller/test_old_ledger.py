"""An old copy of the ledger is put back: the status knows of runs that it lacks."""

from copy import deepcopy

import pytest

from sage_operator.sync.entities import Entity, Mode
from sage_operator.sync.errors import LedgerUnavailable
from unit.runner.memory_ledger import Disk

from .conftest import Make
from .surroundings import Surroundings

pytestmark = pytest.mark.looptime

EVENT = "LedgerOlderThanStatus"


def ext_ids(operator: Surroundings) -> list[object]:
    """Return which Sage records are in ForceManager, sorted."""
    return sorted(str(each["extId"]) for each in operator.connector.tenant.records[Entity.ACCOUNTS].values())


async def ran(make: Make) -> tuple[Surroundings, Disk]:
    """Return an operator that has created an account after a copy of its ledger was made, and the copy."""
    operator = make(accounts=3)
    await operator.apply()
    await operator.until(lambda: operator.runs() == ["Succeeded"])
    copy = deepcopy(operator.disk)
    operator.connector.organisation.add_account(name="Late")
    await operator.apply(token="t")
    await operator.until(lambda: operator.status().get("lastHandledReconcileAt") == "t")
    assert len(ext_ids(operator)) == 4
    return operator, copy


@pytest.mark.parametrize("lost", [False, True])
async def test_an_old_copy_or_an_empty_file_duplicates_nothing(make: Make, *, lost: bool) -> None:
    """The next run is an Initial one, once the creates of the lost run have settled; it is told once."""
    operator, copy = await ran(make)
    operator.disk = Disk() if lost else copy
    known = set(operator.disk.runs)
    operator.restart()
    restarted = operator.clock.now
    await operator.look()
    await operator.look()
    await operator.go_on(90)
    (run,) = set(operator.disk.runs) - known
    assert operator.disk.modes[run] is Mode.INITIAL
    assert (operator.disk.runs[run].header.started_at - restarted).total_seconds() >= 60
    assert len(ext_ids(operator)) == len(set(ext_ids(operator))) == 4
    assert operator.event_reasons().count(EVENT) == 1
    operator.restart()
    await operator.go_on(30)
    assert operator.event_reasons().count(EVENT) == 1


async def test_a_ledger_that_is_ahead_is_no_old_copy(make: Make) -> None:
    """A status that could not be written tells of an earlier run: nothing is reset."""
    operator, _ = await ran(make)
    behind = deepcopy(operator.kube.objects["acme"]["status"]["lastRun"])
    behind["id"] = min(operator.disk.runs)
    operator.kube.objects["acme"]["status"]["lastRun"] = behind
    operator.restart()
    await operator.go_on(30)
    assert operator.event_reasons().count(EVENT) == 0
    assert operator.disk.scope.watermark is not None


async def test_a_run_that_the_ledger_could_not_begin_is_not_told_as_the_last(make: Make) -> None:
    """The disk was full: after a restart the ledger is not taken for an old copy."""
    operator, _ = await ran(make)
    told = operator.status()["lastRun"]["id"]
    operator.ledger.broken = LedgerUnavailable("The disk is full.")
    await operator.apply(token="u")
    await operator.until(lambda: operator.reason() == "LedgerUnavailable")
    assert operator.status()["lastRun"]["id"] == told
    operator.restart()
    await operator.go_on(30)
    assert operator.event_reasons().count(EVENT) == 0
