"""Starting and stopping: in a thread, and as a program."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sage_operator.simulators import Dataset, Simulators
from sage_operator.simulators.scenarios import SCENARIOS, Scenario, load

PROGRAM = [sys.executable, "-m", "sage_operator.simulators", "--accounts", "5", "--contacts", "5"]


def reachable(url: str) -> bool:
    """Tell whether a server answers at all."""
    try:
        httpx.get(url)
    except httpx.TransportError:
        return False
    return True


def gone(url: str) -> bool:
    """Wait for a server to end."""
    deadline = time.monotonic() + 10
    while reachable(url):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def test_as_asynchronous_context() -> None:
    """Both servers answer within the block, and are gone with their thread after it, open connections or not."""
    async with Simulators(dataset=Dataset(accounts=1, contacts=0)) as simulators, httpx.AsyncClient() as http:
        assert (await http.get(simulators.sage.url + "/services/data/")).status_code == 200
        assert (await http.get(simulators.forcemanager.url + "/users")).status_code == 401
        assert simulators.call(lambda: len(simulators.sage.simulator.organisations["demo"].table("Account"))) == 1
    assert not reachable(simulators.sage.url)
    assert not reachable(simulators.forcemanager.url)


async def test_tls(tmp_path: Path) -> None:
    """With TLS both serve https by a new authority, the control API too, and end though a client stays connected."""
    directory = tmp_path / "tls"
    async with Simulators(dataset=Dataset(accounts=1, contacts=0), tls=directory) as simulators:
        assert simulators.ca_file == directory / "ca.pem"
        trusting = ssl.create_default_context(cafile=simulators.ca_file)
        http = httpx.AsyncClient(verify=trusting)
        assert simulators.sage.url.startswith("https://127.0.0.1:")
        assert (await http.get(simulators.sage.url + "/services/data/")).status_code == 200
        assert (await http.get(simulators.forcemanager.url + "/users")).status_code == 401
        assert simulators.forcemanager.control.tenants()[0]["name"] == "demo"
        simulators.sage.control.add_fault(operation="versions", cut="before", times=1)
        with pytest.raises(httpx.TransportError):
            await http.get(simulators.sage.url + "/services/data/")
        assert (await http.get(simulators.sage.url + "/services/data/")).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await httpx.AsyncClient().get(simulators.sage.url)
    await http.aclose()
    assert (directory / "server.key").stat().st_mode & 0o077 == 0


def test_one_clock() -> None:
    """Both simulators tell the same time, whichever is told to change it."""
    with Simulators(dataset=Dataset(accounts=1, contacts=0)) as simulators:
        sage, forcemanager = simulators.sage.control, simulators.forcemanager.control
        moved = sage.move_clock(datetime(2031, 5, 1, tzinfo=UTC))
        assert timedelta() <= forcemanager.now() - moved < timedelta(minutes=1)
        forcemanager.advance_clock(timedelta(days=31))
        assert sage.now().month == 6


def test_many_organisations() -> None:
    """Each of them has credentials and data of its own."""
    with Simulators(dataset=Dataset(accounts=2, contacts=0), extra=2) as simulators:
        names = [one["name"] for one in simulators.sage.control.organisations()]
        keys = [one["keys"] for one in simulators.forcemanager.control.tenants()]
    assert names == ["demo", "demo-2", "demo-3"]
    assert keys == [["demo-public-key"], ["demo-public-key-2"], ["demo-public-key-3"]]


def started(*options: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Start the program; return it with what it says."""
    process = subprocess.Popen([*PROGRAM, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def test_program() -> None:
    """The program tells where it listens and how to get in, and ends well at SIGTERM."""
    process, told = started("--tenants", "2", "--scenario", "rough", "--seed", "5")
    with process:
        url, second = told["sage"]["url"], told["sage"]["organisations"][1]
        form = {
            "grant_type": "client_credentials",
            "client_id": second["clientId"],
            "client_secret": second["clientSecret"],
        }
        assert httpx.post(url + "/services/oauth2/token", data=form).status_code == 200
        keys = told["forceManager"]["tenants"][1]
        assert keys["publicKey"] == "demo-public-key-2"
        assert told["users"][0]["sage"].endswith("@acme.example")
        assert httpx.get(url + "/_control/faults").json()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_program_dies_with_its_parent() -> None:
    """When who started it is killed, it ends by itself."""
    script = f"import subprocess, time; subprocess.Popen({[*PROGRAM, '--die-with-parent']!r}); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        told = json.loads(parent.stdout.readline())
        assert reachable(told["sage"]["url"])
        os.kill(parent.pid, signal.SIGKILL)
    assert gone(told["sage"]["url"])


def test_program_with_tls(tmp_path: Path) -> None:
    """The program says where the certificate of its authority is, and makes documents on demand."""
    process, told = started("--tls", str(tmp_path), "--documents", "7")
    with process:
        assert told["sage"]["url"].startswith("https://")
        trusting = ssl.create_default_context(cafile=told["caFile"])
        documents = "/_control/records/s2cor__Sage_INV_Trade_Document__c"
        assert len(httpx.get(told["sage"]["url"] + documents, verify=trusting).json()) == 7
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_help_and_wrong_options() -> None:
    """The program explains itself, and refuses an unknown scenario."""
    text = subprocess.run([*PROGRAM, "--help"], capture_output=True, text=True, check=True).stdout
    assert "--forcemanager-port" in text
    wrong = subprocess.run([*PROGRAM, "--scenario", "nope"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "--scenario" in wrong.stderr


def test_scenarios(tmp_path: Path) -> None:
    """A scenario has a name or a file."""
    file = tmp_path / "own.json"
    file.write_text('{"tenant": {"requests_per_second": 4}, "sage_faults": [{"latency_ms": 5}]}')
    own = load(str(file))
    assert (own.tenant.requests_per_second, own.sage_faults[0].latency_ms) == (4, 5)
    assert load("calm") is SCENARIOS["calm"]
    with pytest.raises(OSError, match="nope"):
        load("nope")
    assert isinstance(own, Scenario)
