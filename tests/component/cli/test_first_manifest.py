"""`sage-operator init` and `users`, against the simulators."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sage_operator.simulators import CustomField, Dataset, Simulators, TenantSettings

from .conftest import Live


def init(live: Live, *words: str) -> Path:
    """Write a first manifest and return its path."""
    path = live.folder / "first.yaml"
    sage, crm = live.simulators.sage.url, live.simulators.forcemanager.url
    urls = ("--sage-url", sage, "--forcemanager-url", crm, "--name", "acme", "-n", "crm")
    live("init", *urls, "-o", str(path), *words, env=live.variables())
    return path


@pytest.fixture(scope="module")
def text(running: Simulators, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what `init` writes of the simulators in their initial state."""
    live = Live(simulators=running, folder=tmp_path_factory.mktemp("first"))
    return init(live).read_text(encoding="utf-8")


def checked(live: Live, path: Path) -> list[dict[str, Any]]:
    """Return the findings of `check --live`, which must be no errors."""
    result = live("check", "-f", str(path), "--live", "-o", "json", env=live.variables())
    found: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return found


def test_the_first_manifest_is_right(live: Live) -> None:
    """Expect a manifest that passes, with the users that both systems have, and no credentials in it."""
    path = init(live)
    assert checked(live, path) == []
    text = path.read_text(encoding="utf-8")
    spec = yaml.safe_load(text)["spec"]
    emails = {pair.sage_email.casefold() for pair in live.simulators.dataset.user_pairs()}
    assert {pair["forceManager"].casefold() for pair in spec["users"]["pairs"]} == emails
    assert spec["forceManager"]["branch"] == "Madrid"
    assert "Barcelona" in text
    assert "suspend" not in spec
    assert "DECIDE" in text
    for name, value in live.variables().items():
        assert value not in text, name


def test_who_is_not_associated_waits_with_a_number_of_accounts(live: Live, text: str) -> None:
    """Expect each in a comment, and together all accounts of users that are not associated."""
    waiting = [int(number) for number in re.findall(r"# - \{sage: .*, (\d+) accounts?", text)]
    associated = {pair.sage_id for pair in live.simulators.dataset.user_pairs()}
    accounts = live.simulators.sage.control.records("Account")
    assert sum(waiting) == sum(account["OwnerId"] not in associated for account in accounts) > 0
    assert waiting == sorted(waiting, reverse=True)


def test_what_sage_lacks_is_taken_out_of_the_preset(live: Live) -> None:
    """Expect an entry that leaves the target empty, or takes the source that is left."""
    live.simulators.sage.control.hide_fields("Account", "s2cor__VAT_Registration_Number__c", "s2cor__Country_Code__c")
    path = init(live)
    assert checked(live, path) == []
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
    entries = {entry["target"]: entry for entry in spec["accounts"]["fields"]}
    assert entries["vatNumber"]["value"] == ""
    assert entries["countryId"]["source"] == "BillingCountry"


def test_a_mandatory_field_without_a_source_suspends(live: Live) -> None:
    """Expect a manifest that passes, but waits for the decision."""
    live.simulators.forcemanager.control.put_field("accounts", "Z_Region", CustomField(required=True))
    path = init(live)
    assert checked(live, path) == []
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
    assert spec["suspend"] is True
    assert {"target": "Z_Region", "value": "-"} in spec["accounts"]["fields"]


def test_own_fields_of_like_names_are_suggested(text: str) -> None:
    """Expect a comment, not an entry: only a person can tell that they mean the same."""
    assert "# - {target: Z_Department, source: Department}" in text


def test_payments_name_the_fields_that_the_tenant_has(text: str) -> None:
    """Expect entries for those, and comments with the type to create for the others."""
    targets = [entry["target"] for entry in yaml.safe_load(text)["spec"]["payments"]["fields"]]
    assert "Z_Outstanding" in targets
    assert "Z_DaysToPay" not in targets
    assert re.search(r"#\s+- \{target: Z_DaysToPay, .*to be created in ForceManager's accounts: decimal", text)


def test_names_of_users_cannot_break_out_of_their_comment(live: Live) -> None:
    """Expect that what a remote wrote stays text, whatever is in it."""
    sage = live.simulators.sage.control
    associated = {pair.sage_id for pair in live.simulators.dataset.user_pairs()}
    waiting = next(user["Id"] for user in sage.records("User") if user["Id"] not in associated)
    sage.update("User", waiting, Name="Eve\nspec: {}\n# }", Username="e: {x}, 'y' #z@acme.example")
    path = init(live)
    assert checked(live, path) == []
    assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) == {"apiVersion", "kind", "metadata", "spec"}


