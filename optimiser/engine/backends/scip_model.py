"""Build the master problem in SCIP, with the settings that suit rows added lazily."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.models.modelling import pulp
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Rows, SplitRows
from optimiser.problem import DesignProblem

SETTINGS: Mapping[str, object] = MappingProxyType(
    {
        "misc/catchctrlc": False,
        "misc/usesymmetry": 0,
        "misc/allowstrongdualreds": False,
        "presolving/maxrestarts": 0,
        "presolving/donotmultaggr": True,
        "conflict/enable": False,
        "separating/aggregation/freq": -1,
        "separating/maxroundsroot": -1,
        "separating/maxcutsroot": 100_000,
        "separating/maxcuts": 10_000,
        "branching/relpscost/maxproprounds": 0,
        "branching/relpscost/maxlookahead": 4,
        "branching/relpscost/initcand": 20,
        "branching/relpscost/sbiterquot": 0.2,
        "branching/relpscost/sbiterofs": 20_000,
    }
)
"""Settings of SCIP, by name.

Symmetry, and reductions that keep one of several best solutions, look at the rows there are; a row that
comes later could cut off the one that was kept. The variable locks of the constraint handler protect against
that, these settings once more. Reductions by the objective (reduced costs) rest on a valid relaxation alone
and stay. Restarts and multiple aggregation would exchange the columns that rows refer to; conflict analysis
cannot explain a row that was added inside the tree. Mixed-integer rounding of sums of rows took an eighth of
the time on thousands of rows of pairs, and found next to nothing; strong branching took nearly half of it on
large relaxations, so that its share is held down.
"""


@dataclass(frozen=True, slots=True)
class TreeModel:
    """A master problem in SCIP.

    Attributes
    ----------
    model
        The `pyscipopt.Model`.
    x
        Its variables x, one a candidate.
    y
        Its variables y, one a pair; none when every pair must be covered.
    divisor
        The objective of the model is that of the problem divided by this.
    maximise
        Whether it is maximised.
    z
        Its variables z, one a city that counts; none when every pair must be covered.
    """

    model: Any
    x: tuple[Any, ...]
    y: tuple[Any, ...]
    divisor: int
    maximise: bool
    z: tuple[Any, ...] = ()


def tree_model(problem: DesignProblem, *, fixed: Integers | None, seed: int) -> TreeModel:
    """Return the master problem without rows of pairs.

    Parameters
    ----------
    problem
        A reduced problem.
    fixed
        int64 [J]: 0 or 1 where a candidate is fixed, -1 where it is free; None: all are free.
    seed
        Shifts the random numbers of SCIP.
    """
    lp, decisions = build_master(problem)
    solver: Any = pulp.SCIP_PY
    handles, _, exported = solver(msg=False).buildSolverModel(lp)
    column = {variable.id: handle for variable, handle in zip(exported, handles, strict=True)}
    made = TreeModel(
        lp.solverModel,
        tuple(column[x.id] for x in decisions.x),
        tuple(column[y.id] for y in decisions.y),
        scale_of(problem),
        maximise=problem.budget is not None,
        z=tuple(column[z.id] for z in decisions.z),
    )
    _prepare(made, seed)
    if fixed is not None:
        _fix(made, fixed)
    return made


def _prepare(made: TreeModel, seed: int) -> None:
    """Set what SCIP is to do and to leave."""
    from pyscipopt.scip import PY_SCIP_PARAMSETTING as SETTING

    model = made.model
    model.setHeuristics(SETTING.OFF)
    model.setParams({**SETTINGS, "randomization/randomseedshift": seed % 2**31})
    for variable in made.x:
        model.chgVarBranchPriority(variable, 1)


def _fix(made: TreeModel, fixed: Integers) -> None:
    for j in np.flatnonzero(fixed >= 0).tolist():
        made.model.chgVarLb(made.x[j], float(fixed[j]))
        made.model.chgVarUb(made.x[j], float(fixed[j]))


def add_rows(made: TreeModel, rows: Rows) -> None:
    """Add rows as constraints of the model, before it is solved.

    Parameters
    ----------
    made
        The model.
    rows
        `sum of value x - sum of y >= 0`, or `>= number of pairs` without levels.
    """
    from pyscipopt import quicksum

    for i in range(len(rows)):
        pairs = rows.pairs_of(i).tolist()
        inside = slice(rows.start[i], rows.start[i + 1])
        entries = zip(rows.candidate[inside].tolist(), rows.value[inside].tolist(), strict=True)
        needed = quicksum(made.y[k] for k in pairs) if made.y else float(len(pairs))
        made.model.addCons(
            quicksum(value * made.x[j] for j, value in entries) >= needed,
            name=f"row{i}",
            removable=True,
            propagate=True,
        )


def add_splits(made: TreeModel, rows: SplitRows) -> None:
    """Add lift-and-project cuts as constraints of the model, before it is solved.

    Parameters
    ----------
    made
        The model.
    rows
        `sum of value v >= least` over built, levels and cities.
    """
    from pyscipopt import quicksum

    columns = (*made.x, *made.y, *made.z)
    for i in range(len(rows)):
        inside = slice(rows.start[i], rows.start[i + 1])
        entries = zip(rows.column[inside].tolist(), rows.value[inside].tolist(), strict=True)
        made.model.addCons(
            quicksum(value * columns[column] for column, value in entries) >= float(rows.least[i]),
            name=f"split{i}",
            removable=True,
        )
