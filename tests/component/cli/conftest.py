"""Running simulators, and the command line as a person would use it on them."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from component.ledger.examples import Bench, release
from sage_operator.cli import main
from sage_operator.cli._options import FORCE_MANAGER_VARIABLES, SAGE_VARIABLES
from sage_operator.ledger import SqlLedger
from sage_operator.simulators import Dataset, Simulators
from sage_operator.sync.payments.reading import Company
from sage_operator.sync.state import StreamState
from support.manifests import integration, secrets
from unit.payments.test_worked_example import LIMIT, documents

from .payments_shown import ACME, LEFT, NAMES, NOW, READ, Shown


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


@pytest.fixture
async def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shown]:
    """One account with the twelve documents, two of one name, and one that has left."""
    # By its name: as an attribute of its package it is hidden by the command.
    monkeypatch.setattr(import_module("sage_operator.cli.payments"), "_now", lambda: NOW)
    async with await SqlLedger.open(tmp_path / "ledger.db", clock=lambda: NOW) as ledger:
        bench = await Bench.set_up(ledger)
        for number, (sage_id, name) in enumerate(NAMES.items()):
            await bench.write(sage_id, target_id=1000 + number, label=name)
        await ledger.store_documents(bench.scope, [replace(document, account_id=ACME) for document in documents()])
        await ledger.store_credit_limits(bench.scope, {ACME: LIMIT})
        company = Company(id="a00000000000001AAA", name="Acme Iberia S.L.", currency="EUR", fiscal_start=4)
        await ledger.save_company(bench.scope, company)
        await ledger.save_stream(bench.scope, "documents", StreamState(watermark=READ, digest="digest"))
        await bench.note(release(LEFT))
        shown = Shown(ledger=tmp_path / "ledger.db", manifest=tmp_path / "acme.yaml", bench=bench)
        shown.write()
        yield shown