def test_a_file_that_is_there_is_left_alone(live: Live) -> None:
    """Expect an error and the file as it was."""
    (live.folder / "first.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(AssertionError, match="is there already"):
        init(live)
    assert (live.folder / "first.yaml").read_text(encoding="utf-8") == "mine"


def test_wrong_arguments_are_told(live: Live) -> None:
    """Expect what is wrong with the URL, and no traceback."""
    result = live("init", "--sage-url", "acme", code=2)
    assert "My Domain" in result.stderr
    crm = live.simulators.forcemanager.url
    refused = live("init", "--sage-url", live.simulators.sage.url, "--forcemanager-url", crm, code=1)
    assert "SAGE_CLIENT_ID" in refused.stderr


# Users


def users(live: Live, *words: str, **spec: Any) -> dict[str, Any]:
    """Return what `users` tells as JSON."""
    path = live.write(live.acme(**spec), *live.secrets())
    found: dict[str, Any] = json.loads(live("users", "-f", str(path), "-o", "json", *words).stdout)
    return found


def test_users_are_told_by_their_rule(live: Live) -> None:
    """Expect `pair` before `email`; those who wait with the number of their accounts, most first."""
    first, second, *_ = live.simulators.dataset.user_pairs()
    pairs = [{"sage": first.sage_email, "forceManager": second.forcemanager_email}]
    told = users(live, users={"matching": "Email", "pairs": pairs})
    by = {each["sage"]["id"]: each for each in told["associated"]}
    assert (by[first.sage_id]["by"], by[second.sage_id]["by"]) == ("pair", "email")
    assert by[first.sage_id]["forceManager"]["email"] == second.forcemanager_email
    accounts = live.simulators.sage.control.records("Account")
    for waiting in told["notAssociated"]:
        assert waiting["accounts"] == sum(a["OwnerId"] == waiting["sage"]["id"] for a in accounts)
    assert told["notAssociated"][0]["accounts"] > 0


def test_the_lines_that_would_associate_them_do(live: Live) -> None:
    """Expect YAML that can be pasted, after which e-mail addresses match as `matching: Email` would."""
    pair = live.simulators.dataset.user_pairs()[0]
    explicit = [{"sage": pair.sage_email, "forceManager": pair.forcemanager_email}]
    told = users(live, users={"matching": "Explicit", "pairs": explicit})
    suggested = yaml.safe_load(told["yaml"])["users"]["pairs"]
    pasted = users(live, users={"matching": "Explicit", "pairs": [*explicit, *suggested]})
    by_email = users(live, users={"matching": "Email"})
    assert {e["sage"]["id"] for e in pasted["associated"]} == {e["sage"]["id"] for e in by_email["associated"]}
    assert pasted["yaml"] == "" or "# -" in pasted["yaml"]


def test_the_scope_counts(live: Live) -> None:
    """Expect only accounts that the condition takes."""
    told = users(live, accounts={"where": "Type = 'Customer'"})
    associated = {pair.sage_id for pair in live.simulators.dataset.user_pairs()}
    accounts = live.simulators.sage.control.records("Account")
    expected = sum(a["OwnerId"] not in associated and a.get("Type") == "Customer" for a in accounts)
    assert sum(each["accounts"] for each in told["notAssociated"]) == expected


def test_a_similar_name_is_a_suggestion_in_a_comment(live: Live) -> None:
    """Expect accents and order of the names not to matter."""
    told = users(live)
    waiting = told["notAssociated"][0]["sage"]
    last, first = reversed(waiting["name"].split(" ", 1))
    live.simulators.forcemanager.control.create(
        "users", name=f"{first}, {last}", email="another@acme.example", isActive=True
    )
    again = users(live)
    (found,) = (w for w in again["notAssociated"] if w["sage"]["id"] == waiting["id"])
    assert found["suggestion"]["because"] == "name"
    assert "    # - {sage: " in again["yaml"]


def test_the_table_names_everybody(live: Live) -> None:
    """Expect a table for people with what is wrong below."""
    path = live.write(live.acme(users={"matching": "Email", "fallback": "nobody"}), *live.secrets())
    text = live("users", "-f", str(path)).stdout
    assert "associated:" in text
    assert "not associated:" in text
    assert "Wrong: fallback: `nobody` matches no user of ForceManager." in text


def test_the_poorest_surroundings_give_a_manifest_too(tmp_path: Path) -> None:
    """Expect one that passes: nobody in common, several companies, no own fields."""
    data = Dataset(accounts=10, contacts=5, owners=3, companies=2)
    with Simulators(dataset=data, tenant_settings=TenantSettings(custom_fields={})) as simulators:
        for pair in data.user_pairs():
            simulators.sage.control.update("User", pair.sage_id, Email=f"{pair.sage_id}@elsewhere.example")
        live = Live(simulators=simulators, folder=tmp_path)
        path = init(live)
        assert {finding["severity"] for finding in checked(live, path)} <= {"warning"}
    text = path.read_text(encoding="utf-8")
    spec = yaml.safe_load(text)["spec"]
    assert spec["users"] == {"matching": "Email"}
    assert "payments" not in spec
    assert re.search(r"# DECIDE: .*compan", text)
