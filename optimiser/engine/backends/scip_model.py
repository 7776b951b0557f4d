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
        "nodeselection/bfs/stdpriority": 1_000_000,
    }
)
"""Parameters of SCIP.

Symmetry handling, and reductions that keep one of several optimal solutions, consider only the current rows;
a later row could cut off the solution that was kept. The variable locks of the constraint handler prevent
that already; these parameters are a second safeguard. Reductions by the objective (reduced costs) need only a
valid relaxation and stay on. Restarts and multiple aggregation would replace the columns that rows refer to.
Conflict analysis cannot explain a row that was added inside the tree. On thousands of rows of pairs,
aggregated mixed-integer rounding took an eighth of the time and found next to nothing; on large relaxations,
strong branching took nearly half of the time, so its effort is limited. Plans come from elsewhere, so that
after each dive the node of the weakest bound is next.
"""


@dataclass(frozen=True, slots=True)
class TreeModel:
    """A master problem in SCIP.

    Attributes
    ----------
    model
        The `pyscipopt.Model`.
    x
        Variables x, one per candidate.
    y
        Variables y, one per pair; empty where every pair must be covered.
    divisor
        Number by which the objective of the problem is divided in the model.
    maximise
        Whether the objective is maximised.
    z
        Variables z, one per city; empty where every pair must be covered.
    """

    model: Any
    x: tuple[Any, ...]
    y: tuple[Any, ...]
    divisor: int
    maximise: bool
    z: tuple[Any, ...] = ()


def tree_model(problem: DesignProblem, *, fixed: Integers | None, seed: int, log: bool = False) -> TreeModel:
    """Return the master problem without cuts.

    Parameters
    ----------
    problem
        A reduced problem.
    fixed
        int64 [J], 0 or 1 where a candidate is fixed, -1 where it is free; None: all are free.
    seed
        Random seed of SCIP.
    log
        Whether SCIP writes its log.
    """
    lp, decisions = build_master(problem)
    solver: Any = pulp.SCIP_PY
    handles, _, exported = solver(msg=log).buildSolverModel(lp)
    column = {variable.id: handle for variable, handle in zip(exported, handles, strict=True)}
    master = TreeModel(
        lp.solverModel,
        tuple(column[x.id] for x in decisions.x),
        tuple(column[y.id] for y in decisions.y),
        scale_of(problem),
        maximise=problem.budget is not None,
        z=tuple(column[z.id] for z in decisions.z),
    )
    _prepare(master, seed)
    if fixed is not None:
        _fix(master, fixed)
    return master


def _prepare(master: TreeModel, seed: int) -> None:
    """Set the parameters of SCIP, and branch on x before z."""
    from pyscipopt.scip import PY_SCIP_PARAMSETTING as SETTING

    model = master.model
    model.setHeuristics(SETTING.OFF)
    model.setParams({**SETTINGS, "randomization/randomseedshift": seed % 2**31})
    for variable in master.x:
        model.chgVarBranchPriority(variable, 1)


def _fix(master: TreeModel, fixed: Integers) -> None:
    for j in np.flatnonzero(fixed >= 0).tolist():
        master.model.chgVarLb(master.x[j], float(fixed[j]))
        master.model.chgVarUb(master.x[j], float(fixed[j]))


def add_rows(master: TreeModel, rows: Rows) -> None:
    """Add cuts as constraints of the model, before it is solved.

    Parameters
    ----------
    master
        The model.
    rows
        Rows `sum of value x - sum of y >= 0`, or `>= number of pairs` without y.
    """
    from pyscipopt import quicksum

    for i in range(len(rows)):
        pairs = rows.pairs_of(i).tolist()
        inside = slice(rows.start[i], rows.start[i + 1])
        entries = zip(rows.candidate[inside].tolist(), rows.value[inside].tolist(), strict=True)
        needed = quicksum(master.y[k] for k in pairs) if master.y else float(len(pairs))
        master.model.addCons(
            quicksum(value * master.x[j] for j, value in entries) >= needed,
            name=f"row{i}",
            removable=True,
            propagate=True,
        )


def add_splits(master: TreeModel, rows: SplitRows) -> None:
    """Add lift-and-project cuts as constraints of the model, before it is solved.

    Parameters
    ----------
    master
        The model.
    rows
        Rows `sum of value v >= least` over x, y and z.
    """
    from pyscipopt import quicksum

    columns = (*master.x, *master.y, *master.z)
    for i in range(len(rows)):
        inside = slice(rows.start[i], rows.start[i + 1])
        entries = zip(rows.column[inside].tolist(), rows.value[inside].tolist(), strict=True)
        master.model.addCons(
            quicksum(value * columns[column] for column, value in entries) >= float(rows.least[i]),
            name=f"split{i}",
            removable=True,
        )
