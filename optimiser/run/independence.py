"""Take the core out of a region, and count who has a way without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from networks.skims import ARC_KINDS, TimeGraph, time_matrix
from networks.sphere import KM_PER_DEGREE
from optimiser.frontier.cases import Layer
from optimiser.job.model import Job
from optimiser.job.sections import Independence
from optimiser.problem.errors import JobError
from optimiser.proposals import prepare, shortest_times
from optimiser.proposals.table import Candidates, NumberedArcs, number_arcs
from optimiser.run.demands import exact_share
from optimiser.run.timing import ABOARD, ARRIVED, Times, places


def core_cities(cities: pd.DataFrame) -> NDArray[np.int64]:
    """Return the rows of the core cities, or of the largest city where no city is of the core tier."""
    rows = np.flatnonzero((cities["tier"] == "core").to_numpy())
    return rows if len(rows) else np.array([int(np.argmax(cities["population"].to_numpy()))])


def node_positions(graph: TimeGraph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes of nodes.

    A new node has those of the first node with a position that an arc joins it to.
    """
    lon, lat = (graph.nodes[key].to_numpy(dtype=np.float64).copy() for key in ("lon", "lat"))
    placed = np.isfinite(lon)
    for one, other in ((graph.tail, graph.head), (graph.head, graph.tail)):
        # Reversed, so that of several assignments to one node the first arc has the last word.
        rows = np.flatnonzero(~placed[one] & placed[other])[::-1]
        lon[one[rows]], lat[one[rows]] = lon[other[rows]], lat[other[rows]]
    return lon, lat


