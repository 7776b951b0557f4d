"""Rings and periods in problem files, and the canonical order of rings."""

from __future__ import annotations

import dataclasses
import random

import pytest
from problem_files import as_json, faults_of, validate
from ring_drawing import circuits_of, ring_problem, ringed, square

from optimiser.problem import Candidate, Period, RingLink, RingStop, dumps, load, parse
from optimiser.problem.errors import ProblemError
from optimiser.problem.jsonfile import LARGEST
from optimiser.problem.ring import canonical_ring, link_order
from optimiser.verify.rings import circuit_fault

SEEDS = range(30)


@pytest.mark.parametrize("seed", SEEDS)
def test_rings_and_periods_read_back_as_written_and_keep_to_the_schema(seed):
    problem = ring_problem(seed)
    assert parse(as_json(problem)) == problem
    validate(as_json(problem), "problem.schema.json")


def test_all_faults_of_rings_and_periods_are_reported_with_their_places():
    value = as_json(ringed(periods=(Period("early", 4, 1), Period("late", 5, 2))))
    ring = value["rings"][0]
    ring["required"] = 1
    ring["centres"] = []
    ring["links"][0]["head"] = 4
    ring["links"][2]["candidate"] = "south"
    ring["links"][3]["via"] = [[1.5, 2]]
    ring["stops"][0]["nodes"] = [-1]
    ring["apart"] = ["square"]
    value["candidates"][0]["lead"] = -1
    value["budget"] = 8
    assert set(faults_of(value)) == {
        "rings[0] ('square').required: 1 is neither true nor false",
        "rings[0] ('square').centres: is empty",
        "rings[0] ('square').links[0]: 4 is not a node (0..3)",
        "rings[0] ('square').links[2]: there is no candidate 'south'",
        "rings[0] ('square').links[3].via[0]: [1.5, 2] is not two integers",
        "rings[0] ('square').stops[0] ('town'): -1 is not a node (0..3)",
        "rings[0] ('square').apart: 'square' is not another ring",
        "candidates[0] ('across').lead: -1 is not an integer >= 0",
        "budget: 8 is not 9, the sum of the periods' budgets",
    }


def demanding():
    """A ring with every key that says what its circuit must be like."""
    links = tuple(dataclasses.replace(link, length=a + 1) for a, link in enumerate(square().links))
    stops = (RingStop("town", (3,), must=True), RingStop("port", (1, 2), group="big"))
    return square(links=links, stops=stops, longest=12, least_by_group=(("big", 1),))


def test_demands_on_a_circuit_read_back_as_written():
    problem = ringed(demanding())
    value = as_json(problem)
    (ring,) = value["rings"]
    assert parse(value) == problem
    assert (ring["longest"], ring["least_by_group"]) == (12, {"big": 1})
    assert ring["stops"][0] == {"id": "town", "must": True, "nodes": [3]}
    assert ring["stops"][1] == {"id": "port", "group": "big", "nodes": [1, 2]}
    assert [link["length"] for link in ring["links"]] == [1, 2, 3, 4, 5]
    validate(value, "problem.schema.json")


def test_a_length_of_zero_is_a_length():
    links = tuple(dataclasses.replace(link, length=0) for link in square().links)
    problem = ringed(square(links=links, longest=0))
    (ring,) = as_json(problem)["rings"]
    assert ring["links"][0]["length"] == ring["longest"] == 0
    assert parse(as_json(problem)) == problem


def test_all_faults_of_demands_on_a_circuit_are_reported_with_their_places():
    value = as_json(ringed(demanding()))
    ring = value["rings"][0]
    ring["longest"] = -1
    del ring["links"][0]["length"]
    ring["links"][1]["length"] = 1.5
    ring["stops"][0]["must"] = 1
    ring["least_by_group"] = {"big": -2, "bigger": 1}
    assert set(faults_of(value)) == {
        "rings[0] ('square').longest: -1 is not an integer >= 0",
        "rings[0] ('square').links[0]: has no length, which every link of a ring with a longest length needs",
        "rings[0] ('square').links[1].length: 1.5 is not an integer >= 0",
        "rings[0] ('square').stops[0] ('town').must: 1 is neither true nor false",
        "rings[0] ('square').least_by_group.big: -2 is not an integer >= 0",
        "rings[0] ('square').least_by_group: no stops are of group 'bigger'; there are big",
    }


