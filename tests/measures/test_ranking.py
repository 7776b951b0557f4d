from __future__ import annotations

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from report_drawing import line_problem
from tiers import examples

from optimiser.engine.search.paths import UNREACHED
from optimiser.measures.order import build_order, rank_links
from optimiser.measures.valuation import Valuer
from optimiser.problem import Candidate, DesignProblem, Pair


def test_links_that_serve_only_together_rank_by_what_is_lost_without_them():
    problem = line_problem()
    gains, _ = rank_links(problem, ids_of(problem))
    assert [problem.candidates[gain.candidate].id for gain in gains] == ["cd", "bc", "idle"]


def test_a_route_names_the_candidates_it_takes_in_order():
    problem = line_problem()
    valuer = Valuer.of(problem)
    assert valuer.routes(ids_of(problem))[2] == (0, 1)
    assert valuer.times(ids_of(problem))[2] == 3 * 3600


def test_of_equal_arcs_the_one_open_today_counts():
    problem = line_problem()
    valuer, built = Valuer.of(problem), [problem.candidates[2].id]
    assert valuer.routes(built)[0] == ()
    assert valuer.times(built)[0] == 3600


def test_a_pair_without_a_path_has_no_time():
    lonely = line_problem().replace(arcs=line_problem().arcs[:2])
    assert Valuer.of(lonely).times(())[5] == UNREACHED
    assert 5 not in Valuer.of(lonely).routes(())


def ids_of(problem: DesignProblem) -> list[str]:
    return [candidate.id for candidate in problem.candidates]


@st.composite
def small_problems(draw: st.DrawFn) -> DesignProblem:
    """Six nodes, random arcs, up to six candidates of one arc pair each, all pairs of nodes."""
    node, seconds = st.integers(0, 5), st.integers(1, 9)
    arcs = draw(st.lists(st.tuples(node, node, seconds), max_size=12))
    opened = draw(st.lists(st.tuples(node, node, seconds, st.integers(0, 5)), min_size=1, max_size=6))
    candidates = tuple(
        Candidate(f"c{j}", cost, ((a, b, s), (b, a, s))) for j, (a, b, s, cost) in enumerate(opened)
    )
    pairs = tuple(Pair(a, b, 10, a + b) for a in range(6) for b in range(a + 1, 6))
    return DesignProblem("small", tuple("abcdef"), tuple(arcs), candidates, pairs, 99)


@examples(60, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems())
def test_pairs_added_by_all_ranks_are_the_newly_covered_pairs(problem):
    gains, gained = rank_links(problem, ids_of(problem))
    added = [k for gain in gains for k in gain.added]
    assert sorted(added) == sorted(dict(gained))


@examples(60, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems())
def test_pairs_added_by_the_first_ranks_are_what_these_links_alone_cover(problem):
    gains, gained = rank_links(problem, ids_of(problem))
    first = gains[: len(gains) // 2]
    alone = Valuer.of(problem).covered(problem.candidates[gain.candidate].id for gain in first)
    assert alone & dict(gained).keys() == {k for gain in first for k in gain.added}


@examples(60, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems())
def test_pairs_lost_without_a_link_are_those_of_a_fresh_search(problem):
    everything = ids_of(problem)
    gains, gained = rank_links(problem, everything)
    for gain in gains:
        rest = [name for name in everything if name != everything[gain.candidate]]
        assert set(gain.lost_alone) == dict(gained).keys() - Valuer.of(problem).covered(rest)


@examples(100, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems())
def test_links_rank_in_the_order_of_building_with_what_each_adds_to_those_before(problem):
    valuer = Valuer.of(problem)
    order = build_order(valuer, ids_of(problem)).links
    gains, _ = rank_links(problem, ids_of(problem))
    assert tuple(problem.candidates[gain.candidate].id for gain in gains) == order
    for at, gain in enumerate(gains):
        assert set(gain.added) == valuer.covered(order[: at + 1]) - valuer.covered(order[:at])


def test_a_known_order_is_kept():
    problem = line_problem()
    gains, _ = rank_links(problem, ids_of(problem), order=("idle", "cd", "bc"))
    assert [problem.candidates[gain.candidate].id for gain in gains] == ["idle", "cd", "bc"]
    assert [len(gain.added) for gain in gains] == [0, 2, 1]
