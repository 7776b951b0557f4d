"""Write a plan for a GIS: one GeoPackage, drawn when it is opened, and proposals and cities as GeoJSON."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import geopandas as gpd

from optimiser.measures import coverage
from optimiser.report import files, gis_styles, ring_tables, tables
from optimiser.report.inputs import ReportInput
from optimiser.report.tables import WGS84


def write(report: ReportInput, path: Path) -> Path:
    """Write proposals, cities, today's networks and the pairs, whole or not at all.

    Parameters
    ----------
    report
        What to write.
    path
        The ``.gpkg`` file.
    """
    return files.write_whole(path, lambda part: _write_layers(layers(report), part))


def layers(report: ReportInput) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers by name: proposals, cities, network_roads, network_rail, pairs.

    `rings` and `ring_links` follow where a ring is formed, `known_rings` where rings are compared with known
    ones.
    """
    found = {
        "proposals": report.links.to_crs(WGS84),
        "cities": coverage.by_city(report.cities, report.pairs).to_crs(WGS84),
        "network_roads": report.roads[["link_class", "geometry"]].to_crs(WGS84),
        "network_rail": report.rail[["link_class", "geometry"]].to_crs(WGS84),
        "pairs": tables.pair_lines(report.cities, report.pairs),
    }
    if any(ring.is_formed for ring in report.rings):
        found |= {"rings": ring_tables.circuits(report), "ring_links": ring_tables.ring_links(report)}
    known = ring_tables.known(report)
    return found | {"known_rings": known} if len(known) else found


def _write_layers(tables: dict[str, gpd.GeoDataFrame], path: Path) -> None:
    for name, table in tables.items():
        mode = "a" if path.exists() else "w"
        table.to_file(path, layer=name, driver="GPKG", engine="pyogrio", mode=mode)
    gis_styles.dress(path)


def write_geojson(report: ReportInput, folder: Path) -> tuple[Path, ...]:
    """Write links.geojson and cities.geojson (RFC 7946: degrees, EPSG:4326), each whole or not at all."""
    found = layers(report)
    return tuple(
        files.write_whole(folder / name, partial(_write_geojson, found[layer]))
        for name, layer in (("links.geojson", "proposals"), ("cities.geojson", "cities"))
    )


def _write_geojson(table: gpd.GeoDataFrame, path: Path) -> None:
    table.to_file(path, driver="GeoJSON", engine="pyogrio", RFC7946="YES")
