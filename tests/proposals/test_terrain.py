"""Check shares of terrain, and crossings of water."""

from __future__ import annotations

import sys

import geopandas as gpd
import numpy as np
import pytest
import shapely

from optimiser.problem.errors import CandidateError, EnvironmentFault
from optimiser.proposals import terrain

rasterio = pytest.importorskip("rasterio")

LINE = shapely.LineString([(116.0, 40.0), (117.0, 40.0)])


def polygons(tmp_path, *classes):
    shapes = [shapely.box(116.5, 39.0, 118.0, 41.0), shapely.box(116.75, 39.0, 118.0, 41.0)]
    table = gpd.GeoDataFrame({"terrain": list(classes)}, geometry=shapes[: len(classes)], crs=4326)
    path = tmp_path / "terrain.geojson"
    table.to_file(path)
    return path


def raster(tmp_path, heights):
    path = tmp_path / "dem.tif"
    height, width = heights.shape
    profile = {
        "driver": "GTiff", "height": height, "width": width, "count": 1,
        "dtype": "float32", "crs": "EPSG:4326",
        "transform": rasterio.transform.from_bounds(115.9, 39.9, 117.1, 40.1, width, height),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(heights.astype("float32"), 1)
    return path


def test_without_terrain_all_ground_is_plain_and_flagged():
    assert terrain.survey([LINE], terrain.PLAIN).tolist() == [[1.0, 0.0, 0.0, 0.0, 0.0]]
    assert "assumed" in terrain.PLAIN.source


def test_the_roughest_polygon_counts(tmp_path):
    shares = terrain.survey([LINE], terrain.read_terrain(polygons(tmp_path, "hill", "mountain")))
    assert shares[0] == pytest.approx([0.5, 0.25, 0.25, 0.0, 0.0], abs=0.01)


def test_shares_of_each_line_sum_to_one(tmp_path):
    short = shapely.LineString([(116.4, 40.0), (116.4001, 40.0)])
    shares = terrain.survey([LINE, short], terrain.read_terrain(polygons(tmp_path, "hill")))
    assert shares.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_a_place_has_the_ground_on_which_it_lies(tmp_path):
    land = terrain.read_terrain(polygons(tmp_path, "hill"))
    place = shapely.Point(LINE.coords[0])
    twice = shapely.LineString([LINE.coords[0], LINE.coords[0]])
    assert terrain.survey([place, twice], land).sum(axis=1).tolist() == [1.0, 1.0]
    assert terrain.sample_line(place).tolist() == [list(LINE.coords[0])]


def test_no_lines_have_no_shares():
    assert terrain.survey([], terrain.PLAIN).shape == (0, 5)


def test_relief_of_a_raster_tells_plain_hills_and_mountains(tmp_path):
    rng = np.random.default_rng(1)
    heights = rng.uniform(0, 1, (100, 600))
    heights[:, 200:400] *= 100
    heights[:, 400:] *= 1000
    shares = terrain.survey([LINE], terrain.read_terrain(raster(tmp_path, heights)))
    assert shares[0] == pytest.approx([0.27, 0.40, 0.33, 0.0, 0.0], abs=0.01)


def test_ground_off_the_raster_is_plain(tmp_path):
    away = shapely.LineString([(100.0, 30.0), (100.5, 30.0)])
    source = terrain.read_terrain(raster(tmp_path, np.random.default_rng(1).uniform(0, 1000, (50, 50))))
    assert terrain.survey([away], source).tolist() == [[1.0, 0.0, 0.0, 0.0, 0.0]]


def test_other_classes_are_refused_all_at_once(tmp_path):
    with pytest.raises(CandidateError) as error:
        terrain.read_terrain(polygons(tmp_path, "swamp", "sea"))
    assert len(error.value.faults) == 2


def test_a_file_that_is_neither_polygons_nor_a_raster_is_refused(tmp_path):
    path = tmp_path / "dem.tif"
    path.write_text("<html>")
    with pytest.raises(CandidateError, match="neither"):
        terrain.read_terrain(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CandidateError, match="does not exist"):
        terrain.read_terrain(tmp_path / "none.tif")


@pytest.mark.parametrize("name", ["dem.tif", "dem.vrt", "dem.asc"])
@pytest.mark.parametrize("kind", ["vrt", "grid", "address"])
def test_only_a_geotiff_is_opened_whatever_its_name_says(tmp_path, name, kind):
    there = raster(tmp_path, np.zeros((5, 5))).rename(tmp_path / "there.tif")
    contents = {
        "vrt": f"<VRTDataset rasterXSize='5' rasterYSize='5'><SRS>EPSG:4326</SRS><VRTRasterBand band='1'>"
        f"<SimpleSource><SourceFilename>{there}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>",
        "grid": "ncols 2\nnrows 2\nxllcorner 116\nyllcorner 39\ncellsize 1\n1 2\n3 4\n",
        "address": "<GDAL_WMS><Service name='TMS'><ServerUrl>http://127.0.0.1:9/</ServerUrl></Service></GDAL_WMS>",
    }
    (tmp_path / name).write_text(contents[kind])
    with pytest.raises(CandidateError, match="GeoTIFF"):
        terrain.read_terrain(tmp_path / name)


def test_a_raster_without_rasterio_is_a_fault_of_the_environment(tmp_path, monkeypatch):
    path = raster(tmp_path, np.zeros((5, 5)))
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(EnvironmentFault, match="terrain"):
        terrain.read_terrain(path)
