"""What ForceManager must hold, worked out by plain loops over Sage's records: independent of the product's own code.

It states the default presets and e-mail matching in its own words ("Exact meanings" of the resource's contract).
"""

from collections import Counter
from typing import Any

from sage_operator.simulators import Simulators

_ACCOUNT = {
    "name": "Name",
    "vatNumber": "s2cor__VAT_Registration_Number__c",
    "email": "s2cor__Email_address__c",
    "phone": "Phone",
    "fax": "Fax",
    "website": "Website",
    "comment": "Description",
    "address1": "BillingStreet",
    "city": "BillingCity",
    "postcode": "BillingPostalCode",
    "region": "BillingState",
}
_CONTACT = {
    "firstName": "FirstName",
    "lastName": "LastName",
    "email": "Email",
    "phone1": "Phone",
    "phone2": "MobilePhone",
    "comment": "Title",
    "address1": "MailingStreet",
    "city": "MailingCity",
    "postcode": "MailingPostalCode",
    "region": "MailingState",
}
_LONGEST = {
    "name": 250, "phone": 50, "phone1": 50, "phone2": 50, "fax": 50, "comment": 6000, "address1": 180, "city": 200,
    "postcode": 50, "region": 200, "firstName": 100, "lastName": 100, "email": 250, "vatNumber": 50, "website": 250,
}  # fmt: skip
BRANCH = 16


def accounts(simulators: Simulators) -> dict[str, dict[str, Any]]:
    """The accounts that ForceManager must hold, by `extId`."""
    users, types, countries = _users(simulators), _labels(simulators, "accountTypes"), _labels(simulators, "countries")
    codes = {row["iso2"].casefold(): row["id"] for row in simulators.forcemanager.control.records("countries")}
    wanted = {}
    for row in simulators.sage.control.records("Account"):
        if row["IsDeleted"] or row["OwnerId"] not in users:
            continue
        record = _copied(row, _ACCOUNT) | {"readOnly": True, "branchId": BRANCH, "salesRepId1": users[row["OwnerId"]]}
        country = codes.get(row.get("s2cor__Country_Code__c", "").strip().casefold()) or countries.get(
            row.get("BillingCountry", "").strip().casefold()
        )
        if country:
            record["countryId"] = country
        if kind := types.get(row.get("Type", "").strip().casefold()):
            record["typeId"] = kind
        wanted[row["Id"]] = record
    return wanted


def contacts(simulators: Simulators) -> dict[str, dict[str, Any]]:
    """The contacts that ForceManager must hold, by `extId`; `accountId` is the account's `extId` here."""
    users, countries = _users(simulators), _labels(simulators, "countries")
    owners = {row["Id"]: row["OwnerId"] for row in simulators.sage.control.records("Account") if not row["IsDeleted"]}
    wanted = {}
    for row in simulators.sage.control.records("Contact"):
        owner = owners.get(row.get("AccountId", ""))
        if row["IsDeleted"] or owner not in users:
            continue
        record = _copied(row, _CONTACT)
        record.setdefault("firstName", "-")
        record |= {
            "readOnly": False,
            "accountId": row["AccountId"],
            "salesRepId": users.get(row["OwnerId"], users[owner]),
        }
        if country := countries.get(row.get("MailingCountry", "").strip().casefold()):
            record["countryId"] = country
        if "Birthdate" in row:
            record["birthday"] = f"{row['Birthdate']}T00:00:00Z"
        wanted[row["Id"]] = record
    return wanted


def held(simulators: Simulators, resource: str) -> dict[str, dict[str, Any]]:
    """The live records that ForceManager holds, by `extId`, in the form of `accounts` and `contacts`.

    An `extId` on two live records fails here.
    """
    rows = [row for row in simulators.forcemanager.control.records(resource) if not row["deleted"]]
    twice = [ext_id for ext_id, count in Counter(row.get("extId") for row in rows).items() if count > 1]
    assert not twice, f"{resource} with the same extId: {twice}"
    ext_ids = {row["id"]: row.get("extId") for row in simulators.forcemanager.control.records("accounts")}
    records = {}
    for row in rows:
        names = {**(_ACCOUNT if resource == "accounts" else _CONTACT), "countryId": "", "typeId": "", "birthday": ""}
        names |= {"readOnly": "", "branchId": "", "salesRepId1": "", "salesRepId": "", "accountId": ""}
        record = {name: row[name] for name in names if name in row}
        if resource == "contacts":
            record["accountId"] = ext_ids[row["accountId"]]
            record.pop("branchId", None)
            if "birthday" in record:
                record["birthday"] = f"{record['birthday'][:10]}T00:00:00Z"
        records[row["extId"]] = record
    return records


def assert_in_step(simulators: Simulators) -> None:
    """ForceManager holds exactly what it must: no record too many, none missing, every field equal."""
    for resource, wanted in (("accounts", accounts(simulators)), ("contacts", contacts(simulators))):
        present = held(simulators, resource)
        missing, extra = sorted(wanted.keys() - present.keys()), sorted(present.keys() - wanted.keys())
        assert not missing, f"{len(missing)} {resource} are missing, for example {missing[:3]}"
        assert not extra, f"{len(extra)} {resource} are too many, for example {extra[:3]}"
        wrong = {key: _difference(present[key], wanted[key]) for key in wanted if present[key] != wanted[key]}
        assert not wrong, f"{len(wrong)} {resource} differ, for example {dict(list(wrong.items())[:3])}"


def _users(simulators: Simulators) -> dict[str, int]:
    """Sage users with exactly one ForceManager user of their e-mail address."""
    crm: dict[str, list[int]] = {}
    for user in simulators.forcemanager.control.records("users"):
        if not user["deleted"]:
            crm.setdefault(user.get("email", "").casefold(), []).append(user["id"])
    sage = simulators.sage.control.records("User")
    shared = Counter(user.get("Email", "").casefold() for user in sage)
    return {
        user["Id"]: crm[email][0]
        for user in sage
        if (email := user.get("Email", "").casefold()) and shared[email] == 1 and len(crm.get(email, [])) == 1
    }


def _labels(simulators: Simulators, name: str) -> dict[str, int]:
    """Ids of a value list by label in any language, without case; a label of several rows means none."""
    ids: dict[str, set[int]] = {}
    for row in simulators.forcemanager.control.records(name):
        for key, label in row.items():
            if (key.startswith("description") or key == "strName") and isinstance(label, str):
                ids.setdefault(label.strip().casefold(), set()).add(row["id"])
    return {label: min(found) for label, found in ids.items() if len(found) == 1}


def _copied(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {
        target: row[source][: _LONGEST[target]] for target, source in names.items() if row.get(source) not in (None, "")
    }


def _difference(present: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    keys = present.keys() | wanted.keys()
    return {key: (present.get(key), wanted.get(key)) for key in sorted(keys) if present.get(key) != wanted.get(key)}
