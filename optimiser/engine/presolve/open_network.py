"""Keep of a problem with rings or periods the network that its open pairs can use, and decide nothing."""

from __future__ import annotations

import dataclasses

from optimiser.engine.presolve.contraction import contract
from optimiser.engine.presolve.detours import drop_slow_arcs
from optimiser.engine.presolve.stage import Stage, applied
from optimiser.engine.presolve.useful import drop_useless
from optimiser.engine.search.paths import covered
from optimiser.problem import DesignProblem

RULES = (drop_useless, drop_slow_arcs, contract, drop_slow_arcs)


def open_network(problem: DesignProblem) -> tuple[DesignProblem, tuple[int, ...]]:
    """Return a problem of the open pairs alone, and their positions in the problem given.

    Parameters
    ----------
    problem
        A problem in canonical order.

    Returns
    -------
    tuple
        A plain problem without side constraints whose candidates keep their ids. A pair is open when it is
        covered with everything that may be built, and not with nothing built.

    Notes
    -----
    The rules used keep whether each pair is covered by each set of open candidates (their proofs); candidates
    that are left out change that for no pair. So what is true of coverage there is true of the problem.
    """
    allowed = [j for j, c in enumerate(problem.candidates) if c.fixed != "out"]
    ever, now = covered(problem, allowed).tolist(), covered(problem, []).tolist()
    pairs = tuple(k for k in range(len(problem.pairs)) if ever[k] and not now[k])
    bare = problem.replace(
        candidates=tuple(
            dataclasses.replace(c, fixed=None, lead=0, arcs=() if c.fixed == "out" else c.arcs)
            for c in problem.candidates
        ),
        pairs=tuple(problem.pairs[k] for k in pairs),
        cover="all",
        caps=(),
        targets=(),
        excludes=(),
        requires=(),
        cities=(),
        rings=(),
        periods=(),
    )
    stage = Stage(bare)
    for rule in RULES if pairs else ():
        stage = applied(rule, stage)
    return stage.problem, pairs
