"""Analyse the rows of a bench: groups, means, profiles, speedups and contradictions."""

import dataclasses
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from statistics import fmean, geometric_mean
from typing import Any

import numpy as np

from optimiser.bench.rows import HEURISTIC, Row, Trace, time_to_gap, time_to_plan
from optimiser.engine.methods.variants import VARIANTS
from optimiser.problem.result import gap_of, rounded_bound

type Problem = tuple[str, int]
"""Instance and seed: what a profile counts as one problem."""

NEAR = 0.01
"""Relative distance within which a plan counts as near the best known one."""

LEAST_S = 0.001
"""Shorter times are raised to this one, so that ratios exist."""

BASELINES = ("compact", "benders")
"""Variants that others are compared with."""

EASY_S = 5.0
"""Problems on which the baseline needs no more are left out of the comparison to proof."""

SLOW_S = 60.0
"""Problems on which the baseline needs more, or does not finish, are compared at the same gap."""

SHIFT_S = 1.0
"""Shift of the geometric means of times in comparisons."""

FAILURES = ("crash", "memory", "killed", "refused")
"""Terminations of solves that ended by a fault."""


def grouped(rows: Iterable[Row], *by: str) -> dict[Any, list[Row]]:
    """Group rows by values such as `label` (configuration), in order of first appearance."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[attrgetter(*by)(row)].append(row)
    return dict(groups)


def by_problem(rows: Iterable[Row]) -> dict[Problem, Row]:
    """Return rows by instance and seed."""
    return {(row.instance, row.seed): row for row in rows}


def longest(rows: Iterable[Row]) -> list[Row]:
    """Return for each instance, configuration and seed the row with the longest time limit.

    Of rows with the same limit that of the most effort counts, then that of the smallest gap asked for.
    """
    return [max(same, key=_reach) for same in grouped(rows, "instance", "label", "seed").values()]


def _reach(row: Row) -> tuple[float, float, float]:
    return row.time_limit_s, math.inf if row.effort is None else row.effort, -row.gap_asked


def comparable(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return for each configuration that can prove its rows on the problems that all of them were run on."""
    able = {label: found for label, found in grouped(rows, "label").items() if proves(found[0])}
    shared = common(able.values())
    return {label: [by_problem(found)[key] for key in shared] for label, found in able.items()}


def common(groups: Iterable[Iterable[Row]]) -> list[Problem]:
    """Return the problems of which every group of rows has one, in the order of the first group."""
    first, *others = [by_problem(rows) for rows in groups] or [{}]
    return [key for key in first if all(key in other for other in others)]


def proves(row: Row) -> bool:
    """Return whether a configuration can prove optimality at all."""
    if row.own:
        return not row.code.endswith(HEURISTIC)
    variant = VARIANTS.get(row.variant)
    return variant is None or variant.proves


def time_of(row: Row) -> float:
    """Return the seconds to proof; the limit where nothing was proved."""
    return min(row.seconds, row.limit_s) if row.proved else row.limit_s


def left_open(row: Row, best: int | None) -> float:
    """Return the gap at the end, of a heuristic the distance from the best known plan; 1 without a plan."""
    if row.status == "infeasible":
        return 0.0
    if proves(row):
        return 1.0 if row.gap is None else row.gap
    return 1.0 if best is None or row.objective is None else abs(best - row.objective) / max(1, abs(best))


def loss(row: Row, best: int | None) -> float:
    """Return the relative distance of the plan from the best known objective, at most 1; 1 without a plan.

    0 where no plan of the instance is known (`best` is None).
    """
    if best is None or row.objective is None:
        return 0.0 if best is None else 1.0
    return min(1.0, abs(best - row.objective) / max(1, abs(best)))


def best_known(rows: Iterable[Row]) -> dict[str, int | None]:
    """Return the best objective of each instance; None where no plan is known."""
    best = {name: _best_row(group) for name, group in grouped(rows, "instance").items()}
    return {name: None if row is None else row.objective for name, row in best.items()}


