"""Tabulate how far a region leans on its core, today and with a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.timegraph import TimeGraph
from optimiser.measures import definitions
from optimiser.measures.equity import TimedPairs
from optimiser.measures.polycentricity.dependence import Dependence, summed
from optimiser.measures.polycentricity.functional import functional
from optimiser.measures.polycentricity.morphology import mean_slope, ordinary, primacy
from optimiser.measures.polycentricity.streets import journeys
from optimiser.measures.polycentricity.structure import in_reach
from optimiser.problem import Ring
from optimiser.run import measured, sensitivity

if TYPE_CHECKING:
    from optimiser.run.measuring import Subject

type Value = float | None


@dataclass(frozen=True, slots=True)
class _State:
    """The structure of a region in one state."""

    dependence: Dependence
    through: NDArray[np.float64]
    share_through: NDArray[np.float64]
    reach: NDArray[np.int64]
    functional: Value
    on_rings: NDArray[np.int64]


def polycentricity(subject: Subject) -> pd.DataFrame:
    """Return one row a measure of the region, then one a city for the trips that run through it.

    Parameters
    ----------
    subject
        What is measured.

    Returns
    -------
    pandas.DataFrame
        Columns `measure` (a key of `measures.definitions.MEASURES`), `place`, `unit`, `today`, `plan`
        (float64), `meaning`, `source`.
    """
    after = sensitivity.with_arcs(subject.graph, subject.arcs[["tail_id", "head_id", "seconds"]])
    states = (_state(subject, "today", subject.graph), _state(subject, "plan", after))
    rows = [*_of_region(subject, *states), *_of_cities(subject, *states)]
    table = pd.DataFrame(
        [
            {
                "measure": name,
                "place": place,
                "unit": definitions.MEASURES[name].unit,
                "today": today,
                "plan": plan,
                "meaning": definitions.MEASURES[name].meaning,
                "source": definitions.MEASURES[name].source,
            }
            for name, place, today, plan in rows
        ]
    )
    return table.astype({"today": "float64", "plan": "float64"})


def _state(subject: Subject, name: str, graph: TimeGraph) -> _State:
    given, ends = subject.assumed, subject.ends
    weight = subject.weight
    streets = measured.streets(
        graph,
        subject.cities,
        core=subject.core,
        core_km=given.core_km,
        near_km=given.near_km,
        lines=subject.lines,
    )
    found = journeys(
        streets,
        graph.origin[ends[:, 0]],
        graph.destination[ends[:, 1]],
        weight,
        areas=len(subject.cities),
    )
    share = np.divide(
        found.through, found.elsewhere, out=np.zeros(len(found.through)), where=found.elsewhere > 0
    )
    timed = subject.timed(name)
    return _State(
        dependence=summed(found.core, weight.tolist()),
        through=found.through,
        share_through=share,
        reach=in_reach(timed.ends, timed.within, subject.population),
        functional=_functional(timed, len(subject.cities)),
        on_rings=_on_rings(subject, only_existing=name == "today"),
    )


def _of_region(subject: Subject, *states: _State) -> Iterator[tuple[str, str, Value, Value]]:
    """Yield name, place, value today and value with the plan of each measure of the region."""
    people = subject.population

    def row(name: str, of: list[Value]) -> tuple[str, str, Value, Value]:
        return name, "", of[0], of[1]

    core = subject.core
    leans = [state.dependence for state in states]
    yield row("core_every_share", [float(d.share_on_every) for d in leans])
    yield row("core_some_share", [float(d.share_on_some) for d in leans])
    yield row("core_closed_minutes", [float(d.mean_lost) / 60 for d in leans])
    yield row("core_closed_cut_off_share", [d.cut_off / d.weight if d.weight else None for d in leans])
    yield row("core_detour_ratio", [None if d.detour is None else float(d.detour) for d in leans])
    yield row("core_betweenness_share", [_part(state.through, core) for state in states])
    yield row("betweenness_evenness", [_ordinary(state.through) for state in states])
    yield row("people_evenness", [_ordinary(people)] * 2)
    yield row("people_slope", [mean_slope(people) if np.count_nonzero(people) > 1 else None] * 2)
    yield row("people_primacy_share", [primacy(people) if len(people) > 1 and people.any() else None] * 2)
    yield row("reach_evenness", [_ordinary(state.reach) for state in states])
    yield row("functional_polycentricity", [state.functional for state in states])
    if subject.problem.rings:
        yield row("ring_cities", [float(len(state.on_rings)) for state in states])
        yield row("ring_people", [float(people[state.on_rings].sum()) for state in states])


def _of_cities(subject: Subject, today: _State, plan: _State) -> Iterator[tuple[str, str, Value, Value]]:
    names = subject.cities["name"].astype(str).tolist()
    for city in np.argsort(-plan.share_through, kind="stable").tolist():
        yield "through_share", names[city], float(today.share_through[city]), float(plan.share_through[city])


def _ordinary(importance: NDArray[np.int64] | NDArray[np.float64]) -> Value:
    return ordinary(importance) if len(importance) > 1 and importance.any() else None


def _part(values: NDArray[np.float64], rows: NDArray[np.int64]) -> Value:
    return float(values[rows].sum() / values.sum()) if values.any() else None


def _functional(timed: TimedPairs, cities: int) -> Value:
    flows = np.zeros((cities, cities), dtype=np.int64)
    apart = [one != other for one, other in timed.ends]
    rows = zip(timed.ends, timed.weights, timed.within, apart, strict=True)
    for (one, other), weight, within, counts in rows:
        if within and counts:
            flows[one, other] += weight
    most = sum(weight for weight, counts in zip(timed.weights, apart, strict=True) if counts)
    return functional(flows, most=most) if cities > 1 and most else None


def _on_rings(subject: Subject, *, only_existing: bool) -> NDArray[np.int64]:
    """Return the rows of the cities that the formed rings pass; of today's, those that need nothing new."""
    rows = {str(name): row for row, name in enumerate(subject.cities["city_id"])}
    stops = {
        rows[stop]
        for ring in subject.problem.rings
        if ring.id in subject.plan.rings
        for stop in _stops(ring, subject.plan.rings[ring.id], only_existing=only_existing)
        if stop in rows
    }
    return np.array(sorted(stops), dtype=np.int64)


def _stops(ring: Ring, circuit: tuple[int, ...], *, only_existing: bool) -> set[str]:
    links = [ring.links[at] for at in circuit]
    if only_existing and any(link.candidate is not None for link in links):
        return set()
    passed = {node for link in links for node in (link.tail, link.head)}
    return {stop.id for stop in ring.stops if not passed.isdisjoint(stop.nodes)}
