"""Kopf's handlers: thin, and only of the kinds that leave no annotation on the objects.

The timer is a heartbeat, the event handler tells of changes, the daemon holds the finalizer until a run in flight has
ended. None of them returns a value or touches Kopf's `patch`: a failed patch would end the object's timer for the life
of the process.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import kopf

from sage_operator.controller.config import Config
from sage_operator.controller.coordinator import Coordinator
from sage_operator.controller.schedule import phase
from sage_operator.resources import names

_RESOURCE = (names.GROUP, names.VERSION, names.PLURAL)


def registry(
    coordinator: Coordinator,
    config: Config,
    *,
    login: Callable[[], Awaitable[kopf.AiohttpSession]],
) -> kopf.OperatorRegistry:
    """Return the handlers; `login` gives Kopf its session."""
    handlers = kopf.OperatorRegistry()
    heartbeat = config.heartbeat.total_seconds()

    @kopf.on.login(registry=handlers, id="login")
    async def _login(**_: Any) -> kopf.AiohttpSession:
        return await login()

    def spread(*, uid: str, **_: Any) -> float:
        """Spread the heartbeats of many integrations over one interval."""
        return phase(uid, config.heartbeat).total_seconds()

    @kopf.timer(*_RESOURCE, registry=handlers, id="heartbeat", interval=heartbeat, initial_delay=spread)
    async def _heartbeat(*, body: kopf.Body, **_: Any) -> None:
        await coordinator.look(body)

    @kopf.on.event(*_RESOURCE, registry=handlers, id="look")
    async def _look(  # the parameters are named by Kopf
        *,
        type: str | None,  # noqa: A002
        event: Any,
        body: kopf.Body,
        uid: str,
        **_: Any,
    ) -> None:
        # Kopf keeps the whole object. Two thirds of its memory are who wrote which field, which nobody reads.
        event["object"]["metadata"].pop("managedFields", None)
        if type == "DELETED":
            await coordinator.forget(uid, f"{body.meta.namespace}/{body.meta.name}")
        else:
            await coordinator.look(body)

    @kopf.daemon(*_RESOURCE, registry=handlers, id="guard")
    async def _guard(*, stopped: kopf.DaemonStopped, uid: str, **_: Any) -> None:
        await stopped.wait()
        reason = stopped.reason
        if reason is not None and kopf.DaemonStoppingReason.RESOURCE_DELETED in reason:
            await coordinator.leave(uid)

    return handlers


def settings() -> kopf.OperatorSettings:
    """Return Kopf's settings; each differs from its default for a reason."""
    kopf_settings = kopf.OperatorSettings()
    kopf_settings.persistence.finalizer = names.FINALIZER
    kopf_settings.posting.enabled = False  # events are ours, on transitions only
    kopf_settings.background.cancellation_polling = 1  # a deletion waits for the guard at most so long
    kopf_settings.watching.server_timeout = 300  # half-dead connections end, and /healthz can tell
    kopf_settings.watching.client_timeout = 310
    kopf_settings.watching.connect_timeout = 10
    kopf_settings.watching.chunk_size = 500
    kopf_settings.networking.request_timeout = 30
    kopf_settings.networking.connect_timeout = 10
    # 5xx for longer than this ends the process (the pod starts anew): about five minutes instead of one.
    kopf_settings.networking.error_backoffs = (1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 60, 60)
    kopf_settings.scanning.disabled = True  # the resource is named in full; no rights on CRDs are needed
    return kopf_settings
