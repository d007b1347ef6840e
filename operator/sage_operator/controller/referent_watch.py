"""Watching Secrets and ConfigMaps by their metadata: that one has changed, never what is in it.

The API server is asked for `PartialObjectMetadata`: no object's data crosses the wire here, whoever it belongs to. (An
annotation may hold a copy, as client-side `kubectl apply` leaves one.) Nothing of it is kept but what is told on at
once: name and version. The data of a Secret is read by name, when the run of an integration that names it starts.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from sage_operator.controller.kube import Kube
from sage_operator.controller.referents import Referent, ReferentKind
from sage_operator.sync.errors import KubernetesUnavailable, WatchRefused

log = structlog.get_logger(__name__)

_FIRST_WAIT, _LAST_WAIT = 1.0, 60.0
_FORBIDDEN_WAIT = 300.0
"""Seconds between attempts where the operator has no right to watch: rights may be added while it runs."""


class Listener(Protocol):
    """Whoever wants to know."""

    async def referent_seen(self, referent: Referent, version: str) -> None:
        """Take that an object is there in this version; the empty one says that it is gone."""

    async def referents_listed(self, kind: ReferentKind, namespace: str | None, found: dict[Referent, str]) -> None:
        """Take that these, and no others, are there (in a namespace, or in all): for what a watch may have missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferentWatch:
    """Watches one kind in one namespace, or in all, for as long as it is not cancelled."""

    kube: Kube
    listener: Listener
    kind: ReferentKind
    namespace: str | None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self) -> None:
        """List, then watch; after each failure again, with a wait that grows. Only cancellation ends it."""
        wait = _FIRST_WAIT
        while True:
            try:
                version = await self._list()
                wait = _FIRST_WAIT
                while version:
                    version = await self._watch(version)
            except WatchRefused as error:
                log.warning("referents-not-watched", kind=self.kind.value, namespace=self.namespace, error=str(error))
                await self.sleep(_FORBIDDEN_WAIT)
            except KubernetesUnavailable as error:
                log.info("watch-broken", kind=self.kind.value, namespace=self.namespace, error=error.message)
                await self.sleep(wait)
                wait = min(wait * 2, _LAST_WAIT)

    async def _list(self) -> str:
        """Tell all that are there, and return the version to watch from."""
        found: dict[Referent, str] = {}
        following = ""
        while True:
            page = await self.kube.list_metadata(self.kind.value, self.namespace, following=following)
            for item in page.get("items") or ():
                found[self._referent(item)] = str(item["metadata"]["resourceVersion"])
            following = page["metadata"].get("continue", "")
            if not following:
                break
        await self.listener.referents_listed(self.kind, self.namespace, found)
        return str(page["metadata"]["resourceVersion"])

    async def _watch(self, version: str) -> str:
        """Tell each change until the server ends the stream; return the version to go on from, none to list anew."""
        async for line in self.kube.watch_metadata(self.kind.value, self.namespace, version=version):
            event: dict[str, Any] = json.loads(line)
            item = event["object"]
            if event["type"] == "ERROR":  # the version is too old: what has happened since is not known
                return ""
            version = str(item["metadata"]["resourceVersion"])
            if event["type"] != "BOOKMARK":
                await self.listener.referent_seen(self._referent(item), "" if event["type"] == "DELETED" else version)
        return version

    def _referent(self, item: dict[str, Any]) -> Referent:
        metadata = item["metadata"]
        return Referent(kind=self.kind, namespace=metadata["namespace"], name=metadata["name"])


def watches(kube: Kube, listener: Listener, namespaces: Sequence[str]) -> tuple[ReferentWatch, ...]:
    """Return what is to be watched: both kinds in each namespace, or in all if none is named."""
    return tuple(
        ReferentWatch(kube=kube, listener=listener, kind=kind, namespace=namespace)
        for namespace in (namespaces or (None,))
        for kind in ReferentKind
    )
