"""HTTP as both adapters need it: allow-list, pacing, retries, metrics."""

from sage_operator.transport.answer import Answer
from sage_operator.transport.client import RemoteClient
from sage_operator.transport.errors import UnclearAnswer
from sage_operator.transport.hosts import HostPolicy
from sage_operator.transport.pacer import Pacer
from sage_operator.transport.retry import RetryPolicy

__all__ = ["Answer", "HostPolicy", "Pacer", "RemoteClient", "RetryPolicy", "UnclearAnswer"]
