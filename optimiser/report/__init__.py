"""Show a plan: tables, a picture, a page, files for a GIS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optimiser.report.inputs import ReportInput

FILES = ("links.csv", "plan.gpkg", "plan.png", "report.html")
"""What `write` leaves in a folder; with rings also what `ring_tables.write` and `ringmap.write` leave."""


def write(report: ReportInput, folder: Path) -> tuple[Path, ...]:
    """Write all files of a report: links.csv, plan.gpkg, plan.png, report.html; each whole or not at all.

    Where the job asks for rings, rings.csv and ring_links.csv come first; where these are likened to known
    ones, ring_overlaps.csv and rings.png as well.

    Parameters
    ----------
    report
        What to show, for example from `optimiser.report.assemble.assemble`.
    folder
        Where the files shall stand.

    Returns
    -------
    tuple of pathlib.Path
        The files written.
    """
    # Matplotlib and Bokeh are slow to import; whoever only asks for a table does not pay for them.
    from optimiser.report import geopackage, links, page, picture, ring_tables, ringmap

    return (
        *ring_tables.write(report, folder),
        *ringmap.write(report, folder),
        links.write_csv(report.links, folder / "links.csv"),
        geopackage.write(report, folder / "plan.gpkg"),
        picture.write(report, folder / "plan.png"),
        page.write(report, folder / "report.html"),
    )
