"""Hold candidates as a table with geometry and a table of the arcs that each one opens."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from networks.borders import border_crossings
from networks.skims import TimeGraph
from optimiser.job.model import unknown_links
from optimiser.problem.errors import CandidateError
from optimiser.problem.jsonfile import repeated
from optimiser.proposals.base_case import Arc, BaseCase, line_km
from optimiser.proposals.costs import Cost, CostTable, estimate
from optimiser.proposals.shortest_times import NO_PATH_S, widened
from optimiser.proposals.terrain import TERRAIN_CLASSES, WATER, Terrain, survey

COLUMNS = (
    "candidate_id", "kind", "instrument", "mode", "from_name", "to_name", "length_km", "speed_kmh",
    "standard", "plain", "hill", "mountain", "urban", "water_km", "seats_a_day", "trips_a_day",
    "seats_filled", "cost_low", "cost", "cost_high", "fixed", "why", "replaces", "today", "geometry",
)  # fmt: skip
"""Columns of the candidate table, in order."""
ARCS: Mapping[str, str] = {
    "candidate": "int64", "tail_id": "str", "head_id": "str", "seconds": "int64", "instead_s": "int64",
}  # fmt: skip
"""Columns of the arcs of candidates, and their types."""
RUNS: Mapping[str, str] = {"candidate": "int64", "link": "int64", "trains": "int64", "fast": "bool"}
"""Columns of the runs of trains over today's tracks, and their types."""
SECTIONS: Mapping[str, str] = {
    "link": "int64", "tracks": "str", "line_class": "str", "number": "int64", "trains_today": "float64",
    "length_km": "float64",
    "from": "str", "from_lon": "float64", "from_lat": "float64",
    "to": "str", "to_lon": "float64", "to_lat": "float64",
}  # fmt: skip
"""Columns of the sections of line that trains of candidates run over, and their types."""


