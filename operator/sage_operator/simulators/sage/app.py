"""The HTTP interface of the Sage simulator."""

import dataclasses
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.routing import Route

from sage_operator.simulators.control.common import common_routes
from sage_operator.simulators.control.sage import sage_routes
from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.pipeline import Endpoint, Pipeline
from sage_operator.simulators.sage.answers import fault_body, refusal
from sage_operator.simulators.sage.bulk import Jobs
from sage_operator.simulators.sage.describe import describe, describe_global
from sage_operator.simulators.sage.oauth import Sessions
from sage_operator.simulators.sage.organisation import Organisation
from sage_operator.simulators.sage.queries import Queries
from sage_operator.simulators.sage.settings import OrganisationSettings
from sage_operator.simulators.wire import Answer, Call, Refusal

_VERSIONS = {
    f"{major}.0": f"{('Spring', 'Summer', 'Winter')[major % 3]} '{(major + 13) // 3}" for major in range(31, 68)
}
_LONGEST_REQUEST_LINE = 16_384

Authenticated = Callable[[Call, Organisation, str], Answer]
"""Handles a request of an organisation; the text is the path of the API version."""


class SageSimulator:
    """Salesforce's REST API with the `s2cor` package, for any number of organisations on one URL.

    The client id of the token request selects the organisation; its token leads to it afterwards.
    """

    def __init__(self) -> None:
        self.pipeline = Pipeline(admit=_short_enough, fault_body=fault_body)
        self.organisations: dict[str, Organisation] = {}
        """By name."""
        self.sessions = Sessions(self.pipeline.clock)
        self.queries = Queries(self.pipeline.clock)
        self.jobs = Jobs(self.pipeline.clock)
        version = "/services/data/v{version:str}"
        jobs, job = f"{version}/jobs/query", f"{version}/jobs/query/{{job}}"
        self.app = Starlette(
            routes=[
                self._route("/services/oauth2/token", "token", self._token, method="POST"),
                self._route("/services/data", "versions", self._versions),
                self._route("/services/data/", "versions", self._versions),
                self._route(f"{version}/limits", "limits", self._signed_in(self._limits)),
                self._route(f"{version}/limits/", "limits", self._signed_in(self._limits)),
                self._route(f"{version}/sobjects", "sobjects", self._signed_in(self._sobjects)),
                self._route(f"{version}/sobjects/", "sobjects", self._signed_in(self._sobjects)),
                self._route(f"{version}/sobjects/{{object}}/describe", "describe", self._signed_in(self._describe)),
                self._route(f"{version}/query", "query", self._signed_in(self._query)),
                self._route(f"{version}/query/", "query", self._signed_in(self._query)),
                self._route(f"{version}/queryAll", "queryAll", self._signed_in(self._query_all)),
                self._route(f"{version}/queryAll/", "queryAll", self._signed_in(self._query_all)),
                self._route(f"{version}/query/{{locator}}", "queryMore", self._signed_in(self._query_more)),
                self._route(f"{version}/queryAll/{{locator}}", "queryMore", self._signed_in(self._query_more)),
                self._route(jobs, "bulk.create", self._signed_in(self.jobs.create), method="POST"),
                self._route(jobs, "bulk.list", self._signed_in(self.jobs.every)),
                self._route(job, "bulk.info", self._signed_in(self.jobs.info)),
                self._route(job, "bulk.abort", self._signed_in(self.jobs.abort), method="PATCH"),
                self._route(job, "bulk.delete", self._signed_in(self.jobs.delete), method="DELETE"),
                self._route(f"{job}/results", "bulk.results", self._signed_in(self.jobs.results)),
                *common_routes(self.pipeline, self.reset),
                *sage_routes(self),
                self._route("/{rest:path}", "unknown", _not_found),
            ]
        )

    def add_organisation(
        self,
        name: str,
        client_id: str,
        client_secret: str,
        dataset: Dataset,
        settings: OrganisationSettings | None = None,
    ) -> Organisation:
        """Create an organisation. Its number, which goes into all ids, is that of the data set or the next one free.

        Raises:
            ValueError: the name or the client id is taken.
        """
        taken = {organisation.number for organisation in self.organisations.values()}
        if name in self.organisations or any(o.client_id == client_id for o in self.organisations.values()):
            raise ValueError(f"the organisation {name} or its client id exists already")
        number = dataset.organisation if dataset.organisation not in taken else max(taken) + 1
        today = dataset.today or self.pipeline.clock.now().date()
        dataset = dataclasses.replace(dataset, organisation=number, today=today)
        organisation = Organisation(
            name=name,
            number=number,
            client_id=client_id,
            client_secret=client_secret,
            dataset=dataset,
            settings=settings,
        )
        self.organisations[name] = organisation
        return organisation

    def reset(self) -> None:
        """Return all organisations to their initial state; forget sessions, cursors and jobs."""
        for organisation in self.organisations.values():
            organisation.reset()
        self.sessions.expire()
        self.queries.forget()
        self.jobs.forget()

    def _route(self, path: str, operation: str, handler: Callable[[Call], Answer], method: str = "GET") -> Route:
        return Route(path, Endpoint(self.pipeline, operation, handler), methods=[method])

    def _signed_in(self, handler: Authenticated) -> Callable[[Call], Answer]:
        """Wrap a handler: version and token are checked, the allowance is counted and told."""

        def handle(call: Call) -> Answer:
            version = call.parameters["version"]
            if version not in _VERSIONS:
                retired = version.removesuffix(".0").isdigit() and float(version) < 31
                status, code = (410, "UNSUPPORTED_API_VERSION") if retired else (404, "NOT_FOUND")
                raise refusal(status, code, "The requested resource does not exist")
            organisation = self.sessions.organisation(call)
            if organisation is None:
                raise refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
            settings = organisation.settings
            if settings.api_disabled:
                raise refusal(403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.")
            if organisation.used_requests >= settings.daily_requests:
                answer = refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").answer
            else:
                organisation.used_requests += 1
                try:
                    answer = handler(call, organisation, f"/services/data/v{version}")
                except Refusal as refused:
                    answer = refused.answer
            usage = f"api-usage={organisation.used_requests}/{settings.daily_requests}"
            return dataclasses.replace(answer, headers={**answer.headers, "sforce-limit-info": usage})

        return handle

    def _token(self, call: Call) -> Answer:
        organisations = {organisation.client_id: organisation for organisation in self.organisations.values()}
        return Answer.json(self.sessions.sign_in(call, organisations), cache_control="no-store")

    def _versions(self, _call: Call) -> Answer:
        return Answer.json([
            {"label": label, "url": f"/services/data/v{version}", "version": version}
            for version, label in _VERSIONS.items()
        ])  # fmt: skip

    def _limits(self, _call: Call, organisation: Organisation, _base: str) -> Answer:
        most = organisation.settings.daily_requests
        return Answer.json({
            "DailyApiRequests": {"Max": most, "Remaining": max(most - organisation.used_requests, 0)},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": max(10_000 - organisation.used_jobs, 0)},
            "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
        })  # fmt: skip

    def _sobjects(self, _call: Call, organisation: Organisation, base: str) -> Answer:
        return Answer.json(describe_global(list(organisation.types.values()), base))

    def _describe(self, call: Call, organisation: Organisation, base: str) -> Answer:
        kind = organisation.types.get(call.parameters["object"].lower())
        if kind is None:
            raise refusal(404, "NOT_FOUND", "The requested resource does not exist")
        return Answer.json(describe(kind, base))

    def _query(self, call: Call, organisation: Organisation, base: str) -> Answer:
        return self.queries.run(call, organisation, base, deleted=False)

    def _query_all(self, call: Call, organisation: Organisation, base: str) -> Answer:
        return self.queries.run(call, organisation, base, deleted=True)

    def _query_more(self, call: Call, organisation: Organisation, base: str) -> Answer:
        return self.queries.more(organisation, call.parameters["locator"], base)


def _short_enough(call: Call) -> None:
    if len(call.path.encode("latin-1", "replace")) > _LONGEST_REQUEST_LINE:
        raise Refusal(Answer(status=414, body=b"<h1>URI Too Long</h1>", headers={"content-type": "text/html"}))


def _not_found(_call: Call) -> Answer:
    raise refusal(404, "NOT_FOUND", "The requested resource does not exist")
