"""Model rail times from running time, stops and a fixed time per ride; fit it and measure its errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rail_routes import Routed
from scipy.optimize import linprog

FOLDS, SEED = 5, 1

Floats = NDArray[np.float64]


def model_min(
    design_min: Floats, stops: Floats, *, factor: float, stop_min: float, start_min: float
) -> Floats:
    """Compute minutes in the vehicle: running time, intermediate stops, and a fixed time per ride."""
    minutes: Floats = design_min / factor + stop_min * stops + start_min
    return minutes


def fit(design_min: Floats, stops: Floats, seen_min: Floats) -> tuple[float, float, float]:
    """Fit factor, minutes per stop and fixed minutes, so that the sum of relative errors is least."""
    columns = np.column_stack([design_min, stops, np.ones_like(stops)]) / seen_min[:, None]
    count = len(seen_min)
    bounds = np.vstack([np.hstack([columns, -np.eye(count)]), np.hstack([-columns, -np.eye(count)])])
    limit = np.concatenate([np.ones(count), -np.ones(count)])
    found = linprog(np.concatenate([np.zeros(3), np.ones(count)]), A_ub=bounds, b_ub=limit, bounds=(0, None))
    if found.x is None:
        raise RuntimeError(f"The fit failed: {found.message}")
    slope, stop_min, start_min = (float(x) for x in found.x[:3])
    return 1.0 / slope, stop_min, start_min


def held_out(design_min: Floats, stops: Floats, seen_min: Floats) -> Floats:
    """Predict each row from a fit to the other folds."""
    fold = np.random.default_rng(SEED).permutation(len(seen_min)) % FOLDS
    predicted = np.empty_like(seen_min)
    for k in range(FOLDS):
        inside = fold != k
        factor, stop_min, start_min = fit(design_min[inside], stops[inside], seen_min[inside])
        predicted[~inside] = model_min(
            design_min[~inside], stops[~inside], factor=factor, stop_min=stop_min, start_min=start_min
        )
    return predicted


def errors(predicted: Floats, seen: Floats) -> tuple[float, float, float]:
    """Return median and 90th percentile of the absolute error, and the median signed error, in per cent."""
    relative = 100.0 * (predicted - seen) / seen
    absolute = np.abs(relative)
    return float(np.median(absolute)), float(np.percentile(absolute, 90)), float(np.median(relative))


@dataclass(frozen=True)
class Columns:
    """The routed rows as arrays."""

    design: Floats
    stops: Floats
    fastest: Floats
    median: Floats
    served: Floats
    today: Floats
    year: Floats
    trains: Floats
    km: Floats
    table_km: Floats
    table_design: Floats

    @classmethod
    def of(cls, routed: Sequence[Routed]) -> Columns:
        """Collect the columns."""

        def column(value: Callable[[Routed], float]) -> Floats:
            return np.array([value(r) for r in routed], dtype=np.float64)

        return cls(
            design=column(lambda r: r.design_min),
            stops=column(lambda r: r.row.stops),
            fastest=column(lambda r: r.row.fastest_min),
            median=column(lambda r: r.row.median_min),
            served=column(lambda r: r.served_min),
            today=column(lambda r: r.today_min),
            year=column(lambda r: float(r.row.year)),
            trains=column(lambda r: r.served_trains),
            km=column(lambda r: r.km),
            table_km=column(lambda r: r.row.table_km),
            table_design=column(lambda r: r.row.table_design_min),
        )
