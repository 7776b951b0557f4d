"""Propose railways: new lines, faster tracks, and curves that connect lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from optimiser.proposals.base_case import great_circle_km
from optimiser.proposals.table import Proposal
from optimiser.proposals.trains import TrackPath, Tracks, Train


@dataclass(frozen=True, slots=True)
class OnwardRun:
    """A train's run from an end of a new line over today's tracks to a station of a core city."""

    city: int
    path: TrackPath


def propose_lines(
    tracks: Tracks,
    pairs: Iterable[tuple[int, int]],
    left_out: Counter[str],
    *,
    kind: str = "rail_link",
    longest_km: float | None = None,
) -> Iterator[Proposal]:
    """Propose new lines between cities where trains would be much faster than anything today.

    Trains of a new line run on over today's tracks to the nearest core city at either end.

    Parameters
    ----------
    tracks
        Today's stations, tracks and trains, with the rules for railways.
    pairs
        Neighbouring cities, or others.
    left_out
        Reason to count; added to.
    kind
        Kind with which the reasons begin; `rail_link` joins neighbours.
    longest_km
        Longest line, as the crow flies; None: that of the rules for railways.

    Yields
    ------
    Proposal
        One a pair.
    """
    rules = tracks.rules
    longest_km = rules.longest_km if longest_km is None else longest_km
    for a, b in pairs:
        direct_km = tracks.base.straight_km(a, b)
        speed = rules.fast_kmh if direct_km >= rules.fast_least_km else rules.usual_kmh
        run_s = tracks.times.run_s(direct_km * rules.route_factor, speed)
        if direct_km < rules.shortest_km:
            left_out[f"{kind}: shorter than {rules.shortest_km:g} km"] += 1
        elif direct_km > longest_km:
            left_out[f"{kind}: longer than {longest_km:g} km"] += 1
        elif not _is_fast(tracks, (a, b), run_s):
            left_out[
                f"{kind}: its train takes over {rules.time_ratio:g} of today's best time on the way"
            ] += 1
        elif tracks.fastest_s(a, b) <= rules.tracks_do * run_s:
            left_out[f"{kind}: today's tracks are nearly as fast"] += 1
        else:
            yield _line(tracks, (a, b), speed, run_s, near=kind == "rail_link")


def _is_fast(tracks: Tracks, pair: tuple[int, int], run_s: int) -> bool:
    """Tell whether a train that runs without a stop is fast compared with today's best train or road."""
    today = tracks.ride_today_s(*pair)
    return today is None or tracks.times.ride_s([run_s]) <= tracks.rules.time_ratio * today


def _line(tracks: Tracks, pair: tuple[int, int], speed: float, run_s: int, *, near: bool) -> Proposal:
    """Return the proposal of a new line, its trains running on to core cities."""
    base, rules, (a, b) = tracks.base, tracks.rules, pair
    stations = [tracks.stations[city][0] if tracks.stations[city] else None for city in pair]
    runs_on = [onward_run(tracks, pair, city, row) for city, row in zip(pair, stations, strict=True)]
    stops = [tracks.stop(city, row) for city, row in zip(pair, stations, strict=True)]
    runs_s = [run_s]
    if (first := runs_on[0]) is not None:
        stops.insert(0, tracks.stop(first.city, first.path.nodes[-1]))
        runs_s.insert(0, first.path.run_s)
    if (last := runs_on[1]) is not None:
        stops.append(tracks.stop(last.city, last.path.nodes[-1]))
        runs_s.append(last.path.run_s)
    train = Train(rules.fast_class, rules.new_headway_s, rules.turn_s)
    minutes, today = tracks.times.ride_s([run_s]) / 60.0, tracks.ride_today_s(a, b)
    best = "no way today" if today is None else f"{today / 60.0:.0f} min on the way today"
    why = f"{'neighbours; ' if near else ''}{minutes:.0f} min by a new line, {best}"
    on = " and ".join(dict.fromkeys(base.names[run.city] for run in runs_on if run is not None))
    return tracks.proposal(
        f"rail-new:{base.ids[a]}-{base.ids[b]}",
        pair,
        stops,
        runs_s,
        train,
        (link for run in runs_on if run is not None for link in run.path.links),
        length_km=base.straight_km(a, b) * rules.route_factor,
        speed_kmh=speed,
        standard=rules.fast_standard if speed >= rules.fast_kmh else rules.usual_standard,
        why=why + (f"; trains run on to {on}" if on else ""),
        geometry=base.straight_line(a, b),
    )


