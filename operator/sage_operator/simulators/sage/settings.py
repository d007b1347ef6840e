"""What may be changed about an organisation, its schema included."""

import dataclasses
from collections.abc import Iterator
from typing import Literal

import msgspec

from sage_operator.simulators.sage.formulas import DOCUMENT
from sage_operator.simulators.soql.schema import Field, ObjectType


class NewField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field that an organisation added to an object."""

    name: str
    type: str = "string"
    """As describe tells it: `string`, `textarea`, `double`, `currency`, `boolean`, `date`, `picklist`, …."""
    label: str = ""
    length: int = 255
    precision: int = 18
    scale: int = 2
    nillable: bool = True
    calculated: bool = False
    """A formula: it can be edited all the same, with the stamp `keep`, as its value changes in Salesforce."""
    filterable: bool = True
    reference_to: list[str] = []
    relationship: str | None = None
    picklist: list[str] = []


class OrganisationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed about an organisation."""

    hidden_fields: dict[str, list[str]] = {}
    """Per object, fields that field-level security hides from the API user."""
    hidden_objects: list[str] = []
    """Objects that the API user can't see, such as those of a package that is not installed."""
    page_whim: float = 0.0
    """Probability that a query page is smaller than asked for, by a seeded whim."""
    page_limit: int = 2000
    """No page is bigger."""
    daily_requests: int = 100_000
    """How many requests are allowed; the count of those used is never reset by time."""
    session_minutes: float = 120
    """A token expires after so much time without a request, on the simulated clock."""
    api_disabled: bool = False
    """Every request is refused with 403 API_DISABLED_FOR_ORG."""
    added_fields: dict[str, list[NewField]] = {}
    """Per object, fields that it has besides those of the package: an organisation's own."""
    renamed_fields: dict[str, dict[str, str]] = {}
    """Per object, fields by their usual name that go by another one; values stay."""
    paid_amount: Literal["Formula", "Stored"] = "Formula"
    """Whether a document's Paid_Amount tells what the ledger says, or only what was written into it."""
    time_zone: str = "UTC"
    """Of the API user, for date literals."""
    week_start: Literal["Sunday", "Monday"] = "Sunday"
    """The first day of the week in the API user's locale, for date literals."""
    fiscal_start_month: int = 1
    """Of the organisation, for fiscal date literals."""
    bulk_polls: int = 1
    """How often a bulk job is asked for before it is complete."""
    bulk_page: int = 50_000
    """Most rows of one result of a bulk job."""
    bulk_failure: str | None = None
    """Bulk jobs fail with this message."""


def with_added(kind: ObjectType, settings: OrganisationSettings) -> ObjectType:
    """Return an object with the organisation's own fields, where Paid_Amount is a formula if it is to be one."""
    fields = [*kind.fields, *map(_field, settings.added_fields.get(kind.name, ()))]
    if kind.name == DOCUMENT and settings.paid_amount == "Formula":
        fields = [
            dataclasses.replace(field, calculated=True) if field.name == "s2cor__Paid_Amount__c" else field
            for field in fields
        ]
    return dataclasses.replace(kind, fields=tuple(fields))


def seen_by_user(kind: ObjectType, settings: OrganisationSettings) -> ObjectType:
    """Return an object without its hidden fields, and with the others under their present names."""
    hidden = settings.hidden_fields.get(kind.name, ())
    renamed = settings.renamed_fields.get(kind.name, {})

    def fields() -> Iterator[Field]:
        for field in kind.fields:
            name = renamed.get(field.name, field.name)
            if name in hidden or field.name in hidden:
                continue
            if name != field.name:
                related = field.relationship
                if related and name.endswith("__c"):
                    related = f"{name.removesuffix('__c')}__r"
                field = dataclasses.replace(field, name=name, stored=field.name, relationship=related)  # noqa: PLW2901
            yield field

    return dataclasses.replace(kind, fields=tuple(fields()))


def _field(new: NewField) -> Field:
    return Field(
        name=new.name,
        label=new.label or new.name.removesuffix("__c").replace("_", " "),
        type=new.type,
        length=new.length
        if new.type in {"string", "textarea", "picklist", "multipicklist", "phone", "url", "email"}
        else 0,
        nillable=new.nillable,
        calculated=new.calculated,
        filterable=new.filterable,
        sortable=new.filterable,
        reference_to=tuple(new.reference_to),
        relationship=new.relationship,
        picklist=tuple(new.picklist),
        precision=new.precision,
        scale=new.scale,
    )
