"""The target: ForceManager's REST API v4."""

from sage_operator.forcemanager.access import ForceManagerAccess
from sage_operator.forcemanager.session import Keys
from sage_operator.forcemanager.target import ForceManagerTarget

__all__ = ["ForceManagerAccess", "ForceManagerTarget", "Keys"]
