"""The one outcome that the domain's errors have no word for: nobody knows whether it happened."""

from sage_operator.sync.errors import System


class UnclearAnswer(Exception):
    """A request that must not be repeated may have taken effect: time-out, cut, 408 or 5xx after it was sent.

    The adapter turns it into an outcome per record; it never leaves the adapter.
    """

    def __init__(self, system: System, message: str) -> None:
        """Take which remote it is and what was seen."""
        super().__init__(message)
        self.system = system
        self.message = message
