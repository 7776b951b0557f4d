"""Show on which sections of line the trains of proposals find no more room."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from optimiser.report import files

_MOST_NAMED = 5
"""So many sections are named in a note, those that keep out most proposals first."""


def tabulate(sections: pd.DataFrame, built: Collection[str]) -> pd.DataFrame:
    """Return the rows of `capacities.csv`.

    Parameters
    ----------
    sections
        Columns `section`, `line_class`, `length_km`, `tracks`, `tracks_source` (`map` or `class`), `most`,
        `today`, `left` and `use` (candidate id and trains a day), one row a section on which not all trains
        of candidates have room.
    built
        Ids of what the plan builds.

    Returns
    -------
    pandas.DataFrame
        The same sections; instead of `use` the columns `used` (trains a day that the plan adds), `candidates`
        and `kept_out` (numbers of candidates that run there, and of those that the plan does not build and
        whose trains no longer fit), `built` (ids, separated by blanks). Those that keep out most come first.
    """
    uses = sections["use"].tolist()
    used = [sum(trains for name, trains in use if name in built) for use in uses]
    free = sections["left"].to_numpy(dtype="int64") - used
    kept_out = [
        sum(name not in built and trains > room for name, trains in use)
        for use, room in zip(uses, free.tolist(), strict=True)
    ]
    table = sections.drop(columns="use").assign(
        used=pd.array(used, dtype="int64"),
        candidates=[len(use) for use in uses],
        kept_out=pd.array(kept_out, dtype="int64"),
        built=[" ".join(name for name, _ in use if name in built) for use in uses],
    )
    return table.sort_values(["kept_out", "section"], ascending=[False, True]).reset_index(drop=True)


def write(table: pd.DataFrame, folder: Path) -> Path:
    """Write capacities.csv into a folder."""
    return files.write_csv(table.round({"length_km": 1, "today": 1}), folder / "capacities.csv")


def notes(table: pd.DataFrame) -> tuple[str, ...]:
    """Return how many sections have no room for a further train, as a sentence; none where all have."""
    full = table[table["left"] == 0]
    if full.empty:
        return ()
    names = full["section"].tolist()
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    count = "1 section of line has" if len(names) == 1 else f"{len(names)} sections of line have"
    return (f"{count} no room left for further trains today: {', '.join(names[:_MOST_NAMED])}{more}.",)


def counts(table: pd.DataFrame) -> dict[str, int]:
    """Return the numbers of sections with limits that matter, without room today, and that keep some out."""
    return {
        "sections": len(table),
        "no_room_today": int((table["left"] == 0).sum()),
        "keep_out": int((table["kept_out"] > 0).sum()),
    }


def section(table: pd.DataFrame | None) -> dict[str, Any] | None:
    """Return the variables of the page's section; None where no section keeps a proposal out."""
    full = None if table is None else table[table["kept_out"] > 0]
    if full is None or full.empty:
        return None
    return {
        "count": len(full),
        "rows": [
            {
                "name": str(row["section"]),
                "line_class": str(row["line_class"]),
                "km": f"{row['length_km']:.0f}",
                "tracks": f"{row['tracks']}{'' if row['tracks_source'] == 'map' else ' (assumed)'}",
                "most": int(row["most"]),
                "today": f"{row['today']:.0f}",
                "used": int(row["used"]),
                "kept_out": f"{row['kept_out']} of {row['candidates']}",
            }
            for row in full.to_dict("records")
        ],
    }
