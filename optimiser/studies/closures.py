"""Find the plan of a job that keeps a share of what it gains when any one link or section is closed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from networks.cities import CityNames, UnknownCityError
from networks.osm.tags import was_open
from networks.rail import RailBuild
from networks.schema import components
from networks.skims import ARC_KINDS, TimeGraph, paths
from optimiser.engine.search.paths import Mask
from optimiser.frontier.cases import TimeChanges
from optimiser.frontier.closures import (
    INTACT,
    Closure,
    ClosureAnswer,
    ClosureEvaluator,
    Keep,
    least_cost,
    most_coverage,
)
from optimiser.job.model import LoadedJob, did_you_mean
from optimiser.job.sections import Closures
from optimiser.problem import DesignProblem
from optimiser.problem.errors import InfeasibleError, JobError, SolverError
from optimiser.proposals import line_capacity
from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.table import Candidates
from optimiser.report import studies as pages
from optimiser.report import wording
from optimiser.run import proposing, solving, source
from optimiser.run.chain import Chain
from optimiser.studies import answers, folders, frontier, whatif
from optimiser.tasks.cache import Progress

ENDING = "-closures"
"""Ending of the default folder."""

LEAST_KM = 5.0
"""Length below which a section of line or a stretch of expressway is a part of a station or junction."""

_OF_ROADS = ARC_KINDS.index("road")


@dataclass(frozen=True)
class ClosuresRun(folders.StudyRun):
    """A plan under closures, in its folder.

    Attributes
    ----------
    folder
        The folder.
    found
        What its page shows.
    exit_code
        0 where the plan is proven to the gap asked for, else 10.
    """

    found: pages.ClosedPlans

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a closure: the columns of `closures.csv`."""
        return self.found.table


@whatif.door
def closures(
    job: str | Path | LoadedJob,
    *,
    out: str | Path | None = None,
    progress: Progress | None = None,
    settings: Sequence[str] = (),
) -> ClosuresRun:
    """Find the plan of a job under closures, and write what remains when each is in force.

    Parameters
    ----------
    job
        A job, the name of a ready one, or a job file; its section `closures` says what is closed and what is
        kept.
    out
        Folder to write; None: that of the job with `ENDING`.
    progress
        Notified of each step.
    settings
        Changes of the job, as `closures.share=0.8`.

    Raises
    ------
    JobError
        When the job has no budget.
    InfeasibleError, SolverError
        When no plan exists, or none was found in time.
    """
    progress = progress or Progress()
    with folders.opened(job, ENDING, out, progress, settings) as (loaded, target, stage):
        asked, chain = loaded.job.closures, Chain(loaded, source.find_source(loaded), progress)
        if loaded.job.budget.unlimited:
            raise JobError(
                "closures need a budget",
                where=f"job {loaded.name}: budget",
                done="Nothing was written.",
                remedy="Give budget.share or budget.amount.",
            )
        problem, job_plan = chain.counted.value, chain.result
        named = list(closures_of(chain, asked, progress))
        params = solving.parameters(loaded.job.solve).replace(gap=asked.gap, time_limit_s=asked.time_limit_s)
        keep = Keep(share=Fraction(repr(asked.share)), counted=asked.counted)
        every = [closure for closure, _part in named]
        answer = most_coverage(problem, every, keep, params, known=[job_plan.built], notify=progress.begins)
        if answer.level is None:
            where = f"problem {problem.name!r}"
            if answer.status == "infeasible":
                raise InfeasibleError("no plan meets the demands of the job; proved.", where=where)
            remedy = "Raise solve.effort."
            raise SolverError("no plan was found", where=where, remedy=remedy)
        evaluator = ClosureEvaluator(problem, every)
        weights = {"plan": answer.weights, "job": evaluator(job_plan.built, job_plan.starts)}
        labels = frontier.labels_of(problem, chain.candidates.value.table)
        words = {key: f"{one['name']} ({wording.kind(str(one['kind']))})" for key, one in labels.items()}
        cost = None
        if asked.cost:  # of the coverage of the job's plan, and of keeping the share of it as well
            gained = weights["job"][INTACT]
            alone = least_cost(problem, [], {INTACT: gained}, params)
            both = least_cost(problem, every, keep.least_of(gained, evaluator.today), params)
            cost = {
                "weight": gained,
                "alone": alone.level,
                "alone_bound": alone.bound,
                "kept": both.level,
                "kept_bound": both.bound,
                "impossible": both.status == "infeasible",
            }
        summary = {
            "region": chain.source.title,
            "share": asked.share,
            "counted": asked.counted,
            "answer_status": answer.status,
            "credited": answer.level or 0,
            "bound": answer.bound or 0,
            "gap": answer.gap,
            "free": next((one.value or 0 for one in answer.rounds), 0),
            "credited_job": min(keep.credits(weights["job"], evaluator.today).values()),
            "today": evaluator.today[INTACT],
            "weight_plan": answer.weights[INTACT],
            "weight_job": weights["job"][INTACT],
            "seconds": answer.seconds,
            "rounds": len(answer.rounds),
            "added": len(answer.rounds[-1].closures),
            "only_plan": tuple(sorted(words[name] for name in set(answer.built) - set(job_plan.built))),
            "only_job": tuple(sorted(words[name] for name in set(job_plan.built) - set(answer.built))),
            "cost": cost,
            "money": problem.money,
            "attribution": chain.source.attribution,
        }
        found = pages.ClosedPlans.of(summary, _shown(chain, problem, named, evaluator, answer, weights))
        kept = {**found.summary, "built": list(answer.built), "starts": dict(answer.starts)}
        folders.write(stage, {"problem.json": problem, "closures.json": kept})
        pages.write_closures(found, stage)
    proven = answer.gap is not None and answer.gap <= asked.gap
    return ClosuresRun(target, 0 if proven else solving.NOT_PROVEN, found)


