"""`check --live`, `schema export` and `check --schema`, against the simulators."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from sage_operator.cli import _options
from sage_operator.simulators import Dataset, Simulators
from support.mistakes import KINDS, with_ten_mistakes

from .conftest import Live


def findings(result: Result) -> list[dict[str, Any]]:
    """Return the findings of `-o json`."""
    found: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return found


def test_a_right_integration_passes_live(live: Live) -> None:
    """Expect 0, with credentials from the Secrets among the files, and nothing written in either system."""
    path = live.write(live.acme(), *live.secrets())
    result = live("check", "-f", str(path), "--live", "-o", "json")
    assert findings(result) == []
    assert live.simulators.forcemanager.control.records("accounts") == []


def test_ten_mistakes_are_ten_findings_live_and_by_a_schema(live: Live) -> None:
    """Expect each mistake once, at the same lines from the live systems and from what was exported of them."""
    path = live.write(with_ten_mistakes("crm", live.simulators), *live.secrets())
    at_once = findings(live("check", "-f", str(path), "--live", "-o", "json", code=1))
    assert sorted(each["code"] for each in at_once) == sorted(KINDS)
    assert {each["severity"] for each in at_once} == {"error"}
    lines = path.read_text(encoding="utf-8").splitlines()
    (branch,) = (each for each in at_once if each["code"] == "BranchNotFound")
    assert lines[branch["line"] - 1].strip() == "branch: Madird"
    cache = live.folder / "acme.schema.json"
    live("schema", "export", "-f", str(path), "-o", str(cache))
    offline = findings(live("check", "-f", str(path), "--schema", str(cache), "-o", "json", code=1, hosts=False))
    assert offline == at_once


def test_api_version_and_company_are_checked_by_a_schema(live: Live) -> None:
    """Expect both mistakes at their lines without either system; an older file is refused with what to do."""
    payments = {"timeZone": "Europe/Madrid", "fields": [{"target": "Z_PaymentStatus", "figure": "status"}]}
    body, cache = live.acme(payments=payments), live.folder / "acme.schema.json"
    live("schema", "export", "-f", str(live.write(body, *live.secrets())), "-o", str(cache))
    words = ("check", "--schema", str(cache), "-o", "json")
    assert findings(live(*words, "-f", str(live.write(body)), hosts=False)) == []
    body["spec"]["sage"] |= {"apiVersion": "99.0", "company": "ACME Lunar"}
    found = findings(live(*words, "-f", str(live.write(body)), hosts=False, code=1))
    assert [(each["code"], each["path"]) for each in found] == [
        ("ApiVersionUnsupported", "spec.sage.apiVersion"),
        ("CompanyNotFound", "spec.sage.company"),
    ]
    cache.write_text(cache.read_text(encoding="utf-8").replace('"format": 2', '"format": 1'), encoding="utf-8")
    old = live(*words, "-f", str(live.write(body)), hosts=False, code=2)
    assert "another version" in old.stderr
    assert "schema export" in old.stderr


def test_equal_systems_give_equal_bytes(live: Live) -> None:
    """Expect that a cache in Git changes only if the systems did; standard output is the default."""
    path = str(live.write(live.acme(), *live.secrets()))
    first, second = (live("schema", "export", "-f", path).stdout for _ in range(2))
    assert first == second
    live.simulators.forcemanager.control.add_list_row("accountTypes", EN="Franchise")
    assert live("schema", "export", "-f", path).stdout != first


def test_an_export_says_what_it_contains(live: Live) -> None:
    """Expect a word about the personal data in it, and no credentials."""
    path, cache = live.write(live.acme(), *live.secrets()), live.folder / "cache.json"
    result = live("schema", "export", "-f", str(path), "-o", str(cache))
    assert "e-mail addresses" in result.stderr
    content = cache.read_text(encoding="utf-8")
    for secret in live.variables().values():
        assert secret not in content


@pytest.mark.parametrize("source", ["variables", "files", "manifests"])
def test_credentials_come_from_where_the_help_says(live: Live, source: str) -> None:
    """Expect environment variables, files of keys and manifests of Secrets to be as good."""
    path = str(live.write(live.acme()))
    variables = live.variables()
    words = ["check", "-f", path, "--live"]
    if source == "variables":
        live(*words, env=variables)
        return
    sage, crm = live.secrets()
    if source == "manifests":
        files = (live.write(sage, name="sage.secret"), live.write(crm, name="crm.secret"))
    else:
        files = (live.write(sage["stringData"], name="sage.keys"), live.write(crm["stringData"], name="crm.keys"))
    live(*words, "--sage-credentials", str(files[0]), "--forcemanager-credentials", str(files[1]))


def test_what_is_missing_to_check_is_no_finding(live: Live) -> None:
    """Expect 2, with a remedy: no credentials, a host that is not allowed, a system that does not answer."""
    path = str(live.write(live.acme()))
    assert "SAGE_CLIENT_ID" in live("check", "-f", path, "--live", code=2).stderr
    assert "https" in live("check", "-f", path, "--live", code=2, hosts=False, env=live.variables()).stderr
    live.simulators.forcemanager.control.add_fault(status=503)
    assert "ForceManager" in live("check", "-f", path, "--live", code=2, env=live.variables()).stderr
    unreadable = live("check", "-f", path, "--live", "--sage-credentials", str(live.folder / "none"), code=2)
    assert "No such file" in unreadable.stderr


def test_refused_credentials_are_a_finding_that_shows_none(live: Live) -> None:
    """Expect 1 and the system's name; neither the right nor the wrong secret is printed."""
    path = str(live.write(live.acme()))
    wrong = {**live.variables(), "SAGE_CLIENT_SECRET": "wrong-demo-secret"}
    result = live("check", "-f", path, "--live", "-o", "json", code=1, env=wrong)
    assert [(f["code"], f["path"]) for f in findings(result)] == [("SignInRefused", "spec.sage")]
    assert "wrong-demo-secret" not in result.output


def test_a_broken_file_of_credentials_is_not_quoted(live: Live) -> None:
    """Expect only the line: what stands there may be secret."""
    path, keys = str(live.write(live.acme())), live.folder / "keys"
    keys.write_text("clientId: x\nclientSecret: *demo-hidden\n", encoding="utf-8")
    result = live("check", "-f", path, "--live", "--sage-credentials", str(keys), code=2, env=live.variables())
    assert "line 2" in result.stderr
    assert "demo-hidden" not in result.output


def test_variables_are_those_of_the_help(live: Live) -> None:
    """Expect each variable that a Secret's key may come from to be named where credentials are explained."""
    told = " ".join(live("check", "--help", hosts=False).output.split())
    for variable in live.variables():
        assert variable in told
    assert set(live.variables()) <= {*_options.SAGE_VARIABLES.values(), *_options.FORCE_MANAGER_VARIABLES.values()}


def test_authorities_of_ones_own_are_trusted_by_option(tmp_path: Path) -> None:
    """Expect https with a certificate of an own authority to work with --ca-file, and only with it."""
    with Simulators(dataset=Dataset(accounts=10, contacts=5, owners=3), tls=tmp_path) as simulators:
        live = Live(simulators=simulators, folder=tmp_path)
        path = str(live.write(live.acme(), *live.secrets()))
        words = ("check", "-f", path, "--live", "--allowed-hosts", "127.0.0.1")
        live(*words, "--ca-file", str(simulators.ca_file), hosts=False)
        assert "certificate" in live(*words, hosts=False, code=2).stderr.lower()
