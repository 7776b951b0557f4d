"""Solve the linear programs of a bound certificate, and name every row so that its multiplier can be kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimiser.engine.backends.highs import ExtendedHighs
from optimiser.engine.backends.interfaces import LpSolution
from optimiser.engine.models.extended import ExtendedModel
from optimiser.engine.models.modelling import pulp
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import PRICE_UNIT, Rows


@dataclass(frozen=True, slots=True)
class CertifiedRow:
    """A row `sum of coefficient * variable <= right`, with what tells a checker why it holds.

    Attributes
    ----------
    evidence
        JSON object of the certificate.
    columns, coefficients
        int64 and Python integers, the terms.
    right
        Right side.
    unit
        Common denominator of the coefficients and the right side.
    is_equation
        Whether both sides are equal, so that the multiplier may have either sign.
    """

    evidence: dict[str, Any]
    columns: Sequence[int]
    coefficients: Sequence[int]
    right: int
    unit: int = 1
    is_equation: bool = False


type Duals = tuple[dict[int, float], int]
"""Multipliers of a solved linear program by number of the row, at least 0 but for equations; and that of the
objective: 1, or 0 where the multipliers show that no point exists."""


class CertifyingHighs(ExtendedHighs):
    """The live relaxation of a model, with rings, periods or neither, whose rows carry their evidence.

    Parameters
    ----------
    model
        The model, without flows.
    seed
        Random seed of HiGHS.

    Attributes
    ----------
    rows
        All rows so far, those since removed too; a row is known by its number here.
    decisions
        int64 [N], the integer columns, on which a search may branch.
    lower_bounds, upper_bounds
        float64, bounds of all columns in the model.
    gain
        Coefficients of the scaled objective, which is maximised.
    values
        float64, values of all columns at the last solution.
    partitions
        Returns the parts and the coefficients of a partition inequality on the original network, or None
        where it does not hold there (`methods.bound_prover.PartitionRows`).
    open_columns
        For the column of each pair, those of the candidates that are open in its state.

    Notes
    -----
    The objective is always maximised; HiGHS minimises its negative. It uses one thread and no presolve,
    so that duals and rays are those of the rows as they stand.
    """

    def __init__(self, model: ExtendedModel, *, seed: int) -> None:
        super().__init__(model, threads=1, seed=seed)
        self._relax()
        self._model.setOptionValue("presolve", "off")
        self._model.setOptionValue("solver", "simplex")
        lp = self._model.getLp()
        self.gain = [-round(value) for value in lp.col_cost_]
        self.rows: list[CertifiedRow] = []
        # For each row of the program, its number, and its sign: -1 where HiGHS has the negative of the row.
        self._live: list[tuple[int, int]] = []
        for row in model.lp.constraints():
            certified = self._certified({"model": row.name}, row)
            self._record(certified, -1 if row.sense == pulp.LpConstraintGE else 1)
        self._decide(self._integers.astype(np.int64))
        self.lower_bounds, self.upper_bounds = np.array(lp.col_lower_), np.array(lp.col_upper_)
        self.partitions: Callable[[Integers], tuple[list[int], dict[int, int]] | None] = lambda _pairs: None
        self.open_columns = {
            self._column[y.name]: [self._column[x.name] for x in state.x]
            for state in model.states
            for y in state.y
        }

    def _certified(
        self, evidence: dict[str, Any], row: pulp.LpAffineExpression | pulp.LpConstraint
    ) -> CertifiedRow:
        """Return a row of PuLP as one with a right side above."""
        sign = -1 if row.sense == pulp.LpConstraintGE else 1
        terms = {self._column[v.name]: sign * round(factor) for v, factor in row.items()}
        is_equation, right = row.sense == pulp.LpConstraintEQ, -sign * round(row.constant)
        return CertifiedRow(evidence, [*terms], [*terms.values()], right, is_equation=is_equation)

    def _record(self, row: CertifiedRow, sign: int) -> None:
        self._live.append((len(self.rows), sign))
        self.rows.append(row)

    def add_cuts(self, rows: Rows, x: Integers, y: Integers | None) -> None:
        """Add time cuts, and partition inequalities that hold on the original network."""
        if y is None:
            raise ValueError(y)
        found = []
        for i, count in enumerate(rows.pair_counts.tolist()):
            inside, pairs = slice(rows.start[i], rows.start[i + 1]), rows.pairs_of(i)
            claims = y[pairs].tolist()
            names = [self.names[k] for k in claims]
            if count == 1:
                columns, value = x[rows.candidate[inside]].tolist(), rows.value[inside]
                unit = 1 if bool((value == 1.0).all()) else int(PRICE_UNIT)
                prices = [round(v * unit) for v in value.tolist()]
                opens = {self.names[j]: price for j, price in zip(columns, prices, strict=True)}
                evidence = {"time": names[0], "unit": unit, "prices": opens}
                factors = [unit, *(-price for price in prices)]
                found.append(CertifiedRow(evidence, [*claims, *columns], factors, 0, unit))
            elif (partition := self.partitions(pairs)) is not None:
                parts, merges = partition
                # The variables of the candidates in the state to which these pairs belong.
                columns = [self.open_columns[claims[0]][j] for j in merges]
                factors = [*(1 for _ in claims), *(-m for m in merges.values())]
                evidence = {"partition": names, "parts": parts}
                found.append(CertifiedRow(evidence, [*claims, *columns], factors, 0))
        self._add(found)

    def add_proved(self, rows: Sequence[tuple[dict[str, Any], pulp.LpAffineExpression]]) -> None:
        """Add rows of rings, each with its evidence."""
        self._add([self._certified(evidence, row) for evidence, row in rows])

    def _add(self, rows: Sequence[CertifiedRow]) -> None:
        """Add rows to the program, in which every added row has a least value."""
        start = np.cumsum([0, *(len(row.columns) for row in rows)])[:-1]
        super().add_rows(
            np.array([-row.right / row.unit for row in rows]),
            start,
            np.array([i for row in rows for i in row.columns], np.int64),
            np.array([-c / row.unit for row in rows for c in row.coefficients]),
        )
        for row in rows:
            self._record(row, -1)

    def drop_slack_rows(self) -> int:
        """Remove added rows that do not bind at the last point, and return the number of added rows left."""
        removed = set(self._slack_rows().tolist())
        left = super().drop_slack_rows()
        self._live = [row for i, row in enumerate(self._live) if i not in removed]
        return left

    def solve(self, *, seconds: float) -> LpSolution:
        """Solve from the last basis; `values` holds those of all columns."""
        return self._solve_lp(seconds)

    def duals(self) -> Duals:
        """Return the multipliers of the last solve: duals of its optimum, or a ray where it has no point."""
        weight = 1
        if self._status() == "optimal":
            values = np.array(self._model.getSolution().row_dual)
        else:
            weight = 0
            _status, has_ray, *rest = self._model.getDualRay()
            values = np.array(rest[0]) if has_ray and rest else np.zeros(0)
        found = {}
        for at in np.flatnonzero(values).tolist():
            number, sign = self._live[at]
            multiplier = -sign * float(values[at])
            if self.rows[number].is_equation or multiplier > 0.0:
                found[number] = multiplier
        return found, weight
