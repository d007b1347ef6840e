"""Fitting a field map to a tenant: what is wrong for every record is found here, once, before any record is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sage_operator.sync.coerce import Misfit, as_text, coerce
from sage_operator.sync.entities import Entity
from sage_operator.sync.errors import blocked
from sage_operator.sync.expressions import Expression, InvalidExpression, compile_expression
from sage_operator.sync.fieldmap import MANDATORY, ROOTS, USER_FIELDS, WRITTEN_BY_OPERATOR, FieldRule, OnProblem
from sage_operator.sync.findings import Finding, FindingKind, by_importance, errors_of
from sage_operator.sync.likeness import nearest
from sage_operator.sync.lookups import KNOWN_LISTS, LookupTable
from sage_operator.sync.records import Scalar
from sage_operator.sync.suggestions import type_to_create
from sage_operator.sync.targets import FieldKind, TargetField, TargetSchema, is_custom

Lists = Mapping[str, LookupTable]
"""The value lists that the tenant has, of those that a map uses; by name."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A rule with what it writes to.

    Attributes:
        constant: looked up and coerced already; None if it is empty.
        default: likewise.
        expression: compiled, if the rule has one.
        mandatory: a record without a value for it is not written.
    """

    rule: FieldRule
    field: TargetField
    constant: Scalar = None
    default: Scalar = None
    expression: Expression | None = None
    mandatory: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """The Sage fields that it reads, as queries spell them."""
        return read_by(self.rule, self.expression)


def read_by(rule: FieldRule, expression: Expression | None) -> tuple[str, ...]:
    """Return the Sage fields that a rule and its expression read, as queries spell them, in order, each once."""
    read = expression.paths if expression is not None else ()
    paths = [
        *(source.path for source in rule.sources),
        *(source_of(root, path) for root, path in read if root != "user"),
    ]
    return tuple(dict.fromkeys(paths))


def source_of(root: str, path: str) -> str:
    """Return the Sage field that an expression reads: `account.Name` of a contact is `Account.Name`."""
    return f"Account.{path}" if root == "account" else path


def mandatory_targets(entity: Entity, schema: TargetSchema) -> tuple[str, ...]:
    """Return the targets without which a record is not written, except those that the operator writes, sorted."""
    demanded = {field.name for field in schema.fields.values() if field.required and not field.read_only}
    return tuple(sorted({*MANDATORY[entity], *demanded} - WRITTEN_BY_OPERATOR))


def applicable(rules: tuple[FieldRule, ...], schema: TargetSchema) -> tuple[FieldRule, ...]:
    """Return a map without the preset's rules for targets that the tenant lacks."""
    return tuple(rule for rule in rules if not rule.from_preset or _can_be_written(rule.target, schema))


def compile_rules(
    entity: Entity, rules: tuple[FieldRule, ...], schema: TargetSchema, lists: Lists
) -> tuple[CompiledRule, ...]:
    """Fit a field map to the tenant's schema and value lists; see `compile_map`.

    Raises:
        InvalidFieldMap: with all findings; its message tells the gravest.
    """
    compiled, findings = compile_map(entity, rules, schema, lists)
    refuse(findings)
    return compiled


def refuse(findings: tuple[Finding, ...]) -> None:
    """Do nothing if nothing but warnings was found.

    Raises:
        Blocked: with all errors; the gravest gives the reason, and the message tells three.
    """
    if errors_of(findings):
        raise blocked(findings)


def compile_map(
    entity: Entity,
    rules: tuple[FieldRule, ...],
    schema: TargetSchema,
    lists: Lists,
    *,
    source_types: Mapping[str, str] = _NOTHING,
    untold: frozenset[str] = frozenset(),
) -> tuple[tuple[CompiledRule, ...], tuple[Finding, ...]]:
    """Fit a field map to the tenant's schema and value lists; returns what fits, and all that is wrong.

    A preset's target that the tenant lacks is left out. A custom field (`Z_…`) that the schema does not list is taken
    as it is, unless the tenant lists its custom fields. `source_types`: by Sage field, the type that a field has to
    have which holds it (`text, at least 40 characters`), for the advice about fields that are to be created. `untold`:
    value lists of which nothing is known: what looks up in them is neither wrong nor compiled.
    """
    needed = mandatory_targets(entity, schema)
    fitted = [
        _Fitting(entity, rule, schema, lists, source_types=source_types, untold=untold)
        for rule in applicable(rules, schema)
    ]
    compiled = tuple(each.result(needed) for each in fitted)
    findings = [finding for each in fitted for finding in each.findings]
    mapped = {each.rule.target for each in fitted}
    findings += [_unfilled(entity, target) for target in needed if target not in mapped]
    return tuple(rule for rule in compiled if rule is not None), by_importance(findings)


def missing_target(entity: Entity, name: str, schema: TargetSchema, *, wanted: str) -> tuple[FindingKind, str, str]:
    """Return what to say of a target that the tenant lacks: its kind, the message, the remedy.

    `wanted`: the type that the field is to have if it is to be created.
    """
    if is_custom(name):
        return (
            FindingKind.CUSTOM_FIELD_MISSING,
            f"ForceManager's {entity} have no such custom field",
            f"Create it in ForceManager ({name}: {wanted}), or correct the name.",
        )
    near = nearest(name, schema.fields)
    return (
        FindingKind.UNKNOWN_TARGET,
        f"ForceManager's {entity} have no such field",
        f"Correct the target{f'; `{near}` is one' if near else ''}.",
    )