def _empty(columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a candidate that is paid for: a quantity of a standard of the cost table."""

    standard: str
    quantity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One candidate before it is priced.

    Attributes
    ----------
    candidate_id, from_name, to_name, length_km, speed_kmh, standard, why, geometry
        As in the table of `Candidates`.
    arcs
        The arcs that it opens.
    instead_s
        Of a measure that shortens something at stations, the seconds that today takes between the ends of
        each arc; empty for others.
    replaces
        For an upgrade, the links that it replaces, with km and speed.
    today
        What runs today, where the rule that made it knows; told where its ends say nothing of today.
    runs
        Links of today's rail network that its trains run over, each with trains a day and direction that
        today's do not count, and whether they are fast trains; tracks that it builds itself are none of them.
    trainsets, train_km_a_day
        Trains that it needs, and how far they run a day in both directions; 0 where it runs none.
    seats_a_day, trips_a_day, seats_filled
        Seats of the trains that it adds, the trips expected in them, both directions, and the share of the
        seats that these fill over the run (`pruning.loads`); 0 where it adds none.
    saved_hours
        Hours a year that the track of a new line saves, compared with its trains on today's tracks.
    units, platforms
        Pieces or km of `standard` that are paid for where they are not the length; further platforms.
    kind, mode, instrument, items
        Kind, class and what is paid for; set from the table of kinds (`generate.KINDS`).
    cost
        Given instead of estimated.
    fixed
        `in`, `out` or empty.
    """

    candidate_id: str
    from_name: str
    to_name: str
    standard: str
    why: str
    geometry: shapely.Geometry
    arcs: tuple[Arc, ...]
    instead_s: tuple[int, ...] = ()
    length_km: float = 0.0
    speed_kmh: float = 0.0
    replaces: str = ""
    today: str = ""
    runs: tuple[tuple[int, int, bool], ...] = ()
    trainsets: int = 0
    train_km_a_day: float = 0.0
    seats_a_day: int = 0
    trips_a_day: int = 0
    seats_filled: float = 0.0
    saved_hours: float | None = None
    units: float = 0.0
    platforms: int = 0
    kind: str = ""
    mode: str = ""
    instrument: str = ""
    items: tuple[Item, ...] = ()
    cost: Cost | None = None
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What may be built, improved or opened.

    Attributes
    ----------
    table
        One row a candidate; columns `COLUMNS`: `candidate_id` (str, stable over runs), `kind` (of
        `generate.KINDS`, or own), `instrument` (barrier, infrastructure, subsidy), `mode` (road, rail,
        access), `from_name`, `to_name`, `length_km`, `speed_kmh` (float64; design speed), `standard` (what is
        built, as in the cost table), `plain`, `hill`, `mountain`, `urban` (shares of the line; the rest is
        water), `water_km` (how far it runs over water), `seats_a_day`, `trips_a_day` (int64) and
        `seats_filled` (of its trains, as in `Proposal`), `cost_low`, `cost`, `cost_high` (int64, money),
        `fixed` (empty, in, out), `why` (the rule that made it), `replaces` (of an upgrade), `today` (as
        in `Proposal`), `geometry` (degrees). `evidence.with_evidence` adds what is there today.
    arcs
        One row an arc: `candidate` (int64, row of the table), `tail_id`, `head_id` (str, ids of the time
        graph, or new ones that begin with `new:`), `seconds` (int64), `instead_s` (int64; what the same takes
        today where a measure at stations shortens it, else the seconds). Both directions are listed.
    runs
        One row a candidate and link of today's rail network that its trains run over; columns `RUNS`:
        `candidate` (row of the table), `link` (row of the rail links), `trains` (a day and direction),
        `fast` (whether they are trains of a fast class).
    sections
        One row a link of `runs` and pair of tracks; columns `SECTIONS`: `link`, `tracks` (the trains that
        they are for), `line_class`, `number` (of tracks, 0 if unknown), `trains_today` (a day and direction),
        `length_km`, and of both ends the nearest station and the place. Set by `line_capacity.with_sections`.
    report
        What was left out: reason to count.
    rejected
        Of what was left out once it had an id: id to reason and both ends.
    money, price_year
        Unit of the costs and year of the prices.
    terrain_source
        Where the terrain shares come from.
    """

    table: gpd.GeoDataFrame
    arcs: pd.DataFrame
    runs: pd.DataFrame = field(default_factory=lambda: _empty(RUNS))
    sections: pd.DataFrame = field(default_factory=lambda: _empty(SECTIONS))
    report: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    money: str = ""
    price_year: int = 0
    terrain_source: str = ""

    @property
    def ends(self) -> dict[str, str]:
        """The two ends of each candidate by its id."""
        names = self.table["from_name"].astype(str) + " – " + self.table["to_name"].astype(str)
        return dict(zip(self.table["candidate_id"].astype(str), names, strict=True))

    def __repr__(self) -> str:
        """Return how many there are of each kind."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.table["kind"].value_counts().items())
        return f"<Candidates: {kinds or 'none'}>"

    def _repr_html_(self) -> str:
        return str(self.table.drop(columns="geometry").to_html(max_rows=20, notebook=True))

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.table)

    @property
    def costs(self) -> dict[str, int]:
        """Return the central cost of each candidate by its id."""
        return dict(zip(self.table["candidate_id"], self.table["cost"].tolist(), strict=True))

    def digest(self) -> str:
        """Return a hash of all that the candidates hold, SHA-256 in hexadecimal."""
        table = pd.DataFrame(self.table.to_wkb(hex=True)).to_json(orient="split")
        facts = [sorted(self.report.items()), self.money, self.price_year, self.terrain_source]
        text = json.dumps([table, self.arcs.to_json(orient="split"), facts])
        return hashlib.sha256(text.encode()).hexdigest()

    def take(self, rows: Sequence[int]) -> Candidates:
        """Return the candidates in some rows of the table, in the order given, or where a mask is True.

        Raises
        ------
        CandidateError
            When these are no rows.
        """
        try:
            rows = np.arange(len(self.table))[list(rows)].tolist()
        except IndexError as error:
            remedy = "Give row numbers from 0, or a mask such as table['candidate_id'].isin(ids)."
            raise CandidateError("these are no rows", where="take", done=str(error), remedy=remedy) from error
        new = {old: position for position, old in enumerate(rows)}

        def taken(parts: pd.DataFrame) -> pd.DataFrame:
            kept = parts[parts["candidate"].isin(new)]
            kept = kept.assign(candidate=kept["candidate"].map(new).astype("int64"))
            return kept.sort_values("candidate", kind="stable").reset_index(drop=True)

        table = self.table.iloc[rows].reset_index(drop=True)
        return replace(self, table=table, arcs=taken(self.arcs), runs=taken(self.runs))