def closures_of(chain: Chain, asked: Closures, progress: Progress) -> Iterator[tuple[Closure, NetworkPart]]:
    """Yield what may be closed in a job, one at a time.

    Parameters
    ----------
    chain
        The steps of the job.
    asked
        Which kinds, and how many.
    progress
        Notified before networks are timed.

    Notes
    -----
    A section of line that is closed takes the rides of today's trains between the stops on both sides of it,
    and the candidates whose trains run over it; no train goes round it. A stretch of expressway is closed in
    both directions; cars go round it on what is left. Arcs of a problem stand for whole paths, so that both
    are timed anew.
    """
    problem = chain.counted.value
    if "links" in asked.of:
        labels = frontier.labels_of(problem, chain.candidates.value.table)
        for candidate in problem.candidates:
            links = ClosedLinks(np.zeros(0, dtype=np.int64), (candidate.id,))
            part = NetworkPart("link", str(labels[candidate.id]["name"]), candidate.kind, links)
            yield Closure(id=candidate.id, candidates=links.candidates), part
    finder = LinkFinder.of(chain)
    parts: list[NetworkPart] = []
    if "sections" in asked.of:
        hours = proposing.rules_of(chain.loaded.job, chain.source).rail.hours_a_day
        parts += sections(chain.base, finder, asked.most, hours_a_day=hours)
    if "expressways" in asked.of:
        parts += expressways(chain.base, finder, problem, asked.most)
    if not parts:
        return
    arcs = {f"{part.kind} {at}": part.links.arcs for at, part in enumerate(parts, start=1)}
    timer = answers.AskedBase(chain, arcs).base.timer
    for part, name in zip(parts, arcs, strict=True):
        progress.begins(f"Timing the network without {part.name}")
        network = timer(TimeChanges(closed=(name,)))
        yield Closure(id=name, candidates=part.links.candidates, network=network), part


class NetworkPart(NamedTuple):
    """A candidate, or a part of today's network, that may be closed.

    Attributes
    ----------
    kind
        `link` of the problem, `section` of line or stretch of `expressway`.
    name
        Name of it.
    note
        How long it is and how much it is used; the kind of a candidate.
    links
        What it closes.
    """

    kind: str
    name: str
    note: str
    links: ClosedLinks


def sections(base: BaseCase, finder: LinkFinder, most: int, *, hours_a_day: float) -> Iterator[NetworkPart]:
    """Yield the sections of today's line with the most trains.

    Parameters
    ----------
    base
        Rail network and services of today.
    finder
        Finds what links close.
    most
        Number of sections.
    hours_a_day
        Hours of service a day.
    """
    table = line_capacity.sections_in_use(base, finder.candidates, hours_a_day=hours_a_day)
    table = table[(table["length_km"] >= LEAST_KM) & (table["trains"] > 0)].head(most)
    for row in table.to_dict("records"):
        tracks = np.zeros(0 if base.rail is None else len(base.rail.links), dtype=np.bool_)
        tracks[list(row["links"])] = True
        note = f"{row['length_km']:.0f} km, {row['trains']:.0f} trains a day"
        links = finder.closing(np.zeros(len(finder.roads), dtype=np.bool_), tracks)
        yield NetworkPart("section", str(row["section"]), note, links)


