"""The reference pages in `docs/reference`, made from the code that they describe; a test fails when they are stale."""

from collections.abc import Callable
from typing import Final

from sage_operator.reference import _alerts, _program, _resource, _states, _words

PAGES: Final[dict[str, Callable[[], str]]] = {
    "resource.md": _resource.page,
    "presets.md": _words.presets,
    "conditions.md": _words.conditions,
    "states.md": _states.page,
    "error-codes.md": _words.error_codes,
    "metrics.md": _program.metrics,
    "alerts.md": _alerts.page,
    "flags.md": _program.flags,
}
"""By file name, what renders the page: the same text for the same code."""
