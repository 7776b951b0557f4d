"""Build the compact model: an arc flow for each open pair.

Sets: candidates j with cost c_j; pairs k with weight w_k and limit T_k; for each pair, the arcs a with time
tau_a (seconds) that lie on some walk within its limit when everything is built.
Variables: x_j in {0, 1} (built), y_k in [0, 1] (covered), f_ka >= 0 (flow of pair k on arc a).

Only x must be integer. For integer x, a flow of y_k > 0 uses open arcs only, and its mean time is within the
limit; so at least one of its paths is within the limit, and y_k = 1 is feasible as well.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import Decisions, affine, pulp
from optimiser.engine.search.paths import arc_table
from optimiser.engine.search.tables import Reach
from optimiser.problem import DesignProblem, Pair


class FlowArc(NamedTuple):
    """An arc that a pair may use.

    Attributes
    ----------
    tail, head, seconds
        End nodes and time of the arc.
    x
        x_j of the candidate that opens the arc; None for existing arcs.
    f
        f_ka, the flow of the pair on the arc.
    """

    tail: int
    head: int
    seconds: int
    x: pulp.LpVariable | None
    f: pulp.LpVariable


class PairFlow(NamedTuple):
    """The flow of a pair in a model.

    Attributes
    ----------
    lp
        The model.
    pair, y
        Pair k and y_k, or 1 where every pair must be covered.
    arcs
        The arcs that the pair may use.
    number, tag
        k + 1, and the suffix of all names.
    """

    lp: pulp.LpProblem
    pair: Pair
    y: pulp.LpVariable | int
    arcs: Sequence[FlowArc]
    number: int
    tag: str

    def add(self, row: pulp.LpAffineExpression, family: str, *numbers: int) -> None:
        """Add a row, named by its family, the pair and further numbers."""
        label = "_".join([family, *(f"{number:07d}" for number in (self.number, *numbers))])
        self.lp.addConstraint(row, label + self.tag)


def build_compact(problem: DesignProblem) -> tuple[pulp.LpProblem, Decisions]:
    """Return the compact model of a reduced problem."""
    lp, decisions = build_master(problem)
    add_flows(lp, problem, decisions)
    return lp, decisions


def add_flows(
    lp: pulp.LpProblem,
    problem: DesignProblem,
    decisions: Decisions,
    *,
    tag: str = "",
    is_open: Sequence[bool] | None = None,
) -> None:
    """Add the variables f of all pairs and the rows on them.

    Parameters
    ----------
    lp, problem, decisions
        The model, its problem and its variables x and y.
    tag
        Suffix of all names.
    is_open
        [K], pairs that get rows; None: all.
    """
    table, number = arc_table(problem), 0
    for k, positions in enumerate(Reach.of(problem).usable_by(table)):
        arcs = []
        for tail, head, seconds, owner in table[np.sort(positions)].tolist():
            number += 1
            f = lp.add_variable(f"f{number:07d}{tag}", 0, 1)
            x = decisions.x[owner] if owner < len(decisions.x) else None
            arcs.append(FlowArc(tail, head, seconds, x, f))
        if is_open is None or is_open[k]:
            flow = PairFlow(lp, problem.pairs[k], decisions.y[k] if decisions.y else 1, arcs, k + 1, tag)
            add_conservation(flow)
            add_time_limit(flow)
            add_links(flow)


def add_conservation(flow: PairFlow) -> None:
    """Add `flow_k_v: sum_{a out of v} f_ka - sum_{a into v} f_ka = 0`, at the origin of pair k `= y_k`.

    1 takes the place of y_k where every pair must be covered. The row of the destination follows from the
    others and is left out.
    """
    rows: dict[int, list[tuple[pulp.LpVariable, float]]] = defaultdict(list)
    for arc in flow.arcs:
        rows[arc.tail].append((arc.f, 1.0))
        rows[arc.head].append((arc.f, -1.0))
    for v in sorted(rows.keys() - {flow.pair.destination}):
        flow.add(affine(rows[v]) == (flow.y if v == flow.pair.origin else 0), "flow", v + 1)


def add_time_limit(flow: PairFlow) -> None:
    """Add `time_k: sum_a tau_a f_ka <= T_k y_k` (T_k where every pair must be covered)."""
    travel_time = affine((arc.f, float(arc.seconds)) for arc in flow.arcs)
    flow.add(travel_time <= flow.pair.limit * flow.y, "time")


def add_links(flow: PairFlow) -> None:
    """Add `open_k_a: f_ka <= x_j` for each arc a that candidate j opens."""
    for number, arc in enumerate(flow.arcs, start=1):
        if arc.x is not None:
            flow.add(arc.f <= arc.x, "open", number)
