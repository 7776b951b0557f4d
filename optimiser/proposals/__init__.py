"""Propose what could be built: candidates with costs, ring graphs, and the design problem they make."""
