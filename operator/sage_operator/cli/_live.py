"""What both remotes tell of themselves, as far as a spec needs it."""

import asyncio
from collections.abc import Mapping

from sage_operator.cli._remotes import Referred, RemoteOptions, opened
from sage_operator.resources import SageIntegration
from sage_operator.runner.ports import Remotes, Source, Target
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import Blocked, CredentialsRejected, HostNotAllowed, SchemaMismatch, SecretNotFound
from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.lookups import USERS
from sage_operator.sync.preflight import Known, KnownForceManager, KnownSage, lists_needed, paths_needed
from sage_operator.sync.settings import Settings
from sage_operator.sync.sources import SourceObject, undescribed
from sage_operator.sync.targets import ValueList


async def learned(
    integration: SageIntegration, settings: Settings, options: RemoteOptions, refers_to: Referred
) -> tuple[Known, tuple[Finding, ...]]:
    """Return what the remotes of an integration tell, and what is wrong with themselves.

    Raises:
        SyncError: there are no credentials, a host is not allowed, or a remote can't be reached.
    """
    async with opened(integration, options, refers_to) as remotes:
        return await look(settings, remotes)


async def look(settings: Settings, remotes: Remotes) -> tuple[Known, tuple[Finding, ...]]:
    """Ask both remotes; one that refuses is not known, and a finding.

    Raises:
        SyncError: a remote can't be reached.
    """
    sage, force_manager = await asyncio.gather(
        _sage(settings, remotes.source), _force_manager(settings, remotes.target), return_exceptions=True
    )
    findings: list[Finding] = []
    for subject, found in (("sage", sage), ("forceManager", force_manager)):
        if isinstance(found, Blocked) and not isinstance(found, HostNotAllowed | SecretNotFound):
            findings.append(_refused(subject, found))
        elif isinstance(found, BaseException):
            raise found
    known = Known(
        sage=sage if isinstance(sage, KnownSage) else None,
        force_manager=force_manager if isinstance(force_manager, KnownForceManager) else None,
    )
    return known, tuple(findings)


async def _sage(settings: Settings, source: Source) -> KnownSage:
    organisation = await source.identify()
    objects: dict[str, SourceObject] = {}
    absent: set[str] = set()
    for each in settings.entities:
        paths, of = paths_needed(settings, each.entity), each.entity.sage_object
        while missing := undescribed(paths, of=of, objects=objects) - absent:
            for name in sorted(missing):
                try:
                    objects[name] = await source.describe(name, fresh=True)
                except SchemaMismatch:
                    absent.add(name)
    return KnownSage(
        organisation=organisation, users=tuple(await source.users()), objects=objects, absent=frozenset(absent)
    )


async def _force_manager(settings: Settings, target: Target) -> KnownForceManager:
    tenant = await target.identify()
    names = lists_needed(each.rules for each in settings.entities)
    found: Mapping[str, ValueList | None] = {name: await _list(name, target) for name in names if name != USERS}
    return KnownForceManager(
        tenant=tenant,
        users=tuple(await target.users()),
        schemas={entity: await target.schema(entity) for entity in (Entity.ACCOUNTS, Entity.CONTACTS)},
        lists={name: values for name, values in found.items() if values is not None},
        absent=frozenset(name for name, values in found.items() if values is None),
    )


async def _list(name: str, target: Target) -> ValueList | None:
    try:
        return await target.value_list(name)
    except SchemaMismatch:
        return None


def _refused(subject: str, error: Blocked) -> Finding:
    is_credentials = isinstance(error, CredentialsRejected)
    return Finding(
        kind=FindingKind.SIGN_IN_REFUSED if is_credentials else FindingKind.API_VERSION_UNSUPPORTED,
        subject=subject,
        message=error.message.rstrip("."),
        remedy=error.remedy,
    )
