"""Compare two ways to solve on the same problems: to proof, and to the same gap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from optimiser.bench import traces
from optimiser.bench.measures import paired_ratio, plain_ratio
from optimiser.bench.rows import Row
from optimiser.bench.table import Trace, by_problem, proves, time_of

BASELINES = ("compact", "benders")
"""Variants that others are compared with."""

EASY_S = 5.0
"""Problems on which the baseline needs no more are left out of the comparison to proof."""

SLOW_S = 60.0
"""Problems on which the baseline needs more, or does not finish, are compared at the same gap."""

SHIFT_S = 1.0


@dataclass(frozen=True, slots=True)
class Speedup:
    """How many times faster one way to solve is than a baseline.

    Attributes
    ----------
    baseline, other
        The two ways.
    what
        `proof` or `gap`.
    problems
        Number of problems (instance and seed) compared.
    baseline_outs, other_outs
        Solves counted at their time limit, since they did not get there.
    ratio
        Shifted geometric mean of the baseline over that of the other (shift 1 s).
    paired
        Shifted geometric mean of the ratios problem by problem (shift 1 s).
    """

    baseline: str
    other: str
    what: str
    problems: int
    baseline_outs: int
    other_outs: int
    ratio: float
    paired: float


def speedups(groups: Mapping[str, Sequence[Row]], trace_of: Callable[[Row], Trace]) -> list[Speedup]:
    """Compare every way that can prove with every baseline.

    Parameters
    ----------
    groups
        Rows by way to solve (`table.labelled`).
    trace_of
        Progress of the solve of a row.
    """
    able = {label: rows for label, rows in groups.items() if proves(rows[0])}
    found = []
    for baseline, rows in able.items():
        if rows[0].variant not in BASELINES:
            continue
        for other, rivals in able.items():
            if rivals[0].variant not in (rows[0].variant, "compact"):
                found.append(_to_proof(baseline, other, _pairs(rows, rivals)))
                found.append(_to_gap(baseline, other, _pairs(rows, rivals), trace_of))
    return [one for one in found if one is not None]


def _pairs(rows: Sequence[Row], rivals: Sequence[Row]) -> list[tuple[Row, Row]]:
    keyed = by_problem(rivals)
    return [(row, keyed[key]) for key, row in by_problem(rows).items() if key in keyed]


def _to_proof(baseline: str, other: str, pairs: Sequence[tuple[Row, Row]]) -> Speedup | None:
    """Compare times to proof on the problems on which the baseline needs more than `EASY_S`."""
    kept = [(a, b) for a, b in pairs if time_of(a) > EASY_S]
    if not kept:
        return None
    slow, fast = [time_of(a) for a, _ in kept], [_of_rival(b, a) for a, b in kept]
    return Speedup(
        baseline, other, "proof", len(kept),
        sum(not a.proved for a, _ in kept), sum(not b.proved for _, b in kept),
        plain_ratio(slow, fast, SHIFT_S), paired_ratio(slow, fast, SHIFT_S),
    )  # fmt: skip


def _to_gap(
    baseline: str, other: str, pairs: Sequence[tuple[Row, Row]], trace_of: Callable[[Row], Trace]
) -> Speedup | None:
    """Compare times to the gap at which the baseline ended, where it needs more than `SLOW_S` or was cut off.

    The time of the baseline is that at which it first had its last gap.
    """
    slow: list[float] = []
    fast: list[float] = []
    outs = others = 0
    for a, b in pairs:
        if a.gap is None or (a.proved and a.seconds <= SLOW_S):
            continue
        reached = traces.time_to_gap(trace_of(a), a.gap, minimise=a.minimise)
        rival = traces.time_to_gap(trace_of(b), a.gap, minimise=b.minimise)
        slow.append(_within(reached, a))
        fast.append(max(a.time_limit_s, b.time_limit_s) if rival is None else _within(rival, b))
        outs += not a.proved
        others += rival is None
    if not slow:
        return None
    return Speedup(
        baseline, other, "gap", len(slow), outs, others,
        plain_ratio(slow, fast, SHIFT_S), paired_ratio(slow, fast, SHIFT_S),
    )  # fmt: skip


def _of_rival(row: Row, baseline: Row) -> float:
    """Return the seconds to proof; a shorter limit than the baseline's must not make a cut off run faster."""
    return time_of(row) if row.proved else max(row.time_limit_s, baseline.time_limit_s)


def _within(seconds: float | None, row: Row) -> float:
    return row.time_limit_s if seconds is None else min(row.time_limit_s, seconds)
