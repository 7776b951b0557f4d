"""Time the inner loops: shortest paths, separation of cuts, reduction, contraction of a network.

Usage: python -m pytest benchmarks/micro -n 0 --benchmark-only
"""

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from networks.schema import LINKS, NODES, Network, table
from networks.simplify import contract
from optimiser.bench.generators.families import (
    GeometricParameters,
    HardParameters,
    geometric,
    hard,
    national,
    national_of_size,
)
from optimiser.engine.backends.highs import SmallLps
from optimiser.engine.methods.cuts.partitions import MARGIN, PartitionCuts, part_graph
from optimiser.engine.methods.cuts.relaxation import MOST_TIGHTENING, CutFinder, Relaxation, relax
from optimiser.engine.methods.cuts.root import Splitter
from optimiser.engine.methods.cuts.time_cuts import FractionalCuts, separate
from optimiser.engine.methods.heuristics.greedy import reverse_greedy
from optimiser.engine.presolve import reduce
from optimiser.engine.search.paths import pair_times
from optimiser.engine.search.tables import Tables, tables
from optimiser.problem import DesignProblem

type Floats = NDArray[np.float64]

PROBLEMS = {
    "geometric_100": lambda: geometric(GeometricParameters(places=100, candidates=180, pairs=1_000)),
    "hard_200": lambda: hard(HardParameters()),
    "national_160": lambda: national(national_of_size(160)),
}
SIDE, BEADS = 60, 6
"""Junctions along a side of the lattice, and nodes of degree two on each of its streets."""


@pytest.fixture(params=PROBLEMS, scope="module")
def problem(request: pytest.FixtureRequest) -> DesignProblem:
    """Return each of the problems."""
    return PROBLEMS[request.param]()


@pytest.fixture(scope="module")
def reduced(problem: DesignProblem) -> Tables:
    """Return the arrays of what is left of a problem."""
    return tables(reduce(problem).problem)


def test_shortest_times_of_all_pairs(benchmark: BenchmarkFixture, problem: DesignProblem) -> None:
    """Time the search of all pairs with half of the candidates built."""
    benchmark(pair_times, problem, range(0, len(problem.candidates), 2))


def test_reduction(benchmark: BenchmarkFixture, problem: DesignProblem) -> None:
    """Time the whole reduction."""
    benchmark(reduce, problem)


def test_arrays_of_a_problem(benchmark: BenchmarkFixture, problem: DesignProblem) -> None:
    """Time the layout of a reduced problem in arrays."""
    benchmark(tables, reduce(problem).problem)


def half_built(t: Tables) -> tuple[Floats, Floats]:
    """Return a fractional point as a relaxation has it: candidates built in part, pairs wholly covered."""
    x = np.random.Generator(np.random.PCG64(1)).integers(0, 5, size=t.size) / 10.0
    return x, np.ones(len(t.limit))


def test_separation_of_time_cuts(benchmark: BenchmarkFixture, reduced: Tables) -> None:
    """Time one round of 0/1 time cuts over all pairs."""
    x, y = half_built(reduced)
    benchmark(separate, reduced, np.arange(len(reduced.limit), dtype=np.int64), x, y, -x)


def test_separation_of_fractional_cuts(benchmark: BenchmarkFixture, reduced: Tables) -> None:
    """Time one round of fractional time cuts over 200 pairs, the pool of paths empty at first."""
    x, y = half_built(reduced)
    pairs = np.arange(min(200, len(reduced.limit)), dtype=np.int64)
    middle = np.full(reduced.size, 0.5)

    def search() -> None:
        FractionalCuts(reduced).violated(pairs, x, y, core_point=middle, in_out_weight=0.0, margin=1e-4)

    benchmark.pedantic(search, rounds=3, warmup_rounds=1)


