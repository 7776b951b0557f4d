"""Group the rows of a bench and count what they say."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from optimiser.bench import traces
from optimiser.bench.consistency import best_row
from optimiser.bench.measures import shifted_geometric_mean
from optimiser.bench.rows import HEURISTIC, Row
from optimiser.engine.methods.variants import VARIANTS
from optimiser.problem.result import TracePoint, rounded_bound

type Trace = tuple[TracePoint, ...]
type Problem = tuple[str, int]
"""Instance and seed: what one point of a profile stands for."""

NEAR = 0.01
"""A plan within 1 % of the best known one is near."""


def labelled(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Group rows by way to solve, in order of first appearance."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.label].append(row)
    return dict(groups)


def longest(rows: Iterable[Row]) -> list[Row]:
    """Return for each instance, way and seed the row with the longest time limit (then the smallest gap).

    Parameters
    ----------
    rows
        The whole table, which may hold several limits.
    """
    kept: dict[tuple[str, str, int], Row] = {}
    for row in rows:
        other = kept.setdefault((row.instance, row.label, row.seed), row)
        if (row.time_limit_s, -row.gap_asked) > (other.time_limit_s, -other.gap_asked):
            kept[row.instance, row.label, row.seed] = row
    return list(kept.values())


def time_of(row: Row) -> float:
    """Return the seconds to proof; the time limit where nothing was proved."""
    return min(row.seconds, row.time_limit_s) if row.proved else row.time_limit_s


def time_or_never(row: Row) -> float:
    """Return the seconds to proof; infinity where nothing was proved."""
    return row.seconds if row.proved else math.inf


def proves(row: Row) -> bool:
    """Say whether a way to solve can prove at all."""
    if row.own:
        return not row.code.endswith(HEURISTIC)
    variant = VARIANTS.get(row.variant)
    return variant is None or variant.proves


def by_problem(rows: Iterable[Row]) -> dict[Problem, Row]:
    """Return rows by instance and seed."""
    return {(row.instance, row.seed): row for row in rows}


def common(groups: Mapping[str, Sequence[Row]]) -> list[Problem]:
    """Return the problems that every group has a row of, in the order of the first group."""
    keyed = [by_problem(rows) for rows in groups.values()]
    return [key for key in keyed[0] if all(key in other for other in keyed)] if keyed else []


def comparable(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return for each way to solve that can prove its rows on the problems that all of them were run on."""
    groups = {label: found for label, found in labelled(rows).items() if proves(found[0])}
    shared = common(groups)
    return {label: [by_problem(found)[key] for key in shared] for label, found in groups.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """What one way to solve did on a family.

    Attributes
    ----------
    label
        The way to solve.
    runs, proved, failed
        Numbers of solves: all, proved, ended by a fault.
    best
        Solves whose plan is the best known one of the instance.
    sgm_1s, sgm_10s
        Shifted geometric means of the seconds to proof, time-outs at their limit; None for a way that
        cannot prove.
    mean_gap
        Arithmetic mean of the gaps, each at most 1 (no plan: 1); None for a way that cannot prove.
    mean_loss
        Mean distance of the plan from the best known one, each at most 1.
    near_s
        Shifted geometric mean (1 s) of the seconds to a plan within 1 %, time-outs at the limit.
    peak_mb
        Largest memory of any solve.
    """

    label: str
    runs: int
    proved: int
    failed: int
    best: int
    sgm_1s: float | None
    sgm_10s: float | None
    mean_gap: float | None
    mean_loss: float
    near_s: float
    peak_mb: float


def line_of(label: str, rows: Sequence[Row], best: Mapping[str, int | None]) -> Line:
    """Return what one way to solve did.

    Parameters
    ----------
    label
        Its name.
    rows
        Its rows; at least one.
    best
        Best known objective of each instance, None where no plan is known.
    """
    times = [time_of(row) for row in rows]
    losses = [_loss(row, best[row.instance]) for row in rows]
    near = [row.time_limit_s if row.plan_1pct_s is None else row.plan_1pct_s for row in rows]
    able = proves(rows[0])
    return Line(
        label=label,
        runs=len(rows),
        proved=sum(row.proved for row in rows),
        failed=sum(row.termination in ("crash", "memory", "killed", "refused") for row in rows),
        best=sum(row.objective is not None and row.objective == best[row.instance] for row in rows),
        sgm_1s=shifted_geometric_mean(times, 1.0) if able else None,
        sgm_10s=shifted_geometric_mean(times, 10.0) if able else None,
        mean_gap=_mean([_gap(row) for row in rows]) if able else None,
        mean_loss=_mean(losses),
        near_s=shifted_geometric_mean(near, 1.0),
        peak_mb=max(row.peak_mb for row in rows),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _gap(row: Row) -> float:
    if row.status == "infeasible":
        return 0.0
    return 1.0 if row.gap is None else min(1.0, row.gap)


def _loss(row: Row, best: int | None) -> float:
    if best is None:
        return 0.0
    if row.objective is None:
        return 1.0
    return min(1.0, abs(best - row.objective) / max(1, abs(best)))


def best_known(rows: Iterable[Row]) -> dict[str, int | None]:
    """Return the best objective of each instance; None where no plan is known."""
    return _per_instance(rows, lambda found: best_row(found).objective if found else None)


def _per_instance[T](rows: Iterable[Row], pick: Callable[[Sequence[Row]], T]) -> dict[str, T]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.instance].append(row)
    return {
        name: pick([row for row in group if row.objective is not None]) for name, group in grouped.items()
    }


def tightest_bound(rows: Sequence[Row]) -> int | None:
    """Return the tightest rounded bound of the rows of one instance, None where there is none."""
    bounds = [rounded_bound(row.bound, minimise=row.minimise) for row in rows if row.bound is not None]
    if not bounds:
        return None
    return max(bounds) if rows[0].minimise else min(bounds)


def with_plan_times(rows: Sequence[Row], trace_of: Callable[[Row], Trace]) -> list[Row]:
    """Return the rows with the seconds to a plan within 1 % of the best known one filled in.

    Parameters
    ----------
    rows
        The whole table.
    trace_of
        Progress of the solve of a row.
    """
    best = best_known(rows)
    filled = []
    for row in rows:
        known = best[row.instance]
        seconds = (
            None if known is None else traces.time_to_plan(trace_of(row), known, NEAR, minimise=row.minimise)
        )
        filled.append(dataclasses.replace(row, plan_1pct_s=seconds))
    return filled


def families(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Group rows by family, in order of first appearance."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.family].append(row)
    return dict(groups)


def terminations(rows: Iterable[Row]) -> Counter[str]:
    """Count why solves ended."""
    return Counter(row.termination for row in rows)
