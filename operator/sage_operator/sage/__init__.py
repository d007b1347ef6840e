"""The source: Sage Business Cloud Financials through the Salesforce REST API."""

from sage_operator.sage.access import SageAccess
from sage_operator.sage.auth import ClientCredentials
from sage_operator.sage.source import SageSource

__all__ = ["ClientCredentials", "SageAccess", "SageSource"]
