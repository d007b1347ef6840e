"""A `SageIntegration` as the API server hands it out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from pydantic import ValidationError

from sage_operator.resources._base import Cut, Model
from sage_operator.resources.names import REQUESTED_AT
from sage_operator.resources.spec import SageIntegrationSpec
from sage_operator.resources.status import LONGEST_TOKEN, SageIntegrationStatus


class InvalidResourceError(ValueError):
    """The resource does not fit its models. The message names each path and what is wrong there."""


class ObjectMeta(Model):
    """What is used of `metadata`."""

    name: str
    namespace: str
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    annotations: Mapping[str, str] = {}
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None


class SageIntegration(Model):
    """One Sage organisation kept in one ForceManager tenant."""

    metadata: ObjectMeta
    spec: SageIntegrationSpec
    status: SageIntegrationStatus = SageIntegrationStatus()

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a resource from its JSON.

        The API server has validated it already, but perhaps by an older CRD. A status that can't be read (it is our
        own, perhaps of another version) counts as none: it is told anew.

        Raises:
            InvalidResourceError: metadata or spec don't fit.
        """
        parts = {part: body.get(part) for part in ("metadata", "spec")}
        plain = {part: dict(value) if isinstance(value, Mapping) else value for part, value in parts.items()}
        try:
            # By the names that the API server knows, not by Python's.
            return cls.model_validate(plain | {"status": _status(body.get("status"))}, by_name=False)
        except ValidationError as error:
            raise InvalidResourceError(readable(error)) from None

    def without_status(self) -> Self:
        """Return the resource as a user wrote it: half as much to keep."""
        return self.model_copy(update={"status": _NO_STATUS})

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def requested_at(self) -> str:
        """The token that asks for a run, as `status.lastHandledReconcileAt` echoes it; empty if there is none."""
        token: str = Cut(LONGEST_TOKEN)(self.metadata.annotations.get(REQUESTED_AT, ""))
        return token


_NO_STATUS = SageIntegrationStatus()


def _status(value: Any) -> SageIntegrationStatus:
    try:
        return SageIntegrationStatus.model_validate(dict(value or {}))
    except (TypeError, ValueError):
        return SageIntegrationStatus()


def readable(error: ValidationError) -> str:
    """Return `path: message` of each error, paths as Kubernetes writes them (`spec.accounts.fields[0].target`)."""
    return "; ".join(f"{_path(each['loc'])}: {each['msg'].removeprefix('Value error, ')}" for each in error.errors())


def _path(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
