"""Turn what a job asks of a ring into the graph that the ring is chosen from."""

from optimiser.proposals.rings.closing import Closing, closing_links
from optimiser.proposals.rings.generation import Proposed, generate
from optimiser.proposals.rings.overlap import Likeness, Reference, likeness, read_references
from optimiser.proposals.rings.rules import RingRules

__all__ = [
    "Closing",
    "Likeness",
    "Proposed",
    "Reference",
    "RingRules",
    "closing_links",
    "generate",
    "likeness",
    "read_references",
]
