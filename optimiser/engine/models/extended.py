"""Build the model of a problem with rings or periods, which is solved without presolve.

In the variant `compact`, pairs have flows as without rings; in the variant `cuts` they have time cuts, which
are separated. There is a state of the network for each period, with its own rows of pairs over the candidates
open in it; without periods there is one state, in which every built candidate is open. Targets and rings
refer to the last state; caps, capacities and fixed candidates to all that is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from optimiser.engine.models.compact import add_conservation, add_links, add_time_limit, declare_flows
from optimiser.engine.models.decisions import (
    Decisions,
    add_budget,
    add_capacities,
    add_caps,
    add_cities,
    add_excludes,
    add_requires,
    add_targets,
    affine,
    divisor,
    empty_model,
)
from optimiser.engine.models.modelling import pulp
from optimiser.engine.models.periods import (
    Starts,
    add_opening,
    add_period_budgets,
    add_requires_in_time,
    add_starts,
    declare_starts,
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
    pairs = _Pairs(problem, covered(problem, []).tolist(), covered(problem, allowed).tolist())
    states = tuple(_state(lp, pairs, x, starts, t) for t in range(max(1, len(problem.periods))))
    for t, state in enumerate(states if flows else ()):
        _add_flows(lp, pairs, state, t)
    rings = _rings(lp, problem, _by_id(problem, states[-1].x), all_links=all_links)
    terms = _costs(problem, x) if problem.budget is None else _gains(lp, problem, states, rings)
    scale = divisor(factor for _, factor in terms)
    lp.setObjective(affine((v, float(f // scale)) for v, f in terms))
    _add_money_and_order(lp, problem, x, starts)
    add_targets(lp, pairs.as_budgeted, Decisions(x, states[-1].y, states[-1].z))
    return ExtendedModel(lp, x, starts, states, rings, scale)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """A problem, and for each of its pairs whether every plan covers it, and whether any plan does."""

    problem: DesignProblem
    always: list[bool]
    ever: list[bool]

    @property
    def as_budgeted(self) -> DesignProblem:
        """Return a problem for the row builders in which coverage is a variable, as it is in this model.

        Where every pair must be covered, the bounds of y express that here.
        """
        problem = self.problem
        return problem if problem.budget is not None else problem.replace(budget=0, cover="all", periods=())

    def tag(self, t: int) -> str:
        """Return the suffix of the names of variables and rows of a period."""
        return f"_{t + 1}" if self.problem.periods else ""


def _state(
    lp: pulp.LpProblem, pairs: _Pairs, x: tuple[pulp.LpVariable, ...], starts: Starts, t: int
) -> Decisions:
    """Add the variables and rows of the state of the network in period t."""
    problem, tag = pairs.problem, pairs.tag(t)
    is_open = add_opening(lp, problem, starts, t) if problem.periods else x
    y = tuple(
        lp.add_variable(f"y{k + 1:07d}{tag}", int(always or (problem.must_cover and ever)), int(ever))
        for k, (always, ever) in enumerate(zip(pairs.always, pairs.ever, strict=True))
    )
    z = tuple(lp.add_variable(f"z{i + 1:07d}{tag}", 0, 1, "Integer") for i in range(len(problem.cities)))
    state = Decisions(is_open, y, z)
    add_cities(lp, pairs.as_budgeted, state, tag=tag)
    return state


def _add_flows(lp: pulp.LpProblem, pairs: _Pairs, state: Decisions, t: int) -> None:
    """Add the rows of the compact model for each pair that some but not all plans cover."""
    tag, problem = pairs.tag(t), pairs.as_budgeted
    for k, arcs in enumerate(declare_flows(lp, pairs.problem, tag=tag)):
        if pairs.ever[k] and not pairs.always[k]:
            add_conservation(lp, problem, state, k, arcs, tag=tag)
            add_time_limit(lp, problem, state, k, arcs, tag=tag)
            add_links(lp, state, k, arcs, tag=tag)


def _rings(
    lp: pulp.LpProblem, problem: DesignProblem, x: dict[str, pulp.LpVariable], *, all_links: bool = False
) -> tuple[RingDecisions, ...]:
    """Add the required and rewarded rings, with their rows."""
    rings = tuple(
        declare_ring(lp, ring, number, range(len(ring.links)) if all_links else usable_links(problem, ring))
        for number, ring in enumerate(counting_rings(problem), start=1)
    )
    for ring in rings:
        add_ring_rows(lp, ring, x)
    add_apart(lp, rings)
    return rings


def counting_rings(problem: DesignProblem) -> tuple[Ring, ...]:
    """Return the rings that are required or earn a reward."""
    earns = problem.budget is not None
    return tuple(ring for ring in problem.rings if ring.required or (earns and ring.reward))


def _by_id(problem: DesignProblem, x: tuple[pulp.LpVariable, ...]) -> dict[str, pulp.LpVariable]:
    return {c.id: variable for c, variable in zip(problem.candidates, x, strict=True)}


def _costs(problem: DesignProblem, x: tuple[pulp.LpVariable, ...]) -> list[tuple[pulp.LpVariable, int]]:
    return [(variable, c.cost) for variable, c in zip(x, problem.candidates, strict=True)]


def _gains(
    lp: pulp.LpProblem,
    problem: DesignProblem,
    states: tuple[Decisions, ...],
    rings: tuple[RingDecisions, ...],
) -> list[tuple[pulp.LpVariable, int]]:
    """Return the objective `sum_t h_t (sum_k w_k y_kt + sum_i v_i z_it + sum_r b_r r_t)`.

    b_r is the reward of a ring. Without periods there is one state, with h = 1; in the last one r_t = r.
    """
    terms: list[tuple[pulp.LpVariable, int]] = []
    for t, state in enumerate(states):
        factor = problem.periods[t].factor if problem.periods else 1
        terms += [(y, factor * pair.weight) for y, pair in zip(state.y, problem.pairs, strict=True)]
        terms += [(z, factor * city.weight) for z, city in zip(state.z, problem.cities, strict=True)]
        terms += [(v, factor * ring.ring.reward) for ring, v in _formed(lp, problem, states, rings, t)]
    return terms


def _formed(
    lp: pulp.LpProblem,
    problem: DesignProblem,
    states: tuple[Decisions, ...],
    rings: tuple[RingDecisions, ...],
    t: int,
) -> Iterator[tuple[RingDecisions, pulp.LpVariable]]:
    """Yield the rings with a reward, each with its variable r_t."""
    for ring in rings:
        if ring.ring.reward and t == len(states) - 1:
            yield ring, ring.formed
        elif ring.ring.reward:
            yield ring, add_rewards_in_time(lp, ring, _by_id(problem, states[t].x), t)


def _add_money_and_order(
    lp: pulp.LpProblem, problem: DesignProblem, x: tuple[pulp.LpVariable, ...], starts: Starts
) -> None:
    """Add budgets, caps, capacities, excludes and requires, for each period where there are periods."""
    decisions = Decisions(x, ())
    add_caps(lp, problem, decisions)
    add_capacities(lp, problem, decisions)
    add_excludes(lp, problem, decisions)
    if problem.periods:
        add_starts(lp, x, starts)
        add_period_budgets(lp, problem, starts)
        add_requires_in_time(lp, problem, starts)
    else:
        add_budget(lp, problem, decisions)
        add_requires(lp, problem, decisions)


def build_repair(problem: DesignProblem) -> ExtendedModel:
    """Return a model of the rings alone, which completes plans whose rings are in pieces.

    It minimises `sum_j (c_j + 1) n x_j + sum_a (f_a+ + f_a-)`, where n is the number of links plus one: first
    the cost and number of candidates, then the number of links of the rings, so that no superfluous circuit
    remains. Budgets, caps, capacities, excludes and requires hold; bounds fix what is built already.

    Parameters
    ----------
    problem
        A problem with rings.
    """
    lp = pulp.LpProblem("polyring", pulp.LpMinimize)
    x = tuple(lp.add_variable(f"x{j + 1:07d}", 0, 1, "Integer") for j in range(len(problem.candidates)))
    rings = _rings(lp, problem, _by_id(problem, x))
    decisions = Decisions(x, ())
    for add in (add_budget, add_caps, add_capacities, add_excludes, add_requires):
        add(lp, problem, decisions)
    links = [f for ring in rings for side in (ring.forward, ring.backward) for f in side.values()]
    link_count_bound = float(len(links) + 1)
    terms = [(v, link_count_bound * (c.cost + 1)) for v, c in zip(x, problem.candidates, strict=True)]
    lp.setObjective(affine([*terms, *((f, 1.0) for f in links)]))
    return ExtendedModel(lp, x, (), (), rings, 1)
