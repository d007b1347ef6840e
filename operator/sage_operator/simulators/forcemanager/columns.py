"""The fields of each resource (API v4, vendor's connector definition and documentation; lengths partly invented)."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from sage_operator.simulators.forcemanager.settings import CustomField, TenantSettings

Kind = Literal["text", "integer", "number", "boolean", "moment", "reference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field of a resource."""

    name: str
    kind: Kind
    length: int | None = None
    table: str | None = None
    """The resource that a reference points into."""
    required: bool = False
    read_only: bool = False
    label: str = ""
    """What the CRM's users see; empty for the name."""
    required_in_form: bool = False


ENTITIES = ("accounts", "contacts", "sales")
LISTS = (
    "accountTypes", "accountStatuses", "accountSegments", "contactTypes", "branches", "countries", "currencies",
    "rates", "userTypes",
)  # fmt: skip
RESOURCES = (*ENTITIES, "users", *LISTS)

_LENGTHS = {
    "name": 200, "firstName": 100, "lastName": 100, "vatNumber": 50, "phone": 50, "phone1": 50, "phone2": 50,
    "phone3": 50,
    "fax": 50, "email": 250, "email2": 250, "email3": 250, "website": 250, "comment": 6000, "address1": 180,
    "address2": 180,
    "city": 200, "postcode": 50, "region": 200, "extId": 100, "linkedin": 250, "skype": 100, "accountExtId": 100,
    "salesRepExtId": 100, "nic": 100, "locale": 10,
}  # fmt: skip
_TABLES = {
    "branchId": "branches", "statusId": "accountStatuses", "typeId": "accountTypes", "segmentId": "accountSegments",
    "countryId": "countries", "accountId": "accounts", "salesRepId": "users", "gender": "genders",
    "currencyId": "currencies", "rateId": "rates", "userTypeId": "userTypes",
}  # fmt: skip
_REQUIRED = {
    "accounts": {"branchId", "name", "salesRepId1"},
    "contacts": {"firstName", "lastName", "accountId", "salesRepId"},
    "sales": {"accountExtId", "accountId", "date", "extId", "total"},
}
_FIELDS: dict[str, dict[Kind, str]] = {
    "accounts": {
        "text": (
            "name vatNumber phone phone2 phone3 fax email website comment address1 address2 city postcode region extId"
        ),
        "reference": (
            "branchId salesRepId1 salesRepId2 salesRepId3 salesRepId4 salesRepId5 statusId typeId segmentId countryId "
            "rateId"
        ),
        "boolean": "readOnly public geocoded",
        "integer": "permissionLevel geocodingAccuracy",
        "number": "latitude longitude",
    },
    "contacts": {
        "text": (
            "firstName lastName phone1 phone2 fax email email2 email3 comment address1 city postcode "
            "region extId linkedin skype"
        ),
        "reference": "accountId salesRepId typeId countryId gender",
        "boolean": "readOnly useCompanyAddress marketingCommunications",
        "integer": "permissionLevel",
        "moment": "birthday",
    },
    "sales": {
        "text": "accountExtId extId salesRepExtId",
        "reference": "accountId salesRepId",
        "moment": "date",
        "number": "total",
    },
    "users": {
        "text": "name lastName email phone phoneExtension nic description locale dbLanguage uiLanguage extId",
        "boolean": "isActive billable computeSfm branchRestriction",
        "integer": "level idPrefix",
        "reference": "branchId managerId userTypeId rateId",
        "moment": "lastPasswordChangeDate",
    },
}
_STAMPS: tuple[Column, ...] = (
    Column(name="id", kind="integer", read_only=True),
    Column(name="deleted", kind="boolean", read_only=True),
    *(Column(name=f"date{verb}", kind="moment", read_only=True) for verb in ("Created", "Updated", "Deleted")),
    *(Column(name=f"salesRepId{verb}", kind="integer", read_only=True) for verb in ("Created", "Updated", "Deleted")),
)


def columns(resource: str, settings: TenantSettings) -> dict[str, Column]:
    """Return the fields of a resource (not of a value list) in a tenant, by name."""
    authors = resource != "users"  # users don't tell who created them
    found = {column.name: column for column in _STAMPS if authors or not column.name.startswith("salesRepId")}
    required = _REQUIRED.get(resource, set()) | set(settings.required_fields.get(resource, ()))
    if resource == "sales" and settings.sales_need_representative:
        required.add("salesRepExtId")
    for kind, names in _FIELDS[resource].items():
        for name in names.split():
            found[name] = Column(
                name=name,
                kind=kind,
                length=_LENGTHS.get(name, 250) if kind == "text" else None,
                table=_table(resource, name) if kind == "reference" else None,
                required=name in required,
            )
    if resource == "contacts" and settings.contact_branch != "absent":
        mandatory = settings.contact_branch == "required"
        found["branchId"] = Column(name="branchId", kind="reference", table="branches", required=mandatory)
    for name, custom in settings.custom_fields.get(resource, {}).items():
        found[name] = _own(name, custom, required=custom.required or name in required)
    if resource == "sales":
        found["salesRepId"] = replace(found["salesRepId"], read_only=True)
    missing = settings.missing_fields.get(resource, ())
    return {name: column for name, column in found.items() if name not in missing}


def _own(name: str, custom: CustomField, *, required: bool) -> Column:
    return Column(
        name=name,
        kind="reference" if custom.kind == "list" else custom.kind,
        length=custom.length if custom.kind == "text" else None,
        table=f"list/{custom.list_name}" if custom.kind == "list" else None,
        required=required,
        label=custom.label or name.removeprefix("Z_"),
        required_in_form=custom.required_in_form,
    )


def _table(resource: str, name: str) -> str:
    if name.startswith("salesRepId") or name == "managerId":
        return "users"
    return "contactTypes" if resource == "contacts" and name == "typeId" else _TABLES[name]


def schema(resource: str, settings: TenantSettings) -> dict[str, Any]:
    """Return the answer to `GET /{resource}/schema`."""
    found = [
        column
        for column in columns(resource, settings).values()
        if settings.schema_lists_custom_fields or not column.name.startswith("Z_")
    ]
    return {
        "type": "object",
        "required": [
            column.name
            for column in found
            if column.required and (settings.schema_lists_custom_demands or not column.name.startswith("Z_"))
        ],
        "properties": {column.name: _property(column) for column in found},
    }


def _property(column: Column) -> dict[str, Any]:
    null = [] if column.required else ["null"]
    if column.kind == "reference":
        return {
            "table": column.table,
            "required": ["id"],
            "readOnly": column.read_only,
            "properties": {"id": {"type": "integer"}, "value": {"type": ["string", "null"]}},
            "type": ["object", *null],
        }
    described: dict[str, Any] = {"readOnly": column.read_only}
    if column.length is not None:
        described["maxLength"] = column.length
    if column.kind == "moment":
        described["format"] = "date-time"
    described["type"] = [{"text": "string", "moment": "string"}.get(column.kind, column.kind), *null]
    return described
