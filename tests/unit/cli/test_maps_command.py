"""`sage-operator maps`: the effective map, with the layer of each entry."""

import json
from pathlib import Path

from click.testing import CliRunner

from sage_operator.cli import main

MANIFESTS = """\
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
    fieldsFrom:
      - configMapRef: {name: crm-maps, key: accounts}
    fields:
      - {target: phone, expression: record.Phone}
      - {target: statusId, value: Customer, lookup: {list: accountStatuses}, onlyOnCreate: true}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: crm-maps, namespace: crm}
data:
  accounts: |
    - {target: phone, source: Fax, default: "0"}
    - {target: website, source: Web__c, whenEmpty: Clear}
"""


def test_each_target_tells_its_origin_and_what_it_replaced(tmp_path: Path) -> None:
    """Expect preset, ConfigMap and spec, the nearest replaced entry first."""
    (tmp_path / "acme.yaml").write_text(MANIFESTS, encoding="utf-8")
    result = CliRunner().invoke(main, ["maps", "-f", str(tmp_path), "--entity", "accounts", "-o", "json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    entries = {entry["target"]: entry for entry in document["entries"]}
    assert document["integration"] == "crm/acme"
    assert {entry["entity"] for entry in document["entries"]} == {"accounts"}
    phone = entries["phone"]
    assert (phone["expression"], phone["layer"]) == ("record.Phone", "spec")
    assert [(each["sources"], each["layer"]) for each in phone["replaces"]] == [
        (["Fax"], "ConfigMap crm-maps/accounts"),
        (["Phone"], "preset"),
    ]
    assert entries["website"]["layer"] == "ConfigMap crm-maps/accounts"
    assert entries["website"]["options"] == {"whenEmpty": "Clear"}
    assert entries["name"]["layer"] == "preset"
    assert entries["statusId"]["options"] == {"onlyOnCreate": True}
    assert entries["statusId"]["lookups"] == [{"list": "accountStatuses", "by": "label"}]


def test_the_table_is_for_people(tmp_path: Path) -> None:
    """Expect a line a target, those of contacts too."""
    (tmp_path / "acme.yaml").write_text(MANIFESTS, encoding="utf-8")
    lines = CliRunner().invoke(main, ["maps", "-f", str(tmp_path)]).stdout.splitlines()
    (phone,) = (line for line in lines if line.startswith("accounts  phone "))
    assert "CEL: record.Phone" in phone
    assert "Fax (ConfigMap crm-maps/accounts); Phone (preset)" in phone
    assert any(line.startswith("contacts  lastName") for line in lines)


def test_which_integration_must_be_told(tmp_path: Path) -> None:
    """Expect a usage error without any, and the names where there are several or none of that name."""
    assert CliRunner().invoke(main, ["maps"]).exit_code == 2
    assert CliRunner().invoke(main, ["maps", "acme"]).exit_code == 2
    (tmp_path / "two.yaml").write_text(f"{MANIFESTS}---\n{MANIFESTS.replace('acme,', 'other,')}", encoding="utf-8")
    several = CliRunner().invoke(main, ["maps", "-f", str(tmp_path)])
    assert (several.exit_code, "crm/acme, crm/other" in several.stderr) == (1, True)
    assert CliRunner().invoke(main, ["maps", "-f", str(tmp_path), "other"]).exit_code == 0
    assert "No such integration" in CliRunner().invoke(main, ["maps", "-f", str(tmp_path), "nobody"]).stderr


def test_an_integration_that_is_not_valid_is_told_with_its_line(tmp_path: Path) -> None:
    """Expect the first mistake and the command that tells all."""
    path = tmp_path / "acme.yaml"
    path.write_text(MANIFESTS.replace("branch: Madrid", "brunch: Madrid"), encoding="utf-8")
    result = CliRunner().invoke(main, ["maps", "-f", str(path)])
    assert result.exit_code == 1
    assert f"{path}:" in result.stderr
    assert "sage-operator check" in result.stderr
