from __future__ import annotations

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from report_drawing import line_problem
from tiers import examples

from optimiser.measures.order import FastestPath, Router, _removal_key, rank_links
from optimiser.problem import Candidate, DesignProblem, Pair


def test_links_that_serve_only_together_rank_by_what_is_lost_without_them():
    problem = line_problem()
    gains, _ = rank_links(problem, [0, 1, 2])
    assert [problem.candidates[gain.candidate].id for gain in gains] == ["cd", "bc", "idle"]


def test_a_route_names_the_candidates_it_takes_in_order():
    problem = line_problem()
    found = Router.of(problem).fastest(built=[0, 1, 2], pairs=[2])
    assert found[2] == FastestPath(3 * 3600, (0, 1))


def test_of_equal_arcs_the_one_open_today_counts():
    problem = line_problem()
    found = Router.of(problem).fastest(built=[2], pairs=[0])
    assert found[0] == FastestPath(3600, ())


def test_a_pair_without_a_path_has_no_time():
    lonely = line_problem().replace(arcs=line_problem().arcs[:2])
    assert Router.of(lonely).fastest(built=(), pairs=[5])[5].seconds is None


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
    gains, gained = rank_links(problem, range(len(problem.candidates)))
    added = [k for gain in gains for k in gain.added]
    assert sorted(added) == sorted(gained)


@examples(60, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems())
def test_pairs_added_by_the_first_ranks_are_what_these_links_alone_cover(problem):
    everything = range(len(problem.candidates))
    gains, gained = rank_links(problem, everything)
    first = gains[: len(gains) // 2]
    alone = Router.of(problem).within_limit(built=[gain.candidate for gain in first], pairs=gained)
    assert alone.keys() == {k for gain in first for k in gain.added}


@examples(60, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems())
def test_pairs_lost_without_a_link_are_those_of_a_fresh_search(problem):
    everything = list(range(len(problem.candidates)))
    gains, gained = rank_links(problem, everything)
    for gain in gains:
        rest = [j for j in everything if j != gain.candidate]
        fresh = Router.of(problem).within_limit(built=rest, pairs=gained)
        assert set(gain.lost_alone) == set(gained) - fresh.keys()


@examples(100, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems())
def test_links_go_in_order_of_the_least_loss_by_definition(problem):
    router, left = Router.of(problem), set(range(len(problem.candidates)))
    today = router.within_limit(built=(), pairs=range(len(problem.pairs)))

    def covered(built):
        return router.within_limit(built=built, pairs=range(len(problem.pairs))).keys() - today.keys()

    alone = {j: covered(left) - covered(left - {j}) for j in left}
    expected = []
    while left:
        losses = {j: covered(left) - covered(left - {j}) for j in left}
        gone = min(left, key=lambda j: _removal_key(problem, j, tuple(losses[j])))
        expected.append((gone, losses[gone], alone[gone]))
        left.remove(gone)
    gains, _ = rank_links(problem, range(len(problem.candidates)))
    found = [(gain.candidate, set(gain.added), set(gain.lost_alone)) for gain in reversed(gains)]
    assert found == expected
