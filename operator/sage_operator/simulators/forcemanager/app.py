"""The HTTP interface of the ForceManager simulator."""

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.routing import Route

from sage_operator.simulators.control.common import common_routes
from sage_operator.simulators.control.forcemanager import forcemanager_routes
from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.forcemanager.answers import fault_body, refusal
from sage_operator.simulators.forcemanager.bulk import bulk
from sage_operator.simulators.forcemanager.columns import ENTITIES, RESOURCES, schema
from sage_operator.simulators.forcemanager.reads import page
from sage_operator.simulators.forcemanager.sessions import Session, Sessions, credentials
from sage_operator.simulators.forcemanager.settings import TenantSettings
from sage_operator.simulators.forcemanager.tenant import Tenant
from sage_operator.simulators.forcemanager.writes import WriteError, Writer
from sage_operator.simulators.forcemanager.zapier import zapier_schema
from sage_operator.simulators.pipeline import Endpoint, Pipeline
from sage_operator.simulators.wire import Answer, Call, loads

BASE = "/api/v4"


class ForceManagerSimulator:
    """ForceManager's REST API v4, for any number of tenants on one URL; the key pair of the sign-in selects one."""

    def __init__(self) -> None:
        self.pipeline = Pipeline(admit=self._admit, fault_body=fault_body)
        self.tenants: dict[str, Tenant] = {}
        """By name."""
        self.owners: dict[str, Tenant] = {}
        """By public key."""
        self.sessions = Sessions(self.pipeline.clock)
        one = f"{BASE}/{{resource}}/{{id:int}}"
        self.app = Starlette(
            routes=[
                self._route("POST", f"{BASE}/login", "login", self._login),
                self._route("POST", f"{BASE}/procedure/zapier_schema", "zapierSchema", self._signed_in(self._zapier)),
                self._route("GET", f"{BASE}/resources", "resources", self._signed_in(self._resources)),
                self._route("GET", f"{BASE}/list/{{name}}", "list.list", self._signed_in(self._own_list)),
                self._route("GET", f"{BASE}/{{resource}}/schema", "{resource}.schema", self._signed_in(self._schema)),
                self._route("POST", f"{BASE}/{{resource}}/bulk", "{resource}.bulkCreate", self._signed_in(self._bulk)),
                self._route("PUT", f"{BASE}/{{resource}}/bulk", "{resource}.bulkUpdate", self._signed_in(self._bulk)),
                self._route(
                    "DELETE", f"{BASE}/{{resource}}/bulk", "{resource}.bulkDelete", self._signed_in(self._bulk)
                ),
                self._route("GET", one, "{resource}.get", self._signed_in(self._get)),
                self._route("PUT", one, "{resource}.update", self._signed_in(self._update)),
                self._route("DELETE", one, "{resource}.delete", self._signed_in(self._delete)),
                self._route("GET", f"{BASE}/{{resource}}", "{resource}.list", self._signed_in(self._list)),
                self._route("POST", f"{BASE}/{{resource}}", "{resource}.create", self._signed_in(self._create)),
                *common_routes(self.pipeline, self.reset),
                *forcemanager_routes(self),
            ]
        )

    def add_tenant(
        self, name: str, keys: dict[str, str], dataset: Dataset, settings: TenantSettings | None = None
    ) -> Tenant:
        """Create a tenant. Raises `ValueError` if the name or a public key is taken."""
        if name in self.tenants:
            raise ValueError(f"the tenant {name} exists already")
        tenant = Tenant(name=name, number=len(self.tenants) + 1, keys={}, dataset=dataset, settings=settings)
        self.add_keys(tenant, keys)
        self.tenants[name] = tenant
        return tenant

    def add_keys(self, tenant: Tenant, keys: dict[str, str]) -> None:
        """Give a tenant more key pairs. Raises `ValueError` if a public key is taken."""
        if taken := sorted(keys.keys() & self.owners.keys()):
            raise ValueError(f"the public keys {taken} exist already")
        tenant.keys.update(keys)
        self.owners.update(dict.fromkeys(keys, tenant))

    def reset(self) -> None:
        """Return all tenants to their initial state; forget sessions."""
        for tenant in self.tenants.values():
            tenant.reset()
        self.sessions.expire()

    def _route(self, method: str, path: str, operation: str, handler: Callable[[Call], Answer]) -> Route:
        return Route(path, Endpoint(self.pipeline, operation, handler), methods=[method])

    def _admit(self, call: Call) -> None:
        """Apply the rate limit of the key pair that asks. Raises `Refusal`."""
        if call.operation == "login":
            public = credentials(call)[0]
            tenant = self.owners.get(public)
        else:
            session = self.sessions.session(call)
            tenant, public = (session.tenant, session.public_key) if session else (None, "")
        wait = tenant.wait(public) if tenant else 0
        if tenant and wait:
            self.pipeline.counters.throttled += 1
            retry_after = str(max(1, round(wait))) if tenant.settings.tell_retry_after else None
            raise refusal(429, "Too Many Requests", retry_after=retry_after)

    def _signed_in(self, handler: Callable[[Call, Session], Any]) -> Callable[[Call], Answer]:
        """Wrap a handler, which returns what is answered as JSON: the session is checked, and the resource."""

        def handle(call: Call) -> Answer:
            session = self.sessions.session(call)
            if session is None:
                raise refusal(401, "Unauthorized")
            resource = call.parameters.get("resource")
            if resource is not None and resource not in RESOURCES:
                raise refusal(404, f"The resource {resource} does not exist", code=910)
            return Answer.json(handler(call, session))

        return handle

    def _login(self, call: Call) -> Answer:
        return Answer.json(self.sessions.sign_in(call, self.owners))

    def _resources(self, _call: Call, _session: Session) -> list[dict[str, Any]]:
        return [
            {
                "description": name,
                "end_point": f"/v4/{name}",
                "schema": f"/v4/{name}/schema",
                "operations": {"read": True, **dict.fromkeys(("create", "update", "delete"), name in ENTITIES)},
            }
            for name in RESOURCES
        ]

    def _schema(self, call: Call, session: Session) -> dict[str, Any]:
        resource = call.parameters["resource"]
        if resource not in session.tenant.columns:
            raise refusal(400, "Bad Request")
        return schema(resource, session.tenant.settings)

    def _zapier(self, call: Call, session: Session) -> list[dict[str, Any]]:
        if status := session.tenant.settings.zapier_refused:
            raise refusal(status, "Bad Request")
        body = _body(call)
        entity = body.get("entity") if isinstance(body, dict) else None
        fields = zapier_schema(str(entity), session.tenant.settings)
        if fields is None:
            raise refusal(400, "Bad Request")
        return fields

    def _list(self, call: Call, session: Session) -> list[dict[str, Any]]:
        return page(call, session.tenant, call.parameters["resource"])

    def _own_list(self, call: Call, session: Session) -> list[dict[str, Any]]:
        name = f"list/{call.parameters['name']}"
        if name not in session.tenant.tables:
            raise refusal(404, f"The resource {name} does not exist", code=910)
        return page(call, session.tenant, name)

    def _get(self, call: Call, session: Session) -> dict[str, Any]:
        resource, tenant = call.parameters["resource"], session.tenant
        row = tenant.tables[resource].rows.get(int(call.parameters["id"]))
        if row is None or (row["deleted"] and not tenant.settings.deleted_readable):
            raise refusal(400, "Bad Request")
        render = tenant.renderers.get(resource)
        return render(row) if render else row

    def _create(self, call: Call, session: Session) -> dict[str, Any]:
        writer = self._writer(call, session)
        try:
            key = writer.create(writer.checked(_body(call), creating=True))
        except WriteError as error:
            raise refusal(400, str(error)) from None
        return {session.tenant.message_key: "entity created", "id": key}

    def _update(self, call: Call, session: Session) -> dict[str, Any]:
        writer = self._writer(call, session)
        try:
            values = writer.checked(_body(call), creating=False)
            writer.update(writer.writable(int(call.parameters["id"]), values), values)
        except WriteError as error:
            raise refusal(400, str(error)) from None
        return {session.tenant.message_key: "entity updated"}

    def _delete(self, call: Call, session: Session) -> dict[str, Any]:
        writer = self._writer(call, session)
        try:
            writer.delete(writer.writable(int(call.parameters["id"]), None))
        except WriteError as error:
            raise refusal(400, str(error)) from None
        return {session.tenant.message_key: "entity deleted"}

    def _bulk(self, call: Call, session: Session) -> list[dict[str, Any]]:
        settings = session.tenant.settings
        if status := settings.bulk_refused.get(call.operation):
            raise refusal(status, "Bulk operations are not available")
        writer = self._writer(call, session)
        return bulk(call.method, _body(call), writer, call.effect, all_or_nothing=settings.bulk_all_or_nothing)

    def _writer(self, call: Call, session: Session) -> Writer:
        resource = call.parameters["resource"]
        if resource not in ENTITIES:
            raise refusal(405, "Method Not Allowed")
        return Writer(session.tenant, resource, self.pipeline.clock.now())


def _body(call: Call) -> Any:
    try:
        return loads(call.body)
    except msgspec.DecodeError:
        raise refusal(400, "Bad Request") from None
