"""`sage-operator check` without any remote: what it finds, where, how it tells, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sage_operator.cli import main

ROOT = Path(__file__).parents[3]

GOOD = """\
apiVersion: integrations.forcemanager.io/v1alpha1
kind: SageIntegration
metadata: {name: acme, namespace: crm}
spec:
  sage:
    url: https://acme.my.salesforce.com
    credentialsSecretRef: {name: acme-sage}
  forceManager:
    credentialsSecretRef: {name: acme-forcemanager}
    branch: Madrid
  users: {matching: Email}
  accounts:
    where: Type = 'Customer'
    fieldsFrom:
      - configMapRef: {name: crm-maps, key: accounts}
    fields:
      - {target: phone, source: Phone}
"""
MAPS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: crm-maps, namespace: crm}
data:
  accounts: |
    # shared
    - {target: website, source: Website}
    - target: fax
      expression: user.fax
"""
BAD = """\
# an integration with many mistakes
apiVersion: integrations.forcemanager.io/v1alpha1
kind: SageIntegration
metadata: {name: acme, namespace: crm}
spec:
  intervall: 15m
  sage:
    url: https://acme.my.salesforce.com
    credentialsSecretRef: {name: acme-sage}
  forceManager:
    credentialsSecretRef: {name: acme-forcemanager}
    branch: Madrid
  users:
    pairs:
      - {sage: ana@acme.example, forceManager: ana@acme.example}
      - {sage: Ana@acme.example, forceManager: bob@acme.example}
  accounts:
    where: Type = Customer
    preset: None
    fields:
      - target: phone
        expression: record.Phone +
      - {target: countryId, source: BillingCountry, lookup: {list: countrys}}
"""


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Check files, given by name and content, in a directory of their own."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, stdin: str | None = None, **files: str) -> Result:
        for name, content in files.items():
            (tmp_path / f"{name}.yaml").write_text(content, encoding="utf-8")
        given = [] if "-f" in words else ["-f", "."]
        result = CliRunner().invoke(main, ["check", *given, *words], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def findings(result: Result) -> list[dict[str, Any]]:
    """Return the findings of `-o json`."""
    found: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return found


def test_what_is_right_is_no_finding(check: Callable[..., Result]) -> None:
    """Expect 0 and a word about it."""
    result = check(acme=GOOD.replace("    fieldsFrom:\n      - configMapRef: {name: crm-maps, key: accounts}\n", ""))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 integration checked: nothing found." in result.stderr


def test_each_mistake_is_told_with_its_line(check: Callable[..., Result]) -> None:
    """Expect all of them at once: schema, users, condition, expression, list, what is never filled."""
    result = check("-o", "json", acme=BAD)
    assert result.exit_code == 1
    assert [(f["line"], f["column"], f["code"], f["path"]) for f in findings(result)] == [
        (6, 3, "InvalidResource", "spec.intervall"),
        (16, 9, "UserNotFound", "spec.users.pairs[Ana@acme.example]"),
        (18, 5, "InvalidCondition", "spec.accounts.where"),
        (20, 5, "MandatoryTargetMissing", "spec.accounts.fields[name]"),
        (22, 9, "InvalidExpression", "spec.accounts.fields[phone]"),
        (23, 53, "UnknownList", "spec.accounts.fields[countryId]"),
    ]
    assert {(f["file"], f["document"], f["integration"]) for f in findings(result)} == {("acme.yaml", 1, "crm/acme")}
    assert "Did you mean `interval`?" in findings(result)[0]["remedy"]


def test_a_mistake_in_a_shared_map_is_told_at_its_line_there(check: Callable[..., Result]) -> None:
    """Expect the line within the ConfigMap's text, wherever the documents stand."""
    result = check("-o", "json", acme=GOOD, maps=f"---\n{MAPS}")
    (finding,) = findings(result)
    assert (finding["file"], finding["line"], finding["layer"]) == ("maps.yaml", 10, "ConfigMap crm-maps/accounts")
    together = check("-o", "json", "-f", "both.yaml", both=f"{GOOD}---\n{MAPS}")
    assert [f["line"] for f in findings(together)] == [GOOD.count("\n") + 10]


def test_a_shared_map_that_is_not_among_the_files_is_a_warning(check: Callable[..., Result]) -> None:
    """Expect 0, and 1 with --strict: it may be in the cluster, but its entries are not checked."""
    result = check("-o", "json", acme=GOOD)
    assert (result.exit_code, [f["severity"] for f in findings(result)]) == (0, ["warning"])
    assert check("--strict", acme=GOOD).exit_code == 1


def test_what_a_missing_shared_map_may_fill_is_not_missed(check: Callable[..., Result]) -> None:
    """Expect no finding about the name with `preset: None`: the ConfigMap may have it."""
    result = check("-o", "json", acme=GOOD.replace("    where:", "    preset: None\n    where:"))
    assert [f["code"] for f in findings(result)] == ["SharedMapNotFound"]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("kind: SageIntegration\napiVersion: integrations.forcemanager.io/v1\n  x: 1\n", "InvalidYaml", 3),
        (GOOD.replace("v1alpha1", "v1"), "InvalidResource", 1),
        (GOOD.replace("\nspec:", "\nsepc: {}\nspec:"), "InvalidResource", 4),
        (GOOD.replace("forceManager:", "force_manager:"), "InvalidResource", 8),
        (GOOD.replace("branch: Madrid", "branch: Madrid\n    branch: Paris"), "InvalidYaml", 11),
        (GOOD.replace("name: acme, ", ""), "InvalidResource", 3),
        (GOOD + "      - {target: phone, source: Fax}\n", "InvalidResource", 16),
        (GOOD + f"      - {{target: fax, value: '{'x' * 2000}'}}\n", "InvalidResource", 18),
        ("kind: SageIntegration\nspec: []\n", "InvalidResource", 1),
    ],
    ids=["yaml", "version", "top", "spelling", "twice", "name", "target twice", "long value", "no spec"],
)
def test_what_the_api_server_would_refuse(check: Callable[..., Result], content: str, code: str, line: int) -> None:
    """Expect the finding at the line of the key."""
    result = check("-o", "json", acme=content, maps=MAPS.replace("user.fax", "user.name"))
    assert result.exit_code == 1
    assert (code, line) in {(f["code"], f["line"]) for f in findings(result)}, findings(result)


