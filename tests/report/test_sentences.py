from __future__ import annotations

from dataclasses import replace

from report_drawing import PRICED, explored

from optimiser.problem.result import ProofSource
from optimiser.report import sentences, tables
from optimiser.report.inputs import CertifiedBound


def test_without_a_bound_nothing_is_claimed(report):
    assert "no bound" in sentences.proof(report)
    assert "a better plan may exist" in sentences.meaning(report)


def test_the_source_of_a_bound_is_named(report):
    assert sentences.certificate(report) == "The plan is checked; there is no bound."
    bound = replace(report, gap=0.0, bound=100.0, budget=7)
    by_sums = replace(bound, bound_source=ProofSource("trivial"))
    assert sentences.certificate(by_sums).startswith("The bound needs no solver")
    assert sentences.proof(by_sums) == "proven optimal"
    assert "No better plan exists: the gap is 0." in sentences.meaning(by_sums)
    named = {
        "the solver": bound,
        "cuts with SCIP 10": replace(bound, bound_source=ProofSource("search", "cuts", "SCIP 10")),
        "exact reduction": replace(bound, bound_source=ProofSource("presolve")),
    }
    for word, one in named.items():
        assert sentences.certificate(one) == f"The plan is checked; the bound is the word of {word}."
        assert sentences.proof(one) == f"proven optimal by the word of {word}"
        assert f"No better plan exists by the word of {word}: the gap is 0." in sentences.meaning(one)


def test_what_is_certified_is_told_apart_from_what_is_claimed(report):
    by_search = ProofSource("search", "cuts", "SCIP 10")
    claimed = replace(report, gap=0.001, bound=101.0, bound_source=by_search)
    assert sentences.proof(claimed) == "proven within 0.1 % of the optimum by the word of cuts with SCIP 10"
    whole = replace(claimed, certified=CertifiedBound(101, 0.001, 2.0))
    assert sentences.proof(whole) == "proven within 0.1 % of the optimum, certified"
    assert sentences.certificate(whole).endswith("bound_checker.py repeats that with Python alone.")
    part = replace(claimed, certified=CertifiedBound(103, 0.03, 2.0))
    assert (
        sentences.proof(part) == "certified to 3 % of the optimum; to 0.1 % by the word of cuts with SCIP 10"
    )
    assert sentences.certificate(part).endswith("beyond that is the word of cuts with SCIP 10.")
    optimal = replace(part, gap=0.0)
    assert "; the optimum itself by the word of cuts with SCIP 10" in sentences.proof(optimal)


def test_cities_that_gain_most_and_least_are_told():
    most, least = sentences.gaining(explored()).split("; ")
    assert most == "Of their pairs beyond 4 h today the plan brings most to Cy (1 of 2) and Bo (1 of 1)"
    assert least == "least to Di (0 of 3)"  # none is told twice
    assert sentences.gaining(replace(explored(), measures=None)) == ""


def test_no_pair_is_named_where_all_can_be_reached(report):
    assert sentences.out_of_reach(report) == ""
    assert tables.out_of_reach_rows(report.cities, report.pairs) == []


def test_a_cost_of_both_that_is_not_proven_is_an_upper_bound():
    *_, last = sentences.fairness(replace(PRICED, both_proven=False))
    assert "A plan that achieves both costs at most 450 million CNY" in last


def test_the_same_proposals_in_another_order_are_called_the_same():
    moved = replace(PRICED, only_plan=(), only_free=(), counted="weight over all periods")
    words = " ".join(sentences.fairness(moved))
    assert "the same proposals, started in another order" in words
    assert "10 more weight over all periods" in words
