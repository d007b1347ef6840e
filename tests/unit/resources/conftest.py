"""Fixtures of the resource's tests."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]


@pytest.fixture
def minimal() -> dict[str, Any]:
    """The minimal sample, as the API server would hand it out."""
    body: dict[str, Any] = deepcopy(yaml.safe_load((ROOT / "deploy/samples/minimal.yaml").read_text()))
    body["metadata"] |= {"namespace": "crm", "uid": "7d9f", "generation": 3}
    return body
