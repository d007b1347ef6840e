"""What the controller works with: put together once, in `app`."""

import asyncio
from collections.abc import Callable, MutableMapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sage_operator.controller.kube import Kube
from sage_operator.controller.referents import Referent
from sage_operator.controller.translate import SharedMaps
from sage_operator.resources import SageIntegration
from sage_operator.runner.ports import Ledger, Remotes, RunStore
from sage_operator.transport import Upstreams


class LedgerStore(Ledger, RunStore, Protocol):
    """The ledger, for runs and between them."""


class Connector(Protocol):
    """Opens the remotes of an integration."""

    def connect(
        self, integration: SageIntegration, used: MutableMapping[Referent, str]
    ) -> AbstractAsyncContextManager[Remotes]:
        """Read the Secrets, check the hosts, and open both remotes for one run; note which versions are `used`.

        Raises:
            Blocked: a host is not allowed, a Secret or one of its keys is missing.
            SyncError: the Kubernetes API could not be asked.
        """

    async def shared_maps(self, integration: SageIntegration, used: MutableMapping[Referent, str]) -> SharedMaps:
        """Read the ConfigMaps that field maps come from; what is not there is absent. Note which versions are `used`.

        Raises:
            SyncError: the Kubernetes API could not be asked.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The controller's surroundings.

    Attributes:
        upstreams: which remotes answer.
        limit: runs at once, of all integrations.
        clock: UTC now.
        settling_time: how long after an unclear create ForceManager is asked what became of it.
    """

    kube: Kube
    connector: Connector
    ledger: LedgerStore
    upstreams: Upstreams
    limit: asyncio.Semaphore
    clock: Callable[[], datetime]
    settling_time: timedelta
