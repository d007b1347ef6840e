"""The one integration that a command is about: of files, or of a cluster."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from sage_operator.cli._cluster import cluster
from sage_operator.cli._examining import Subject
from sage_operator.cli._manifests import Manifests, read
from sage_operator.cli._options import Choice, RemoteOptions
from sage_operator.cli._remotes import Referred, referred
from sage_operator.controller.translate import SharedMaps, shared_maps
from sage_operator.resources import InvalidResourceError, SageIntegration

if TYPE_CHECKING:
    from sage_operator.controller.kube import Kube


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An integration and what it refers to; `shared` are the texts of its ConfigMaps."""

    integration: SageIntegration
    refers_to: Referred
    shared: SharedMaps


@asynccontextmanager
async def chosen(which: Choice, options: RemoteOptions) -> AsyncIterator[Chosen]:
    """Read the integration and what it refers to.

    Raises:
        Unreadable: a file can't be read.
        click.ClickException: there is no such integration, several are meant, it is not valid, or the cluster can't be
            asked.
    """
    if which.files:
        manifests = read(which.files)
        integration = _of_files(which, manifests)
        shared: SharedMaps = manifests.shared(integration.metadata.namespace)
        yield Chosen(
            integration=integration, refers_to=referred(integration, options, manifests=manifests), shared=shared
        )
        return
    async with cluster(which.kubeconfig) as kube:
        integration = await _of_cluster(which, kube)
        found: dict[tuple[str, str], str] = {}
        for name, key in shared_maps(integration):
            answer = await kube.read_config_map(integration.metadata.namespace, name)
            if answer is not None and key in answer[0]:
                found[name, key] = answer[0][key]
        yield Chosen(integration=integration, refers_to=referred(integration, options, kube=kube), shared=found)


def _of_files(which: Choice, manifests: Manifests) -> SageIntegration:
    candidates = [
        each
        for each in manifests.integrations
        if which.name in {None, each.name, each.key} and which.namespace in {None, each.namespace}
    ]
    if len(candidates) != 1:
        listed = ", ".join(each.key for each in candidates or manifests.integrations)
        if candidates:
            raise click.ClickException(f"There are several integrations: {listed}. Name one of them.")
        raise click.ClickException(f"No such integration{f'; there is {listed}' if listed else ''}.")
    subject = Subject.read(candidates[0], manifests)
    if subject.integration is None or subject.problems:
        problem = subject.problems[0]
        raise click.ClickException(
            f"{problem.file}:{problem.line}: {problem.sentence} `sage-operator check` tells all that is wrong."
        )
    return subject.integration


async def _of_cluster(which: Choice, kube: "Kube") -> SageIntegration:
    # `choice` has seen to it that both are given.
    namespace, name = str(which.namespace), str(which.name)
    body = await kube.read_integration(namespace, name)
    if body is None:
        raise click.ClickException(f"There is no integration {namespace}/{name}.")
    try:
        return SageIntegration.parse(body)
    except InvalidResourceError as error:
        raise click.ClickException(f"{namespace}/{name} is not valid: {error}") from None
