"""Limit the further trains on a section of line to the room that today's trains leave.

Maps draw tracks that run side by side as one. So a link that belongs to several lines (`ref`) has tracks for
fast trains and others for the rest, each with the room of its class. A link of one line has one pair of
tracks. Its class is its own, or that of most of today's trains where that is faster: a high-speed line with a
low limit within a city is still one. Where the map says how many tracks a link has, they count instead of the
usual number of its class (`room`).
"""

import functools
import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from networks.countries import read_table
from networks.rail.parameters import RailParameters
from networks.schema import Network, Services
from optimiser.problem import Capacity
from optimiser.proposals.base_case import BaseCase, great_circle_km
from optimiser.proposals.table import SECTIONS, Candidates

ALL, FAST, OTHER = "all", "fast", "other"
"""Trains that a pair of tracks is for."""
_SINGLE_TRACK, _BESIDE_FREIGHT = "conv120", "conv160"
"""Classes that usually have one track, and one pair of tracks beside freight."""
_ROUNDING = 1e-6
"""Trains a day are fractions of a headway; what falls short of a whole train by less counts as whole."""
type _Place = tuple[str, float, float]
"""An end of a link: the nearest station, longitude and latitude."""


def usual_most(level: Literal["low", "central", "high"] = "central") -> dict[str, int]:
    """Return how many trains a day and direction a section of each class carries, by class of line.

    Parameters
    ----------
    level
        Low, central or high estimate of `networks/data/rail.toml`, which gives the reasons.
    """
    return {str(name): int(row[level]) for name, row in read_table("rail.toml")["line_capacity"].items()}


