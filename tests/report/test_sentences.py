from __future__ import annotations

from dataclasses import replace

from report_drawing import PRICED, report_out_of_reach
from ring_square import shown

from optimiser.problem.result import ProofSource
from optimiser.report import sentences, tables
from optimiser.report.inputs import CertifiedBound


def test_the_headline_counts_links_and_new_pairs(report):
    assert sentences.headline(report) == "3 links bring 3 more city pairs within 4 hours"


def test_the_headline_says_that_nothing_is_built(make):
    assert sentences.headline(make()).startswith("Nothing is built")


def test_without_a_bound_nothing_is_claimed(report):
    assert "no bound" in sentences.proof(report)
    assert "a better plan may exist" in sentences.meaning(report)


def test_the_source_of_a_bound_is_named(report):
    assert sentences.certificate(report) == "The bound is the word of the solver."
    by_sums = replace(report, bound_source=ProofSource("trivial"))
    assert sentences.certificate(by_sums) == "The bound needs no solver."
    by_search = replace(report, bound_source=ProofSource("search", "cuts", "SCIP 10"))
    assert sentences.certificate(by_search) == "The bound is the word of cuts with SCIP 10."


def test_what_is_certified_is_told_apart_from_what_is_claimed(report):
    by_search = ProofSource("search", "cuts", "SCIP 10")
    claimed = replace(report, gap=0.001, bound=101.0, bound_source=by_search)
    assert sentences.proof(claimed) == "proven within 0.1 % of the optimum"
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


def test_the_headline_names_the_ring_that_is_closed(ringed):
    assert sentences.headline(ringed).endswith("within 4 hours and close a ring of 280 km round Centre")


def test_the_headline_says_that_a_ring_already_exists(make):
    ring = shown()
    old = replace(ring, pieces=ring.pieces.assign(state="existing", candidate_id="", cost=0))
    there = "; a ring of 280 km round Centre already exists"
    assert sentences.headline(make("bc", rings=(old,))).endswith(there)
    nothing = "Nothing is built: no more city pairs come within 4 hours"
    assert sentences.headline(make(rings=(old,))) == f"{nothing}{there}"


def test_the_headline_of_links_that_only_close_a_ring(make):
    closing = "1 link closes a ring of 280 km round Centre; no more city pairs come within 4 hours"
    assert sentences.headline(make("idle", rings=(shown(),))) == closing


def test_a_ring_that_is_not_formed_is_not_in_the_headline(make, missed):
    assert sentences.headline(missed) == sentences.headline(make("bc"))


def test_pairs_out_of_reach_are_grouped_by_the_city_with_most_of_them():
    _, *cities = sentences.unreached_cities(replace(report_out_of_reach(), budget=None))
    assert cities == ["Di: Ada 5:00, Bo 5:00, Cy 5:00"]


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