# ---- expressways


def expressways(
    base: BaseCase, finder: LinkFinder, problem: DesignProblem, most: int
) -> Iterator[NetworkPart]:
    """Yield the stretches of expressway on the fastest paths of the most weight of pairs today.

    Parameters
    ----------
    base
        Road network of today.
    finder
        Finds what links close.
    problem
        The problem, whose pairs count.
    most
        Number of stretches.
    """
    of_link = stretches(base)
    used = weight_by_stretch(finder.graph, problem, of_link)
    lengths = base.road.links["length_km"].to_numpy(dtype=np.float64)
    km = {number: float(lengths[of_link == number].sum()) for number in used}
    chosen = [number for number in sorted(used, key=lambda n: (-used[n], n)) if km[number] >= LEAST_KM]
    total = sum(pair.weight for pair in problem.pairs)
    for number in chosen[:most]:
        note = f"{km[number]:.0f} km, fastest for {used[number] / max(1, total):.0%} of the weight"
        closed = of_link == number
        yield NetworkPart(
            "expressway", _stretch_name(base, np.flatnonzero(closed)), note, finder.closing(closed)
        )


def stretches(base: BaseCase) -> NDArray[np.int64]:
    """Return the stretch of expressway of each link of the road network, int64 [links]; -1 for other roads.

    A stretch ends where another expressway meets it, and where its number changes.
    """
    links = base.road.links
    is_expressway = (links["link_class"] == "motorway").to_numpy()
    rows = np.flatnonzero(is_expressway)
    refs = links["ref"].astype(str).tolist()
    at_node: dict[int, list[int]] = defaultdict(list)
    for link, ends in zip(rows.tolist(), links[["tail", "head"]].to_numpy()[rows].tolist(), strict=True):
        for node in ends:
            at_node[node].append(link)
    # Two links of one number that meet alone continue each other: a stretch is a component of such links.
    joined = [met for met in at_node.values() if len(met) == 2 and refs[met[0]] == refs[met[1]]]
    one, other = np.array(joined, dtype=np.int64).reshape(-1, 2).T
    return np.where(is_expressway, components(one, other, size=len(links)), -1).astype(np.int64)


def weight_by_stretch(graph: TimeGraph, problem: DesignProblem, of_link: NDArray[np.int64]) -> dict[int, int]:
    """Return the weight of the pairs whose fastest path today uses each stretch.

    Parameters
    ----------
    graph
        Time graph of today.
    problem
        The problem, whose nodes are those of the graph.
    of_link
        int64 [links], the stretch of each road link; -1 for other roads.
    """
    row = {str(name): at for at, name in enumerate(graph.nodes["node_id"].tolist())}
    both = (graph.origin.tolist(), graph.destination.tolist())
    start, end = ({node: city for city, node in enumerate(nodes)} for nodes in both)
    pairs_from: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for pair in problem.pairs:
        origin, destination = (row[problem.nodes[node]] for node in (pair.origin, pair.destination))
        pairs_from[start[origin]].append((end[destination], pair.weight))
    weights: dict[int, int] = defaultdict(int)
    for destinations, found in zip(pairs_from.values(), paths(graph, pairs_from), strict=True):
        for destination, weight in destinations:
            if (path := found.get(destination)) is not None:
                roads = path.arcs[graph.kind[path.arcs] == _OF_ROADS]
                for number in set(of_link[graph.ref[roads]].tolist()) - {-1}:
                    weights[number] += weight
    return dict(weights)


def _stretch_name(base: BaseCase, links: NDArray[np.int64]) -> str:
    """Return the number of an expressway, and the cities near the two ends of a stretch."""
    table = base.road.links.iloc[links]
    ends = pd.Series(table[["tail", "head"]].to_numpy().ravel()).value_counts()
    outer = sorted(ends[ends == 1].index.tolist())[:2]
    points = shapely.get_coordinates(base.road.nodes.geometry.iloc[outer].to_numpy())
    near = [base.beside_city(float(lon), float(lat)) for lon, lat in points]
    return ": ".join(filter(None, [next(iter(table["ref"].astype(str)), ""), " – ".join(near)]))


# ---- what is shown


