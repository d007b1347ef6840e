"""Asking both remotes what a spec is held against, and holding it against that, before anything is read or written."""

import asyncio
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from sage_operator.runner.ports import Remotes, Source, Target
from sage_operator.sync.errors import (
    Blocked,
    CompanyNotFound,
    CredentialsRejected,
    HostNotAllowed,
    SchemaMismatch,
    Transient,
)
from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.lookups import USERS
from sage_operator.sync.payments.reading import TRADE_OBJECTS, Company, TradeView
from sage_operator.sync.preflight import (
    Examined,
    Known,
    KnownForceManager,
    KnownSage,
    examine,
    lists_needed,
    no_company,
    paths_needed,
)
from sage_operator.sync.settings import Settings
from sage_operator.sync.sources import SourceObject, undescribed
from sage_operator.sync.targets import ValueList


class Part(Enum):
    """What is kept for an hour, and may be looked at anew; what is offered, a run does not ask for by itself."""

    OBJECTS = auto()
    USERS = auto()
    SCHEMAS = auto()
    LISTS = auto()
    OFFERED = auto()  # API versions and companies


ALL: Final = frozenset(Part)

_ANEW: Final[Mapping[FindingKind, frozenset[Part]]] = {
    FindingKind.OBJECT_NOT_READABLE: frozenset(),  # what is absent is asked for each time
    FindingKind.INVALID_CONDITION: frozenset({Part.OBJECTS}),
    FindingKind.UNKNOWN_SOURCE: frozenset({Part.OBJECTS}),
    FindingKind.TYPE_MISMATCH: frozenset({Part.OBJECTS, Part.SCHEMAS}),
    FindingKind.USER_NOT_FOUND: frozenset({Part.USERS}),
    FindingKind.BRANCH_NOT_FOUND: frozenset({Part.LISTS}),
    FindingKind.UNKNOWN_LIST: frozenset({Part.LISTS}),
    FindingKind.INVALID_VALUE: frozenset({Part.OBJECTS, Part.LISTS, Part.USERS, Part.SCHEMAS}),
    FindingKind.WRONG_LIST: frozenset({Part.SCHEMAS}),
    FindingKind.MANDATORY_TARGET_MISSING: frozenset({Part.SCHEMAS}),
    FindingKind.UNKNOWN_TARGET: frozenset({Part.SCHEMAS}),
    FindingKind.CUSTOM_FIELD_MISSING: frozenset({Part.SCHEMAS}),
    FindingKind.TARGET_NOT_WRITABLE: frozenset({Part.SCHEMAS}),
}
"""By what was found, what may have changed since it was looked at."""


async def preflight(settings: Settings, remotes: Remotes, *, strict_users: bool) -> tuple[Examined, Known]:
    """Examine a spec. What is kept of the remotes is looked at anew, once, where a mistake may have been corrected.

    `strict_users`: the spec's pairs have not been proven yet.

    Raises:
        SyncError: a remote can't be reached. What a remote refuses is a finding.
    """
    known, refused = await look(settings, remotes)
    examined = examine(settings, (*settings.mistakes, *refused), known, strict_users=strict_users)
    anew = _to_look_at_anew(examined)
    if anew:
        known, refused = await look(settings, remotes, fresh=anew)
        examined = examine(settings, (*settings.mistakes, *refused), known, strict_users=strict_users)
    return examined, known


async def explained(settings: Settings, remotes: Remotes) -> None:
    """Look at everything anew after a remote has refused what the spec asks for.

    Raises:
        Blocked: with what is wrong; nothing is raised if that is not to be seen.
    """
    try:
        known, refused = await look(settings, remotes, fresh=ALL)
    except Transient:  # what was refused is then all that is known
        return
    examine(settings, (*settings.mistakes, *refused), known, strict_users=False).refuse()


def _to_look_at_anew(examined: Examined) -> frozenset[Part]:
    parts = {part for finding in examined.errors for part in _ANEW.get(finding.kind, ())}
    drifted = examined.users is not None and examined.users.mismatches
    return frozenset(parts | ({Part.USERS} if drifted else set()))


