"""Combine trains of different patterns between two stations: passengers take the first that suits them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from networks.intermodal.parameters import AccessParameters
from networks.network import Services

COMBINED = "combined"
"""Source of the headway of several services together."""

_LINES = ["service_id", "name", "link_class", "headway_s", "headway_source", "known_times", "ref"]
_STOPS = ["service", "seq", "node", "run_s", "length_km", "stop_s"]


@dataclass(frozen=True, slots=True)
class _Ride:
    """A direct ride between two stations."""

    run_s: int
    service: int
    length_km: float


def with_common_lines(services: Services, parameters: AccessParameters, *, alone: bool) -> Services:
    """Add, for each two stations with several direct services of known times, those services together.

    The trains of a real timetable have many patterns of stops, each with few trains a day. A passenger waits
    for none of them in particular but takes the first train that is fast enough to be worth it. Of the
    services between two stations, sorted by their riding times, so many are combined that waiting time (for
    all their trains together) plus mean riding time is least: the common lines of Chriqui and Robillard
    (Transportation Science 9, 1975), on which optimal strategies rest (Spiess and Florian, Transportation
    Research B 23, 1989). Modelled services are left alone, since their headways are those between two
    stations already.

    Parameters
    ----------
    services
        The services.
    parameters
        Waiting time, and the classes that board alike.
    alone
        Keep the services of known times beside their combinations. Otherwise each two stations have the
        combination alone, so that times without the wait are those of the trains that passengers take, and
        not of one fast train a day.

    Returns
    -------
    Services
        The lines of the given services, then one with two stops for each combination, whose headway has the
        source `COMBINED`. A further column `ref` (int64) is the row of the service, -1 for several together.
    """
    fast = services.lines["link_class"].isin(parameters.fast_classes).to_numpy()
    headway_s = services.lines["headway_s"].tolist()
    rides: dict[tuple[int, int, bool], list[_Ride]] = defaultdict(list)
    for service, calls in services.stops.groupby("service", sort=True):
        row = int(str(service))
        if services.lines["known_times"].iloc[row]:
            for ends, ride in _direct_rides(calls, row):
                rides[(*ends, bool(fast[row]))].append(ride)
    lines: list[tuple[object, ...]] = []
    stops: list[tuple[object, ...]] = []
    for (start, end, _), found in sorted(rides.items()):
        chosen = _attractive(found, headway_s, parameters)
        if len(chosen) > 1 or not alone:
            first, trains = chosen[0], [1.0 / float(headway_s[ride.service]) for ride in chosen]
            named = services.lines.iloc[first.service]
            together_s = max(round(1.0 / sum(trains)), 1)
            number = len(services.lines) + len(lines)
            key = f"{COMBINED}:{start}-{end}:{named['link_class']}"
            ref = first.service if len(chosen) == 1 else -1
            lines.append((key, named["name"], named["link_class"], together_s, COMBINED, True, ref))
            run_s = round(float(np.average([ride.run_s for ride in chosen], weights=trains)))
            stops += [(number, 0, start, 0, 0.0, 0), (number, 1, end, run_s, first.length_km, 0)]
    known = services.lines["known_times"].to_numpy(dtype=bool)[services.stops["service"].to_numpy()]
    given = services.stops if alone else services.stops[~known]
    numbered = services.lines.assign(ref=np.arange(len(services.lines), dtype=np.int64))
    return Services(lines=_added(numbered, lines, _LINES), stops=_added(given, stops, _STOPS))


def _direct_rides(stops: pd.DataFrame, service: int) -> list[tuple[tuple[int, int], _Ride]]:
    """Return the rides between all stops of a service, with the smaller row of the two nodes first."""
    node, run_s = stops["node"].tolist(), stops["run_s"].tolist()
    stop_s, length_km = stops["stop_s"].tolist(), stops["length_km"].tolist()
    found = []
    for a in range(len(node)):
        seconds, km = 0, 0.0
        for b in range(a + 1, len(node)):
            seconds += run_s[b] + (stop_s[b - 1] if b - 1 > a else 0)
            km += length_km[b]
            if node[a] != node[b]:
                ends = (min(node[a], node[b]), max(node[a], node[b]))
                found.append((ends, _Ride(seconds, service, km)))
    return found


def _attractive(
    found: Sequence[_Ride], headway_s: Sequence[int], parameters: AccessParameters
) -> Sequence[_Ride]:
    """Return the fastest rides whose waiting time together plus mean riding time is least."""
    ordered = sorted(found, key=lambda ride: (ride.run_s, ride.service))
    best, best_s = 0, np.inf
    trains = seconds = 0.0
    for count, ride in enumerate(ordered, start=1):
        trains += 1.0 / float(headway_s[ride.service])
        seconds += ride.run_s / float(headway_s[ride.service])
        total_s = parameters.change_wait_s(max(round(1.0 / trains), 1)) + seconds / trains
        if total_s < best_s:
            best, best_s = count, total_s
    return ordered[:best]


def _added(table: pd.DataFrame, rows: Sequence[tuple[object, ...]], columns: list[str]) -> pd.DataFrame:
    if not rows:
        return table.reset_index(drop=True)
    more = pd.DataFrame(rows, columns=columns).astype(table[columns].dtypes)
    return pd.concat([table, more], ignore_index=True)
