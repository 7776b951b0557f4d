"""State the model of a problem with rings or periods, which is not reduced.

In the variant `compact`, pairs have flows as without rings; in the variant `cuts` they have time cuts, which
are added where a point breaks them. Rows of pairs stand once for each period, over what is open in it;
without periods there is one state, in which all that is built is open. Targets, caps, fixed candidates and
rings look at the last state.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pulp

from optimiser.engine.models.compact import add_conservation, add_links, add_time_limit, declare_flows
from optimiser.engine.models.decisions import Decisions, add_budget, divisor, empty_model
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
from optimiser.engine.models.side import add_caps, add_cities, add_excludes, add_requires, add_targets
from optimiser.engine.search.circuits.useful import useful_links
from optimiser.engine.search.paths import covered
from optimiser.problem import DesignProblem, Ring


@dataclass(frozen=True, slots=True)
class Whole:
    """A model and its decisions.

    Attributes
    ----------
    lp
        The model.
    built
        x_j.
    starts
        x_jt; empty without periods.
    states
        What is open and covered in each period, or at all.
    rings
        The rings that count: required, or worth something.
    scale
        The objective is divided by it.
    """

    lp: pulp.LpProblem
    built: tuple[pulp.LpVariable, ...]
    starts: Starts
    states: tuple[Decisions, ...]
    rings: tuple[RingDecisions, ...]
    scale: int


def build_whole(problem: DesignProblem, *, flows: bool = True) -> Whole:
    """Return the model of a problem with rings or periods.

    Parameters
    ----------
    problem
        Any problem.
    flows
        Add the flows of pairs; else nothing yet keeps an open pair from being covered.
    """
    lp = empty_model(problem)
    built = _declare_built(lp, problem)
    starts = declare_starts(lp, problem) if problem.periods else ()
    states = tuple(_state(lp, problem, built, starts, t) for t in range(max(1, len(problem.periods))))
    for t, state in enumerate(states if flows else ()):
        _add_flows(lp, problem, state, t)
    rings = _rings(lp, problem, states[-1])
    terms = _costs(problem, built) if problem.budget is None else _gains(lp, problem, states, rings)
    scale = divisor(factor for _, factor in terms)
    lp.setObjective(pulp.LpAffineExpression.from_list([(v, float(f // scale)) for v, f in terms]))
    _add_money_and_order(lp, problem, built, starts)
    add_targets(lp, _with_levels(problem), _with_built(states[-1], built))
    return Whole(lp, built, starts, states, rings, scale)


def _declare_built(lp: pulp.LpProblem, problem: DesignProblem) -> tuple[pulp.LpVariable, ...]:
    return tuple(
        lp.add_variable(f"x{j + 1:07d}", int(c.fixed == "in"), int(c.fixed != "out"), "Integer")
        for j, c in enumerate(problem.candidates)
    )


def _with_levels(problem: DesignProblem) -> DesignProblem:
    """Return a problem in which whether a pair is covered is a variable, as it is in this model.

    That every coverable pair must be covered is said by the bounds of those variables.
    """
    return problem if problem.budget is not None else problem.replace(budget=0, cover="all", periods=())


def _with_built(state: Decisions, built: tuple[pulp.LpVariable, ...]) -> Decisions:
    return Decisions(built, state.level, state.city)


def _state(
    lp: pulp.LpProblem, problem: DesignProblem, built: tuple[pulp.LpVariable, ...], starts: Starts, t: int
) -> Decisions:
    """Add what is open and covered in a period, with its rows."""
    tag = _tag(problem, t)
    is_open = add_opening(lp, problem, starts, t) if problem.periods else built
    now, ever = _settled(problem)
    level = tuple(
        lp.add_variable(f"y{k + 1:07d}{tag}", int(now[k] or (problem.must_cover and ever[k])), int(ever[k]))
        for k in range(len(problem.pairs))
    )
    city = tuple(lp.add_variable(f"z{i + 1:07d}{tag}", 0, 1, "Integer") for i in range(len(problem.cities)))
    state = Decisions(is_open, level, city)
    add_cities(lp, _with_levels(problem), state, tag=tag)
    return state


def _add_flows(lp: pulp.LpProblem, problem: DesignProblem, state: Decisions, t: int) -> None:
    """Add the rows of the compact model for each pair that is open."""
    now, ever = _settled(problem)
    tag, whole = _tag(problem, t), _with_levels(problem)
    for k, arcs in enumerate(declare_flows(lp, problem, tag=tag)):
        if ever[k] and not now[k]:
            add_conservation(lp, whole, state, k, arcs, tag=tag)
            add_time_limit(lp, whole, state, k, arcs, tag=tag)
            add_links(lp, state, k, arcs, tag=tag)


def _tag(problem: DesignProblem, t: int) -> str:
    return f"_{t + 1}" if problem.periods else ""


def _settled(problem: DesignProblem) -> tuple[list[bool], list[bool]]:
    """Return for each pair whether it is covered with nothing built, and with everything that may be."""
    allowed = [j for j, c in enumerate(problem.candidates) if c.fixed != "out"]
    return covered(problem, []).tolist(), covered(problem, allowed).tolist()


def _rings(lp: pulp.LpProblem, problem: DesignProblem, last: Decisions) -> tuple[RingDecisions, ...]:
    rings = tuple(
        declare_ring(lp, ring, number, useful_links(problem, ring))
        for number, ring in enumerate(counting_rings(problem), start=1)
    )
    for ring in rings:
        add_ring_rows(lp, ring, _by_id(problem, last))
    add_apart(lp, rings)
    return rings


def counting_rings(problem: DesignProblem) -> tuple[Ring, ...]:
    """Return the rings that are required or worth something."""
    earns = problem.budget is not None
    return tuple(ring for ring in problem.rings if ring.required or (earns and ring.reward))


def _by_id(problem: DesignProblem, state: Decisions) -> dict[str, pulp.LpVariable]:
    return {c.id: x for c, x in zip(problem.candidates, state.built, strict=True)}


def _costs(problem: DesignProblem, built: tuple[pulp.LpVariable, ...]) -> list[tuple[pulp.LpVariable, int]]:
    return [(x, c.cost) for x, c in zip(built, problem.candidates, strict=True)]


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
        terms += [(y, factor * pair.weight) for y, pair in zip(state.level, problem.pairs, strict=True)]
        terms += [(z, factor * city.weight) for z, city in zip(state.city, problem.cities, strict=True)]
        terms += [(v, factor * ring.ring.reward) for ring, v in _formed(lp, problem, states, rings, t)]
    return terms


def _formed(
    lp: pulp.LpProblem,
    problem: DesignProblem,
    states: tuple[Decisions, ...],
    rings: tuple[RingDecisions, ...],
    t: int,
) -> Iterator[tuple[RingDecisions, pulp.LpVariable]]:
    """Yield the rings that earn something, with whether they are formed in a period."""
    for ring in rings:
        if ring.ring.reward and t == len(states) - 1:
            yield ring, ring.formed
        elif ring.ring.reward:
            yield ring, add_rewards_in_time(lp, ring, _by_id(problem, states[t]), t)


def _add_money_and_order(
    lp: pulp.LpProblem, problem: DesignProblem, built: tuple[pulp.LpVariable, ...], starts: Starts
) -> None:
    """Add budgets, caps, excludes and requires, with their times where there are periods."""
    decisions = Decisions(built, ())
    add_caps(lp, problem, decisions)
    add_excludes(lp, problem, decisions)
    if problem.periods:
        add_starts(lp, built, starts)
        add_period_budgets(lp, problem, starts)
        add_requires_in_time(lp, problem, starts)
    else:
        add_budget(lp, problem, decisions)
        add_requires(lp, problem, decisions)
