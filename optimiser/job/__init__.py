"""Describe an optimisation job: what to read, what may be built, for how much, how to solve."""

from optimiser.job.model import Cluster, Job, LoadedJob
from optimiser.job.reading import find, find_around, load, load_clusters, loads, ready_names, render

__all__ = [
    "Cluster", "Job", "LoadedJob", "find", "find_around", "load", "load_clusters", "loads", "ready_names",
    "render",
]  # fmt: skip
