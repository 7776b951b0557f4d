"""Draw rows and traces by hand."""

from __future__ import annotations

from optimiser.bench.rows import Row
from optimiser.problem.result import TracePoint


def row(instance="a", variant="cuts", solver="highs", **changes):
    """A proved solve of 2 s on a problem of 10 open pairs, changed as asked."""
    values = {
        "instance": instance, "family": "drawn", "digest": "d", "places": 4, "arcs": 6, "candidates": 5,
        "pairs": 12, "open_pairs": 10, "minimise": False, "variant": variant, "solver": solver,
        "options": "", "seed": 1, "threads": 1, "time_limit_s": 60.0, "effort": None, "gap_asked": 0.0,
        "status": "optimal", "termination": "proof",
        "objective": 100, "bound": 100.0, "gap": 0.0, "seconds": 2.0, "wall_s": 4.0, "cpu_s": 3.0,
        "peak_mb": 200.0, "other_load": 0.0, "cuts": 7, "tree_nodes": 1, "claimed_bound": None,
        "claimed_gap": None, "plan_1pct_s": 0.5,
        "gap_1pct_s": 1.5, "root_bound": 120.0, "root_s": 1.0, "check": "ok", "message": "",
        "used": "cuts HiGHS", "versions": "x 1",
        "code": "c", "machine": "m",
    }  # fmt: skip
    return Row(**{**values, **changes})


def timed_out(instance="a", variant="cuts", *, objective=90, bound=110.0, **changes):
    """A solve that its limit of 60 s ended."""
    gap = (bound - objective) / objective
    ended = {"status": "feasible", "termination": "time", "seconds": 60.5, "gap_1pct_s": None}
    return row(instance, variant, **{**ended, "objective": objective, "bound": bound, "gap": gap, **changes})


def trace(*points):
    """Points (seconds, objective, bound)."""
    return tuple(TracePoint(seconds, "s", objective, bound) for seconds, objective, bound in points)
