"""Say what the numbers of a bench mean, and where they cannot be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from optimiser.bench.rows import Row
from optimiser.bench.speedups import SHIFT_S
from optimiser.bench.table import comparable, labelled, proves

BUSY = 0.1
"""Share of the machine that others may take before a time is no measure."""


def footnotes(rows: Sequence[Row]) -> list[str]:
    """Return the footnotes of a summary: what each measure is, then what limits this table.

    Parameters
    ----------
    rows
        The table.
    """
    return [*_meanings(rows), *_limits(rows)]


def _meanings(rows: Sequence[Row]) -> Iterator[str]:
    outs = sum(not row.proved for row in rows if proves(row))
    able = sum(proves(row) for row in rows)
    yield (
        "Seconds are wall time of reduction and solve, without imports, start of processes, reading and the "
        "final check; a tiny problem was solved in each way before, so that no solve pays for compilation."
    )
    yield (
        f"[1] Shifted geometric mean of the seconds to proof; a time-out counts at its limit, so means of "
        f"ways that time out are too low. {outs} of {able} solves of ways that can prove ended without proof."
    )
    yield "[2] Arithmetic mean of the gaps at the end, each at most 100 %; no plan counts 100 %."
    yield "[3] Mean distance of the plan from the best that any way found on the instance."
    yield (
        "[4] Shifted geometric mean (1 s) of the seconds to the first plan within 1 % of the best known one; "
        "never counts at the limit."
    )
    yield (
        "[5] Largest resident memory of a solve, all its processes together (the parent, which reads, "
        "reduces and checks, and the solver), sampled every 0.1 s; shared pages count twice."
    )
    yield (
        f"[6] First the ratio of the shifted geometric means (shift {SHIFT_S:g} s), then the geometric mean "
        "of the ratios of the shifted times problem by problem; where the baseline was cut off, the true "
        "ratio to proof is larger, where the way was cut off, smaller."
    )
    shared = len(next(iter(comparable(rows).values()), []))
    yield (
        f"The profile (Dolan and Moré 2002) holds the {shared} problems (instance and seed) on which every "
        "way that can prove was run; a solve without proof is a failure: its ratio is infinite."
    )


def _limits(rows: Sequence[Row]) -> Iterator[str]:
    for label, group in labelled(rows).items():
        broken = Counter(row.termination for row in group)
        told = [f"{broken[why]} {why}" for why in ("crash", "memory", "killed", "refused") if broken[why]]
        if told:
            yield f"{label}: {', '.join(told)} of {len(group)} solves; they count as time-outs."
    busy = sum(row.other_load > BUSY for row in rows)
    if busy:
        yield (
            f"{busy} of {len(rows)} solves ran while other processes took more than {BUSY:.0%} of the "
            "machine: their wall times are upper limits, and comparisons between them are rough."
        )
    if len({row.source for row in rows}) > 1:
        yield "The rows come from several versions of the source."
    if len({row.machine for row in rows}) > 1:
        yield "The rows come from several machines: times of different ones cannot be compared."
    if len({row.time_limit_s for row in rows}) > 1:
        yield "Time limits differ between rows; of one instance, way and seed the longest counts."
    yield from _uneven(rows)


def _uneven(rows: Sequence[Row]) -> Iterator[str]:
    everything = {(row.instance, row.seed) for row in rows}
    for label, group in labelled(rows).items():
        missing = len(everything) - len({(row.instance, row.seed) for row in group})
        if missing:
            yield f"{label} was not run on {missing} of {len(everything)} problems; its means leave them out."
