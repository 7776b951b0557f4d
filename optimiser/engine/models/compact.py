"""Build the compact model: an arc flow for each open pair.

Sets: candidates j with cost c_j; pairs k with origin o_k, destination d_k, weight w_k and limit T_k; for each
pair, the arcs a with time t_a (seconds) that lie on some walk within its limit when everything is built.
Variables: x_j in {0, 1} (built), y_k in [0, 1] (covered), f_ka >= 0 (flow of pair k on arc a).

Only x must be integer. For integer x, a flow of y_k > 0 uses open arcs only, and its mean time is within the
limit; so at least one of its paths is within the limit, and y_k = 1 is feasible as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import Decisions, affine
from optimiser.engine.models.modelling import pulp
from optimiser.engine.search.tables import usable_arcs
from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True)
class FlowArc:
    """An arc that a pair may use.

    Attributes
    ----------
    tail, head, seconds
        End nodes and time of the arc.
    candidate
        Position of the candidate that opens the arc; None for existing arcs.
    flow
        f_ka, the flow of the pair on the arc.
    """

    tail: int
    head: int
    seconds: int
    candidate: int | None
    flow: pulp.LpVariable


def build_compact(problem: DesignProblem) -> tuple[pulp.LpProblem, Decisions]:
    """Return the compact model.

    Parameters
    ----------
    problem
        A reduced problem.
    """
    lp, decisions = build_master(problem)
    for k, arcs in enumerate(declare_flows(lp, problem)):
        add_conservation(lp, problem, decisions, k, arcs)
        add_time_limit(lp, problem, decisions, k, arcs)
        add_links(lp, decisions, k, arcs)
    return lp, decisions


def declare_flows(
    lp: pulp.LpProblem, problem: DesignProblem, *, tag: str = ""
) -> Iterator[tuple[FlowArc, ...]]:
    """Add the variables f of each pair, and yield its arcs; `tag` is appended to all names."""
    candidate_owners = (j for j, c in enumerate(problem.candidates) for _ in c.arcs)
    owners: list[int | None] = [*(None for _ in problem.arcs), *candidate_owners]
    arcs = [*problem.arcs, *(arc for c in problem.candidates for arc in c.arcs)]
    number = 0
    for usable in usable_arcs(problem, arcs).tolist():
        pair_arcs = []
        for (tail, head, seconds), owner, is_usable in zip(arcs, owners, usable, strict=True):
            if is_usable:
                number += 1
                pair_arcs.append(
                    FlowArc(tail, head, seconds, owner, lp.add_variable(f"f{number:07d}{tag}", 0, 1))
                )
        yield tuple(pair_arcs)


def add_conservation(
    lp: pulp.LpProblem,
    problem: DesignProblem,
    decisions: Decisions,
    k: int,
    arcs: tuple[FlowArc, ...],
    *,
    tag: str = "",
) -> None:
    """Add `flow_k_v: sum_{a out of v} f_ka - sum_{a into v} f_ka = b_v` for each node v except d_k.

    b_v is y_k at the origin (1 where every pair must be covered) and 0 elsewhere. The row of the destination
    follows from the others.
    """
    pair = problem.pairs[k]
    rows: dict[int, list[tuple[pulp.LpVariable, float]]] = {}
    for arc in arcs:
        rows.setdefault(arc.tail, []).append((arc.flow, 1.0))
        rows.setdefault(arc.head, []).append((arc.flow, -1.0))
    for v in sorted(rows):
        if v == pair.destination:
            continue
        supply = _y(decisions, k) if v == pair.origin else 0
        lp.addConstraint(affine(rows[v]) == supply, f"flow_{k + 1:07d}_{v + 1:07d}{tag}")


def add_time_limit(
    lp: pulp.LpProblem,
    problem: DesignProblem,
    decisions: Decisions,
    k: int,
    arcs: tuple[FlowArc, ...],
    *,
    tag: str = "",
) -> None:
    """Add `time_k: sum_a t_a f_ka <= T_k y_k` (T_k where every pair must be covered)."""
    travel_time = affine([(arc.flow, float(arc.seconds)) for arc in arcs])
    lp.addConstraint(travel_time <= problem.pairs[k].limit * _y(decisions, k), f"time_{k + 1:07d}{tag}")


def add_links(
    lp: pulp.LpProblem, decisions: Decisions, k: int, arcs: tuple[FlowArc, ...], *, tag: str = ""
) -> None:
    """Add `open_k_a: f_ka <= x_j` for each arc a that candidate j opens."""
    for number, arc in enumerate(arcs, start=1):
        if arc.candidate is not None:
            row = arc.flow <= decisions.x[arc.candidate]
            lp.addConstraint(row, f"open_{k + 1:07d}_{number:07d}{tag}")


def _y(decisions: Decisions, k: int) -> pulp.LpVariable | int:
    return decisions.y[k] if decisions.y else 1
