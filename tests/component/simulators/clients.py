"""Signed-in clients of the simulators."""

from dataclasses import dataclass
from typing import Any

import httpx

from sage_operator.simulators import ForceManagerControl, SageControl

VERSION = "/services/data/v66.0"


@dataclass(frozen=True)
class SageClient:
    """A signed-in client of the first organisation."""

    http: httpx.Client
    control: SageControl

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Get a path below the API version."""
        return self.http.get(VERSION + path, headers=headers)

    def query(self, soql: str, *, everything: bool = False, **headers: str) -> httpx.Response:
        """Run a query, or a queryAll."""
        path = f"{VERSION}/{'queryAll' if everything else 'query'}"
        return self.http.get(path, params={"q": soql}, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def rows(self, soql: str, *, everything: bool = False) -> list[dict[str, Any]]:
        """Return the records of all pages."""
        body = self.query(soql, everything=everything).raise_for_status().json()
        rows: list[dict[str, Any]] = body["records"]
        while not body["done"]:
            body = self.http.get(body["nextRecordsUrl"]).raise_for_status().json()
            rows += body["records"]
        return rows


@dataclass(frozen=True)
class ForceManagerClient:
    """A signed-in client of the first tenant, whose rate limit is out of the way."""

    http: httpx.Client
    control: ForceManagerControl
    users: list[dict[str, Any]]

    def account(self, **fields: Any) -> dict[str, Any]:
        """Return the body of an account that is accepted."""
        return {"name": "Talleres Ruiz", "branchId": 16, "salesRepId1": self.users[0]["id"], **fields}

    def create(self, **fields: Any) -> int:
        """Create an account; return its id."""
        return int(self.http.post("accounts", json=self.account(**fields)).raise_for_status().json()["id"])

    def account_rows(self) -> list[dict[str, Any]]:
        """Return all accounts as stored."""
        return self.control.records("accounts")
