"""A cluster, for commands that may as well read files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import yaml

from sage_operator.sync.errors import KubernetesUnavailable

if TYPE_CHECKING:
    from sage_operator.controller.kube import Kube

_REMEDY = "Give its manifest with -f."


@asynccontextmanager
async def cluster(kubeconfig: Path | None) -> "AsyncIterator[Kube]":
    """Open the cluster that an integration is read from.

    Raises:
        click.ClickException: there is no way to it, or it refuses what it is asked for, or does not answer.
    """
    # Imported here: the Kubernetes client and Kopf take a second, which files need not wait for.
    from kubernetes.aio.config import ConfigException  # noqa: PLC0415

    from sage_operator.controller.kube import Kube, load_configuration  # noqa: PLC0415

    try:
        kube = Kube(await load_configuration(kubeconfig))
    except (ConfigException, yaml.YAMLError, OSError, ValueError) as error:
        raise click.ClickException(f"There is no way to reach a cluster: {str(error).rstrip('.')}. {_REMEDY}") from None
    try:
        yield kube
    except KubernetesUnavailable as error:
        # Its own remedy is the operator's, which tries again by itself.
        raise click.ClickException(f"The cluster refuses, or does not answer. {error.message} {_REMEDY}") from None
    finally:
        await kube.aclose()
