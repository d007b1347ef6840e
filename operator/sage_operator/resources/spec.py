"""`SageIntegration.spec`: what a user asks for."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field, WithJsonSchema

from sage_operator.resources._base import Duration, Flag, LabelOrId, Rule, SpecModel, duration_between
from sage_operator.resources._fields import AccountFields, ContactFields
from sage_operator.resources._lists import map_by, unique_by
from sage_operator.resources._payments import ONE_SOURCE_A_TARGET, PaymentsSpec


class SageAuth(StrEnum):
    """How to sign in to Sage."""

    CLIENT_CREDENTIALS = "ClientCredentials"


class UserMatching(StrEnum):
    """How Sage users find their ForceManager users."""

    EXPLICIT = "Explicit"
    EMAIL = "Email"


class AccountScope(StrEnum):
    """Which Sage accounts are synchronised."""

    ASSOCIATED_USERS = "AssociatedUsers"
    ALL = "All"


class Preset(StrEnum):
    """What a field map starts from."""

    DEFAULT = "Default"
    NONE = "None"


# Neither query nor fragment nor user: what is secret goes into the Secret.
_NOT_IN_A_URL = r"[?#@\s]"


def _is_url(value: str, *, with_path: bool) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # a port that is no number raises
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and not re.search(_NOT_IN_A_URL, value)
        and (with_path or parts.path in {"", "/"})
    )


_URL_CEL = (
    "isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != ''"
    f" && !self.matches(r'{_NOT_IN_A_URL}')"
)


_ObjectName = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]


class ConfigMapKeyRef(SpecModel):
    """A key of a ConfigMap in the namespace of the integration."""

    name: _ObjectName
    """Name of the ConfigMap. It is read from the integration's own namespace, always."""

    key: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]
    """The key within its `data`. The value is a YAML list of entries as `fields` has them, of at most 64 KiB."""


class FieldsFrom(SpecModel):
    """Where shared entries of a field map come from."""

    config_map_ref: ConfigMapKeyRef
    """The ConfigMap and its key."""


_SharedMaps = Annotated[
    tuple[FieldsFrom, ...], Field(max_length=10, json_schema_extra={"x-kubernetes-list-type": "atomic"})
]


class SecretRef(SpecModel):
    """A Secret in the namespace of the integration."""

    name: _ObjectName
    """Name of the Secret. It is read from the integration's own namespace, always."""


class SageSpec(SpecModel):
    """The Sage Business Cloud Financials organisation to read from."""

    url: Annotated[
        str,
        Field(max_length=512),
        Rule(
            cel=f"{_URL_CEL} && url(self).getEscapedPath() in ['', '/']",
            holds=lambda value: _is_url(value, with_path=False),
            message="must be `https://` and the My Domain host, such as `https://acme.my.salesforce.com`,"
            " without path, query or user",
        ),
        AfterValidator(lambda value: value.rstrip("/")),
    ]
    """The organisation's My Domain URL, such as `https://acme.my.salesforce.com` (Setup, My Domain). Not the address
    of the Lightning pages. The operator's administrator may limit the hosts."""

    api_version: Annotated[str, Field(max_length=6, pattern=r"^[1-9][0-9]{1,2}\.0$")] = "66.0"
    """Version of the Salesforce REST API, in quotes, such as `"66.0"`."""

    company: Annotated[str | None, Field(min_length=1, max_length=80)] = None
    """The name of the Sage company (legal entity) whose documents `payments` counts, exactly. It may be left out while
    there is only one. It concerns neither accounts nor contacts, which belong to no company."""

    auth: SageAuth = SageAuth.CLIENT_CREDENTIALS
    """How to sign in. `ClientCredentials`: the OAuth client-credentials flow of an external client app with a run-as
    user, whose permissions decide what can be read; the Secret has the keys `clientId` and `clientSecret`."""

    credentials_secret_ref: SecretRef
    """The Secret with the credentials for Sage, read at the start of each run. A change of it starts a run at once."""


