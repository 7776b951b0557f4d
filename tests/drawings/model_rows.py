"""Read the rows and the objective of a PuLP model as plain values."""

from __future__ import annotations


def terms(row):
    """Return the terms of a row by name, its sense and its right side."""
    return (
        {variable.name: factor for variable, factor in row.items() if factor},
        {-1: "<=", 0: "==", 1: ">="}[row.sense],
        -row.constant,
    )


def rows_of(lp):
    """Return (terms, sense, right side) of each row by name."""
    return {row.name: terms(row) for row in lp.constraints()}


def objective_of(lp):
    """Return the terms of the objective by name."""
    return {variable.name: factor for variable, factor in lp.objective.items() if factor}


def bounds_of(lp):
    """Return the least and greatest value of each variable by name, and whether it is an integer."""
    return {v.name: (v.lowBound, v.upBound, v.cat == "Integer") for v in lp.variables()}
