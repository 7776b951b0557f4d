"""Limit the further trains on a section of line to the room that today's trains leave.

Maps draw tracks that run side by side as one. So a link that belongs to several lines (`ref`) has tracks for
fast trains and others for the rest, each with the room of its class. A link of one line has one pair of
tracks. Its class is its own, or that of most of today's trains where that is faster: a high-speed line with a
low limit within a city is still one.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from networks.network import Network, Services
from networks.rail.parameters import RailParameters, read_rail_table
from optimiser.problem import Capacity
from optimiser.proposals.base_case import BaseCase, great_circle_km
from optimiser.proposals.table import SECTIONS, Candidates

type Level = Literal["low", "central", "high"]

ALL, FAST, OTHER = "all", "fast", "other"
"""Trains that a pair of tracks is for."""
_ROUNDING = 1e-6
"""Trains a day are fractions of a headway; so much is no train."""


def usual_most(level: Level = "central") -> dict[str, int]:
    """Return how many trains a day and direction a section of each class carries, by class of line.

    Parameters
    ----------
    level
        Low, central or high estimate of `networks/data/rail.toml`, which gives the reasons.
    """
    return {str(name): int(row[level]) for name, row in read_rail_table()["line_capacity"].items()}


def trains_today(
    services: Services, links: Iterable[int], *, hours_a_day: float
) -> dict[int, dict[str, float]]:
    """Return the trains a day and direction of today's services on links of the rail network, by their class.

    Parameters
    ----------
    services
        Today's services with their routes.
    links
        Rows of links.
    hours_a_day
        Hours of service a day.
    """
    a_day = (hours_a_day * 3600.0 / services.lines["headway_s"]).tolist()
    link_class = services.lines["link_class"].tolist()
    found: dict[int, dict[str, float]] = {link: defaultdict(float) for link in links}
    for service, link in services.routes[["service", "link"]].to_numpy(dtype=np.int64).tolist():
        if link in found:
            found[link][str(link_class[service])] += a_day[service]
    return found


def with_sections(base: BaseCase, candidates: Candidates, *, hours_a_day: float) -> Candidates:
    """Return candidates with the sections of today's line that their trains run over.

    Parameters
    ----------
    base
        Rail network and services of today.
    candidates
        All candidates.
    hours_a_day
        Hours of service a day, over which the trains of a service are spread.
    """
    if base.rail is None or base.services is None or candidates.runs.empty:
        return candidates
    links = np.unique(candidates.runs["link"].to_numpy(dtype=np.int64)).tolist()
    table = base.rail.links.iloc[links]
    today = trains_today(base.services, links, hours_a_day=hours_a_day)
    columns = (table[name].tolist() for name in ("link_class", "ref", "length_km"))
    least_kmh = _least_kmh()
    rows = [
        (link, *tracks, km, *place)
        for link, own, ref, km, place in zip(links, *columns, _places(base.rail, links), strict=True)
        for tracks in _tracks(base, str(own), str(ref), today[link], least_kmh)
    ]
    return replace(candidates, sections=pd.DataFrame(rows, columns=list(SECTIONS)).astype(dict(SECTIONS)))


def _least_kmh() -> dict[str, float]:
    """Return the lowest design speed of each class of line."""
    return {line.name: line.least_kmh for line in RailParameters.default().classes}


def _tracks(
    base: BaseCase, own: str, ref: str, trains: Mapping[str, float], least_kmh: Mapping[str, float]
) -> Iterator[tuple[str, str, float]]:
    """Yield the tracks of a link: the trains that they are for, their class, and today's trains a day."""
    fast = {name for name in {own, *trains} if base.access.is_fast(name)}
    other = {own, *trains} - fast
    if len({line for line in ref.split(";") if line.strip()}) > 1 and fast and other:
        for use, names in ((FAST, fast), (OTHER, other)):
            fastest = max(names, key=lambda name: least_kmh.get(name, 0.0))
            yield use, fastest, sum(trains.get(name, 0.0) for name in sorted(names))
        return
    most = max(trains, key=lambda name: (trains[name], name), default=own)
    yield ALL, max((own, most), key=lambda name: least_kmh.get(name, 0.0)), sum(trains.values())


def full_links(base: BaseCase, *, hours_a_day: float, trains: float) -> NDArray[np.bool_]:
    """Tell which links of the rail network have no room for so many further trains a day; bool [links].

    What sections carry is the central estimate.

    Parameters
    ----------
    base
        Rail network and services of today.
    hours_a_day
        Hours of service a day.
    trains
        Trains a day and direction.
    """
    if base.rail is None or base.services is None:
        return np.zeros(0 if base.rail is None else len(base.rail.links), dtype=bool)
    most, least_kmh, links = usual_most(), _least_kmh(), base.rail.links
    today = trains_today(base.services, range(len(links)), hours_a_day=hours_a_day)
    columns = zip(today.values(), links["link_class"].tolist(), links["ref"].tolist(), strict=True)
    return np.array(
        [
            bool(running)
            and all(
                line_class in most and _left(most[line_class], count) < trains
                for _, line_class, count in _tracks(base, str(own), str(ref), running, least_kmh)
            )
            for running, own, ref in columns
        ],
        dtype=bool,
    )


