"""What a tenant demands and does not say where it is documented: it is found out, at the latest by its refusals."""

from collections.abc import Iterator

import pytest

from sage_operator.simulators import CustomField, Dataset, Simulators
from sage_operator.sync.errors import Blocked
from sage_operator.sync.fieldmap import from_constant
from sage_operator.sync.findings import FindingKind

from .integrations import Integration

DEMANDED = {"accounts": {"Z_Code": CustomField(label="A code", required=True)}}


@pytest.fixture(scope="module")
def simulators() -> Iterator[Simulators]:
    """More accounts than are refused before somebody asks why."""
    with Simulators(dataset=Dataset(accounts=80, contacts=20)) as running:
        yield running


def asked(integration: Integration) -> dict[str, int]:
    """Return how often ForceManager was asked, by operation, since the last time."""
    control = integration.simulators.forcemanager.control
    counted = dict(control.counters().by_operation)
    control.reset_counters()
    return counted


async def test_a_demand_that_the_schema_tells_is_known_before_anything_is_written(integration: Integration) -> None:
    """Nothing is sent, and the field is named."""
    integration.simulators.forcemanager.control.configure(custom_fields=DEMANDED)
    report = await integration.run()
    assert isinstance(report.error, Blocked)
    assert [finding.kind for finding in report.error.findings] == [FindingKind.MANDATORY_TARGET_MISSING]
    assert not {name for name in asked(integration) if name.startswith("accounts.bulk")}


async def test_a_demand_that_only_refusals_tell_of_is_named_all_the_same(integration: Integration) -> None:
    """The schema claims to be complete. After some refusals the procedure is asked; then it is believed; then fixed."""
    control = integration.simulators.forcemanager.control
    control.configure(custom_fields=DEMANDED, schema_lists_custom_demands=False)
    report = await integration.run()
    assert isinstance(report.error, Blocked), report.error
    assert [finding.kind for finding in report.error.findings] == [FindingKind.MANDATORY_TARGET_MISSING]
    assert "Z_Code" in str(report.error)
    assert control.records("accounts") == []
    asked(integration)
    integration.clock.now += 3601
    assert str((await integration.run()).error) == str(report.error)
    assert not {name for name in asked(integration) if "Create" in name or "bulk" in name}
    integration.edit(from_constant("Z_Code", "new"))
    assert (await integration.run()).succeeded
    assert len(control.records("accounts")) > 16


async def test_the_branch_of_users_needs_no_list(integration: Integration) -> None:
    """It is read if no active user belongs to the branch that is meant, and whenever a mistake is looked at closely."""
    assert (await integration.run()).succeeded
    assert "branches.list" not in asked(integration)
    integration.edit(branch="Nowhere")
    assert isinstance((await integration.run()).error, Blocked)
    assert asked(integration)["branches.list"] == 1
