"""The `payments` section of an integration: from a manifest, or from the cluster."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from sage_operator.cli._cluster import cluster
from sage_operator.cli._manifests import Unreadable, read
from sage_operator.controller.translate_payments import payment_settings
from sage_operator.resources import names
from sage_operator.resources._payments import PaymentsSpec
from sage_operator.resources.integration import readable
from sage_operator.sync.payments.settings import PaymentSettings


def settings_of(body: Mapping[str, Any], key: str) -> PaymentSettings:
    """Return what an integration says of payments; `key` names it in messages.

    Raises:
        click.ClickException: it says nothing, has them off, or can't be read.
    """
    spec = body.get("spec")
    section = spec.get("payments") if isinstance(spec, Mapping) else None
    if section is None:
        raise click.ClickException(f"{key} has no section `payments`: its documents are not read.")
    try:
        payments = PaymentsSpec.model_validate(section, by_name=False)
    except ValidationError as error:
        raise click.ClickException(f"{key}: spec.payments: {readable(error)}") from None
    if not payments.enabled:
        raise click.ClickException(f"{key} has `payments.enabled: false`: its documents are not followed.")
    return payment_settings(payments)


def from_manifest(path: str, integration: str | None) -> Mapping[str, Any]:
    """Return the one SageIntegration of a file or directory, or the one of that name; `-` is standard input.

    Raises:
        click.ClickException: there is none, there are several, or what is there can't be read.
    """
    try:
        found = read([path])
    except Unreadable as error:
        raise click.ClickException(f"{error}.") from None
    for broken in found.broken:
        raise click.ClickException(f"{broken.file}:{broken.place.line}: {broken.message}.")
    name = integration.rpartition("/")[2] if integration is not None else None
    wanted = [manifest for manifest in found.integrations if name is None or manifest.name == name]
    if len(wanted) == 1:
        return wanted[0].body
    if not found.integrations:
        raise click.ClickException(f"{path} has no {names.KIND}.")
    listed = ", ".join(manifest.name for manifest in found.integrations)
    raise click.ClickException(f"{path} has the integrations {listed}: name one of them.")


def from_cluster(key: str, kubeconfig: Path | None) -> Mapping[str, Any]:
    """Return a SageIntegration (`namespace/name`) as the API server has it.

    Raises:
        click.ClickException: there is none, or no way to the cluster.
    """
    namespace, _, name = key.partition("/")

    async def ask() -> Mapping[str, Any] | None:
        async with cluster(kubeconfig) as kube:
            return await kube.read_integration(namespace, name)

    body = asyncio.run(ask())
    if body is None:
        raise click.ClickException(f"There is no {names.KIND} {key} in the cluster. Give its manifest with -f.")
    return body
