"""Read road and rail networks from OpenStreetMap, and compute travel times between cities.

    import networks

    elements = networks.osm.read("region.osm.pbf")
    roads, report = networks.road.build(elements, country="CN")
    roads = networks.add_travel_times(roads)
    railways = networks.rail.build(elements)
    cities = networks.cities.snap(networks.cities.load_csv("cities.csv"), roads).cities
    skim = networks.skims.travel_times(networks.intermodal.join(roads, railways, cities))
    graph = networks.to_graph(roads)

Everything that `__init__.pyi` names is loaded on first use, so that importing the package is fast.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