def test_wrong_shapes_of_demands_on_a_circuit_are_reported():
    value = as_json(ringed(demanding()))
    ring = value["rings"][0]
    ring["longest"] = None
    ring["links"][0]["length"] = None
    ring["least_by_group"] = [["big", 1]]
    ring["stops"][1]["group"] = 7
    ring["stops"][0]["most"] = True
    assert set(faults_of(value)) == {
        "rings[0].longest: null is not an integer >= 0; leave the key out",
        "rings[0].links[0].length: null is not an integer >= 0; leave the key out",
        "rings[0].least_by_group: not an object",
        "rings[0].stops[1].group: 7 is not a string",
        "rings[0].stops[0]: unknown key 'most'; did you mean 'must'?",
    }


def test_unknown_keys_and_wrong_shapes_of_rings_are_reported():
    value = as_json(ringed())
    ring = value["rings"][0]
    ring["center"] = ring.pop("centres")
    ring["nodes"][1] = [4]
    ring["links"][1]["cost"] = 3
    ring["stops"] = {}
    value["candidates"][0]["lead"] = 0
    value["periods"] = {}
    assert set(faults_of(value)) == {
        "rings[0]: key 'centres' is missing",
        "rings[0]: unknown key 'center'; did you mean 'centres'?",
        "rings[0].nodes[1]: [4] is not [longitude, latitude]",
        "rings[0].links[1]: unknown key 'cost'",
        "rings[0].stops: not a list",
        "periods: not a list",
    }


def test_a_lead_without_periods_is_rejected():
    value = as_json(ringed())
    value["candidates"][1]["lead"] = 0
    assert faults_of(value) == ("candidates[1].lead: is allowed only with periods",)
    with pytest.raises(ProblemError, match="is allowed only with periods"):
        ringed(candidates=(Candidate("late", 1, (), lead=1),), rings=())


def test_empty_periods_are_rejected():
    assert faults_of({**as_json(ringed()), "periods": []}) == ("periods: is empty; leave the key out",)