async def look(
    settings: Settings, remotes: Remotes, *, fresh: frozenset[Part] = frozenset()
) -> tuple[Known, tuple[Finding, ...]]:
    """Ask both remotes; one that refuses is not known, and a finding. `fresh`: what to look at anew.

    Raises:
        SyncError: a remote can't be reached.
    """
    findings: list[Finding] = []
    sage, force_manager = await asyncio.gather(
        _sage(settings, remotes.source, findings, fresh=fresh),
        _force_manager(settings, remotes.target, fresh=fresh),
        return_exceptions=True,
    )
    for subject, found in (("sage", sage), ("forceManager", force_manager)):
        if isinstance(found, Blocked):
            findings.append(_refused(subject, found))
        elif isinstance(found, BaseException):
            raise found
    return (
        Known(
            sage=sage if isinstance(sage, KnownSage) else None,
            force_manager=force_manager if isinstance(force_manager, KnownForceManager) else None,
        ),
        tuple(findings),
    )


async def _sage(settings: Settings, source: Source, findings: list[Finding], *, fresh: frozenset[Part]) -> KnownSage:
    organisation = await source.identify()
    objects, absent = await describe_needed(settings, source, fresh=Part.OBJECTS in fresh)
    company: Company | None = None
    companies: tuple[Company, ...] | None = None
    trade: TradeView | None = None
    if settings.payments is not None:
        if Part.OFFERED in fresh:
            companies = tuple(await source.companies())
        try:
            company = await source.company(settings.company)
        except CompanyNotFound as error:
            findings.append(no_company(error))
        if Part.OBJECTS in fresh:
            await asyncio.gather(*(_described(name, source, fresh=True) for name in TRADE_OBJECTS))
        trade = await source.trade_view(limits=settings.payments.uses_limits, types=settings.payments.signs)
    return KnownSage(
        organisation=organisation,
        users=tuple(await source.users()),
        objects=objects,
        absent=absent,
        company=company,
        companies=companies,
        versions=tuple(await source.versions()) if Part.OFFERED in fresh else (),
        quota_left=source.quota_left,
        trade=trade,
    )


async def describe_needed(
    settings: Settings, source: Source, *, fresh: bool
) -> tuple[dict[str, SourceObject], frozenset[str]]:
    """Describe the mapped objects and the parents on the ways of paths, as far as they exist."""
    needs = [(each.entity.sage_object, paths_needed(settings, each.entity)) for each in settings.entities]
    objects: dict[str, SourceObject] = {}
    absent: set[str] = set()
    while missing := {n for of, paths in needs for n in undescribed(paths, of=of, objects=objects)} - absent:
        names = sorted(missing)
        found = await asyncio.gather(*(_described(name, source, fresh=fresh) for name in names))
        objects |= {name: each for name, each in zip(names, found, strict=True) if each is not None}
        absent |= missing - objects.keys()
    return objects, frozenset(absent)


async def _described(name: str, source: Source, *, fresh: bool) -> SourceObject | None:
    try:
        return await source.describe(name, fresh=fresh)
    except SchemaMismatch:
        return None


async def _force_manager(settings: Settings, target: Target, *, fresh: frozenset[Part]) -> KnownForceManager:
    tenant = await target.identify()
    entities = [each.entity for each in settings.entities]
    users = await target.users(fresh=Part.USERS in fresh)
    # Who looks closely does not take the users' word for the branch.
    needed = lists_needed(settings, () if Part.LISTS in fresh else users)
    names = [name for name in needed if name != USERS]
    schemas, lists = await asyncio.gather(
        asyncio.gather(*(target.schema(entity, fresh=Part.SCHEMAS in fresh) for entity in entities)),
        asyncio.gather(*(_list(name, target, fresh=Part.LISTS in fresh) for name in names)),
    )
    found = dict(zip(names, lists, strict=True))
    return KnownForceManager(
        tenant=tenant,
        users=tuple(users),
        schemas=dict(zip(entities, schemas, strict=True)),
        lists={name: values for name, values in found.items() if values is not None},
        absent=frozenset(name for name, values in found.items() if values is None),
    )


async def _list(name: str, target: Target, *, fresh: bool) -> ValueList | None:
    try:
        return await target.value_list(name, fresh=fresh)
    except SchemaMismatch:
        return None


def _refused(subject: str, error: Blocked) -> Finding:
    kinds = {
        HostNotAllowed: FindingKind.HOST_NOT_ALLOWED,  # Salesforce may name another host at sign-in
        CredentialsRejected: FindingKind.SIGN_IN_REFUSED,
    }
    return Finding(
        kind=kinds.get(type(error), FindingKind.API_VERSION_UNSUPPORTED),
        subject=subject,
        message=error.message.rstrip("."),
        remedy=error.remedy,
    )
