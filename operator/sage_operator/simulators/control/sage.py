"""Control calls of the Sage simulator."""

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from sage_operator.simulators.control.routing import route, route_with
from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.sage.documents import Bookkeeper, CreditLimit, NewDocument, Payment, Reconciliation
from sage_operator.simulators.sage.edits import Edit, Editor
from sage_operator.simulators.sage.organisation import Organisation
from sage_operator.simulators.sage.settings import OrganisationSettings
from sage_operator.simulators.wire import Row

if TYPE_CHECKING:
    from sage_operator.simulators.sage.app import SageSimulator


class NewOrganisation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organisation to be created."""

    name: str
    client_id: str
    client_secret: str
    dataset: Dataset = Dataset()
    settings: OrganisationSettings = OrganisationSettings()


class Usage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests used of the daily allowance."""

    used: int


class NewSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A client secret that takes the place of the old one."""

    client_secret: str


def sage_routes(simulator: "SageSimulator") -> list[Route]:
    """Return the routes."""

    def chosen(request: Request) -> Organisation:
        name = request.path_params.get("name") or request.query_params.get("organisation")
        return simulator.organisations[name] if name else next(iter(simulator.organisations.values()))

    def create(_request: Request, new: NewOrganisation) -> dict[str, Any]:
        made = simulator.add_organisation(new.name, new.client_id, new.client_secret, new.dataset, new.settings)
        return _summary(made)

    def configure(request: Request, settings: OrganisationSettings) -> None:
        chosen(request).configure(settings)

    def use(request: Request, usage: Usage) -> None:
        chosen(request).used_requests = usage.used

    def rotate(request: Request, new: NewSecret) -> None:
        chosen(request).client_secret = new.client_secret

    def expire(request: Request) -> dict[str, int]:
        one = chosen(request) if "organisation" in request.query_params else None
        return {"expired": simulator.sessions.expire(one)}

    def edit(request: Request, edits: list[Edit]) -> list[str]:
        editor = Editor(chosen(request), simulator.pipeline.clock.now())
        return [editor.apply(request.path_params["object"], one) for one in edits]

    def bookkeeper(request: Request) -> Bookkeeper:
        organisation = chosen(request)
        return Bookkeeper(organisation, Editor(organisation, simulator.pipeline.clock.now()))

    def pay(request: Request, payment: Payment) -> dict[str, Any]:
        return bookkeeper(request).pay(request.path_params["id"], payment)

    def reconcile(request: Request, reconciliation: Reconciliation) -> None:
        bookkeeper(request).reconcile(request.path_params["id"], reconciliation)

    def limit(request: Request, limit: CreditLimit) -> dict[str, str]:
        return {"tag": bookkeeper(request).limit(request.path_params["id"], limit)}

    def records(request: Request) -> list[Row]:
        return [dict(row) for row in chosen(request).table(request.path_params["object"])]

    return [
        route("GET", "organisations", lambda _: [_summary(one) for one in simulator.organisations.values()]),
        route_with("POST", "organisations", NewOrganisation, create),
        route("GET", "organisations/{name}/settings", lambda request: chosen(request).settings),
        route_with("PUT", "organisations/{name}/settings", OrganisationSettings, configure),
        route_with("PUT", "organisations/{name}/usage", Usage, use),
        route_with("PUT", "organisations/{name}/secret", NewSecret, rotate),
        route("POST", "sessions/expire", expire),
        route("POST", "cursors/expire", lambda _: {"expired": simulator.queries.forget()}),
        route("GET", "records/{object}", records),
        route_with("POST", "records/{object}", list[Edit], edit),
        route_with("POST", "documents", NewDocument, lambda request, new: bookkeeper(request).create(new)),
        route_with("POST", "documents/{id}/payments", Payment, pay),
        route_with("PUT", "documents/{id}/reconciliation", Reconciliation, reconcile),
        route_with("PUT", "accounts/{id}/creditLimit", CreditLimit, limit),
    ]


def _summary(organisation: Organisation) -> dict[str, Any]:
    return {
        "name": organisation.name,
        "id": organisation.id,
        "client_id": organisation.client_id,
        "used_requests": organisation.used_requests,
        "records": {name: len(organisation.table(name)) for name in ("User", "Account", "Contact")},
    }
