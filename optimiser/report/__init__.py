"""Show a plan: tables, a picture, a page, files for a GIS."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from optimiser.report.inputs import ReportInput


def csv_tables(report: ReportInput) -> dict[str, pd.DataFrame]:
    """Return the tables of a report by the names of their files.

    They are links.csv, pairs.csv, and one a table of measures. Where the job asks for rings, they are
    rings.csv, ring_links.csv, ring_legs.csv and ring_use.csv as well, and ring_overlaps.csv where these
    are compared with known ones. Where it states alternatives, states.csv has one row a state. Where
    plausible cases are solved, cases.csv has one row a case. Where sections of line limit trains,
    capacities.csv has one row a section.

    Parameters
    ----------
    report
        What to show, for example from `optimiser.report.inputs.assemble`.
    """
    from optimiser.report import tables

    found = tables.of_rings(report.rings, report.ring_use) | {"links.csv": tables.rounded(report.links)}
    found["pairs.csv"] = tables.pair_lines(report.cities, report.pairs).drop(columns="geometry")
    if report.measures is not None:
        found |= {f"{name}.csv": table for name, table in report.measures.rounded().items() if len(table)}
    if report.states:
        found["states.csv"] = report.state_table
    if report.cases is not None:
        found["cases.csv"] = report.cases.listed
    if report.capacities is not None:
        found["capacities.csv"] = report.capacities.round({"length_km": 1, "today": 1})
    return found


def write(report: ReportInput, folder: Path, *, with_picture: bool = True, with_page: bool = True) -> None:
    """Write all files of a report, each whole or not at all.

    They are the tables, plan.gpkg, links.geojson, cities.geojson, the pictures and report.html.

    Parameters
    ----------
    report
        What to show.
    folder
        Folder to write into.
    with_picture, with_page
        Whether to draw plan.png, rings.png and curve.png, and to write report.html.
    """
    # Matplotlib and Bokeh are slow to import; whoever asks for tables alone does not pay for them.
    from optimiser.report import geopackage, tables

    folder.mkdir(parents=True, exist_ok=True)
    for name, table in csv_tables(report).items():
        tables.write_csv(table, folder / name)
    geopackage.write(report, folder / "plan.gpkg")
    geopackage.write_geojson(report, folder)
    if with_picture:
        draw(report, folder)
        draw_curve(report, folder)
    if with_page:
        from optimiser.report import page

        page.write(report, folder / "report.html")


def draw(report: ReportInput, folder: Path) -> None:
    """Draw plan.png; where rings are compared with known ones, rings.png."""
    from optimiser.report import picture, plots
    from optimiser.report.ring_layout import known_rings

    if known_rings(report.rings):
        plots.write(picture.draw_rings(report), folder / "rings.png")
    plots.write(picture.draw(report), folder / "plan.png")


def draw_curve(report: ReportInput, folder: Path) -> None:
    """Draw curve.png of the states of a report, where it has several."""
    from optimiser.report import answer, plots

    if report.states and (curve := answer.draw(report)) is not None:
        plots.write(curve, folder / "curve.png")
