"""Files checked: what `sage-operator check` does."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sage_operator.cli._examining import Subject, broken, examined, settings_of_files
from sage_operator.cli._manifests import Manifests, Unreadable, read
from sage_operator.cli._options import RemoteOptions
from sage_operator.cli._problems import Problem, ordered
from sage_operator.cli._remotes import Referred, opened, referred, spoken
from sage_operator.resources import SageIntegration
from sage_operator.runner.preflight import ALL, look
from sage_operator.sync.errors import SyncError
from sage_operator.sync.findings import Finding
from sage_operator.sync.preflight import Known, UnreadableSchema, load_known
from sage_operator.sync.settings import Settings

_MOST_BYTES: Final = 64 * 1024 * 1024


class NotPossible(Exception):
    """It could not be checked; the message says why."""


def check_files(
    files: tuple[str, ...], *, schema: str | None, live: RemoteOptions | None
) -> tuple[list[Problem], list[str]]:
    """Return what is wrong, and which integrations were checked.

    Raises:
        NotPossible: a file, the schema or a remote can't be read.
    """
    try:
        manifests = read(files)
        problems = ordered(_problems(manifests, _known(schema), live))
    except (Unreadable, SyncError) as error:
        raise NotPossible(spoken(error)) from None
    return problems, [manifest.key for manifest in manifests.integrations]


def _problems(manifests: Manifests, known: Known, live: RemoteOptions | None) -> Iterator[Problem]:
    yield from broken(manifests)
    for manifest in manifests.integrations:
        subject = Subject.read(manifest, manifests)
        yield from subject.problems
        integration = subject.integration
        if integration is None:
            continue
        settings, findings = settings_of_files(subject, integration)
        if live is not None:
            refers_to = referred(integration, live, manifests=manifests)
            known, met = asyncio.run(_learned(integration, settings, live, refers_to))
            findings += met
        yield from subject.told(examined(settings, findings, known))


async def _learned(
    integration: SageIntegration, settings: Settings, options: RemoteOptions, refers_to: Referred
) -> tuple[Known, tuple[Finding, ...]]:
    """Return what the live systems tell, and what is wrong with themselves."""
    async with opened(integration, options, refers_to) as remotes:
        return await look(settings, remotes, fresh=ALL)


def _known(schema: str | None) -> Known:
    """Return what a cache tells.

    Raises:
        Unreadable: there is none, or it is something else.
    """
    if schema is None:
        return Known()
    try:
        with Path(schema).open("rb") as file:
            content = file.read(_MOST_BYTES)
        return load_known(content)
    except OSError as error:
        raise Unreadable(f"{schema}: {error.strerror}; `sage-operator schema export` writes it") from None
    except UnreadableSchema as error:
        raise Unreadable(f"{schema}: {error}; `sage-operator schema export` writes it anew") from None
