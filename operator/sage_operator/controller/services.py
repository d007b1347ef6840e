"""What the controller works with: put together once, in `app`."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sage_operator.controller.kube import Kube
from sage_operator.resources import SageIntegration
from sage_operator.runner.ports import Ledger, Remotes, RunStore


class LedgerStore(Ledger, RunStore, Protocol):
    """The ledger, for runs and between them."""


class Connector(Protocol):
    """Opens the remotes of an integration."""

    def connect(self, integration: SageIntegration, versions: list[str]) -> AbstractAsyncContextManager[Remotes]:
        """Read the Secrets, check the hosts, and open both remotes for one run; tell the Secrets' `versions`.

        Raises:
            Blocked: a host is not allowed, a Secret or one of its keys is missing.
            SyncError: the Kubernetes API could not be asked.
        """

    async def secret_versions(self, integration: SageIntegration) -> list[str]:
        """Return the resource versions of the Secrets, empty for one that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The controller's surroundings.

    Attributes:
        limit: runs at once, of all integrations.
        clock: UTC now.
        settling_time: how long after an unclear create ForceManager is asked what became of it.
    """

    kube: Kube
    connector: Connector
    ledger: LedgerStore
    limit: asyncio.Semaphore
    clock: Callable[[], datetime]
    settling_time: timedelta
