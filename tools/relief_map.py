"""Class the relief of the world for `optimiser.proposals.terrain`.

``python tools/relief_map.py pvlib-0.16.1-py3-none-any.whl`` reads the altitudes in that wheel of PyPI
(``python3 -m pip download --no-deps pvlib==0.16.1``), which is not installed. It needs the extra ``terrain``.

The roughness of ground is highest less lowest over half the side of a square (Meybeck, Green and Vörösmarty,
"A new typology for mountains and other relief classes", Mountain Research and Development 21, 2001), here of
the four squares of two by two cells round each cell; at least three are as rough as the cell. So neither a
strip of plain beside a range is rough, nor a cell beside a single hill.
"""

import argparse
import hashlib
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import rasterio
from numpy.lib.stride_tricks import sliding_window_view

FILE, SHA256 = "pvlib/data/Altitude.h5", "d3cad4677889aca72b92cbc4882e3f95024bf288888ec549362bd44563d0defd"
TARGET = Path(__file__).resolve().parents[1] / "optimiser/proposals/data/relief.npz"
STEP_M, LOWEST_M, UNKNOWN = 28, -450, 255
HILL_M, MOUNTAIN_M = 92.6, 185.2
"""Least rise over half a side of 9,260 m: 10 and 20 per mille. Meybeck's mountains begin at 20. Fans before a
range fall by up to 10 per mille: what rises less counts as plain, the cheapest ground, and so do hills that
means over cells of 9 km hide."""


def main() -> None:
    """Parse the arguments, class and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="wheel that contains the altitudes")
    with zipfile.ZipFile(parser.parse_args().wheel) as wheel, tempfile.TemporaryDirectory() as folder:
        if hashlib.sha256(wheel.read(FILE)).hexdigest() != SHA256:
            raise SystemExit(f"{FILE} is not the version that the relief is classed from")
        with rasterio.open(wheel.extract(FILE, folder)) as raster:
            # The sea is level, whatever its depth; what is unknown lies below the least depth.
            height_m = np.maximum(LOWEST_M + STEP_M * (raster.read(1).astype(np.int32) % UNKNOWN), 0)
    round_earth = np.pad(np.pad(height_m, ((0, 0), (1, 1)), mode="wrap"), ((1, 1), (0, 0)), mode="edge")
    squares = sliding_window_view(np.ptp(sliding_window_view(round_earth, (2, 2)), axis=(2, 3)), (2, 2))
    rise_m = np.partition(squares.reshape(*height_m.shape, 4), 1)[..., 1]
    relief = np.searchsorted((HILL_M, MOUNTAIN_M), rise_m, side="right").astype(np.uint8)
    np.savez_compressed(TARGET, relief=relief)
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes, {np.bincount(relief.ravel()) / relief.size}")


if __name__ == "__main__":
    main()
