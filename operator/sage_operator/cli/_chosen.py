"""The one integration that a command is about: of files, or of a cluster."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from sage_operator.cli._examining import Subject
from sage_operator.cli._manifests import Manifests, read
from sage_operator.cli._options import Choice, RemoteOptions
from sage_operator.cli._remotes import Referred, referred
from sage_operator.controller.translate import SharedMaps, shared_maps
from sage_operator.resources import InvalidResourceError, SageIntegration, names

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
        click.ClickException: there is no such integration, several are meant, or it is not valid.
        SyncError: the Kubernetes API can't be asked.
    """
    if which.files:
        manifests = read(which.files)
        integration = _of_files(which, manifests)
        shared: SharedMaps = manifests.shared(integration.metadata.namespace)
        yield Chosen(
            integration=integration, refers_to=referred(integration, options, manifests=manifests), shared=shared
        )
        return
    async with _cluster(which) as (integration, kube):
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


@asynccontextmanager
async def _cluster(which: Choice) -> "AsyncIterator[tuple[SageIntegration, Kube]]":
    # Imported here: the Kubernetes client takes most of a second, which files need not wait for.
    import aiohttp  # noqa: PLC0415
    from kubernetes.aio import client, config  # noqa: PLC0415

    from sage_operator.controller.kube import Kube, load_configuration  # noqa: PLC0415

    try:
        configuration = await load_configuration(which.kubeconfig)
    except config.ConfigException as error:
        raise click.ClickException(f"There is no way to reach a cluster: {error}.") from None
    async with client.ApiClient(configuration) as api:
        try:
            body = await client.CustomObjectsApi(api).get_namespaced_custom_object(
                names.GROUP, names.VERSION, which.namespace, names.PLURAL, which.name
            )
            integration = SageIntegration.parse(body)
        except client.ApiException as error:
            if error.status == 404:
                raise click.ClickException(f"There is no integration {which.namespace}/{which.name}.") from None
            raise click.ClickException(f"The cluster refuses it: {error.status} {error.reason}.") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise click.ClickException(f"The cluster does not answer: {type(error).__name__}.") from None
        except InvalidResourceError as error:
            raise click.ClickException(f"{which.namespace}/{which.name} is not valid: {error}") from None
    kube = Kube(configuration)
    try:
        yield integration, kube
    finally:
        await kube.aclose()
