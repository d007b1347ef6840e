"""Sage and ForceManager as real HTTP servers, with data from a seed and faults on demand.

For tests, the demo and benchmarks, and for trying a field map without a tenant. Nothing else of the operator is
imported here. How to start them: `serve.Simulators`, or `python -m sage_operator.simulators --help`. How to edit
records, move the clock and break things: `control`.
"""

from sage_operator.simulators.clock import ClockSetting
from sage_operator.simulators.control.client import (
    ControlError,
    ForceManagerControl,
    SageControl,
    SimulatorControl,
)
from sage_operator.simulators.dataset import Dataset, UserPair
from sage_operator.simulators.faults import Rule
from sage_operator.simulators.forcemanager.edits import Edit as ForceManagerEdit
from sage_operator.simulators.forcemanager.settings import CustomField, TenantSettings
from sage_operator.simulators.sage.edits import Edit as SageEdit
from sage_operator.simulators.sage.settings import NewField, OrganisationSettings
from sage_operator.simulators.serve import ForceManagerServer, SageServer, Simulators

__all__ = [
    "ClockSetting",
    "ControlError",
    "CustomField",
    "Dataset",
    "ForceManagerControl",
    "ForceManagerEdit",
    "ForceManagerServer",
    "NewField",
    "OrganisationSettings",
    "Rule",
    "SageControl",
    "SageEdit",
    "SageServer",
    "SimulatorControl",
    "Simulators",
    "TenantSettings",
    "UserPair",
]
