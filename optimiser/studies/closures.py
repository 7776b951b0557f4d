"""Find the plan of a job that keeps a share of what it gains when any one link or section is closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from networks.schema import components
from networks.skims import ARC_KINDS, TimeGraph, paths
from optimiser.engine.search.task import SolveParameters, cores
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
from optimiser.job.model import LoadedJob
from optimiser.job.sections import Closures
from optimiser.problem import DesignProblem
from optimiser.problem.errors import InfeasibleError, JobError, SolverError
from optimiser.proposals import line_capacity
from optimiser.proposals.base_case import BaseCase
from optimiser.report import studies as pages
from optimiser.report import wording
from optimiser.report.studies import ClosedPlans
from optimiser.run import proposing
from optimiser.run.chain import Chain
from optimiser.run.solving import NOT_PROVEN
from optimiser.run.source import find_source
from optimiser.studies import folders
from optimiser.studies.answers import AskedBase
from optimiser.studies.closed_links import ClosedLinks, LinkFinder
from optimiser.studies.frontier import labels_of
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

    found: ClosedPlans

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a closure: the columns of `closures.csv`."""
        return self.found.table


def closures(
    job: str | Path | LoadedJob,
    *,
    out: Path | None = None,
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
    with folders.opened(job, ENDING, out, settings) as (loaded, target, stage):
        asked, chain = loaded.job.closures, Chain(loaded, find_source(loaded), progress)
        if loaded.job.budget.unlimited:
            raise JobError(
                "closures need a budget",
                where=f"job {loaded.name}: budget",
                done="Nothing was written.",
                remedy="Give budget.share or budget.amount.",
            )
        problem, job_plan = chain.counted.value, chain.result
        named = list(closures_of(chain, asked, progress))
        params = SolveParameters(
            gap=asked.gap,
            time_limit_s=asked.time_limit_s,
            seed=loaded.job.solve.seed,
            threads=loaded.job.solve.threads or cores(),
        )
        keep = Keep(share=Fraction(repr(asked.share)), counted=asked.counted)
        every = [closure for closure, _part in named]
        answer = most_coverage(problem, every, keep, params, known=[job_plan.built], notify=progress.begins)
        if answer.level is None:
            where = f"problem {problem.name!r}"
            if answer.status == "infeasible":
                raise InfeasibleError("no plan meets the demands of the job; proved.", where=where)
            remedy = "Raise closures.time_limit_s."
            raise SolverError("no plan was found in time", where=where, remedy=remedy)
        evaluator = ClosureEvaluator(problem, every)
        weights = {"plan": answer.weights, "job": evaluator(job_plan.built, job_plan.starts)}
        labels = labels_of(problem, chain.candidates.value.table)
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
        found = ClosedPlans.of(summary, _shown(chain, problem, named, evaluator, answer, weights))
        kept = {**found.summary, "built": list(answer.built), "starts": dict(answer.starts)}
        folders.write(stage, {"problem.json": problem, "closures.json": kept})
        pages.write_closures(found, stage)
    proven = answer.gap is not None and answer.gap <= asked.gap
    return ClosuresRun(target, 0 if proven else NOT_PROVEN, found)


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
        labels = labels_of(problem, chain.candidates.value.table)
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
    timer = AskedBase(chain, arcs).base.timer
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
