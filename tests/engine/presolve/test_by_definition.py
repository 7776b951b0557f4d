"""Each rule does all that its definition allows and no more: what is left, worked out from the definition.

The tests of optima notice a rule that goes too far. These notice one that does too little as well.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
from functools import cache

import pytest
from core_drawing import both_ways, covered_by, dense_problem, line
from cut_drawing import seconds_between
from reduction_drawing import families_by_trial, relaxed, with_sets

from optimiser.engine.presolve.fixings import build_free, drop_slack_limits, propagate_fixings
from optimiser.engine.presolve.pairs import (
    Effort,
    build_essential,
    close_unaffordable_pairs,
    drop_replaced,
    drop_unneeded,
    first_stage,
    is_symmetric,
    merge_equivalent_pairs,
    merge_same_ends,
    merged,
    minimal_sets,
    settle_pairs,
)
from optimiser.engine.presolve.sequence import contract, drop_irrelevant_arcs
from optimiser.engine.presolve.stage import requirements
from optimiser.problem import Candidate, Capacity, City, DesignProblem, Pair, Target

SEEDS = range(120)


@cache
def network(seed):
    """Draw arcs that go one way, beside each other or back to their own node, and a few pairs."""
    chance = random.Random(f"network {seed}")  # noqa: S311 - chance for drawings, no secret

    def arcs(least, most):
        return tuple(
            (chance.randrange(6), chance.randrange(6), chance.randint(1, 5))
            for _ in range(chance.randint(least, most))
        )

    pairs = (Pair(*chance.sample(range(4), 2), chance.randint(3, 9), 1) for _ in range(2))
    return DesignProblem(
        name=f"network {seed}",
        nodes=tuple("abcdef"),
        arcs=arcs(4, 14),
        candidates=tuple(Candidate(f"c{j}", chance.randint(0, 4), arcs(0, 5)) for j in range(3)),
        pairs=tuple(pairs),
        budget=None if seed % 3 == 0 else chance.randint(3, 9),
    ).canonical()


@cache
def start(seed):
    """Return the first stage of a dense problem."""
    return first_stage(dense_problem(seed))


def named_arcs(problem):
    """Return owner (empty: existing), ends by name and seconds of every arc, in order."""
    owned = [("", arc) for arc in problem.arcs]
    owned += [(c.id, arc) for c in problem.candidates for arc in c.arcs]
    return sorted((owner, problem.nodes[t], problem.nodes[h], s) for owner, (t, h, s) in owned)


def ids(problem):
    return [c.id for c in problem.candidates]


# ---- arcs


def test_exactly_the_arcs_go_that_are_on_no_walk_within_a_limit():
    for seed in SEEDS:
        problem = first_stage(network(seed)).problem
        every = {c.id for c in problem.candidates}
        back = problem.replace(
            arcs=tuple((h, t, s) for t, h, s in problem.arcs),
            candidates=tuple(
                dataclasses.replace(c, arcs=tuple((h, t, s) for t, h, s in c.arcs))
                for c in problem.candidates
            ),
        )

        def is_relevant(arc, problem=problem, back=back, every=every):
            return any(
                seconds_between(problem, pair.origin, every).get(arc[0], math.inf)
                + arc[2]
                + seconds_between(back, pair.destination, every).get(arc[1], math.inf)
                <= pair.limit
                for pair in problem.pairs
            )

        left = problem.replace(
            arcs=tuple(filter(is_relevant, problem.arcs)),
            candidates=tuple(
                dataclasses.replace(c, arcs=tuple(filter(is_relevant, c.arcs))) for c in problem.candidates
            ),
        )
        after = drop_irrelevant_arcs(first_stage(problem)).problem
        assert named_arcs(after) == named_arcs(left)
        assert ids(after) == [c.id for c in left.candidates if c.arcs]
        used = {node for _, tail, head, _ in named_arcs(left) for node in (tail, head)}
        used |= {problem.nodes[node] for pair in problem.pairs for node in (pair.origin, pair.destination)}
        assert list(after.nodes) == sorted(used)


def shortcuts_at(problem, node):
    """Return owner, ends and seconds of the arcs that would stand for a node; None where candidates meet."""
    arcs = [("", arc) for arc in problem.arcs] + [(c.id, arc) for c in problem.candidates for arc in c.arcs]
    if len({owner for owner, (t, h, _) in arcs if node in {t, h}} - {""}) > 1:
        return None
    longest = max(pair.limit for pair in problem.pairs)
    found = {}
    for (one, (u, v, first)), (two, (w, x, second)) in itertools.product(arcs, arcs):
        if v == w == node and u != x and node not in {u, x} and first + second <= longest:
            key, seconds = (one or two, u, x), first + second
            beside = (s for owner, (t, h, s) in arcs if (t, h) == (u, x) and owner in {"", key[0]})
            if min(beside, default=math.inf) > seconds:
                found[key] = min(seconds, found.get(key, seconds))
    return found


def test_no_node_is_left_whose_contraction_adds_no_arc():
    for seed in SEEDS:
        problem = network(seed)
        after = contract(first_stage(problem)).problem
        ends = {node for pair in after.pairs for node in (pair.origin, pair.destination)}
        for node in set(range(len(after.nodes))) - ends:
            arcs = [arc for arc in after.arcs if node in arc[:2]]
            arcs += [arc for c in after.candidates for arc in c.arcs if node in arc[:2]]
            shortcuts = shortcuts_at(after, node)
            assert shortcuts is None or len(shortcuts) > len(arcs)


def star(arms, *, limit=99, candidates=(), more=(), seconds=1):
    """Return pairs between the ends of a star of as many arms, whose middle is no end of any pair."""
    return DesignProblem(
        name="star",
        nodes=tuple(f"n{i}" for i in range(arms + 1)),
        arcs=(*both_ways(*((i, arms, seconds) for i in range(arms))), *more),
        candidates=tuple(candidates),
        pairs=tuple(Pair(i, j, limit, 1) for i in range(arms) for j in range(arms) if i != j),
        budget=9,
    )


def contracted(problem):
    after = contract(first_stage(problem)).problem
    return len(after.nodes), named_arcs(after)


def test_the_middle_of_a_star_of_three_arms_goes_and_that_of_four_stays():
    nodes, arcs = contracted(star(3))
    assert nodes == 3
    assert arcs == sorted(("", f"n{i}", f"n{j}", 2) for i in range(3) for j in range(3) if i != j)
    nodes, arcs = contracted(star(4))
    assert (nodes, len(arcs)) == (5, 8)


@pytest.mark.parametrize(("limit", "left"), [(2, 12), (1, 0)])
def test_arcs_longer_than_every_limit_are_not_made(limit, left):
    more = both_ways((0, 1, 1), (1, 2, 1), (2, 3, 1), (0, 3, 1), (0, 2, 1)) if limit == 2 else ()
    nodes, arcs = contracted(star(4, limit=limit, more=more))
    assert nodes == 4
    assert len(arcs) == left


@pytest.mark.parametrize(("beside", "seconds"), [(1, 1), (2, 2), (3, 2)])
def test_an_arc_that_an_existing_one_replaces_is_not_made(beside, seconds):
    _, arcs = contracted(star(3, more=((0, 1, beside),)))
    assert [arc for arc in arcs if arc[1:3] == ("n0", "n1")] == [("", "n0", "n1", seconds)]


@pytest.mark.parametrize(("today", "own"), [(6, 5), (5, None), (4, None)])
def test_arcs_over_that_of_a_candidate_are_its_own_unless_an_existing_one_is_as_fast(today, own):
    """The middle is reached from n0 by the candidate alone, in 3 s, and from n1 in 2 s."""
    ends = Candidate("ends", 1, ((0, 2, 3),))
    problem = star(2, candidates=(ends,)).replace(arcs=((2, 1, 2), (0, 1, today)))
    nodes, arcs = contracted(problem)
    assert nodes == 2
    assert arcs == [("", "n0", "n1", today), *([("ends", "n0", "n1", own)] if own else [])]


# ---- candidates and rows on them


def needs_of(problem):
    """Return for each candidate all that it requires, and itself."""
    found = {c.id: {c.id} for c in problem.candidates}
    for _ in problem.candidates:
        for one, other in problem.requires:
            for needs in found.values():
                needs.update({other} if one in needs else ())
    return found


def is_allowed(problem, names):
    """Say whether candidates keep the budget, caps, capacities and excludes."""
    chosen = [c for c in problem.candidates if c.id in names]
    return (
        (problem.budget is None or sum(c.cost for c in chosen) <= problem.budget)
        and all(sum(c.cost for c in chosen if c.instrument == i) <= most for i, most in problem.caps)
        and all(sum(u for name, u in c.use if name in names) <= c.most for c in problem.capacities)
        and not any({*two} <= names for two in problem.excludes)
    )


def test_requirements_are_followed_to_the_end():
    chain = tuple(Candidate(name, 1, ()) for name in "abcdef")
    problem = line(candidates=chain, requires=(("a", "b"), ("b", "c"), ("c", "d"), ("a", "e"), ("d", "b")))
    found = {name: "".join(sorted(needs)) for name, needs in requirements(problem).items()}
    assert found == {"a": "abcde", "b": "bcd", "c": "bcd", "d": "bcd", "e": "e", "f": "f"}


def test_fixings_spread_until_none_is_new():
    conflicts = forced = dropped = 0
    for seed in range(240):
        stage = start(seed)
        if stage.reason:
            continue
        problem, needs = stage.problem, needs_of(stage.problem)
        must = set().union(*(needs[c.id] for c in problem.candidates if c.fixed == "in"))
        never = {c.id for c in problem.candidates if c.fixed == "out"}
        for _ in problem.candidates:
            never |= {
                c.id
                for c in problem.candidates
                if needs[c.id] & never or not is_allowed(problem, needs[c.id] | must)
            }
        after = propagate_fixings(stage)
        left = {c.id for c in problem.candidates} - never
        is_uncoverable = (
            problem.budget is None and problem.cover == "all" and not all(covered_by(problem, left))
        )
        if must & never or is_uncoverable:
            assert after.reason
            conflicts += 1
            continue
        assert not after.reason
        assert after.forced == tuple(sorted(must))
        assert after.forced_cost == problem.cost_of(must)
        assert ids(after.problem) == sorted(left - must)
        assert after.problem.budget == (
            None if problem.budget is None else problem.budget - after.forced_cost
        )
        for (name, before), (_, most) in zip(problem.caps, after.problem.caps, strict=True):
            assert before - most == problem.cost_of(
                c.id for c in problem.candidates if c.id in must and c.instrument == name
            )
        use = {c.id: c for c in after.problem.capacities}
        for capacity in problem.capacities:
            mine = tuple((name, units) for name, units in capacity.use if name in left - must)
            spent = sum(units for name, units in capacity.use if name in must)
            expected = Capacity(capacity.id, mine, capacity.most - spent) if mine else None
            assert use.get(capacity.id) == expected
        kept = left - must
        assert after.problem.excludes == tuple(two for two in problem.excludes if {*two} <= kept)
        assert after.problem.requires == tuple(two for two in problem.requires if {*two} <= kept)
        opened = {arc for c in problem.candidates if c.id in must for arc in c.arcs}
        assert {*after.problem.arcs} == {*problem.arcs} | opened
        forced += bool(must)
        dropped += bool(never)
    assert min(conflicts, forced, dropped) >= 20


def test_the_largest_set_of_free_candidates_is_built():
    some = 0
    for seed in SEEDS:
        chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
        stage = start(seed)
        candidates = (dataclasses.replace(c, cost=chance.randint(0, 1)) for c in stage.problem.candidates)
        problem = stage.problem.replace(candidates=tuple(candidates))
        free = {c.id for c in problem.candidates if c.cost == 0 and c.fixed is None}
        free -= {name for two in problem.excludes for name in two}
        free -= {name for capacity in problem.capacities for name, _ in capacity.use}
        for _ in problem.candidates:
            free -= {one for one, other in problem.requires if other not in free}
        after = build_free(stage.on(problem))
        assert after.forced == tuple(sorted(free))
        assert ids(after.problem) == sorted({c.id for c in problem.candidates} - free)
        some += bool(free)
    assert some >= 20


def test_a_limit_stays_unless_the_money_the_candidates_or_one_that_stays_keep_it():
    dropped = 0
    for seed in SEEDS:
        chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
        names = ids(dense_problem(seed))
        sections = []
        for i in range(5):
            use = {name: chance.randint(1, 2) for name in chance.sample(names, chance.randint(1, 3))}
            most = chance.choice([0, 1, 2, sum(use.values()) - 1, sum(use.values())])
            sections.append(Capacity(f"s{i}", tuple(sorted(use.items())), most))
        problem = start(seed).problem
        if not problem.candidates:
            continue
        problem = problem.replace(capacities=tuple(sections))
        after = drop_slack_limits(start(seed).on(problem)).problem

        def implies(one, other):
            uses = dict(one.use)
            return one.most <= other.most and all(units <= uses.get(name, 0) for name, units in other.use)

        scarce = [c for c in sections if sum(units for _, units in c.use) > c.most]
        for capacity in sections:
            others = [c for c in after.capacities if c.id != capacity.id]
            is_needed = capacity in scarce and not any(implies(one, capacity) for one in others)
            assert (capacity in after.capacities) == is_needed
        dropped += len(scarce) - len(after.capacities)
        money = math.inf if problem.budget is None else problem.budget
        costs = {i: sum(c.cost for c in problem.candidates if c.instrument == i) for i, _ in problem.caps}
        assert after.caps == tuple((i, most) for i, most in problem.caps if most < min(money, costs[i]))
    assert dropped >= 20


def test_caps_and_capacities_that_just_suffice_go():
    problem = line(
        budget=7, candidates=tuple(dataclasses.replace(c, instrument="subsidy") for c in line().candidates)
    )
    for most, stays in ((6, True), (7, False), (8, False)):
        after = drop_slack_limits(first_stage(problem.replace(caps=(("subsidy", most),)))).problem
        assert bool(after.caps) == stays
    for most, stays in ((15, True), (16, False)):
        after = drop_slack_limits(
            first_stage(problem.replace(budget=None, caps=(("subsidy", most),)))
        ).problem
        assert bool(after.caps) == stays


# ---- pairs, cities and targets


def weight_of(problem, target, covered):
    """Return the weight of a target that covered pairs reach."""
    if target.of == "pairs":
        return sum(
            p.weight for p, yes in zip(problem.pairs, covered, strict=True) if yes and p.group == target.group
        )
    return sum(c.weight for c in problem.cities if c.group == target.group and is_met(c, covered))


def is_met(city, covered):
    return sum(covered[k] for k in city.pairs) >= city.need


def test_exactly_the_pairs_cities_and_targets_stay_that_a_plan_decides():
    open_cities = met_targets = unreachable = 0
    for seed in range(240):
        stage = start(seed)
        if stage.reason:
            continue
        problem = stage.problem
        always, ever = covered_by(problem, set()), covered_by(problem, set(ids(problem)))
        after = settle_pairs(stage)
        must = problem.budget is None and problem.cover == "all"
        if (must and not all(ever)) or any(weight_of(problem, t, ever) < t.least for t in problem.targets):
            assert after.reason
            unreachable += 1
            continue
        assert not after.reason
        reached = [(t, weight_of(problem, t, always)) for t in problem.targets]
        targets = [dataclasses.replace(t, least=t.least - w) for t, w in reached if w < t.least]
        groups = {(t.of, t.group) for t in targets}

        def matters(item, of, problem=problem, groups=groups):
            return item.weight > 0 and (problem.budget is not None or (of, item.group) in groups)

        cities = [
            c for c in problem.cities if is_met(c, ever) and not is_met(c, always) and matters(c, "cities")
        ]
        listed = {k for city in cities for k in city.pairs}
        kept = [
            k
            for k, pair in enumerate(problem.pairs)
            if ever[k] and not always[k] and (must or k in listed or matters(pair, "pairs"))
        ]
        group = {True: lambda item: item.group, False: lambda _: ""}
        assert list(after.problem.targets) == targets
        assert after.problem.cover == (problem.cover if targets else "all")
        assert list(after.problem.pairs) == [
            dataclasses.replace(p, group=group[("pairs", p.group) in groups](p))
            for p in (problem.pairs[k] for k in kept)
        ]
        assert list(after.problem.cities) == [
            dataclasses.replace(
                c,
                pairs=tuple(kept.index(k) for k in c.pairs if ever[k] and not always[k]),
                need=c.need - sum(always[k] for k in c.pairs),
                group=group[("cities", c.group) in groups](c),
            )
            for c in cities
        ]
        worth = sum(p.weight for p, yes in zip(problem.pairs, always, strict=True) if yes)
        assert after.base_weight == worth + sum(c.weight for c in problem.cities if is_met(c, always))
        open_cities += bool(cities)
        met_targets += len(targets) < len(problem.targets)
    assert min(open_cities, met_targets, unreachable) >= 8


def test_groups_that_are_asked_for_stay_without_a_target():
    stage = dataclasses.replace(first_stage(line()), groups=frozenset({"core"}))
    assert [p.group for p in settle_pairs(stage).problem.pairs] == ["", "core", ""]


def test_what_is_covered_by_now_is_added_to_what_was():
    stage = dataclasses.replace(first_stage(line(cities=(City("b", 3, (3,), 1),))), base_weight=100)
    assert settle_pairs(stage).base_weight == 105


def test_where_all_must_be_covered_only_the_pairs_stay_that_can_be():
    """Pair d - a can never be: it goes; a city and a target do as well, which every plan meets or none."""
    problem = line(
        budget=None, cities=(City("a", 3, (0, 2), 2, "core"),), targets=(Target("core", 3, "cities"),)
    )
    after = first_stage(problem)
    assert not after.reason
    assert (len(after.problem.pairs), after.problem.cities, after.problem.targets) == (4, (), ())
    missed = first_stage(problem.replace(targets=(Target("core", 4, "cities"),)))
    assert missed.reason == (
        "target 'core': at most 3 of the 4 still required can be covered, even with all candidates built "
        "that may be; out of reach: "
    )


def test_a_target_out_of_reach_names_the_first_three_pairs_or_cities_and_counts_the_others():
    far = tuple(Pair(3, 0, 10, weight, "far") for weight in range(1, 6))
    named = first_stage(line(budget=None, pairs=far, targets=(Target("far", 1),))).reason
    assert named.endswith("out of reach: d - a, d - a, d - a and 2 more")
    cities = tuple(City(name, 1, (0,), 1, "far") for name in ("p", "q", "r"))
    problem = line(
        pairs=far, cities=(*cities, City("s", 1, (0,), 0, "far")), targets=(Target("far", 2, "cities"),)
    )
    assert settle_pairs(first_stage(problem)).reason.endswith(
        "at most 1 of the 2 still required can be covered, "
        "even with all candidates built that may be; out of reach: p, q, r"
    )


def test_a_network_is_symmetric_where_each_arc_has_its_reverse_by_the_same_owner():
    assert is_symmetric(line())
    assert not is_symmetric(line(arcs=((0, 1, 5),)))
    assert not is_symmetric(line(arcs=((0, 1, 5), (1, 0, 6))))
    assert not is_symmetric(
        line(arcs=(), candidates=(Candidate("a", 1, ((0, 1, 5),)), Candidate("b", 1, ((1, 0, 5),))))
    )


def test_pairs_are_merged_by_both_ends_limit_and_group():
    """Pairs 0 -> 2 and back, with two limits: four classes one way, two where all arcs have a reverse."""
    pairs = tuple(Pair(*ends, limit, 1) for ends in ((0, 2), (2, 0), (1, 2)) for limit in (110, 120))
    both = merge_same_ends(first_stage(line(pairs=(*pairs, *pairs)))).problem.pairs
    assert [(p.origin, p.destination, p.limit, p.weight) for p in both] == [
        (0, 2, 110, 4),
        (0, 2, 120, 4),
        (1, 2, 110, 2),
        (1, 2, 120, 2),
    ]
    one = merge_same_ends(first_stage(line(pairs=(*pairs, *pairs), arcs=line().arcs[1:]))).problem.pairs
    assert [(p.origin, p.destination, p.limit, p.weight) for p in one] == [
        (*ends, limit, 2) for ends in ((0, 2), (1, 2), (2, 0)) for limit in (110, 120)
    ]


def test_merged_pairs_count_as_they_did_for_every_city_group_and_choice_of_classes():
    fewer = 0
    for seed in SEEDS:
        chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
        pairs = tuple(Pair(0, 2, 120, 2**k, chance.choice(["", "g"])) for k in range(7))
        keys = [chance.choice("abc") for _ in pairs]
        cities = []
        for i in range(chance.randint(0, 2)):
            mine = tuple(sorted(chance.sample(range(7), chance.randint(0, 5))))
            cities.append(City(f"t{i}", 1, mine, chance.randint(0, len(mine))))
        problem = line(pairs=pairs, cities=tuple(cities))
        after = merged(problem, keys)
        # The weights are powers of two, so that the sum of a class says which pairs are in it.
        members = [[k for k in range(7) if pair.weight >> k & 1] for pair in after.pairs]
        assert sorted(k for mine in members for k in mine) == list(range(7))
        assert all(mine[0] == min(mine) for mine in members)
        assert [mine[0] for mine in members] == sorted(mine[0] for mine in members)
        for pair, mine in zip(after.pairs, members, strict=True):
            assert len({(keys[k], problem.pairs[k].group) for k in mine}) == 1
            assert pair.group == problem.pairs[mine[0]].group
        for chosen in itertools.product((False, True), repeat=3):
            by_key = dict(zip("abc", chosen, strict=True))
            before = [by_key[key] for key in keys]
            later = [by_key[keys[mine[0]]] for mine in members]
            assert [is_met(c, later) for c in after.cities] == [is_met(c, before) for c in cities]
        if not cities:
            assert len(members) == len({(key, pair.group) for key, pair in zip(keys, pairs, strict=True)})
        fewer += len(members) < 7
    assert fewer >= 60


# ---- minimal sets


@cache
def with_families():
    """Return stages of up to five free candidates, and the minimal sets of their pairs found by trial."""
    found = []
    for seed in range(30):
        problem = relaxed(dense_problem(seed))
        candidates = problem.candidates[:4]
        plain = problem.replace(candidates=candidates, budget=None if seed % 2 else 6)
        stage = settle_pairs(first_stage(plain))
        if stage.problem.pairs:
            sets = [[set(names) for names in family] for family in families_by_trial(stage.problem)]
            found.append((stage, sets))
    return found


def test_pairs_that_no_affordable_set_covers_go():
    gone = 0
    for stage, families in with_families():
        kept = [pair for pair, sets in zip(stage.problem.pairs, families, strict=True) if sets]
        assert list(with_sets(close_unaffordable_pairs, stage).problem.pairs) == kept
        gone += len(families) - len(kept)
    assert gone >= 4


def test_what_all_sets_of_a_pair_share_is_built_where_all_must_be_covered():
    built = 0
    for stage, families in with_families():
        must = set().union(*(set.intersection(*sets) for sets in families if sets))
        assert with_sets(build_essential, stage).forced == (
            tuple(sorted(must)) if stage.problem.budget is None else ()
        )
        built += bool(must)
    assert built >= 10


def test_exactly_the_candidates_go_that_are_in_no_minimal_set():
    gone = 0
    for stage, families in with_families():
        needed = set().union(*(names for sets in families for names in sets))
        assert ids(with_sets(drop_unneeded, stage).problem) == sorted(needed)
        gone += len(ids(stage.problem)) - len(needed)
    assert gone >= 10


def test_exactly_the_pairs_of_the_same_sets_and_group_are_merged():
    fewer = 0
    for stage, families in with_families():
        weights = {}
        for pair, sets in zip(stage.problem.pairs, families, strict=True):
            key = (frozenset(map(frozenset, sets)), pair.group)
            weights[key] = weights.get(key, 0) + pair.weight
        after = with_sets(merge_equivalent_pairs, stage).problem
        assert [pair.weight for pair in after.pairs] == list(weights.values())
        fewer += len(weights) < len(families)
    assert fewer >= 10


def test_exactly_the_candidates_go_that_one_that_stays_replaces_in_every_minimal_set():
    gone = 0
    for stage, families in with_families():
        cost, left = {c.id: c.cost for c in stage.problem.candidates}, set(ids(stage.problem))
        for one in sorted(left, key=lambda name: (cost[name], name), reverse=True):
            now = [[names for names in sets if names <= left] for sets in families]
            used = [(sets, names) for sets in now for names in sets if one in names]

            def replaces(other, one=one, used=used):
                return all(any(t <= names - {one} | {other} for t in sets) for sets, names in used)

            if used and any(cost[i] <= cost[one] and replaces(i) for i in left - {one}):
                left.remove(one)
                gone += 1
        assert ids(with_sets(drop_replaced, stage).problem) == sorted(left)
    assert gone >= 10


@pytest.mark.parametrize(("most", "known"), [(2, False), (3, True), (4, True)])
def test_as_many_sets_of_a_pair_are_known_as_the_effort_allows(most, known):
    families = minimal_sets(line(budget=20), Effort(sets=most, labels=99))
    assert (families.of[2] is not None) == known
    assert families.unknown == (frozenset() if known else frozenset({"ac", "ad", "bd"}))


def test_a_pair_that_too_many_candidates_can_serve_is_given_up():
    for count, known in ((62, True), (63, False)):
        many = tuple(Candidate(f"c{j:02d}", 1, both_ways((0, 1, 50))) for j in range(count))
        families = minimal_sets(
            line(candidates=many, pairs=(Pair(0, 1, 60, 1),)), Effort(sets=99, labels=999)
        )
        assert (families.of[0] is not None) == known
        assert len(families.unknown) == (0 if known else count)


def test_when_the_time_is_up_the_other_pairs_are_given_up():
    answers = iter([False, True, True, True, True])
    families = minimal_sets(line(budget=20), stop=lambda: next(answers))
    assert families.of == ((("ac",),), None, None, None, None)
    assert families.unknown == {"ac", "ad", "bd"}
