"""Generate candidates: propose by kind, price, prune.

How to add a kind
-----------------
1. Write its generator beside those of its mode (`roads`, `rail`, or a new module): a function that yields a
   `Proposal` for each candidate and counts in `left_out` what it rejects, each reason beginning with the name
   of the kind. It sets neither kind, mode, instrument nor items. Its thresholds are fields of a part of
   `Rules`.
2. Name it in `_GENERATORS`, and add its row to `data/kinds.toml`: words for the reader, mode, instrument and
   what a candidate pays for; where needed, how many are kept, whether it is a service, and whether rings may
   consist of it.

Pricing, pruning, the candidate table, the design problem, ring graphs, appraisals, pages and maps follow from
that row. A row that is not in `KINDS` enters by `Rules.further` (docs/extending.md). The following are kept
elsewhere, and a test compares them with the table: the list of kinds and the building years of a job
(`candidates.kinds`, `[phasing]`), and the table of kinds in `docs/candidates.md`. Rates of new standards are
in `data/*.toml`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from optimiser.measures.appraisal import annuity
from optimiser.problem.errors import CandidateError
from optimiser.problem.jsonfile import packaged
from optimiser.proposals import connections, rail, roads, services, stations
from optimiser.proposals.base_case import BaseCase, NeighbourRules, keeping_known
from optimiser.proposals.connections import ConnectionRules
from optimiser.proposals.costs import Alignments, CostTable, builtin_cost_table, estimate
from optimiser.proposals.pruning import (
    default_weights,
    loads,
    most_serving,
    needed_for_reach,
    open_pairs,
    usable_by_pairs,
)
from optimiser.proposals.rail import CurveRules
from optimiser.proposals.stations import StationRules
from optimiser.proposals.table import Candidates, Item, Limits, Proposal, merge, number_arcs, price, tabulate
from optimiser.proposals.terrain import PLAIN, TERRAIN_CLASSES, Terrain
from optimiser.proposals.trains import RailRules, Tracks

_PARTS: Mapping[str, Callable[[Proposal], Item]] = {
    "line": lambda proposal: Item(proposal.standard, proposal.length_km),
    "units": lambda proposal: Item(proposal.standard, proposal.units),
    "trains": lambda proposal: Item("trainset", proposal.trainsets),
    "running": lambda proposal: Item("running", proposal.train_km_a_day),
    "running net of fares": lambda proposal: Item(proposal.standard, proposal.train_km_a_day),
    "junction": lambda _: Item("junction", 1.0),
    "stops": lambda _: Item("extra-stop", 1.0),
    "platforms": lambda proposal: Item("platform", proposal.platforms),
}
"""What a candidate may pay for: its line by the km, itself by the piece or by km of its own, trainsets, what
running costs, in all or net of fares by the smaller one of its ends, a connecting curve, stops of trains at a
new station, and platforms."""


_OPEN_A_PAIR = 100
"""New roads bring at least one pair in so many of those beyond the limit today (assumed)."""


def pays(*parts: str) -> Callable[[Proposal], tuple[Item, ...]]:
    """Return what gives the items of a proposal, some of `_PARTS`."""
    return lambda proposal: tuple(_PARTS[part](proposal) for part in parts)


line_items = pays("line")
"""Gives the items of a line without trains of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of candidates.

    Attributes
    ----------
    mode
        road, rail or access; the latter two are proposed only where the base case has a rail network, roads
        of `KINDS` only where it has roads.
    instrument
        barrier, infrastructure or subsidy.
    propose
        Generator of its proposals.
    pays_for
        What a proposal pays for; a line without trains of its own unless the row says otherwise.
    words
        What a reader is told that it is; of a kind beside `KINDS` its name counts.
    most
        How many are kept: those that serve most weight of open pairs. None for all.
    far
        Whether it joins cities that are no neighbours. What others serve is worked out without such kinds:
        dear links that bring nearly everything within reach would say little about the others.
    in_rings
        Whether rings may consist of it: it lays or widens a line.
    needs_rate
        Whether a cost table without its rates is refused. Where not, the kind is left out and counted, so
        that a table of the user's need not price it.
    by_limit
        Whether its proposals depend on the limit. Those of all other kinds are made once for all limits.
    is_service
        Whether it is trains on the tracks and at the stations of today. It is drawn as a service, and its
        cost is running support, for which no overruns are known; other kinds overrun like projects of their
        mode.
    years
        How long it is built where a job does not say.
    """

    mode: str
    propose: Callable[[Scope], Iterable[Proposal]]
    instrument: str = "infrastructure"
    pays_for: Callable[[Proposal], tuple[Item, ...]] = line_items
    words: str = ""
    most: Callable[[Rules], int] | None = None
    far: bool = False
    in_rings: bool = False
    needs_rate: bool = True
    by_limit: bool = False
    is_service: bool = False
    years: int = 4


_GENERATORS: Mapping[str, Callable[[Scope], Iterable[Proposal]]] = {
    "road_upgrade": lambda s: roads.propose_upgrades(s.base, s.road_pairs, s.road, s.left_out),
    "expressway_upgrade": lambda s: roads.propose_expressway_upgrades(
        s.base, s.road_pairs, s.road, s.left_out
    ),
    "road_link": lambda s: s.of_use(
        "road_link", roads.propose_links(s.alignments, s.road_pairs, s.road, s.left_out)
    ),
    "gap": lambda s: roads.propose_gaps(s.base, s.road, s.left_out),
    "rail_link": lambda s: rail.propose_lines(s.tracks, s.rail_pairs, s.left_out, by=s.alignments),
    "rail_upgrade": lambda s: rail.propose_upgrades(s.tracks, s.rail_pairs, s.left_out),
    "rail_service": lambda s: services.propose_through_services(s.tracks, s.left_out),
    "rail_frequency": lambda s: services.propose_more_trains(s.tracks, s.left_out),
    "check_in": lambda s: stations.propose_check_in(s.tracks, s.rules.stations, s.left_out),
    "timed_transfer": lambda s: connections.propose_timed_connections(
        s.tracks, s.rules.connections, s.open_pairs, s.left_out
    ),
    "extra_stop": lambda s: stations.propose_extra_stops(s.tracks, s.rules.patterns, s.left_out),
    "access": lambda s: stations.propose_access(s.tracks, s.rules.stations, s.left_out),
    "express_service": lambda s: services.propose_express_services(
        s.tracks, s.rules.patterns, s.heaviest("express_service", s.open_pairs), s.left_out
    ),
    "station": lambda s: stations.propose_stations(s.tracks, s.rules.patterns, s.left_out),
    "connecting_curve": lambda s: rail.propose_curves(
        s.tracks, s.rules.curves, s.heaviest("connecting_curve", s.open_pairs), s.left_out
    ),
    "direct_expressway": lambda s: s.of_use(
        "direct_expressway",
        roads.propose_direct_expressways(
            s.alignments, s.heaviest("direct_expressway", s.far_pairs), s.rules.far, s.road, s.left_out
        ),
    ),
    "rail_direct": lambda s: rail.propose_lines(
        s.tracks,
        s.heaviest("rail_direct", s.far_pairs),
        s.left_out,
        by=s.alignments,
        kind="rail_direct",
        longest_km=s.rules.far.longest_km,
    ),
}
"""The generator of each kind."""


def _kind(name: str, row: dict[str, Any]) -> Kind:
    """Return a kind of which a table states all but the generator."""
    parts, most = row.pop("pays_for", ["line"]), row.pop("most", None)
    most_of = None if most is None else attrgetter(most)
    return Kind(propose=_GENERATORS[name], pays_for=pays(*parts), most=most_of, **row)


KINDS: Mapping[str, Kind] = {
    name: _kind(name, row) for name, row in packaged("optimiser.proposals", "data/kinds.toml").items()
}
"""Every kind that is generated, by its name."""


SERVICES = tuple(name for name, kind in KINDS.items() if kind.is_service)
"""The kinds that are services."""


AT_STATIONS = ("check_in", "timed_transfer", "access", "extra_stop", "station")
"""The kinds that are done at stations of a city, or to them."""


NEW_LINES = ("road_link", "gap", "rail_link", "direct_expressway", "rail_direct")
"""The kinds that lay a line where there is none."""


OWN = "own"
"""The kind of the user's own candidates."""


