"""Propose for a past day, and compare with what was built since."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimiser.cli import screen
from optimiser.cli.options import Job, Json, Settings

if TYPE_CHECKING:
    from optimiser.report.backcast import Backcast
    from optimiser.studies.backcast import Backcasted


def _day(text: str | None) -> date | None:
    """Return the day that an option names, or refuse it."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not a day; write YYYY-MM-DD.") from None


def backcast(
    job: Job,
    *,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="The day [default: region.as_of].")
    ] = None,
    built: Annotated[
        Path | None, typer.Option("--built", help="Table of what was built [default: the region's own].")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Run folder [default: polyring-runs/<job>-backcast].")
    ] = None,
    settings: Settings = None,
    json: Json = False,
) -> int:
    """Propose for a past day, and compare with what was built since and with simple rules."""
    from optimiser.job import find
    from optimiser.studies.backcast import backcast as run_backcast

    day = _day(as_of)
    changes = [*(settings or []), *([f"backcast.built={str(built.resolve())!r}"] if built else [])]
    with screen.progress(quiet=json) as progress:
        done = run_backcast(find(job, settings=changes), day=day, out=out, progress=progress)
    if json:
        from optimiser.report.backcast import summary

        screen.as_json({"folder": str(done.folder), "exit_code": done.exit_code, **summary(done.found)})
    else:
        _show(done)
    return done.exit_code


def _show(done: Backcasted) -> None:
    """Print what each chooser finds of what was built, along the money."""
    from optimiser.report.backcast import PURSES

    found = done.found
    then, today, total = (found.pairs[name] for name in ("then", "today", "total"))
    spent = ", ".join(f"{mode} {amount:,}" for mode, amount in found.spent.items())
    screen.line()
    screen.line(f"{found.region}, network of {found.day}")
    screen.line(f"Spent since, {found.money}: {spent}. Corridors that count: {len(found.built)}.")
    joining = int((found.built["ends_at_cities"] == 2).sum())
    share = found.joining_km / float(found.built["km"].sum())
    screen.line(f"Of these {joining} end at two of the cities compared ({share:.0%} of the km).")
    screen.line(f"Pairs of cities within the limit: {then} of {total} then, {today} with what was built.")
    for purse, words in PURSES.items():
        screen.table(
            f"Share of the built km within {found.near_km:g} km of what is proposed, {words}",
            _rows(found, purse),
            right=("money", "road", "rail", "both", "any", "corridors", "pairs"),
        )
    screen.line("road, rail: by lines of the mode; both: the two together; any: by lines of either mode.")
    screen.line("backcast.csv has as well what the rules find among lines between all neighbouring cities.")
    if done.exit_code:
        screen.line("NOT every plan is proven to the gap that was asked for; raise solve.time_limit_s.")
    screen.line(f"Files: {done.folder}  (backcast.csv, backcast.png, corridors.csv, choices.csv)")


def _rows(found: Backcast, purse: str) -> list[dict[str, object]]:
    import pandas as pd

    from optimiser.report.backcast import FIGURES, found_by_chooser

    table = found_by_chooser(found, purse)
    formats = {
        "money": "{:.0%}",
        **dict.fromkeys(FIGURES, "{:.2f}"),
        "corridors": "{:.3g}",
        "pairs": "{:.0f}",
    }
    shown = {
        name: ["" if pd.isna(value) else form.format(value) for value in table[name]]
        for name, form in formats.items()
    }
    return [dict(zip(table.columns, row, strict=True)) for row in table.assign(**shown).to_numpy().tolist()]
