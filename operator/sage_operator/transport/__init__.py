"""HTTP as both adapters need it: allow-list, pacing, retries, metrics."""

from sage_operator.transport.answer import Answer
from sage_operator.transport.client import RemoteClient
from sage_operator.transport.errors import UnclearAnswer
from sage_operator.transport.hosts import HostPolicy, host_of
from sage_operator.transport.pacer import Pacer
from sage_operator.transport.retry import RetryPolicy
from sage_operator.transport.upstreams import Outage, Upstreams

__all__ = [
    "Answer",
    "HostPolicy",
    "Outage",
    "Pacer",
    "RemoteClient",
    "RetryPolicy",
    "UnclearAnswer",
    "Upstreams",
    "host_of",
]
