"""Field maps as the spec spells them: one entry fills one ForceManager field."""

from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from sage_operator.resources._base import Flag, Rule, SpecModel
from sage_operator.resources._lists import map_by, unique_by
from sage_operator.sync.fieldmap import WhenEmpty

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


AccountTarget = Annotated[_Target, _not_one_of(_RESERVED, "`users`, `forceManager.branch`, `accounts.readOnly`")]
"""A field of accounts that the spec may fill."""

_LONGEST_CONSTANT: Final = 1024


def _text_or_whole_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError(
            "constant", "must be a text or a whole number; decimal numbers and booleans are written in quotes"
        )
    if isinstance(value, str) and len(value) > _LONGEST_CONSTANT:
        raise PydanticCustomError("constant", f"must have at most {_LONGEST_CONSTANT} characters")
    return value


Constant = Annotated[
    int | str,
    BeforeValidator(_text_or_whole_number),
    WithJsonSchema({"x-kubernetes-int-or-string": True, "maxLength": _LONGEST_CONSTANT}),
]


class LookupColumn(StrEnum):
    """What of a list's rows is compared with the value."""

    ID = "id"
    LABEL = "label"
    NAME = "name"
    ISO2 = "iso2"
    ISO3 = "iso3"
    ISO_CODE = "isoCode"
    EMAIL = "email"
    NICKNAME = "nickname"


class OnNotFound(StrEnum):
    """What is done with a value that no row of the list has."""

    REJECT = "Reject"
    EMPTY = "Empty"


class OnTooLong(StrEnum):
    """What is done with a text that is longer than its target."""

    REJECT = "Reject"
    CUT = "Cut"


_COLUMN_OF: Final = {
    LookupColumn.ISO2: "countries",
    LookupColumn.ISO3: "countries",
    LookupColumn.ISO_CODE: "currencies",
    LookupColumn.EMAIL: "users",
    LookupColumn.NICKNAME: "users",
}


class LookupSpec(SpecModel):
    """Replaces a value by the id of the row of a ForceManager list that it means."""

    rules = (
        Rule(
            cel="!has(self.by) || self.by in ['id', 'label', 'name']"
            " || (self.by in ['iso2', 'iso3'] && self.list == 'countries')"
            " || (self.by == 'isoCode' && self.list == 'currencies')"
            " || (self.by in ['email', 'nickname'] && self.list == 'users')",
            holds=lambda lookup: lookup.by is None or _COLUMN_OF.get(lookup.by, lookup.list) == lookup.list,
            message="`by` must fit the list: `iso2` and `iso3` are of `countries`, `isoCode` of `currencies`, `email`"
            " and `nickname` of `users`",
        ),
    )

    list: Annotated[str, Field(max_length=64, pattern=r"^(list/)?[A-Za-z][A-Za-z0-9_]*$")]
    """The list, by its name in ForceManager's API: `accountTypes`, `accountStatuses`, `accountSegments`,
    `contactTypes`, `branches`, `countries`, `currencies`, `users`, or a list of your own, `list/<name>`."""

    by: LookupColumn | None = None
    """What of the rows is compared with the value, without case and outer blanks. `label` (the default) is the label in
    any of the tenant's languages, and `name` another word for it; `id` the number. Countries have `iso2` and `iso3`
    too, currencies `isoCode`, and users `email` (their default) and `nickname`."""

    on_not_found: OnNotFound = OnNotFound.REJECT
    """`Reject`: a record whose value no row has is not written, with the code `LookupNotFound`. `Empty`: the value
    counts as empty, with a warning."""


class FieldEntry(SpecModel):
    """Fills one ForceManager field from a Sage field, by an expression or with a constant."""

    rules = (
        Rule(
            cel="(has(self.source) ? 1 : 0) + (has(self.expression) ? 1 : 0) + (has(self.value) ? 1 : 0) == 1",
            holds=lambda entry: [entry.source is None, entry.expression is None, entry.value is None].count(False) == 1,
            message="exactly one of `source`, `expression` and `value` must be set",
        ),
        Rule(
            cel="!has(self.value) || !has(self.default)",
            holds=lambda entry: entry.value is None or entry.default is None,
            message="`default` must not be set beside `value`: a constant needs none",
        ),
    )

    target: _Target
    """The field of the ForceManager record to fill."""

    source: Source | None = None
    """The Sage (Salesforce) field to copy, by its API name, such as `Phone` or `s2cor__VAT_Registration_Number__c`. A
    parent's field is reached by the relationship: `Owner.Name`, `s2cor__Company__r.Name`."""

    expression: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    """A CEL expression over `record` (the Sage record), `user` (the associated ForceManager user: `id`, `email`,
    `nickname`, `name`) and, for contacts, `account`: `record.Description == null ? '' : 'Sage: ' +
    record.Description`. Amounts of money do not belong here."""

    value: Constant | None = None
    """A constant for every record: a text or a whole number. Decimal numbers and booleans are written as texts
    (`"12.50"`, `"true"`) and turned into the type of the target."""

    default: Constant | None = None
    """Stands for a value that is null or an empty text, spelled like `value`. It is looked up as the value would be."""

    lookup: LookupSpec | None = None
    """Writes the id of the row of a list that the value means, whether it comes from `source`, `expression`, `value`
    or `default`."""

    only_on_create: Flag = False
    """`true`: the field is written when the record is created in ForceManager, and never again."""

    when_empty: WhenEmpty = WhenEmpty.CLEAR_OWN
    """What is done in ForceManager when the value is empty. `ClearOwn`: what this operator wrote is cleared, what
    somebody else wrote stays. `Clear`: the field is cleared, whoever filled it. `Keep`: it is left as it is."""

    on_too_long: OnTooLong = OnTooLong.REJECT
    """What is done with a text that has more characters than the field takes. `Reject`: the record is not written,
    with the code `TooLong`. `Cut`: the text is shortened, with a warning."""


class AccountField(FieldEntry):
    """Fills one field of ForceManager accounts."""

    target: AccountTarget
    """The field of the ForceManager account to fill, such as `phone`, or a custom field with its prefix, such as
    `Z_SageCode`."""


class ContactField(FieldEntry):
    """Fills one field of ForceManager contacts."""

    target: Annotated[
        _Target, _not_one_of(_RESERVED_FOR_CONTACTS, "`users`, `forceManager.branch`, `contacts.readOnly`")
    ]
    """The field of the ForceManager contact to fill, such as `phone1`, or a custom field with its prefix, such as
    `Z_Department`."""


AccountFields = Annotated[
    tuple[AccountField, ...], Field(max_length=200, json_schema_extra=map_by("target")), unique_by("target")
]
ContactFields = Annotated[
    tuple[ContactField, ...], Field(max_length=200, json_schema_extra=map_by("target")), unique_by("target")
]