def _best_row(rows: Sequence[Row]) -> Row | None:
    found = [(row.objective, row) for row in rows if row.objective is not None]
    pick = min if rows[0].minimise else max
    return pick(found, key=lambda item: item[0])[1] if found else None


def tightest_bound(rows: Sequence[Row]) -> int | None:
    """Return the tightest rounded bound of the rows of one instance; None where there is none."""
    bounds = [rounded_bound(row.bound, minimise=row.minimise) for row in rows if row.bound is not None]
    return (max if rows[0].minimise else min)(bounds, default=None)


def with_plan_times(rows: Sequence[Row], trace_of: Callable[[Row], Trace]) -> list[Row]:
    """Return the rows with the seconds to a plan within 1 % of the best known one filled in.

    Parameters
    ----------
    trace_of
        Returns the progress of the solve of a row.
    """
    best = best_known(rows)

    def seconds(row: Row) -> float | None:
        known = best[row.instance]
        return None if known is None else time_to_plan(trace_of(row), known, NEAR, minimise=row.minimise)

    return [dataclasses.replace(row, plan_1pct_s=seconds(row)) for row in rows]


def lines_of(rows: Sequence[Row], best: Mapping[str, int | None]) -> list[dict[str, Any]]:
    """Return the results of each configuration, with means over the same problems.

    Parameters
    ----------
    rows
        Rows of any configurations.
    best
        Best known objective of each instance; None where no plan is known.

    Returns
    -------
    list of dict
        `label`; `runs`, `proved` (None for a configuration that cannot prove), `failed` (ended by a fault),
        numbers of solves; `best`, solves whose plan is the best known one; `peak_mb`, the largest memory of
        any solve. Over the `shared` problems (a number) that every configuration was run on, None without
        one: `sgm_1s`, `sgm_10s`, shifted geometric means of the seconds to proof, time-outs at their limit,
        and `mean_gap`, the mean of the gaps, each at most 1 (None for a configuration that cannot prove);
        `claimed_gap`, that mean with the gaps that the solver told (None without an unconfirmed one);
        `mean_loss`, mean distance of the plan from the best known one, each at most 1; `near_s`, shifted
        geometric mean (1 s) of the seconds to a plan within 1 %, time-outs at the limit. Over the `roots`
        problems on which every configuration that has root bounds has one: `root_gap`, mean distance of the
        root bound from the best known plan, each at most 1; `root_s`, shifted geometric mean (1 s) of the
        seconds to it; `is_root_told`, whether one of these solves claimed more than was confirmed.
    """
    groups = grouped(rows, "label")
    shared = common(groups.values())
    rooted = [[row for row in found if row.root_s is not None] for found in groups.values()]
    with_root = common(filter(None, rooted))

    def line(label: str, rows: Sequence[Row]) -> dict[str, Any]:
        keyed = by_problem(rows)
        same, roots = ([keyed[key] for key in keys if key in keyed] for keys in (shared, with_root))
        able, roots = same if proves(rows[0]) else [], [row for row in roots if row.root_s is not None]
        times, gaps = [time_of(row) for row in able], [min(1.0, left_open(row, None)) for row in able]
        near = [row.limit_s if row.plan_1pct_s is None else row.plan_1pct_s for row in same]
        claims = [(row.claimed_gap, gap) for row, gap in zip(able, gaps, strict=True)]
        told = [gap if claim is None else min(1.0, claim) for claim, gap in claims]
        return {
            "label": label,
            "runs": len(rows),
            "proved": sum(row.proved for row in rows) if proves(rows[0]) else None,
            "failed": sum(row.termination in FAILURES for row in rows),
            "best": sum(row.objective is not None and row.objective == best[row.instance] for row in rows),
            "shared": len(shared),
            "roots": len(with_root),
            "sgm_1s": _mean(times, 1.0),
            "sgm_10s": _mean(times, 10.0),
            "mean_gap": _mean(gaps),
            "claimed_gap": None if told == gaps else _mean(told),
            "root_gap": _mean([min(1.0, _root_gap(row, best[row.instance])) for row in roots]),
            "root_s": _mean([row.root_s or 0.0 for row in roots], 1.0),
            "is_root_told": any(row.claimed_bound is not None for row in roots),
            "mean_loss": _mean([loss(row, best[row.instance]) for row in same]),
            "near_s": _mean(near, 1.0),
            "peak_mb": max(row.peak_mb for row in rows),
        }

    return [line(*item) for item in groups.items()]


