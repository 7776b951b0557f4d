"""Solve many small linear programs in HiGHS."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from scipy.sparse import csr_array

from optimiser.engine.search.rows import Floats

STEPS = 20_000
"""Most steps of the simplex method: a program that needs more is not small, and no clock is asked within."""


class SmallPrograms:
    """Minimises the last column of one linear program after another, on one thread."""

    def __init__(self) -> None:
        make: Any = highspy.Highs
        model = make()
        for name, value in (
            ("output_flag", False),
            ("threads", 1),
            ("presolve", "off"),
            ("simplex_iteration_limit", STEPS),
        ):
            model.setOptionValue(name, value)
        self._model = model

    def __call__(
        self, matrix: csr_array, least: Floats, lower: Floats, upper: Floats
    ) -> tuple[Floats, Floats] | None:
        """Return the optimum and the duals of the rows; None when there is no optimum.

        Parameters
        ----------
        matrix, least
            Rows `matrix @ v >= least`: float64 [r x n] and [r].
        lower, upper
            float64 [n].
        """
        rows, columns = matrix.shape
        lp: Any = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = rows, columns
        lp.col_cost_ = np.append(np.zeros(columns - 1), 1.0)
        lp.col_lower_, lp.col_upper_ = lower, upper
        lp.row_lower_, lp.row_upper_ = least, np.full(rows, highspy.kHighsInf)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
        lp.a_matrix_.value_ = matrix.data
        self._model.passModel(lp)
        self._model.run()
        if self._model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._model.getSolution()
        return np.array(solution.col_value), np.array(solution.row_dual)
