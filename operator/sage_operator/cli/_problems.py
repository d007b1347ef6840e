"""What is wrong with manifests, and how it is told: to people, to programs, and to a forge's workflow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import click

from sage_operator.cli._table import print_table


class Severity(StrEnum):
    """Whether it has to be corrected."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and where.

    Attributes:
        code: a `FindingKind`, `InvalidYaml`, `InvalidResource`, or the reason of a condition.
        document: the number of the document in its file, from 1; line and column count from 1 too.
        integration: `namespace/name`; empty if it is not known.
        path: as `kubectl explain` spells it, entries by their key: `spec.accounts.fields[phone]`.
        excerpt: lines that show the place within a text (a condition), for where there is room.
        layer: what set it: `spec`, `preset`, `ConfigMap crm-maps/accounts`.
    """

    severity: Severity = Severity.ERROR
    code: str
    file: str
    document: int
    line: int
    column: int
    integration: str
    path: str
    message: str
    remedy: str = ""
    layer: str = "spec"
    excerpt: str = ""

    @property
    def sentence(self) -> str:
        """The path, what is wrong, and what to do."""
        layer = f" ({self.layer})" if self.layer not in {"spec", "preset"} else ""
        where = f"{self.path}{layer}: " if self.path else ""
        return f"{where}{self.message.rstrip('.')}. {self.remedy}".strip()


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems by file and line, each once."""
    return sorted(set(problems), key=lambda p: (p.file, p.line, p.column, p.path, p.code, p.message))


def document_of(problems: Sequence[Problem], checked: Sequence[str]) -> dict[str, Any]:
    """Return what programs read; `checked`: the integrations, as `namespace/name`."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    return {
        "integrations": list(checked),
        "errors": errors,
        "warnings": len(problems) - errors,
        "findings": [
            {
                "severity": problem.severity.value,
                "code": problem.code,
                "file": problem.file,
                "document": problem.document,
                "line": problem.line,
                "column": problem.column,
                "integration": problem.integration,
                "path": problem.path,
                "layer": problem.layer,
                "message": problem.message,
                "remedy": problem.remedy,
                "excerpt": problem.excerpt,
            }
            for problem in problems
        ],
    }


def print_problems(problems: Sequence[Problem]) -> None:
    """Print a table for people; the column with the place can be clicked in most terminals and editors."""
    if problems:
        rows = [
            (f"{p.file}:{p.line}:{p.column}", p.severity.value, p.code, p.integration, p.sentence) for p in problems
        ]
        print_table(("place", "severity", "code", "integration", "what is wrong"), rows)


def print_annotations(problems: Iterable[Problem]) -> None:
    """Print the workflow commands by which GitHub Actions shows findings beside the lines they are about.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    for p in problems:
        facts = {"file": p.file, "line": p.line, "col": p.column, "title": f"{p.code} ({p.integration})"}
        told = ",".join(f"{name}={_property(str(value))}" for name, value in facts.items())
        click.echo(f"::{p.severity} {told}::{_escaped(p.sentence)}")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