def _mean(values: Sequence[float], shift: float | None = None) -> float | None:
    """Return the mean, with a shift the shifted geometric one; None without values."""
    if not values:
        return None
    return fmean(values) if shift is None else shifted_geometric_mean(values, shift)


def _root_gap(row: Row, best: int | None) -> float:
    """Return the relative distance of the bound at the root from the best known plan."""
    if best is None or row.root_bound is None:
        return math.inf
    return gap_of(best, row.root_bound, minimise=row.minimise) or 0.0


def shifted_geometric_mean(values: Sequence[float], shift: float) -> float:
    """Return (prod (v + shift))^(1/n) - shift.

    Parameters
    ----------
    values
        At least one, each > -shift.
    shift
        Reduces the influence of small values on the mean.
    """
    return geometric_mean(value + shift for value in values) - shift


def paired_ratio(slow: Sequence[float], fast: Sequence[float], shift: float) -> float:
    """Return the geometric mean of the ratios of shifted times, problem by problem.

    Parameters
    ----------
    slow, fast
        Times on the same problems in the same order.
    shift
        Added to both times of a ratio.

    Returns
    -------
    float
        (prod (slow + shift) / (fast + shift))^(1/n); above 1 where `fast` is faster.
    """
    return geometric_mean((a + shift) / (b + shift) for a, b in zip(slow, fast, strict=True))


def ratio_of_means(slow: Sequence[float], fast: Sequence[float], shift: float) -> float:
    """Return the ratio of the shifted geometric means of times on the same problems."""
    return shifted_geometric_mean(slow, shift) / max(shifted_geometric_mean(fast, shift), LEAST_S)