class ForceManagerSpec(SpecModel):
    """The ForceManager tenant to keep in step."""

    url: Annotated[
        str,
        Field(max_length=512),
        Rule(
            cel=_URL_CEL,
            holds=lambda value: _is_url(value, with_path=True),
            message="must be the URL of the API, such as `https://api.forcemanager.com/api/v4`, without query or user",
        ),
        AfterValidator(lambda value: value.rstrip("/")),
    ] = "https://api.forcemanager.com/api/v4"
    """URL of the ForceManager API, version 4, with its path."""

    credentials_secret_ref: SecretRef
    """The Secret with the API keys, `publicKey` and `privateKey` (ForceManager: Settings, Integrations, API key),
    read at the start of each run. A change of it starts a run at once."""

    requests_per_second: Literal[4, 13] = 4
    """How many requests a second the tenant's plan allows: 4 or 13. Integrations that use the same keys share it."""

    branch: LabelOrId
    """The ForceManager branch that new records belong to, by its label (in any language) or its id: `Madrid` or `16`.
    ForceManager wants one for every record."""


class UserPair(SpecModel):
    """A user association: a Sage user and the ForceManager user who owns that person's records there."""

    sage: Annotated[str, Field(min_length=1, max_length=254)]
    """The Sage user, by username, e-mail address or id."""

    force_manager: LabelOrId
    """The ForceManager user, by e-mail address, nickname or id. Several Sage users may have the same one."""


class UsersSpec(SpecModel):
    """Which Sage users correspond to which ForceManager users."""

    matching: UserMatching = UserMatching.EXPLICIT
    """`Explicit`: only `pairs` count. `Email`: `pairs` count first, then users whose e-mail addresses are equal
    (without case; an address that several users share matches nobody)."""

    pairs: Annotated[
        tuple[UserPair, ...], Field(max_length=1000, json_schema_extra=map_by("sage")), unique_by("sage")
    ] = ()
    """The user associations, one for each Sage user. A pair that matches nobody, or more than one user, stalls the
    integration until it is corrected."""

    fallback: LabelOrId | None = None
    """The ForceManager user who owns new records whose own user is deactivated in ForceManager and, with
    `accounts.scope: All`, those of owners who are not associated. By e-mail address, nickname or id. Without it such
    records are rejected."""


class AccountsSpec(SpecModel):
    """How accounts are synchronised."""

    scope: AccountScope = AccountScope.ASSOCIATED_USERS
    """`AssociatedUsers`: accounts whose owner in Sage is associated with a ForceManager user. `All`: every account
    that the signed-in user can read. Contacts are in scope when their account is."""

    where: Annotated[str | None, Field(min_length=1, max_length=4000)] = None
    """Which of those accounts, as a condition in SOQL on fields of `Account`, such as `Type = 'Customer' AND Industry
    != null`: comparisons, `LIKE`, `IN`, `INCLUDES`, joined by `AND`, `OR`, `NOT` and parentheses; fields of parents by
    dots, `Owner.Department`. Fixed dates only (`CreatedDate >= 2024-01-01T00:00:00Z`), no sub-queries, functions or
    relative dates. It is checked against Sage's fields before it is used."""

    read_only: Flag = True
    """Mark the records as not editable in ForceManager, since the next change in Sage would overwrite an edit."""

    reassign: Flag = False
    """Whether the ForceManager sales rep follows the owner in Sage. `false`: it is set when a record is created, and
    may be changed in ForceManager. `true`: a new owner in Sage who is associated becomes the sales rep."""

    preset: Preset = Preset.DEFAULT
    """What `fields` starts from. `Default`: the built-in map of name, tax number, e-mail, telephone, fax, website,
    comment, billing address, country and type. `None`: nothing."""

    fields_from: _SharedMaps = ()
    """Shared parts of the field map, in ConfigMaps. They are laid over the preset in their order, and `fields` over
    them: an entry replaces an earlier one of the same target. A change of a ConfigMap counts like a change here."""

    fields: AccountFields = ()
    """The field map: what fills which ForceManager field. An entry replaces that of the preset, or of
    `fieldsFrom`, for the same target. Fields that are not mapped are never touched."""


