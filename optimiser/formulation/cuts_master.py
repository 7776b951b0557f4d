"""State the master problem of the time-cut method.

Sets: candidates j with cost c_j, pairs k with weight w_k and limit T_k.
Variables: x_j in {0, 1} (built), y_k in [0, 1] (covered).

A set C of candidates is a time cut of pair k when k stays uncovered although everything outside C is built.
Whoever covers k must then build something of C. The master starts without cuts; they are added where a point
violates them. It is exact: a plan x that does not cover k leaves the candidates that are not built as a time
cut, which x violates as soon as y_k > 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pulp

from optimiser.formulation.decisions import Decisions, add_budget, declare, empty_model, set_objective
from optimiser.formulation.side import add_side_rows
from optimiser.problem import DesignProblem


def build_master(problem: DesignProblem) -> tuple[pulp.LpProblem, Decisions]:
    """Return the master problem without cuts.

    Parameters
    ----------
    problem
        A reduced problem.
    """
    lp = empty_model(problem)
    decisions = declare(lp, problem)
    set_objective(lp, problem, decisions)
    add_budget(lp, problem, decisions)
    add_side_rows(lp, problem, decisions)
    return lp, decisions


def add_time_cuts(
    lp: pulp.LpProblem, decisions: Decisions, cuts: Iterable[tuple[int, Sequence[int]]]
) -> None:
    """Add `cut_i: sum_{j in C} x_j - y_k >= 0`; where every pair must be covered `sum_{j in C} x_j >= 1`.

    Parameters
    ----------
    lp
        The master problem.
    decisions
        Its variables.
    cuts
        Pair k and candidates C of each cut.
    """
    for number, (k, candidates) in enumerate(cuts, start=len(lp.constraints()) + 1):
        terms = [(decisions.built[j], 1.0) for j in candidates]
        needed = decisions.level[k] if decisions.level else 1
        lp.addConstraint(pulp.LpAffineExpression.from_list(terms) >= needed, f"cut_{number:07d}")
