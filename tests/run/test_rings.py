"""Rings go through the steps of a run: into candidates, problem, and what the report shows."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from candidates_drawing import KM
from ring_regions import GROUND, none, square

from optimiser.engine.search.circuit_starts import start_circuits
from optimiser.job.sections import Rings
from optimiser.problem import Candidate, DesignProblem, dumps, parse
from optimiser.problem.errors import InfeasibleError, JobError
from optimiser.proposals.generate import Rules
from optimiser.proposals.rings.reference_rings import ReferenceRing
from optimiser.run.rings import add_rings, describe_rings, with_closing_links
from optimiser.verify import score

TOWN = ("town", (0, -45), 300_000, 1, (5, 60))


def problem(candidates, budget=10_000):
    table = candidates.table
    return DesignProblem(
        name="drawn",
        nodes=("a",),
        arcs=(),
        candidates=tuple(
            Candidate(name, int(cost), ())
            for name, cost in zip(table["candidate_id"], table["cost"], strict=True)
        ),
        pairs=(),
        budget=budget,
    )


def steps(region, asked, budget=10_000):
    """Return the problem of a region with rings, what its rings stand for, and its candidates."""
    found = with_closing_links(none(), region, asked, Rules(), GROUND)
    made, tables = add_rings(problem(found, budget), region, found, asked, Rules(), GROUND, most=budget)
    return made, tables, found


def formed(made, *, barred=()):
    """Return a circuit for each ring of a problem, without some candidates."""
    found = {
        ring.id: start_circuits(ring, np.ones(len(ring.links), dtype=np.int64), barred=barred)
        for ring in made.rings
    }
    return {name: circuits[0] for name, circuits in found.items() if circuits}


def test_a_gap_is_paid_for_by_the_link_that_closes_it():
    asked = [Rings(centres=("Hub",), least_cities=1, most_stretch=0.0)]
    made, _, found = steps(square(without=(0,), places=(TOWN,)), asked)
    made = parse(json.loads(dumps(made)))
    across, *others = found.table.sort_values("cost")["candidate_id"]
    plan = score(made, [across], rings=formed(made, barred=others))
    assert list(plan.rings) == ["ring"]
    assert plan.cost == found.table["cost"].min()


def test_the_tables_hold_the_lines_and_facts_of_the_rings():
    asked = [Rings(centres=("Hub",), least_cities=1)]
    made, tables, _ = steps(square(without=(0,), places=(TOWN,)), asked)
    (facts,) = tables.facts
    expected = [link.candidate or "" for link in made.rings[0].links]
    assert tables.links["candidate_id"].tolist() == expected
    assert (facts.id, facts.centres, facts.on_s) == ("ring", ("Hub",), 1200)
    assert min(stop.seconds for stop in facts.stops if stop.city_id == "town") == 300


def test_required_rings_that_cannot_exist_are_refused_all_at_once():
    asked = [
        Rings(id="a", centres=("Hub",), radius_km=(50, 55)),
        Rings(id="b", centres=("Hub",), least_cities=4, gap_longest_km=50),
    ]
    with pytest.raises(InfeasibleError) as caught:
        steps(square(without=(0,)), asked)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["ring 'a'", "ring 'b'"]


def test_an_optional_ring_that_cannot_exist_is_no_fault():
    asked = [Rings(centres=("Hub",), gap_count=0, required=False, reward=5)]
    made, _, _ = steps(square(without=(0,)), asked)
    assert made.rings[0].links == ()
    assert score(made, ()).rings == {}


def test_a_ring_is_at_most_as_long_as_the_stretch_over_its_shortest_circuit_allows():
    made, _, _ = steps(square(), [Rings(centres=("Hub",), most_stretch=1.1)])
    (ring,) = made.rings
    assert ring.longest == sum(link.length for link in ring.links) * 11 // 10


def test_a_ring_dearer_than_the_budget_is_refused_with_the_budget():
    with pytest.raises(InfeasibleError, match="costs more than the budget of 5"):
        steps(square(without=(0,)), [Rings(centres=("Hub",))], budget=5)


def test_classes_that_the_network_lacks_are_refused_with_those_that_it_has():
    with pytest.raises(JobError, match=r"no motorways; it has motorway, primary"):
        with_closing_links(
            none(), square(), [Rings(centres=("Hub",), classes=("motorways",))], Rules(), GROUND
        )


def test_a_railway_ring_without_railways_is_refused():
    with pytest.raises(JobError, match="reads no rail network"):
        with_closing_links(none(), square(), [Rings(centres=("Hub",), mode="rail")], Rules(), GROUND)


def test_a_formed_ring_is_compared_with_reference_rings_of_its_mode():
    region = square(places=(TOWN,))
    made, tables, _ = steps(region, [Rings(centres=("Hub",))])
    plan = score(made, (), rings=formed(made))
    corners = np.array([(-40, -40), (40, -40), (40, 40), (-40, 40), (-40, -40)]) * KM
    known = tuple(
        ReferenceRing(name, name.title(), mode, shapely.LineString(corners), "drawn")
        for name, mode in (("old", "road"), ("rails", "rail"))
    )
    (ring,) = describe_rings(made, plan, tables, region.cities, known)
    (overlap,) = ring.overlaps
    assert (overlap.reference, overlap.share_of_ring, overlap.share_of_reference) == ("old", 1.0, 1.0)


def test_a_tier_that_no_city_is_of_is_refused():
    with pytest.raises(JobError, match="no city is of the tier 'secundary'; there are core"):
        with_closing_links(none(), square(), [Rings(centres=("Hub",), tiers=("secundary",))], Rules(), GROUND)
