"""Propose railways: new lines, faster tracks, and curves that connect lines."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from optimiser.proposals.base_case import LONGEST_TODAY_S, great_circle_km, line_km, nearby
from optimiser.proposals.costs import Alignments, Line, drawn
from optimiser.proposals.table import Proposal
from optimiser.proposals.terrain import Terrain, mean_kmh, speeds_on
from optimiser.proposals.trains import TrackPath, Tracks, Train, train_arcs

type OnwardRun = tuple[int, TrackPath]
"""A core city, and a train's run from an end of a new line over today's tracks to a station of the city."""


def propose_lines(
    tracks: Tracks,
    pairs: Iterable[tuple[int, int]],
    left_out: Counter[str],
    *,
    by: Alignments | None = None,
    kind: str = "rail_link",
    longest_km: float | None = None,
) -> Iterator[Proposal]:
    """Propose new lines between cities where trains would be much faster than anything today.

    Trains of a new line run on over today's tracks to the nearest core city, at one end at most. A line is
    of use where its track brings more pairs within the limit than its trains would on today's tracks.

    Parameters
    ----------
    tracks
        Today's stations, tracks and trains, with the rules for railways.
    pairs
        Neighbouring cities, or others.
    left_out
        Reason to count; added to.
    by
        How lines run, and where there are mountains, in which trains are slower; None: straight, on plain.
    kind
        Kind with which the reasons begin; `rail_link` joins neighbours.
    longest_km
        Longest line, as the crow flies; None: that of the rules for railways.

    Yields
    ------
    Proposal
        One a pair.
    """
    rules, base = tracks.rules, tracks.base
    longest_km, by = rules.longest_km if longest_km is None else longest_km, by or Alignments(base)
    running = Train(rules.fast_class, rules.new_headway_s, rules.turn_s).km_a_day(1.0, rules.hours_a_day)
    for pair in pairs:
        direct_km = base.straight_km(*pair)
        speed = rules.fast_kmh if direct_km >= rules.fast_least_km else rules.usual_kmh
        if direct_km < rules.shortest_km:
            left_out[f"{kind}: shorter than {rules.shortest_km:g} km"] += 1
            continue
        if direct_km > longest_km:
            left_out[f"{kind}: longer than {longest_km:g} km"] += 1
            continue
        standard = rules.fast_standard if speed >= rules.fast_kmh else rules.usual_standard
        line = by.line(base.straight_line(*pair), {standard: 1.0, "running": running})
        kmh = running_kmh(tracks, line, speed, by.ground)
        run_s = tracks.times.run_s(line_km(line) * rules.route_factor, kmh)
        if slow := _too_slow(tracks, pair, run_s):
            left_out[f"{kind}: {slow}"] += 1
        elif tracks.fastest_s(*pair) <= rules.tracks_do * run_s:
            left_out[f"{kind}: today's tracks are nearly as fast"] += 1
        else:
            found, added = _line(tracks, pair, line, (standard, speed), run_s, near=kind == "rail_link")
            if added < rules.line_least_pairs:
                few = f"fewer than {rules.line_least_pairs} pairs more than its trains on today's tracks"
                left_out[f"{kind}: its track brings {few}"] += 1
            else:
                yield found


def running_kmh(tracks: Tracks, line: Line, design_kmh: float, ground: Terrain) -> float:
    """Return the mean speed of a new line: less in mountains and near core cities than it is built for.

    So run trains on the lines of today, whose speeds the map states.
    """
    base, rules = tracks.base, tracks.rules
    points, kmh = speeds_on(line, ground, design_kmh, rules.mountain_kmh)
    lon, lat = points.T
    for core in (core for core, tier in enumerate(base.tiers) if tier == "core"):
        near, _ = nearby(base.lon[core], base.lat[core], lon, lat, within_km=rules.approach_km)
        kmh[near] = np.minimum(kmh[near], rules.approach_kmh)
    return mean_kmh(kmh)


def _too_slow(tracks: Tracks, pair: tuple[int, int], run_s: int) -> str:
    """Say so where a train that runs without a stop saves too little on today's best train or road."""
    today, share = tracks.ride_today_s(*pair), tracks.rules.time_ratio
    if today is None or tracks.times.ride_s([run_s]) <= share * today:
        return ""
    return f"its train takes over {share:g} of today's best time on the way"


