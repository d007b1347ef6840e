"""One process a ledger file."""

import fcntl
import os
from pathlib import Path

from sage_operator.sync.errors import LedgerUnavailable


class FileLock:
    """An exclusive lock on `<ledger>.lock`, held until `release` or the end of the process, however it ends.

    The ledger's own file is not locked itself: SQLite's locks on it would be lost when a second descriptor is closed.
    """

    def __init__(self, ledger: Path) -> None:
        """Make the ledger's file if there is none, for its owner and group only, and take the lock.

        Raises:
            LedgerUnavailable: another process holds it, or a file can't be opened.
        """
        try:
            os.close(os.open(ledger, os.O_RDWR | os.O_CREAT, 0o660))
            self._descriptor = os.open(ledger.with_name(f"{ledger.name}.lock"), os.O_RDWR | os.O_CREAT, 0o660)
        except OSError as error:
            raise LedgerUnavailable(f"The ledger's file cannot be opened: {error.strerror}.") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            if isinstance(error, BlockingIOError):
                raise LedgerUnavailable(
                    "Another operator process uses this ledger.",
                    remedy="Stop the other one first: a ledger file serves one process at a time.",
                ) from error
            raise LedgerUnavailable(f"The ledger's file cannot be locked: {error.strerror}.") from error

    def release(self) -> None:
        """Let go of it; the lock's file stays, for removing it could take it from under another process."""
        os.close(self._descriptor)
