"""Turn the rows of a bench into its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from optimiser.bench import rows as table
from optimiser.bench import traces
from optimiser.bench.consistency import contradictions, refuse_contradictions
from optimiser.bench.rows import Row
from optimiser.bench.store import Store
from optimiser.bench.summary import summary
from optimiser.bench.table import Trace, longest, with_plan_times
from optimiser.problem.jsonfile import write_atomically


def close(rows: Sequence[Row], folder: Path, *, command: str, left_out: Sequence[str] = ()) -> Path:
    """Write table, figures and summary of a bench.

    Parameters
    ----------
    rows
        Every row of the folder.
    folder
        Of the bench.
    command
        What was typed, for the summary.
    left_out
        What was asked for and could not be done, for the summary.

    Returns
    -------
    Path
        The summary.

    Raises
    ------
    VerificationError
        When outcomes contradict each other; all is written before.
    """
    from optimiser.bench.figures import write_all

    store = Store(folder)

    @cache
    def trace_of(row: Row) -> Trace:
        return traces.load(store.trace(row.slug))

    filled = with_plan_times(rows, lambda row: traces.load(store.trace(row.slug)))
    table.save(filled, store.runs)
    shown = longest(filled)
    page = store.folder / "summary.md"
    figures = write_all(shown, trace_of, store.folder / "figures")
    text = summary(
        shown, trace_of, command=command, faults=contradictions(filled), figures=figures, left_out=left_out
    )
    write_atomically(page, text)
    refuse_contradictions(filled)
    return page
