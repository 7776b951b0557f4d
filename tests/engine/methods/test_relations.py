"""What must hold between the answers to two problems: more money, looser limits, other units, names, pieces.

Nothing here knows an optimum: every exact way is held against itself, on random problems with all side
constraints (Chen, Cheung and Yiu, "Metamorphic testing", 1998). `POLYRING_RANDOM=1000` draws more of them.
"""

from __future__ import annotations

import dataclasses
import functools

import pytest
from core_drawing import dense_problem, plan_value, side_problems
from engine_running import COUNT, JOBS, outcome_of
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st
from tiers import examples, thinned

from optimiser.engine.presolve import reduce
from optimiser.problem import Candidate

WAYS = [
    way
    for way in (
        ("cuts", "highs"),
        ("cuts", "scip"),
        ("compact", "highs"),
        ("benders", "scip"),
        ("paths", "highs"),
    )
    if way in JOBS
]

drawn = examples(max(3, COUNT // 6), suppress_health_check=[HealthCheck.too_slow])
in_every_way = pytest.mark.parametrize(("variant", "solver"), thinned(WAYS, 3))


@functools.cache
def open_seeds():
    """Return the dense problems that leave the solvers something after the reduction."""
    return [seed for seed in range(max(60, COUNT)) if reduce(dense_problem(seed)).problem.candidates]


dense = st.deferred(lambda: st.sampled_from(open_seeds())).map(dense_problem)
small = dense | dense | side_problems()
"""The last ones have odd arcs, pairs and zeros, and are often settled by the reduction."""


def answers(variant, solver, *problems):
    return [outcome_of(problem, variant, solver) for problem in problems]


def alike(before, after, *, times=1):
    """Hold that both have no plan, or that the second optimum is so many times the first."""
    assert before.status == after.status
    assert before.status in ("optimal", "infeasible")
    if before.status == "optimal":
        assert after.objective == times * before.objective


@in_every_way
@given(problem=small, more=st.integers(1, 6), of_caps=st.booleans())
@drawn
def test_more_money_never_covers_less(variant, solver, problem, more, of_caps):
    """A plan that could be paid for still can."""
    assume(problem.caps if of_caps else problem.budget is not None)
    richer = problem.replace(
        budget=problem.budget if of_caps else problem.budget + more,
        caps=tuple((name, most + more * of_caps) for name, most in problem.caps),
    )
    poor, rich = answers(variant, solver, problem, richer)
    if poor.status == "infeasible":
        return
    assert rich.status == "optimal"
    gain = rich.objective - poor.objective
    assert gain <= 0 if problem.budget is None else gain >= 0


@in_every_way
@given(problem=small, data=st.data())
@drawn
def test_a_looser_limit_never_covers_less(variant, solver, problem, data):
    """A plan covers all that it did; but where all must be covered more may be asked of it."""
    assume(problem.pairs)
    assume(not problem.must_cover)
    more = data.draw(st.lists(st.integers(0, 4), min_size=len(problem.pairs), max_size=len(problem.pairs)))
    pairs = tuple(dataclasses.replace(p, limit=p.limit + m) for p, m in zip(problem.pairs, more, strict=True))
    tight, loose = answers(variant, solver, problem, problem.replace(pairs=pairs))
    if tight.status == "infeasible":
        return
    assert loose.status == "optimal"
    gain = loose.objective - tight.objective
    assert gain <= 0 if problem.budget is None else gain >= 0


def scaled(problem, seconds, money, weight):
    """Return a problem in other units of time, of money and of weight."""

    def slower(arcs):
        return tuple((tail, head, seconds * s) for tail, head, s in arcs)

    return problem.replace(
        arcs=slower(problem.arcs),
        candidates=tuple(
            dataclasses.replace(c, cost=money * c.cost, arcs=slower(c.arcs)) for c in problem.candidates
        ),
        pairs=tuple(
            dataclasses.replace(p, limit=seconds * p.limit, weight=weight * p.weight) for p in problem.pairs
        ),
        budget=None if problem.budget is None else money * problem.budget,
        caps=tuple((name, money * most) for name, most in problem.caps),
        capacities=tuple(
            dataclasses.replace(c, use=tuple((name, money * u) for name, u in c.use), most=money * c.most)
            for c in problem.capacities
        ),
        targets=tuple(dataclasses.replace(t, least=weight * t.least) for t in problem.targets),
        cities=tuple(dataclasses.replace(c, weight=weight * c.weight) for c in problem.cities),
    )


units = st.sampled_from([1, 2, 60, 997, 10**4])


@in_every_way
@given(problem=small, seconds=units, money=units, weight=units)
@drawn
def test_in_other_units_the_optimum_is_the_same(variant, solver, problem, seconds, money, weight):
    """Every plan keeps all sums that it kept, each on both sides times its unit."""
    other = scaled(problem, seconds, money, weight)
    before, after = answers(variant, solver, problem, other)
    alike(before, after, times=money if problem.budget is None else weight)


def relabelled(draw, problem):
    """Return a problem with other names and orders of everything, and the new name of each candidate."""
    new = draw(st.permutations(range(len(problem.nodes))))
    names = dict(
        zip(
            (c.id for c in problem.candidates),
            draw(st.permutations([c.id for c in problem.candidates])),
            strict=True,
        )
    )
    order = draw(st.permutations(range(len(problem.pairs))))
    place = {old: position for position, old in enumerate(order)}
    groups = {"": "", "small": "large", "core": "small"}

    def moved(arcs):
        return tuple(draw(st.permutations([(new[tail], new[head], seconds) for tail, head, seconds in arcs])))

    def again(items):
        return tuple(draw(st.permutations(items)))

    pairs = [
        dataclasses.replace(p, origin=new[p.origin], destination=new[p.destination], group=groups[p.group])
        for p in problem.pairs
    ]
    other = problem.replace(
        arcs=moved(problem.arcs),
        candidates=again(
            [dataclasses.replace(c, id=names[c.id], arcs=moved(c.arcs)) for c in problem.candidates]
        ),
        pairs=tuple(pairs[k] for k in order),
        caps=again(problem.caps),
        capacities=again(
            [
                dataclasses.replace(c, use=again([(names[name], units) for name, units in c.use]))
                for c in problem.capacities
            ]
        ),
        targets=again([dataclasses.replace(t, group=groups[t.group]) for t in problem.targets]),
        excludes=again([(names[b], names[a]) for a, b in problem.excludes]),
        requires=again([(names[a], names[b]) for a, b in problem.requires]),
        cities=again(
            [
                dataclasses.replace(
                    c, id=f"of {c.id}", group=groups[c.group], pairs=again([place[k] for k in c.pairs])
                )
                for c in problem.cities
            ]
        ),
    )
    return other, names


@in_every_way
@given(problem=small, data=st.data())
@drawn
def test_names_and_orders_do_not_matter(variant, solver, problem, data):
    """A plan is worth what the same links are worth by their other names."""
    other, names = relabelled(data.draw, problem)
    before, after = answers(variant, solver, problem, other)
    alike(before, after)
    if before.status == "optimal":
        renamed = {names[name] for name in before.built}
        assert plan_value(other, renamed) == (before.objective, before.cost)


def with_split_arcs(draw, problem):
    """Return a problem in which some arcs lead over a new place each, in as many seconds as before."""
    nodes = list(problem.nodes)

    def split(arcs):
        for tail, head, seconds in arcs:
            if seconds == 1 or draw(st.booleans()):
                yield tail, head, seconds
                continue
            first = draw(st.integers(1, seconds - 1))
            nodes.append(f"on the way {len(nodes)}")
            yield tail, len(nodes) - 1, first
            yield len(nodes) - 1, head, seconds - first

    arcs = tuple(split(problem.arcs))
    candidates = tuple(dataclasses.replace(c, arcs=tuple(split(c.arcs))) for c in problem.candidates)
    return problem.replace(nodes=tuple(nodes), arcs=arcs, candidates=candidates)


@in_every_way
@given(problem=small, data=st.data())
@drawn
def test_an_arc_in_two_pieces_is_an_arc(variant, solver, problem, data):
    """Nobody begins or ends at the new places, and each lies on one way."""
    alike(*answers(variant, solver, problem, with_split_arcs(data.draw, problem)))


def with_split_candidates(draw, problem):
    """Return a problem in which some candidates are two that require each other, arcs and money parted."""
    candidates, requires = [], list(problem.requires)
    for c in problem.candidates:
        if draw(st.booleans()):
            candidates.append(c)
            continue
        mine = [draw(st.booleans()) for _ in c.arcs]
        cost = draw(st.integers(0, c.cost))
        fixed = draw(st.sampled_from(["in", None])) if c.fixed == "in" else c.fixed
        half = f"{draw(st.sampled_from(['a', 'z']))} half of {c.id}"
        first = tuple(arc for arc, yes in zip(c.arcs, mine, strict=True) if yes)
        second = tuple(arc for arc, yes in zip(c.arcs, mine, strict=True) if not yes)
        candidates.append(dataclasses.replace(c, cost=cost, arcs=first))
        candidates.append(Candidate(half, c.cost - cost, second, c.kind, c.instrument, fixed))
        requires += [(c.id, half), (half, c.id)]
    return problem.replace(candidates=tuple(candidates), requires=tuple(requires))


@in_every_way
@given(problem=small, data=st.data())
@drawn
def test_a_candidate_in_two_that_require_each_other_is_a_candidate(variant, solver, problem, data):
    """Both are built or neither; together they cost and open what the one did.

    What is out is out in both halves: what must be covered is what all that is not out could cover.
    """
    other = with_split_candidates(data.draw, problem)
    before, after = answers(variant, solver, problem, other)
    alike(before, after)
    if after.status == "optimal":
        whole = {name for name in after.built if name in problem.index}
        assert plan_value(problem, whole) == (after.objective, after.cost)


def with_split_pairs(draw, problem):
    """Return a problem in which the weight of some pairs lies on two; a city counts either of the two."""
    pairs, places = [], []
    for p in problem.pairs:
        parts = [p]
        if draw(st.booleans()):
            weight = draw(st.integers(0, p.weight))
            parts = [dataclasses.replace(p, weight=part) for part in (weight, p.weight - weight)]
        places.append(range(len(pairs), len(pairs) + len(parts)))
        pairs += parts
    cities = tuple(
        dataclasses.replace(c, pairs=tuple(draw(st.sampled_from(places[k])) for k in c.pairs))
        for c in problem.cities
    )
    return problem.replace(pairs=tuple(pairs), cities=cities)


@in_every_way
@given(problem=small, data=st.data())
@drawn
def test_a_pair_in_two_with_its_weight_parted_is_a_pair(variant, solver, problem, data):
    """Pairs with the same ends and limit are covered by the same plans."""
    alike(*answers(variant, solver, problem, with_split_pairs(data.draw, problem)))


@in_every_way
@given(problem=small, data=st.data())
@drawn
def test_all_at_once_in_pieces_renamed_and_in_other_units_it_is_the_same_problem(
    variant, solver, problem, data
):
    money, weight = data.draw(units), data.draw(units)
    other = with_split_candidates(data.draw, with_split_pairs(data.draw, problem))
    other, _ = relabelled(data.draw, with_split_arcs(data.draw, other))
    before, after = answers(variant, solver, problem, scaled(other, data.draw(units), money, weight))
    alike(before, after, times=money if problem.budget is None else weight)