def room(most: Mapping[str, int], line_class: str, tracks: int) -> int | None:
    """Return how many trains a day and direction a section carries.

    A single track is limited by trains that meet, whatever the speed, so that one track of a class that
    usually has two carries what a single-track line does (`conv120`). Two tracks of a class that usually has
    one carry what a pair of tracks beside freight does (`conv160`). Further pairs carry as much each; an odd
    track adds nothing.

    Parameters
    ----------
    most
        Trains a day and direction that a section with the usual tracks carries, by class.
    line_class
        Class of line.
    tracks
        Number of tracks; 0 for the usual number of the class.

    Returns
    -------
    int or None
        None for a class without a limit.
    """
    row = line_class
    if tracks and line_class in most:
        is_single = usual_tracks(line_class) == 1
        row = _SINGLE_TRACK if tracks == 1 and not is_single else row
        row = _BESIDE_FREIGHT if tracks > 1 and is_single else row
    return most[row] * max(1, tracks // 2) if row in most else None


def usual_tracks(line_class: str) -> int:
    """Return the usual number of tracks of a class of line in the table of capacities."""
    return int(read_table("rail.toml")["line_capacity"][line_class]["tracks"])


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
    columns = (table[name].tolist() for name in ("link_class", "ref", "tracks", "length_km"))
    rows = [
        (link, *tracks, km, *start, *end)
        for link, *own, km, (start, end) in zip(links, *columns, _places(base.rail, links), strict=True)
        for tracks in _tracks(base, own, today[link])
    ]
    return replace(candidates, sections=pd.DataFrame(rows, columns=list(SECTIONS)).astype(dict(SECTIONS)))


@functools.cache
def _least_kmh() -> dict[str, float]:
    """Return the lowest design speed of each class of line."""
    return {line.name: line.least_kmh for line in RailParameters.default().classes}


def _tracks(
    base: BaseCase, link: Sequence[Any], trains: Mapping[str, float]
) -> Iterator[tuple[str, str, int, float]]:
    """Yield the tracks of a link, given its class, lines and number of tracks.

    That is the trains that they are for, their class, their number (0 if unknown), and today's trains a day.
    Fewer than four tracks are shared by all trains; of more, fast and other trains have half each.
    """
    (own, ref, number), least_kmh = link, _least_kmh()
    fast = {name for name in {own, *trains} if base.access.is_fast(name)}
    other = {own, *trains} - fast
    is_shared = 0 < number < 4
    if len({line for line in ref.split(";") if line.strip()}) > 1 and fast and other and not is_shared:
        for use, names in ((FAST, fast), (OTHER, other)):
            fastest = max(names, key=lambda name: least_kmh.get(name, 0.0))
            yield use, fastest, number // 2, sum(trains.get(name, 0.0) for name in sorted(names))
        return
    most = max(trains, key=lambda name: (trains[name], name), default=own)
    yield ALL, max((own, most), key=lambda name: least_kmh.get(name, 0.0)), number, sum(trains.values())


def sections_in_use(base: BaseCase, candidates: Candidates, *, hours_a_day: float) -> pd.DataFrame:
    """List the sections of today's line that trains run over.

    Links that the same services of today and the same candidates run over are one section.

    Parameters
    ----------
    base
        Rail network and services of today.
    candidates
        All candidates.
    hours_a_day
        Hours of service a day.

    Returns
    -------
    pandas.DataFrame
        Columns `section` (str, named by its ends, not unique), `length_km`, `trains` (float64, of today, a
        day and direction), `links` (tuple of rows of the rail network); rows by falling `trains`.
    """
    columns = ["section", "length_km", "trains", "links"]
    if base.rail is None or base.services is None or base.services.routes.empty:
        return pd.DataFrame(columns=columns)
    users: dict[int, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for service, link in base.services.routes[["service", "link"]].to_numpy(dtype=np.int64).tolist():
        users[link][0].add(service)
    for candidate, link in candidates.runs[["candidate", "link"]].to_numpy(dtype=np.int64).tolist():
        users[link][1].add(candidate)
    merged: dict[tuple[tuple[int, ...], ...], list[int]] = defaultdict(list)
    for link in sorted(users):
        merged[tuple(tuple(sorted(some)) for some in users[link])].append(link)
    a_day = (hours_a_day * 3600.0 / base.services.lines["headway_s"]).tolist()
    km = base.rail.links["length_km"].tolist()
    found = []
    for (services, _), links in merged.items():
        name = _name(end for ends in _places(base.rail, links) for end in ends)
        trains = sum(a_day[service] for service in services)
        found.append((name, sum(km[link] for link in links), trains, tuple(links)))
    table = pd.DataFrame(found, columns=columns)
    return table.sort_values(["trains", "section"], ascending=[False, True], ignore_index=True)


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
    most, links = usual_most(), base.rail.links
    today = trains_today(base.services, range(len(links)), hours_a_day=hours_a_day)
    columns = (links[name].tolist() for name in ("link_class", "ref", "tracks"))

    def is_full(running: Mapping[str, float], *link: object) -> bool:
        rooms = (
            (room(most, line_class, number), count)
            for _, line_class, number, count in _tracks(base, link, running)
        )
        return bool(running) and all(
            carried is not None and _left(carried, count) < trains for carried, count in rooms
        )

    return np.fromiter(map(is_full, today.values(), *columns), dtype=bool, count=len(links))


def _places(rail: Network, links: Iterable[int]) -> list[tuple[_Place, _Place]]:
    """Return for both ends of links the name of the nearest station, longitude and latitude."""
    nodes = rail.nodes
    named = np.flatnonzero(((nodes["kind"] == "station") & (nodes["name"] != "")).to_numpy())
    at = shapely.get_coordinates(nodes.geometry.to_numpy())
    stations = nodes["name"].to_numpy(dtype=object)[named]
    ends = rail.links[["tail", "head"]].to_numpy(dtype=np.int64)[list(links)]
    place: dict[int, _Place] = {}
    for node in np.unique(ends).tolist():
        lon, lat = at[node].tolist()
        km = great_circle_km(lon, lat, at[named, 0], at[named, 1])
        place[node] = (str(stations[int(np.argmin(km))]) if len(named) else f"node {node}", lon, lat)
    return [(place[a], place[b]) for a, b in ends.tolist()]


def line_sections(candidates: Candidates, most: Mapping[str, int]) -> pd.DataFrame:
    """List the sections of line on which not all candidates' trains have room.

    Links that the same trains run over in the same numbers are one section, with the room of the tightest.

    Parameters
    ----------
    candidates
        Candidates with their runs and sections.
    most
        Trains a day and direction that a section with the usual tracks carries, by class; a class that is
        missing has no limit.

    Returns
    -------
    pandas.DataFrame
        Columns `section` (str, unique), `line_class`, `length_km` (of all links that are one), `tracks`
        (int64, of the tightest) and `tracks_source` (`map`, or `class` for the usual number), `most` (trains
        a day that the tightest carries), `today` (float64, trains a day that run there), `left` (int64, room
        for further trains, at least 0), `use` (tuple of candidate id and trains a day, sorted); rows by
        `section`.
    """
    ids = candidates.table["candidate_id"].tolist()
    uses = defaultdict[tuple[int, str], Counter[str]](Counter)
    for candidate, link, trains, fast in candidates.runs.itertuples(index=False):
        for tracks in (ALL, FAST if fast else OTHER):
            uses[int(link), tracks][str(ids[candidate])] += int(trains)
    merged = defaultdict[tuple[tuple[str, int], ...], list[dict[Hashable, Any]]](list)
    for row in candidates.sections.to_dict("records"):
        carried = room(most, row["line_class"], row["number"])
        use = tuple(sorted(uses[row["link"], row["tracks"]].items()))
        if use and carried is not None:
            merged[use].append(row | {"most": carried})
    found = []
    for use, rows in merged.items():
        left = [_left(row["most"], row["trains_today"]) for row in rows]
        tight = rows[left.index(min(left))]
        if sum(trains for _, trains in use) > min(left):
            km = sum(float(row["length_km"]) for row in rows)
            line_class, number = str(tight["line_class"]), int(tight["number"])
            known = (number, "map") if number else (usual_tracks(line_class), "class")
            room_and_use = tight["most"], float(tight["trains_today"]), min(left), use
            ends = (
                (row[end], row[f"{end}_lon"], row[f"{end}_lat"]) for row in rows for end in ("from", "to")
            )
            found.append((_name(ends), line_class, km, *known, *room_and_use))
    what = ["section", "line_class", "length_km", "tracks", "tracks_source"]
    table = (
        pd.DataFrame(found, columns=[*what, "most", "today", "left", "use"])
        .sort_values(["section", "use"])
        .reset_index(drop=True)
    )
    again = table.groupby("section").cumcount().tolist()
    unique = [f"{name} ({n + 1})" if n else name for name, n in zip(table["section"], again, strict=True)]
    return table.assign(section=unique)


def _left(most: int, today: float) -> int:
    """Return the whole trains a day that a section carries besides today's."""
    return max(0, math.floor(most - today + _ROUNDING))


def _name(ends: Iterable[_Place]) -> str:
    """Name a section by the stations nearest to the two of its ends that are farthest apart."""
    places = sorted({(float(lon), float(lat), str(name)) for name, lon, lat in ends})
    lon, lat = (np.array([place[at] for place in places]) for at in (0, 1))
    km = great_circle_km(lon[:, None], lat[:, None], lon[None, :], lat[None, :])
    a, b = np.unravel_index(int(np.argmax(km)), km.shape)
    names = sorted({places[a][2], places[b][2]})
    return " - ".join(names) if len(names) == 2 else f"at {names[0]}"


def capacities(sections: pd.DataFrame) -> tuple[Capacity, ...]:
    """Return the sections of `line_sections` as capacities of a problem."""
    return tuple(map(Capacity, *(sections[name].tolist() for name in ("section", "use", "left"))))
