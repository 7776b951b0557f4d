"""Make the row of a solve from what was asked, what came out and what it took."""

from __future__ import annotations

from dataclasses import asdict

from optimiser.bench import traces
from optimiser.bench.child import Measured
from optimiser.bench.plan import Run
from optimiser.bench.rows import Row, code_of
from optimiser.bench.store import Facts
from optimiser.problem.result import Result


def row_of(
    run: Run,
    facts: Facts,
    measured: Measured,
    result: Result | None,
    *,
    machine_text: str,
    code_text: str,
) -> Row:
    """Return the row of a solve.

    Parameters
    ----------
    run
        What was asked.
    facts
        Sizes of the problem.
    measured
        What the process took and told.
    result
        What came out; None when nothing did.
    machine_text, code_text
        Where and with what it was measured.
    """
    last = result.trace[-1] if result is not None and result.trace else None
    usable = result is not None and result.status in ("optimal", "feasible")
    trace = () if result is None else result.trace
    return Row(
        instance=run.instance.name,
        family=run.instance.family,
        **asdict(facts),
        variant=run.way.variant,
        solver=run.way.solver,
        seed=run.seed,
        threads=run.limits.threads,
        time_limit_s=float(run.limits.time_limit_s),
        gap_asked=float(run.limits.gap),
        status="none" if result is None else result.status,
        termination="crash" if result is None else result.termination,
        objective=result.objective if result is not None and usable else None,
        bound=None if result is None else result.bound,
        gap=None if result is None else result.gap,
        seconds=measured.wall_s if result is None else result.seconds,
        wall_s=round(measured.wall_s, 3),
        cpu_s=round(measured.cpu_s, 3),
        peak_mb=round(measured.peak_mb, 1),
        other_load=round(measured.other_load, 3),
        cuts=0 if last is None else last.cuts,
        tree_nodes=0 if last is None else last.nodes,
        plan_1pct_s=None,
        gap_1pct_s=traces.time_to_gap(trace, 0.01, minimise=facts.minimise),
        check=str(measured.told.get("check", "no result")),
        message=str(measured.told.get("fault", "")) if result is None else result.message,
        used="" if result is None else f"{result.variant} {result.solver}".strip(),
        versions="" if result is None else ", ".join(f"{k} {v}" for k, v in result.versions.items()),
        code=code_of(run.way, code_text),
        machine=machine_text,
    )
