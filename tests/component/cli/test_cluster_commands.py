"""Commands about an integration of a cluster: read with its ConfigMaps and Secrets through the Kubernetes API."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes.aio import client

from sage_operator.cli.demo.cluster import Cluster
from sage_operator.controller.kube import load_configuration
from sage_operator.embedded import EmulatedApi
from sage_operator.simulators import Simulators

from .conftest import Live

MAP = "- {target: phone, source: Fax}\n"


@pytest.fixture(scope="module")
def kubeconfig(running: Simulators) -> Iterator[str]:
    """A cluster with the integration `default/acme`, its Secrets and a ConfigMap."""
    with EmulatedApi() as api:
        asyncio.run(filled(api.kubeconfig, running))
        yield str(api.kubeconfig)


async def filled(kubeconfig: Path, simulators: Simulators) -> None:
    """Fill a cluster."""
    body = Live(simulators=simulators, folder=Path()).acme(
        accounts={"fieldsFrom": [{"configMapRef": {"name": "crm-maps", "key": "accounts"}}]}
    )
    body["metadata"]["namespace"] = "default"
    sage, crm = simulators.sage, simulators.forcemanager
    async with Cluster(kubeconfig) as cluster:
        await cluster.install()
        async with asyncio.timeout(30):
            while not await cluster.serves():  # noqa: ASYNC110 - a server in another process
                await asyncio.sleep(0.05)
        await cluster.put_secret("acme-sage", {"clientId": sage.client_id, "clientSecret": sage.client_secret})
        await cluster.put_secret("acme-forcemanager", {"publicKey": crm.public_key, "privateKey": crm.private_key})
        await cluster.apply(body)
    async with client.ApiClient(await load_configuration(kubeconfig)) as api:
        shared = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="crm-maps"), data={"accounts": MAP})
        await client.CoreV1Api(api).create_namespaced_config_map("default", shared)


def test_maps_reads_its_config_maps(live: Live, kubeconfig: str) -> None:
    """Expect the entry of the ConfigMap with what it replaced."""
    words = ("maps", "-n", "default", "acme", "--kubeconfig", kubeconfig, "-o", "json")
    entries = json.loads(live(*words, hosts=False).stdout)["entries"]
    (phone,) = (entry for entry in entries if (entry["entity"], entry["target"]) == ("accounts", "phone"))
    assert (phone["sources"], phone["layer"]) == (["Fax"], "ConfigMap crm-maps/accounts")
    assert phone["replaces"][0]["layer"] == "preset"


def test_users_signs_in_with_its_secrets(live: Live, kubeconfig: str) -> None:
    """Expect the users that e-mail addresses associate."""
    told = json.loads(live("users", "-n", "default", "acme", "--kubeconfig", kubeconfig, "-o", "json").stdout)
    assert len(told["associated"]) == len(live.simulators.dataset.user_pairs())


def test_export_is_the_same_from_files_and_cluster(live: Live, kubeconfig: str) -> None:
    """Expect that it does not matter where the integration is."""
    from_cluster = live("schema", "export", "-n", "default", "acme", "--kubeconfig", kubeconfig).stdout
    path = live.write(live.acme(), *live.secrets())
    assert from_cluster == live("schema", "export", "-f", str(path)).stdout


def test_what_is_not_there_is_told(live: Live, kubeconfig: str, tmp_path: Path) -> None:
    """Expect its name, and a word about a cluster that can't be reached."""
    absent = live("maps", "-n", "default", "nobody", "--kubeconfig", kubeconfig, hosts=False, code=1)
    assert "There is no integration default/nobody." in absent.stderr
    broken = tmp_path / "kubeconfig"
    for content in ("{}", "clusters: ["):
        broken.write_text(content, encoding="utf-8")
        unreachable = live("maps", "-n", "default", "acme", "--kubeconfig", str(broken), hosts=False, code=1)
        assert "no way to reach a cluster" in unreachable.stderr
    gone = tmp_path / "gone"
    text = Path(kubeconfig).read_text(encoding="utf-8")
    gone.write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:1", text), encoding="utf-8")
    silent = live("maps", "-n", "default", "acme", "--kubeconfig", str(gone), hosts=False, code=1)
    assert "does not answer" in silent.stderr
