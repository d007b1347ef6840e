"""Data for both simulators, made from a seed: the same parameters always give the same records."""

from sage_operator.simulators.dataset.generate import Dataset, UserPair

__all__ = ["Dataset", "UserPair"]
