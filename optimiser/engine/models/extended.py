"""Build the model of a problem with rings or periods, which is solved without presolve.

In the variant `compact`, pairs have flows as without rings; in the variant `cuts` they have time cuts, which
are separated. There is a state of the network for each period, with its own rows of pairs over the candidates
open in it; without periods there is one state, in which every built candidate is open. Targets and rings
refer to the last state; caps, capacities and fixed candidates to all that is built.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from optimiser.engine.models.compact import add_flows
from optimiser.engine.models.decisions import (
    Decisions,
    add_budget,
    add_capacities,
    add_caps,
    add_cities,
    add_excludes,
    add_limit,
    add_requires,
    add_targets,
    affine,
    divisor,
    empty_model,
    pulp,
)
from optimiser.engine.models.rings import (
    RingDecisions,
    add_apart,
    add_rewards_in_time,
    add_ring_rows,
    declare_ring,
)
from optimiser.engine.search.circuits import usable_links
from optimiser.engine.search.paths import covered
from optimiser.problem import DesignProblem, Ring

type Starts = tuple[tuple[pulp.LpVariable, ...], ...]
"""x_jt for each candidate, then for each period."""


@dataclass(frozen=True, slots=True)
class ExtendedModel:
    """A model with rings or periods, and its variables.

    Attributes
    ----------
    lp
        The PuLP model.
    x
        x_j.
    starts
        x_jt; empty without periods.
    states
        For each period, the candidates that are open (as `x`) and the pairs and cities that are covered; one
        state without periods.
    rings
        The rings of the model: those that are required or have a reward.
    scale
        Number by which the objective is divided.
    """

    lp: pulp.LpProblem
    x: tuple[pulp.LpVariable, ...]
    starts: Starts
    states: tuple[Decisions, ...]
    rings: tuple[RingDecisions, ...]
    scale: int


def build_extended(problem: DesignProblem, *, flows: bool = True, all_links: bool = False) -> ExtendedModel:
    """Return the model of a problem with rings or periods.

    Parameters
    ----------
    problem
        Any problem.
    flows
        Whether to add the flows of pairs. Without them, cuts must keep uncovered pairs from counting.
    all_links
        Whether links of rings stay in the model although the budget or the greatest length rules out every
        circuit through them: a certificate needs no proof of that then.
    """
    lp = empty_model(problem)
    x = tuple(
        lp.add_variable(f"x{j + 1:07d}", int(c.fixed == "in"), int(c.fixed != "out"), "Integer")
        for j, c in enumerate(problem.candidates)
    )
    starts = declare_starts(lp, problem) if problem.periods else ()
    allowed = [j for j, c in enumerate(problem.candidates) if c.fixed != "out"]
    always, ever = covered(problem, []).tolist(), covered(problem, allowed).tolist()
    # Coverage is a variable in every state. Where every pair must be covered, the bounds of y express that,
    # and builders of rows on cities and targets are given a problem with a budget.
    counted = problem if problem.budget is not None else problem.replace(budget=0, cover="all", periods=())
    tags, states = [f"_{t + 1}" for t in range(len(problem.periods))] or [""], []
    for t, tag in enumerate(tags):
        is_open = add_opening(lp, problem, starts, t) if problem.periods else x
        y = tuple(
            lp.add_variable(f"y{k + 1:07d}{tag}", int(low or (problem.must_cover and high)), int(high))
            for k, (low, high) in enumerate(zip(always, ever, strict=True))
        )
        z = tuple(lp.add_variable(f"z{i + 1:07d}{tag}", 0, 1, "Integer") for i in range(len(problem.cities)))
        states.append(Decisions(is_open, y, z))
        add_cities(lp, counted, states[t], tag=tag)
    if flows:
        undecided = [high and not low for low, high in zip(always, ever, strict=True)]
        for state, tag in zip(states, tags, strict=True):
            add_flows(lp, problem, state, tag=tag, is_open=undecided)
    rings = _rings(lp, problem, states[-1].x, all_links=all_links)
    terms = list(zip(x, (c.cost for c in problem.candidates), strict=True))
    if problem.budget is not None:
        terms = _gains(lp, problem, states, rings)
    scale = divisor(factor for _, factor in terms)
    lp.setObjective(affine((v, float(f // scale)) for v, f in terms))
    decisions = Decisions(x, states[-1].y, states[-1].z)
    for add in (add_caps, add_capacities, add_excludes):
        add(lp, problem, decisions)
    if problem.periods:
        add_starts(lp, x, starts)
        add_period_budgets(lp, problem, starts)
        add_requires_in_time(lp, problem, starts)
    else:
        add_budget(lp, problem, decisions)
        add_requires(lp, problem, decisions)
    add_targets(lp, counted, decisions)
    return ExtendedModel(lp, x, starts, tuple(states), rings, scale)


def _rings(
    lp: pulp.LpProblem, problem: DesignProblem, x: Sequence[pulp.LpVariable], *, all_links: bool = False
) -> tuple[RingDecisions, ...]:
    """Add the required and rewarded rings, with their rows; x: the candidates that are open at the end."""
    rings = tuple(
        declare_ring(lp, ring, number, range(len(ring.links)) if all_links else usable_links(problem, ring))
        for number, ring in enumerate(counting_rings(problem), start=1)
    )
    for ring in rings:
        add_ring_rows(lp, ring, dict(zip(problem.index, x, strict=True)))
    add_apart(lp, rings)
    return rings


def counting_rings(problem: DesignProblem) -> tuple[Ring, ...]:
    """Return the rings that are required or earn a reward."""
    earns = problem.budget is not None
    return tuple(ring for ring in problem.rings if ring.required or (earns and ring.reward))


def _gains(
    lp: pulp.LpProblem, problem: DesignProblem, states: Sequence[Decisions], rings: Sequence[RingDecisions]
) -> list[tuple[pulp.LpVariable, int]]:
    """Return the objective `sum_t h_t (sum_k w_k y_kt + sum_i w_i z_it + sum_rho w_rho r_rho,t)`.

    w_rho is the reward of a ring. Without periods there is one state, with h = 1; in the last one r_t = r.
    """
    terms: list[tuple[pulp.LpVariable, int]] = []
    for t, state in enumerate(states):
        factor = problem.periods[t].factor if problem.periods else 1
        terms += [(y, factor * pair.weight) for y, pair in zip(state.y, problem.pairs, strict=True)]
        terms += [(z, factor * city.weight) for z, city in zip(state.z, problem.cities, strict=True)]
        for ring in (ring for ring in rings if ring.ring.reward):
            formed = ring.formed
            if t < len(states) - 1:
                formed = add_rewards_in_time(lp, ring, dict(zip(problem.index, state.x, strict=True)), t)
            terms.append((formed, factor * ring.ring.reward))
    return terms


# ---- periods


def declare_starts(lp: pulp.LpProblem, problem: DesignProblem) -> Starts:
    """Add the variables x_jt to a model.

    Sets: periods t = 1, 2, ... with budget B_t and factor h_t; candidates j with cost c_j and lead time l_j,
    in periods.
    Variables: x_j in {0, 1} (built), x_jt in {0, 1} (started in t), o_jt in [0, 1] (open in t), and y_kt,
    z_it as y_k and z_i of the other models, for each period.
    """
    return tuple(
        tuple(lp.add_variable(f"x{j + 1:07d}_{t + 1}", 0, 1, "Integer") for t in range(len(problem.periods)))
        for j in range(len(problem.candidates))
    )


def add_starts(lp: pulp.LpProblem, x: Sequence[pulp.LpVariable], starts: Starts) -> None:
    """Add `start_j: sum_t x_jt = x_j`: a candidate that is built is started in one period."""
    for j, (x_j, start_variables) in enumerate(zip(x, starts, strict=True), start=1):
        lp.addConstraint(affine([*((s, 1.0) for s in start_variables), (x_j, -1.0)]) == 0, f"start_{j:07d}")


def add_period_budgets(lp: pulp.LpProblem, problem: DesignProblem, starts: Starts) -> None:
    """Add `budget_t: sum_j c_j sum_{t' <= t} x_jt' <= sum_{t' <= t} B_t'`: unspent money carries over.

    Divided by the divisor of the costs, with the right side rounded down.
    """
    allowed = accumulate(period.budget for period in problem.periods)
    for t, most in enumerate(allowed if problem.candidates else (), start=1):
        variables = [start for own in starts for start in own[:t]]
        costs = [c.cost for c in problem.candidates for _ in range(t)]
        add_limit(lp, variables, costs, most, f"budget_{t:03d}")


def add_opening(
    lp: pulp.LpProblem, problem: DesignProblem, starts: Starts, period: int
) -> tuple[pulp.LpVariable, ...]:
    """Add the variables o_jt of a period, with `open_j_t: o_jt = sum_{t' + l_j <= t} x_jt'`."""
    found = []
    for j, candidate in enumerate(problem.candidates):
        label = f"{j + 1:07d}_{period + 1}"
        is_open = lp.add_variable(f"o{label}", 0, 1)
        early_starts = starts[j][: max(0, period - candidate.lead + 1)]
        lp.addConstraint(affine([(is_open, 1.0), *((s, -1.0) for s in early_starts)]) == 0, f"open_{label}")
        found.append(is_open)
    return tuple(found)


def add_requires_in_time(lp: pulp.LpProblem, problem: DesignProblem, starts: Starts) -> None:
    """Add `require_t: o_jt <= o_j't`, with sums of starts for o, where j requires j'.

    Candidate j opens no earlier than j'. The rows are added for every t in which j can open, which may be
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
