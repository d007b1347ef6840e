"""An integration's manifest examined: what is wrong, each thing at its line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sage_operator.cli._manifests import Manifest, Manifests
from sage_operator.cli._problems import Problem, Severity
from sage_operator.cli._validating import validate
from sage_operator.cli._yaml import Place
from sage_operator.controller.translate import settings_and_findings
from sage_operator.resources import SageIntegration
from sage_operator.sync.findings import Finding, FindingKind
from sage_operator.sync.likeness import nearest
from sage_operator.sync.lookups import KNOWN_LISTS
from sage_operator.sync.preflight import Known, examine
from sage_operator.sync.settings import EntitySettings, Settings

_LAYER = "ConfigMap "

_SETTING = {
    FindingKind.UNKNOWN_SOURCE: "source",
    FindingKind.INVALID_EXPRESSION: "expression",
    FindingKind.UNKNOWN_LIST: "lookup",
    FindingKind.WRONG_LIST: "lookup",
}
"""The setting of an entry that a finding is about: it may stand on a line of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An integration, where it was read, and what its schema refuses.

    Attributes:
        integration: None if it can't be read at all.
        problems: what the API server would refuse.
    """

    manifest: Manifest
    manifests: Manifests
    integration: SageIntegration | None
    problems: tuple[Problem, ...]

    @classmethod
    def read(cls, manifest: Manifest, manifests: Manifests) -> "Subject":
        """Read an integration from its manifest."""
        integration, faults = validate(manifest)
        problems = tuple(
            _problem(
                manifest, manifest.place(fault.path), "InvalidResource", fault.path, fault.message, remedy=fault.remedy
            )
            for fault in faults
        )
        return cls(manifest=manifest, manifests=manifests, integration=integration, problems=problems)

    def told(self, findings: Iterable[Finding]) -> Iterator[Problem]:
        """Yield findings as problems at their lines."""
        for finding in findings:
            path = f"spec.{finding.subject}"
            setting = _SETTING.get(finding.kind)
            manifest, place = self._place(f"{path}.{setting}" if setting is not None else path, finding)
            yield _problem(
                manifest,
                place,
                finding.kind.value,
                path,
                finding.message,
                remedy=finding.remedy,
                integration=self.manifest.key,
                layer=finding.layer,
                severity=Severity.WARNING if finding.is_warning else Severity.ERROR,
                excerpt=finding.excerpt,
            )

    def _place(self, path: str, finding: Finding) -> tuple[Manifest, Place]:
        """Return where a finding is shown: in the ConfigMap that set the entry, if that is among the files."""
        name, _, key = finding.layer.removeprefix(_LAYER).partition("/")
        shared = self.manifests.config_maps.get((self.manifest.namespace, name))
        if finding.layer.startswith(_LAYER) and shared is not None:
            _, bracket, entry = path.partition("fields[")
            return shared, shared.place_in_text(key, f"[{entry}" if bracket else "")
        return self.manifest, self.manifest.place(path)


def settings_of_files(subject: Subject, integration: SageIntegration) -> tuple[Settings, tuple[Finding, ...]]:
    """Return the settings, field maps merged with the ConfigMaps of the files, and what is wrong with those."""
    shared = subject.manifests.shared(subject.manifest.namespace)
    return settings_and_findings(integration, shared=shared)


def examined(settings: Settings, findings: Iterable[Finding], known: Known) -> Iterator[Finding]:
    """Yield what is wrong as far as files, and what is known of the remotes, tell.

    A ConfigMap that is not among the files is only a warning: it may be in the cluster.
    """
    for finding in examine(settings, findings, known).findings:
        if finding.kind is FindingKind.SHARED_MAP_NOT_FOUND:
            yield replace(
                finding,
                message="the ConfigMap or its key is not among the files: its entries are not checked",
                remedy=f"Give {finding.layer} with -f, too.",
                layer="spec",
                is_warning=True,
            )
        else:
            yield finding
    if known.force_manager is None:
        for entity in settings.entities:
            yield from _lists(entity)
        yield from _named_twice(settings)


def _lists(settings: EntitySettings) -> Iterator[Finding]:
    """Yield names of value lists that no tenant can have."""
    for rule in settings.rules:
        for name in sorted({lookup.list_name for lookup in rule.lookups}):
            if name not in KNOWN_LISTS and not name.startswith("list/"):
                near = nearest(name, KNOWN_LISTS)
                yield Finding(
                    kind=FindingKind.UNKNOWN_LIST,
                    subject=f"{settings.entity}.fields[{rule.target}]",
                    message=f"ForceManager has no value list `{name}`",
                    remedy=f"Correct `lookup.list`{f'; `{near}` is one' if near else ''}. Lists of your own are"
                    " written `list/<name>`.",
                    layer=rule.layer,
                )


def _named_twice(settings: Settings) -> Iterator[Finding]:
    """Yield pairs of one Sage user: names are compared without case, which the resource's schema can't."""
    seen: set[str] = set()
    for pair in settings.pairs:
        name = pair.sage.strip().casefold()
        if name in seen:
            yield Finding(
                kind=FindingKind.USER_NOT_FOUND,
                subject=f"users.pairs[{pair.sage}]",
                message=f"`{pair.sage}` is a user of Sage whom an earlier pair names already",
                remedy="Leave one of the pairs.",
            )
        seen.add(name)


def broken(manifests: Manifests) -> Iterator[Problem]:
    """Yield the documents that can't be read."""
    for each in manifests.broken:
        yield Problem(
            code="InvalidYaml",
            file=each.file,
            document=each.document,
            line=each.place.line,
            column=each.place.column,
            integration="",
            path="",
            message=each.message,
            remedy="Correct the YAML.",
        )


def _problem(
    manifest: Manifest,
    place: Place,
    code: str,
    path: str,
    message: str,
    *,
    remedy: str,
    integration: str | None = None,
    layer: str = "spec",
    severity: Severity = Severity.ERROR,
    excerpt: str = "",
) -> Problem:
    return Problem(
        severity=severity,
        code=code,
        file=manifest.file,
        document=manifest.document,
        line=place.line,
        column=place.column,
        integration=manifest.key if integration is None else integration,
        path=path,
        message=message,
        remedy=remedy,
        layer=layer,
        excerpt=excerpt,
    )
