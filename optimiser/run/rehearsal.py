"""Tell the sizes and the expected time of a job before it is run."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scipy.spatial.distance import pdist

from networks.sphere import km_to_chord, unit_vectors
from optimiser.job.model import LoadedJob
from optimiser.run.source import find_source
from optimiser.tasks.cache import Progress

if TYPE_CHECKING:
    from networks.cities import Cities
    from optimiser.run.chain import Chain

MOST_PAIRS = 2_000
"""Pairs of cities up to which trips, candidates and problem are worked out; beyond, they are estimated."""
MOST_MAP_MB = 40
"""Size of a map up to which it is read, beyond that many pairs."""
LIKELY_OPEN_KMH = 80
"""Where the limit asks for a higher speed in a straight line, most pairs are beyond it today."""

# Fitted to generated countries of 60 to 300 cities and to maps of 5 to 50 million nodes, two cores
# (benchmarks/results/national.md); rules of thumb.
_CANDIDATES, _CANDIDATES_PER_CITY = 200, 6
_READING_S_PER_MB = 0.15
_PREPARING_S, _PREPARING_CITIES, _PREPARING_POWER = 12.0, 60, 1.6
_REPORT_S, _REPORT_PAIRS = 15, 2_000


def rehearse(loaded: LoadedJob, progress: Progress) -> dict[str, Any]:
    """Return sizes and the expected time of a job; only the cache is written.

    Up to `MOST_PAIRS` pairs of cities all is worked out to the problem and its reduction. Beyond, a map of up
    to `MOST_MAP_MB` is read and the cities are placed on it, so that faults of both are found; the rest is
    estimated from the number of cities.

    Parameters
    ----------
    loaded
        The job.
    progress
        Notified of each step.

    Returns
    -------
    dict
        Sizes of network, candidates, problem and what is left after the reduction; budget; expected seconds.
        Beyond that many pairs what is estimated says `about`, and `not worked out` names what is missing.
    """
    from optimiser.run import timing
    from optimiser.run.chain import Chain

    # Max-min levels take solving to find; the problem without them is of the same size.
    objective = loaded.job.objective.model_copy(update={"kind": "coverage"})
    loaded = replace(loaded, job=loaded.job.model_copy(update={"objective": objective}))
    source = find_source(loaded)
    chain = Chain(loaded, source, progress)
    if source.cities_file is not None:
        cities = timing.load_cities(loaded.job, source)
        if _is_large(cities) and _map_mb(chain) > MOST_MAP_MB and not chain.networks_are_kept():
            return {
                "map, MB": round(_map_mb(chain), 1),
                **_estimates(chain, cities),
                "not worked out": "the map, trips, candidates",
            }
    if chain.has_matrix:
        return _worked_out(chain)
    networks = chain.networks.read()
    cities = timing.load_cities(loaded.job, source, networks)
    if not _is_large(cities):
        return _worked_out(chain)
    road = networks.road
    if len(road.links):
        with progress.step("placing", "Placing the cities"):
            road, _ = timing.snap_cities(road, cities, loaded.job, source)
    return {
        "map, MB": round(_map_mb(chain), 1),
        "road nodes": len(road.nodes),
        "road links": len(road.links),
        "stations": len(networks.rail.stations),
        "train services": len(networks.rail.services.lines),
        **_estimates(chain, cities),
        "not worked out": "trips, candidates, problem",
    }


def _is_large(cities: Cities) -> bool:
    return math.comb(len(cities), 2) > MOST_PAIRS


def _map_mb(chain: Chain) -> float:
    """Return the size of the map; 0 where there is none yet."""
    file = chain.source.map_file
    return 0.0 if file is None else file.stat().st_size / 1e6


def _worked_out(chain: Chain) -> dict[str, Any]:
    """Return the sizes of a job whose problem is made and reduced."""
    from optimiser.engine.presolve import reduce
    from optimiser.engine.presolve.sequence import open_network
    from optimiser.run import reporting

    problem = chain.design
    left = reduce(problem).problem if problem.is_plain else open_network(problem.canonical())[0]
    # A solve takes about 4 s at 100 candidates and 100 pairs, growing with both.
    size = len(left.candidates) * len(left.pairs)
    expected = max(1, round(4.0 * math.pow(size / 9_300, 0.93)))
    return {
        **reporting.sizes(chain.times.value, chain.candidates.value, problem),
        "candidates left to decide on": len(left.candidates),
        "pairs left to cover": len(left.pairs),
        "budget": problem.budget,
        "expected seconds of solving, about": min(expected, round(chain.loaded.job.solve.time_limit_s)),
        "expected seconds of writing, about": _writing_s(len(problem.pairs)),
    }


def _estimates(chain: Chain, cities: Cities) -> dict[str, Any]:
    """Return what the number of cities and their distances say of a job."""
    job, count = chain.loaded.job, len(cities)
    pairs, far_km = math.comb(count, 2), round(job.times.limit_s / 3_600 * LIKELY_OPEN_KMH)
    points = unit_vectors(cities.table.geometry.x.to_numpy(), cities.table.geometry.y.to_numpy())
    chord = km_to_chord(far_km)
    preparing = _PREPARING_S * math.pow(count / _PREPARING_CITIES, _PREPARING_POWER)
    reading = {"expected seconds of reading the map, about": round(_map_mb(chain) * _READING_S_PER_MB)}
    after = job.cases.total_s * job.cases.enabled + job.certificate.time_limit_s
    return {
        "cities": count,
        "pairs of cities": pairs,
        f"pairs more than {far_km} km apart, mostly beyond the limit": int((pdist(points) > chord).sum()),
        "candidates, about": _CANDIDATES + _CANDIDATES_PER_CITY * count,
        **(reading if not chain.networks_are_kept() else {}),
        "expected seconds of trips, candidates and problem, about": round(preparing),
        "seconds of solving, at most": round(job.solve.time_limit_s),
        "seconds of cases and certificate, at most": round(after),
        "expected seconds of writing, about": _writing_s(pairs),
    }


def _writing_s(pairs: int) -> int:
    """Return about how many seconds the report takes."""
    return round(_REPORT_S * max(1.0, pairs / _REPORT_PAIRS))