def _line(
    tracks: Tracks, pair: tuple[int, int], line: Line, built: tuple[str, float], run_s: int, *, near: bool
) -> tuple[Proposal, int]:
    """Return a new line, whose trains run on to a core city, and the number of pairs that its track brings.

    These are the pairs that its trains bring within the limit, and would not on today's tracks.
    """
    base, rules, (a, b) = tracks.base, tracks.rules, pair
    ends = [(city, tracks.stations[city][0] if tracks.stations[city] else None) for city in pair]
    length_km = line_km(line) * rules.route_factor
    candidate_id = f"rail-new:{base.ids[a]}-{base.ids[b]}"
    train = Train(rules.fast_class, rules.new_headway_s, rules.turn_s)
    calls, before_s, after_s = list(ends), list[int](), list[int]()
    links, on_km, on = tuple[int, ...](), 0.0, ""
    onward = [(at, run) for at, end in enumerate(ends) if (run := onward_run(tracks, pair, *end))]
    if onward:
        at, (core, path) = min(onward, key=lambda one: one[1][1].run_s)
        calls.insert(len(ends) * at, (core, path.nodes[-1]))
        (after_s if at else before_s).append(path.run_s)
        links, on_km, on = path.links, path.length_km, f"; trains run on to {base.names[core]}"
    stops = [tracks.stop(*call) for call in calls]
    minutes, today = tracks.times.ride_s([run_s]) / 60.0, tracks.ride_today_s(a, b)
    best = "no way today" if today is None else f"{today / 60.0:.0f} min on the way today"
    proposal = tracks.proposal(
        candidate_id,
        pair,
        stops,
        [*before_s, run_s, *after_s],
        train,
        links,
        run_km=length_km + on_km,
        length_km=length_km,
        speed_kmh=built[1],
        standard=built[0],
        why=f"{'neighbours; ' if near else ''}{minutes:.0f} min by a new line, {drawn(line)}, {best}{on}",
        geometry=line,
    )
    (_, first), (_, last) = ends
    others_s = tracks.of_pairs(base.skim)
    with_s = np.minimum(others_s, tracks.of_pairs(base.skim_with(proposal.arcs)[0]))
    if first is not None and last is not None and np.isfinite(tracks.run_s(first, last)):
        runs_s = [*before_s, round(tracks.run_s(first, last)), *after_s]
        on_tracks = train_arcs(candidate_id, stops, runs_s, train, tracks.times)
        others_s = np.minimum(others_s, tracks.of_pairs(base.skim_with(on_tracks)[0]))
    saved_hours = tracks.saved_hours(with_s, others_s)
    return replace(proposal, saved_hours=saved_hours), tracks.brought(with_s, others_s)


