"""Measure times between cities, door to door, against their mean over the departures of a day.

The trains of the day are scanned in the order of their departures for all moments at which passengers may set
out at once: the connection scan of Dibbelt, Pajor, Strasser and Wagner, ACM Journal of Experimental
Algorithmics 23 (2018), with any number of changes. It knows clock times, and nothing of headways. Access,
check-in, the least time of a change and what the wait before the first train counts are those of the model.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from networks import gtfs, intermodal, schema, skims, world
from networks.cities import from_towns
from networks.gtfs.patterns import Train
from networks.intermodal import AccessParameters
from networks.intermodal.access import Connectors, cities_to_stations
from networks.schema import Floats, Ints

WINDOW_S, STEP_S = (6 * 3600, 20 * 3600), 600
"""Passengers wish to set out at these times of day, both included, one every so many seconds."""
FASTER, SLOWER = -5.0, 10.0
"""Pairs that are farther off, in per cent of the mean, count as too fast and too slow."""
EVERY_S = 7200
"""Pairs with one so often that no other one beats in departure and arrival have regular journeys."""
LEAST_PEOPLE, LARGEST = 100_000, 100
"""The cities are the largest of so many residents that have a station near their centre."""
_NEVER = 10**8


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
    served_rows = sorted({station for pattern in built.patterns for station in pattern.stations})
    row = {station: at for at, station in enumerate(served_rows)}
    trains, fast = list[Train](), list[bool]()
    for pattern, name in zip(built.patterns, built.rail.services.lines["link_class"], strict=True):
        for one in (*pattern.out, *pattern.back):
            trains.append(replace(one, stations=tuple(row[station] for station in one.stations)))
            fast.append(access.is_fast(str(name)))
    reach = cities_to_stations(cities, nodes, parameters=access)
    mean_s, journeys = mean_times(trains, fast, reach, access)
    rows, columns = np.triu_indices(len(cities), 1)
    errors = 100.0 * ((modelled + modelled.T)[rows, columns] / (mean_s + mean_s.T)[rows, columns] - 1.0)
    regular = np.minimum(journeys, journeys.T)[rows, columns] * EVERY_S >= WINDOW_S[1] - WINDOW_S[0]
    known = np.isfinite(errors)
    return Departures(country, len(cities), errors[known], errors[known & regular])


def mean_times(
    trains: Sequence[Train], fast: Sequence[bool], reach: Connectors, access: AccessParameters
) -> tuple[Floats, Ints]:
    """Return the mean seconds between cities over the departures of the window, and its number of journeys.

    At each time passengers take that journey of the day whose length, and what the wait until it counts, are
    least together; as in the model no wait counts more than `wait_cap_s`, so that those who have one train a
    day fit their day to it.

    Parameters
    ----------
    trains, fast
        Trains of the day by rows of stations, and whether the figures of fast trains hold for each.
    reach
        Seconds between rows of cities and of stations.

    Returns
    -------
    float64, int64 [cities, cities]
        NaN without a journey; journeys that no other one beats in departure and arrival.
    """
    rules = (access.waiting_conv, access.waiting_hsr)
    share = [1.0 if rule == "turn_up" else access.schedule_weight for rule in rules]
    wished = np.arange(WINDOW_S[0], WINDOW_S[1] + 1, STEP_S)
    day = _Day(trains, fast, reach, access)
    found = np.full((len(day.stations_of), len(day.stations_of)), np.nan)
    journeys = np.zeros(found.shape, dtype=np.int64)
    for city in range(len(found)):
        leaves, is_fast, arrives = day.journeys(city)
        wait_s = leaves - wished[:, None]
        counted = np.where(wait_s < 0, np.inf, wait_s * np.array(share)[is_fast])
        counted = np.minimum(counted, access.wait_cap_s)
        in_window = (leaves >= WINDOW_S[0]) & (leaves <= WINDOW_S[1])
        for to in np.flatnonzero((arrives < _NEVER).any(axis=0)).tolist():
            takes, at = arrives[:, to] < _NEVER, arrives[:, to]
            found[city, to] = (counted[:, takes] + (at - leaves)[takes]).min(axis=1).mean()
            later = np.minimum.accumulate(np.append(at, _NEVER)[::-1])[::-1][1:]
            journeys[city, to] = np.count_nonzero((at < later) & in_window)
    return found, journeys


class _Day:
    """The trains of a day in the order of their departures, and the ways between cities and stations."""

    def __init__(
        self, trains: Sequence[Train], fast: Sequence[bool], reach: Connectors, access: AccessParameters
    ) -> None:
        self.access, self.trains = access, len(trains)
        self.check_in_s = (access.check_in_conv_s, access.check_in_hsr_s)
        self.hops = sorted(
            (one.departs_s[at], one.arrives_s[at + 1], number, *one.stations[at : at + 2], int(fast[number]))
            for number, one in enumerate(trains)
            for at in range(len(one.stations) - 1)
        )
        ways = list(zip(reach.first.tolist(), reach.second.tolist(), reach.seconds.tolist(), strict=True))
        self.stations_of = [dict[int, int]() for _ in range(1 + max(city for city, _, _ in ways))]
        self.across = defaultdict[int, dict[int, int]](dict)
        """Seconds from a train to another station of a city, over its centre."""
        for city, station, seconds in ways:
            self.stations_of[city][station] = seconds
        for own in self.stations_of:
            for (a, a_s), (b, b_s) in permutations(own.items(), 2):
                self.across[a][b] = min(access.alight_s + a_s + b_s, self.across[a].get(b, _NEVER))

    def journeys(self, city: int) -> tuple[Ints, Ints, Ints]:
        """Return when passengers may set out, whether by a fast train (0 or 1), and when they arrive.

        Arrivals have one row a departure and one column a city; those who do not arrive do so at `_NEVER`.
        """
        own, check_in_s = self.stations_of[city], self.check_in_s
        starts = {(at - own[a] - check_in_s[fast], fast) for at, _, _, a, _, fast in self.hops if a in own}
        leaves, is_fast = np.array(sorted(starts), dtype=np.int64).reshape(-1, 2).T
        size = 1 + max(max(hop[3:5]) for hop in self.hops)
        # When passengers could take a train of either kind at a station, and when they have arrived there.
        ready, there = (np.full((*of, size, len(leaves)), _NEVER) for of in ((2,), ()))
        for station, seconds in own.items():
            for kind in (0, 1):
                ready[kind, station] = leaves + seconds + check_in_s[kind]
        aboard = np.zeros((self.trains, len(leaves)), dtype=bool)
        for departs, arrives, train, a, b, fast in self.hops:
            on = aboard[train]
            on |= ready[fast, a] <= departs
            if on.any():
                np.minimum(there[b], arrives, out=there[b], where=on)
                np.minimum(ready[:, b], arrives + self.access.transfer_s, out=ready[:, b], where=on)
                for other, seconds in self.across[b].items():
                    for kind in (0, 1):
                        by = arrives + seconds + check_in_s[kind]
                        np.minimum(ready[kind, other], by, out=ready[kind, other], where=on)
        reached = np.full((len(leaves), len(self.stations_of)), _NEVER)
        for to, stations in enumerate(self.stations_of):
            for station, seconds in stations.items():
                by = there[station] + self.access.alight_s + seconds
                reached[:, to] = np.where(
                    there[station] < _NEVER, np.minimum(reached[:, to], by), reached[:, to]
                )
        return leaves, is_fast, reached
