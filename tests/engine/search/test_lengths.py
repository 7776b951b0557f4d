from __future__ import annotations

import dataclasses

from ring_drawing import ringed, square

from optimiser.engine.search.circuit_starts import drawn_lengths, priced_lengths, touching_links
from optimiser.problem import Candidate


def test_a_link_is_as_long_as_drawn_and_what_it_costs_counts_on_top():
    problem = ringed()
    length = priced_lengths(problem, problem.rings[0], free={"west"}, money_weight=1000)
    assert (length - drawn_lengths(problem.rings[0])).tolist() == [0, 0, 2000, 0, 1000]


def test_lengths_of_dear_candidates_still_add_up_in_64_bits():
    dear = Candidate("dear", 2**62, ())
    ring = square(links=tuple(dataclasses.replace(link, candidate="dear") for link in square().links))
    problem = dataclasses.replace(ringed(), rings=(ring,), candidates=(*ringed().candidates, dear))
    length = priced_lengths(problem, problem.rings[0], free=(), money_weight=10**9)
    assert 0 < sum(length.tolist()) < 2**60


def test_links_that_touch_the_circuit_of_a_ring_to_be_apart_from_are_found():
    ring = square()
    problem = ringed(ring, square(id="other", apart=("square",), nodes=((0, 0), (9, 0), (9, 9), (0, 9))))
    assert touching_links(problem, ring, {"other": (0, 1, 2, 3)}).tolist() == [True, False, False, True, True]
    assert not touching_links(problem, ring, {}).any()
