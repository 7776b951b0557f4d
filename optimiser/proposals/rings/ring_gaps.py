"""Propose straight links, choose those by which the gaps of a ring can be closed, and say why none can be."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from optimiser.engine.search.circuit_starts import start_circuits
from optimiser.engine.search.circuits import cover_of, lengths_m, shortest_circuit
from optimiser.proposals.base_case import BaseCase, great_circle_km, line_km, nearby, travel_time_s
from optimiser.proposals.costs import CostTable
from optimiser.proposals.generate import Rules, of_kind
from optimiser.proposals.rings.generate import GeneratedRing, RingNetwork, generate, lines_through
from optimiser.proposals.rings.graph import GraphNode, RingGraph, RingRules, within_distance
from optimiser.proposals.table import Candidates, Proposal, assemble, merge
from optimiser.proposals.terrain import Terrain
from optimiser.proposals.trains import Stop, Train, TrainTimes, stop_at_new_station, train_arcs

_LINES = 8
"""From each dead end, city and station, links to the nearest node of so many other lines are tried,"""
_FEW_LINES = 3
"""from each junction of so many,"""
_SECTORS = 8
"""and links to the nearest node in each of so many directions."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A place at which straight links may begin or end.

    Attributes
    ----------
    node
        Where it is; its key is that of the network.
    city
        Row of the city where it is one off the network at standard, else -1.
    """

    node: GraphNode
    city: int = -1


def propose_straight_links(
    graph: RingGraph,
    base: BaseCase,
    rules: RingRules,
    standards: Rules,
    *,
    cities: Sequence[int],
    longest_km: float,
) -> list[Proposal]:
    """Propose straight links between junctions, dead ends and cities; for railways, between stations.

    They lead from each of them to the nearest node in each direction and to the nearest nodes of other lines.

    Parameters
    ----------
    graph
        What exists at standard within the band, not contracted.
    base
        Networks and cities.
    rules
        Band, tiers and standard of the ring.
    standards
        Standards, speeds, and lengths over the straight line of new links.
    cities
        Rows of the cities from which links may start.
    longest_km
        Greatest straight-line length.

    Returns
    -------
    list of Proposal
        Each once, in order of their ids; far more than are of use.
    """
    built = standard_of(rules, standards)
    if built is None:
        return []
    nodes = [_Place(node) for node in graph.nodes]
    off_network = list(_cities_off_network(graph, base, rules, cities))
    places = nodes + off_network
    lines = [*lines_through(graph), *range(-len(off_network), 0)]
    lon, lat = (
        np.array([getattr(place.node, axis) for place in places], dtype=np.float64) for axis in ("lon", "lat")
    )
    can_end = np.array([place.node.can_stop for place in places], dtype=np.bool_)
    starts = _starts(graph, rules) | dict.fromkeys(range(len(nodes), len(places)), _LINES)
    pairs = {
        (min(a, b), max(a, b))
        for a, most_lines in starts.items()
        for b in _nearest(a, lines, (lon, lat), can_end, longest_km, most_lines)
    }
    ends = [(places[a], places[b]) for a, b in sorted(pairs)]
    straight = [
        shapely.LineString(sorted([(a.node.lon, a.node.lat), (b.node.lon, b.node.lat)])) for a, b in ends
    ]
    inside = within_distance(straight, rules, base).tolist()
    kept = [(*both, line) for both, line, is_inside in zip(ends, straight, inside, strict=True) if is_inside]
    named = ((link.name, graph.nodes[end].key) for link in graph.links for end in (link.tail, link.head))
    # The number or name of a road at each node where one is known.
    roads = {key: name.partition(";")[0] for name, key in sorted(named, reverse=True) if name}
    ended = dict.fromkeys(place for a, b, _ in kept for place in (a, b))
    names = {place: _name_of(base, place, roads.get(place.node.key, "")) for place in ended}
    proposed = (
        _straight_link(
            (a, b),
            line,
            (names[a], names[b]) if names[a] != names[b] else (_name_of(base, a), _name_of(base, b)),
            built,
            base,
            rules,
            standards,
        )
        for a, b, line in kept
    )
    kind = "gap" if rules.mode == "road" else "rail_link"
    found = {one.candidate_id: one for one in of_kind(kind, proposed, instrument="infrastructure")}
    return [found[candidate_id] for candidate_id in sorted(found)]


def standard_of(rules: RingRules, standards: Rules) -> tuple[str, float, float] | None:
    """Return the slowest standard that is fast enough, its speed, and length over the straight line."""
    road, rail = standards.road, standards.rail
    choices = [(road.standard, road.speed_kmh, road.route_factor)]
    if rules.mode == "rail":
        choices = [
            (getattr(rail, f"{name}_standard"), getattr(rail, f"{name}_kmh"), rail.route_factor)
            for name in ("upgrade", "usual", "fast")
        ]
    return next((one for one in choices if one[1] >= rules.speed_kmh), None)


def _starts(graph: RingGraph, rules: RingRules) -> dict[int, int]:
    """Return the nodes from which links start, each with the number of other lines to try."""
    if rules.mode == "rail":
        return {k: _LINES for k, node in enumerate(graph.nodes) if node.can_stop}
    meeting = np.bincount(graph.ends.ravel(), minlength=len(graph.nodes)).tolist()
    return {k: _LINES if count == 1 else _FEW_LINES for k, count in enumerate(meeting) if count != 2}


def _cities_off_network(
    graph: RingGraph, base: BaseCase, rules: RingRules, cities: Sequence[int]
) -> Iterator[_Place]:
    """Yield cities that are no node of the graph yet."""
    row, (lon, lat) = graph.row, base.road_points
    for city in cities:
        if rules.mode == "rail":
            station = stop_at_new_station(base, city).station_id
            yield _Place(GraphNode(station, float(base.lon[city]), float(base.lat[city])), city)
        elif (node := int(base.road_nodes[city])) >= 0 and f"road:{node}" not in row:
            yield _Place(GraphNode(f"road:{node}", float(lon[node]), float(lat[node])), city)


def _nearest(
    start: int,
    lines: list[int],
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    can_end: NDArray[np.bool_],
    longest_km: float,
    most_lines: int,
) -> set[int]:
    """Return the nearest node of each of the lines nearest to a place, and in each direction.

    Only nodes where links may end count: a point of a track without a station hides no station behind it.
    """
    lon, lat = position
    near, km = nearby(lon[start], lat[start], lon, lat, within_km=longest_km)
    lon, lat, here = lon[near], lat[near], (lon[start], lat[start])
    east, north = (lon - here[0]) * np.cos(np.radians(here[1])), lat - here[1]
    sector = np.floor((np.arctan2(north, east) / np.pi + 1.0) / 2.0 * _SECTORS).astype(np.int64) % _SECTORS
    found, reached, seen = set[int](), {lines[start]}, set[int]()
    for at in np.argsort(km, kind="stable").tolist():
        to = int(near[at])
        if km[at] == 0 or not can_end[to]:
            continue
        if lines[to] not in reached and len(reached) <= most_lines:
            reached.add(lines[to])
            found.add(to)
        if sector[at] not in seen:
            seen.add(int(sector[at]))
            found.add(to)
    return found


def _straight_link(
    ends: tuple[_Place, _Place],
    line: shapely.LineString,
    names: tuple[str, str],
    built: tuple[str, float, float],
    base: BaseCase,
    rules: RingRules,
    standards: Rules,
) -> Proposal:
    """Return a straight link as a proposal, its line from west to east."""
    (lon, lat), (lon_to, lat_to) = line.coords
    candidate_id = f"ring-gap:{rules.mode}:{lon:.3f},{lat:.3f}-{lon_to:.3f},{lat_to:.3f}"
    standard, speed_kmh, factor = built
    length_km, trainsets, km_a_day = line_km(line) * factor, 0, 0.0
    if rules.mode == "road":
        a, b = (place.node.key for place in ends)
        arcs = base.two_way_road_arcs([(a, b, travel_time_s(length_km, speed_kmh))])
    else:
        rail, times = standards.rail, TrainTimes(base.access, base.door_to_door, base.is_timed)
        train = Train(rail.train_class(speed_kmh), rail.new_headway_s, rail.turn_s)
        run_s = times.run_s(length_km, speed_kmh)
        stops = [
            stop_at_new_station(base, place.city) if place.city >= 0 else Stop(place.node.key)
            for place in ends
        ]
        arcs = train_arcs(candidate_id, stops, [run_s], train, times)
        trainsets, km_a_day = train.sets(times.ride_s([run_s])), train.km_a_day(length_km, rail.hours_a_day)
    return Proposal(
        candidate_id=candidate_id,
        from_name=names[0],
        to_name=names[1],
        length_km=length_km,
        speed_kmh=speed_kmh,
        standard=standard,
        why=f"a gap of the ring {rules.id}, whether that is formed or not",
        geometry=line,
        arcs=arcs,
        trainsets=trainsets,
        train_km_a_day=km_a_day,
    )


def _name_of(base: BaseCase, place: _Place, road: str = "") -> str:
    """Return the name of a city, else a road and the nearest city; without a road, how far that is."""
    return (
        base.names[place.city] if place.city >= 0 else base.beside_city(place.node.lon, place.node.lat, road)
    )


_KM_A_UNIT_OF_COST = 1000
"""Cost comes before km: a unit of money weighs as much as so many km."""
_CHARGES = (0.0, 1.0, 3.0)
"""Circuits are sought that are cheap, and short ones: as if each km cost so many km of new line besides."""
_PAST_CITIES = 2
"""Number of circuits past as many cities as asked that are looked at for each of `_CHARGES`."""
_ON_LINE_DEG = 1e-7
"""A node lies on a line when it is at most this far from it, a centimetre."""
_NEAREST_NODES = 4
"""A city is served from the nearest nodes, at most so many."""
_RAY_DEG = 90.0
"""Length of a ray, degrees: beyond everything."""
_UNLIMITED_KM = 2000.0
"""Greatest length of the straight links that are tried to name a gap."""
_METRES = 1000


def close_gaps(
    network: RingNetwork,
    candidates: Candidates,
    standards: Rules,
    prices: tuple[CostTable, Terrain],
    *,
    avoid: Sequence[shapely.Geometry] = (),
) -> tuple[Candidates, shapely.MultiLineString]:
    """Return further candidates by which a ring can be closed, or by which cities can lie on it, for less.

    Straight links between junctions, dead ends and cities that nothing at standard is near to are priced and
    added to everything else. Then the cheapest circuit round all centres is found, good ones past as many
    cities as are asked for, the same as if every km cost some money, since what is cheapest makes
    detours over what exists, and for each city that may lie on the ring the cheapest one that runs by it.
    The straight links that these use are proposed: those of the whole ring first, then those of the cities
    that need least money, up to the number of the rules.

    Parameters
    ----------
    network
        What exists at the standard of the ring, and its rules.
    candidates
        What may be built already.
    standards
        Standards and speeds of new links.
    prices
        Unit costs and terrain.
    avoid
        Lines that the ring may not touch at a node: the cheapest circuits of rings that it is apart from, so
        that there are links for all of them.

    Returns
    -------
    candidates, circuit
        Further candidates, few; none where straight links are of no use. Lines of the cheapest circuit,
        degrees; empty without one.
    """
    longest_km, circuits = network.rules.gap_longest_km, list[tuple[int, ...]]()
    # Links that only repair the map are tried where no circuit exists without them.
    for sound_only in (True, False):
        links, ring = _with_straight_links(
            network, candidates, standards, prices, longest_km, sound_only=sound_only
        )
        new = links.table[links.table["length_km"] > 0]
        price = float((new["cost"] / new["length_km"]).median()) if len(new) else 0.0  # of a km, in money
        lengths = [
            link_lengths(ring, candidates.costs | links.costs, charge_a_km=round(charge * price))
            for charge in _CHARGES
        ]
        points = shapely.points(ring.graph.lon, ring.graph.lat)[:, None]
        is_avoided = (shapely.distance(points, np.array(avoid, dtype=object)) <= _ON_LINE_DEG).any(axis=1)
        circuits = _circuits(ring, lengths, is_avoided[ring.graph.ends].any(axis=1), network)
        if circuits:
            break
    chosen = _chosen(ring, circuits, links.costs.keys(), network.rules.gap_count)
    row = {candidate_id: at for at, candidate_id in enumerate(links.costs)}
    few = replace(
        links.take([row[candidate_id] for candidate_id in chosen]),
        report={f"{why} (tried for the ring {network.rules.id})": n for why, n in links.report.items()},
    )
    lines = [ring.graph.links[k].line for k in (circuits[0] if circuits else ())]
    return few, shapely.MultiLineString(lines)


def _with_straight_links(
    network: RingNetwork,
    candidates: Candidates,
    standards: Rules,
    prices: tuple[CostTable, Terrain],
    longest_km: float,
    *,
    sound_only: bool = False,
) -> tuple[Candidates, GeneratedRing]:
    """Return priced straight links, and the ring of all that exists or may be built with them.

    Roads that lie mostly in towns or beside one expressway are left out where only sound ones are asked for.
    """

    def propose() -> list[Proposal]:
        found = propose_straight_links(
            network.existing_in_band, network.base, network.rules, standards,
            cities=network.off_standard, longest_km=longest_km,
        )  # fmt: skip
        if sound_only and network.rules.mode == "road":
            around = standards.road.surroundings(network.base)
            around.look_at([one.geometry for one in found])
            found = [one for one in found if not around.fault(one.geometry)]
        return found

    key = ("straight links", network.rules, standards, longest_km, sound_only)
    proposals = network.base.once(key, propose)
    known = set(candidates.table["candidate_id"])
    new = [one for one in proposals if one.candidate_id not in known]
    links = assemble(new, *prices, standards.limits)
    return links, generate(network, merge(candidates, links), prune=False)


def _circuits(
    ring: GeneratedRing, lengths: Sequence[NDArray[np.int64]], banned: NDArray[np.bool_], network: RingNetwork
) -> list[tuple[int, ...]]:
    """Return the shortest circuit by each measure and good ones past as many cities as asked, then others.

    The others are the shortest past each city, by the first measure.
    """
    if not ring.ring.links:
        return []
    cover, rules = cover_of(ring.ring), network.rules
    has_demands = bool(rules.least_cities or rules.least_by_tier or rules.must)
    found: list[tuple[int, ...]] = []
    for length in lengths:
        first = shortest_circuit(ring.ring, length, cover=cover, banned=banned)
        found += [first.links] if first.links else []
        if first.links and has_demands:
            found += start_circuits(ring.ring, length, closed=banned)[:_PAST_CITIES]
    if not found:
        return []
    length, by_city = lengths[0], []
    for city, nodes in ring.stops.items():
        near = sorted(nodes, key=lambda node: (nodes[node], node))[:_NEAREST_NODES]
        closed = (off_the_ray(ring, node, network) | banned for node in near)
        tried = (shortest_circuit(ring.ring, length, cover=cover, banned=one) for one in closed)
        best = min((one for one in tried if one.links), key=lambda one: one.length or 0, default=None)
        by_city += [] if best is None else [(best.length, city, best.links)]
    return [*found, *(links for _, _, links in sorted(by_city))]


def _chosen(
    ring: GeneratedRing, circuits: Sequence[Sequence[int]], straight: Collection[str], most: int
) -> list[str]:
    """Return the ids of the straight links to propose, those of a circuit together or not at all."""
    chosen: list[str] = []
    for links in circuits:
        names = {ring.graph.links[k].candidate for k in links} & set(straight)
        new = sorted(names - set(chosen))
        if len(chosen) + len(new) <= most:
            chosen += new
    return chosen


def link_lengths(ring: GeneratedRing, costs: dict[str, int], *, charge_a_km: int = 0) -> NDArray[np.int64]:
    """Return what counts for each link: its share by length of its candidate's cost first, then km.

    Parameters
    ----------
    ring
        The ring.
    costs
        Cost of each candidate by its id.
    charge_a_km
        Money that counts for each km besides, of what exists as well.

    Returns
    -------
    numpy.ndarray
        int64 [links].
    """
    total_km = defaultdict[str, float](float)
    for link in ring.graph.links:
        total_km[link.candidate] += link.length_km
    money_a_km = {name: costs.get(name, 0) / max(km, 1e-9) + charge_a_km for name, km in total_km.items()}
    found = (
        round(_KM_A_UNIT_OF_COST * money_a_km[link.candidate] * link.length_km + link.length_km)
        for link in ring.graph.links
    )
    return np.fromiter(found, dtype=np.int64)


def off_the_ray(ring: GeneratedRing, node: int, network: RingNetwork) -> NDArray[np.bool_]:
    """Tell which links a circuit has to do without so that it runs through a node.

    A circuit round a centre crosses every ray from it. Take the ray from the nearest centre through the node:
    a circuit without all links that cross it elsewhere runs through the node.

    Parameters
    ----------
    ring
        The ring.
    node
        Position of the node.
    network
        The centres.

    Returns
    -------
    numpy.ndarray
        bool [links].
    """
    graph, base, centres = ring.graph, network.base, list(network.rules.centres)
    here = graph.nodes[node]
    km = great_circle_km(here.lon, here.lat, base.lon[centres], base.lat[centres])
    centre = centres[int(np.argmin(km))]
    lon, lat = float(base.lon[centre]), float(base.lat[centre])
    reach = _RAY_DEG / max(np.hypot(here.lon - lon, here.lat - lat), 1e-9)
    end = (lon + reach * (here.lon - lon), lat + reach * (here.lat - lat))
    ray = shapely.LineString([(lon, lat), (here.lon, here.lat), end])
    crossing = shapely.intersects(np.array([link.line for link in graph.links], dtype=object), ray)
    at_node = (graph.ends == node).any(axis=1)
    return np.asarray(crossing & ~at_node, dtype=bool)


def obstacles(
    ring: GeneratedRing,
    network: RingNetwork,
    candidates: Candidates,
    standards: Rules,
    prices: tuple[CostTable, Terrain],
) -> Iterator[str]:
    """Yield why a ring cannot be formed whatever is built; nothing where a circuit may exist.

    Parameters
    ----------
    ring
        The ring as generated, without a limit on money.
    network
        What exists at the standard of the ring, and its rules.
    candidates
        What may be built.
    standards, prices
        Standards, unit costs and terrain of the straight links that are tried.
    """
    rules, names = network.rules, network.base.names
    if not ring.ring.links:
        lines = "roads" if rules.mode == "road" else "railways"
        round_what = " and ".join(names[city] for city in rules.centres)
        gap = _gap(network, candidates, standards, prices)
        yield f"no circuit of {lines} at standard and of candidates goes round {round_what}: {gap}"
        return
    yield from _missing_cities(ring, network)
    metres = lengths_m(ring.ring)
    if metres is not None and np.isfinite(rules.longest_km):
        bound = shortest_circuit(ring.ring, metres).bound
        if bound is not None and bound > _METRES * rules.longest_km:
            shortest_km = bound / _METRES
            yield f"longest_km is {rules.longest_km:g}, but the shortest circuit has {shortest_km:,.0f} km"


def _missing_cities(ring: GeneratedRing, network: RingNetwork) -> Iterator[str]:
    """Yield the cities that must lie on a ring and cannot, and the numbers of cities that it cannot reach."""
    rules, base = network.rules, network.base
    near = f"within {rules.on_s // 60} minutes of one of its circuits"
    demands = [("least_cities", rules.least_cities, "", sorted(ring.stops))]
    demands += [
        (f"least_by_tier.{tier}", least, f"{tier} ", [c for c in sorted(ring.stops) if base.tiers[c] == tier])
        for tier, least in rules.least_by_tier
    ]
    for key, least, tier, cities in demands:
        if len(cities) < least:
            held = ", ".join(base.names[city] for city in cities) or "none"
            yield f"{key} asks for {least} {tier}cities on it, but only {len(cities)} can be {near}: {held}"
    for city in rules.must:
        if city not in ring.stops:
            yield f"must names {base.names[city]}, which cannot be {near}"


def _gap(
    network: RingNetwork, candidates: Candidates, standards: Rules, prices: tuple[CostTable, Terrain]
) -> str:
    """Name the gaps of the circuit that needs the fewest km of straight links of any length."""
    rules = network.rules
    links, ring = _with_straight_links(network, candidates, standards, prices, _UNLIMITED_KM)
    km = dict(zip(links.table["candidate_id"], links.table["length_km"].tolist(), strict=True))
    length = [round(_METRES * km.get(link.candidate, 0.0)) for link in ring.graph.links]
    found = shortest_circuit(ring.ring, np.array(length, dtype=np.int64)) if length else None
    if found is None or not found.links:
        return (
            f"straight links between {'stations' if rules.mode == 'rail' else 'junctions'} within the band, "
            f"and cities more than {rules.on_s // 60} minutes from them, that cross at most "
            f"{standards.longest_water_km:g} km of water and no closed border would not close it either; "
            "widen the band (radius_km), lower the standard (classes, speed_kmh) or on_minutes, or raise "
            "candidates.longest_water_km"
        )
    used = sorted({ring.graph.links[k].candidate for k in found.links} & km.keys())
    gaps = [
        f"between {row.from_name} and {row.to_name} ({row.length_km:.0f} km)"
        for row in links.table.set_index("candidate_id").loc[used].itertuples()
    ]
    return (
        f"open {'gap' if len(gaps) == 1 else 'gaps'} {', '.join(gaps)}; raise gap_longest_km (now "
        f"{rules.gap_longest_km:g}) or gap_count (now {rules.gap_count}), give candidates of your own, or "
        "change the band or the standard"
    )
