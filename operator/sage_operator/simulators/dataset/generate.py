"""The records of an organisation, and the users of its CRM tenant."""

import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any

from sage_operator.simulators.dataset import trade, words
from sage_operator.simulators.dataset.documents import make_ledger
from sage_operator.simulators.dataset.views import document_rows, tag_rows
from sage_operator.simulators.soql.ids import make_id

Row = dict[str, Any]

_TYPES = ("Customer",) * 60 + ("Prospect",) * 20 + ("Partner",) * 5 + ("Supplier",) * 5 + ("Distributor",) * 4 + (
    "Competitor", "Other", None, None, None, None)  # fmt: skip
_THREE_YEARS = 3 * 365 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPair:
    """A Sage user and a ForceManager user with the same e-mail address (but for case)."""

    sage_id: str
    sage_email: str
    forcemanager_email: str
    active_in_sage: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Parameters of a data set.

    Of the owners seven in ten (at least one) have a ForceManager user with the same e-mail address, and every tenth of
    those is no longer active in Sage. ForceManager has further users of its own, one of them inactive.
    """

    seed: int = 1
    accounts: int = 100
    contacts: int = 200
    owners: int = 10
    """How many Sage users there are."""
    companies: int = 1
    associated_share: float = 1.0
    """Share of the accounts whose owner has a ForceManager user; the others' owners have none."""
    private_share: float = 0.0
    """Share of the contacts that belong to no account."""
    organisation: int = 1
    """Goes into all Salesforce ids: different organisations share none."""
    until: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    """When the newest record was edited; the others within the three years before."""

    documents: int = 0
    """Trade documents of all accounts together: a few accounts have many, many few, some none."""
    document_years: float = 3
    """In how many years before `today` they are dated."""
    foreign_share: float = 0.1
    """Share of the documents that may be in another currency than their company's."""
    today: date | None = None
    """The day before which documents are dated; without it that of `until`. An organisation takes its clock's."""

    def sage(self) -> dict[str, Sequence[Row]]:
        """Return the rows of each Sage object, null values left out, times as Salesforce writes them.

        Trade documents and tags are computed when they are looked at: their rows are mappings, not dictionaries.
        """
        accounts = list(self._accounts())
        today = self.today or self.until.date()
        user, stamp = make_id("005", self.organisation, 1), _stamp(self.until - timedelta(days=900))
        common = {"OwnerId": user, "IsDeleted": False, **self._stamps(user, stamp, stamp)}
        ledger = make_ledger(
            seed=self.seed,
            owners=tuple(account["OwnerId"] for account in accounts),
            documents=self.documents,
            companies=self.companies,
            foreign_share=self.foreign_share,
            years=self.document_years,
            today=today,
        )
        return {
            "User": self._users(),
            "Account": accounts,
            "Contact": list(self._contacts(accounts)),
            "s2cor__Sage_COR_Currency__c": trade.currencies(self.organisation, common),
            "s2cor__Sage_COR_Currency_Exchange_Rate__c": trade.exchange_rates(self.organisation, today, common),
            "s2cor__Sage_COR_Company__c": trade.companies(self.organisation, self.companies, common),
            "s2cor__Sage_ACC_Dimension__c": trade.dimensions(self.organisation, common),
            "s2cor__Sage_INV_Trade_Document_Type__c": trade.document_types(self.organisation, common),
            "s2cor__Sage_INV_Trade_Document__c": document_rows(ledger, self.organisation),
            "s2cor__Sage_ACC_Tag__c": tag_rows(ledger, self.organisation),
        }

    def forcemanager_users(self) -> list[Row]:
        """Return the tenant's users as field values, without ids and dates."""
        rows = []
        for number, (first, last, email) in enumerate(self._people()[: self._associated]):
            # Addresses differ in case now and then: they are equal all the same.
            shown = email.upper() if number % 5 == 3 else email
            rows.append(_crm_user(first, last, shown, active=True))
        rng = random.Random(f"{self.seed}:crm")
        for number in range(max(2, self.owners // 4)):
            first, last = rng.choice(words.FIRST_NAMES), rng.choice(words.LAST_NAMES)
            email = f"{_ascii(first)}.{_ascii(last)}.crm{number}@{self._domain}"
            rows.append(_crm_user(first, last, email, active=number != 1))
        return rows

    def user_pairs(self) -> list[UserPair]:
        """Return the users that e-mail matching associates, in the order of the Sage ids."""
        crm = {row["email"].casefold(): row["email"] for row in self.forcemanager_users()}
        return [
            UserPair(
                sage_id=user["Id"],
                sage_email=user["Email"],
                forcemanager_email=crm[user["Email"].casefold()],
                active_in_sage=user["IsActive"],
            )
            for user in self._users()
            if user["Email"].casefold() in crm
        ]

    @property
    def _associated(self) -> int:
        return max(1, round(self.owners * 0.7))

    @property
    def _domain(self) -> str:
        return f"acme{self.organisation}.example" if self.organisation > 1 else "acme.example"

    def _people(self) -> list[tuple[str, str, str]]:
        rng = random.Random(f"{self.seed}:people")
        people = []
        for number in range(self.owners):
            first, last = rng.choice(words.FIRST_NAMES), rng.choice(words.LAST_NAMES)
            suffix = number if number >= len(words.FIRST_NAMES) else ""
            people.append((first, last, f"{_ascii(first)}.{_ascii(last)}{suffix}@{self._domain}"))
        taken: set[str] = set()
        for number, (first, last, email) in enumerate(people):
            if email in taken:
                people[number] = (first, last, email.replace("@", f".{number}@"))
            taken.add(people[number][2])
        return people

    def _users(self) -> list[Row]:
        stamp = _stamp(self.until - timedelta(days=700))
        rows = []
        for number, (first, last, email) in enumerate(self._people()):
            key = make_id("005", self.organisation, number + 1)
            active = not (number % 10 == 5 and number < self._associated)
            rows.append({
                "Id": key, "Username": f"{email}.sage", "Name": f"{first} {last}", "FirstName": first, "LastName": last,
                "Email": email, "IsActive": active, "UserType": "Standard", "Alias": _ascii(first + last)[:8],
                "EmployeeNumber": f"E{number + 1:04d}", "TimeZoneSidKey": "Europe/Madrid", "LocaleSidKey": "es_ES",
                "LanguageLocaleKey": "es", **self._stamps(key, stamp, stamp),
            })  # fmt: skip
        return rows

    def _stamps(self, user: str, created: str, modified: str) -> Row:
        return {
            "CreatedDate": created, "CreatedById": user, "LastModifiedDate": modified, "LastModifiedById": user,
            "SystemModstamp": modified,
        }  # fmt: skip

    def _moments(self, rng: random.Random) -> tuple[str, str]:
        modified = self.until - timedelta(seconds=int(_THREE_YEARS * rng.random() ** 3))
        created = modified - timedelta(seconds=int(_THREE_YEARS * rng.random()))
        return _stamp(created), _stamp(modified)

    def _owner_ids(self) -> tuple[list[str], list[str]]:
        keys = [make_id("005", self.organisation, number + 1) for number in range(self.owners)]
        return keys[: self._associated], keys[self._associated :]

    def _accounts(self) -> Iterator[Row]:
        rng = random.Random(f"{self.seed}:accounts")
        associated, others = self._owner_ids()
        weights = list(accumulate(words.COUNTRY_WEIGHTS))
        pick, chance = rng.choice, rng.random
        for number in range(self.accounts):
            (country,) = rng.choices(words.COUNTRIES, cum_weights=weights)
            city, region, post = pick(country.cities)
            last = pick(words.LAST_NAMES)
            name = f"{pick(words.ACTIVITIES)} {last} {pick(words.ENDINGS)}, {pick(country.forms)}"
            owner = pick(associated) if chance() < self.associated_share or not others else pick(others)
            host = f"{_ascii(last)}{number}.{country.domain}.example"
            created, modified = self._moments(rng)
            row: Row = {
                "Id": make_id("001", self.organisation, number + 1), "Name": name, "OwnerId": owner, "IsDeleted": False,
                "AccountNumber": f"4300{number + 1:06d}",
                "s2cor__Sage_UID__c": f"{self.organisation:04x}-{number + 1:08x}",
                "BillingStreet": pick(country.streets).format(1 + int(chance() * 180)), "BillingCity": city,
                "BillingPostalCode": _digits(post, rng), "BillingState": region or None, "Type": pick(_TYPES),
                "BillingCountry": pick(country.names) if chance() < 0.9 else None,
                "s2cor__Country_Code__c": country.code if chance() < 0.7 else None,
                "s2cor__VAT_Registration_Number__c": _digits(country.tax, rng) if chance() < 0.9 else None,
                "s2cor__Email_address__c": f"info@{host}" if chance() < 0.8 else None,
                "Phone": _digits(f"{country.dial} 9## ### ###", rng) if chance() < 0.9 else None,
                "Fax": _digits(f"{country.dial} 9## ### ###", rng) if chance() < 0.2 else None,
                "Website": f"https://www.{host}" if chance() < 0.6 else None,
                "Description": _description(number, rng) if chance() < 0.4 else None,
                "s2cor__Active__c": "Yes" if chance() < 0.9 else None,
                **self._stamps(owner, created, modified),
            }  # fmt: skip
            if number % 500 == 250:
                row["BillingStreet"] += ", " + "edificio de oficinas, portal 3, escalera B; " * 4
            yield {key: value for key, value in row.items() if value is not None}

    def _contacts(self, accounts: list[Row]) -> Iterator[Row]:
        rng = random.Random(f"{self.seed}:contacts")
        pick, chance = rng.choice, rng.random
        associated, others = self._owner_ids()
        everybody = associated + others
        for number in range(self.contacts):
            account = pick(accounts) if accounts and chance() >= self.private_share else None
            first = pick(words.FIRST_NAMES) if chance() < 0.95 else None
            last = pick(words.LAST_NAMES) if chance() < 0.6 else f"{pick(words.LAST_NAMES)} {pick(words.LAST_NAMES)}"
            owner = account["OwnerId"] if account and chance() < 0.9 else pick(everybody)
            created, modified = self._moments(rng)
            own_address = chance() < 0.5 and account is not None
            row: Row = {
                "Id": make_id("003", self.organisation, number + 1), "AccountId": account["Id"] if account else None,
                "FirstName": first, "LastName": last, "Name": f"{first} {last}" if first else last, "OwnerId": owner,
                "IsDeleted": False, "Salutation": pick(("Mr.", "Ms.", None, None)),
                "Title": pick(words.TITLES) if chance() < 0.6 else None,
                "Department": pick(words.DEPARTMENTS) if chance() < 0.4 else None,
                "Email": f"{_ascii(first or 'info')}.{_ascii(last)}{number}@contacts.example"
                if chance() < 0.85 else None,
                "Phone": _digits("+34 9## ### ###", rng) if chance() < 0.7 else None,
                "MobilePhone": _digits("+34 6## ### ###", rng) if chance() < 0.6 else None,
                "Birthdate": f"{1950 + int(chance() * 55)}-{1 + int(chance() * 12):02d}-{1 + int(chance() * 28):02d}"
                if chance() < 0.15 else None,
                "IsEmailBounced": False, **self._stamps(owner, created, modified),
            }  # fmt: skip
            if own_address and account:
                for part in ("Street", "City", "PostalCode", "State", "Country"):
                    row[f"Mailing{part}"] = account.get(f"Billing{part}")
            yield {key: value for key, value in row.items() if value is not None}


def _crm_user(first: str, last: str, email: str, *, active: bool) -> Row:
    nick = email.partition("@")[0].lower()
    return {"name": first, "lastName": last, "email": email, "nic": nick, "isActive": active}


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


def _digits(shape: str, rng: random.Random) -> str:
    """Fill a shape: each `#` becomes a digit."""
    pieces = shape.split("#")
    count = len(pieces) - 1
    number = f"{int(rng.random() * 10**count):0{count}d}" if count else ""
    return "".join(piece + digit for piece, digit in zip(pieces, [*number, ""], strict=True))


def _description(number: int, rng: random.Random) -> str:
    if number % 400 == 7:  # longer than what ForceManager takes
        return " ".join(rng.choices(words.SENTENCES, k=250))
    return " ".join(rng.choices(words.SENTENCES, k=1 + int(rng.random() * 4)))


@cache
def _ascii(name: str) -> str:
    """Write a name as in an e-mail address."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ø", "o"))
    return "".join(char for char in plain.lower() if char.isascii() and char.isalnum())
