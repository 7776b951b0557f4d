"""Hold all outcomes on an instance against each other: a bound that a plan beats is a false proof."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from optimiser.bench.rows import Row
from optimiser.problem.errors import VerificationError
from optimiser.problem.result import rounded_bound


def contradictions(rows: Iterable[Row]) -> list[str]:
    """Return what cannot be true together, and outcomes that the independent check refused.

    On each instance every bound, rounded to the integer it allows, must be at least every objective found
    (at most, where cost is minimised), by whatever way; and no plan may exist where one way proved that
    there is none.

    Parameters
    ----------
    rows
        The whole table.
    """
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.instance].append(row)
    return [text for group in grouped.values() for text in _of_instance(group)]


def _of_instance(rows: Sequence[Row]) -> Iterator[str]:
    yield from (
        f"{row.instance}: {_who(row)}: the independent check refused it: {row.check}"
        for row in rows
        if row.check not in ("ok", "no result")
    )
    found = [row for row in rows if row.objective is not None]
    if not found:
        return
    best = best_row(found)
    for row in rows:
        if row.status == "infeasible":
            yield f"{row.instance}: {_who(row)} proved that there is no plan, {_who(best)} has one"
        elif row.bound is not None and _beaten(row, best):
            yield (
                f"{row.instance}: the bound {row.bound:.6f} of {_who(row)} is beaten by the objective "
                f"{best.objective} of {_who(best)}"
            )


def best_row(found: Sequence[Row]) -> Row:
    """Return the row with the best objective of one instance."""
    if found[0].minimise:
        return min(found, key=lambda row: row.objective if row.objective is not None else 0)
    return max(found, key=lambda row: row.objective if row.objective is not None else 0)


def _beaten(row: Row, best: Row) -> bool:
    if row.bound is None or best.objective is None:
        return False
    limit = rounded_bound(row.bound, minimise=row.minimise)
    return best.objective < limit if row.minimise else best.objective > limit


def _who(row: Row) -> str:
    return f"{row.label} (seed {row.seed}, {row.time_limit_s:g} s)"


def refuse_contradictions(rows: Iterable[Row]) -> None:
    """Return when all outcomes can be true together.

    Parameters
    ----------
    rows
        The whole table.

    Raises
    ------
    VerificationError
        With every contradiction.
    """
    faults = contradictions(rows)
    if faults:
        raise VerificationError(
            "the outcomes contradict each other: at least one proof is false",
            faults=faults,
            done="Table, figures and summary are written, and name the contradictions.",
            remedy="Do not use these results; report the problem files named.",
        )
