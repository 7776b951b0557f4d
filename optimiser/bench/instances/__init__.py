"""Name the problems that solvers are measured on."""

from __future__ import annotations

from optimiser.bench.instances.instance import Instance
from optimiser.bench.instances.registry import choose, registered

__all__ = ["Instance", "choose", "registered"]
