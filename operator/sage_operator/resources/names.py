"""The names by which Kubernetes knows this product. They are a contract: changing one breaks its users."""

from typing import Final

GROUP: Final = "integrations.forcemanager.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

KIND: Final = "SageIntegration"
LIST_KIND: Final = "SageIntegrationList"
PLURAL: Final = "sageintegrations"
SINGULAR: Final = "sageintegration"
SHORT_NAME: Final = "sageint"
CATEGORIES: Final = ("all", "sage")

FINALIZER: Final = f"{GROUP}/operator"
"""Goes only when a run in flight has stopped."""

REQUESTED_AT: Final = f"{GROUP}/requestedAt"
"""Annotation; any new token asks for a run now. `status.lastHandledReconcileAt` echoes it when that run has ended."""

FIELD_MANAGER: Final = "sage-operator"
"""Who owns the status, in `metadata.managedFields`."""