class _Fitting:
    """One rule on its way: each step notes what is wrong and goes on, so that everything is found."""

    def __init__(
        self,
        entity: Entity,
        rule: FieldRule,
        schema: TargetSchema,
        lists: Lists,
        *,
        source_types: Mapping[str, str],
        untold: frozenset[str],
    ) -> None:
        self.rule = rule
        self.findings: list[Finding] = []
        self._entity = entity
        self._schema = schema
        self._lists = lists
        self._source_types = source_types
        self._untold = untold

    def result(self, needed: tuple[str, ...]) -> CompiledRule | None:
        """Return the compiled rule, None if something is wrong with it."""
        rule, field = self.rule, self._target()
        expression = self._expression()
        if field is None:
            return None
        self._check_lookups(field)
        mandatory = rule.target in needed
        compiled = CompiledRule(
            rule=rule,
            field=field,
            constant=self._resolved("value", rule.constant, field) if rule.is_constant else None,
            default=self._resolved("default", rule.default, field),
            expression=expression,
            mandatory=mandatory,
        )
        if self.findings or any(lookup.list_name in self._untold for lookup in rule.lookups):
            return None
        if mandatory and rule.is_constant and compiled.constant is None and compiled.default is None:
            self.findings.append(_unfilled(self._entity, rule.target, layer=rule.layer))
            return None
        return compiled

    def _note(self, kind: FindingKind, message: str, remedy: str) -> None:
        subject = f"{self._entity}.fields[{self.rule.target}]"
        found = Finding(kind=kind, subject=subject, message=message, remedy=remedy, layer=self.rule.layer)
        self.findings.append(found)

    def _target(self) -> TargetField | None:
        """Return the field to write to."""
        field = self._schema.field(self.rule.target)
        if field is None:
            wanted = type_to_create(self.rule, self._source_types)
            self._note(*missing_target(self._entity, self.rule.target, self._schema, wanted=wanted))
        elif field.read_only:
            self._note(FindingKind.TARGET_NOT_WRITABLE, "it can't be written in ForceManager", "Map another target.")
            return None
        return field

    def _expression(self) -> Expression | None:
        if self.rule.expression is None:
            return None
        try:
            expression = compile_expression(self.rule.expression, roots=ROOTS[self._entity])
        except InvalidExpression as error:
            self._note(FindingKind.INVALID_EXPRESSION, str(error), "Correct the expression.")
            return None
        for root, path in expression.paths:
            if root == "user" and path not in USER_FIELDS:
                self._note(
                    FindingKind.INVALID_EXPRESSION,
                    f"`user.{path}` is not there to be read",
                    f"`user` has {', '.join(f'`{name}`' for name in USER_FIELDS)}.",
                )
            elif "__c." in path:
                self._note(
                    FindingKind.INVALID_EXPRESSION,
                    f"`{root}.{path}` names a parent by its field",
                    "Name it by its relationship (`…__r.Name`).",
                )
        return expression

    def _check_lookups(self, field: TargetField) -> None:
        lookups = self.rule.lookups
        if lookups and field.kind in {FieldKind.BOOLEAN, FieldKind.DATE}:
            self._note(
                FindingKind.TYPE_MISMATCH,
                f"it is a {field.kind}, and a `lookup` gives the id of a row",
                "Map a target that holds ids, or leave `lookup` out.",
            )
        for name in sorted({lookup.list_name for lookup in lookups} - self._untold):
            if name not in self._lists:
                near = nearest(name, KNOWN_LISTS)
                self._note(
                    FindingKind.UNKNOWN_LIST,
                    f"ForceManager has no value list `{name}`",
                    f"Correct `lookup.list`{f'; `{near}` is one' if near else ''}.",
                )
            elif field.table in KNOWN_LISTS - {name} and name in KNOWN_LISTS:
                # Its ids would be taken for those of another list, and nobody would notice.
                self._note(
                    FindingKind.WRONG_LIST,
                    f"it holds a row of `{field.table}`, not of `{name}`",
                    f"Set `lookup.list` to `{field.table}`.",
                )

    def _resolved(self, which: str, value: Scalar, field: TargetField) -> Scalar:
        """Return a constant as it is written; never cut, never left out: it would be wrong for every record."""
        if value is None or value == "":
            return None
        lookup = self.rule.lookup
        try:
            if lookup is not None:
                table = self._lists.get(lookup.list_name)
                if table is None:
                    return None
                value = table.find(as_text(value), by=lookup.by)
                if value is None:
                    self._note(
                        FindingKind.INVALID_VALUE,
                        f"its `{which}` is the {lookup.by} of no row of `{lookup.list_name}`",
                        f"Use one of them: {table.examples(lookup.by)}.",
                    )
                    return None
            fitting, _ = coerce(value, field, on_too_long=OnProblem.REJECT)
        except Misfit as misfit:
            self._note(FindingKind.INVALID_VALUE, f"its `{which}` does not fit: {misfit.detail}", f"Correct `{which}`.")
            return None
        return fitting


def _can_be_written(target: str, schema: TargetSchema) -> bool:
    field = schema.fields.get(target)
    return field is not None and not field.read_only


def _unfilled(entity: Entity, target: str, *, layer: str = "spec") -> Finding:
    return Finding(
        kind=FindingKind.MANDATORY_TARGET_MISSING,
        subject=f"{entity}.fields[{target}]",
        message="ForceManager demands this field, and the map never fills it",
        remedy=f"Add an entry for `{target}` to spec.{entity}.fields.",
        layer=layer,
    )
