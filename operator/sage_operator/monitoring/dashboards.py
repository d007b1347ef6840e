"""The dashboards: one for the fleet, one for an integration."""

from typing import Final

from sage_operator.monitoring._fleet import FLEET
from sage_operator.monitoring._integration import INTEGRATION
from sage_operator.monitoring._panels import Dashboard

DASHBOARDS: Final[dict[str, Dashboard]] = {"fleet.json": FLEET, "integration.json": INTEGRATION}
"""By file name."""
