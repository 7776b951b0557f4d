"""Solve problems by branch-and-Benders-cut, the published counterpart of the time cuts."""