def _shown(
    chain: Chain,
    problem: DesignProblem,
    named: Iterable[tuple[Closure, NetworkPart]],
    evaluator: ClosureEvaluator,
    answer: ClosureAnswer,
    weights: Mapping[str, Mapping[str, int]],
) -> list[dict[str, Any]]:
    """Return what each closure takes from both plans; links that neither builds are left out."""
    names = chain.times.value.cities["name"].astype(str).tolist()
    ends = chain.draft.value.pairs[["origin", "destination"]].to_numpy(dtype=np.int64)
    open_pairs = evaluator.covered(answer.built, None)
    either = set(answer.built) | set(chain.result.built)
    found = []
    for closure, part in named:
        name = closure.id
        if part.kind == "link" and name not in either:
            continue
        lost = np.flatnonzero(open_pairs & ~evaluator.covered(answer.built, closure))
        by_weight = sorted(lost.tolist(), key=lambda k: (-problem.pairs[k].weight, k))
        found.append(
            {
                "closure": name,
                "kind": part.kind,
                "name": part.name,
                "note": part.note,
                "weight_today": evaluator.today[name],
                "weight_plan": weights["plan"][name],
                "weight_job": weights["job"][name],
                "in_plan": name in answer.built,
                "in_job": name in chain.result.built,
                "pairs_lost": len(lost),
                "lost": "; ".join(f"{names[a]} – {names[b]}" for a, b in ends[by_weight].tolist()),
            }
        )
    return sorted(found, key=lambda row: (row["weight_plan"], row["closure"]))


# ---- what is closed under a name


LATER = "opened after "
"""Begin of the name of all links that opened after a day."""
_STOP = re.compile(r"^stop:(.+)/(\d+)")
_PART = re.compile(r"^(?P<name>.+): (?P<one>.+) - (?P<other>[^:]+)$")


