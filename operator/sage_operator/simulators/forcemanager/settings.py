"""What differs, or may differ, between ForceManager tenants."""

from typing import Literal

import msgspec


class CustomField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An own field of a tenant; its name begins with `Z_`.

    `number` is a decimal number, `moment` a date; `list` is the id of a row of the tenant's own list `list_name`.
    """

    kind: Literal["text", "integer", "number", "boolean", "moment", "list"] = "text"
    length: int = 255
    """Of texts, in characters."""
    required: bool = False
    """`required_via_api`: a record is not created without it."""
    required_in_form: bool = False
    """The asterisk in the CRM's own form alone: the API does not insist."""
    label: str = ""
    """What the CRM's users see; by default the name without `Z_`."""
    list_name: str = ""


DEFAULT_CUSTOM_FIELDS: dict[str, dict[str, CustomField]] = {
    "accounts": {
        "Z_SageCode": CustomField(length=40),
        "Z_PaymentStatus": CustomField(length=40),
        "Z_LastPayment": CustomField(kind="moment"),
        "Z_OverdueDays": CustomField(kind="integer"),
        "Z_IsCustomer": CustomField(kind="boolean"),
        **{
            f"Z_{name}": CustomField(kind="number")
            for name in (
                "Outstanding", "Overdue", "CreditLimit", "CreditUsed", "MonthInvoiced", "MonthInvoicedBefore",
                "MonthInvoicedChange", "QuarterInvoiced", "YearInvoiced", "YearPaid",
            )
        },
    },
    "contacts": {"Z_Department": CustomField(length=80), "Z_SageId": CustomField(length=18)},
}  # fmt: skip


class TenantSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The behaviour of a tenant where the documentation is silent, and what a tenant may choose."""

    requests_per_second: float = 13
    """Of each key pair: 4 or 13, by its plan."""
    burst: float | None = None
    """How many requests may come at once; by default half a second's worth and at least 2, for jitter on the way."""
    tell_retry_after: bool = True
    """Whether a 429 carries `Retry-After`."""
    session_minutes: float = 1440
    """Life of a session, on the simulated clock."""
    max_page_size: int = 1000
    bulk_refused: dict[str, int] = {}
    """Operations such as `accounts.bulkCreate` and the status with which they are refused."""
    bulk_all_or_nothing: bool = False
    """Whether one bad item makes the whole batch a 400."""
    ignored_filters: list[str] = []
    """A `where` that names one of these fields filters nothing."""
    read_only_updates: Literal["allow", "refuse"] = "allow"
    """With `refuse`, a record that is `readOnly` takes no update but one of this flag alone, and no deletion."""
    message_key: Literal["Message", "message", "alternate"] = "alternate"
    """How the answers of writes spell it."""
    contact_branch: Literal["absent", "optional", "required"] = "absent"
    """Whether contacts have a `branchId`."""
    deleted_readable: bool = True
    """Whether a deleted record can still be read by its id (with `deleted: true`); else 400."""
    normalize_phones: bool = False
    """Whether telephone numbers are stored without blanks."""
    sales_need_representative: bool = False
    """Whether a sale without `salesRepExtId` is refused."""
    custom_fields: dict[str, dict[str, CustomField]] = msgspec.field(default_factory=DEFAULT_CUSTOM_FIELDS.copy)
    """Per resource."""
    required_fields: dict[str, list[str]] = {}
    """Per resource, further fields that are mandatory in this tenant (`required_via_api`)."""
    missing_fields: dict[str, list[str]] = {}
    """Per resource, standard fields that this tenant lacks."""
    schema_lists_custom_fields: bool = True
    """Whether `/{resource}/schema` tells the own fields, which is not documented; `/procedure/zapier_schema` does."""
    schema_lists_custom_demands: bool = True
    """Whether the `required` of that schema names own fields too."""
    zapier_refused: int | None = None
    """Status with which `/procedure/zapier_schema` is refused: an internal call of the vendor's own connector."""
    own_lists: dict[str, list[dict[str, str]]] = {}
    """The tenant's own value lists (`/list/{name}`): for each row its label by language (`en`, `es`, …)."""