def performance_ratios(times: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    """Return the performance ratios r_{p,s} = t_{p,s} / min_s t_{p,s} (Dolan and More 2002, section 2).

    Parameters
    ----------
    times
        For each solver s the times t_{p,s} on the same problems p in the same order; infinity: not solved.

    Returns
    -------
    dict
        Ratios >= 1 for each solver; infinity where it failed, and for all solvers where all failed.

    Raises
    ------
    ValueError
        When the solvers have different numbers of problems.
    """
    table = np.maximum(list(times.values()), LEAST_S)
    ratios = np.where(np.isfinite(table), table / np.minimum(table.min(axis=0), sys.float_info.max), math.inf)
    return dict(zip(times, map(tuple, ratios.tolist()), strict=True))


def performance_profile(ratios: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Return rho_s as a step function: rho_s(tau) = (number of problems with r_{p,s} <= tau) / n_p.

    Parameters
    ----------
    ratios
        Ratios of one solver over all problems; infinite ones never count as solved.

    Returns
    -------
    tuple of tuple
        (tau, rho) at each step, tau rising, rho the value from there on; empty when nothing was solved.
    """
    finite = sorted(ratio for ratio in ratios if math.isfinite(ratio))
    return tuple({tau: (number + 1) / len(ratios) for number, tau in enumerate(finite)}.items())


def speedups(groups: Mapping[str, Sequence[Row]], trace_of: Callable[[Row], Trace]) -> list[dict[str, Any]]:
    """Compare every configuration that can prove with every baseline.

    Parameters
    ----------
    groups
        Rows by configuration, from `grouped`.
    trace_of
        Returns the progress of the solve of a row.

    Returns
    -------
    list of dict
        `baseline` and `other`, their labels; `what` (`proof` or `gap`); `problems` (instance and seed)
        compared; `baseline_outs`, `other_outs`, solves that count at their time limit because they did not
        get there; `ratio`, shifted geometric mean of the baseline over that of the other (shift 1 s);
        `paired`, geometric mean of the ratios of shifted times problem by problem.
    """
    able = {label: rows for label, rows in groups.items() if proves(rows[0])}
    found = []
    for baseline, rows in able.items():
        if rows[0].variant not in BASELINES:
            continue
        for other, rivals in able.items():
            if rivals[0].variant in (rows[0].variant, "compact"):
                continue
            keyed = by_problem(rivals)
            pairs = [(row, keyed[key]) for key, row in by_problem(rows).items() if key in keyed]
            for what, times in (("proof", _to_proof(pairs)), ("gap", _to_gap(pairs, trace_of))):
                if compared := list(times):
                    slow, fast, *outs = zip(*compared, strict=True)
                    late, later = map(sum, outs)
                    names = {"baseline": baseline, "other": other, "what": what, "problems": len(compared)}
                    ratio, paired = (of(slow, fast, SHIFT_S) for of in (ratio_of_means, paired_ratio))
                    counts = {"baseline_outs": late, "other_outs": later}
                    found.append({**names, **counts, "ratio": ratio, "paired": paired})
    return found


type Compared = tuple[float, float, bool, bool]
"""Seconds of the baseline and of the other on a problem, and whether either counts at its time limit."""


def _to_proof(pairs: Sequence[tuple[Row, Row]]) -> Iterator[Compared]:
    """Yield times to proof on the problems on which the baseline needs more than `EASY_S`."""
    for a, b in pairs:
        if time_of(a) > EASY_S:
            # A limit shorter than the baseline's must not make a time-out look fast.
            fast = time_of(b) if b.proved else max(a.limit_s, b.limit_s)
            yield time_of(a), fast, not a.proved, not b.proved


def _to_gap(pairs: Sequence[tuple[Row, Row]], trace_of: Callable[[Row], Trace]) -> Iterator[Compared]:
    """Yield times to the last gap of the baseline, where it needs more than `SLOW_S` or was cut off.

    The time of the baseline is that at which it first had its last gap.
    """
    for a, b in pairs:
        if a.gap is not None and not (a.proved and a.seconds <= SLOW_S):
            reached, rival = (time_to_gap(trace_of(row), a.gap, minimise=row.minimise) for row in (a, b))
            slow = a.limit_s if reached is None else min(a.limit_s, reached)
            fast = max(a.limit_s, b.limit_s) if rival is None else min(b.limit_s, rival)
            yield slow, fast, not a.proved, rival is None


def contradictions(rows: Iterable[Row]) -> list[str]:
    """Return outcomes that cannot be true together, and outcomes that the independent check refused.

    On each instance every bound, rounded to the integer it allows, must be at least every objective found by
    any configuration (at most, where cost is minimised), and no plan may exist where infeasibility was
    proved.
    """
    return [text for group in grouped(rows, "instance").values() for text in _contradictions(group)]


def _contradictions(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.check not in ("ok", "no result"):
            yield f"{row.instance}: {_solve(row)}: the independent check refused it: {row.check}"
    best = _best_row(rows)
    if best is None or best.objective is None:
        return
    for row in rows:
        if row.status == "infeasible":
            yield f"{row.instance}: {_solve(row)} proved that there is no plan, {_solve(best)} has one"
        elif row.bound is not None:
            limit = rounded_bound(row.bound, minimise=row.minimise)
            if best.objective < limit if row.minimise else best.objective > limit:
                yield (
                    f"{row.instance}: the objective {best.objective} of {_solve(best)} is better than the "
                    f"bound {row.bound:.6f} of {_solve(row)}"
                )


def _solve(row: Row) -> str:
    return f"{row.label} (seed {row.seed}, {row.time_limit_s:g} s)"