WORDS: Mapping[str, str] = {**{name: kind.words for name, kind in KINDS.items()}, OWN: "own proposal"}
"""What a reader is told that each kind is."""


def of_kind(
    kind: str, proposals: Iterable[Proposal], *, instrument: str = "", rows: Mapping[str, Kind] = KINDS
) -> Iterator[Proposal]:
    """Yield proposals with what the table of kinds says of their kind; another instrument may be given."""
    row = rows[kind]
    for one in proposals:
        yield replace(
            one, kind=kind, mode=row.mode, instrument=instrument or row.instrument, items=row.pays_for(one)
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of the candidate generator.

    Attributes
    ----------
    neighbours
        Which cities are neighbours.
    road, rail, stations, connections, patterns, far, curves
        Rules by mode, for measures at stations, for timed connections, for stopping patterns and express
        trains, for links between cities that are no neighbours, and for connecting curves.
    kinds
        Kinds that are proposed, of `KINDS`.
    further
        Rows beside `KINDS`, by name; all of them are proposed. Rings do not consist of them.
    pairs_tried
        Express trains and links between cities that are no neighbours are looked for between so many pairs:
        of each city those with its largest partners, so that small cities have their turn.
    longest_water_km
        Nothing is proposed that crosses more km of water in all.
    closed_borders
        Nothing is proposed that crosses one of these land borders, such as `BY-UA`.
    """

    neighbours: NeighbourRules = field(default_factory=NeighbourRules)
    road: roads.RoadRules = field(default_factory=roads.RoadRules)
    rail: RailRules = field(default_factory=RailRules)
    stations: StationRules = field(default_factory=StationRules)
    connections: ConnectionRules = field(default_factory=ConnectionRules)
    patterns: services.PatternRules = field(default_factory=services.PatternRules)
    far: roads.FarRules = field(default_factory=roads.FarRules)
    curves: CurveRules = field(default_factory=CurveRules)
    kinds: tuple[str, ...] = tuple(KINDS)
    further: Mapping[str, Kind] = field(default_factory=dict, hash=False)
    pairs_tried: int = 300
    longest_water_km: float = 20.0
    closed_borders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the further rows, and report all faults at once."""
        faults = [f"there is already a kind `{name}`" for name in self.further if name in (*KINDS, OWN)]
        faults += [f"`{name}` is in_rings" for name, row in self.further.items() if row.in_rings]
        CandidateError.refuse(
            faults,
            "further kinds of candidates cannot be used",
            done="Nothing was proposed.",
            remedy="Give each a name of its own; rings consist of the kinds in generate.KINDS alone.",
        )

    @property
    def limits(self) -> Limits:
        """Return what no proposal may cross."""
        return self.longest_water_km, self.closed_borders

    @property
    def rows(self) -> Mapping[str, Kind]:
        """Return the row of every kind, `KINDS` first."""
        return {**KINDS, **self.further}


@dataclass(frozen=True)
class Scope:
    """What generators look at; each part is worked out when a kind first needs it.

    Attributes
    ----------
    base
        The base case.
    rules
        Rules of all kinds.
    left_out
        Reason to count of what was rejected; generators add to it.
    ground
        Classes of the ground, and what a km costs on each; all plain where empty.
    """

    base: BaseCase
    rules: Rules
    left_out: Counter[str] = field(default_factory=Counter)
    ground: tuple[()] | tuple[Terrain, CostTable] = ()

    @cached_property
    def alignments(self) -> Alignments:
        """Return how new lines run."""
        return Alignments(self.base, *self.ground)

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """Return the pairs of neighbouring cities."""
        return self.base.neighbours(self.rules.neighbours)

    @cached_property
    def road_pairs(self) -> list[tuple[int, int]]:
        """Return the neighbours that are both on the road network."""
        return [pair for pair in self.pairs if min(self.base.road_nodes[list(pair)]) >= 0]

    @cached_property
    def rail_pairs(self) -> list[tuple[int, int]]:
        """Return the neighbours, and the neighbours among core and secondary cities alone."""
        wide = self.base.neighbours(self.rules.neighbours, tiers=("core", "secondary"))
        return self.base.sorted_by_id({*self.pairs, *wide})

    @cached_property
    def open_pairs(self) -> list[tuple[int, int]]:
        """Return the pairs of cities beyond the limit today, sorted by ids."""
        found = open_pairs(self.base).tolist()
        return self.base.sorted_by_id(self.base.in_id_order(a, b) for a, b in found)

    @cached_property
    def far_pairs(self) -> list[tuple[int, int]]:
        """Return the pairs beyond the limit today between which no link of neighbours is looked for."""
        near = {*self.pairs, *self.rail_pairs}
        return [pair for pair in self.open_pairs if pair not in near]

    def heaviest(self, kind: str, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return as many pairs as are tried, of each city its largest partners first; the others are counted.

        Parameters
        ----------
        kind
            Kind with which the reason begins.
        pairs
            Pairs of cities; their order is kept.
        """
        most = self.rules.pairs_tried
        if len(pairs) <= most:
            return list(pairs)
        people = self.base.cities["population"].to_numpy(dtype=np.int64)[np.array(pairs)]
        order, place = np.argsort(-people.min(axis=1), kind="stable"), np.zeros(len(pairs))
        seen = Counter[int]()
        for at in order.tolist():
            place[at] = min(seen[city] for city in pairs[at])
            seen.update(pairs[at])
        kept = np.sort(order[np.argsort(place[order], kind="stable")][:most])
        self.left_out[f"{kind}: beyond the {most} pairs of largest partners"] += len(pairs) - most
        return [pairs[at] for at in kept.tolist()]

    @cached_property
    def road(self) -> roads.RoadRules:
        """Return the rules for roads, with the ground."""
        return replace(self.rules.road, ground=self.alignments.ground)

    def of_use(self, kind: str, proposals: Iterable[Proposal]) -> Iterator[Proposal]:
        """Yield the new roads that alone bring enough pairs within the limit, or nearly so.

        Enough are as many as for a new railway, in a region with few open pairs one in `_OPEN_A_PAIR`. Links
        between cities that are no neighbours serve these alone, and have to be worth their cost.
        """
        tracks, today_s = self.tracks, self.tracks.of_pairs(self.base.skim)
        least = min(self.rules.rail.line_least_pairs, -(-len(self.open_pairs) // _OPEN_A_PAIR))
        for one in proposals:
            with_s = np.minimum(today_s, tracks.of_pairs(self.base.skim_with(one.arcs)[0]))
            if tracks.brought(with_s, today_s) < least:
                self.left_out[f"{kind}: brings too few pairs within the limit"] += 1
                continue
            saved = tracks.saved_hours(with_s, today_s) if self.rules.rows[kind].far else None
            yield replace(one, saved_hours=saved)

    @cached_property
    def tracks(self) -> Tracks:
        """Return today's stations, tracks and trains."""
        rail = self.rules.rail
        found = self.base.once(("tracks", rail), lambda: Tracks(self.base, rail))
        return found if found.base is self.base else keeping_known(found, base=self.base)


def generate(
    base: BaseCase,
    *,
    rules: Rules | None = None,
    costs: CostTable | None = None,
    terrain: Terrain | None = None,
    own: Candidates | None = None,
) -> Candidates:
    """Generate candidates, priced and pruned.

    Parameters
    ----------
    base
        Networks, cities, times of today, the limit.
    rules
        Which kinds are proposed, and when; the defaults where None.
    costs
        Unit costs; those of the People's Republic of China where None.
    terrain
        Classes of the ground; all plain where None.
    own
        The user's own candidates; they join after pruning, so none of them is dropped.

    Returns
    -------
    Candidates
        In order of their ids; `report` counts what was left out, by reason.

    Raises
    ------
    CandidateError
        When a standard has no rate, or ids clash.
    """
    rules = rules or Rules()
    table, ground = costs or builtin_cost_table(), terrain or PLAIN
    known = set(table.standards)

    def proposed(*, by_limit: bool) -> tuple[list[Proposal], Counter[str]]:
        scope, found = Scope(base, rules, ground=(ground, table)), list[Proposal]()
        for one in propose(scope, by_limit=by_limit):
            if rules.rows[one.kind].needs_rate or all(item.standard in known for item in one.items):
                found.append(one)
            else:
                scope.left_out[f"{one.kind}: the cost table has no rate"] += 1
        return found, scope.left_out

    def alike(one: Proposal) -> Hashable:
        """Tell which trains share trips: new services do, and trains added to services; lines do not."""
        return one.kind == "rail_frequency" if rules.rows[one.kind].is_service else one.candidate_id

    key = ("prices", rules.limits, rules.rail, table, ground)
    prices: dict[Proposal, Mapping[str, object] | str] = base.once(key, dict)
    always, left_out = base.once(("proposed", rules, table, ground), lambda: proposed(by_limit=False))
    within, further = proposed(by_limit=True)
    empty = f"its trains fill under {100 * rules.rail.least_load:g} % of their seats"
    trains = [one for one in (*always, *within) if one.seats_a_day]
    load = loads(Scope(base, rules).tracks, trains, alike=alike) if trains else {}
    rows: dict[Proposal, Mapping[str, object] | str] = {
        one: f"{one.kind}: {empty}" for one, (_, filled) in load.items() if filled < rules.rail.least_load
    }
    full = [one for one in (*always, *within) if one not in rows]
    new = [one for one in full if one not in prices]
    found = price(new, table, ground, rules.limits)
    prices.update((one, _unless_idle(one, row, table, rules.rail)) for one, row in found)
    for one in full:
        row, (trips, filled) = prices[one], load.get(one, (0, 0.0))
        rows[one] = row if isinstance(row, str) else {**row, "trips_a_day": trips, "seats_filled": filled}
    kept = prune(base, tabulate(rows.items(), table, ground, report=left_out + further), rules)
    merged = kept if own is None else merge(kept, own)
    return replace(merged, report={why: count for why, count in sorted(merged.report.items()) if count})


def _unless_idle(
    one: Proposal, row: Mapping[str, object] | str, table: CostTable, rules: RailRules
) -> Mapping[str, object] | str:
    """Return the row of a proposal, or why it is left out: the time that it saves is worth too little."""
    if isinstance(row, str) or one.saved_hours is None or rules.value_of_time is None:
        return row
    worth = one.saved_hours * rules.value_of_time * annuity(rules.discount_rate, rules.years)
    ground = [cast("float", row[name]) for name in TERRAIN_CLASSES]
    if worth >= rules.line_value * estimate(table, one.standard, one.length_km, ground).central:
        return row
    return f"{one.kind}: time saved by it is worth under {100 * rules.line_value:g} % of its cost"


def propose(scope: Scope, *, by_limit: bool) -> Iterator[Proposal]:
    """Yield the proposals, neither priced nor pruned, of kinds that depend on the limit, or of the others."""
    rules = scope.rules
    for name, kind in rules.rows.items():
        is_asked = (name in rules.kinds or name in rules.further) and kind.by_limit == by_limit
        if is_asked and kind.mode == "road" and name in KINDS and scope.base.road.links.empty:
            scope.left_out[f"{name}: the region has no roads"] += 1
        elif is_asked and (kind.mode == "road" or scope.base.rail is not None):
            yield from of_kind(name, kind.propose(scope), rows=rules.rows)


def prune(base: BaseCase, candidates: Candidates, rules: Rules) -> Candidates:
    """Leave out candidates that cannot help or help least, and count them by reason.

    No pair is left without a way that it has with all candidates: what such a pair needs stays, whatever its
    rank among those of its kind.

    Parameters
    ----------
    base
        The base case.
    candidates
        All candidates; those fixed in are kept.
    rules
        How many of each kind are kept.

    Returns
    -------
    Candidates
        The remaining ones, `report` extended.
    """
    arcs, count = number_arcs(base.graph, candidates.arcs), len(candidates)
    kinds = candidates.table["kind"].to_numpy()
    forced = (candidates.table["fixed"] == "in").to_numpy()
    left, reasons = np.ones(count, dtype=bool), np.full(count, "", dtype=object)

    def drop(dropped: NDArray[np.bool_], reason: str) -> None:
        dropped = dropped & left & ~forced
        reasons[dropped] = reason
        left[dropped] = False

    use = usable_by_pairs(base, arcs, count)
    drop(np.diff(use.indptr) == 0, "no open pair can use it within the limit even when all is built")
    weight = default_weights(base, open_pairs(base))
    far = np.isin(kinds, [name for name, kind in rules.rows.items() if kind.far])

    def keep_most(use: csr_array, *, far: bool) -> None:
        for name, kind in rules.rows.items():
            if kind.most is not None and kind.far == far:
                rows, most = np.flatnonzero((kinds == name) & left), kind.most(rules)
                beyond = np.zeros(count, dtype=bool)
                beyond[rows] = True
                beyond[rows[most_serving(use[rows], weight, most)]] = False
                drop(beyond, f"beyond the {most} that serve most weight of open pairs")

    keep_most(use, far=True)
    near = (left & ~far)[arcs.candidate]
    keep_most(usable_by_pairs(base, arcs.take(near), count) if far.any() else use, far=False)
    left[needed_for_reach(base, arcs, left, candidates.table["cost"].to_numpy(dtype=np.int64))] = True
    gone = candidates.table[~left].assign(reason=kinds[~left] + ": " + reasons[~left])
    rejected = zip(*(gone[name] for name in ("reason", "from_name", "to_name")), strict=True)
    return replace(
        candidates.take(np.flatnonzero(left).tolist()),
        report=Counter(gone["reason"]) + Counter(candidates.report),
        rejected={**candidates.rejected, **dict(zip(gone["candidate_id"], rejected, strict=True))},
    )
