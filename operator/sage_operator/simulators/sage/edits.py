"""Edits of an organisation's records, as its people and processes make them."""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from sage_operator.simulators.sage.formulas import DOCUMENT, FORMULAS, TAG, evaluated
from sage_operator.simulators.sage.organisation import Organisation
from sage_operator.simulators.soql.parse import moment
from sage_operator.simulators.wire import Row


class Edit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edit of one record.

    `delete` of an account deletes its contacts too, `undelete` brings those back that went with it. `merge` deletes
    the record and re-parents its children, documents and tags to `into`. `purge` removes it without a trace.
    """

    op: Literal["create", "update", "delete", "undelete", "merge", "purge"]
    id: str | None = None
    """The record; of a new one only if its id is to be chosen."""
    fields: dict[str, Any] = {}
    """New values; null or an empty text clears."""
    into: str | None = None
    """The winner of a merge."""
    stamp: str = "now"
    """`now` moves SystemModstamp; `keep` leaves it (what a late commit or a formula looks like); else an ISO time."""


class Editor:
    """Applies edits to one organisation at one time."""

    def __init__(self, organisation: Organisation, now: datetime) -> None:
        self._organisation = organisation
        self.now = now.astimezone(UTC).replace(microsecond=0)

    def apply(self, object_name: str, edit: Edit) -> str:
        """Apply an edit; return the id of the record. Raises `ValueError` or `KeyError`."""
        if edit.op == "create":
            return self._create(object_name, edit)
        key = str(self._organisation.row(object_name, edit.id or "")["Id"])
        if edit.op == "purge":
            self._organisation.table(object_name).purge(key)
        elif edit.op == "update":
            self.store(object_name, key, self._valid(object_name, edit.fields), edit.stamp)
        elif edit.op == "undelete":
            self.store(object_name, key, {"IsDeleted": False, "MasterRecordId": None}, edit.stamp)
            self._children(object_name, key, {"IsDeleted": False}, edit.stamp, deleted=True)
        elif edit.op == "delete":
            self.store(object_name, key, {"IsDeleted": True}, edit.stamp)
            self._children(object_name, key, {"IsDeleted": True}, edit.stamp, deleted=False)
        else:
            winner = str(self._organisation.row(object_name, edit.into or "")["Id"])
            self._children(object_name, key, {"AccountId": winner}, edit.stamp, deleted=False)
            self._papers(object_name, key, {"s2cor__Account__c": winner}, edit.stamp)
            self.store(object_name, key, {"IsDeleted": True, "MasterRecordId": winner}, edit.stamp)
        return key

    def _create(self, object_name: str, edit: Edit) -> str:
        key = edit.id or self._organisation.next_id(object_name)
        now, user = moment(self.now), self._organisation.user_id
        names = {field.name for field in self._organisation.kind(object_name).fields}
        defaults: Row = {
            "IsDeleted": False, "OwnerId": user, "CreatedDate": now, "CreatedById": user, "LastModifiedDate": now,
            "LastModifiedById": user, "SystemModstamp": now,
        }  # fmt: skip
        row = {name: value for name, value in defaults.items() if name in names}
        row |= self._valid(object_name, edit.fields) | {"Id": key}
        if edit.stamp not in {"now", "keep"}:
            row["SystemModstamp"] = moment(datetime.fromisoformat(edit.stamp))
        self._organisation.table(object_name).put(evaluated(object_name, row))
        return key

    def store(self, object_name: str, key: str, values: Row, stamp: str) -> None:
        """Change a record without asking whether people may; `stamp` as in `Edit`."""
        table = self._organisation.table(object_name)
        row = {**table.rows[key], **values}
        if stamp == "now":
            row["SystemModstamp"] = row["LastModifiedDate"] = moment(self.now)
        elif stamp != "keep":
            row["SystemModstamp"] = moment(datetime.fromisoformat(stamp))
        table.put(evaluated(object_name, row))

    def _children(self, object_name: str, key: str, values: Row, stamp: str, *, deleted: bool) -> None:
        """Change the contacts of an account that are (or are not) deleted; merged ones stay as they are."""
        if object_name != "Account":
            return
        contacts = self._organisation.table("Contact")
        for child in sorted(contacts.find("AccountId", [key])):
            row = contacts.rows[child]
            if row["IsDeleted"] is deleted and "MasterRecordId" not in row:
                self.store("Contact", child, values, stamp)

    def _papers(self, object_name: str, key: str, values: Row, stamp: str) -> None:
        """Change the documents and tags of an account."""
        if object_name != "Account":
            return
        for name in (DOCUMENT, TAG):
            for paper in sorted(self._organisation.table(name).find("s2cor__Account__c", [key])):
                self.store(name, paper, values, stamp)

    def _valid(self, object_name: str, fields: Row) -> Row:
        """Return fields by the names under which rows keep them. Raises `ValueError`."""
        given = self._organisation.stored(object_name, fields)
        known = {field.name for field in self._organisation.kind(object_name).fields}
        if unknown := sorted(set(given) - known):
            raise ValueError(f"{object_name} has no fields {unknown}")
        if formulas := sorted(set(given) & FORMULAS.get(object_name, frozenset()) - {"Name"}):
            raise ValueError(f"{formulas} of {object_name} are formulas")
        return {name: None if value == "" else value for name, value in given.items()}
