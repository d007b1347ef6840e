"""What both remotes tell, as far as a spec is checked against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sage_operator.sync.entities import Entity
from sage_operator.sync.payments.reading import Company, TradeView
from sage_operator.sync.sources import SourceObject
from sage_operator.sync.targets import TargetSchema, ValueList
from sage_operator.sync.users import ForceManagerUser, SageUser


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSage:
    """What a Salesforce organisation shows to the integration user.

    Attributes:
        organisation: its id, 18 characters.
        users: all internal users, active or not.
        objects: by API name; the mapped objects, and the parents that paths go over.
        absent: objects that were asked for, and are not there or hidden.
        company: whose documents count; None: not asked for, or there is none, which is told otherwise.
        companies: all of them; None: not asked for.
        versions: of the API that are offered, oldest first; empty: not asked for, or not told.
        trade: what is seen of trade documents; None: not asked for.
        quota_left: what is left of the day's API requests, 0 to 1; None if it is not told.
    """

    organisation: str
    users: tuple[SageUser, ...]
    objects: Mapping[str, SourceObject]
    absent: frozenset[str] = frozenset()
    company: Company | None = None
    companies: tuple[Company, ...] | None = None
    versions: tuple[str, ...] = ()
    quota_left: float | None = None
    trade: TradeView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownForceManager:
    """What a ForceManager tenant shows to the user of the key pair.

    Attributes:
        tenant: its fingerprint.
        users: those that are not deleted.
        schemas: by entity.
        lists: value lists by name, those in use and `branches`, unless `users` tell whose branch is meant; that of
            the users is made of `users`.
        absent: lists that were asked for, and are not there.
    """

    tenant: str
    users: tuple[ForceManagerUser, ...]
    schemas: Mapping[Entity, TargetSchema]
    lists: Mapping[str, ValueList] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Both; None is what nothing is known of: what depends on it is not checked."""

    sage: KnownSage | None = None
    force_manager: KnownForceManager | None = None
