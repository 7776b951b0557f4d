from __future__ import annotations

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from report_drawing import line_problem
from tiers import examples

from optimiser.engine.search.paths import UNREACHED
from optimiser.measures.order import rank_links, removal_key
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
def test_links_go_in_order_of_the_least_loss_by_definition(problem):
    valuer, left = Valuer.of(problem), set(ids_of(problem))

    def covered(built):
        return valuer.covered(built) - valuer.covered(())

    alone = {j: covered(left) - covered(left - {j}) for j in left}
    expected = []
    while left:
        losses = {j: covered(left) - covered(left - {j}) for j in left}
        gone = min(sorted(left)[::-1], key=lambda j: removal_key(problem, j, tuple(losses[j])))
        expected.append((problem.index[gone], losses[gone], alone[gone]))
        left.remove(gone)
    gains, _ = rank_links(problem, ids_of(problem))
    found = [(gain.candidate, set(gain.added), set(gain.lost_alone)) for gain in reversed(gains)]
    assert found == expected
