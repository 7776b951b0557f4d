"""Build the master problem of the time-cut method.

Sets: candidates j with cost c_j, pairs k with weight w_k and limit T_k.
Variables: x_j in {0, 1} (built), y_k in [0, 1] (covered).

A set C of candidates is a time cut of pair k if k stays uncovered even when everything outside C is built. To
cover k, at least one candidate of C must be built. The master starts without cuts; violated cuts are added
during the solve. It is exact: if a plan x does not cover k, the candidates that it does not build are a time
cut, which x violates as soon as y_k > 0. Partition inequalities are not needed for exactness; they tighten
the relaxation where existing arcs leave parts of the network disconnected. Lift-and-project cuts are not
needed either; they tighten the relaxation where the budget pays for a fraction of every candidate.
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
        Pair k and candidates C of each cut, by position.
    """
    for k, candidates in cuts:
        cut = affine((decisions.x[j], 1.0) for j in candidates) >= (decisions.y[k] if decisions.y else 1)
        lp.addConstraint(cut, f"cut_{len(lp.constraints()) + 1:07d}")


def add_partition_inequalities(
    lp: pulp.LpProblem, decisions: Decisions, rows: Iterable[tuple[Sequence[int], Mapping[int, int]]]
) -> None:
    r"""Add `part_i: sum_j m_j x_j - sum_{k in F} y_k >= 0`; where every pair must be covered `>= |F|`.

    The nodes are partitioned such that no pair of F can use an existing arc between two parts, and that the
    pairs of F, as edges between parts, form a forest. m_j is the number of merges that candidate j makes: the
    rank, over the parts, of those of its arcs that some pair of F can use. A pair can use an arc that lies on
    a walk within its limit when everything is built.

    Time cuts alone do not imply that n places need n - 1 links. Example: three places without a link, a
    candidate for each two of them, and pairs for which the detour over the third place is within the limit:

              a
             / \         x = 1/2 each
            /   \        time cuts: y <= 1 each, half of a pair directly, half of it by the detour
           b-----c       parts a | b | c, F = {ab, bc}: y_ab + y_bc <= x_ab + x_bc + x_ca = 3/2

    A single candidate that serves a, b and c has m = 2 in this row.

    Proof: merge the parts between which a built candidate has an arc that a pair of F can use. The walk of a
    covered pair of F leaves a part only by such arcs, so the ends of the pair are merged. The covered pairs
    of F form a forest, so their number is at most the rank of all these arcs, which is at most the sum of the
    ranks m_j of the built candidates (the rank of a graph is subadditive). With two parts and one pair the
    row is a time cut. Such rows are known for Steiner trees (Grötschel and Monma 1990; Chopra and Rao 1994),
    where the left side is the number of parts minus one; here it is the coverage of the pairs of F.
    `optimiser/engine/methods/cuts/partitions.py` separates these rows.

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


def add_lift_and_project_cuts(
    lp: pulp.LpProblem, decisions: Decisions, rows: Iterable[tuple[Mapping[int, float], float]]
) -> None:
    r"""Add `split_i: sum_i alpha_i v_i >= beta`, with v all of x, y and z.

    Time cuts and partition inequalities do not involve the budget. Example: two corridors of two links, all
    of cost 1; for each corridor a pair that needs both links; and a budget of 3:

            a ----- b ----- c        x = 3/4 each: y = 3/4 each, 3/2 pairs covered; no plan covers more than 1
            d ----- e ----- f        (3 links are one corridor and a half)

    A plan builds ab or it does not. If it does, a budget of 2 is left for the other three links; if not,
    y_ac = 0. Weighted sums of rows give the same row in both cases:

        x_ab = 1:  x_bc + x_de + x_ef <= 2,  y_ac <= x_bc,  y_df <= x_de,  y_df <= x_ef
                   whose sum is  y_ac + 2 y_df <= 2
        x_ab = 0:  y_ac <= 0,  2 y_df <= 2
                   whose sum is  y_ac + 2 y_df <= 2

    The row holds in both cases and cuts off y_ac = y_df = 3/4.

    In general, let G v >= g be rows that hold for every plan, v_j a variable that is 0 or 1 in every plan (a
    candidate is built or not, a pair covered or not), p, q >= 0 multipliers of the rows, a = p G and b = q G.
    Then alpha_i = max(a_i, b_i) for i != j, alpha_j = q g - p g + a_j, beta = q g.

    Proof: v >= 0. A plan with v_j = 1 satisfies alpha v >= a v + q g - p g >= q g; one with v_j = 0 satisfies
    alpha v >= b v >= q g. Any variable v_i may be replaced by its complement 1 - v_i first.

    These are the lift-and-project cuts of Balas, Ceria and Cornuejols 1993. Any multipliers give a valid row;
    `optimiser/engine/methods/cuts/root.py` finds multipliers whose row a point violates.

    Parameters
    ----------
    lp
        The master problem.
    decisions
        Its variables.
    rows
        alpha, by position among x, y and z, and beta.
    """
    columns = (*decisions.x, *decisions.y, *decisions.z)
    for alpha, beta in rows:
        row = affine((columns[i], value) for i, value in alpha.items()) >= beta
        lp.addConstraint(row, f"split_{len(lp.constraints()) + 1:07d}")