def roads_in_core(
    graph: TimeGraph, lines: gpd.GeoSeries | None, centres: gpd.GeoSeries, radius_km: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which arcs follow a road link whose line enters the core."""
    crosses = np.zeros(len(graph.tail), dtype=np.bool_)
    if lines is None:
        return crosses
    within = enters_core(lines.to_numpy(), centres, radius_km)
    arcs = np.flatnonzero((graph.kind == ARC_KINDS.index("road")) & (graph.ref >= 0))
    crosses[arcs] = within[graph.ref[arcs]]
    return crosses


def enters_core(
    lines: NDArray[np.object_], centres: gpd.GeoSeries, radius_km: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which lines or points lie at least partly within the radius of a centre.

    Parameters
    ----------
    lines
        Geometries in degrees [n].
    centres
        Points in degrees [c].
    radius_km
        float64 [c].

    Returns
    -------
    numpy.ndarray
        bool [n].
    """
    return np.asarray(shapely.intersects(lines, shapely.union_all(discs(centres, radius_km))))


def discs(centres: gpd.GeoSeries, radius_km: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return circles about points in degrees as polygons, on planes that touch the sphere there [c]."""
    circles = shapely.buffer(shapely.Point(0, 0), radius_km / KM_PER_DEGREE, quad_segs=64)
    scales = 1.0 / np.cos(np.radians(centres.y.to_numpy()))
    moved = zip(circles, scales, centres, strict=True)
    return np.array(
        [shapely.transform(one, lambda xy, s=s, c=c: xy * [s, 1.0] + [c.x, c.y]) for one, s, c in moved]
    )


_DISC_KM = 7.0
"""Radius of a disc in which a million people live at 6,500 a square kilometre, km."""
_ROUND_KM = 10
"""Radii by population are multiples of this, and at least this."""


def core_radius_km(population: int) -> float:
    """Return the radius of a core by its population, km.

    Parameters
    ----------
    population
        People of the built-up area.

    Notes
    -----
    7 km times the root of the people in millions, rounded to 10 km and at least 10 km: a disc with 6,500
    people a square kilometre (docs/rings.md).
    """
    return float(max(_ROUND_KM, _ROUND_KM * round(_DISC_KM * (population / 1e6) ** 0.5 / _ROUND_KM)))


@dataclass(frozen=True)
class WithoutCore:
    """A region without its core: the cities outside it, and the arcs that remain.

    Attributes
    ----------
    asked
        Section `[independence]` of the job.
    radius_km
        Radius by the name of the core city.
    outside
        bool [cities]: the centre lies outside every core.
    arcs
        bool [m]: arcs of the time graph that remain.
    opened
        bool [k]: arcs of candidates that remain.
    """

    asked: Independence
    radius_km: dict[str, float]
    outside: NDArray[np.bool_]
    arcs: NDArray[np.bool_]
    opened: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        graph: TimeGraph,
        candidates: Candidates,
        cities: gpd.GeoDataFrame,
        lines: gpd.GeoSeries,
        asked: Independence,
    ) -> WithoutCore:
        """Take the core out of a region.

        Parameters
        ----------
        graph, candidates
            What there is, and what may be built.
        cities
            Table of the cities: `name`, `tier`, `population`, `geometry`.
        lines
            Lines of the road links that road arcs refer to, degrees.
        asked
            Section of the job.

        Raises
        ------
        JobError
            When the job gives another number of radii than there are core cities.

        Notes
        -----
        An arc remains unless it touches a node in the core that is no train, follows a road whose line enters
        the core, or belongs to a candidate on the ground whose line does. So trains run through the core, but
        nobody boards, leaves or changes them there.
        """
        core = core_cities(cities)
        core = core[np.argsort(-cities["population"].to_numpy()[core], kind="stable")]
        names, people = (cities[key].iloc[core].tolist() for key in ("name", "population"))
        if asked.radius_km and len(asked.radius_km) != len(core):
            raise JobError(
                f"independence.radius_km has {len(asked.radius_km)} values for {len(core)} core cities",
                faults=[f"core cities, largest first: {', '.join(map(str, names))}"],
                done="No problem was written.",
                remedy="Give one radius for each of them, or none.",
            )
        radius = np.array(asked.radius_km or [core_radius_km(int(one)) for one in people], dtype=np.float64)
        centres = cities.geometry.iloc[core]
        arcs = number_arcs(graph, candidates.arcs)
        closed = _closed_nodes(graph, arcs, centres, radius)
        on_road = roads_in_core(graph, lines, centres, radius)
        table = candidates.table
        on_ground = (table["mode"] != "rail").to_numpy() & enters_core(
            table.geometry.to_numpy(), centres, radius
        )
        return cls(
            asked=asked,
            radius_km={str(name): float(km) for name, km in zip(names, radius, strict=True)},
            outside=~enters_core(cities.geometry.to_numpy(), centres, radius),
            arcs=~(closed[graph.tail] | closed[graph.head] | on_road),
            opened=~(closed[arcs.tail] | closed[arcs.head] | on_ground[arcs.candidate]),
        )

    def network(self, graph: TimeGraph) -> TimeGraph:
        """Return a time graph with the arcs of this one, at whatever speeds, without those of the core."""
        return graph.with_arcs(graph.arcs(self.arcs))

    def candidates(self, candidates: Candidates) -> Candidates:
        """Return candidates with the arcs of these ones, at whatever speeds, without those of the core."""
        return replace(candidates, arcs=candidates.arcs[self.opened].reset_index(drop=True))

    def rows(self, pairs: pd.DataFrame) -> NDArray[np.int64]:
        """Return the positions of the pairs whose independence counts.

        Parameters
        ----------
        pairs
            One row a pair of the problem: `origin`, `destination` (rows of cities), `group`, `today_s`
            (seconds today, -1 where no path exists).
        """
        ends = pairs[["origin", "destination"]].to_numpy(dtype=np.int64)
        counts = self.outside[ends].all(axis=1) & (pairs["today_s"] >= 0).to_numpy()
        return np.flatnonzero(counts & pairs["group"].isin(self.asked.tiers).to_numpy())

    def limits_s(self, today_s: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the limit of each pair at each stretch, rounded down, int64 [stretches, pairs]."""
        stretches = [exact_share(stretch) for stretch in self.asked.stretches]
        return np.array([[s.numerator * int(t) // s.denominator for t in today_s] for s in stretches])

    def times(
        self, graph: TimeGraph, candidates: Candidates, ends: NDArray[np.int64], built: Sequence[str]
    ) -> NDArray[np.int64]:
        """Return the seconds of pairs without the core, exact beyond every limit.

        Parameters
        ----------
        graph, candidates
            What there is, and what may be built, with the core.
        ends
            Rows of cities, int64 [K x 2].
        built
            Ids of the candidates that are built.

        Returns
        -------
        numpy.ndarray
            int64 [K], `NO_PATH_S` where no path exists.
        """
        left, kept = self.network(graph), self.candidates(candidates)
        arcs = number_arcs(left, kept.arcs)
        arcs = arcs.take(kept.table["candidate_id"].isin(list(built)).to_numpy()[arcs.candidate])
        matrix = time_matrix(arcs.count, *arcs.joined(left))
        return shortest_times.times_between(matrix, left.origin, left.destination)[ends[:, 0], ends[:, 1]]

    def layer(self, graph: TimeGraph, candidates: Candidates, pairs: pd.DataFrame) -> Layer | None:
        """Return the further pairs without the core; None where nothing counts.

        Parameters
        ----------
        graph, candidates
            What there is, and what may be built, with the core.
        pairs
            As for `rows`.

        Returns
        -------
        Layer or None
            One further pair for each pair that counts and each stretch.
        """
        return self.layer_of(self.network(graph), self.candidates(candidates), pairs)

    def layer_of(
        self, left: TimeGraph, kept: Candidates, pairs: pd.DataFrame, *, is_sparse: bool = False
    ) -> Layer | None:
        """Return the further pairs of what is left without the core; None where nothing counts.

        Parameters
        ----------
        left, kept
            What there is, and what may be built, without the core.
        pairs
            As for `rows`.
        is_sparse
            As for `prepare.problem_of_pairs`.
        """
        rows, weight = self.rows(pairs), exact_share(self.asked.weight)
        if not self.asked.counts_pairs or not len(rows):
            return None
        limits = self.limits_s(pairs["today_s"].to_numpy(dtype=np.int64)[rows])
        count = len(limits)
        further = pd.concat([pairs.iloc[rows]] * count).assign(limit=limits.ravel())
        found = prepare.problem_of_pairs(
            left, kept, further, name="without core", budget=0, money="", is_sparse=is_sparse
        )
        return Layer(
            network=found.problem, of=tuple(rows.tolist()) * count, shares=(weight / count,) * len(further)
        )


def without_core(times: Times, candidates: Candidates, job: Job) -> WithoutCore | None:
    """Return the region of a job without its core; None where independence does not count.

    Parameters
    ----------
    times, candidates
        Outcomes of the steps before.
    job
        The job.

    Raises
    ------
    JobError
        As `WithoutCore.of`.
    """
    if not job.independence.weight:
        return None
    graph, lines = times.graphs[job.times.definition], times.road.links.geometry
    return WithoutCore.of(graph, candidates, times.cities, lines, job.independence)


def _closed_nodes(
    graph: TimeGraph, arcs: NumberedArcs, centres: gpd.GeoSeries, radius_km: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which nodes, those of candidates last, lie in the core and are no train.

    A new station lies where the city lies that it is joined to, and its halls lie where it does.
    """
    place = places([*graph.nodes["node_id"], *arcs.new_ids])
    is_train = np.isin(place, (ABOARD, ARRIVED))
    new = np.full(len(arcs.new_ids), np.nan)
    lon, lat = (np.concatenate([graph.nodes[key].to_numpy(np.float64), new]) for key in ("lon", "lat"))
    ways = ~(is_train[arcs.tail] | is_train[arcs.head])
    tail, head = arcs.tail[ways], arcs.head[ways]
    while True:
        placed = np.isfinite(lon)
        found = placed[tail] & ~placed[head], placed[head] & ~placed[tail]
        if not (found[0] | found[1]).any():
            break
        for from_, to, which in ((tail, head, found[0]), (head, tail, found[1])):
            lon[to[which]], lat[to[which]] = lon[from_[which]], lat[from_[which]]
    known = np.flatnonzero(placed & ~is_train)
    closed = np.zeros(len(place), dtype=np.bool_)
    closed[known] = enters_core(shapely.points(lon[known], lat[known]), centres, radius_km)
    return closed
