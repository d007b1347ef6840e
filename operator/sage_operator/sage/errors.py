"""What Salesforce's refusals mean for an integration, and what to do about them in Salesforce's set-up.

REST errors are an array of `{"message", "errorCode", "fields"?}`
(https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm).
"""

import re
from collections.abc import Callable
from functools import partial

import msgspec

from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import (
    CredentialsRejected,
    InvalidFieldMap,
    InvalidScope,
    QuotaExhausted,
    SchemaMismatch,
    SyncError,
    System,
    Unavailable,
)
from sage_operator.transport import Answer


class Refusal(msgspec.Struct, frozen=True):
    """One error of an answer."""

    code: str = msgspec.field(name="errorCode")
    message: str = ""


_REFUSALS = msgspec.json.Decoder(list[Refusal])


def read_refusal(answer: Answer) -> Refusal:
    """Return the first error of an answer; an empty code if it has none that can be read."""
    try:
        return _REFUSALS.decode(answer.content)[0]
    except (msgspec.DecodeError, UnicodeDecodeError, IndexError):
        return Refusal(code="")


def explain(answer: Answer, *, entity: Entity | None) -> SyncError:
    """Return the domain's error for an answer that refuses a query on an entity (None: on users)."""
    refusal = read_refusal(answer)
    code = refusal.code
    if code == "INVALID_FIELD":
        return _invalid_field(refusal, entity)
    if code in _EXPLANATIONS:
        kind, message, remedy = _EXPLANATIONS[code]
        return kind(message, remedy=remedy)
    if code == "MALFORMED_QUERY":
        return InvalidScope(f"Sage can't read the query: {_last_line(refusal.message)}")
    if code == "REQUEST_LIMIT_EXCEEDED":
        # One code for two limits; the message alone tells them apart.
        if "concurrent" in refusal.message.lower():
            return Unavailable(System.SAGE, "The Salesforce organisation has too many long API requests under way.")
        return QuotaExhausted("The Salesforce organisation has used up its API requests of the last 24 hours.")
    if answer.status in {414, 431}:
        return InvalidFieldMap(
            "The query is longer than Salesforce takes.", remedy="Map fewer fields, or fields with shorter names."
        )
    if answer.status in {401, 403}:
        return CredentialsRejected(
            f"Sage ({answer.host}) refuses the integration user: {code or answer.status}.", remedy=_GIVE_ACCESS
        )
    said = f" {code}: {_last_line(refusal.message)}" if code else "."
    return Unavailable(System.SAGE, f"Sage ({answer.host}) answers {answer.status}{said}")


def unknown_version(version: str, offered: list[str]) -> SchemaMismatch:
    """Return the error for an API version that the organisation lacks; `offered` are its own, oldest first."""
    range_ = f" It offers {offered[0]} to {offered[-1]}." if offered else ""
    return SchemaMismatch(
        f"The Salesforce organisation does not offer API version {version}.{range_}",
        remedy="Set spec.sage.apiVersion to one that it offers, and check that spec.sage.url is its My Domain URL.",
    )


def missing_object(name: str) -> SchemaMismatch:
    """Return the error for an object that the organisation lacks, or that the integration user may not see."""
    return SchemaMismatch(
        f"Sage has no object {name}, or hides it from the integration user.",
        remedy=_INSTALL_PACKAGE if name.lower().startswith("s2cor__") else _GIVE_ACCESS,
    )


def not_salesforce(host: str) -> SchemaMismatch:
    """Return the error for a host that answers, but not as Salesforce does."""
    return SchemaMismatch(
        f"{host} does not answer as a Salesforce organisation does.",
        remedy="Set spec.sage.url to the My Domain URL, https://<name>.my.salesforce.com (Setup > My Domain).",
    )


_GIVE_ACCESS = (
    "In Salesforce's Setup give the integration user (the app's Run As user) a permission set with API Enabled and Read"
    " on Accounts, Contacts and the Sage objects."
)

_INSTALL_PACKAGE = (
    "Check that Sage's package is installed in this organisation (Setup > Installed Packages), and that the integration"
    " user has a licence of it and a permission set with Read on its objects."
)

_EXPLANATIONS: dict[str, tuple[Callable[..., SyncError], str, str]] = {
    "INVALID_TYPE": (
        SchemaMismatch,
        "Sage lacks an object that the integration reads, or hides it from the integration user.",
        _GIVE_ACCESS,
    ),
    "QUERY_TOO_COMPLICATED": (
        InvalidFieldMap,
        "The mapped fields make a query that is too complicated for Salesforce; formula fields count most.",
        "Map fewer formula fields.",
    ),
    "QUERY_TIMEOUT": (
        partial(Unavailable, System.SAGE),
        "Salesforce needs longer for a query than it allows itself.",
        "It is tried again by itself; map fewer formula fields if it goes on.",
    ),
    "API_DISABLED_FOR_ORG": (
        CredentialsRejected,
        "Salesforce's REST API is not enabled for the integration user.",
        (
            "In Setup give that user (the app's Run As user) a permission set with API Enabled;"
            " the organisation's edition must include the API."
        ),
    ),
    "API_CURRENTLY_DISABLED": (
        SchemaMismatch,
        "Salesforce has disabled the API of the organisation.",
        "Ask Salesforce Support to enable it.",
    ),
    "FUNCTIONALITY_NOT_ENABLED": (
        SchemaMismatch,
        "The Salesforce organisation lacks a function that the integration needs.",
        "Check that its edition includes the API.",
    ),
    "INSUFFICIENT_ACCESS": (
        CredentialsRejected,
        "The integration user may not read what the integration needs.",
        _GIVE_ACCESS,
    ),
}

_COLUMN = re.compile(r"No such column '([^']+)' on entity '([^']+)'", re.IGNORECASE)
_RELATIONSHIP = re.compile(r"relationship '([^']+)'", re.IGNORECASE)


def _invalid_field(refusal: Refusal, entity: Entity | None) -> InvalidFieldMap:
    """Name the field; field-level security and a missing field look alike from outside."""
    if column := _COLUMN.search(refusal.message):
        what = f"has no field {column[1]} on {column[2]}"
    elif relationship := _RELATIONSHIP.search(refusal.message):
        what = f"knows no parent {relationship[1]} (a custom one ends in __r)"
    else:
        what = f"refuses a field: {_last_line(refusal.message)}"
    correct = f"Correct spec.{entity.value}.fields, or in" if entity else "In"
    return InvalidFieldMap(
        f"Sage {what}, or hides it from the integration user.",
        remedy=f"{correct} Salesforce's Setup give the integration user Read Access to the field"
        " (Permission Sets > Object Settings > Field Permissions).",
    )


def _last_line(message: str) -> str:
    """Return the part of a message that says what is wrong; the lines before it quote the query."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return (lines[-1][:200] if lines else "no reason given").rstrip(".") + "."
