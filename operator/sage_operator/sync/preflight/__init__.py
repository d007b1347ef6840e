"""The preflight: a spec held against what both remotes tell, before anything is written. Pure.

The same examination serves a run, which uses exactly what was examined, and a check without either remote, for which
`Known` comes from a file, or is empty.
"""

from sage_operator.sync.preflight.document import FORMAT, UnreadableSchema, dump_known, load_known
from sage_operator.sync.preflight.examine import Examined, examine
from sage_operator.sync.preflight.known import Known, KnownForceManager, KnownSage
from sage_operator.sync.preflight.needs import lists_needed, paths_needed
from sage_operator.sync.preflight.offered import no_company

__all__ = [
    "FORMAT",
    "Examined",
    "Known",
    "KnownForceManager",
    "KnownSage",
    "UnreadableSchema",
    "dump_known",
    "examine",
    "lists_needed",
    "load_known",
    "no_company",
    "paths_needed",
]
