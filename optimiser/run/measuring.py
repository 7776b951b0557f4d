"""Measure a verified plan: equity, dependence on the core, what each link is worth, and the build order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.timegraph import UNREACHABLE, TimeGraph
from optimiser.engine.search.paths import FAR, Integers
from optimiser.job.measures import Measures as Assumed
from optimiser.measures.appraisal import Valuer, valuer
from optimiser.measures.coverage import groups_in_order
from optimiser.measures.equity import TimedPairs
from optimiser.measures.tables import TABLES, Measures
from optimiser.problem import DesignProblem
from optimiser.proposals.table import Candidates
from optimiser.run import measured, proposing, store
from optimiser.verify import Plan

if TYPE_CHECKING:
    from optimiser.run.chain import Chain


@dataclass(frozen=True)
class Subject:
    """What is measured, laid out once; K pairs.

    Attributes
    ----------
    problem, plan
        The design problem and what the independent check found.
    graph
        Road and rail joined, today.
    found
        The candidates as they were proposed.
    cities
        Table of the cities: `city_id`, `name`, `tier`, `population`, `geometry`.
    ends
        Rows of the cities of each pair, int64 [K x 2].
    assumed
        What the job takes for granted.
    lines
        Lines of the road links that road arcs refer to; None without roads.
    """

    problem: DesignProblem
    plan: Plan
    graph: TimeGraph
    found: Candidates
    cities: gpd.GeoDataFrame
    ends: NDArray[np.int64]
    assumed: Assumed
    lines: gpd.GeoSeries | None = None

    @cached_property
    def arcs(self) -> pd.DataFrame:
        """Return the arcs that the plan opens."""
        return measured.arcs_of(self.problem, self.found, self.plan.built)

    @cached_property
    def worth(self) -> Valuer:
        """Return the problem of the plan's links, with exact times beyond the limits."""
        return valuer(measured.whole_problem(self.problem, self.graph, self.arcs, self.ends))

    @cached_property
    def times(self) -> dict[str, Integers]:
        """Return the seconds of each pair by state, `FAR` where no path leads."""
        return {"today": self.worth.times(()), "plan": self.worth.times(self.plan.built)}

    @cached_property
    def core(self) -> NDArray[np.int64]:
        """Return the rows of the core cities, or of the largest city where there is none."""
        rows = np.flatnonzero((self.cities["tier"] == "core").to_numpy())
        return rows if len(rows) else np.array([int(np.argmax(self.population))])

    @cached_property
    def population(self) -> NDArray[np.int64]:
        """Return the people of each city."""
        return np.asarray(self.cities["population"].to_numpy(dtype=np.int64))

    @cached_property
    def weight(self) -> NDArray[np.int64]:
        """Return the weight of each pair."""
        return np.array([pair.weight for pair in self.problem.pairs], dtype=np.int64)

    @cached_property
    def group(self) -> NDArray[np.str_]:
        """Return the tier of the smaller city of each pair."""
        return np.array([pair.group or "all cities" for pair in self.problem.pairs], dtype=np.str_)

    @cached_property
    def tiers(self) -> list[str]:
        """Return the tiers of pairs, largest cities first."""
        return groups_in_order(pd.Series(sorted(set(self.group.tolist())), dtype=object))

    @cached_property
    def people(self) -> NDArray[np.int64]:
        """Return the people at each node of the problem in `worth`: those of cities, else 0."""
        found = np.zeros(len(self.worth.problem.nodes), dtype=np.int64)
        for pair, (one, other) in zip(self.worth.problem.pairs, self.ends.tolist(), strict=True):
            found[pair.origin], found[pair.destination] = self.population[one], self.population[other]
        return found

    @cached_property
    def line_s(self) -> int:
        """Return the mean travel time beyond which people count as poor in time, seconds."""
        return self.assumed.line_s or max((pair.limit for pair in self.problem.pairs), default=1)

    def timed(self, state: str) -> TimedPairs:
        """Return the pairs between cities with their times in a state."""
        return TimedPairs(
            ends=tuple((one, other) for one, other in self.ends.tolist()),
            seconds=tuple(None if s >= FAR else s for s in self.times[state].tolist()),
            limits=tuple(pair.limit for pair in self.problem.pairs),
            weights=tuple(self.weight.tolist()),
            groups=tuple(self.group.tolist()),
        )


def subject(chain: Chain, plan: Plan) -> Subject:
    """Lay out what a run measures.

    Parameters
    ----------
    chain
        The steps of the run.
    plan
        The verified plan.
    """
    job, times = chain.loaded.job, chain.times.folder
    pairs = pd.read_parquet(chain.problem.folder / "pairs.parquet")
    roads = None if chain.source.matrix_file is not None else store.load_network(times, "road")
    return Subject(
        problem=chain.design,
        plan=plan,
        graph=store.load_graph(times, job.times.definition),
        found=proposing.load_candidates(chain.candidates.folder),
        cities=gpd.read_parquet(times / "cities.parquet"),
        ends=pairs[["origin", "destination"]].to_numpy(dtype=np.int64),
        assumed=job.measures,
        lines=None if roads is None else roads.links.geometry,
    )


def measure(subject: Subject) -> Measures:
    """Return all measures of a plan.

    Parameters
    ----------
    subject
        What is measured.
    """
    from optimiser.run import measuring_cities, measuring_core, measuring_links, measuring_order

    order = measuring_order.ordered(subject)
    return Measures(
        appraisal=measuring_links.appraisal(subject, order.names),
        equity=measuring_cities.equity(subject),
        polycentricity=measuring_core.polycentricity(subject),
        build_order=measuring_order.build_order(subject, order.names),
        phases=measuring_order.phases(subject),
        seconds=pd.DataFrame(
            {
                "before_s": np.where(subject.times["today"] >= FAR, UNREACHABLE, subject.times["today"]),
                "after_s": np.where(subject.times["plan"] >= FAR, UNREACHABLE, subject.times["plan"]),
            }
        ),
        facts=facts(subject) | {"order_method": order.method},
    )


def facts(subject: Subject) -> dict[str, object]:
    """Return what the measures take for granted, in plain values."""
    given = subject.assumed
    return {
        "core": subject.cities["name"].iloc[subject.core].astype(str).tolist(),
        "core_km": given.core_km,
        "near_km": given.near_km,
        "line_s": subject.line_s,
        "trips_per_person": given.trips_per_person,
        "discount_rate": given.discount_rate,
        "years": given.years,
        "overrun_correlation": given.overrun_correlation,
    }


def save(measures: Measures, folder: Path) -> None:
    """Write measures so that `load` reads them back: each table as Parquet, what is assumed as JSON."""
    for name in (*TABLES, "seconds"):
        getattr(measures, name).to_parquet(folder / f"{name}.parquet")
    store.save_json(folder / "facts.json", dict(measures.facts))


def load(folder: Path) -> Measures:
    """Read what `save` wrote."""
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in (*TABLES, "seconds")}
    return Measures(**tables, facts=store.load_json(folder / "facts.json"))