def _places(rail: Network, links: Iterable[int]) -> list[tuple[str, float, float, str, float, float]]:
    """Return for both ends of links the name of the nearest station, longitude and latitude."""
    nodes = rail.nodes
    named = np.flatnonzero(((nodes["kind"] == "station") & (nodes["name"] != "")).to_numpy())
    at = shapely.get_coordinates(nodes.geometry.to_numpy())
    stations = nodes["name"].to_numpy(dtype=object)[named]
    ends = rail.links[["tail", "head"]].to_numpy(dtype=np.int64)[list(links)]
    place: dict[int, tuple[str, float, float]] = {}
    for node in np.unique(ends).tolist():
        lon, lat = at[node].tolist()
        km = great_circle_km(lon, lat, at[named, 0], at[named, 1])
        place[node] = (str(stations[int(np.argmin(km))]) if len(named) else f"node {node}", lon, lat)
    return [(*place[a], *place[b]) for a, b in ends.tolist()]


def line_sections(candidates: Candidates, most: Mapping[str, int]) -> pd.DataFrame:
    """List the sections of line on which not all candidates' trains have room.

    Links that the same trains run over in the same numbers are one section, with the room of the tightest.

    Parameters
    ----------
    candidates
        Candidates with their runs and sections.
    most
        Trains a day and direction that a section carries, by class; a class that is missing has no limit.

    Returns
    -------
    pandas.DataFrame
        Columns `section` (str, unique), `line_class`, `length_km` (of all links that are one), `most` (trains
        a day that the tightest carries), `today` (float64, trains a day that run there), `left` (int64, room
        for further trains, at least 0), `use` (tuple of candidate id and trains a day, sorted); rows by
        `section`.
    """
    merged: dict[tuple[tuple[str, int], ...], list[pd.Series]] = defaultdict(list)
    for use, row in _used(candidates):
        if row["line_class"] in most:
            merged[use].append(row)
    found = []
    for use, rows in merged.items():
        left = [_left(most[row["line_class"]], row["trains_today"]) for row in rows]
        tight = rows[left.index(min(left))]
        if sum(trains for _, trains in use) > min(left):
            km = sum(float(row["length_km"]) for row in rows)
            carried = most[tight["line_class"]], float(tight["trains_today"])
            found.append((_name(rows), tight["line_class"], km, *carried, min(left), use))
    columns = ["section", "line_class", "length_km", "most", "today", "left", "use"]
    table = pd.DataFrame(found, columns=columns).sort_values(["section", "use"]).reset_index(drop=True)
    again = table.groupby("section").cumcount().tolist()
    unique = [f"{name} ({n + 1})" if n else name for name, n in zip(table["section"], again, strict=True)]
    return table.assign(section=unique)


def _used(candidates: Candidates) -> Iterator[tuple[tuple[tuple[str, int], ...], pd.Series]]:
    """Yield each pair of tracks with the trains that candidates run over it."""
    ids = candidates.table["candidate_id"].tolist()
    uses: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for candidate, link, trains, fast in candidates.runs.itertuples(index=False):
        for tracks in (ALL, FAST if fast else OTHER):
            uses[int(link), tracks][str(ids[candidate])] += int(trains)
    for _, row in candidates.sections.iterrows():
        use = tuple(sorted(uses[int(row["link"]), str(row["tracks"])].items()))
        if use:
            yield use, row


def _left(most: int, today: float) -> int:
    """Return the whole trains a day that a section carries besides today's."""
    return max(0, math.floor(most - today + _ROUNDING))


def _name(rows: Iterable[pd.Series]) -> str:
    """Name a section by the stations nearest to the two of its ends that are farthest apart."""
    ends = [(row[f"{end}_lon"], row[f"{end}_lat"], row[end]) for row in rows for end in ("from", "to")]
    places = sorted({(float(lon), float(lat), str(name)) for lon, lat, name in ends})
    lon, lat = (np.array([place[at] for place in places]) for at in (0, 1))
    km = great_circle_km(lon[:, None], lat[:, None], lon[None, :], lat[None, :])
    a, b = np.unravel_index(int(np.argmax(km)), km.shape)
    names = sorted({places[a][2], places[b][2]})
    return " - ".join(names) if len(names) == 2 else f"at {names[0]}"


def capacities(sections: pd.DataFrame) -> tuple[Capacity, ...]:
    """Return the sections of `line_sections` as capacities of a problem."""
    columns = (sections[name].tolist() for name in ("section", "use", "left"))
    return tuple(Capacity(name, use, left) for name, use, left in zip(*columns, strict=True))