def test_github_annotations_stand_on_a_line_each(check: Callable[..., Result]) -> None:
    """Expect workflow commands whose values can't begin another one."""
    result = check("-o", "github", acme=BAD.replace("Type = Customer", '"Type = \\n::set-output"'))
    lines = result.stdout.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("::error file=acme.yaml,line=6,col=3,title=InvalidResource (crm/acme)::spec.intervall:")
    assert all(line.startswith("::error file=acme.yaml,line=") for line in lines)


def test_standard_input_and_lists_are_read(check: Callable[..., Result]) -> None:
    """Expect JSON of kubectl's `List` to be taken as well."""
    body = {"apiVersion": "v1", "kind": "List", "items": [{"kind": "SageIntegration", "metadata": {"name": "x"}}]}
    result = check("-f", "-", "-o", "json", stdin=json.dumps(body))
    assert json.loads(result.stdout)["integrations"] == ["default/x"]
    assert {f["file"] for f in findings(result)} == {"-"}


def test_other_files_are_left_alone(check: Callable[..., Result]) -> None:
    """Expect that templates, other kinds and broken ConfigMaps of others are no findings."""
    result = check(
        template="kind: Deployment\nmetadata: {{ .Values.name }}\n",
        broken="kind: ConfigMap\ndata: [\n",
        crd=(ROOT / "crds/integrations.forcemanager.io_sageintegrations.yaml").read_text(encoding="utf-8"),
    )
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No SageIntegration found." in result.stderr


@pytest.mark.parametrize("folder", ["deploy", "docs/../deploy/samples"])
def test_the_samples_of_the_repository_pass(folder: str) -> None:
    """Expect that what users copy is right."""
    result = CliRunner().invoke(main, ["check", "--strict", "-f", str(ROOT / folder)])
    assert result.exit_code == 0, result.output


def test_what_cannot_be_checked_is_told_apart(check: Callable[..., Result], tmp_path: Path) -> None:
    """Expect 2 for a file that is not there, one that is no text or too large, and a cache that is none."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_text("a: 1\n" * 300_000, encoding="utf-8")
    for words in (("-f", "nowhere"), ("-f", "binary"), ("-f", "large"), ("-f", ".", "--schema", "nowhere")):
        result = check(*words)
        assert result.exit_code == 2, words
        assert "Error: " in result.stderr
    assert check("--schema", "acme.yaml", acme=GOOD).exit_code == 2
    assert check("--live", "--schema", "acme.yaml", acme=GOOD).exit_code == 2


def test_help_teaches() -> None:
    """Expect examples, exit codes and where credentials come from."""
    told = CliRunner().invoke(main, ["check", "--help"]).output
    assert "sage-operator check -f deploy/" in told
    assert "Exit codes" in told
    assert "SAGE_CLIENT_ID" in told
