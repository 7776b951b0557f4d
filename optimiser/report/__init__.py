"""Show a plan: tables, a picture, a page, files for a GIS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optimiser.report.inputs import ReportInput


def write(
    report: ReportInput, folder: Path, *, with_picture: bool = True, with_page: bool = True
) -> tuple[Path, ...]:
    """Write all files of a report, each whole or not at all.

    They are links.csv, plan.gpkg, links.geojson, cities.geojson, plan.png and report.html. Where the job asks
    for rings, rings.csv, ring_links.csv and ring_legs.csv come first; where these are compared with known
    ones, ring_overlaps.csv and rings.png as well. Each table of measures is a CSV file of its name. Where the
    job asks what shares of all pairs cost, reach.csv and reach_beyond.csv tell. Where plausible cases are
    solved, cases.csv has one row a case. Where sections of line limit trains, capacities.csv has one row a
    section.

    Parameters
    ----------
    report
        What to show, for example from `optimiser.report.inputs.assemble`.
    folder
        Folder to write into.
    with_picture, with_page
        Whether to draw plan.png and rings.png, and to write report.html.

    Returns
    -------
    tuple of pathlib.Path
        The files written.
    """
    # Matplotlib and Bokeh are slow to import; whoever asks for tables alone does not pay for them.
    from optimiser.report import geopackage, tables

    folder.mkdir(parents=True, exist_ok=True)
    written = [
        *tables.write_rings(report.rings, folder),
        *([] if report.measures is None else tables.write_measures(report.measures, folder)),
        *([] if report.reach is None else report.reach.write(folder)),
        *([] if report.cases is None else [report.cases.write(folder)]),
        *(
            []
            if report.capacities is None
            else [
                tables.write_csv(
                    report.capacities.round({"length_km": 1, "today": 1}), folder / "capacities.csv"
                )
            ]
        ),
        tables.write_links(report.links, folder / "links.csv"),
        geopackage.write(report, folder / "plan.gpkg"),
        *geopackage.write_geojson(report, folder),
    ]
    if with_picture:
        written += draw(report, folder)
    if with_page:
        from optimiser.report import page

        written.append(page.write(report, folder / "report.html"))
    return tuple(written)


def draw(report: ReportInput, folder: Path) -> list[Path]:
    """Draw plan.png and, where rings are compared with known ones, rings.png; return the files."""
    from optimiser.report import picture

    return [*picture.write_rings(report, folder), picture.write(report, folder / "plan.png")]
