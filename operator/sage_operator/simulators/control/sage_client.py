"""A client of the Sage simulator's control API."""

from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec

from sage_operator.simulators.control.base import SimulatorControl
from sage_operator.simulators.dataset import Dataset
from sage_operator.simulators.sage.documents import CreditLimit, NewDocument, Payment, Reconciliation
from sage_operator.simulators.sage.edits import Edit as SageEdit
from sage_operator.simulators.sage.settings import NewField, OrganisationSettings
from sage_operator.simulators.wire import Row


class MadeDocument(NamedTuple):
    """Ids of a new document and of its number tag (a draft has none)."""

    id: str
    number_tag: str | None


class Standing(NamedTuple):
    """What a document's formulas say after a payment; in the company's currency."""

    outstanding: Decimal
    is_paid: bool


class SageControl(SimulatorControl):
    """Control of the Sage simulator; without `organisation` the first one is meant."""

    def records(self, name: str, *, organisation: str | None = None) -> list[Row]:
        """Return all rows of an object, deleted ones included, null values left out."""
        rows: list[Row] = self._call("GET", f"records/{name}", organisation=organisation)
        return rows

    def edit(self, name: str, *edits: SageEdit, organisation: str | None = None) -> list[str]:
        """Edit records of an object; return their ids."""
        return msgspec.convert(self._call("POST", f"records/{name}", edits, organisation=organisation), list[str])

    def create(self, name: str, *, organisation: str | None = None, **fields: Any) -> str:
        """Create a record; return its id."""
        return self.edit(name, SageEdit(op="create", fields=fields), organisation=organisation)[0]

    def update(
        self, name: str, key: str, *, organisation: str | None = None, stamp: str = "now", **fields: Any
    ) -> None:
        """Change fields of a record; with the stamp `keep`, SystemModstamp doesn't move."""
        self.edit(name, SageEdit(op="update", id=key, fields=fields, stamp=stamp), organisation=organisation)

    def delete(self, name: str, *keys: str, organisation: str | None = None) -> None:
        """Delete records; the contacts of accounts go too."""
        self.edit(name, *(SageEdit(op="delete", id=key) for key in keys), organisation=organisation)

    def undelete(self, name: str, *keys: str, organisation: str | None = None) -> None:
        """Take records out of the recycle bin."""
        self.edit(name, *(SageEdit(op="undelete", id=key) for key in keys), organisation=organisation)

    def merge(self, name: str, loser: str, winner: str, *, organisation: str | None = None) -> None:
        """Merge a record into another one."""
        self.edit(name, SageEdit(op="merge", id=loser, into=winner), organisation=organisation)

    def create_document(
        self, account: str, total: Decimal | int, *, organisation: str | None = None, **fields: Any
    ) -> MadeDocument:
        """Create a trade document, with further fields of `sage.documents.NewDocument`, and its number tag."""
        new = NewDocument(account=account, total=Decimal(total), **fields)
        made = self._call("POST", "documents", new, organisation=organisation)
        return MadeDocument(made["id"], made["numberTag"])

    def pay(
        self,
        document: str,
        amount: Decimal | int | None = None,
        *,
        on: date | None = None,
        how: Literal["Ledger", "Stored"] = "Ledger",
        organisation: str | None = None,
    ) -> Standing:
        """Pay a document, by default all of it and without moving a SystemModstamp (see `sage.documents.Payment`)."""
        payment = Payment(amount=None if amount is None else Decimal(amount), on=on, how=how)
        answer = self._call("POST", f"documents/{document}/payments", payment, organisation=organisation)
        return Standing(Decimal(answer["outstanding"]), answer["isPaid"])

    def reconcile(
        self, document: str, *, on: date | None = None, reconciled: bool = True, organisation: str | None = None
    ) -> None:
        """Reconcile the number tag of a document (or undo that), and change nothing else."""
        wanted = Reconciliation(on=on, reconciled=reconciled)
        self._call("PUT", f"documents/{document}/reconciliation", wanted, organisation=organisation)

    def set_credit_limit(self, account: str, amount: Decimal | int | None, *, organisation: str | None = None) -> str:
        """Set the credit limit of an account; return the id of the tag that has it."""
        answer = self._call(
            "PUT",
            f"accounts/{account}/creditLimit",
            CreditLimit(None if amount is None else Decimal(amount)),
            organisation=organisation,
        )
        return str(answer["tag"])

    def hide_fields(self, name: str, *fields: str, organisation: str | None = None) -> None:
        """Let fields of an object vanish from describe and queries, beside those that are hidden already."""
        hidden = self.settings(organisation=organisation).hidden_fields
        self.configure(organisation=organisation, hidden_fields={**hidden, name: [*hidden.get(name, ()), *fields]})

    def show_fields(self, name: str, *fields: str, organisation: str | None = None) -> None:
        """Show hidden fields again; without any named, all of the object."""
        hidden = self.settings(organisation=organisation).hidden_fields
        left = [field for field in hidden.get(name, ()) if fields and field not in fields]
        self.configure(organisation=organisation, hidden_fields={**hidden, name: left})

    def hide_object(self, name: str, *, organisation: str | None = None) -> None:
        """Let an object vanish."""
        hidden = self.settings(organisation=organisation).hidden_objects
        self.configure(organisation=organisation, hidden_objects=[*hidden, name])

    def show_object(self, name: str, *, organisation: str | None = None) -> None:
        """Show a hidden object again."""
        hidden = self.settings(organisation=organisation).hidden_objects
        self.configure(organisation=organisation, hidden_objects=[one for one in hidden if one != name])

    def rename_field(self, name: str, old: str, new: str, *, organisation: str | None = None) -> None:
        """Give a field, told by its usual name, another one; its usual name: undo that."""
        renamed = self.settings(organisation=organisation).renamed_fields
        self.configure(organisation=organisation, renamed_fields={**renamed, name: {**renamed.get(name, {}), old: new}})

    def add_field(self, name: str, field: str, *, organisation: str | None = None, **properties: Any) -> None:
        """Add a field to an object, with properties as in `sage.settings.NewField`."""
        added = self.settings(organisation=organisation).added_fields
        new = NewField(name=field, **properties)
        self.configure(organisation=organisation, added_fields={**added, name: [*added.get(name, ()), new]})

    def add_organisation(
        self,
        name: str,
        *,
        client_id: str,
        client_secret: str,
        dataset: Dataset | None = None,
        settings: OrganisationSettings | None = None,
    ) -> dict[str, Any]:
        """Create an organisation; return its id and what else identifies it."""
        new = {
            "name": name,
            "client_id": client_id,
            "client_secret": client_secret,
            "dataset": dataset or Dataset(),
            "settings": settings or OrganisationSettings(),
        }
        summary: dict[str, Any] = self._call("POST", "organisations", new)
        return summary

    def organisations(self) -> list[dict[str, Any]]:
        """Return name, id, client id, used requests and numbers of records of each organisation."""
        found: list[dict[str, Any]] = self._call("GET", "organisations")
        return found

    def configure(self, *, organisation: str | None = None, **settings: Any) -> None:
        """Change settings, named as in `OrganisationSettings`; those that are not named stay."""
        name = self._name(organisation)
        changed = msgspec.structs.replace(self.settings(organisation=name), **settings)
        self._call("PUT", f"organisations/{name}/settings", changed)

    def settings(self, *, organisation: str | None = None) -> OrganisationSettings:
        """Return the settings of an organisation."""
        told = self._call("GET", f"organisations/{self._name(organisation)}/settings")
        return msgspec.convert(told, OrganisationSettings, strict=False)

    def rotate_secret(self, client_secret: str, *, organisation: str | None = None) -> None:
        """Let a new client secret take the place of the old one; sessions of the old one stay, as in Salesforce."""
        self._call("PUT", f"organisations/{self._name(organisation)}/secret", {"client_secret": client_secret})

    def use_requests(self, used: int, *, organisation: str | None = None) -> None:
        """Set how many requests of the daily allowance are used."""
        self._call("PUT", f"organisations/{self._name(organisation)}/usage", {"used": used})

    def expire_sessions(self, *, organisation: str | None = None) -> int:
        """Make access tokens worthless, of one organisation or all; return how many."""
        return int(self._call("POST", "sessions/expire", organisation=organisation)["expired"])

    def expire_cursors(self) -> int:
        """Make open query locators invalid; return how many."""
        return int(self._call("POST", "cursors/expire")["expired"])

    def _name(self, organisation: str | None) -> str:
        return organisation or str(self.organisations()[0]["name"])