@dataclass(frozen=True, slots=True)
class NumberedArcs:
    """Arcs of candidates by rows of nodes: those of the time graph first, then new nodes.

    Attributes
    ----------
    count
        Number of nodes, the new ones included.
    new_ids
        Ids of the new nodes, rising.
    candidate, tail, head, seconds
        int64 [m].
    """

    count: int
    new_ids: tuple[str, ...]
    candidate: NDArray[np.int64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    seconds: NDArray[np.int64]

    @property
    def old(self) -> int:
        """Return the number of nodes of the time graph."""
        return self.count - len(self.new_ids)

    @property
    def ends(self) -> NDArray[np.int64]:
        """Return the nodes at which arcs begin or end, rising."""
        return np.unique(np.concatenate([self.tail, self.head]))

    def take(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> NumberedArcs:
        """Return the arcs of a mask or of rows; nodes and rows of candidates keep their numbers."""
        names = ("candidate", "tail", "head", "seconds")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})

    def joined(self, graph: TimeGraph) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return tails, heads and seconds of the arcs of the time graph, then of these."""
        return (
            np.concatenate([graph.tail, self.tail]),
            np.concatenate([graph.head, self.head]),
            np.concatenate([graph.seconds, self.seconds]),
        )


def rows_by_candidate(candidate: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """Return for each of so many candidates the rows of its arcs, rising, given the candidate of each arc."""
    order = np.argsort(candidate, kind="stable")
    return np.split(order, np.searchsorted(candidate[order], np.arange(1, count)))[:count]


def times_with(
    base: BaseCase, arcs: NumberedArcs, rows: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the seconds between some nodes with some arcs beside the network of today.

    A way changes between the two only where one of the arcs ends.

    Parameters
    ----------
    base
        Times of today.
    arcs, rows
        Arcs of candidates, and those of them that are open.
    ends
        Nodes, int64 [n].

    Returns
    -------
    numpy.ndarray
        int64 [n, n], `NO_PATH_S` where no path exists.
    """
    tail, head = arcs.tail[rows], arcs.head[rows]
    nodes = np.unique(np.concatenate([tail, head, ends]))
    known = np.flatnonzero(nodes < arcs.old)
    times = np.full((len(nodes), len(nodes)), np.inf)
    times[np.ix_(known, known)] = widened(base.today_s(nodes[known]))
    np.minimum.at(times, (np.searchsorted(nodes, tail), np.searchsorted(nodes, head)), arcs.seconds[rows])
    places = np.searchsorted(nodes, ends)
    return np.minimum(dijkstra(times, indices=places)[:, places], NO_PATH_S).astype(np.int64)


def number_arcs(graph: TimeGraph, arcs: pd.DataFrame) -> NumberedArcs:
    """Turn the ids of candidates' arcs into rows of nodes.

    Parameters
    ----------
    graph
        The time graph.
    arcs
        As `Candidates.arcs`.
    """
    ids, count = arcs[["tail_id", "head_id"]].to_numpy(dtype=object).T.ravel(), len(graph.nodes)
    rows = pd.Index(graph.nodes["node_id"]).get_indexer(ids).astype(np.int64)
    new_ids, new = np.unique(ids[rows < 0], return_inverse=True)
    rows[rows < 0] = count + new
    return NumberedArcs(
        count=count + len(new_ids),
        new_ids=tuple(new_ids.tolist()),
        candidate=arcs["candidate"].to_numpy(dtype=np.int64),
        tail=rows[: len(arcs)],
        head=rows[len(arcs) :],
        seconds=arcs["seconds"].to_numpy(dtype=np.int64),
    )


type Limits = tuple[float, Sequence[str]]
"""Most km of water that a proposal crosses in all, and land borders that none crosses."""
NO_LIMITS: Limits = (math.inf, ())


def assemble(
    proposals: Iterable[Proposal], costs: CostTable, terrain: Terrain, limits: Limits = NO_LIMITS
) -> Candidates:
    """Price proposals and put them in tables, in order of their ids.

    Parameters
    ----------
    proposals
        Candidates without cost.
    costs, terrain
        What a km costs on which ground, and where that ground is.
    limits
        Proposals beyond them are left out and counted; an upgrade may cross a border, as its road does.

    Raises
    ------
    CandidateError
        When two proposals have one id, or a standard has no rate.
    """
    return tabulate(price(list(proposals), costs, terrain, limits), costs, terrain)


type Priced = tuple[Proposal, Mapping[str, object] | str]
"""A proposal with its row of the candidate table, or why it is left out."""


def price(
    proposals: Sequence[Proposal], costs: CostTable, terrain: Terrain, limits: Limits = NO_LIMITS
) -> list[Priced]:
    """Price proposals by what they consist of and the ground below; see `assemble`."""
    lines, (longest_km, closed) = [proposal.geometry for proposal in proposals], limits
    crossings, priced = border_crossings(lines, closed), list[Priced]()
    for one, parts, crossed in zip(proposals, survey(lines, terrain).tolist(), crossings, strict=True):
        row: Mapping[str, object] | str = _table_row(one, parts, costs)
        if parts[WATER] * line_km(one.geometry) > longest_km:
            row = f"{one.kind}: crosses more than {longest_km:g} km of water"
        elif crossed.any() and not one.replaces:
            row = f"{one.kind}: crosses a border that is closed to cars ({closed[int(crossed.argmax())]})"
        priced.append((one, row))
    return priced


