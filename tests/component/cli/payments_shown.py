"""The worked example of docs/payments.md as `payments` finds it: in a ledger, with the manifest of its integration."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

from component.ledger.examples import Bench, account_id
from sage_operator.cli import main
from unit.payments.test_worked_example import SETTINGS

from .documents import document

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
READ = datetime(2026, 11, 24, 9, 15, tzinfo=UTC)
ACME, TWIN, LEFT, EMPTY, FAR = map(account_id, range(1, 6))
NAMES = {ACME: "ACME [Iberia] $1 & $2", TWIN: "Twin", LEFT: "Left", EMPTY: "twin", FAR: "株式会社"}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A ledger with documents, and the manifest of its integration."""

    ledger: Path
    manifest: Path
    bench: Bench

    def __call__(self, *words: str, code: int = 0, manifest: bool = True, **options: Any) -> Result:
        """Carry out `payments`; it must end with this code."""
        source = ("-f", str(self.manifest)) if manifest else ()
        result = CliRunner().invoke(main, ["payments", *source, "--ledger", str(self.ledger), *words], **options)
        assert result.exit_code == code, result.output
        return result

    document = document

    def write(self, **payments: Any) -> None:
        """Change the manifest's payments."""
        self.manifest.write_text(yaml.safe_dump(manifest(**payments)))


def manifest(**payments: Any) -> dict[str, Any]:
    """Return an integration with the payments of the worked example, some of them changed."""
    return {
        "apiVersion": "integrations.forcemanager.io/v1alpha1",
        "kind": "SageIntegration",
        "metadata": {"name": "acme", "namespace": "crm"},
        "spec": {"payments": SETTINGS | payments},
    }
