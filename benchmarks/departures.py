"""Measure times between cities, door to door, against their mean over the departures of a day.

The model has such means between stations (`networks.skims.mean_times`), and puts trips together from
these, ways to stations and rides. Here the search for journeys starts and ends in the cities, and passengers
may change between two stations of one.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from networks import gtfs, intermodal, schema, skims, world
from networks.cities import from_towns
from networks.intermodal import AccessParameters
from networks.intermodal.access import cities_to_stations
from networks.schema import Floats
from networks.skims import mean_times

FASTER, SLOWER = -5.0, 10.0
"""Pairs that are farther off, in per cent of the mean, count as too fast and too slow."""
EVERY_S = 7200
"""Pairs with one so often that no other one beats in departure and arrival have regular journeys."""
LEAST_PEOPLE, LARGEST = 100_000, 100
"""The cities are the largest of so many residents that have a station near their centre."""


@dataclass(frozen=True)
class Departures:
    """Times of the model against the mean over departures.

    Attributes
    ----------
    country
        That of most cities near stations; the cities are in it.
    errors
        Per cent of the mean, one for each pair of cities that has journeys in both directions.
    regular
        Those of pairs with a journey every `EVERY_S` of the window in either direction.
    """

    country: str
    cities: int
    errors: Floats
    regular: Floats


def compare(built: gtfs.GtfsBuild) -> Departures:
    """Compare the times between the largest cities of a feed, the mean of both directions."""
    nodes = built.rail.network.nodes
    west, south, east, north = nodes.total_bounds.tolist()
    box = world.Box(south=south, north=north, west=west, east=east)
    towns = world.cities_in(box, least_population=LEAST_PEOPLE)
    access = AccessParameters.default()
    near = cities_to_stations(from_towns(towns), nodes, parameters=access).first
    country = Counter(towns[row].country for row in np.unique(near).tolist()).most_common(1)[0][0]
    served = [towns[row] for row in np.unique(near).tolist() if towns[row].country == country]
    cities, access = from_towns(served[:LARGEST]), AccessParameters.default(country)
    graph = intermodal.join(schema.empty_network(), built.rail, cities, parameters=access)
    modelled = skims.travel_times(graph).astype(np.float64)
    modelled[modelled >= float(skims.UNREACHABLE)] = np.nan
    reach = cities_to_stations(cities, nodes, parameters=access)
    services = built.rail.services
    ways = reach.first, reach.second, reach.seconds
    mean = mean_times(services, ways, access)
    mean_s, start, end = mean.seconds + mean.seconds.T, *services.window_s
    rows, columns = np.triu_indices(len(cities), 1)
    errors = 100.0 * ((modelled + modelled.T)[rows, columns] / mean_s[rows, columns] - 1.0)
    regular = np.minimum(mean.journeys, mean.journeys.T)[rows, columns] * EVERY_S >= end - start
    known = np.isfinite(errors) & np.isfinite(mean_s[rows, columns])
    return Departures(country, len(cities), errors[known], errors[known & regular])
