"""Build a region anywhere from the world networks of scgraph_data, as a screening: classes are inferred."""

from networks.world.assembly import WorldParameters, assemble, region_file
from networks.world.geograph import require
from networks.world.towns import Area, Box, Circle, Place, Town, cities_in, find_place, merge, towns_in

__all__ = [
    "Area", "Box", "Circle", "Place", "Town", "WorldParameters", "assemble",
    "cities_in", "find_place", "merge", "region_file", "require", "towns_in",
]  # fmt: skip
