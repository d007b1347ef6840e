"""A Kubernetes operator that keeps a ForceManager CRM in step with Sage Business Cloud Financials.

The packages, in the direction of their dependencies::

    cli, controller ──▶ runner ──▶ sync ◀── sage, forcemanager, ledger
                                              (sage and forcemanager share transport)
"""

from sage_operator._version import __version__

__all__ = ["__version__"]
