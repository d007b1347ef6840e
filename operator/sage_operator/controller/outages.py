"""One cause, one event: what an outage of a remote means for the integrations that use it.

While a host is down its integrations wait, and each says so in its condition; one event and one log line tell of the
outage itself, and one of each that it is over.
"""

from datetime import timedelta

from sage_operator.controller.events import Event
from sage_operator.controller.slot import Slot
from sage_operator.resources import SageIntegration
from sage_operator.sync.errors import System, Unavailable
from sage_operator.transport import Outage, Upstreams, host_of


def outage_of(integration: SageIntegration, upstreams: Upstreams) -> Outage | None:
    """Return the outage that keeps an integration from running: of Sage first, which is asked first."""
    spec = integration.spec
    return upstreams.outage(System.SAGE, host_of(spec.sage.url)) or upstreams.outage(
        System.FORCE_MANAGER, host_of(spec.force_manager.url)
    )


def concerns(outage: Outage, integration: SageIntegration) -> bool:
    """Tell whether an integration uses the host of an outage."""
    spec = integration.spec
    url = spec.sage.url if outage.system is System.SAGE else spec.force_manager.url
    return host_of(url) == outage.host


def is_held(slot: Slot, outage: Outage) -> bool:
    """Tell whether an integration waits for a host."""
    error = slot.error
    return isinstance(error, Unavailable) and error.system is outage.system and concerns(outage, slot.integration)


def waiting_for(outage: Outage) -> Unavailable:
    """Return the error of an integration that waits for a host."""
    return Unavailable(
        outage.system, outage.message, remedy="One integration tries again now and then for all of them."
    )


def beginning(outage: Outage, waiting: int) -> Event:
    """Return the event that tells of an outage."""
    whom = "1 integration waits" if waiting == 1 else f"{waiting} integrations wait"
    return Event(warning=True, reason=f"{outage.system.spoken}Unavailable", message=f"{outage.message} {whom} for it.")


def end(outage: Outage, duration: timedelta) -> Event:
    """Return the event that tells of its end."""
    minutes = round(duration / timedelta(minutes=1))
    lasted = "less than a minute" if minutes < 1 else "1 minute" if minutes == 1 else f"{minutes} minutes"
    return Event(
        warning=False,
        reason=f"{outage.system.spoken}Available",
        message=f"{outage.system.spoken} ({outage.host}) answers again; the outage lasted {lasted}.",
    )
