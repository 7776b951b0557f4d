"""Problems with rings and periods from file to plan, against trying every plan.

`POLYRING_RANDOM=1000 pytest tests/engine/methods/test_rings.py` draws a thousand problems.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import random

import pulp
import pytest
from core_drawing import covered_by, line
from engine_running import EXTENDED_JOBS, outcome_of
from ring_drawing import (
    circuits_of,
    is_short,
    leading,
    phased,
    ring_problem,
    ringed,
    square,
    turns_by_angle,
    undemanding,
    web_problem,
    whole_brute_force,
)
from tiers import thinned

from optimiser import verify
from optimiser.engine.methods.variants import VARIANTS, choose
from optimiser.engine.models.extended import build_extended
from optimiser.engine.models.rings import circuits_in, declare_ring, detached_rows, forming
from optimiser.engine.presolve import reduce
from optimiser.engine.presolve.sequence import open_network
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem import Candidate, Capacity, Period, RingLink, RingStop, load
from optimiser.problem import result as results
from optimiser.problem.errors import ProblemError, VerificationError
from optimiser.problem.ring_geometry import ray_crossings
from optimiser.verify import infeasible
from optimiser.verify.infeasible import obstacles, prove_infeasible
from optimiser.verify.rings import circuit_line, circuit_nodes, ring_obstacles, winding_number

TEN_EACH = (Period("early", 10, 1), Period("late", 10, 2))

COUNT = int(os.environ.get("POLYRING_RANDOM", "60"))


def found(problem, variant="cuts", solver=None):
    """Return status and objective after the independent check."""
    outcome = outcome_of(problem, variant, solver)
    verify.check(problem, outcome)
    return outcome.status, outcome.objective


def optimum_of(seed, draw=ring_problem):
    value = whole_brute_force(draw(seed))
    return ("infeasible", 0) if value is None else ("optimal", value)


@pytest.mark.parametrize("variant", ["cuts", "compact"])
@pytest.mark.parametrize("draw", [ring_problem, web_problem])
@pytest.mark.parametrize("seed", thinned(range(COUNT), 8))
def test_the_optimum_is_that_of_trying_every_plan(seed, draw, variant):
    assert found(draw(seed), variant) == optimum_of(seed, draw)


@pytest.mark.parametrize("draw", [ring_problem, web_problem])
@pytest.mark.parametrize(("variant", "solver"), [job for job in EXTENDED_JOBS if job[1] != "highs"])
def test_every_solver_finds_the_optimum(variant, solver, draw, draws):
    for seed in draws(2, 6):
        assert found(draw(seed), variant, solver) == optimum_of(seed, draw), seed


def test_the_problems_drawn_are_of_every_kind():
    drawn = [ring_problem(seed) for seed in range(60)]
    outcomes = [found(problem)[0] for problem in drawn]
    assert min(outcomes.count("optimal"), outcomes.count("infeasible")) > 8
    assert sum(bool(p.rings and p.periods) for p in drawn) >= 5
    assert sum(p.budget is None for p in drawn) > 5


@pytest.mark.long
def test_the_webs_drawn_have_demands_that_matter_and_rings_that_touch():
    drawn = [web_problem(seed) for seed in range(60)]
    rings = [ring for p in drawn for ring in p.rings]
    assert sum(ring.longest is not None for ring in rings) > 20
    assert sum(any(least for _, least in ring.least_by_group) for ring in rings) > 20
    assert sum(any(stop.must for stop in ring.stops) for ring in rings) > 20
    solved = [outcome_of(p) for p in drawn]
    assert sum(touches(p, result.rings) for p, result in zip(drawn, solved, strict=True)) > 5
    free = [found(p.replace(rings=tuple(map(undemanding, p.rings)))) for p in drawn]
    assert sum((one.status, one.objective) != other for one, other in zip(solved, free, strict=True)) > 5


def touches(problem, circuits):
    """Say whether two of the circuits of a plan share a node."""
    rings = {ring.id: ring for ring in problem.rings}
    places = [
        {rings[name].nodes[v] for a in links for v in (rings[name].links[a].tail, rings[name].links[a].head)}
        for name, links in circuits.items()
    ]
    return any(one & other for one, other in itertools.combinations(places, 2))


@pytest.mark.parametrize("draw", [ring_problem, web_problem])
@pytest.mark.parametrize("seed", thinned(range(COUNT), 8))
def test_every_ring_of_a_result_is_one_closed_circuit_that_winds_once_round_each_centre(seed, draw):
    problem = draw(seed)
    for name, links in outcome_of(problem).rings.items():
        ring = next(ring for ring in problem.rings if ring.id == name)
        nodes = circuit_nodes(ring, links)
        assert len(set(nodes)) == len(nodes) == len(links)
        points = circuit_line(ring, links, nodes)
        for centre in ring.centres:
            by_quadrants = winding_number(points, centre)
            by_crossings = ray_crossings([*points, points[0]], centre)
            assert by_quadrants == by_crossings == turns_by_angle(points, centre)
            assert abs(by_quadrants) == 1
        assert is_short(ring, links)


@pytest.mark.parametrize("seed", thinned(range(COUNT), 8))
def test_the_winding_numbers_of_all_circuits_agree_by_crossings_and_by_quadrants(seed):
    """Also those of circuits that do not form a ring, which wind 0 times or more than once."""
    for ring in ring_problem(seed).rings:
        for links in every_circuit(ring):
            line = circuit_line(ring, links, circuit_nodes(ring, links))
            for centre in ring.centres:
                assert winding_number(line, centre) == ray_crossings([*line, line[0]], centre)


def every_circuit(ring):
    """Return circuits of a ring that need not go round its centres but round some point beside a node."""
    far = undemanding(ring)
    return [
        links
        for x, y in ring.nodes
        for links in circuits_of(dataclasses.replace(far, centres=((x + 1, y + 2),)), ring_names(ring))
    ]


def ring_names(ring):
    return {link.candidate for link in ring.links}


@pytest.mark.parametrize("seed", thinned(range(40), 8))
def test_the_network_of_the_open_pairs_covers_them_as_the_problem_does(seed):
    problem, chance = ring_problem(seed).canonical(), random.Random(seed)  # noqa: S311 - chance for drawings
    net, pairs = open_network(problem)
    allowed = [c.id for c in problem.candidates if c.fixed != "out"]
    bare = problem.replace(rings=(), periods=(), candidates=unled(problem))
    for _ in range(6):
        built = {name for name in allowed if chance.random() < 0.5}
        whole = covered_by(bare, built)
        assert covered_by(net, built) == [whole[k] for k in pairs]
    assert covered_by(bare, set()) == [
        yes and k not in pairs for k, yes in enumerate(covered_by(bare, allowed))
    ]


def unled(problem):
    return tuple(dataclasses.replace(c, lead=0) for c in problem.candidates)


# ---- demands on a circuit


def measured(**changes):
    """`square` whose sides are 4 long each, and whose link `across` is 5 long."""
    links = tuple(
        dataclasses.replace(link, length=5 if link.candidate == "across" else 4) for link in square().links
    )
    return square(**{"links": links, **changes})


@pytest.mark.parametrize(("variant", "solver"), EXTENDED_JOBS)
@pytest.mark.parametrize(("longest", "answer"), [(16, ("optimal", 10)), (15, ("infeasible", 0))])
def test_a_ring_is_no_longer_than_it_may_be(variant, solver, longest, answer):
    assert found(ringed(measured(longest=longest)), variant, solver) == answer


def far_stop(**changes):
    """`measured` with a bay that only a circuit of 32 passes, which goes a long way round the north."""
    links = (*measured().links, RingLink(3, 4, length=10), RingLink(4, 2, length=10))
    nodes = (*square().nodes, (2, 9))
    stops = (RingStop("bay", (4,), must=True),)
    return measured(**{"nodes": nodes, "links": links, "stops": stops, "least_stops": 0, **changes})


@pytest.mark.parametrize("variant", ["cuts", "compact"])
def test_a_longest_length_chooses_the_dear_short_circuit(variant):
    """The long way round the north is free, the short one costs 2 and leaves too little for `fast`."""
    long_way = RingLink(3, 2, None, ((2, 9),), length=20)
    ring = measured(links=(*measured().links, long_way))
    assert found(ringed(ring, budget=8), variant) == ("optimal", 10)
    assert found(ringed(dataclasses.replace(ring, longest=31), budget=8), variant) == ("optimal", 1)


@pytest.mark.parametrize("variant", ["cuts", "compact"])
@pytest.mark.parametrize(
    ("stops", "least_by_group", "answer"),
    [
        ((RingStop("bay", (4,), must=True),), (), ("infeasible", 0)),
        ((RingStop("bay", (4, 0), must=True),), (), ("optimal", 10)),
        ((RingStop("bay", (4,), "big"), RingStop("port", (1,), "big")), (("big", 1),), ("optimal", 10)),
        ((RingStop("bay", (4,), "big"), RingStop("port", (1,), "big")), (("big", 2),), ("infeasible", 0)),
        ((RingStop("bay", (4,)), RingStop("port", (1,), "big")), (("big", 1),), ("optimal", 10)),
    ],
)
def test_a_ring_passes_the_stops_that_it_must_and_enough_of_each_group(
    variant, stops, least_by_group, answer
):
    """The bay lies at the end of a spur, which no circuit passes."""
    ring = square(
        nodes=(*square().nodes, (8, 8)),
        links=(*square().links, RingLink(2, 4)),
        stops=stops,
        least_stops=0,
        least_by_group=least_by_group,
    )
    assert found(ringed(ring), variant) == answer


def test_a_stop_that_must_be_passed_counts_for_its_group_and_for_all():
    stops = (RingStop("town", (3,), "big", must=True), RingStop("port", (1,), "small"))
    ring = square(stops=stops, least_stops=2, least_by_group=(("big", 1), ("small", 1)))
    assert found(ringed(ring)) == ("optimal", 10)


def test_lengths_beyond_the_numbers_of_a_solver_are_still_exact():
    """A metre more than allowed among 2^62 of them, which no floating-point row sees."""
    links = tuple(dataclasses.replace(link, length=2**60 + a) for a, link in enumerate(square().links[:4]))
    most = sum(link.length for link in links)
    for variant in ("cuts", "compact"):
        assert found(ringed(square(links=links, longest=most)), variant) == ("optimal", 10)
        assert found(ringed(square(links=links, longest=most - 1)), variant) == ("infeasible", 0)


# ---- rings that touch


def two_rooms(**changes):
    """Two squares beside each other, each round its own centre; `wall` between them is a side of both."""
    nodes = ((0, 0), (4, 0), (8, 0), (8, 4), (4, 4), (0, 4))
    wall = RingLink(1, 4, "north", length=4)
    west = (RingLink(0, 1, length=4), wall, RingLink(4, 5, length=4), RingLink(5, 0, length=4))
    east = (RingLink(1, 2, length=4), RingLink(2, 3, length=4), RingLink(3, 4, length=4), wall)
    blank = square(nodes=nodes, stops=(), least_stops=0)
    first = dataclasses.replace(blank, id="west", centres=((2, 2),), links=west)
    second = dataclasses.replace(blank, id="east", centres=((6, 2),), links=east)
    return dataclasses.replace(first, **changes), second


@pytest.mark.parametrize(("variant", "solver"), EXTENDED_JOBS)
def test_rings_that_touch_share_a_stretch_and_pay_for_it_once(variant, solver):
    problem = ringed(*two_rooms(), budget=2)
    assert found(problem, variant, solver) == ("optimal", 1)
    outcome = outcome_of(problem, variant, solver)
    assert outcome.built == ("north",)
    assert outcome.cost == 2
    assert sorted(outcome.rings) == ["east", "west"]
    assert found(ringed(*two_rooms(), budget=1), variant, solver) == ("infeasible", 0)


@pytest.mark.parametrize("variant", ["cuts", "compact"])
def test_rings_that_touch_keep_to_lengths_of_their_own(variant):
    assert found(ringed(*two_rooms(longest=16), budget=2), variant) == ("optimal", 1)
    assert found(ringed(*two_rooms(longest=15), budget=2), variant) == ("infeasible", 0)


@pytest.mark.parametrize("variant", ["cuts", "compact"])
def test_rings_that_are_apart_cannot_share_a_stretch(variant):
    assert found(ringed(*two_rooms(apart=("east",)), budget=9), variant) == ("infeasible", 0)


# ---- circuits that enclose nothing


def two_squares():
    """`square` round (2, 2), and a square with the only stop far from it that nothing joins to it."""
    near = square()
    far = ((10, 0), (14, 0), (14, 4), (10, 4))
    links = [RingLink(a + 4, (a + 1) % 4 + 4) for a in range(4)]
    stops = (RingStop("far", (4,)),)
    return square(nodes=(*near.nodes, *far), links=(*near.links, *links), stops=stops, least_stops=1)


@pytest.mark.parametrize("variant", ["cuts", "compact"])
def test_a_stop_on_a_detached_circuit_does_not_count(variant):
    assert found(ringed(two_squares()), variant) == ("infeasible", 0)
    reward = square(required=False, reward=5)
    assert found(ringed(reward), variant) == ("optimal", 15)


def test_rows_against_detached_circuits_cut_off_the_point_and_no_ring():
    ring, lp = two_squares(), pulp.LpProblem()
    decisions = declare_ring(lp, ring, 1, range(len(ring.links)))
    sides = (decisions.forward, decisions.backward)
    values = {v.name: 0.0 for side in sides for v in side.values()}
    for a in (0, 1, 2, 3, 5, 6, 7, 8):
        side = decisions.backward if a == 2 else decisions.forward
        values[side[a].name] = 1.0
    circuits = circuits_in(decisions, values)
    assert circuits == [(0, 1, 2, 3), (5, 6, 7, 8)]  # in the order of their first nodes, from these
    assert forming(decisions, circuits) is None
    rows = [row for _, row in detached_rows(decisions, circuits)]
    assert rows
    assert all(activity(row, values) < 0 for row in rows)
    far = {side[a].name for a in (5, 6, 7, 8) for side in sides}
    alone = {name: value * (name not in far) for name, value in values.items()}
    assert all(activity(row, alone) >= 0 for row in rows)


def demanding_far(*, must=False, least_by_group=()):
    """`two_squares` with demands that only the square without a centre meets."""
    stops = (RingStop("far", (4,), "big", must=must),)
    return dataclasses.replace(two_squares(), stops=stops, least_stops=0, least_by_group=least_by_group)


@pytest.mark.parametrize(
    ("most", "answer"), [(3, ("optimal", 10)), (2, ("optimal", 1)), (1, ("infeasible", 0))]
)
@pytest.mark.parametrize("variant", ["cuts", "compact"])
def test_a_ring_and_a_link_share_a_capacity(variant, most, answer):
    trains = Capacity("trains", (("fast", 1), ("north", 1), ("west", 1)), most)
    assert found(ringed(capacities=(trains,)), variant) == answer


@pytest.mark.parametrize("variant", ["cuts", "compact"])
def test_what_opens_in_another_period_uses_a_capacity_as_well(variant):
    """`north` has to be built and opens too late to count; `fast` would cover its pair in both periods."""
    trains = Capacity("trains", (("fast", 2), ("north", 1)), 2)
    candidates = tuple(
        dataclasses.replace(c, fixed="in" if c.id == "north" else None) for c in phased().candidates
    )
    problem = leading(phased(candidates=candidates, budget=20, periods=TEN_EACH), north=2)
    assert found(problem, variant) == ("optimal", 30)
    assert found(problem.replace(capacities=(trains,)), variant) == ("optimal", 3)


def activity(row, values):
    """Return by how much a row `left >= 0` or `left <= 0` is kept; negative when it is broken."""
    kept = sum(factor * values[variable.name] for variable, factor in row.items()) + row.constant
    return kept if row.sense == 1 else -kept


@pytest.mark.parametrize("variant", ["cuts", "compact"])
def test_two_rings_round_one_centre_each_are_no_ring_round_both(variant):
    nodes = tuple((x, y) for x0 in (0, 10) for x, y in ((x0, 0), (x0 + 4, 0), (x0 + 4, 4), (x0, 4)))
    sides = [RingLink(4 * i + a, 4 * i + (a + 1) % 4) for i in (0, 1) for a in range(4)]
    apart = square(nodes=nodes, links=tuple(sides), centres=((2, 2), (12, 2)), stops=(), least_stops=0)
    assert found(ringed(apart), variant) == ("infeasible", 0)
    joined = (*sides, RingLink(1, 4, "north"), RingLink(2, 7, "west"))
    ring = square(nodes=nodes, links=joined, centres=((2, 2), (12, 2)), stops=(), least_stops=0)
    assert found(ringed(ring), variant) == ("optimal", 10)
    assert len(outcome_of(ringed(ring)).rings["square"]) == 8


# ---- through `solve`


PARAMS = SolveParameters(time_limit_s=30, threads=1)


@pytest.mark.usefixtures("here")
def test_solve_forms_the_ring_of_the_square_and_joins_the_places():
    answer = solve(ringed(), params=PARAMS)
    assert (answer.variant, answer.status, answer.objective) == ("cuts", "optimal", 10)
    assert sorted(answer.rings["square"]) == [0, 1, 2, 3]
    plan = verify.check(ringed(), answer)
    assert plan.rings == answer.rings


@pytest.mark.usefixtures("here")
def test_solve_says_which_constraints_keep_a_ring_from_being_formed():
    answer = solve(ringed(budget=4), params=PARAMS)
    assert (answer.status, answer.termination) == ("infeasible", "infeasible")
    assert "the ring 'square' must be formed" in answer.message
    assert "the budget of 4" in answer.message


@pytest.mark.usefixtures("here")
def test_solve_names_the_demands_of_a_ring_that_conflict(tmp_path):
    long_way = RingLink(3, 2, None, ((2, 9),), length=20)
    ring = measured(links=(*measured().links, long_way), longest=31, least_stops=0, stops=())
    answer = solve(ringed(ring, budget=4), params=PARAMS)
    assert answer.status == "infeasible"
    said = {(reason.text, reason.ring) for reason in answer.reasons[1:]}
    assert said == {
        ("the ring 'square' must be formed", "square"),
        ("the ring 'square' may be 31 m long", "square"),
        ("the budget of 4", ""),
    }
    results.save(answer, tmp_path / "result.json")
    assert results.load(tmp_path / "result.json").reasons == answer.reasons


@pytest.mark.usefixtures("here")
def test_solve_starts_candidates_in_their_periods():
    periods = (Period("early", 3, 1), Period("late", 6, 2))
    answer = solve(ringed(periods=periods).replace(rings=()), params=PARAMS)
    assert (answer.status, answer.objective, answer.starts["fast"]) == ("optimal", 21, 1)


def fixed_out(problem, *names):
    candidates = (dataclasses.replace(c, fixed="out" if c.id in names else None) for c in problem.candidates)
    return problem.replace(candidates=tuple(candidates))


@pytest.mark.parametrize(
    ("problem", "answer"),
    [
        (ringed(square(least_stops=3)), "needs 3 stops, of which there are 2"),
        (fixed_out(ringed(square(links=square().links[:4])), "west"), "bearings 225 and 315 degrees"),
        (fixed_out(ringed(square(links=square().links[:4])), "west"), "'west' is fixed out"),
        (ringed(square(centres=((9, 9),))), "no circuit of usable links encloses"),
        (ringed(square(links=())), "no link may be used"),
        (ringed(two_squares()), "needs 1 stops; the links round its centres touch 0"),
        (
            ringed(square(stops=(RingStop("a", (3,), "big"),), least_stops=0, least_by_group=(("big", 2),))),
            "needs 2 stops of group 'big', of which there are 1",
        ),
        (
            ringed(demanding_far(least_by_group=(("big", 1),))),
            "needs 1 stops of group 'big'; the links round its centres touch 0",
        ),
        (
            ringed(demanding_far(must=True)),
            "must pass 'far', which the links round its centres do not touch",
        ),
        (
            ringed(square(stops=(RingStop("far", (), must=True),), least_stops=0)),
            "must pass 'far', which has no node",
        ),
        (
            ringed(measured(longest=15)),
            "may be 15 m long; every circuit round its centres has 16 m or more",
        ),
        (
            ringed(far_stop(longest=31)),
            "may be 31 m long; every circuit round its centres that passes 'bay' has 32 m or more",
        ),
    ],
)
def test_a_ring_that_cannot_exist_is_refused_with_the_reason(problem, answer):
    found = [str(reason) for reason in obstacles(problem)]
    assert any(answer in text for text in found), found
    assert verify.check(problem, outcome_of(problem)).infeasible_by == "argument"


@pytest.mark.parametrize("seed", thinned(range(60), 10))
def test_the_check_proves_anew_that_there_is_no_plan_or_refutes_it(seed):
    problem = ring_problem(seed)
    verdict = prove_infeasible(problem)
    assert verdict.by in ("", "argument", "enumeration")
    assert (verdict.plan is None) == (optimum_of(seed)[0] == "infeasible")


def test_the_check_refutes_the_claim_that_a_ring_cannot_be_formed():
    claim = outcome_of(ringed(budget=4))
    assert verify.check(ringed(budget=4), claim).infeasible_by == "enumeration"
    with pytest.raises(VerificationError, match="yet building north, west meets every constraint"):
        verify.check(ringed(budget=5), claim)


def test_a_problem_with_too_many_circuits_is_left_to_the_word_of_the_solver(monkeypatch):
    monkeypatch.setattr(infeasible, "MOST_STEPS", 10)
    assert prove_infeasible(ringed(budget=4)).by == "solver"


@pytest.mark.parametrize("draw", [ring_problem, web_problem])
@pytest.mark.parametrize("seed", thinned(range(60), 10))
def test_no_obstacle_is_seen_where_a_ring_can_be_formed(seed, draw):
    problem = draw(seed)
    names = {c.id for c in problem.candidates}
    for ring in problem.rings:
        alone = dataclasses.replace(ring, required=True, apart=())
        found = list(ring_obstacles(problem.replace(rings=(alone,)), {}))
        assert not (found and circuits_of(ring, names)), found


@pytest.mark.parametrize("name", [v.name for v in VARIANTS.values() if v.name != "auto" and not v.extended])
def test_a_variant_that_knows_no_rings_refuses_them_and_names_one_that_does(name):
    with pytest.raises(ProblemError, match="does not solve problems with rings or periods") as caught:
        solve(ringed(), variant=name)
    assert "Choose from: cuts, compact" in str(caught.value)


def test_auto_picks_what_solves_rings():
    assert choose("auto", has_budget=True, is_extended=True) == ("cuts", "highs")
    assert choose("auto", has_budget=True, is_extended=True, solver="scip") == ("compact", "scip")
    assert choose("auto", has_budget=True) == ("cuts", "auto")


def test_a_solver_that_a_variant_runs_without_rings_only_is_refused():
    with pytest.raises(
        ProblemError, match="does not run with solver 'scip' on problems with rings or periods"
    ):
        choose("cuts", has_budget=True, is_extended=True, solver="scip")


def test_the_order_of_a_file_does_not_change_the_plan():
    problem = ringed()
    turned = problem.replace(candidates=problem.candidates[::-1])
    mine, other = outcome_of(problem), outcome_of(turned)
    assert (mine.built, mine.rings) == (other.built, other.rings)


@pytest.mark.parametrize("seed", [3, 4, 7])
def test_the_same_problem_gives_the_same_plan_each_time(seed):
    assert outcome_of(ring_problem(seed)) == outcome_of(ring_problem(seed))


def test_a_problem_without_pairs_or_candidates_that_may_be_built_still_has_its_ring():
    free = square(links=(RingLink(0, 1), RingLink(1, 2), RingLink(2, 3), RingLink(3, 0)))
    assert found(ringed(free, candidates=(), pairs=())) == ("optimal", 0)
    barred = tuple(Candidate(name, 1, (), fixed="out") for name in ("across", "fast", "north", "west"))
    assert found(ringed(candidates=barred)) == ("infeasible", 0)


def test_a_problem_with_rings_or_periods_is_not_reduced():
    with pytest.raises(ProblemError, match="cannot be reduced"):
        reduce(ringed())


def test_a_plain_problem_is_left_to_the_other_variants():
    assert line().is_plain
    assert not ringed().is_plain


def test_a_ring_that_nobody_asks_for_is_not_sought():
    assert build_extended(ringed(square(required=False))).rings == ()
    assert circuits_of(square(), {"north", "west"}) != []


@pytest.mark.shared
@pytest.mark.parametrize(
    ("folder", "optima", "least"), [("toy", "optima_side.json", 25), ("rings", "optima.json", 16)]
)
@pytest.mark.parametrize(("variant", "solver"), thinned(EXTENDED_JOBS, 1))
def test_the_reference_optima_with_rings_and_periods_are_found_and_the_checker_agrees(
    variant, solver, folder, optima, least, shared_dir, independent_check
):
    instances = shared_dir / "instances" / folder
    known = {item["problem"]: item for item in json.loads((instances / optima).read_text(encoding="utf-8"))}
    problems = [load(instances / f"{name}.json") for name in known]
    extended = [problem for problem in problems if not problem.is_plain]
    assert len(extended) >= least
    for problem in extended:
        item = known[problem.name]
        outcome = outcome_of(problem, variant, solver)
        assert (outcome.status, outcome.objective) == (item["status"], item.get("objective", 0)), problem.name
        verify.check(problem, outcome)
        independent_check(instances / f"{problem.name}.json", outcome)


def test_problems_with_and_without_rings_are_solved_one_after_another_in_one_process():
    # The scheduler of HiGHS is global: it kept the two threads of the first, and refused the one of the next.
    for _ in range(2):
        assert outcome_of(ringed(square()), threads=2).status == "optimal"
        assert outcome_of(line(), solver="highs").status == "optimal"
