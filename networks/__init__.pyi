from . import cities, intermodal, matrix, osm, rail, regions, road, schema, skims, storage
from .errors import FetchError, NetworksError, SchemaError, SnapError, SourceError
from .graph import from_graph, read_graph, to_graph
from .impedance import add_travel_times
from .schema import Network, Services
from .simplify import contract
from .skims import UNREACHABLE, TimeGraph
from .storage import ImportReport, read_gpkg, write_gpkg

__all__ = [
    "UNREACHABLE", "FetchError", "ImportReport", "Network", "NetworksError", "SchemaError", "Services",
    "SnapError", "SourceError", "TimeGraph", "add_travel_times", "cities", "contract", "from_graph",
    "intermodal", "matrix", "osm", "rail", "read_gpkg", "read_graph", "regions", "road", "schema", "skims",
    "storage", "to_graph", "write_gpkg",
]  # fmt: skip
