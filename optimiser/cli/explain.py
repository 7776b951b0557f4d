"""Explain a link of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimiser.cli import screen
from optimiser.cli.options import GAP, SECONDS, Json, within

if TYPE_CHECKING:
    import pandas as pd

_MOST_ROWS = 12
"""Rows of a table that are shown."""


def explain(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    link: Annotated[str, typer.Argument(metavar="LINK", help="Rank of a link in links.csv, or its id.")],
    gap: Annotated[
        float | None,
        typer.Option(callback=within(GAP), help="Gap of the plan without it [default: that of the job]."),
    ] = None,
    time_limit: Annotated[
        float, typer.Option(callback=within(SECONDS), help="Limit of the solve without it, seconds.")
    ] = 60.0,
    json: Json = False,
) -> int:
    """Explain a link of a run: who needs it, what stands in when it goes, what it beats."""
    from optimiser.studies.finished import load_run

    with screen.progress(quiet=json) as progress:
        run = load_run(folder, progress=progress)
        try:
            with progress.step("explain", f"Solving without link {link}"):
                name = int(link) if link.isdecimal() else link
                why = run.why(name, gap=gap, time_limit_s=time_limit)
        finally:
            run.close()
    tables = {
        "Pairs that it serves, in minutes": why.pairs,
        "The best plan without it, at the same money": why.swaps,
        "Pairs that change with that plan": why.moved,
        "Candidates in its place": why.alternatives,
    }
    if json:
        names = ("pairs", "swaps", "moved", "alternatives")
        listed = {name: _records(table) for name, table in zip(names, tables.values(), strict=True)}
        head = {"rank": why.rank, "candidate_id": why.candidate_id, "title": why.title}
        screen.as_json({**head, "sentences": list(why.sentences), **listed, "not_chosen_in": list(why.cases)})
        return 0
    screen.line(f"{why.rank}. {why.title}")
    for sentence in why.sentences:
        screen.line(sentence)
    screen.line()
    for title, table in tables.items():
        rows = _records(table.drop(columns="candidate_id", errors="ignore"))
        more = f" ({_MOST_ROWS} of {len(rows)})" if len(rows) > _MOST_ROWS else ""
        screen.table(f"{title}{more}", [_shown(row) for row in rows[:_MOST_ROWS]])
    return 0


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table; what is missing is None."""
    plain = table.astype(object).where(table.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]


def _shown(row: dict[str, object]) -> dict[str, object]:
    words = {None: "", True: "yes", False: "no"}
    return {
        key.replace("_", " "): words[value] if value is None or isinstance(value, bool) else value
        for key, value in row.items()
    }
