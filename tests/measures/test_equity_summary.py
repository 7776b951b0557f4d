"""Check the summary of equity on a network computed by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from optimiser.measures.equity import Split, TierShare, Worst, equity, gini, palma, theil_l, theil_t
from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.problem.errors import ProblemError


def fork(**changes):
    """From a, b is 100 s off and c 300 s; a link of 100 s to c may be built."""
    problem = DesignProblem(
        name="fork",
        nodes=("a", "b", "c", "crossing"),
        arcs=((0, 1, 100), (0, 2, 300)),
        candidates=(Candidate("ac", 1, ((0, 2, 100),)),),
        pairs=(Pair(0, 1, 150, 2, "near"), Pair(0, 2, 150, 3, "far")),
        budget=1,
    )
    return problem.replace(**changes)


PEOPLE = [4, 2, 2, 0]


def test_coverage_is_that_of_the_pairs_by_group():
    today = equity(fork(), (), people=PEOPLE, line=150)
    assert today.tiers == (TierShare("far", 0, 3), TierShare("near", 2, 2))
    assert equity(fork(), ["ac"], people=PEOPLE, line=150).tiers[0].share == Fraction(1)


def test_inequality_is_that_of_the_mean_times_of_places():
    # a is 200 s from the others in the mean, b 100 s and c 300 s from a.
    found = equity(fork(), (), people=PEOPLE, line=150).inequality
    row = ([200, 100, 300], [4, 2, 2])
    assert (found.gini, found.theil_t, found.theil_l, found.palma) == (
        gini(*row),
        theil_t(*row),
        theil_l(*row),
        palma(*row),
    )


def test_a_plan_may_make_all_equal():
    found = equity(fork(), ["ac"], people=PEOPLE, line=150)
    assert (found.inequality.gini, found.inequality.theil_split) == (0, Split(0, 0))


def test_inequality_lies_between_tiers_when_each_place_is_its_own():
    found = equity(fork(), (), people=PEOPLE, tiers=["a", "b", "c", ""], line=150).inequality
    assert (found.theil_split.within, found.theil_split.between) == pytest.approx((0, found.theil_t))


def test_poverty_is_that_of_mean_times_beyond_the_line():
    # a is a third beyond the line of 150 s, c once.
    found = equity(fork(), (), people=PEOPLE, line=150)
    assert found.headcount == 6 / 8
    assert (found.gap, found.severity) == pytest.approx(((4 / 3 + 2) / 8, (4 / 9 + 2) / 8))


def test_the_worst_place_is_the_farthest():
    assert equity(fork(), (), people=PEOPLE, line=150).worst == Worst("c", 300, 2)


def test_who_is_cut_off_is_poor_and_counted_apart():
    # c has no path to a, its one partner; a and b have one to each other.
    found = equity(fork(arcs=((0, 1, 100),)), (), people=PEOPLE, line=150)
    assert (found.cut_off, found.unjoined, found.headcount, found.gap) == (2, 1, 0.25, 0)
    assert found.inequality.gini == 0


def test_without_any_path_there_is_no_inequality_to_measure():
    found = equity(fork(arcs=()), (), people=PEOPLE, line=150)
    assert (found.inequality, found.headcount, found.gap, found.cut_off) == (None, 1, 0, 8)


@pytest.mark.parametrize(
    "given",
    [{"people": [1]}, {"people": [1, 1, -1, 0]}, {"people": [0] * 4}, {"people": PEOPLE, "tiers": ["a"]}],
)
def test_arrays_that_do_not_fit_are_refused(given):
    with pytest.raises(ProblemError):
        equity(fork(), (), line=150, **given)
