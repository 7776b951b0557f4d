"""The examples of the page on extending polyring run, and each keeps the contract that the page states."""

from __future__ import annotations

import dataclasses
import re
import types
from pathlib import Path

import numpy as np
import pytest
from cli_drawing import cities_csv, draw_map
from core_drawing import brute_force, dense_problem, problems, side_problems
from cut_drawing import meshes
from engine_running import LONG_S, solve_here
from hypothesis import given
from hypothesis import strategies as st
from partition_drawing import apart_today, triangle
from tiers import examples

import polyring as pr
from optimiser.bench.generators.families import GridParameters, grid
from optimiser.engine.methods.cuts.partitions import partition_inequalities
from optimiser.engine.methods.cuts.relaxation import FAMILIES, CutFinder, Relaxation, relax
from optimiser.engine.methods.heuristics.greedy import everything
from optimiser.engine.methods.heuristics.lns import relatedness_of_candidates
from optimiser.engine.methods.heuristics.workspace import new_workspace
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.rows import Rows
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task
from optimiser.problem.errors import CandidateError

PAGE = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
LATTICE = grid(GridParameters(rows=3, columns=3, candidates=6, pairs=6))


def example(first_line: str) -> str:
    """Return the block of Python on the page that begins with a line."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (text,) = [block for block in blocks if block.startswith(first_line)]
    return text


def module(first_line: str) -> types.ModuleType:
    found = types.ModuleType("example")
    exec(compile(example(first_line), "docs/extending.md", "exec"), vars(found))  # noqa: S102 - our own page
    return found


TREES = '"""State the problem with a tree'
THREE = '"""Separate partition inequalities of three parts'
CHECK = '"""Compare the rows of a cut family'
ORIGIN = '"""Search large neighbourhoods'
TUNNELS = '"""Propose straight roads'
trees, three, origins = module(TREES), module(THREE), module(ORIGIN)
refuted = module(CHECK).refuted


def proved(found, problem):
    """Return why the run of a variant ended on a reduced problem, and its incumbent."""
    t = tables(problem)
    incumbent = mask_incumbent(t, seconds=LONG_S, send=lambda _message: None)
    solver = next(iter(found.VARIANT.solvers), "none").replace("auto", "highs")
    reason, _ = found.run(t, incumbent, Task(problem, "mine", LONG_S, 0.0, 1, 1, solver))
    return reason, incumbent


