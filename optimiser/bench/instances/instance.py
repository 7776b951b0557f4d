"""Name a problem that can be made when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True)
class Instance:
    """A problem of the bench.

    Attributes
    ----------
    name
        Unique name; the problem made carries it.
    family
        Instances that are alike; measures are given for each family.
    about
        What it is, in a few words.
    make
        Makes the problem.
    source
        File that it is read from, which may change between two benches; None for one that is generated.
    """

    name: str
    family: str
    about: str
    make: Callable[[], DesignProblem]
    source: Path | None = None