def onward_run(tracks: Tracks, pair: tuple[int, int], city: int, row: int | None) -> OnwardRun | None:
    """Return how a train runs on from an end of a new line to the nearest core city over today's tracks.

    Parameters
    ----------
    tracks
        Today's stations and tracks.
    pair
        The ends of the new line; it runs on to neither.
    city, row
        The end, and the rail row of its station; a new station has no tracks to run on by.

    Returns
    -------
    OnwardRun or None
        None where the end is a core city itself, or no core city is within reach of its tracks.
    """
    tiers = tracks.base.tiers
    if row is None or tiers[city] == "core":
        return None
    cores = [core for core, tier in enumerate(tiers) if tier == "core" and core not in pair]
    ends = [(tracks.run_s(row, end), core, end) for core in cores for end in tracks.stations[core]]
    run_s, core, end = min(ends, default=(float("inf"), -1, -1))
    path = tracks.path(row, end) if run_s <= tracks.rules.onward_s else None
    return None if path is None else OnwardRun(core, path)


def propose_upgrades(
    tracks: Tracks, pairs: Iterable[tuple[int, int]], left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose to bring slow tracks between neighbours up to speed, with a fast train on them.

    Parameters
    ----------
    tracks, pairs, left_out
        As for `propose_lines`.

    Yields
    ------
    Proposal
        One a pair.
    """
    base, rules = tracks.base, tracks.rules
    for a, b in pairs:
        path = tracks.best_path(a, b)
        if path is None:
            left_out["rail_upgrade: no tracks join the cities"] += 1
            continue
        run_s = tracks.upgraded_run_s(path, rules.upgrade_kmh)
        if path.slow_km < rules.shortest_km:
            left_out[f"rail_upgrade: under {rules.shortest_km:g} km of slow track"] += 1
        elif path.length_km > rules.track_detour * base.straight_km(a, b):
            left_out[f"rail_upgrade: tracks over {rules.track_detour:g} times the straight line"] += 1
        elif not _is_fast(tracks, (a, b), run_s):
            left_out[
                f"rail_upgrade: its train takes over {rules.time_ratio:g} of today's best time on the way"
            ] += 1
        else:
            yield _upgrade(tracks, (a, b), path, run_s)


def _upgrade(tracks: Tracks, pair: tuple[int, int], path: TrackPath, run_s: int) -> Proposal:
    base, rules, (a, b) = tracks.base, tracks.rules, pair
    stops = [tracks.stop(a, path.nodes[0]), tracks.stop(b, path.nodes[-1])]
    train = Train(rules.slow_class, rules.new_headway_s, rules.turn_s)
    slow = f"{path.slow_km:.0f} km of {path.length_km:.0f} km of track"
    return tracks.proposal(
        f"rail-upgrade:{base.ids[a]}-{base.ids[b]}",
        pair,
        stops,
        [run_s],
        train,
        tracks.fast_links(path, rules.upgrade_kmh),
        length_km=path.slow_km,
        speed_kmh=rules.upgrade_kmh,
        standard=rules.upgrade_standard,
        why=f"{slow} are slower than {rules.upgrade_kmh:g}",
        geometry=tracks.line(path),
    )


@dataclass(frozen=True, slots=True)
class CurveRules:
    """Rules for connecting curves.

    Attributes
    ----------
    touch_km
        A line that ends within this distance of another one touches it.
    least_km, curve_factor
        A curve is at least `least_km` long, and so many times as long as what it bridges (1.5 km: two bends
        of 90 degrees with a radius of 500 m; assumed).
    curve_kmh
        Speed on it: a radius of 500 m allows about 80 km/h.
    headway_s
        Time between its trains.
    gain_s
        Its train runs at least so much less than today's tracks allow between its ends.
    count
        At most so many are kept: those that serve most weight of open pairs.
    """

    touch_km: float = 2.0
    least_km: float = 1.5
    curve_factor: float = 1.5
    curve_kmh: float = 80.0
    headway_s: int = 7200
    gain_s: int = 900
    count: int = 12


@dataclass(frozen=True, slots=True)
class _Site:
    """A place where two links come close: their rows, shares of their lengths up to there, km between."""

    links: tuple[int, int]
    shares: tuple[float, float]
    points: tuple[tuple[float, float], tuple[float, float]]
    km: float


@dataclass(frozen=True, slots=True)
class _Half:
    """The run from a station to one side of a site: seconds, the station, the end of the link it comes by."""

    side: int
    seconds: float
    station: int
    end: int


def propose_curves(
    tracks: Tracks, rules: CurveRules, open_pairs: Sequence[tuple[int, int]], left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose short tracks between lines that cross or touch without a connection, with direct trains.

    Parameters
    ----------
    tracks
        Today's stations, tracks and trains.
    rules
        Rules for curves.
    open_pairs
        Pairs of cities beyond the limit today; trains are proposed between these.
    left_out
        Reason to count; added to.

    Yields
    ------
    Proposal
        One a curve at most: for the pair that saves most of those for which no other curve saves more.
    """
    best: dict[_Site, tuple[float, tuple[int, int], tuple[_Half, _Half]]] = {}
    sites, halves = tracks.base.once(("curves", tracks.rules, rules), lambda: _places(tracks, rules))
    half_s, station = _half_times(halves, len(tracks.stations))
    curve_s = np.array([_curve_s(tracks, site, rules) for site in sites], dtype=np.float64)
    for pair in open_pairs:
        a, b = tracks.base.in_id_order(*pair)
        today_s = tracks.fastest_s(a, b)
        run_s = half_s[:, :, a] + half_s[:, ::-1, b] + curve_s[:, None]
        run_s[station[:, :, a] == station[:, ::-1, b]] = np.inf
        if not np.isfinite(run_s).any():
            continue
        at, side = divmod(int(np.argmin(run_s)), 2)  # of equally fast ones the first site
        saved = min(today_s, 36_000.0) - float(run_s[at, side])
        if saved < rules.gain_s:
            left_out[f"connecting_curve: its train saves under {rules.gain_s // 60} min of running"] += 1
        elif sites[at] not in best or saved > best[sites[at]][0]:
            best[sites[at]] = saved, (a, b), (halves[at][side][a], halves[at][1 - side][b])
    for site, (saved, pair, ways) in best.items():
        proposal = _curve(tracks, rules, site, pair, ways, saved)
        if proposal is None:
            left_out["connecting_curve: as many direct trains run today"] += 1
        else:
            yield proposal


def _places(
    tracks: Tracks, rules: CurveRules
) -> tuple[list[_Site], list[tuple[Mapping[int, _Half], Mapping[int, _Half]]]]:
    """Return the sites, and for each the runs from cities to both of its sides."""
    sites = list(_sites(tracks, rules))
    return sites, [(_halves(tracks, site, 0), _halves(tracks, site, 1)) for site in sites]


def _sites(tracks: Tracks, rules: CurveRules) -> Iterator[_Site]:
    """Yield the places where links without a common end cross, or a line ends near another one."""
    rail = tracks.base.rail
    if rail is None or not len(rail.links):
        return
    lines = rail.links.geometry.to_numpy()
    ends = rail.links[["tail", "head"]].to_numpy(dtype=np.int64)
    tree = shapely.STRtree(lines)
    for one, other in tree.query(lines, predicate="crosses").T.tolist():  # each pair both ways
        if one < other and not set(ends[one].tolist()) & set(ends[other].tolist()):
            cut = shapely.intersection(lines[one], lines[other])
            yield _site(lines, (one, other), shapely.get_coordinates(cut)[0], None)
    degree = np.bincount(ends.ravel(), minlength=len(rail.nodes))
    for one in np.flatnonzero((degree[ends] == 1).any(axis=1)).tolist():
        for node in (node for node in ends[one].tolist() if degree[node] == 1):
            place = np.array(tracks.place_of(node))
            reach = shapely.buffer(shapely.Point(place), 2.0 * rules.touch_km / 111.0)
            near = tree.query(reach, predicate="intersects").tolist()
            found = (_site(lines, (one, other), place, lines[other]) for other in near if other != one)
            yield from (
                site
                for site in found
                if site.km <= rules.touch_km and node not in ends[site.links[1]].tolist()
            )


def _site(
    lines: NDArray[np.object_],
    links: tuple[int, int],
    place: NDArray[np.float64],
    line: shapely.Geometry | None,
) -> _Site:
    """Return the site at a place of the first link, nearest on a line where that is the second."""
    point = shapely.Point(place)
    other = point
    if line is not None:
        other = shapely.line_interpolate_point(line, shapely.line_locate_point(line, point))
    shares = tuple(
        float(shapely.line_locate_point(lines[link], at, normalized=True))
        for link, at in zip(links, (point, other), strict=True)
    )
    (lon, lat), (other_lon, other_lat) = ((float(at.x), float(at.y)) for at in (point, other))
    km = float(great_circle_km(lon, lat, other_lon, other_lat))
    return _Site(links, (shares[0], shares[1]), ((lon, lat), (other_lon, other_lat)), km)


def _halves(tracks: Tracks, site: _Site, side: int) -> dict[int, _Half]:
    """Return for each city with tracks the fastest run from one of its stations to a side of a site."""
    link, share = site.links[side], site.shares[side]
    tail, head = tracks.ends_of(link)
    link_s = tracks.link_s(link)
    found = {}
    for city, stations in enumerate(tracks.stations):
        options = [
            ((0.0 if station == end else tracks.run_s(station, end)) + part * link_s, station, end)
            for station in stations
            for end, part in ((tail, share), (head, 1.0 - share))
        ]
        best = min(options, key=lambda option: option[0], default=None)
        if best is not None and np.isfinite(best[0]):
            found[city] = _Half(side, *best)
    return found


def _half_times(
    halves: Sequence[tuple[Mapping[int, _Half], Mapping[int, _Half]]], cities: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the seconds and stations of the runs to both sides of each site.

    Parameters
    ----------
    halves
        For each site and side the run from each city that has one.
    cities
        Number of cities.

    Returns
    -------
    seconds, station : numpy.ndarray
        float64 and int64 [sites, 2, cities]; infinite, and -1, for cities without a run.
    """
    seconds = np.full((len(halves), 2, cities), np.inf)
    station = np.full((len(halves), 2, cities), -1, dtype=np.int64)
    for at, sides in enumerate(halves):
        for side, found in enumerate(sides):
            for city, half in found.items():
                seconds[at, side, city], station[at, side, city] = half.seconds, half.station
    return seconds, station


def _curve_km(site: _Site, rules: CurveRules) -> float:
    return max(rules.least_km, rules.curve_factor * site.km)


def _curve_s(tracks: Tracks, site: _Site, rules: CurveRules) -> int:
    return tracks.times.run_s(_curve_km(site, rules), rules.curve_kmh)


def _curve(
    tracks: Tracks,
    rules: CurveRules,
    site: _Site,
    pair: tuple[int, int],
    ways: tuple[_Half, _Half],
    saved: float,
) -> Proposal | None:
    """Return the curve with its train; None where as many direct trains run today."""
    base, (a, b), curve_km = tracks.base, pair, _curve_km(site, rules)
    rail, stations = base.rail, (ways[0].station, ways[1].station)
    every = Train(tracks.rules.fast_class, rules.headway_s, tracks.rules.turn_s)
    if rail is None or tracks.runs_today(pair, stations, every):
        return None
    parts = [(_way_path(tracks, way), site.links[way.side]) for way in ways]
    links = [link for path, own in parts for link in (*(() if path is None else path.links), own)]
    length_km = curve_km + sum(0.0 if path is None else path.length_km for path, _ in parts)
    for way in ways:
        share, link = site.shares[way.side], rail.links.iloc[site.links[way.side]]
        length_km += float(link["length_km"]) * (share if way.end == int(link["tail"]) else 1.0 - share)
    run_s = max(1, round(ways[0].seconds + ways[1].seconds)) + _curve_s(tracks, site, rules)
    speed = length_km / (run_s / 3600.0) / tracks.times.access.running.factor
    train = Train(tracks.rules.train_class(speed), rules.headway_s, tracks.rules.turn_s)
    lines = [*rail.links.geometry.iloc[links].tolist(), shapely.LineString(site.points)]
    stops = [tracks.stop(city, row) for city, row in zip(pair, stations, strict=True)]
    return tracks.proposal(
        f"rail-curve:{base.ids[a]}-{base.ids[b]}",
        pair,
        stops,
        [run_s],
        train,
        links,
        length_km=length_km,
        speed_kmh=speed,
        standard="junction",
        why=(
            f"{curve_km:.1f} km of track join two lines that have no connection; a train every"
            f" {train.headway_s // 60} min over it runs {saved / 60:.0f} min less than today's tracks allow"
        ),
        geometry=shapely.line_merge(shapely.MultiLineString(lines)),
        train_km_a_day=train.km_a_day(length_km, tracks.rules.hours_a_day),
        units=curve_km / rules.least_km,
    )


def _way_path(tracks: Tracks, way: _Half) -> TrackPath | None:
    """Return the tracks from a station to the end of the link of a site; None where it stands there."""
    return None if way.station == way.end else tracks.path(way.station, way.end)
