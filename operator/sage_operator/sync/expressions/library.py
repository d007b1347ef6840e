"""The CEL library, for those who need it: it comes with a command line of its own, which takes 9 MiB and 0.1 s."""

from collections.abc import Callable
from typing import Any


def program(text: str) -> Callable[[dict[str, Any]], Any]:
    """Return what evaluates an expression with the values of its variables.

    Raises:
        ValueError: it can't be compiled.
    """
    import cel  # noqa: PLC0415 - see above

    run: Callable[[dict[str, Any]], Any] = cel.compile(text).execute
    return run
