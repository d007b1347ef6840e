"""What a command prints for programs."""

import json
from collections.abc import Callable
from typing import Any

import yaml
from click.testing import Result


def document(command: Callable[..., Result], *words: str) -> dict[str, Any]:
    """Return what a command prints as JSON, which must be what it prints as YAML."""
    found: dict[str, Any] = json.loads(command(*words, "-o", "json").stdout)
    assert yaml.safe_load(command(*words, "-o", "yaml").stdout) == found
    return found