@dataclass(frozen=True, slots=True)
class ClosedLinks:
    """What is not there under one name.

    Attributes
    ----------
    arcs
        Arcs of the time graph, int64 rows, rising.
    candidates
        Ids of candidates that cannot be built.
    """

    arcs: NDArray[np.int64]
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class LinkFinder:
    """Finds links of today, and candidates, by the names that planners use.

    Attributes
    ----------
    graph
        Time graph of the definition that counts.
    roads
        Road links to which its arcs refer.
    rail
        Railways with the services to which its arcs refer; None without.
    candidates
        What may be built.
    cities
        Table of cities.
    """

    graph: TimeGraph
    roads: gpd.GeoDataFrame
    rail: RailBuild | None
    candidates: Candidates
    cities: gpd.GeoDataFrame

    @classmethod
    def of(cls, chain: Chain) -> Self:
        """Return the finder of a job, whose trains count where the job reads them."""
        times, job = chain.times.value, chain.loaded.job
        rail = chain.rail if job.times.rail else None
        graph = times.graphs[job.times.definition]
        return cls(graph, times.road.links, rail, chain.candidates.value, times.cities)

    def closures(self, names: Sequence[str]) -> dict[str, ClosedLinks]:
        """Return what each name closes.

        Parameters
        ----------
        names
            Ids of candidates; names or references of roads and railways (`G4`); parts of them between two
            cities (`G4: Baoding - Shijiazhuang`: what lies between the lines through the cities across the
            way from one to the other); `opened after 2024-12-31`.

        Raises
        ------
        JobError
            With all names under which there is nothing.

        Notes
        -----
        Of a service, the rides between two stops are closed that run over a closed link; a candidate that
        runs trains over one cannot be built.
        """
        found, faults = dict[str, ClosedLinks](), []
        for name in dict.fromkeys(names):
            try:
                found[name] = self._closure(name)
            except (LookupError, UnknownCityError) as fault:
                faults.append(f"'{name}': {fault.args[0]}")
        JobError.refuse(
            faults,
            "links are named that do not exist",
            where="sweep.factors",
            done="No case was made.",
            remedy="Name roads and railways as the columns ref and name of network.gpkg have them, or "
            "candidates by id.",
        )
        return found

    def _closure(self, name: str) -> ClosedLinks:
        if name in set(self.candidates.table["candidate_id"]):
            return ClosedLinks(np.zeros(0, dtype=np.int64), (name,))
        if name.startswith(LATER):
            day = date.fromisoformat(name.removeprefix(LATER))  # what has no date was open
            masks = [
                np.array([not was_open(str(text), on=day) for text in links["start_date"]], dtype=np.bool_)
                for links in self._networks
            ]
        else:
            masks = self._named(name)
        found = self.closing(*masks)
        if not len(found.arcs) and not name.startswith(LATER):
            raise LookupError("no road of the map, and no train, runs over it")
        return found

    def closing(self, roads: Mask, tracks: Mask | None = None) -> ClosedLinks:
        """Return what some links close: road links, and links of the rail network; bool [links] each."""
        kinds = [ARC_KINDS.index(kind) for kind in ("road", "ferry")]
        rows = np.flatnonzero(np.isin(self.graph.kind, kinds))
        closed = [rows[roads[self.graph.ref[rows]]] if len(rows) else rows]
        candidates: tuple[str, ...] = ()
        if tracks is not None:
            closed.append(self._rides(tracks))
            runs = self.candidates.runs
            over = runs["candidate"][tracks[runs["link"].to_numpy(dtype=np.int64)]].unique()
            candidates = tuple(sorted(self.candidates.table["candidate_id"].astype(str).iloc[over]))
        return ClosedLinks(np.unique(np.concatenate(closed)), candidates)

    @property
    def _networks(self) -> list[gpd.GeoDataFrame]:
        return [self.roads] if self.rail is None else [self.roads, self.rail.network.links]

    def _named(self, name: str) -> list[Mask]:
        part = _PART.match(name)
        whole = name if part is None else part["name"]
        masks = [((links["ref"] == whole) | (links["name"] == whole)).to_numpy() for links in self._networks]
        if not any(mask.any() for mask in masks):
            known = {
                str(value) for links in self._networks for key in ("ref", "name") for value in links[key]
            }
            raise LookupError(f"nothing has this name{did_you_mean(whole, sorted(known - {''}))}")
        if part is None:
            return masks
        cities = CityNames(self.cities)
        ends = [cities.row(part[key].strip()) for key in ("one", "other")]
        between = [
            mask & self._between(links, *ends) for mask, links in zip(masks, self._networks, strict=True)
        ]
        if not any(mask.any() for mask in between):
            raise LookupError("nothing of it lies between these cities")
        return between

    def _between(self, links: gpd.GeoDataFrame, one: int, other: int) -> Mask:
        """Return which links have their middle between the lines across the way from one city to another."""
        places = self.cities.geometry.iloc[[one, other]]
        lon, lat = places.x.to_numpy(), places.y.to_numpy()
        scale = np.cos(np.radians(lat.mean()))
        middle = shapely.line_interpolate_point(links.geometry.to_numpy(), 0.5, normalized=True)
        east, north = (lon[1] - lon[0]) * scale, lat[1] - lat[0]
        along = (shapely.get_x(middle) - lon[0]) * scale * east + (shapely.get_y(middle) - lat[0]) * north
        along = along / (east**2 + north**2)
        return np.asarray((along >= 0) & (along <= 1))

    def _rides(self, closed: Mask) -> NDArray[np.int64]:
        """Return the rides between two stops that run over closed links."""
        legs = set(self._closed_legs(closed))
        ids = self.graph.nodes["node_id"].to_numpy(dtype=object)
        rides = np.flatnonzero(self.graph.kind == ARC_KINDS.index("ride")).tolist()
        stops = ((row, _STOP.match(ids[self.graph.tail[row]])) for row in rides)
        found = [row for row, stop in stops if stop is not None and (stop[1], int(stop[2])) in legs]
        return np.array(found, dtype=np.int64)

    def _closed_legs(self, closed: Mask) -> Iterator[tuple[str, int]]:
        """Yield service and number of the first stop of each leg that runs over a closed link."""
        if self.rail is None or not closed.any():
            return
        services, links = self.rail.services, self.rail.network.links
        names = services.lines["service_id"].astype(str).tolist()
        ends = links[["tail", "head"]].to_numpy(dtype=np.int64).tolist()
        stops = {key: own["node"].tolist() for key, own in services.stops.groupby("service")}
        for service in services.routes["service"][closed[services.routes["link"]]].unique().tolist():
            route = services.routes[services.routes["service"] == service]
            ahead, leg = stops[service], 0
            node = ahead[0]
            for link in route["link"].tolist():
                if closed[link]:
                    yield names[service], leg
                tail, head = ends[link]
                node = head if node == tail else tail
                if leg + 2 < len(ahead) and node == ahead[leg + 1]:
                    leg += 1
