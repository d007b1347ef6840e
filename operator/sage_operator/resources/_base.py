"""What all models share: their configuration, and rules that are told once for Kubernetes and for Python."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from sage_operator.resources.durations import format_duration, parse_duration

RULES = "x-kubernetes-validations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A condition on a value. As an annotation of a type it puts the CEL rule into the schema and checks the same here.

    Attributes:
        cel: the rule as the API server evaluates it; `self` is the value.
        holds: the same rule in Python, on the parsed value.
        message: what the user reads; field names in back quotes, `must` and `must not`.
    """

    cel: str
    holds: Callable[[Any], bool]
    message: str

    def check(self, value: Any) -> Any:
        """Return the value.

        Raises:
            PydanticCustomError: the rule does not hold.
        """
        if not self.holds(value):
            raise PydanticCustomError("rule", "{message}", {"message": self.message})
        return value

    def add_to(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON schema with this rule added to those it has."""
        return schema | {RULES: [*schema.get(RULES, ()), {"rule": self.cel, "message": self.message}]}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self.add_to(handler(schema))


def _bytes_of(text: str) -> int:
    """Return how long a text is in JSON, without its quotes."""
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2


@dataclass(frozen=True, slots=True)
class Cut:
    """Cuts a text to so many bytes of JSON: a message that is too long must not stop a status from being told."""

    longest: int

    def __call__(self, value: Any) -> Any:
        """Return the text, cut if it must be; anything else as it is."""
        if not isinstance(value, str) or _bytes_of(value) <= self.longest:
            return value
        sizes = accumulate(map(_bytes_of, value), initial=_bytes_of("…"))
        return value[: sum(size <= self.longest for size in sizes) - 1] + "…"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | {"maxLength": self.longest}


class Model(BaseModel):
    """A frozen part of the resource. The docstring below a field is what `kubectl explain` shows."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,
    )


class SpecModel(Model):
    """A part of the spec: an unknown field is an error, and `rules` hold between its fields."""

    model_config = ConfigDict(extra="forbid")

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _keeps_rules(self) -> Self:
        for rule in self.rules:
            rule.check(self)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        reference = handler(schema)
        properties = handler.resolve_ref_schema(reference)
        for rule in cls.rules:
            properties |= rule.add_to(properties)
        return reference


def _digits(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Flag = Annotated[bool, Strict()]

LabelOrId = Annotated[
    str,
    Field(min_length=1, max_length=254),
    BeforeValidator(_digits),
    WithJsonSchema({"x-kubernetes-int-or-string": True, "minLength": 1, "maxLength": 254}),
]
"""A text, or a number that stands for an id; here always a text."""

_DURATION_PATTERN = r"^([0-9]{1,6}(\.[0-9]{1,3})?(s|m|h))+$"

Duration = Annotated[
    timedelta,
    BeforeValidator(lambda value: parse_duration(value) if isinstance(value, str) else value),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": 32, "pattern": _DURATION_PATTERN}),
]


def duration_between(least: str, most: str) -> Rule:
    """Bound a `Duration`."""
    low, high = parse_duration(least), parse_duration(most)
    return Rule(
        # Without the first part, garbage gives CEL's own message about conversions besides that of the pattern.
        cel=f"!self.matches(r'{_DURATION_PATTERN}')"
        f" || (duration(self) >= duration('{least}') && duration(self) <= duration('{most}'))",
        holds=lambda value: low <= value <= high,
        message=f"must be a duration from `{least}` to `{most}`, such as `15m` or `1h30m`",
    )
