"""Find short closed circuits round centres in the graph of a ring."""

from optimiser.engine.search.circuits.cover import Cover, cover_of
from optimiser.engine.search.circuits.shortest import ShortestCircuit, shortest_circuit
from optimiser.engine.search.circuits.through import through_links

__all__ = ["Cover", "ShortestCircuit", "cover_of", "shortest_circuit", "through_links"]
