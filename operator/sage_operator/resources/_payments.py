"""`spec.payments`: which documents count, how figures are computed, and where they go."""

from datetime import date
from functools import cache
from typing import Annotated, Any, Final, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from sage_operator.resources._base import Flag, Rule, SpecModel
from sage_operator.resources._fields import AccountTarget
from sage_operator.resources._lists import map_by, unique_by
from sage_operator.sync.payments.periods import CompareWith, PeriodKind, Weekday
from sage_operator.sync.payments.settings import OF_A_PERIOD, Amount, Figure, Of, OnVoid


@cache
def _zones() -> frozenset[str]:
    """Return the zones that mean the same on each machine."""
    return frozenset(available_timezones() - {"Factory", "localtime"})


def _is_real(zone: str) -> str:
    """Refuse a zone that is none. The API server sees the shape only."""
    if zone not in _zones():
        raise PydanticCustomError("time_zone", "must be an IANA time zone, such as `Europe/Madrid`")
    return zone


def _is_set(entries: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(entries)) < len(entries):
        raise PydanticCustomError("set", "must not have an entry twice")
    return entries


class DocumentTypeSpec(SpecModel):
    """A type of trade documents that count."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """The name of the trade document type in Sage, exactly, such as `Sales Invoice`."""

    sign: Literal[1, -1] = 1
    """What the amounts that Sage stores are multiplied by. `-1` for credits; `1` for a type whose amounts are stored
    below zero."""


class ThresholdsSpec(SpecModel):
    """When the status of an account changes."""

    due_soon_days: Annotated[int, Field(ge=0, le=365)] = 7
    """The status is `DueSoon` if something is due within so many days, that day included."""

    serious_days: Annotated[int, Field(ge=1, le=3650)] = 60
    """The status is `SeriouslyOverdue` if something is overdue for so many days or more."""


class SalesSpec(SpecModel):
    """Whether the documents themselves are written to ForceManager."""

    enabled: Flag = False
    """Write each document as a ForceManager sale, credits with a negative total. ForceManager's own views by week,
    month, quarter and year work on them."""

    on_void: OnVoid = OnVoid.DELETE
    """What happens to the sale of a document that counts no longer, because it was deleted or its status changed.
    `Delete` it, or `Keep` it."""


class FigureField(SpecModel):
    """Fills one field of ForceManager accounts with one figure."""

    rules = (
        Rule(
            cel="!has(self.of) || has(self.period)",
            holds=lambda entry: entry.of is None or entry.period is not None,
            message="`of` needs `period`",
        ),
        Rule(
            cel=f"has(self.period) == (self.figure in [{', '.join(repr(each.value) for each in OF_A_PERIOD)}])",
            holds=lambda entry: (entry.period is not None) == (entry.figure in OF_A_PERIOD),
            message=f"the figures {', '.join(f'`{each}`' for each in OF_A_PERIOD)} need `period`;"
            " all others are as of now and must not have it",
        ),
    )

    target: AccountTarget
    """The field of the ForceManager account to fill, usually a custom one with its prefix, such as `Z_Outstanding`."""

    figure: Figure
    """Which figure. Of a period: `invoiced`, `paid` (so far, of the documents dated in it) and `documents` (their
    number). As of now: all others."""

    period: PeriodKind | None = None
    """For the figures of a period: the current `Week`, `Month`, `Quarter` or `Year`."""

    of: Of | None = None
    """`Current` (default): the figure of the period. `Comparison`: that of the period it is compared with. `Change`:
    by how much it changed. `ChangePercent`: the same in percent, with one decimal; empty when there was nothing."""


class PaymentsSpec(SpecModel):
    """Payments: how each account pays, by week, month, quarter and year, compared with before."""

    enabled: Flag = True
    """Whether payments are synchronised. Without this section they are not. `false` leaves figures and sales that are
    in ForceManager as they are."""

    time_zone: Annotated[
        str,
        Field(max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$"),
        AfterValidator(_is_real),
    ]
    """The IANA time zone that says what date it is, such as `Europe/Madrid`: at its midnight documents fall due and
    periods begin."""

    week_start: Weekday = Weekday.MONDAY
    """The first day of the week. A week belongs to the year that most of its days are in."""

    fiscal_year_start_month: Annotated[int, Field(ge=1, le=12)] | None = None
    """The month, 1 to 12, in which fiscal years begin; the company's own if it is left out. Quarters are those of the
    fiscal year, which is named by the year in which it ends."""

    compare_with: CompareWith = CompareWith.PREVIOUS_PERIOD
    """What the current period is compared with: `PreviousPeriod`, or `SamePeriodLastYear` (of a week, 52 weeks
    before)."""

    to_date: Flag = True
    """`true`: documents up to today are compared with those of as many days of the other period. `false`: whole
    periods are compared."""

    amount: Amount = Amount.TOTAL
    """Which amount of a document `invoiced` adds up: `Net` or `Total`. All other figures are of totals."""

    since: date | None = None
    """Documents dated before this day don't count, unless they are open. A date such as `"2024-01-01"`."""

    document_types: Annotated[
        tuple[DocumentTypeSpec, ...],
        Field(min_length=1, max_length=50, json_schema_extra=map_by("name")),
        unique_by("name"),
    ] = (DocumentTypeSpec(name="Sales Invoice"), DocumentTypeSpec(name="Sales Credit", sign=-1))
    """The types of trade documents that count."""

    statuses: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=80, description="A status.")], ...],
        Field(min_length=1, max_length=20, json_schema_extra={"x-kubernetes-list-type": "set"}),
        AfterValidator(_is_set),
    ] = ("Submitted",)
    """The statuses of trade documents that count, as `s2cor__Status__c` has them. Drafts don't."""

    thresholds: ThresholdsSpec = ThresholdsSpec()
    """When the status of an account changes."""

    sales: SalesSpec = SalesSpec()
    """Whether the documents themselves are written to ForceManager."""

    fields: Annotated[
        tuple[FigureField, ...], Field(max_length=100, json_schema_extra=map_by("target")), unique_by("target")
    ] = ()
    """Which figure fills which field of ForceManager accounts."""


def _no_target_twice(spec: Any) -> bool:
    """Tell whether no target of the spec of an integration is filled by both an account field and a figure."""
    if spec.payments is None:
        return True
    return not {field.target for field in spec.accounts.fields} & {field.target for field in spec.payments.fields}


ONE_SOURCE_A_TARGET: Final = Rule(
    cel="!has(self.payments) || !has(self.payments.fields) || !has(self.accounts.fields)"
    " || self.payments.fields.all(figure, !self.accounts.fields.exists(field, field.target == figure.target))",
    holds=_no_target_twice,
    message="a target must not be in both `accounts.fields` and `payments.fields`",
)
"""A rule of the whole spec, as it needs both of its parts."""