def onward_run(tracks: Tracks, pair: tuple[int, int], city: int, row: int | None) -> OnwardRun | None:
    """Return how a train runs on from an end of a new line to the nearest core city over today's tracks.

    Parameters
    ----------
    tracks
        Today's stations and tracks.
    pair
        The ends of the new line; it runs on to neither, nor back past the other one.
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
    if path is None or any(set(path.nodes) & set(tracks.stations[other]) for other in pair if other != city):
        return None
    return core, path


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
        elif slow := _too_slow(tracks, (a, b), run_s):
            left_out[f"rail_upgrade: {slow}"] += 1
        else:
            yield tracks.proposal(
                f"rail-upgrade:{base.ids[a]}-{base.ids[b]}",
                (a, b),
                [tracks.stop(a, path.nodes[0]), tracks.stop(b, path.nodes[-1])],
                [run_s],
                Train(rules.slow_class, rules.new_headway_s, rules.turn_s),
                tracks.fast_links(path, rules.upgrade_kmh),
                run_km=path.length_km,
                length_km=path.slow_km,
                speed_kmh=rules.upgrade_kmh,
                standard=rules.upgrade_standard,
                why=(
                    f"{path.slow_km:.0f} km of {path.length_km:.0f} km of track"
                    f" are slower than {rules.upgrade_kmh:g}"
                ),
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
    best: dict[int, tuple[float, tuple[int, int], int]] = {}

    key = ("curves", tracks.rules, rules)
    sites = tracks.base.once((*key, "sites"), lambda: list(_sites(tracks, rules)))
    way_s, station, end = tracks.base.once((*key, "ways"), lambda: _approaches(tracks, sites))
    curve_s = np.array([_curve_s(tracks, site, rules) for site in sites], dtype=np.float64)
    for pair in open_pairs:
        a, b = tracks.base.in_id_order(*pair)
        run_s = way_s[:, :, a] + way_s[:, ::-1, b] + curve_s[:, None]
        run_s[station[:, :, a] == station[:, ::-1, b]] = np.inf
        if not np.isfinite(run_s).any():
            continue
        at, side = divmod(int(np.argmin(run_s)), 2)  # of equally fast ones the first site
        saved = min(tracks.fastest_s(a, b), LONGEST_TODAY_S) - float(run_s[at, side])
        if saved < rules.gain_s:
            left_out[f"connecting_curve: its train saves under {rules.gain_s // 60} min of running"] += 1
        elif at not in best or saved > best[at][0]:
            best[at] = saved, (a, b), side
    for at, (saved, (a, b), side) in best.items():
        ends = (at, side, a), (at, 1 - side, b)
        ways = [(place[1], int(station[place]), int(end[place])) for place in ends]
        if tracks.runs_today((a, b), (ways[0][1], ways[1][1]), rules.headway_s):
            left_out["connecting_curve: as many direct trains run today"] += 1
            continue
        both_s = max(1, round(float(way_s[ends[0]] + way_s[ends[1]])))
        yield _curve(tracks, rules, sites[at], (a, b), ways, run_s=both_s, saved_s=saved)


def _sites(tracks: Tracks, rules: CurveRules) -> Iterator[_Site]:
    """Yield the places where links without a common end cross, or a line ends near another one."""
    lines, ends = tracks.lines, tracks.ends
    tree = shapely.STRtree(lines)
    for one, other in tree.query(lines, predicate="crosses").T.tolist():  # each pair both ways
        if one < other and not set(ends[one].tolist()) & set(ends[other].tolist()):
            cut = shapely.intersection(lines[one], lines[other])
            yield _site(lines, (one, other), shapely.get_coordinates(cut)[0], None)
    degree = np.bincount(ends.ravel())
    for one in np.flatnonzero((degree[ends] == 1).any(axis=1)).tolist():
        for node in (node for node in ends[one].tolist() if degree[node] == 1):
            place = np.array(tracks.places[node])
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


def _approaches(
    tracks: Tracks, sites: Sequence[_Site]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the fastest run from a station of each city to each side of each site.

    Returns
    -------
    seconds, station, end : numpy.ndarray
        float64 and int64 [sites, 2, cities]: running time, infinite for cities without such a run; rail rows
        of the station where it starts, -1 without one, and of the end of the link by which it comes.
    """
    links = np.array([site.links for site in sites], dtype=np.int64).reshape(-1, 2)
    share = np.array([site.shares for site in sites], dtype=np.float64).reshape(-1, 2)
    ends = tracks.ends[links]
    along_s = np.stack([share, 1.0 - share], axis=-1) * tracks.link_s[links][..., None]
    shape = (len(sites), 2, len(tracks.stations))
    seconds, station, end = np.full(shape, np.inf), np.full(shape, -1), np.full(shape, -1)
    for city, rows in enumerate(tracks.stations):
        if rows:
            runs_s = np.stack([tracks.runs_s(row)[ends] + along_s for row in rows], axis=2)
            options = runs_s.reshape(len(sites), 2, 2 * len(rows))  # of each station tail and head
            first = options.argmin(axis=-1)
            seconds[:, :, city] = options.min(axis=-1)
            found = np.isfinite(seconds[:, :, city])
            station[:, :, city] = np.where(found, np.array(rows)[first // 2], -1)
            end[:, :, city] = np.take_along_axis(ends, first[..., None] % 2, axis=-1)[..., 0]
    return seconds, station, end


def _curve_km(site: _Site, rules: CurveRules) -> float:
    return max(rules.least_km, rules.curve_factor * site.km)


def _curve_s(tracks: Tracks, site: _Site, rules: CurveRules) -> int:
    return tracks.times.run_s(_curve_km(site, rules), rules.curve_kmh)


def _curve(
    tracks: Tracks,
    rules: CurveRules,
    site: _Site,
    pair: tuple[int, int],
    ways: Sequence[tuple[int, int, int]],
    *,
    run_s: int,
    saved_s: float,
) -> Proposal:
    """Return a curve with its train.

    `ways` are side of the site, station, and end of the link by which it comes, of both cities; `run_s` is
    the running time to both sides.
    """
    lines, curve_km = tracks.lines, _curve_km(site, rules)
    links, parts_km, ends_km = list[int](), list[float](), list[float]()
    for side, station, end in ways:
        path, own, share = tracks.path(station, end), site.links[side], site.shares[side]
        links += [*(path.links if path else ()), own]
        parts_km.append(path.length_km if path else 0.0)
        part = share if end == tracks.ends[own, 0] else 1.0 - share
        ends_km.append(float(tracks.length_km[own]) * part)
    base, (a, b) = tracks.base, pair
    return tracks.direct_train(
        f"rail-curve:{base.ids[a]}-{base.ids[b]}",
        [(city, station) for city, (_, station, _) in zip(pair, ways, strict=True)],
        [run_s + _curve_s(tracks, site, rules)],
        links,
        length_km=curve_km + sum(parts_km) + ends_km[0] + ends_km[1],
        headway_s=rules.headway_s,
        standard="junction",
        why=(
            f"{curve_km:.1f} km of track join two lines that have no connection; a train every"
            f" {rules.headway_s // 60} min over it runs {saved_s / 60:.0f} min less than today's tracks allow"
        ),
        geometry=shapely.line_merge(
            shapely.MultiLineString([*lines[links], shapely.LineString(site.points)])
        ),
        units=curve_km / rules.least_km,
    )
