"""A cluster that is there already, for the end-to-end tests: what an embedded control plane would tell of itself."""

import base64
import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sage_operator.embedded import KubernetesApi


@contextmanager
def existing_cluster(kubeconfig: Path, folder: Path) -> Iterator[KubernetesApi]:
    """Yield the cluster of an administrator's kubeconfig, whatever way that proves who it is.

    For the length of the block there is a namespace with two accounts: one that may do everything, since the tests use
    bearer tokens, and one that may do nothing.
    """
    program = shutil.which("kubectl")
    assert program is not None, "kubectl is not on the path"

    def kubectl(*arguments: str) -> str:
        command = [program, f"--kubeconfig={kubeconfig}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    name = f"sage-operator-tests-{secrets.token_hex(4)}"
    described = json.loads(kubectl("config", "view", "--minify", "--raw", "--flatten", "--output=json"))
    cluster = described["clusters"][0]["cluster"]
    ca_file = folder / "ca.crt"
    ca_file.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    kubectl("create", "namespace", name)
    try:
        for account in ("everything", "nobody"):
            kubectl("create", "serviceaccount", account, f"--namespace={name}")
        kubectl(
            "create", "clusterrolebinding", name, "--clusterrole=cluster-admin", f"--serviceaccount={name}:everything"
        )
        tokens = {
            account: kubectl("create", "token", account, f"--namespace={name}", "--duration=4h").strip()
            for account in ("everything", "nobody")
        }
        yield KubernetesApi(
            kind="kube-apiserver",
            version=json.loads(kubectl("version", "--output=json"))["serverVersion"]["gitVersion"],
            url=cluster["server"],
            ca_file=ca_file,
            token=tokens["everything"],
            tokens={"nobody": tokens["nobody"]},
            kubeconfig=kubeconfig,
            kubectl=Path(program),
            # Not processes of ours; but there is a controller manager.
            pids={"kube-controller-manager": 0},
        )
    finally:
        kubectl("delete", "clusterrolebinding", name, "--ignore-not-found")
        kubectl("delete", "namespace", name, "--wait=false")
