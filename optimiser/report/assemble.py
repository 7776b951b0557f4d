"""Bring problem, plan and tables together into what a report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.timegraph import UNREACHABLE
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError
from optimiser.report import links
from optimiser.report.inputs import ReportInput
from optimiser.report.routes import Route, fastest
from optimiser.verify import Plan

CITY = "city:"
"""How the id of a node that stands for a city begins."""

AFTER = "/after"
"""How the id of a destination ends where times count in the vehicle alone (`networks.intermodal`)."""


def assemble(
    problem: DesignProblem,
    plan: Plan,
    *,
    region: str,
    cities: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    networks: Mapping[str, gpd.GeoDataFrame],
    ends: NDArray[np.int64] | None = None,
    **words: Any,  # noqa: ANN401 - passed on: the further fields of ReportInput, each with its own type
) -> ReportInput:
    """Return all that a report of a verified plan shows.

    Parameters
    ----------
    problem, plan
        What was solved, and what the independent check found.
    region
        Name of the region.
    cities, candidates
        Tables of the cities (`city_id`, `name`, `tier`, `population`, `geometry`) and of the candidates.
    networks
        ``road`` and ``rail``: links of today's networks (`link_class`, `geometry`).
    ends
        Rows of the cities that each pair of the problem joins, int64 [pairs x 2]: the columns `origin` and
        `destination` of `prepare.Prepared.pairs`. None where every pair ends at nodes named
        ``city:<city_id>``.
    **words
        Further fields of `ReportInput`: `definition`, `variant`, `solver`, `seconds`, `assumptions`,
        `sensitivity`, `sources`, `notes`, `attribution`.

    Returns
    -------
    ReportInput
        With every pair, the ranked links, and the paths over them.
    """
    cities = cities.reset_index(drop=True)
    ends = pair_cities(problem, cities) if ends is None else ends
    population = cities["population"].to_numpy(dtype=np.int64)
    table, paths = links.tabulate(
        problem,
        plan.built,
        candidates=candidates,
        smaller_city=smaller(ends, population),
        population=population,
    )
    return ReportInput(
        region=region,
        limit_s=max((pair.limit for pair in problem.pairs), default=0),
        budget=problem.budget,
        money=problem.money,
        cost=plan.cost,
        objective=plan.objective,
        bound=plan.bound,
        gap=plan.gap,
        gap_of_gain=plan.gap_of_gain,
        status=plan.status,
        cities=cities,
        pairs=pair_table(problem, plan, ends=ends, paths=paths),
        links=table,
        roads=networks["road"],
        rail=networks["rail"],
        **words,
    )


def pair_cities(problem: DesignProblem, cities: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the cities that each pair joins, as rows of the table, int64 [pairs x 2].

    Raises
    ------
    ProblemError
        When a pair ends at a node that is no city of the table.
    """
    rows = {f"{CITY}{city_id}": row for row, city_id in enumerate(cities["city_id"].astype(str))}
    ends = ((problem.nodes[pair.origin], problem.nodes[pair.destination]) for pair in problem.pairs)
    names = [(a.removesuffix(AFTER), b.removesuffix(AFTER)) for a, b in ends]
    strange = sorted({node for ends in names for node in ends if node not in rows})
    if strange:
        raise ProblemError(
            "pairs end at nodes that are no city of the report",
            faults=strange[:20],
            remedy="Give the cities table that the problem was prepared from.",
        )
    return np.array([[rows[a], rows[b]] for a, b in names], dtype=np.int64).reshape(-1, 2)


def smaller(ends: NDArray[np.int64], population: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the less populous city of each pair; of equals the destination."""
    first = population[ends[:, 0]] < population[ends[:, 1]]
    return np.where(first, ends[:, 0], ends[:, 1]).astype(np.int64)


def pair_table(
    problem: DesignProblem, plan: Plan, *, ends: NDArray[np.int64], paths: Mapping[int, tuple[str, ...]]
) -> pd.DataFrame:
    """Return the `pairs` table of `ReportInput`.

    Parameters
    ----------
    problem, plan
        What was solved and found.
    ends
        Rows of the cities of each pair, int64 [pairs x 2].
    paths
        Ids of the proposed links on the path of each newly covered pair.
    """
    everything = [j for j, candidate in enumerate(problem.candidates) if candidate.fixed != "out"]
    best = fastest(problem, built=everything, pairs=range(len(problem.pairs)))
    return pd.DataFrame(
        {
            "origin": ends[:, 0],
            "destination": ends[:, 1],
            "group": [pair.group or "all cities" for pair in problem.pairs],
            "weight": np.array([pair.weight for pair in problem.pairs], dtype=np.int64),
            "limit_s": np.array([pair.limit for pair in problem.pairs], dtype=np.int64),
            "before_s": _seconds(plan.times_before_s),
            "after_s": _seconds(plan.times_after_s),
            "all_built_s": _seconds(_times(best, len(problem.pairs))),
            "links": [paths.get(k, ()) for k in range(len(problem.pairs))],
        }
    )


def _times(routes: Mapping[int, Route], count: int) -> tuple[int, ...]:
    return tuple(routes[k].seconds for k in range(count))


def _seconds(times: tuple[int | None, ...]) -> NDArray[np.int64]:
    return np.array([UNREACHABLE if time is None else time for time in times], dtype=np.int64)
