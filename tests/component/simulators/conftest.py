"""Running simulators, and clients that are signed in."""

from collections.abc import Iterator

import httpx
import pytest

from sage_operator.simulators import Dataset, Simulators

from .clients import ForceManagerClient, SageClient


@pytest.fixture(scope="session")
def running() -> Iterator[Simulators]:
    """Both simulators with little data, for all tests."""
    with Simulators(dataset=Dataset(accounts=30, contacts=60, owners=10, companies=2)) as simulators:
        yield simulators


@pytest.fixture
def simulators(running: Simulators) -> Iterator[Simulators]:
    """Both simulators in their initial state; a defect of theirs fails the test."""
    running.sage.control.reset()
    running.forcemanager.control.reset()
    yield running
    assert running.sage.control.counters().internal_errors == []
    assert running.forcemanager.control.counters().internal_errors == []


@pytest.fixture
def sage(simulators: Simulators) -> Iterator[SageClient]:
    """A client of Sage."""
    server = simulators.sage
    with httpx.Client(base_url=server.url) as http:
        form = {
            "grant_type": "client_credentials",
            "client_id": server.client_id,
            "client_secret": server.client_secret,
        }
        token = http.post("/services/oauth2/token", data=form).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield SageClient(http, server.control)


@pytest.fixture
def forcemanager(simulators: Simulators) -> Iterator[ForceManagerClient]:
    """A client of ForceManager."""
    server = simulators.forcemanager
    server.control.configure(requests_per_second=10_000)
    with httpx.Client(base_url=server.url) as http:
        keys = {"username": server.public_key, "password": server.private_key}
        http.headers["X-Session-Key"] = http.post("login", json=keys).raise_for_status().json()["token"]
        yield ForceManagerClient(http, server.control, http.get("users").json())
