"""Add the rows of periods, one function per family.

Sets: periods t = 1, ..., T with budget B_t and factor h_t; candidates j with cost c_j and lead time l_j, in
periods.
Variables: x_j in {0, 1} (built), x_jt in {0, 1} (started in t), o_jt in [0, 1] (open in t), and y_kt, z_it as
y_k and z_i of the other models, for each period.
"""

from __future__ import annotations

from collections.abc import Sequence

from optimiser.engine.models.decisions import affine, divisor
from optimiser.engine.models.modelling import pulp
from optimiser.problem import DesignProblem

type Starts = tuple[tuple[pulp.LpVariable, ...], ...]
"""x_jt for each candidate, then for each period."""


def declare_starts(lp: pulp.LpProblem, problem: DesignProblem) -> Starts:
    """Add the variables x_jt to a model."""
    return tuple(
        tuple(lp.add_variable(f"x{j + 1:07d}_{t + 1}", 0, 1, "Integer") for t in range(len(problem.periods)))
        for j in range(len(problem.candidates))
    )


def add_starts(lp: pulp.LpProblem, x: Sequence[pulp.LpVariable], starts: Starts) -> None:
    """Add `start_j: sum_t x_jt = x_j`: a candidate that is built is started in one period."""
    for j, (x_j, start_variables) in enumerate(zip(x, starts, strict=True), start=1):
        lp.addConstraint(affine([*((s, 1.0) for s in start_variables), (x_j, -1.0)]) == 0, f"start_{j:07d}")


def add_period_budgets(lp: pulp.LpProblem, problem: DesignProblem, starts: Starts) -> None:
    """Add `budget_t: sum_j c_j sum_{u <= t} x_ju <= sum_{u <= t} B_u`: unspent money carries over.

    Divided by the divisor of the costs, with the right side rounded down.
    """
    scale, allowed = divisor(c.cost for c in problem.candidates), 0
    for t, period in enumerate(problem.periods):
        allowed += period.budget
        cost_terms = [
            (starts[j][u], float(c.cost // scale))
            for j, c in enumerate(problem.candidates)
            for u in range(t + 1)
        ]
        if cost_terms:
            lp.addConstraint(affine(cost_terms) <= allowed // scale, f"budget_{t + 1:03d}")


def add_opening(
    lp: pulp.LpProblem, problem: DesignProblem, starts: Starts, period: int
) -> tuple[pulp.LpVariable, ...]:
    """Add the variables o_jt of a period, with `open_t_j: o_jt = sum_{u + l_j <= t} x_ju`."""
    found = []
    for j, candidate in enumerate(problem.candidates):
        label = f"{j + 1:07d}_{period + 1}"
        is_open = lp.add_variable(f"o{label}", 0, 1)
        early_starts = starts[j][: max(0, period - candidate.lead + 1)]
        lp.addConstraint(affine([(is_open, 1.0), *((s, -1.0) for s in early_starts)]) == 0, f"open_{label}")
        found.append(is_open)
    return tuple(found)


def add_requires_in_time(lp: pulp.LpProblem, problem: DesignProblem, starts: Starts) -> None:
    """Add `require_ab_t: sum_{u + l_a <= t} x_au <= sum_{u + l_b <= t} x_bu` where a requires b.

    Candidate a opens no earlier than b. The rows are added for every t in which a can open, which may be
    later than the last period.
    """
    for number, (first, second) in enumerate(problem.requires, start=1):
        a, b = problem.index[first], problem.index[second]
        lead_a, lead_b = problem.candidates[a].lead, problem.candidates[b].lead
        for u in range(len(problem.periods)):
            t = u + lead_a
            terms = [(s, 1.0) for s in starts[a][: u + 1]]
            terms += [(s, -1.0) for s in starts[b][: max(0, t - lead_b + 1)]]
            lp.addConstraint(affine(terms) <= 0, f"require_{number:07d}_{u + 1}")
