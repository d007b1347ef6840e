"""Shared parts of field maps: a ConfigMap's value is a YAML list of the entries that `fields` has.

Each run reads it; texts that were read before, by whatever integration, are not read again.
"""

from functools import lru_cache
from typing import Any, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from sage_operator.resources._fields import AccountField, AccountFields, ContactField, ContactFields, FieldEntry
from sage_operator.resources.integration import InvalidResourceError, readable

MAX_CHARACTERS: Final = 64 * 1024
"""Of one value; 200 entries take a third of it."""

_ACCOUNTS: Final[TypeAdapter[tuple[AccountField, ...]]] = TypeAdapter(AccountFields)
_CONTACTS: Final[TypeAdapter[tuple[ContactField, ...]]] = TypeAdapter(ContactFields)

_DEPTH: Final = 5  # a list of entries with a look-up takes four
_NODES: Final = 10_000  # 200 entries with all settings take 6,000
_LONGEST: Final = 500  # characters of a message


def _check(text: str, loader: type[yaml.CSafeLoader | yaml.SafeLoader]) -> None:
    """Let pass what a list of entries may be made of; what would take seconds or fill the memory is refused before.

    Raises:
        yaml.YAMLError: there is an alias (a few lines of them can stand for any number of entries), or too much.
    """
    depth = nodes = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.composer.ComposerError(problem="aliases (`*name`) are not allowed")
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
            if depth == _DEPTH or nodes > _NODES:
                raise yaml.composer.ComposerError(problem="it is more than a list of entries can be")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _load(text: str) -> Any:
    """Read YAML by libyaml, six times as fast as Python's parser, which has the better words for what is wrong.

    Raises:
        yaml.YAMLError, ValueError: it can't be read.
    """
    try:
        _check(text, yaml.CSafeLoader)
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.reader.ReaderError, yaml.scanner.ScannerError, yaml.parser.ParserError):
        # Bounded like all else: Python's parser takes some texts that libyaml does not (`%YAML 1.9`).
        _check(text, yaml.SafeLoader)
        raise


@lru_cache(maxsize=64)
def account_entries(text: str) -> tuple[FieldEntry, ...]:
    """Read the entries of a shared map of accounts.

    Raises:
        InvalidResourceError: it is no YAML, or no list of entries; the message names the entry and what is wrong.
    """
    return _read(text, _ACCOUNTS)


@lru_cache(maxsize=64)
def contact_entries(text: str) -> tuple[FieldEntry, ...]:
    """Read the entries of a shared map of contacts; raises as `account_entries`."""
    return _read(text, _CONTACTS)


def _read(text: str, adapter: TypeAdapter[Any]) -> tuple[FieldEntry, ...]:
    if len(text) > MAX_CHARACTERS:
        raise InvalidResourceError(f"it has {len(text)} characters, {MAX_CHARACTERS} are allowed")
    try:
        loaded = _load(text)
    except yaml.YAMLError as error:
        raise InvalidResourceError(f"it can't be read: {_problem(error)}") from None
    except ValueError:  # a date that is none
        raise InvalidResourceError("it can't be read") from None
    if loaded is None:
        return ()
    if not isinstance(loaded, list):
        raise InvalidResourceError("it must be a list of entries, as `fields` has them")
    try:
        entries: tuple[FieldEntry, ...] = adapter.validate_python(loaded, by_name=False)
    except ValidationError as error:
        told = readable(error)
        raise InvalidResourceError(told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…") from None
    return entries


def _problem(error: yaml.YAMLError) -> str:
    """Say where and what, in one line."""
    problem = getattr(error, "problem", None) or "it can't be read"
    mark = getattr(error, "problem_mark", None)
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else str(problem)
