"""Named states of affairs for the command line: settings and faults, or a JSON file with the same content."""

from pathlib import Path

import msgspec

from sage_operator.simulators.faults import Rule
from sage_operator.simulators.forcemanager.settings import TenantSettings
from sage_operator.simulators.sage.formulas import DOCUMENT
from sage_operator.simulators.sage.settings import OrganisationSettings
from sage_operator.simulators.serve import Simulators


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of all organisations and tenants, and faults."""

    organisation: OrganisationSettings = OrganisationSettings()
    tenant: TenantSettings = msgspec.field(default_factory=TenantSettings)
    sage_faults: list[Rule] = []
    forcemanager_faults: list[Rule] = []


SCENARIOS = {
    "calm": Scenario(),
    "distant": Scenario(  # as over the internet
        sage_faults=[Rule(latency_ms=120)],
        forcemanager_faults=[Rule(latency_ms=80)],
    ),
    "rough": Scenario(
        organisation=OrganisationSettings(page_whim=0.5),
        sage_faults=[Rule(latency_ms=50), Rule(operation="query*", probability=0.02, status=503)],
        forcemanager_faults=[
            Rule(latency_ms=30),
            Rule(probability=0.02, seed=1, status=429, retry_after="1"),
            Rule(probability=0.02, seed=2, status=500),
            Rule(operation="*.bulk*", probability=0.02, seed=3, cut="after"),
            Rule(operation="*.bulk*", probability=0.01, seed=4, commit_after_ms=5000),
            Rule(operation="*.bulk*", probability=0.02, seed=5, drop_items=3),
        ],
    ),
    "old-package": Scenario(  # fields as other versions of the package have them: what is open has to be worked out
        organisation=OrganisationSettings(
            renamed_fields={DOCUMENT: {"s2cor__Due_Date__c": "s2cor__Manual_Due_Date__c"}},
            hidden_fields={DOCUMENT: ["s2cor__Outstanding_Amount__c", "s2cor__Is_Paid__c"]},
        )
    ),
    "no-bulk": Scenario(
        tenant=TenantSettings(
            bulk_refused={
                f"{entity}.bulk{verb}": 404
                for entity in ("accounts", "contacts", "sales")
                for verb in ("Create", "Update", "Delete")
            }
        )
    ),
}


def load(name: str) -> Scenario:
    """Return a scenario by its name, or from a file. Raises `OSError` or `msgspec.MsgspecError`."""
    return SCENARIOS.get(name) or msgspec.json.decode(Path(name).read_bytes(), type=Scenario)


def add_faults(scenario: Scenario, simulators: Simulators) -> None:
    """Put the faults of a scenario into effect; the servers need not run yet."""
    for rule in scenario.sage_faults:
        simulators.sage.simulator.pipeline.faults.add(rule)
    for rule in scenario.forcemanager_faults:
        simulators.forcemanager.simulator.pipeline.faults.add(rule)
