"""Closures of a job take from its network what is closed, and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from candidates_drawing import base_case, four_in_line, network, railway

from networks.schema import Network
from optimiser.frontier.cases import TimeChanges
from optimiser.frontier.closures import Closure, closed
from optimiser.proposals import line_capacity, prepare, services
from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.generate import of_kind
from optimiser.proposals.table import assemble
from optimiser.proposals.terrain import PLAIN
from optimiser.proposals.trains import RailRules, Tracks
from optimiser.run.retiming import Retimer
from optimiser.studies import closures
from optimiser.studies.closures import LinkFinder
from optimiser.verify.rules import pair_times

ROAD, PLACES = four_in_line()
LINES = [("hsr250", 1200, [0, 1], [0, 1700]), ("hsr250", 3000, [1, 2], [0, 1700])]
HOURS = 16.0


def base_with(lines):
    """A line of three links, of which two have trains."""
    links = [(at, at + 1, "hsr250", 100, 250) for at in range(3)]
    tracks = network([(1, 1), (101, 1), (201, 1), (301, 1)], links, "rail")
    nodes = tracks.nodes.assign(kind="station")
    rail = railway(Network(nodes=nodes, links=tracks.links), lines)
    return base_case(ROAD, PLACES, rail), rail


def through_service(base):
    """Return a candidate whose trains run over both links."""
    rules = RailRules(service_headway_s=1800, service_gain_s=-(10**6))
    found = services.propose_through_services(Tracks(base, rules), Counter())
    chosen = [one for one in found if one.candidate_id == "rail-service:a-c"]
    return assemble(of_kind("rail_service", chosen), builtin_cost_table(), PLAIN)


def problem_of(base, candidates):
    return prepare.design_problem(base.graph, base.cities, candidates, base.skim, budget=10**6).problem


def within_limit(problem):
    """Return today's time of each pair that is within its limit; a problem leaves out paths beyond it."""
    times = zip(pair_times(problem, ()), problem.pairs, strict=True)
    return [time if time is not None and time <= pair.limit else None for time, pair in times]


def finder_of(base, rail, candidates):
    return LinkFinder(base.graph, base.road.links, rail, candidates, base.cities)


def test_sections_are_links_that_the_same_trains_run_over():
    base, _ = base_with(LINES)
    table = line_capacity.sections_in_use(base, through_service(base), hours_a_day=HOURS)
    rows = table[["section", "length_km", "trains", "links"]].to_numpy().tolist()
    assert rows == [["n0 - n1", 100.0, 48.0, (0,)], ["n1 - n2", 100.0, 19.2, (1,)]]


def test_a_closed_section_takes_its_trains_and_candidates_and_no_others():
    base, rail = base_with(LINES)
    candidates = through_service(base)
    problem = problem_of(base, candidates)
    found = list(closures.sections(base, finder_of(base, rail, candidates), 5, hours_a_day=HOURS))
    assert [one.name for one in found] == ["n0 - n1", "n1 - n2"]
    for one, left in zip(found, (LINES[1:], LINES[:1]), strict=True):
        assert one.links.candidates == ("rail-service:a-c",)
        shut = {"it": one.links.arcs}
        timer = Retimer(problem, base.graph, candidates, base.cities, 14400, shut)
        closure = Closure(id="it", network=timer(TimeChanges(closed=("it",))))
        without, _ = base_with(left)
        expected = within_limit(problem_of(without, through_service(base)))
        assert within_limit(closed(problem, closure)) == expected
        assert expected != within_limit(problem)


def test_stretches_of_expressway_end_where_another_meets_them_or_the_number_changes():
    # 0 - 1 - 2 - 3 - 4 is an expressway that changes its number at 3; another meets it at 1.
    places = [(0, 0), (10, 0), (20, 0), (30, 0), (40, 0), (10, 10), (50, 0)]
    ends = [(0, 1), (1, 2), (2, 3), (3, 4), (1, 5), (4, 6)]
    classes = ["motorway"] * 5 + ["primary"]
    refs = ["G1", "G1", "G1", "G2", "G3", ""]
    drawn = network(places, [(a, b, c, 10, 100) for (a, b), c in zip(ends, classes, strict=True)])
    drawn = Network(nodes=drawn.nodes, links=drawn.links.assign(ref=refs))
    base = base_case(ROAD, PLACES)
    found = closures.stretches(replace(base, road=drawn))
    assert found[1] == found[2]
    assert len(set(found[:5].tolist())) == 4
    assert found[5] == -1


def test_the_weight_on_a_stretch_is_that_of_the_pairs_whose_fastest_path_uses_it():
    base, _ = base_with([])
    problem = problem_of(base, through_service(base_with(LINES)[0]))
    every = np.zeros(len(base.road.links), dtype=np.int64)
    found = closures.weight_by_stretch(base.graph, problem, every)
    assert found == {0: sum(pair.weight for pair in problem.pairs)}
    none = closures.weight_by_stretch(base.graph, problem, every - 1)
    assert none == {}
