"""Make design problems of public networks: SNDlib and TNTP files."""

from __future__ import annotations

from optimiser.bench.converters.making import Choices, problem_of
from optimiser.bench.converters.network import Demand, Link, PublicNetwork

__all__ = ["Choices", "Demand", "Link", "PublicNetwork", "problem_of"]
