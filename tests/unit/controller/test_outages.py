"""One cause, one event: fifty integrations of one ForceManager that goes down and comes back."""

import pytest
from structlog.testing import capture_logs

from sage_operator.sync.errors import System

from .conftest import Make
from .surroundings import Surroundings

pytestmark = pytest.mark.looptime

HOST = "api.forcemanager.com"
MANY = [f"customer-{number:02}" for number in range(50)]


async def all_proven(make: Make) -> Surroundings:
    """Return an operator with many integrations in step."""
    operator = make()
    for name in MANY:
        await operator.apply(name)
    await operator.until(lambda: all(operator.reason(name) == "Succeeded" for name in MANY))
    operator.kube.events.clear()
    return operator


async def test_an_outage_is_told_once_and_so_is_its_end(make: Make) -> None:
    """One warning event and one log line for fifty integrations, one of each when it is back; each has its reason."""
    operator = await all_proven(make)
    with capture_logs() as logs:
        operator.connector.down = True
        await operator.go_on(3600, heartbeat=30)
        assert {operator.reason(name) for name in MANY} == {"ForceManagerUnavailable"}
        assert [reason for _, reason in operator.kube.events] == ["ForceManagerUnavailable"]
        operator.connector.down = False
        await operator.go_on(600, heartbeat=30)
    assert {operator.reason(name) for name in MANY} == {"Succeeded"}
    assert [reason for _, reason in operator.kube.events] == ["ForceManagerUnavailable", "ForceManagerAvailable"]
    assert len({name for name, _ in operator.kube.events}) == 1, "both on the same object"
    loud = [line["event"] for line in logs if line["log_level"] in {"warning", "error"}]
    assert loud == ["upstream-down"]
    (back,) = [line for line in logs if line["event"] == "upstream-back"]
    assert 3000 < back["seconds"] < 4500
    assert len(operator.connector.tried) < 40, "an hour of probes, not of fifty integrations that try by themselves"


async def test_all_run_again_as_soon_as_it_is_back(make: Make) -> None:
    """Within the next probe, five minutes at most, rather than when each is due."""
    operator = await all_proven(make)
    operator.connector.down = True
    await operator.go_on(3600, heartbeat=30)
    operator.connector.down = False
    await operator.go_on(330, heartbeat=30)
    assert {operator.reason(name) for name in MANY} == {"Succeeded"}


async def test_what_somebody_asks_for_is_tried_during_an_outage(make: Make) -> None:
    """A new generation runs, and fails for the same reason; the others go on waiting."""
    operator = await all_proven(make)
    operator.connector.down = True
    tried = operator.connector.tried
    await operator.go_on(1800, heartbeat=30)
    before = len(tried)
    await operator.apply(MANY[7], timeout="7m")
    await operator.until(lambda: len(tried) > before, within=5)
    assert tried[-1] == MANY[7]
    assert operator.reason(MANY[7]) == "ForceManagerUnavailable"


async def test_the_rules_of_conditions_hold_for_who_waits(make: Make) -> None:
    """Ready is False, Reconciling says that it is tried again, and it is not Stalled: nobody has to act."""
    operator = await all_proven(make)
    operator.connector.down = True
    await operator.go_on(1800, heartbeat=30)
    for name in MANY:
        assert operator.condition("Stalled", name) is None
        reconciling = operator.condition("Reconciling", name)
        assert reconciling is not None
        assert reconciling["reason"] == "ProgressingWithRetry"


async def test_an_outage_of_a_host_that_is_no_longer_used_is_forgotten(make: Make) -> None:
    """When all its integrations are suspended or deleted; resumed, they find out anew."""
    operator = await all_proven(make)
    operator.connector.down = True
    await operator.go_on(1800, heartbeat=30)
    for name in MANY[1:]:
        await operator.apply(name, suspend=True)
    assert operator.upstreams.outage(System.FORCE_MANAGER, HOST) is not None
    uid = operator.kube.objects[MANY[0]]["metadata"]["uid"]
    await operator.coordinator.forget(uid, f"crm/{MANY[0]}")
    assert operator.upstreams.outage(System.FORCE_MANAGER, HOST) is None