def shuffled(ring, chance):
    new = chance.sample(range(len(ring.nodes)), len(ring.nodes))
    place = {old: position for position, old in enumerate(new)}
    links = [
        dataclasses.replace(link, tail=place[link.tail], head=place[link.head])
        if chance.random() < 0.5
        else dataclasses.replace(link, tail=place[link.head], head=place[link.tail], via=link.via[::-1])
        for link in ring.links
    ]
    return dataclasses.replace(
        ring,
        nodes=tuple(ring.nodes[old] for old in new),
        links=tuple(chance.sample(links, len(links))),
        stops=tuple(dataclasses.replace(s, nodes=tuple(place[v] for v in s.nodes)) for s in ring.stops[::-1]),
        centres=ring.centres[::-1],
        least_by_group=ring.least_by_group[::-1],
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_a_ring_in_its_file_does_not_change_the_canonical_ring(seed):
    for ring in ring_problem(seed).rings:
        assert canonical_ring(shuffled(ring, random.Random(seed))) == canonical_ring(ring)  # noqa: S311


@pytest.mark.parametrize("seed", SEEDS)
def test_a_circuit_of_the_canonical_ring_forms_the_original_ring(seed):
    for ring in ring_problem(seed).rings:
        order, names = link_order(ring), {link.candidate for link in ring.links}
        for links in circuits_of(canonical_ring(ring), names)[:5]:
            assert circuit_fault(ring, [order[k] for k in links], names) == ""


# ---- the canonical order, by hand


def test_lists_of_a_canonical_ring_are_sorted_and_have_no_duplicates_that_mean_nothing():
    ring = square(
        centres=((3, 3), (2, 2), (3, 3)),
        nodes=((4, 0), (0, 0), (4, 4), (0, 4)),
        links=(RingLink(0, 1), RingLink(2, 0, "b", ((5, 1), (6, 2))), RingLink(0, 2, "a"), RingLink(0, 2)),
        stops=(RingStop("z", (3, 0, 3)), RingStop("a", (2,))),
        apart=("y", "x", "y"),
        least_by_group=(("q", 1), ("p", 2)),
    )
    found = canonical_ring(ring)
    assert found.centres == ((2, 2), (3, 3))
    assert found.nodes == ((0, 0), (0, 4), (4, 0), (4, 4))
    assert found.links == (
        RingLink(0, 2),
        RingLink(2, 3),
        RingLink(2, 3, "a"),
        RingLink(2, 3, "b", ((6, 2), (5, 1))),
    )
    assert link_order(ring) == (0, 3, 2, 1)
    assert found.stops == (RingStop("a", (3,)), RingStop("z", (1, 2)))
    assert (found.apart, found.least_by_group) == (("x", "y"), (("p", 2), ("q", 1)))


def test_a_loop_runs_by_its_smaller_corner_first_and_a_known_length_comes_after_none():
    corners = ((9, 9), (1, 1))
    links = (RingLink(0, 0, length=0), RingLink(0, 0, None, corners), RingLink(0, 0), RingLink(0, 0, ""))
    found = canonical_ring(square(links=links)).links
    assert found == (
        RingLink(0, 0),
        RingLink(0, 0, length=0),
        RingLink(0, 0, None, corners[::-1]),
        RingLink(0, 0, ""),
    )


def test_equal_nodes_keep_their_order():
    ring = square(nodes=((4, 4), (0, 0), (4, 4), (0, 0)), links=(RingLink(0, 1), RingLink(2, 3)))
    found = canonical_ring(ring)
    assert found.nodes == ((0, 0), (0, 0), (4, 4), (4, 4))
    assert found.links == (RingLink(0, 2, None), RingLink(1, 3, None))


# ---- values at the edge


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"centres": ((LARGEST + 1, 0),)}, "centres[0]: [9223372036854775808, 0] is not two integers"),
        ({"centres": ((0, -LARGEST - 2),)}, "centres[0]: [0, -9223372036854775809] is not two integers"),
        ({"least_by_group": (("big", 1), ("big", 2))}, "least_by_group: 'big' occurs twice"),
        ({"least_by_group": (("", 1),)}, "least_by_group: no stops are of group ''; there are big"),
        ({"stops": (), "least_by_group": (("big", 1),)}, "least_by_group: no stops are of group 'big'"),
        ({"longest": None, "reward": None}, "reward: None is not an integer >= 0"),
        ({"required": 1}, "required: 1 is neither true nor false"),
        ({"apart": ("square",)}, "apart: 'square' is not another ring"),
    ],
)
def test_a_ring_made_in_python_is_checked_by_the_same_rules(changes, fault):
    with pytest.raises(ProblemError) as caught:
        ringed(dataclasses.replace(demanding(), **changes))
    assert caught.value.faults == (f"rings[0] ('square').{fault}",)


def test_coordinates_may_be_as_large_as_the_format_allows():
    assert ringed(square(centres=((LARGEST, -LARGEST - 1),))).rings[0].centres == ((LARGEST, -LARGEST - 1),)


def test_a_group_of_stops_that_is_named_twice_is_a_fault(tmp_path):
    stops = tuple(dataclasses.replace(stop, group="port") for stop in square().stops)
    text = dumps(ringed(square(stops=stops, least_by_group=(("port", 1),))))
    assert '"port":1' in text
    path = tmp_path / "twice.json"
    path.write_text(text.replace('"port":1', '"port":1,"port":1', 1), encoding="utf-8")
    with pytest.raises(ProblemError) as caught:
        load(path)
    assert list(caught.value.faults) == ["rings[0].least_by_group: key 'port' occurs twice"]
