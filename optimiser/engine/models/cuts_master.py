"""Build the master problem of the time-cut method.

A set C of candidates is a time cut of pair k if k stays uncovered even when everything outside C is built. To
cover k, at least one candidate of C must be built: `sum_{j in C} x_j >= y_k`, or `>= 1` where every pair must
be covered; in files it is a row `part`. The master starts without cuts; violated cuts are added during the
solve. It is exact: if a plan x does not cover k, the candidates that it does not build are a time cut, which
x violates as soon as y_k > 0. The other families tighten the relaxation: partition inequalities where
existing arcs leave parts of the network disconnected, lift-and-project cuts where the budget pays for a
fraction of every candidate.

At a fractional point a cut has prices: `sum_j price_j x_j >= y_k`, where every path of k within its limit
costs at least 1. The most violated one is the dual of the largest packing of such paths into the capacities x
(length-bounded flows and cuts: Baier et al., ACM Transactions on Computation Theory 2010), a linear program
solved by the primal simplex method over columns from a pool and from a label search for the cheapest path
(`methods/cuts/packing.py`). It ends when the packing reaches y_k, or when its prices, divided by that of the
cheapest path, are cut enough (Farley, Operations Research 1990). Prices are multiples of 2^-20, rounded up:
cuts hold exactly. They are sought between x and a core point, the moving average of earlier points, then
nearer to x, at last at x (in-out separation: Ben-Ameur and Neto 2007). At integer points candidates open by
falling x where the pair stays uncovered; the others are a minimal cut.
"""

from collections.abc import Iterable, Mapping, Sequence

from optimiser.engine.models.decisions import (
    Decisions,
    add_budget,
    add_side_rows,
    affine,
    declare,
    empty_model,
    pulp,
    set_objective,
)
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
    for add in (set_objective, add_budget, add_side_rows):
        add(lp, problem, decisions)
    return lp, decisions


def add_partition_inequalities(
    lp: pulp.LpProblem, decisions: Decisions, rows: Iterable[tuple[Sequence[int], Mapping[int, int]]]
) -> None:
    r"""Add `part: sum_j m_j x_j - sum_{k in F} y_k >= 0`; where every pair must be covered `>= |F|`.

    The nodes are partitioned such that no pair of F can use an existing arc between two parts, and that the
    pairs of F, as edges between parts, form a forest. m_j is the number of merges that candidate j makes: the
    rank, over the parts, of those of its arcs that some pair of F can use. A pair can use an arc that lies on
    a walk within its limit when everything is built.

    Time cuts alone do not imply that three places need two links. Example: three places without a link, a
    candidate for each two of them, and pairs for which the detour over the third place is within the limit:

              a
             / \         x = 1/2 each
            /   \        time cuts: y <= 1 each, half of a pair directly, half of it by the detour
           b-----c       parts a | b | c, F = {ab, bc}: y_ab + y_bc <= x_ab + x_bc + x_ca = 3/2

    Proof: merge the parts between which a built candidate has an arc that a pair of F can use. The walk of a
    covered pair of F leaves a part only by such arcs, so the ends of the pair are merged. The covered pairs
    of F form a forest, so their number is at most the rank of all these arcs, which is at most the sum of the
    ranks m_j of the built candidates (the rank of a graph is subadditive). With two parts and one pair the
    row is a time cut. Such rows are known for Steiner trees (Grötschel and Monma 1990; Chopra and Rao 1994).
    Separation (`methods/cuts/partitions.py`) begins with the parts that existing arcs join which half of the
    pairs or more can use, takes the spanning forest of largest y, and merges two parts while the violation
    grows, the largest gain first.

    Parameters
    ----------
    lp
        The master problem.
    decisions
        Its variables.
    rows
        Pairs F, and m_j of each candidate j that merges parts.
    """
    for pairs, merges in rows:
        coverage = pulp.lpSum(decisions.y[k] for k in pairs) if decisions.y else len(pairs)
        row = affine((decisions.x[j], float(m)) for j, m in merges.items()) >= coverage
        lp.addConstraint(row, f"part_{len(lp.constraints()) + 1:07d}")