@pytest.mark.parametrize("text", [TREES, THREE, ORIGIN], ids=["trees", "three-parts", "by-origin"])
@pytest.mark.usefixtures("here")
def test_a_file_of_the_page_is_solved_and_verified_like_any_variant(text, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(example(text), encoding="utf-8")
    proves = module(text).VARIANT.proves
    result = pr.solve(LATTICE, variant=path, time_limit_s=60 if proves else 2)
    best = pr.solve(LATTICE, time_limit_s=60)
    assert pr.verify(LATTICE, result).objective == result.objective == best.objective
    assert result.variant == module(text).VARIANT.name
    assert (result.gap == 0) == proves


@given(problems() | side_problems() | meshes(budget="some"))
@examples(40)
def test_trees_of_arrival_times_prove_what_trying_every_plan_finds(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    best, (reason, incumbent) = brute_force(small), proved(trees, small)
    if best is None:
        assert (reason, incumbent.best) == ("infeasible", None)
    else:
        assert (reason, objective_of(tables(small), incumbent.best)) == ("proof", best)


@given(apart_today() | problems() | side_problems(), st.integers(0, 99))
@examples(40)
def test_no_plan_violates_a_row_of_three_parts(problem, seed):
    assert refuted(three.three_parts, problem, seed=seed) is None


def test_rows_of_three_parts_are_found_where_nothing_joins_the_places_today():
    counts = []
    for seed in range(20):
        t = tables(reduce(apart(seed)).problem)
        new = three.three_parts(t)
        rows = new().violated(np.full(t.size, 0.3), np.ones(len(t.limit)), most=30) if new else ()
        counts.append(len(rows))
    assert sum(count > 0 for count in counts) >= 5


def apart(seed):
    return dense_problem(seed).replace(arcs=()).canonical()


def test_the_check_of_the_page_refutes_a_family_whose_rows_do_not_hold():
    def nothing_helps(t):
        class Separator:
            def violated(self, x, y, *, most):  # noqa: ARG002 - the signature of a separator
                one, none = np.zeros(1, np.int64), np.zeros(0, np.int64)
                return Rows(one, np.zeros(2, np.int64), none, np.zeros(0))

        return Separator if len(t.limit) else None

    plan = refuted(nothing_helps, apart(1))
    assert plan is not None
    assert refuted(partition_inequalities, apart(1)) is None


def test_the_families_given_to_a_finder_are_those_that_tighten_the_relaxation():
    bounds = [root_bound(triangle(budget=1), families) for families in ((), (three.three_parts,), FAMILIES)]
    assert bounds[0] == pytest.approx(2.0, abs=1e-3)
    assert bounds[1:] == pytest.approx([1.5, 1.5], abs=2e-2)


def root_bound(problem, families):
    cuts = CutFinder(tables(problem), families=families)
    last, _ = relax(Relaxation(problem, seed=1), cuts, left=lambda: LONG_S, report=lambda *_: False)
    return last.objective


def test_branch_and_cut_with_rows_of_three_parts_proves_what_trying_every_plan_finds():
    for seed in range(6):
        small = reduce(apart(seed)).problem
        reason, incumbent = proved(three, small)
        assert (reason, objective_of(tables(small), incumbent.best)) == ("proof", brute_force(small))


def test_the_operator_closes_what_the_pairs_of_one_origin_use():
    t = tables(reduce(LATTICE).problem)
    for seed in range(5):
        workspace = new_workspace(t, everything(t))
        origins.close_from_one_origin(
            workspace, np.random.default_rng(seed), 99, relatedness_of_candidates(t)
        )
        closed = set(np.flatnonzero(~workspace.is_open[:-1]).tolist())
        of_origins = [
            set(t.use[t.use_start[a] : t.use_start[b]].tolist())
            for a, b in zip(t.first_pair[:-1], t.first_pair[1:], strict=True)
        ]
        assert closed in of_origins


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a drawn map, its cities and the file of the generator."""
    home = tmp_path_factory.mktemp("extending")
    (home / "map.osm").write_text(draw_map(), encoding="utf-8")
    (home / "cities.csv").write_text(cities_csv(), encoding="utf-8")
    (home / "tunnels.py").write_text(example(TUNNELS), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLYRING_CACHE", str(home / "cache"))
        solve_here(patch)
        patch.chdir(home)
        patch.syspath_prepend(str(home))
        yield home


def test_a_generator_of_the_page_proposes_in_a_region_and_its_plan_is_reported(folder):
    names: dict[str, object] = {}
    exec(compile(example("import polyring as pr\n\nfrom tunnels"), "docs/extending.md", "exec"), names)  # noqa: S102
    candidates, problem, plan = (names[name] for name in ("candidates", "problem", "plan"))
    table = candidates.table.query("kind == 'tunnel'")
    assert len(table) > 0
    assert (table["cost"] == (300 * table["length_km"]).round()).all()
    assert set(candidates.table["kind"]) <= {"tunnel", "road_upgrade"}
    assert {one.id for one in problem.design.candidates} == set(candidates.table["candidate_id"])
    assert (folder / "tunnels" / "report.html").exists()
    plan.close()


@pytest.mark.parametrize(("name", "is_ring"), [("gap", False), ("own", False), ("tunnel", True)])
def test_a_kind_of_the_users_own_that_cannot_be_used_is_refused(folder, name, is_ring):
    row = dataclasses.replace(module(TUNNELS).TUNNEL, in_rings=is_ring)
    region = pr.Region.read(folder / "map.osm", cities=folder / "cities.csv", country="CN", limit="2h")
    with pytest.raises(CandidateError, match="further kinds of candidates cannot be used") as caught:
        region.candidates(further={name: row})
    assert name in str(caught.value.faults)
