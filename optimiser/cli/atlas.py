"""Compare city clusters by the same rules."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optimiser.cli import screen
from optimiser.cli.options import ClusterOption, Json, Scheduler, Workers, chosen_executor

if TYPE_CHECKING:
    from optimiser.job.model import Cluster


def atlas(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CLUSTERS]", help="A file of clusters (*.toml) [default: twelve of the world]."
        ),
    ] = None,
    *,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Measure this cluster. Repeatable.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")] = Path("polyring-runs/atlas"),
    workers: Workers = None,
    cluster: ClusterOption = None,
    scheduler: Scheduler = None,
    json: Json = False,
) -> int:
    """Compare city clusters by the same rules: who is within the limit, and what depends on the core."""
    from optimiser.job import load_clusters
    from optimiser.studies.atlas import atlas as measure

    chosen = _chosen(load_clusters(file), only or [])
    with screen.progress(quiet=json) as progress, chosen_executor(workers, cluster, scheduler) as executor:
        done = measure(chosen, out=out, progress=progress, executor=executor)
    if json:
        rows = done.found.table
        records = rows.astype(object).where(rows.notna(), None).to_dict("records")
        screen.as_json({"folder": str(done.folder), "exit_code": done.exit_code, "clusters": records})
        return done.exit_code
    _show(done.found.table.to_dict("records"))
    screen.line(f"Files: {done.folder}  (atlas.html, clusters.csv, cases.csv, tiers.csv, a map of each)")
    return done.exit_code


def _chosen(clusters: tuple[Cluster, ...], only: list[str]) -> tuple[Cluster, ...]:
    """Return the clusters that are named, or all."""
    from optimiser.job.contradictions import did_you_mean

    names = [cluster.loaded.name for cluster in clusters]
    for name in only:
        if name not in names:
            raise typer.BadParameter(
                f"there is no cluster {name}{did_you_mean(name, names)} Known: {', '.join(names)}."
            )
    return tuple(one for one in clusters if not only or one.loaded.name in only)


def _show(rows: list[dict[Hashable, Any]]) -> None:
    """Print the indicators of each cluster; shares in per cent, with the band over the cases."""
    import pandas as pd

    from optimiser.report.atlas import INDICATORS

    shown = []
    for row in rows:
        cells: dict[str, object] = {"cluster": row["title"], "cities": row["cities"]}
        if row["fault"]:
            screen.note(f"{row['title']}: {row['fault']}")
            continue
        for name, indicator in INDICATORS.items():
            factor = 100 if indicator.unit == "share" else 1
            low, value, high = (row[f"{name}{end}"] for end in ("_low", "", "_high"))
            known = not pd.isna(value)
            words = [f"{factor * one:.0f}" for one in (value, low, high)] if known else []
            cells[indicator.name] = f"{words[0]} ({words[1]}-{words[2]})" if words else ""
        shown.append(cells)
    screen.table("Shares in %, one speed in km/h; in brackets least and largest over the cases", shown)
