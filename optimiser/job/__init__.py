"""Describe an optimisation job: what to read, what may be built, for how much, how to solve."""

from __future__ import annotations

from optimiser.job.model import Job, LoadedJob
from optimiser.job.reading import find, find_around, load, loads, ready_names
from optimiser.job.writing import render, template

__all__ = ["Job", "LoadedJob", "find", "find_around", "load", "loads", "ready_names", "render", "template"]
