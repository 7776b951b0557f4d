"""Prove plans by branch-and-Benders-cut with cuts as the rays come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimiser.engine.methods.variants import benders
from optimiser.engine.methods.variants.variant import Variant

if TYPE_CHECKING:
    from optimiser.engine.search.incumbent import Progress
    from optimiser.engine.search.tables import Tables
    from optimiser.engine.search.task import Task

VARIANT = Variant(
    name="benders-normal",
    about="Branch-and-Benders-cut after Bucarey et al. (2022), normal cuts.",
    proves=True,
    solvers=("scip",),
)


def run(t: Tables, progress: Progress, task: Task) -> tuple[str, str]:
    """Run branch-and-Benders-cut with normal cuts, from the plans of the heuristics.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans and bounds.
    task
        What was asked.
    """
    return benders.run_with(t, progress, task, kind="normal")
