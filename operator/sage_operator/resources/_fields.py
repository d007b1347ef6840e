"""Field maps as the spec spells them: one entry fills one ForceManager field."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from sage_operator.resources._base import Rule, SpecModel

_RESERVED: Final = ("extId", "salesRepId", "salesRepId1", "branchId", "readOnly")
_RESERVED_FOR_CONTACTS: Final = (*_RESERVED, "accountId")
# ForceManager sets these itself; a map could at best be ignored, at worst hide a record by `deleted`.
_INTERNAL: Final = ("id", "deleted", "dateCreated", "dateUpdated", "dateDeleted")

Source = Annotated[
    str,
    Field(max_length=255, pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,5}$"),
    Rule(
        cel="!self.contains('__c.')",
        holds=lambda value: "__c." not in value,
        message="must name a parent by its relationship (`…__r.Name`), not by its field (`…__c.Name`)",
    ),
]

_Target = Annotated[str, Field(max_length=100, pattern=r"^(Z_[A-Za-z0-9_]+|[a-z][A-Za-z0-9]*)$")]


def _not_one_of(reserved: tuple[str, ...], instead: str) -> Rule:
    names = (*reserved, *_INTERNAL)
    return Rule(
        cel=f"!(self in [{', '.join(repr(name) for name in names)}])",
        holds=lambda value: value not in names,
        message=f"must not be one of {', '.join(f'`{name}`' for name in reserved)}: the operator writes them itself"
        f" (see {instead}); nor one that ForceManager sets: {', '.join(f'`{name}`' for name in _INTERNAL)}",
    )


def _text_or_whole_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError(
            "constant", "must be a text or a whole number; decimal numbers and booleans are written in quotes"
        )
    return value


Constant = Annotated[
    int | str,
    BeforeValidator(_text_or_whole_number),
    WithJsonSchema({"x-kubernetes-int-or-string": True, "maxLength": 1024}),
]


class FieldEntry(SpecModel):
    """Fills one ForceManager field from a Sage field or with a constant."""

    rules = (
        Rule(
            cel="has(self.source) != has(self.value)",
            holds=lambda entry: (entry.source is None) != (entry.value is None),
            message="exactly one of `source` and `value` must be set",
        ),
    )

    source: Source | None = None
    """The Sage (Salesforce) field to copy, by its API name, such as `Phone` or `s2cor__VAT_Registration_Number__c`. A
    parent's field is reached by the relationship: `Owner.Name`, `s2cor__Company__r.Name`."""

    value: Constant | None = None
    """A constant for every record: a text or a whole number. Decimal numbers and booleans are written as texts
    (`"12.50"`, `"true"`) and turned into the type of the target."""


class AccountField(FieldEntry):
    """Fills one field of ForceManager accounts."""

    target: Annotated[_Target, _not_one_of(_RESERVED, "`users`, `forceManager.branch`, `accounts.readOnly`")]
    """The field of the ForceManager account to fill, such as `phone`, or a custom field with its prefix, such as
    `Z_SageCode`."""


class ContactField(FieldEntry):
    """Fills one field of ForceManager contacts."""

    target: Annotated[
        _Target, _not_one_of(_RESERVED_FOR_CONTACTS, "`users`, `forceManager.branch`, `contacts.readOnly`")
    ]
    """The field of the ForceManager contact to fill, such as `phone1`, or a custom field with its prefix, such as
    `Z_Department`."""