def tabulate(
    priced: Iterable[Priced], costs: CostTable, terrain: Terrain, *, report: Mapping[str, int] | None = None
) -> Candidates:
    """Put priced proposals in tables, in order of their ids; `report` counts what was left out before."""
    every = sorted(priced, key=lambda one: one[0].candidate_id)
    _check_unique(proposal.candidate_id for proposal, _ in every)
    rejected = {
        one.candidate_id: (why, one.from_name, one.to_name) for one, why in every if isinstance(why, str)
    }
    left_out = Counter(report) + Counter(why for why, *_ in rejected.values())
    rows = [row for _, row in every if not isinstance(row, str)]
    ordered = [proposal for proposal, row in every if not isinstance(row, str)]
    arcs = [
        (at, *arc, instead_s)
        for at, proposal in enumerate(ordered)
        for arc, instead_s in zip(
            proposal.arcs, proposal.instead_s or [seconds for *_, seconds in proposal.arcs], strict=True
        )
    ]
    runs = [(at, *run) for at, proposal in enumerate(ordered) for run in proposal.runs]
    types = dict.fromkeys(
        ("length_km", "speed_kmh", *TERRAIN_CLASSES[:WATER], "water_km", "seats_filled"), "float64"
    )
    types |= dict.fromkeys(("seats_a_day", "trips_a_day", "cost_low", "cost", "cost_high"), "int64")
    return Candidates(
        table=_geo_table(pd.DataFrame(rows, columns=list(COLUMNS)).astype(types)),
        arcs=pd.DataFrame(arcs, columns=list(ARCS)).astype(dict(ARCS)),
        runs=pd.DataFrame(runs, columns=list(RUNS)).astype(dict(RUNS)),
        report=dict(left_out),
        rejected=rejected,
        money=costs.money,
        price_year=costs.price_year,
        terrain_source=terrain.source,
    )


def _table_row(proposal: Proposal, parts: list[float], costs: CostTable) -> dict[str, object]:
    cost = proposal.cost or sum(
        (estimate(costs, item.standard, item.quantity, parts) for item in proposal.items), Cost(0, 0, 0)
    )
    return {
        **{name: getattr(proposal, name) for name in COLUMNS if hasattr(proposal, name)},
        **dict(zip(TERRAIN_CLASSES, parts, strict=True)),
        "water_km": parts[WATER] * proposal.length_km,
        "cost_low": cost.low,
        "cost": cost.central,
        "cost_high": cost.high,
    }


def _geo_table(table: pd.DataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326")


def _check_unique(ids: Iterable[str]) -> None:
    """Refuse ids that are used twice."""
    if twice := repeated(ids):
        raise CandidateError(
            "candidate ids are used twice", faults=twice, remedy="Give each candidate its own id."
        )


def merge(first: Candidates, second: Candidates) -> Candidates:
    """Return the candidates of both tables, in order of their ids, with the counts of `report` added up.

    Raises
    ------
    CandidateError
        When an id is in both, or the money differs.
    """
    if first.money and second.money and first.money != second.money:
        raise CandidateError(
            f"candidates are priced in `{first.money}` and in `{second.money}`", remedy="Use one cost table."
        )
    table = pd.concat([first.table, second.table], ignore_index=True)
    _check_unique(table["candidate_id"])
    arcs, runs = (
        pd.concat([mine, others.assign(candidate=others["candidate"] + len(first))], ignore_index=True)
        for mine, others in ((first.arcs, second.arcs), (first.runs, second.runs))
    )
    both = Candidates(
        table=_geo_table(table),
        arcs=arcs,
        runs=runs,
        report=dict(sorted((Counter(first.report) + Counter(second.report)).items())),
        rejected={**first.rejected, **second.rejected},
        money=first.money or second.money,
        price_year=first.price_year or second.price_year,
        terrain_source=first.terrain_source or second.terrain_source,
    )
    return both.take(np.argsort(table["candidate_id"].to_numpy(dtype=str), kind="stable").tolist())


def fix(candidates: Candidates, *, in_: Iterable[str] = (), out: Iterable[str] = ()) -> Candidates:
    """Return the candidates with some fixed in, and some out of, every plan.

    Parameters
    ----------
    candidates
        All candidates.
    in_, out
        Ids of those that must, and must not, be built.

    Raises
    ------
    CandidateError
        With all ids that are unknown or fixed both ways.
    """
    inside, outside = set(in_), set(out)
    ids = candidates.table["candidate_id"]
    left_out = {name: why for name, (why, *_) in candidates.rejected.items()}
    faults = unknown_links(sorted(inside | outside), {}, candidates.ends, left_out)
    faults += [f"`{name}` is fixed both in and out" for name in sorted(inside & outside)]
    CandidateError.refuse(
        faults,
        "candidates cannot be fixed",
        remedy="The ids are in the column candidate_id of candidates.csv; what the rules leave out "
        "can be given as a candidate of your own (candidates.file).",
    )
    today = candidates.table["fixed"].to_numpy(dtype=object)
    fixed = np.select([ids.isin(inside), ids.isin(outside)], ["in", "out"], today)
    return replace(candidates, table=candidates.table.assign(fixed=fixed))
