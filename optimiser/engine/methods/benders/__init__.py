"""Prove plans by branch-and-Benders-cut, the published peer of the time cuts."""