def test_search_for_partition_inequalities(benchmark: BenchmarkFixture, reduced: Tables) -> None:
    """Time one round of partition inequalities, with the part graph that they need.

    Where existing arcs join all nodes there is no part graph, and finding that out is timed.
    """
    x, y = half_built(reduced)

    def search() -> None:
        PartitionCuts(part_graph(reduced)).violated(x, y, margin=MARGIN, most=MOST_TIGHTENING)

    benchmark.pedantic(search, rounds=3, warmup_rounds=1)


def test_search_for_lift_and_project_cuts(benchmark: BenchmarkFixture, problem: DesignProblem) -> None:
    """Time one round at the relaxation by time cuts, over the 50 most fractional candidates."""
    small = reduce(problem).problem
    t, program = tables(small), Relaxation(small, seed=1)
    solution, _ = relax(
        program,
        CutFinder(t),
        left=lambda: 300.0,
        report=lambda _solution, _found: False,
        is_wide=lambda: False,
    )
    if solution is None:
        pytest.fail("the relaxation was not solved in time")
    point = program.point(solution)
    fractional = np.argsort(np.abs(solution.decisions[: t.size] - 0.5))[:50].tolist()
    rows, solve = program.rows(), SmallLps()

    def search() -> None:
        splitter = Splitter(*rows, point, solve)
        splitter.kept([splitter.cut(j) for j in fractional])

    benchmark.pedantic(search, rounds=3, warmup_rounds=1)


def test_reverse_greedy(benchmark: BenchmarkFixture, reduced: Tables) -> None:
    """Time the reverse greedy heuristic."""
    benchmark.pedantic(reverse_greedy, (reduced,), rounds=3, warmup_rounds=1)


def beaded_lattice() -> Network:
    """Return a lattice whose streets run through nodes of degree two, as an import has them."""
    places = [(116 + 0.02 * c, 39 + 0.02 * r) for r in range(SIDE) for c in range(SIDE)]
    streets = [(r * SIDE + c, r * SIDE + c + 1) for r in range(SIDE) for c in range(SIDE - 1)]
    streets += [(r * SIDE + c, (r + 1) * SIDE + c) for r in range(SIDE - 1) for c in range(SIDE)]
    links: list[tuple[int, int]] = []
    for a, b in streets:
        (lon, lat), (to_lon, to_lat) = places[a], places[b]
        inner = range(len(places), len(places) + BEADS)
        places += [
            (lon + (to_lon - lon) * i / (BEADS + 1), lat + (to_lat - lat) * i / (BEADS + 1))
            for i in range(1, BEADS + 1)
        ]
        links += zip([a, *inner], [*inner, b], strict=True)
    return _network(np.array(places), np.array(links, dtype=np.int64))


def _network(places: Floats, links: NDArray[np.int64]) -> Network:
    points, size = shapely.points(places), len(links)
    seconds = 20 + np.arange(size) % 17
    nodes = {
        "osm_id": np.arange(len(places)), "kind": ["junction"] * len(places), "name": [""] * len(places),
        "geometry": points,
    }  # fmt: skip
    columns = {
        "tail": links[:, 0], "head": links[:, 1], "mode": ["road"] * size, "link_class": ["primary"] * size,
        "length_km": seconds / 60.0, "speed_kmh": np.full(size, 60.0), "speed_source": ["tag"] * size,
        "oneway": np.zeros(size, dtype=bool), "forward_s": seconds, "backward_s": seconds,
        "osm_id": np.arange(size), "name": [""] * size, "ref": [""] * size, "start_date": [""] * size,
        "tracks": [0] * size,
        "geometry": shapely.linestrings(places[links]),
    }  # fmt: skip
    return Network(nodes=table(nodes, NODES), links=table(columns, LINKS))


def test_contraction_of_a_network(benchmark: BenchmarkFixture) -> None:
    """Time the contraction of 50,000 links to junctions."""
    benchmark.pedantic(contract, (beaded_lattice(),), {"keep": [0, SIDE * SIDE - 1]}, rounds=3)
