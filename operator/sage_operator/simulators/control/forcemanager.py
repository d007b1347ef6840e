"""Control calls of the ForceManager simulator."""

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from sage_operator.simulators.control.routing import route, route_with
from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.forcemanager.columns import ENTITIES
from sage_operator.simulators.forcemanager.edits import Edit, apply
from sage_operator.simulators.forcemanager.schema_edits import SchemaEdit, apply_to_schema
from sage_operator.simulators.forcemanager.settings import TenantSettings
from sage_operator.simulators.forcemanager.tenant import Tenant

if TYPE_CHECKING:
    from sage_operator.simulators.forcemanager.app import ForceManagerSimulator


class NewTenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tenant to be created."""

    name: str
    keys: dict[str, str]
    """Private keys by public key."""
    dataset: Dataset = Dataset()
    """Tells the users."""
    settings: TenantSettings = TenantSettings()


def forcemanager_routes(simulator: "ForceManagerSimulator") -> list[Route]:
    """Return the routes."""

    def chosen(request: Request) -> Tenant:
        name = request.path_params.get("name") or request.query_params.get("tenant")
        return simulator.tenants[name] if name else next(iter(simulator.tenants.values()))

    def create(_request: Request, new: NewTenant) -> dict[str, Any]:
        return _summary(simulator.add_tenant(new.name, new.keys, new.dataset, new.settings))

    def add_keys(request: Request, keys: dict[str, str]) -> None:
        simulator.add_keys(chosen(request), keys)

    def configure(request: Request, settings: TenantSettings) -> None:
        chosen(request).configure(settings)

    def expire(request: Request) -> dict[str, int]:
        one = chosen(request) if "tenant" in request.query_params else None
        return {"expired": simulator.sessions.expire(one)}

    def edit(request: Request, edits: list[Edit]) -> list[int]:
        tenant, resource = chosen(request), request.path_params["resource"]
        return [apply(tenant, resource, one, simulator.pipeline.clock) for one in edits]

    def edit_schema(request: Request, edits: list[SchemaEdit]) -> None:
        for one in edits:
            apply_to_schema(chosen(request), request.path_params["resource"], one)

    return [
        route("GET", "tenants", lambda _: [_summary(tenant) for tenant in simulator.tenants.values()]),
        route_with("POST", "tenants", NewTenant, create),
        route_with("POST", "tenants/{name}/keys", dict[str, str], add_keys),
        route("GET", "tenants/{name}/settings", lambda request: chosen(request).settings),
        route_with("PUT", "tenants/{name}/settings", TenantSettings, configure),
        route("POST", "sessions/expire", expire),
        route(
            "GET",
            "records/{resource:path}",
            lambda request: list(chosen(request).tables[request.path_params["resource"]]),
        ),
        route_with("POST", "records/{resource:path}", list[Edit], edit),
        route_with("POST", "schema/{resource}", list[SchemaEdit], edit_schema),
    ]


def _summary(tenant: Tenant) -> dict[str, Any]:
    counted = (*ENTITIES, "users")
    return {"name": tenant.name, "keys": list(tenant.keys), "records": {n: len(tenant.tables[n]) for n in counted}}
