"""The relaxation is tightened, and the trees that begin with the rows end at the best plan."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
from core_drawing import both_ways, brute_force, dense_problem

from optimiser.engine.backends import scip_tree
from optimiser.engine.backends.live_program import LiveProgram
from optimiser.engine.methods import cut_opening, cut_splits, cut_trees
from optimiser.engine.methods.cut_opening import Opening, opened
from optimiser.engine.methods.cut_splits import tightened
from optimiser.engine.methods.cuts.relaxation import CutFinder
from optimiser.engine.methods.variants.cuts import run
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import Incumbent, mask_incumbent
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task
from optimiser.problem import Candidate, DesignProblem, Pair, Target

LONG_S = 300.0
"""Room for the compilation of a first run on a slow and busy machine; the clock must not decide a proof."""

HALF_BUILT = (
    *(1, 5, 14, 17, 20, 28, 34, 40, 51, 63, 71, 73, 93, 95, 114, 116, 120, 121, 147, 152),
    *(154, 157, 178, 192, 203, 210, 220, 230, 243, 248, 262, 264, 293, 298),
)
"""Dense problems that are half built after the relaxation; most others are settled by it."""

SETTLED = (0, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16)


class NoJoins(CutFinder):
    """Finds no partition inequalities, with which nothing is tightened."""

    @classmethod
    def of(cls, t):
        return cls(t, joins=None)


@pytest.fixture
def no_joins(monkeypatch):
    monkeypatch.setattr(cut_opening, "CutFinder", NoJoins)


@functools.cache
def drawn():
    """Return reduced problems of which something is left, and what trying every plan finds."""
    small = [reduce(dense_problem(seed)).problem for seed in (*HALF_BUILT, *SETTLED)]
    return [(problem, brute_force(problem)) for problem in small if problem.candidates and problem.pairs]


def begin(problem, *, seconds=LONG_S):
    """Return tables, progress, what it sent, and where the relaxation ended."""
    t, sent = tables(problem), []
    progress = mask_incumbent(t, seconds=seconds, send=sent.append)
    return t, progress, sent, opened(t, progress, Task(problem, "cuts", LONG_S, 0.0, 1, 1, "highs"))


def openings():
    """Return (problem, its optimum, tables, progress, what it sent, opening) of problems left open."""
    begun = [(problem, best, *begin(problem)) for problem, best in drawn()]
    return [found for found in begun if isinstance(found[-1], Opening)]


def no_bound_is_wrong(problem, best, sent):
    bounds = [message["bound"] for message in sent if message["kind"] == "bound"]
    sign = -1.0 if problem.budget is None else 1.0
    return all(sign * bound >= sign * best - 1e-6 for bound in bounds)


def is_as_it_was(begun, later, rows_before):
    assert later.answer is begun.answer
    assert later.program is begun.program
    assert len(later.splits) == 0
    assert all(one is other for one, other in zip(later.relaxed.rows, begun.relaxed.rows, strict=True))
    assert begun.program.rows()[0].shape[0] == rows_before
    return True


@pytest.mark.usefixtures("no_joins")
def test_no_bound_is_above_the_one_before_nor_worse_than_the_best_plan():
    nearer = 0
    for problem, best, t, progress, sent, begun in openings():
        before = begun.answer.worth
        later = tightened(t, progress, begun, many=1)
        assert later.answer.worth <= before + 1e-6 * max(1.0, abs(before))
        nearer += later.answer.worth < before - 1e-3
        if best is None:
            continue
        least = begun.scale.worth(best)
        assert later.answer.worth >= least - 1e-6 * max(1.0, abs(least))
        assert no_bound_is_wrong(problem, best, sent)
    assert nearer >= 20


@pytest.mark.usefixtures("no_joins")
def test_the_rows_returned_bind_at_the_point_returned_and_are_in_the_program():
    total = 0
    for _, _, t, progress, _, begun in openings():
        later = tightened(t, progress, begun, many=1)
        left = later.splits.at(begun.program.columns_of(later.answer)) - later.splits.least
        assert (left <= cut_splits.TIGHT).all()
        assert (left >= -1e-6).all()
        assert np.isin(later.splits.least, begun.program.rows()[1]).all()
        total += len(later.splits)
    assert total >= 30


@pytest.mark.usefixtures("no_joins")
def test_a_program_stated_anew_with_the_rows_returned_has_the_bound_returned():
    for problem, _, t, progress, _, begun in openings():
        later = tightened(t, progress, begun, many=1)
        program = LiveProgram(problem, seed=0)
        program.add_splits(later.splits)
        for rows in later.relaxed.rows:
            program.add(rows)
        again = program.solve(seconds=LONG_S)
        assert again.worth == pytest.approx(later.answer.worth, rel=1e-5, abs=1e-5)


@pytest.mark.usefixtures("no_joins")
def test_what_was_begun_is_left_as_it_was():
    for _, _, t, progress, _, begun in openings():
        answer, rows = begun.answer, begun.relaxed.rows
        tightened(t, progress, begun, many=1)
        assert begun.answer is answer
        assert begun.relaxed.rows is rows
        assert len(begun.splits) == 0


@pytest.mark.usefixtures("no_joins")
def test_with_few_candidates_built_in_part_nothing_is_done():
    for problem, _, t, progress, sent, begun in openings():
        rows, told = begun.program.rows()[0].shape[0], len(sent)
        many = len(problem.candidates) + 1
        assert is_as_it_was(begun, tightened(t, progress, begun, many=many), rows)
        assert is_as_it_was(begun, tightened(t, progress, begun), rows)
        assert len(sent) == told


@pytest.mark.usefixtures("no_joins")
def test_with_many_pairs_nothing_is_done(monkeypatch):
    for problem, _, t, progress, _, begun in openings()[:5]:
        monkeypatch.setattr(cut_splits, "LARGE", len(problem.pairs))
        assert tightened(t, progress, begun, many=1) is begun


def test_with_partition_inequalities_nothing_is_done():
    seen = 0
    for _, _, t, progress, _, begun in openings():
        if any((rows.claims > 1).any() for rows in begun.relaxed.rows):
            assert tightened(t, progress, begun, many=1) is begun
            seen += 1
    assert seen >= 3


@pytest.mark.usefixtures("no_joins")
def test_without_time_nothing_is_done():
    for _, _, t, _, _, begun in openings():
        rows, sent = begun.program.rows()[0].shape[0], []
        over = mask_incumbent(t, seconds=0.0, send=sent.append)
        assert is_as_it_was(begun, tightened(t, over, begun, many=1), rows)
        assert not sent


@pytest.mark.usefixtures("no_joins")
def test_near_the_best_plan_nothing_is_done(monkeypatch):
    monkeypatch.setattr(cut_splits, "WIDE", 1e9)
    _, _, t, progress, _, begun = next(found for found in openings() if found[1] is not None)
    masks = (np.array([*choice, True]) for choice in itertools.product((False, True), repeat=t.size))
    assert any(progress.plan(mask, "given") for mask in masks)
    rows = begun.program.rows()[0].shape[0]
    assert is_as_it_was(begun, tightened(t, progress, begun, many=1), rows)


class Ending(Incumbent):
    """Has no time left from some question on."""

    def __init__(self, t, *, questions):
        super().__init__(t, seconds=LONG_S, send=lambda _: None)
        self.questions = questions

    def left(self):
        self.questions -= 1
        return LONG_S if self.questions >= 0 else 0.0


@pytest.mark.usefixtures("no_joins")
@pytest.mark.parametrize("questions", [1, 2, 3, 5, 8])
def test_whenever_time_is_up_the_bound_holds(questions):
    for _, best, t, _, _, begun in openings():
        before = begun.answer.worth
        later = tightened(t, Ending(t, questions=questions), begun, many=1)
        assert later.answer.ending == "optimal"
        assert later.answer.worth <= before + 1e-6 * max(1.0, abs(before))
        assert best is None or later.answer.worth >= begun.scale.worth(best) - 1e-5


class Idle:
    """Stands for the heuristics: finds nothing, so that the tree has to."""

    def improve(self, *, attempts, **_):
        return attempts

    def begin(self, start):
        pass


@pytest.fixture
def got(monkeypatch):
    """Tighten from one candidate built in part on; return how many rows each problem got."""
    counts = []

    def watched(t, progress, begun, *, gap):
        later = tightened(t, progress, begun, gap=gap, many=1)
        counts.append(len(later.splits))
        return later

    monkeypatch.setattr(cut_trees, "tightened", watched)
    return counts


def check(problem, best, progress, sent, reason):
    """Hold the end of a method against the best plan there is."""
    if best is None:
        assert (reason, progress.best) == ("infeasible", None)
        return
    assert reason == "proof"
    assert objective_of(tables(problem), progress.best) == best
    assert no_bound_is_wrong(problem, best, sent)


@pytest.mark.usefixtures("no_joins")
@pytest.mark.parametrize(("solver", "threads"), [("highs", 1), ("highs", 2), ("scip", 1), ("scip", 2)])
def test_a_tree_that_begins_with_the_rows_ends_at_the_best_plan(solver, threads, got):
    pytest.importorskip("pyscipopt" if solver == "scip" else "highspy")
    for problem, best in drawn():
        t, sent = tables(problem), []
        progress = mask_incumbent(t, seconds=LONG_S, send=sent.append)
        task = Task(problem, "cuts", LONG_S, 0.0, threads, 1, solver)
        reason, _ = cut_trees.prove(t, progress, task, Idle())
        check(problem, best, progress, sent, reason)
    assert len(drawn()) >= 40
    assert sum(rows > 0 for rows in got) >= 20


@pytest.mark.usefixtures("no_joins", "got")
@pytest.mark.parametrize(("solver", "threads"), [("highs", 1), ("highs", 2), ("scip", 1), ("scip", 2)])
def test_each_program_of_a_tree_begins_with_the_rows_that_bind(solver, threads, monkeypatch):
    """The programs of the tree are told from the one of the relaxation by when they get their rows."""
    asked, given_to = [], []
    through = cut_trees.tightened

    def spied(*arguments, **named):
        later = through(*arguments, **named)
        given_to.clear()  # what came before went into the relaxation
        asked.append(len(later.splits))
        return later

    monkeypatch.setattr(cut_trees, "tightened", spied)
    place = LiveProgram if solver == "highs" else scip_tree
    adds = place.add_splits

    def noted(into, rows):
        given_to.append(rows)
        adds(into, rows)

    monkeypatch.setattr(place, "add_splits", noted)
    seen = 0
    for problem, _ in drawn()[:12]:
        asked.clear()
        given_to.clear()
        t = tables(problem)
        progress = mask_incumbent(t, seconds=LONG_S, send=lambda _: None)
        task = Task(problem, "cuts", LONG_S, 0.0, threads, 1, solver)
        cut_trees.prove(t, progress, task, Idle())
        if asked and asked[0] and given_to:
            assert [len(rows) for rows in given_to] == [asked[0]] * len(given_to)
            assert solver == "scip" or len(given_to) == threads
            seen += 1
    assert seen >= 3


@pytest.mark.parametrize(("solver", "threads"), [("highs", 2), ("scip", 1)])
def test_the_whole_method_with_rows_ends_at_the_best_plan(solver, threads, got):
    pytest.importorskip("pyscipopt" if solver == "scip" else "highspy")
    for problem, best in drawn()[:20]:
        t, sent = tables(problem), []
        progress = mask_incumbent(t, seconds=LONG_S, send=sent.append)
        reason, _ = run(t, progress, Task(problem, "cuts", LONG_S, 0.0, threads, 1, solver))
        check(problem, best, progress, sent, reason)
    assert sum(rows > 0 for rows in got) >= 5


def corridors(least):
    """Two corridors of two links, a pair along each, money for one and a half, and what must be reached."""
    links = [(0, 1, 1), (1, 2, 1), (3, 4, 1), (4, 5, 1)]
    return DesignProblem(
        name="corridors",
        nodes=tuple("abcdef"),
        arcs=(),
        candidates=tuple(Candidate(f"c{j}", 1, both_ways(link)) for j, link in enumerate(links)),
        pairs=(Pair(0, 2, 2, 10, "far"), Pair(3, 5, 2, 11, "far")),
        budget=3,
        targets=(Target("far", least),),
    )


@pytest.mark.usefixtures("no_joins")
@pytest.mark.parametrize("least", [13, 15])
def test_rows_that_leave_no_point_end_with_the_last_point_there_was(least):
    """Half of one corridor and all of the other reach 16, rows of single candidates 14, a plan 11."""
    t, progress, _, begun = begin(corridors(least))
    later = tightened(t, progress, begun, many=1)
    assert later.answer.ending == "optimal"
    assert later.answer.worth <= begun.answer.worth + 1e-6
    assert begun.program.solve(seconds=LONG_S).ending == "empty"
    assert progress.best is None


@pytest.mark.usefixtures("no_joins", "got")
@pytest.mark.parametrize("least", [11, 13, 15])
@pytest.mark.parametrize(("solver", "threads"), [("highs", 1), ("highs", 2), ("scip", 1), ("scip", 2)])
def test_a_tree_that_begins_with_the_rows_says_when_there_is_no_plan(solver, threads, least):
    pytest.importorskip("pyscipopt" if solver == "scip" else "highspy")
    problem, sent = corridors(least), []
    t = tables(problem)
    progress = mask_incumbent(t, seconds=LONG_S, send=sent.append)
    reason, _ = cut_trees.prove(t, progress, Task(problem, "cuts", LONG_S, 0.0, threads, 1, solver), Idle())
    check(problem, 11 if least == 11 else None, progress, sent, reason)