class ContactsSpec(SpecModel):
    """How contacts are synchronised. They follow their accounts."""

    enabled: Flag = True
    """Whether contacts are synchronised at all. `false` leaves those that are in ForceManager as they are."""

    read_only: Flag = False
    """Mark the records as not editable in ForceManager."""

    preset: Preset = Preset.DEFAULT
    """What `fields` starts from. `Default`: the built-in map of first and last name, e-mail, telephones, title (as
    the comment), mailing address and birthday. `None`: nothing."""

    fields_from: _SharedMaps = ()
    """Shared parts of the field map, in ConfigMaps. They are laid over the preset in their order, and `fields` over
    them: an entry replaces an earlier one of the same target. A change of a ConfigMap counts like a change here."""

    fields: ContactFields = ()
    """The field map: what fills which ForceManager field. An entry replaces that of the preset, or of
    `fieldsFrom`, for the same target. Fields that are not mapped are never touched."""


class SageIntegrationSpec(SpecModel):
    """What to keep in step with what, and how."""

    rules = (
        Rule(
            cel="self.users.matching == 'Email' || (has(self.users.pairs) && size(self.users.pairs) > 0)"
            " || (self.accounts.scope == 'All' && has(self.users.fallback))",
            holds=lambda spec: (
                spec.users.matching is UserMatching.EMAIL
                or bool(spec.users.pairs)
                or (spec.accounts.scope is AccountScope.ALL and spec.users.fallback is not None)
            ),
            message="nothing would be synchronized, as nobody is associated: list `users.pairs`, or set"
            " `users.matching` to `Email`, or set `accounts.scope` to `All` and `users.fallback`",
        ),
        Rule(
            cel="!has(self.suspendUntil) || (has(self.suspend) && self.suspend)",
            holds=lambda spec: spec.suspend_until is None or spec.suspend,
            message="`suspendUntil` needs `suspend: true`",
        ),
        ONE_SOURCE_A_TARGET,
    )

    interval: Annotated[Duration, duration_between("1m", "24h")] = timedelta(minutes=15)
    """How often to look for changes in Sage, as a duration from `1m` to `24h`, such as `15m` or `1h30m`. Each
    integration has its own stable moment within it, so that many don't run at once."""

    timeout: Annotated[Duration, duration_between("10s", "24h")] = timedelta(minutes=10)
    """The time without progress after which a run is stopped, as a duration from `10s` to `24h`. What was done stays
    recorded, and a first load of hours is fine as long as it moves on."""

    suspend: Flag = False
    """`true` pauses the integration after the batch in hand; settings, watermarks and ledger are kept. `false`
    resumes it where it was."""

    suspend_reason: Annotated[str, Field(max_length=256)] = ""
    """Why it is suspended, for other people: shown in the `Suspended` condition."""

    suspend_until: Annotated[AwareDatetime, WithJsonSchema({"type": "string", "format": "date-time"})] | None = None
    """With `suspend: true`: the moment when it resumes by itself, such as `2026-12-01T08:00:00Z`. Without it, somebody
    has to set `suspend` to `false`."""

    sage: SageSpec
    """The source: a Sage Business Cloud Financials organisation."""

    force_manager: ForceManagerSpec
    """The target: a ForceManager tenant."""

    users: UsersSpec = UsersSpec()
    """Who is who: which Sage users correspond to which ForceManager users."""

    accounts: AccountsSpec = AccountsSpec()
    """How accounts are synchronised."""

    contacts: ContactsSpec = ContactsSpec()
    """How contacts are synchronised."""

    payments: PaymentsSpec | None = None
    """How each account pays. Without this section nothing of payments is read or written, and figures that were
    written stay as they are."""

    def is_suspended(self, now: datetime) -> bool:
        """Tell whether it is paused at a moment."""
        return self.suspend and (self.suspend_until is None or now < self.suspend_until)
