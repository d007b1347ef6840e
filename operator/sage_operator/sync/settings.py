"""What a run is told to do: the spec of an integration, resolved, without Kubernetes in it."""

from dataclasses import dataclass
from datetime import timedelta

from sage_operator.sync.entities import Entity
from sage_operator.sync.fieldmap import FieldRule
from sage_operator.sync.findings import Finding
from sage_operator.sync.payments.settings import PaymentSettings
from sage_operator.sync.users import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySettings:
    """How one entity is synchronised; `rules` is the effective map."""

    entity: Entity
    rules: tuple[FieldRule, ...]
    read_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """An integration's settings.

    Attributes:
        integration: `namespace/name`.
        branch: of created records, by label or id.
        all_accounts: all accounts are in scope, not only those of associated users.
        entities: what is synchronised, accounts first.
        where: a condition of SOQL that accounts in scope fulfil too; None: there is none.
        timeout: how long nothing may move before the run is stopped.
        api_version: of Salesforce's API, `66.0`; empty: whatever is offered.
        company: the name of the Sage company whose documents count; None: the only one there is.
        mistakes: what was found wrong while the maps were merged; nothing is written then.
        payments: what is computed from them; None: nothing, and what was written is left as it is.
    """

    integration: str
    branch: str
    pairs: tuple[Pair, ...]
    match_by_email: bool
    fallback: str | None
    all_accounts: bool
    reassign: bool
    entities: tuple[EntitySettings, ...]
    timeout: timedelta
    where: str | None = None
    api_version: str = ""
    company: str | None = None
    payments: PaymentSettings | None = None
    mistakes: tuple[Finding, ...] = ()
