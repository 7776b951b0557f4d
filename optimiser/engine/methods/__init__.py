"""Solve reduced problems: cuts, branching, column generation, Benders, heuristics, rings."""
