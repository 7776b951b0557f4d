"""Write the outputs of a bench: table, figures and summary."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from optimiser.bench import rows as table
from optimiser.bench import traces
from optimiser.bench.analysis import contradictions, longest, refuse_contradictions, with_plan_times
from optimiser.bench.rows import Key, Row, slug_of
from optimiser.bench.store import Store
from optimiser.bench.summary import summary
from optimiser.bench.traces import Trace
from optimiser.problem.jsonfile import write_atomically


def write_outputs(rows: Sequence[Row], folder: Path, *, command: str, left_out: Sequence[str] = ()) -> Path:
    """Write table, figures and summary of a bench.

    Parameters
    ----------
    rows
        Every row of the folder.
    folder
        Folder of the bench.
    command
        The command that was typed, for the summary.
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
    from optimiser.bench.figures import write_figures

    store = Store(folder)

    @cache
    def load(key: Key) -> Trace:
        return traces.load(store.trace(slug_of(key)))

    def trace_of(row: Row) -> Trace:
        return load(row.key)

    filled = with_plan_times(rows, trace_of)
    table.save(filled, store.runs)
    shown = longest(filled)
    figures = write_figures(shown, trace_of, store.folder / "figures")
    page = store.folder / "summary.md"
    faults = contradictions(filled)
    write_atomically(
        page, summary(shown, trace_of, command=command, faults=faults, figures=figures, left_out=left_out)
    )
    refuse_contradictions(filled)
    return page
