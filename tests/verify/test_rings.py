"""Rings in the independent check: winding numbers, circuits, and plans that form rings."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from problem_files import as_json
from ring_drawing import (
    circuits_of,
    leading,
    on_line,
    phased,
    ring_choices,
    ring_problem,
    ringed,
    square,
    starts_of,
    turns_by_angle,
    undemanding,
    web_problem,
    whole_value,
)
from tiers import examples, thinned

from optimiser import verify
from optimiser.problem import RingLink, RingStop, load
from optimiser.problem.errors import VerificationError, listed
from optimiser.problem.ring_geometry import link_crossings, ray_crossings
from optimiser.verify import rings
from optimiser.verify.rings import (
    _bearing,
    circuit_fault,
    circuit_line,
    circuit_nodes,
    quarter_turns,
    ring_obstacles,
    winding_number,
)
from optimiser.verify.rules import plan_faults

SEEDS = range(30)


# ---- winding numbers: by quadrants, by ray crossings as in the model, and by the sum of angles


def crossings_of_closed(line, centre):
    """Return the winding number by the ray crossings that the model uses."""
    return ray_crossings([*line, line[0]], centre)


def winding_by_angles(line, centre):
    """Return the winding number by angles in floating point; exact for small coordinates."""
    return None if on_line(line, centre) else turns_by_angle(line, centre)


near = st.integers(-3, 3)
"""So small that lines often pass through the centre, touch its axes and repeat points."""

near_points = st.tuples(near, near)
near_lines = st.lists(near_points, min_size=1, max_size=12)


@given(near_lines, near_points)
@examples(1500)
@example([(0, 0)], (0, 0))
@example([(1, 1)], (0, 0))
@example([(-1, 0), (1, 0)], (0, 0))
@example([(1, 0), (2, 0), (1, 0)], (0, 0))
@example([(2, 0), (0, 2), (-2, 0), (0, -2)], (0, 0))
@example([(2, 2), (2, 2), (-2, 2), (-2, -2), (-2, -2), (2, -2)], (0, 0))
@example([(2, 0), (-2, 2), (-2, -2)], (0, 0))
@example([(-2, 0), (2, 2), (2, -2)], (0, 0))
def test_three_ways_to_count_windings_agree(line, centre):
    expected = winding_by_angles(line, centre)
    assert winding_number(line, centre) == expected
    assert crossings_of_closed(line, centre) == expected


@pytest.mark.parametrize("block", range(4))
def test_three_ways_to_count_windings_agree_on_many_drawn_lines(block):
    chance = random.Random(block)  # noqa: S311 - chance for drawings
    seen = set()
    for _ in range(2500):
        reach = chance.choice((1, 2, 4, 40))
        line = [
            (chance.randint(-reach, reach), chance.randint(-reach, reach))
            for _ in range(chance.randint(1, 20))
        ]
        centre = (chance.randint(-reach, reach), chance.randint(-reach, reach))
        expected = winding_by_angles(line, centre)
        assert winding_number(line, centre) == crossings_of_closed(line, centre) == expected
        seen.add(expected)
    assert {None, -2, -1, 0, 1, 2} <= seen


@given(near_lines, near_points, st.integers(0, 11))
@examples(500)
def test_a_reversed_line_winds_the_other_way_and_the_first_corner_does_not_matter(line, centre, first):
    turns = winding_number(line, centre)
    start = first % len(line)
    assert winding_number(line[::-1], centre) == (None if turns is None else -turns)
    assert winding_number(line[start:] + line[:start], centre) == turns


@given(near_lines, near_points, st.data())
@examples(500)
def test_repeated_corners_and_corners_on_an_edge_change_nothing(line, centre, data):
    turns = winding_number([(2 * x, 2 * y) for x, y in line], (2 * centre[0], 2 * centre[1]))
    finer = []
    for (ax, ay), (bx, by) in zip(line, [*line[1:], line[0]], strict=True):
        finer += [(2 * ax, 2 * ay)] * data.draw(st.integers(1, 2))
        finer += [(ax + bx, ay + by)] * data.draw(st.integers(0, 1))
    doubled = (2 * centre[0], 2 * centre[1])
    assert winding_number(finer, doubled) == turns
    assert crossings_of_closed(finer, doubled) == turns


@given(near_lines, near_points, st.integers(0, 12))
@examples(500)
def test_the_turns_of_parts_of_a_line_add_up(line, centre, cut):
    closed = [*line, line[0]]
    cut = min(cut, len(closed) - 1)
    parts = [quarter_turns(closed[: cut + 1], centre), quarter_turns(closed[cut:], centre)]
    turns = winding_number(line, centre)
    assert (None in parts) == (turns is None)
    if turns is not None:
        assert sum(parts) == 4 * turns


@given(
    near_lines,
    near_points,
    st.integers(2**31, 2**70),
    st.tuples(st.integers(-(2**70), 2**70), st.integers(-(2**70), 2**70)),
)
@examples(300)
def test_both_exact_methods_hold_for_coordinates_of_any_size(line, centre, scale, shift):
    expected = winding_by_angles(line, centre)

    def moved(point):
        return point[0] * scale + shift[0], point[1] * scale + shift[1]

    large = [moved(point) for point in line]
    assert winding_number(large, moved(centre)) == expected
    assert crossings_of_closed(large, moved(centre)) == expected


@pytest.mark.parametrize("far", [2**31, 2**62, 2**63 - 1])
@pytest.mark.parametrize("count", [winding_number, crossings_of_closed])
def test_a_centre_next_to_a_long_edge_is_told_from_one_on_it(far, count):
    triangle = [(-far, -far), (far, -far), (far, far)]
    assert count(triangle, (0, 0)) is None
    assert count(triangle, (0, -1)) == 1
    assert count(triangle[::-1], (0, -1)) == -1
    assert count(triangle, (0, 1)) == 0


@pytest.mark.parametrize("seed", thinned(range(60), 10))
def test_the_crossings_of_links_sum_to_the_winding_number_of_a_circuit(seed):
    problem = ring_problem(seed)
    for ring in problem.rings:
        crossings = [link_crossings(ring, k) for k in range(len(ring.links))]
        for links in circuits_of(ring, {c.id for c in problem.candidates}):
            nodes = circuit_nodes(ring, links)
            # A loop passed from tail to head and back has the same ends; both directions form the ring.
            ahead = [1 if ring.links[k].tail == v else -1 for k, v in zip(links, nodes, strict=True)]
            for s, centre in enumerate(ring.centres):
                total = sum(sign * crossings[k][s] for sign, k in zip(ahead, links, strict=True))
                assert total == winding_number(circuit_line(ring, links, nodes), centre)
                assert abs(total) == 1


# ---- circuits


EVERY = ("across", "north", "west")

MEASURED = tuple(replace(link, length=a + 1) for a, link in enumerate(square().links))
"""1, 2, 3 and 4 m for the sides."""

PLACES = (
    RingStop("town", (3,), must=True),
    RingStop("port", (1, 2), "big"),
    RingStop("pass", (0,), "small"),
    RingStop("hill", (), "big"),
)


@pytest.mark.parametrize(
    ("links", "built", "change", "answer"),
    [
        ((0, 1, 2, 3), EVERY, {}, ""),
        ((2, 1, 0, 3), EVERY, {}, ""),
        ((1, 2, 3, 0), EVERY, {}, ""),
        ((), EVERY, {}, "not positions"),
        ((0, 1, 2, 9), EVERY, {}, "not positions"),
        ((0, 0), EVERY, {}, "uses a link twice"),
        ((0, 1, 2), EVERY, {}, "not a closed circuit"),
        ((0, 2, 1, 3), EVERY, {}, "not a closed circuit"),
        ((0, 1, 2, 3), ("west",), {}, "uses 'north', which is not built"),
        ((0, 1, 4), EVERY, {"least_stops": 0}, "it runs through it"),
        ((0, 1, 4), EVERY, {"least_stops": 0, "centres": ((3, 1),)}, ""),
        ((0, 1, 4), EVERY, {"least_stops": 0, "centres": ((1, 3),)}, "it winds 0 times"),
        ((0, 1, 4), EVERY, {"centres": ((3, 1),)}, "1 stops of the 2"),
        ((0, 1, 2, 3), EVERY, {"centres": ((2, 2), (-2, 2))}, r"round \[-2, 2\]"),
        ((0, 1, 2, 3), EVERY, {"centres": ((0, 2),)}, ""),
        ((0, 1, 2, 3), EVERY, {"links": MEASURED, "longest": 10}, ""),
        ((0, 1, 2, 3), EVERY, {"links": MEASURED, "longest": 9}, "it is 10 m long, and may be 9 m"),
        ((0, 1, 2, 3), EVERY, {"stops": PLACES, "least_by_group": (("big", 1),)}, ""),
        (
            (0, 1, 2, 3),
            EVERY,
            {"stops": PLACES, "least_by_group": (("big", 2),)},
            "1 stops of group 'big' of the 2",
        ),
        (
            (0, 1, 2, 3),
            EVERY,
            {"stops": (*PLACES, RingStop("nowhere", (), must=True))},
            "does not pass 'nowhere'",
        ),
        ((0, 1, 4), EVERY, {"stops": PLACES, "centres": ((3, 1),), "least_stops": 0}, "does not pass 'town'"),
    ],
)
def test_circuits_that_form_a_ring_are_told_from_those_that_do_not(links, built, change, answer):
    fault = circuit_fault(square(**change), links, built)
    assert (answer in fault.replace("[", r"\[").replace("]", r"\]")) if answer else not fault


def test_a_circuit_that_visits_a_node_twice_is_rejected():
    ring = square(links=(RingLink(0, 1), RingLink(1, 2), RingLink(2, 0), RingLink(2, 3), RingLink(3, 2)))
    assert "visits a node twice" in circuit_fault(ring, (0, 1, 3, 4, 2), ())


@pytest.mark.parametrize("draw", [ring_problem, web_problem])
@pytest.mark.parametrize("seed", thinned(range(60), 10))
def test_circuits_are_accepted_exactly_if_trying_every_walk_finds_them(seed, draw):
    """Every circuit round the centres, whatever the ring demands, against those that meet the demands."""
    problem = draw(seed)
    names = {c.id for c in problem.candidates}
    for ring in problem.rings:
        forming = {frozenset(links) for links in circuits_of(ring, names)}
        for links in circuits_of(undemanding(ring), names):
            assert (not circuit_fault(ring, links, names)) == (frozenset(links) in forming)


@pytest.mark.parametrize("draw", [ring_problem, web_problem])
@pytest.mark.parametrize("seed", thinned(range(60), 10))
def test_a_length_is_an_obstacle_exactly_if_no_walk_is_shorter(seed, draw):
    """A ring alone that demands nothing but a length: the shortest circuit passes, a metre less does not.

    An obstacle may be missed where a closed walk that winds three times or visits a node twice is shorter
    than every circuit, which none of these problems has.
    """
    problem = draw(seed)
    names = {c.id for c in problem.candidates}
    seen = possible = 0
    for ring in problem.rings:
        free = replace(undemanding(ring), required=True, apart=())
        links = tuple(replace(link, length=link.length or 1) for link in ring.links)
        free = replace(free, links=links)
        lengths = [sum(links[k].length for k in circuit) for circuit in circuits_of(free, names)]
        if lengths:
            possible += 1
            alone = problem.replace(rings=(replace(free, longest=min(lengths)),))
            assert not list(ring_obstacles(alone, {}))
            alone = problem.replace(rings=(replace(free, longest=min(lengths) - 1),))
            found = list(ring_obstacles(alone, {}))
            assert all(reason.ring == ring.id for reason in found)
            seen += bool(found)
    assert seen == possible


# ---- plans


def test_links_without_length_are_no_obstacle_and_no_endless_search():
    links = tuple(replace(link, length=0) for link in square().links)
    assert list(ring_obstacles(ringed(square(links=links, longest=0)), {})) == []


def test_a_plan_with_a_required_ring_needs_its_circuit():
    problem, built = ringed(), ("north", "west")
    plan = verify.score(problem, built, rings={"square": (0, 1, 2, 3)})
    assert (plan.cost, plan.objective, plan.rings) == (5, 1, {"square": (0, 1, 2, 3)})
    with pytest.raises(VerificationError, match="'square' must be formed and is not"):
        verify.score(problem, built)
    with pytest.raises(VerificationError, match="uses 'north', which is not built"):
        verify.score(problem, ("west",), rings={"square": (0, 1, 2, 3)})


def test_an_optional_ring_earns_its_reward_only_with_a_circuit():
    problem = ringed(square(required=False, reward=20))
    built = ("north", "west", "fast")
    assert verify.score(problem, built).objective == 10
    assert verify.score(problem, built, rings={"square": (3, 0, 1, 2)}).objective == 30


def test_rings_that_must_be_apart_may_not_share_a_node():
    other = square(id="other", apart=("square",), required=False)
    rings = {"square": (0, 1, 2, 3), "other": (0, 1, 2, 3)}
    with pytest.raises(VerificationError, match="shares a node"):
        verify.score(ringed(square(), other), ("north", "west"), rings=rings)


def test_a_ring_counts_from_the_period_in_which_all_its_candidates_are_open():
    ring = square(required=False, reward=20)
    problem = phased(rings=(ring,))
    plan = verify.score(
        problem, ["north", "west"], rings={"square": (0, 1, 2, 3)}, starts={"north": 0, "west": 1}
    )
    assert plan.objective == 1 * 1 + 2 * (1 + 20)
    with pytest.raises(VerificationError, match="uses 'west', which is not built"):
        verify.score(leading(problem, west=1), ["north", "west"], rings=plan.rings, starts=dict(plan.starts))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_objective_of_drawn_plans_agrees_with_the_format(seed):
    problem, chance = ring_problem(seed), random.Random(seed)  # noqa: S311 - chance for drawings
    for _ in range(5):
        built = {c.id for c in problem.candidates if chance.random() < 0.6}
        starts = chance.choice(starts_of(problem, built))
        for circuits in list(ring_choices(problem, built))[:3]:
            value = whole_value(problem, built, circuits, starts)
            if value is None:
                with pytest.raises(VerificationError):
                    verify.score(problem, built, rings=circuits, starts=starts)
            elif not any(plan_faults(problem, built, circuits, starts)):
                plan = verify.score(problem, built, rings=circuits, starts=starts)
                assert plan.objective == value
                evidence = json.loads(json.dumps(verify.certificate(problem, plan)))
                verify.bound_checker.check(as_json(problem), evidence)


@pytest.mark.shared
def test_the_reference_optima_with_rings_and_periods_have_the_stated_values(shared_dir):
    toys = shared_dir / "instances" / "toy"
    optima = json.loads((toys / "optima_side.json").read_text(encoding="utf-8"))
    known = [item for item in optima if item["status"] == "optimal"]
    assert len(known) > 30
    for item in known:
        problem = load(toys / f"{item['problem']}.json")
        circuits = {ring["id"]: tuple(ring["links"]) for ring in item["rings"]}
        plan = verify.score(problem, item["built"], rings=circuits, starts=item["starts"])
        found = (plan.objective, plan.cost, plan.coverage.after)
        assert found == (item["objective"], item["cost"], item["coverage"]), item["problem"]


@pytest.mark.parametrize(
    ("centre", "point", "bearing"),
    [
        ((0, 0), (0, 5), 0.0),
        ((0, 0), (5, 0), 90.0),
        ((3, 0), (3, -5), 180.0),
        ((3, 0), (-2, 0), -90.0),
        # at 60 degrees north a degree of longitude is half as long as one of latitude
        ((10, 600_000_000), (20, 600_000_005), 45.0),
        ((10, 600_000_000), (0, 600_000_005), -45.0),
    ],
)
def test_bearings_are_those_of_a_compass_on_the_ground(centre, point, bearing):
    assert _bearing(centre, point) == pytest.approx(bearing)


@pytest.mark.parametrize(
    ("count", "ending"), [(1, "n1"), (10, "n9, n10"), (11, "n9, n10 and 1 more"), (25, "n10 and 15 more")]
)
def test_ten_names_are_listed_and_the_others_counted(count, ending):
    assert listed([f"n{i}" for i in range(1, count + 1)]).endswith(ending)


def test_each_component_of_the_usable_links_is_found_once():
    ring = ringed().rings[0]
    apart = tuple(replace(link, tail=link.tail + 4, head=link.head + 4) for link in ring.links)
    far = tuple((x + 10, y) for x, y in ring.nodes)
    twice = replace(ring, nodes=ring.nodes + far, links=ring.links + apart)
    assert [sorted(part.nodes) for part in rings.components_of(twice, ())] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert [sorted(part.nodes) for part in rings.components_of(ring, ())] == [[0, 1, 2, 3]]
