"""Read road and rail networks from OpenStreetMap, and compute travel times between cities.

    import networks

    elements = networks.osm.read("region.osm.pbf")
    roads, report = networks.road.build(elements, country="CN")
    roads = networks.add_travel_times(roads)
    railways = networks.rail.build(elements)
    cities = networks.cities.snap(networks.cities.load_csv("cities.csv"), roads).cities
    skim = networks.skims.travel_times(networks.intermodal.join(roads, railways, cities))
    graph = networks.to_graph(roads)

Everything is loaded on first use, so that importing the package is fast.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from networks import cities, intermodal, matrix, osm, rail, regions, road, schema, skims, storage
    from networks.errors import FetchError, NetworksError, SchemaError, SnapError, SourceError
    from networks.graph import from_graph, read_graph, to_graph
    from networks.impedance import add_travel_times
    from networks.schema import Network, Services
    from networks.simplify import contract
    from networks.skims import UNREACHABLE, TimeGraph
    from networks.storage import ImportReport, read_gpkg, write_gpkg

__all__ = [
    "UNREACHABLE", "FetchError", "ImportReport", "Network", "NetworksError", "SchemaError", "Services",
    "SnapError", "SourceError", "TimeGraph", "add_travel_times", "cities", "contract", "from_graph",
    "intermodal", "matrix", "osm", "rail", "read_gpkg", "read_graph", "regions", "road", "schema", "skims",
    "storage", "to_graph", "write_gpkg",
]  # fmt: skip

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submodules=(
        "cities", "intermodal", "matrix", "osm", "rail", "regions", "road", "schema", "skims", "storage"
    ),
    submod_attrs={
        "errors": ["FetchError", "NetworksError", "SchemaError", "SnapError", "SourceError"],
        "graph": ["from_graph", "read_graph", "to_graph"],
        "impedance": ["add_travel_times"],
        "schema": ["Network", "Services"],
        "simplify": ["contract"],
        "storage": ["ImportReport", "read_gpkg", "write_gpkg"],
        "skims": ["UNREACHABLE", "TimeGraph"],
    },
)  # fmt: skip
