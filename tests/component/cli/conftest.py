"""Running simulators, and the command line as a person would use it on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from sage_operator.cli import main
from sage_operator.cli._options import FORCE_MANAGER_VARIABLES, SAGE_VARIABLES
from sage_operator.simulators import Dataset, Simulators
from support.manifests import integration, secrets


@dataclass(frozen=True, kw_only=True)
class Live:
    """The simulators, a directory for manifests, and the commands."""

    simulators: Simulators
    folder: Path

    def write(self, *manifests: dict[str, Any], name: str = "acme.yaml") -> Path:
        """Write manifests to a file of the directory."""
        path = self.folder / name
        path.write_text(yaml.safe_dump_all(manifests, sort_keys=False, allow_unicode=True), encoding="utf-8")
        return path

    def acme(self, **spec: Any) -> dict[str, Any]:
        """Return an integration with these remotes."""
        return integration("crm", self.simulators, **spec)

    def secrets(self) -> list[dict[str, Any]]:
        """Return its Secrets."""
        return secrets("crm", self.simulators)

    def variables(self) -> dict[str, str]:
        """Return the credentials as the environment has them."""
        sage, crm = self.simulators.sage, self.simulators.forcemanager
        return {
            SAGE_VARIABLES["clientId"]: sage.client_id,
            SAGE_VARIABLES["clientSecret"]: sage.client_secret,
            FORCE_MANAGER_VARIABLES["publicKey"]: crm.public_key,
            FORCE_MANAGER_VARIABLES["privateKey"]: crm.private_key,
        }

    def __call__(self, *words: str, code: int = 0, env: dict[str, str] | None = None, hosts: bool = True) -> Result:
        """Carry out a command of `sage-operator`; it must end with this code, and without a traceback."""
        allowed = ["--allowed-hosts", "127.0.0.1:*", "--insecure-http"] if hosts else []
        result = CliRunner().invoke(main, [*words, *allowed], env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == code, result.output
        return result


@pytest.fixture(scope="module")
def running() -> Iterator[Simulators]:
    """Both simulators with little data; some accounts belong to users who are not associated."""
    with Simulators(dataset=Dataset(accounts=40, contacts=20, owners=10, associated_share=0.5)) as simulators:
        yield simulators


@pytest.fixture
def live(running: Simulators, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """Both simulators in their initial state, and no credentials in the environment."""
    for variable in (*SAGE_VARIABLES.values(), *FORCE_MANAGER_VARIABLES.values()):
        monkeypatch.delenv(variable, raising=False)
    running.sage.control.reset()
    running.forcemanager.control.reset()
    yield Live(simulators=running, folder=tmp_path)
    assert running.sage.control.counters().internal_errors == []
    assert running.forcemanager.control.counters().internal_errors == []
