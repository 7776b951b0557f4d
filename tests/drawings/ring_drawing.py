"""Draw problems with rings and periods, by hand and by chance, and solve them by trying every plan."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import random
from collections import Counter

from core_drawing import covered_by, dense_problem, plan_value

from optimiser.problem import Candidate, DesignProblem, Pair, Period, Ring, RingLink, RingStop


def square(**changes):
    """A square of side 4 round (2, 2): south and east exist, `north` and `west` may be built; two stops."""
    ring = Ring(
        id="square",
        required=True,
        centres=((2, 2),),
        nodes=((0, 0), (4, 0), (4, 4), (0, 4)),
        links=(
            RingLink(0, 1),
            RingLink(1, 2),
            RingLink(3, 2, "north"),
            RingLink(3, 0, "west", ((-1, 2),)),
            RingLink(2, 0, "across"),
        ),
        stops=(RingStop("town", (3,)), RingStop("port", (1, 2))),
        least_stops=2,
    )
    return dataclasses.replace(ring, **changes)


def undemanding(ring):
    """Return a ring that needs no stops and may be of any length."""
    stops = tuple(dataclasses.replace(stop, must=False) for stop in ring.stops)
    return dataclasses.replace(ring, stops=stops, least_stops=0, least_by_group=(), longest=None)


def ringed(*rings, **changes):
    """Two places 100 s apart, candidates for the sides of `square`, and one that joins the places faster."""
    problem = DesignProblem(
        name="ringed",
        nodes=("a", "b"),
        arcs=((0, 1, 100), (1, 0, 100)),
        candidates=(
            Candidate("across", 1, ()),
            Candidate("fast", 4, ((0, 1, 50),)),
            Candidate("north", 2, ()),
            Candidate("west", 3, ()),
        ),
        pairs=(Pair(0, 1, 60, 9), Pair(1, 0, 100, 1)),
        budget=9,
        rings=rings or (square(),),
    )
    return problem.replace(**changes)


def phased(**changes):
    """`ringed` without its ring, in two periods: 4 and 5 of money, counting 1 and 2."""
    periods = (Period("early", 4, 1), Period("late", 5, 2))
    return ringed(periods=periods).replace(**{"rings": (), **changes})


def leading(problem, **leads):
    """Return a problem with the leads given, by id, and 0 for other candidates."""
    candidates = (dataclasses.replace(c, lead=leads.get(c.id, 0)) for c in problem.candidates)
    return problem.replace(candidates=tuple(candidates))


def turns_by_angle(line, centre):
    """Return how often a closed line turns round a point, by adding up angles in floating point."""
    total = 0.0
    for a, b in zip(line, [*line[1:], line[0]], strict=True):
        here, there = (math.atan2(p[1] - centre[1], p[0] - centre[0]) for p in (a, b))
        total += math.remainder(there - here, math.tau)
    return round(total / math.tau)


def on_line(line, centre):
    """Say whether a point lies on a closed line: it is as far from both ends together as they are apart."""
    legs = zip(line, [*line[1:], line[0]], strict=True)
    return any(abs(math.dist(a, centre) + math.dist(centre, b) - math.dist(a, b)) < 1e-9 for a, b in legs)


def circuits_of(ring, built):
    """Return every circuit that forms the ring, as lists of links, by walking on from each node."""
    return [links for links in _circuits_round(ring, built) if is_short(ring, links)]


def is_short(ring, links):
    """Say whether links are together no longer than the ring may be."""
    return ring.longest is None or sum(ring.links[i].length for i in links) <= ring.longest


def _circuits_round(ring, built):
    usable = [i for i, link in enumerate(ring.links) if link.candidate is None or link.candidate in built]
    found = {}

    def walk(start, at, used, seen, line):
        for i in usable:
            link = ring.links[i]
            if i in used or at not in (link.tail, link.head):
                continue
            to, via = (link.head, link.via) if at == link.tail else (link.tail, link.via[::-1])
            longer = [*line, ring.nodes[at], *via]
            if to == start:
                if forms(ring, longer, seen):
                    found.setdefault(frozenset([*used, i]), [*used, i])
            elif to > start and to not in seen:
                walk(start, to, [*used, i], seen | {to}, longer)

    for start in range(len(ring.nodes)):
        walk(start, start, [], {start}, [])
    return list(found.values())


def forms(ring, line, nodes):
    once = all(not on_line(line, c) and abs(turns_by_angle(line, c)) == 1 for c in ring.centres)
    groups = [stop.group for stop in ring.stops if nodes & set(stop.nodes)]
    enough = len(groups) >= ring.least_stops and all(
        groups.count(name) >= least for name, least in ring.least_by_group
    )
    return once and enough and all(nodes & set(stop.nodes) for stop in ring.stops if stop.must)


def starts_of(problem, built):
    """Return every way to start what is built."""
    names, count = sorted(built), len(problem.periods)
    if not count:
        return [{}]
    return [
        dict(zip(names, when, strict=True)) for when in itertools.product(range(count), repeat=len(names))
    ]


def ring_choices(problem, built):
    """Return every choice of circuits for the rings; rings that earn nothing and need not be are left out."""
    options = []
    for ring in problem.rings:
        circuits = [(ring.id, tuple(links)) for links in circuits_of(ring, built)]
        options.append(circuits + ([] if ring.required else [None]))
    for chosen in itertools.product(*options):
        circuits = dict(item for item in chosen if item)
        if all_apart(problem, circuits):
            yield circuits


def all_apart(problem, circuits):
    places = {
        ring.id: {ring.nodes[v] for k in circuits[ring.id] for v in (ring.links[k].tail, ring.links[k].head)}
        for ring in problem.rings
        if ring.id in circuits
    }
    return not any(
        places[ring.id] & places.get(other, set())
        for ring in problem.rings
        if ring.id in places
        for other in ring.apart
    )


def gained(problem, is_open, circuits):
    """Return the objective of one state: pairs, cities and rings."""
    pair = covered_by(problem, is_open)
    worth = sum(p.weight for p, yes in zip(problem.pairs, pair, strict=True) if yes)
    worth += sum(c.weight for c in problem.cities if sum(pair[k] for k in c.pairs) >= c.need)
    for ring in problem.rings:
        links = circuits.get(ring.id)
        if links and all(ring.links[k].candidate in {None, *is_open} for k in links):
            worth += ring.reward
    return worth


def keeps_periods(problem, starts):
    lead = {c.id: c.lead for c in problem.candidates}
    cost = {c.id: c.cost for c in problem.candidates}
    for t in range(len(problem.periods)):
        spent = sum(cost[name] for name, start in starts.items() if start <= t)
        if spent > sum(period.budget for period in problem.periods[: t + 1]):
            return False
    opens = {name: start + lead[name] for name, start in starts.items()}
    return all(opens[b] <= opens[a] for a, b in problem.requires if a in opens)


def whole_value(problem, built, circuits, starts):
    """Return the objective of a plan whose circuits form their rings; None where it breaks a rule."""
    free = tuple(dataclasses.replace(c, lead=0) for c in problem.candidates)
    bare = problem.replace(rings=(), periods=(), candidates=free)
    if not problem.periods:
        value = plan_value(bare, built)
        if value is None or problem.budget is None:
            return value and value[0]
        return gained(problem, built, circuits)
    buying = bare.replace(targets=())
    unfixed = tuple(dataclasses.replace(c, fixed=None) for c in free)
    reaching = bare.replace(candidates=unfixed, caps=(), capacities=(), excludes=(), requires=())
    final = open_in(problem, starts, len(problem.periods) - 1)
    keeps = plan_value(buying, built) and plan_value(reaching, final) and keeps_periods(problem, starts)
    if not keeps:
        return None
    return sum(
        period.factor * gained(problem, open_in(problem, starts, t), circuits)
        for t, period in enumerate(problem.periods)
    )


def open_in(problem, starts, period):
    lead = {c.id: c.lead for c in problem.candidates}
    return {name for name, start in starts.items() if start + lead[name] <= period}


def plans_of(problem):
    """Yield what is built, circuits, starts and the objective of every plan of a small problem."""
    names = sorted(c.id for c in problem.candidates)
    for size in range(len(names) + 1):
        for built in map(set, itertools.combinations(names, size)):
            for starts in starts_of(problem, built):
                final = open_in(problem, starts, len(problem.periods) - 1) if problem.periods else built
                for chosen in different_choices(problem, final):
                    value = whole_value(problem, built, chosen, starts)
                    if value is not None:
                        yield built, chosen, starts, value


@functools.lru_cache(maxsize=1_000)
def whole_brute_force(problem):
    """Return the optimal objective of a small problem with rings and periods, None when no plan exists."""
    values = [value for *_, value in plans_of(problem)]
    return (min if problem.budget is None else max)(values, default=None)


def different_choices(problem, built):
    """Return choices of circuits that differ in their rings, or with periods in the candidates of a ring."""
    found = {}
    rings = {ring.id: ring for ring in problem.rings}
    for chosen in ring_choices(problem, built):
        names = {
            (name, frozenset(rings[name].links[i].candidate for i in links) if problem.periods else None)
            for name, links in chosen.items()
        }
        found.setdefault(frozenset(names), chosen)
    return found.values()


@functools.cache
def ring_problem(seed):
    """Draw a small problem with rings, periods or both; the same seed, the same problem."""
    chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    problem = dense_problem(seed)
    kept = {c.id for c in problem.candidates[: chance.randint(3, 5)]}
    has_periods = problem.budget is not None and chance.random() < 0.5
    has_rings = not has_periods or chance.random() < 0.5
    candidates = tuple(
        dataclasses.replace(c, lead=chance.choice([0, 0, 1, 2]) if has_periods else 0)
        for c in problem.candidates
        if c.id in kept
    )
    rings = tuple(_ring(chance, i, sorted(kept)) for i in range(chance.choice([1, 2]) if has_rings else 0))
    if len(rings) > 1 and chance.random() < 0.5:
        rings = (dataclasses.replace(rings[0], apart=(rings[1].id,)), *rings[1:])
    periods = _periods(chance, problem.budget) if has_periods else ()
    return problem.replace(
        name=f"rings {seed}",
        candidates=candidates,
        pairs=problem.pairs,
        capacities=without_others(problem.capacities, kept),
        excludes=tuple(two for two in problem.excludes if set(two) <= kept),
        requires=tuple(two for two in problem.requires if set(two) <= kept),
        rings=rings,
        periods=periods,
    )


@functools.cache
def web_problem(seed):
    """Draw a small problem with two or three rings that can mostly be formed, and touch where that is cheap.

    They lie on the same grid, each round a centre of its own. For most of them one circuit is drawn, and they
    may be as long as it or a little shorter, must pass one of its nodes, or stops of a group on it.
    """
    chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    problem = dense_problem(seed)
    candidates = tuple(
        dataclasses.replace(c, fixed="out" if chance.random() < 0.1 else None) for c in problem.candidates[:4]
    )
    names = [c.id for c in candidates]
    rings = tuple(_web_ring(chance, i, names) for i in range(chance.choice([2, 2, 3])))
    if chance.random() < 0.25:
        rings = (dataclasses.replace(rings[0], apart=(rings[1].id,)), *rings[1:])
    spent = sum(c.cost for c in candidates)
    return problem.replace(
        name=f"web {seed}",
        candidates=candidates,
        budget=None if problem.budget is None else chance.randint(spent // 3, spent),
        capacities=without_others(problem.capacities, set(names)),
        excludes=tuple(two for two in problem.excludes if set(two) <= set(names)),
        requires=tuple(two for two in problem.requires if set(two) <= set(names)),
        targets=() if chance.random() < 0.7 or problem.cover == "targets" else problem.targets,
        cover="all",
        rings=rings,
    )


def _web_ring(chance, number, names):
    nodes = tuple((4 * x, 4 * y) for x in range(3) for y in range(3))
    sides = [(a, b) for a in range(9) for b in range(a) if math.dist(nodes[a], nodes[b]) == 4]
    ends = [*sides, *chance.sample([(0, 4), (2, 4), (4, 6), (4, 8), (1, 3), (5, 7)], 2)]
    links = tuple(
        RingLink(*two, None if chance.random() < 0.6 else chance.choice(names), length=chance.randint(1, 9))
        for two in ends
    )
    ring = Ring(
        id=f"ring {number}",
        required=chance.random() < 0.3,
        centres=((chance.choice([1, 5]), chance.choice([2, 6])),),
        nodes=nodes,
        links=links,
        reward=chance.randint(1, 20),
    )
    circuits = circuits_of(ring, set(names))
    if chance.random() < 0.3 or not circuits:
        return ring
    drawn = chance.choice(circuits)
    passed = sorted({v for i in drawn for v in (links[i].tail, links[i].head)})
    stops = tuple(
        RingStop(
            f"s{v}", (v,), chance.choice(["", "big", "small"]), must=v in passed and chance.random() < 0.15
        )
        for v in range(9)
    )
    counts = Counter(stop.group for v, stop in enumerate(stops) if v in passed and stop.group)
    length = sum(links[i].length for i in drawn)
    return dataclasses.replace(
        ring,
        stops=stops,
        least_stops=chance.choice([0, len(passed)]),
        least_by_group=tuple((name, chance.choice([0, n, n])) for name, n in sorted(counts.items())),
        longest=None if chance.random() < 0.3 else length - chance.choice([0, 0, 1]),
    )


def without_others(capacities, kept):
    """Return capacities with the uses of some candidates alone."""
    left = [dataclasses.replace(c, use=tuple(u for u in c.use if u[0] in kept)) for c in capacities]
    return tuple(c for c in left if c.use)


def _periods(chance, budget):
    first = chance.randint(0, budget)
    return Period("first", first, chance.randint(0, 3)), Period(
        "second", budget - first, chance.randint(0, 3)
    )


def _ring(chance, number, names):
    """Draw a ring on a three by three grid, with some crossing links, bends, parallels and loops.

    Half of the rings may not be longer than one of their circuits, and some must pass a stop or stops of a
    group. Rings of one problem lie on the same grid, so that their circuits touch and share links.
    """
    nodes = [(4 * x, 4 * y) for x in range(3) for y in range(3)]
    sides = [(a, b) for a in range(9) for b in range(a) if math.dist(nodes[a], nodes[b]) == 4]
    sides += [tuple(chance.sample(range(9), 2)) for _ in range(2)]
    links = []
    for a, b in chance.sample(sides, chance.randint(11, len(sides))):
        via = ((chance.randint(0, 8), chance.randint(0, 8)),) if chance.random() < 0.15 else ()
        ends = (a, b) if chance.random() < 0.5 else (b, a)
        candidate = None if chance.random() < 0.7 else chance.choice(names)
        links.append(RingLink(*ends, candidate, via))
    if chance.random() < 0.2:
        links.append(RingLink(0, 0, chance.choice(names), ((9, 1), (9, 9), (1, 9))))
    centres = tuple((chance.randint(1, 7), chance.randint(1, 7)) for _ in range(chance.choice([1, 1, 1, 2])))
    stops = tuple(
        RingStop(
            f"s{i}",
            tuple(chance.sample(range(9), chance.randint(1, 2))),
            group=chance.choice(["", "big", "small"]),
            must=chance.random() < 0.15,
        )
        for i in range(3)
    )
    groups = sorted({stop.group for stop in stops} - {""})
    least_by_group = tuple((name, chance.choice([0, 1, 1, 2])) for name in groups if chance.random() < 0.3)
    if chance.random() < 0.75:
        links = [dataclasses.replace(link, length=chance.randint(0, 9)) for link in links]
    ring = Ring(
        id=f"ring {number}",
        required=chance.random() < 0.5,
        centres=centres,
        nodes=tuple(nodes),
        links=tuple(links),
        stops=stops,
        least_stops=chance.choice([0, 0, 1, 2]),
        reward=chance.randint(0, 9),
        least_by_group=least_by_group,
    )
    if links[0].length is None or chance.random() < 0.3:
        return ring
    lengths = sorted(sum(links[i].length for i in circuit) for circuit in circuits_of(ring, set(names)))
    longest = chance.choice(lengths[:3] or [30]) - chance.choice([0, 0, 1])
    return dataclasses.replace(ring, longest=max(0, longest))
