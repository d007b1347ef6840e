"""What e2e tests ask of an integration on the API server."""

import json
from collections.abc import Callable
from typing import Any

from support.operators import wait_for


class Integrations:
    """The integrations of one namespace, by kubectl."""

    def __init__(self, kubectl: Any, namespace: str) -> None:
        """Take kubectl with an administrator's rights."""
        self._kubectl = kubectl
        self.namespace = namespace

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Apply manifests as a pipeline does."""
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        self.run("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=listed)

    def run(self, *arguments: str, stdin: str | None = None, seconds: float = 60) -> str:
        """Run kubectl in the namespace."""
        output: str = self._kubectl.run(*arguments, f"--namespace={self.namespace}", stdin=stdin, seconds=seconds)
        return output

    def get(self, name: str = "acme") -> dict[str, Any]:
        """The whole object."""
        found: dict[str, Any] = json.loads(self.run("get", "sageint", name, "-o=json"))
        return found

    def status(self, name: str = "acme") -> dict[str, Any]:
        """Its status."""
        told: dict[str, Any] = self.get(name).get("status", {})
        return told

    def condition(self, kind: str, name: str = "acme") -> dict[str, Any]:
        """One condition; empty if it is not there."""
        conditions: list[dict[str, Any]] = self.status(name).get("conditions", [])
        return next((c for c in conditions if c["type"] == kind), {})

    def patch(self, spec: dict[str, Any], name: str = "acme") -> None:
        """Change the spec."""
        self.run("patch", "sageint", name, "--type=merge", f"--patch={json.dumps({'spec': spec})}")

    def wait(self, condition: str, name: str = "acme", *, seconds: int = 60) -> None:
        """Wait as a pipeline does: `kubectl wait --for=condition=…`."""
        self.run(
            "wait", f"--for=condition={condition}", f"--timeout={seconds}s", f"sageint/{name}", seconds=seconds + 10
        )

    def until(
        self, what: str, holds: Callable[[dict[str, Any]], Any], name: str = "acme", *, seconds: float = 60
    ) -> dict[str, Any]:
        """Wait until something holds of the status, and return that."""
        wait_for(
            lambda: holds(self.status(name)),
            what,
            seconds=seconds,
            tail=lambda: json.dumps(self.status(name), indent=1),
        )
        return self.status(name)

    def request_run(self, token: str, name: str = "acme") -> dict[str, Any]:
        """Ask for a run and return the status once it has ended."""
        annotation = f"integrations.forcemanager.io/requestedAt={token}"
        self.run("annotate", "--overwrite", "sageint", name, annotation)
        return self.until(f"run {token} has ended", lambda told: told.get("lastHandledReconcileAt") == token, name)

    def events(self) -> list[tuple[str, str, str]]:
        """Name of the integration, type and reason of each event, oldest first."""
        items = json.loads(self.run("get", "events.events.k8s.io", "--sort-by=.eventTime", "-o=json"))["items"]
        return [(item["regarding"]["name"], item["type"], item["reason"]) for item in items]
