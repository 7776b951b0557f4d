"""Build the master problem in Gurobi, with the settings that suit rows added lazily."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import gurobipy

from optimiser.engine.backends.registry import instance
from optimiser.engine.backends.tree import TreeLimits, whole
from optimiser.engine.models.cuts_master import build_master
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import Rows
from optimiser.engine.search.scoring import covered_pairs
from optimiser.engine.search.tables import Tables
from optimiser.problem import DesignProblem

SETTINGS: Mapping[str, object] = MappingProxyType(
    {"LazyConstraints": 1, "PreCrush": 1, "MIPGap": 0.0, "MIPGapAbs": 0.999, "IntFeasTol": 1e-6}
)
"""Settings of Gurobi, by name.

Rows come lazily, so that no reduction may rest on those there are, and as cuts; the objective is whole, so
that a gap below one closes the proof.
"""


@dataclass(frozen=True, slots=True)
class GurobiMaster:
    """A master problem in Gurobi.

    Attributes
    ----------
    model
        The `gurobipy.Model`.
    built
        Its variables x, one a candidate.
    level
        Its variables y, one a pair; none when every pair must be covered.
    divisor
        The objective of the model is that of the problem divided by this.
    maximise
        Whether it is maximised.
    keeper
        PuLP's solver: the model lives as long as this does.
    """

    model: Any
    built: tuple[Any, ...]
    level: tuple[Any, ...]
    divisor: int
    maximise: bool
    keeper: Any

    def stated(self, rows: Rows) -> list[Any]:
        """Return rows: `sum of value x - sum of y >= 0`, or `>= number of pairs` without levels.

        Parameters
        ----------
        rows
            The rows.
        """
        made = []
        for i in range(len(rows)):
            pairs = rows.pairs_of(i).tolist()
            inside = slice(rows.start[i], rows.start[i + 1])
            built = [self.built[j] for j in rows.candidate[inside].tolist()]
            left = gurobipy.LinExpr(rows.value[inside].tolist(), built)
            if self.level:
                left.addTerms([-1.0] * len(pairs), [self.level[k] for k in pairs])
            made.append(left >= (0.0 if self.level else float(len(pairs))))
        return made

    def objective(self, bound: float) -> float | None:
        """Return the bound of the problem that follows from Gurobi's: a whole multiple of the divisor.

        Parameters
        ----------
        bound
            Of the model; infinite when there is none yet.
        """
        if abs(bound) >= gurobipy.GRB.INFINITY:
            return None
        return float(whole(bound, maximise=self.maximise) * self.divisor)


def gurobi_master(problem: DesignProblem, limits: TreeLimits, rows: Rows) -> GurobiMaster:
    """Return the master problem with some rows.

    Parameters
    ----------
    problem
        A reduced problem.
    limits
        Of the search.
    rows
        Rows known from the start.
    """
    lp, decisions = build_master(problem)
    seed, seconds = limits.seed % 2_000_000_000, max(0.0, limits.seconds)
    solver: Any = instance("gurobi", seconds=seconds, gap=0.0, threads=limits.threads, seed=seed)
    handles, _ = solver.buildSolverModel(lp)
    column = {v.id: handle for v, handle in zip(lp.exported_variables(), handles, strict=True)}
    made = GurobiMaster(
        lp.solverModel,
        tuple(column[x.id] for x in decisions.x),
        tuple(column[y.id] for y in decisions.y),
        scale_of(problem),
        maximise=problem.budget is not None,
        keeper=solver,
    )
    _prepare(made, limits)
    for row in made.stated(rows):
        made.model.addConstr(row)
    return made


def _prepare(made: GurobiMaster, limits: TreeLimits) -> None:
    nodes = math.inf if limits.nodes < 0 else limits.nodes
    limited = {
        "NodeLimit": nodes,
        "TimeLimit": max(0.0, limits.seconds),
        "SoftMemLimit": limits.memory_mb / 1000,
    }
    for name, value in {**SETTINGS, **limited}.items():
        made.model.setParam(name, value)


def start_from(made: GurobiMaster, t: Tables, best: Mask) -> None:
    """Give a plan to Gurobi, before the model is solved.

    Parameters
    ----------
    made
        The model.
    t
        The problem.
    best
        bool [J + 1].
    """
    for x, value in zip(made.built, best[:-1].tolist(), strict=True):
        x.Start = float(value)
    if made.level:
        for y, value in zip(made.level, covered_pairs(t, best).tolist(), strict=True):
            y.Start = float(value)
