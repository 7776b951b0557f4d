"""Draw small problems by hand and by chance, and solve them by trying every plan."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import random

from hypothesis import strategies as st

from optimiser.problem import Candidate, Capacity, City, DesignProblem, Pair, Target
from optimiser.problem.result import Result


def both_ways(*links):
    return tuple(
        arc for tail, head, seconds in links for arc in ((tail, head, seconds), (head, tail, seconds))
    )


def line(**changes):
    """a - b - c - d, 100 s a link; shortcuts ac (cost 3) and bd (cost 4) of 50 s, ad (cost 9) of 60 s."""
    problem = DesignProblem(
        name="line",
        nodes=("a", "b", "c", "d"),
        arcs=both_ways((0, 1, 100), (1, 2, 100), (2, 3, 100)),
        candidates=(
            Candidate("ac", 3, both_ways((0, 2, 50)), "road"),
            Candidate("bd", 4, both_ways((1, 3, 50)), "road"),
            Candidate("ad", 9, both_ways((0, 3, 60)), "rail"),
        ),
        pairs=(
            Pair(0, 2, 120, 5, "small"),
            Pair(1, 3, 120, 4, "small"),
            Pair(0, 3, 160, 7, "core"),
            Pair(0, 1, 100, 2, "core"),
            Pair(3, 0, 10, 1, "core"),
        ),
        budget=7,
    )
    return problem.replace(**changes)


def side_line(**changes):
    """The line with a row of each family, met by ac and bd: cost 7, pairs 18, the city 3."""
    ac, bd, ad = line().candidates
    fields = {
        "candidates": (ac, dataclasses.replace(bd, instrument="subsidy"), ad),
        "caps": (("subsidy", 4),),
        "capacities": (Capacity("trains", (("ac", 2), ("ad", 5), ("bd", 3)), 5),),
        "targets": (Target("small", 9), Target("core", 3, "cities")),
        "excludes": (("ac", "ad"),),
        "requires": (("bd", "ac"),),
        "cities": (City("dee", 3, (1, 2), 2, "core"), City("gee", 2, (4,), 1)),
    }
    return line(**(fields | changes))


def crowded_line(**changes):
    """The line with so many candidates that lead nowhere that trying every plan takes too long."""
    idle = tuple(Candidate(f"idle{i:02d}", 1, both_ways((0, 1, 900))) for i in range(13))
    return line(candidates=(*line().candidates, *idle), **changes)


def covered_by(problem, built):
    """Say which pairs are covered, by relaxing every arc until no time falls (Bellman and Ford)."""
    arcs = [*problem.arcs, *(arc for c in problem.candidates if c.id in built for arc in c.arcs)]
    times = {pair.origin: {pair.origin: 0} for pair in problem.pairs}
    for reached in times.values():
        before = {}
        while before != reached:
            before = dict(reached)
            for tail, head, seconds in arcs:
                if tail in reached and reached[tail] + seconds < reached.get(head, 10**18):
                    reached[head] = reached[tail] + seconds
    return [times[p.origin].get(p.destination, 10**18) <= p.limit for p in problem.pairs]


def plan_value(problem, built):
    """Return the objective of a set of ids and its cost, None where it breaks a rule, read off the format."""
    cost = {c.id: c.cost for c in problem.candidates}
    by_instrument = {
        i: sum(c.cost for c in problem.candidates if c.id in built and c.instrument == i)
        for i, _ in problem.caps
    }
    spent = sum(cost[name] for name in built)
    allowed = [
        all(c.id in built for c in problem.candidates if c.fixed == "in"),
        not any(c.id in built for c in problem.candidates if c.fixed == "out"),
        problem.budget is None or spent <= problem.budget,
        all(by_instrument[i] <= most for i, most in problem.caps),
        all(sum(u for name, u in c.use if name in built) <= c.most for c in problem.capacities),
        not any({a, b} <= built for a, b in problem.excludes),
        all(b in built for a, b in problem.requires if a in built),
    ]
    if not all(allowed):
        return None
    pair = covered_by(problem, built)
    city = [sum(pair[k] for k in c.pairs) >= c.need for c in problem.cities]
    worth = [(p.group, "pairs", p.weight * yes) for p, yes in zip(problem.pairs, pair, strict=True)]
    worth += [(c.group, "cities", c.weight * yes) for c, yes in zip(problem.cities, city, strict=True)]
    keeps = [
        all(
            sum(weight for group, of, weight in worth if (group, of) == (t.group, t.of)) >= t.least
            for t in problem.targets
        )
    ]
    if problem.budget is None and problem.cover == "all":
        keeps.append(pair == covered_by(problem, {c.id for c in problem.candidates if c.fixed != "out"}))
    if not all(keeps):
        return None
    return (spent if problem.budget is None else sum(weight for _, _, weight in worth)), spent


def best_plans(problem):
    """Return all plans of a small problem that are optimal, of these the cheapest, each as a sorted tuple."""
    names = sorted(c.id for c in problem.candidates)
    sets = [set(chosen) for size in range(len(names) + 1) for chosen in itertools.combinations(names, size)]
    values = [(plan_value(problem, built), tuple(sorted(built))) for built in sets]
    sign = 1 if problem.budget is None else -1
    ranked = [((sign * value[0], value[1]), built) for value, built in values if value is not None]
    best = min((rank for rank, _ in ranked), default=None)
    return sorted(built for rank, built in ranked if rank == best)


@functools.lru_cache(maxsize=1_000)
def brute_force(problem):
    """Return the optimal objective of a small problem, None when no plan exists."""
    plans = best_plans(problem)
    return plan_value(problem, set(plans[0]))[0] if plans else None


@st.composite
def problems(draw, *, most_candidates=6):
    """Draw a problem of up to six nodes, with parallels, one-way candidates, zero weights and fixings."""
    n = draw(st.integers(2, 6))
    node = st.integers(0, n - 1)
    arc = st.tuples(node, node, st.integers(1, 9))
    candidates = []
    for j in range(draw(st.integers(0, most_candidates))):
        arcs = tuple(draw(st.lists(arc, min_size=0 if j % 3 == 2 else 1, max_size=3)))
        fixed = draw(st.sampled_from([None, None, None, None, "in", "out"]))
        candidates.append(Candidate(f"c{j}", draw(st.integers(0, 6)), arcs, "road", None, fixed))
    pair = st.builds(Pair, node, node, st.integers(0, 20), st.integers(0, 9), st.sampled_from(["", "small"]))
    return DesignProblem(
        name="drawn",
        nodes=tuple(f"n{i}" for i in range(n)),
        arcs=tuple(draw(st.lists(arc, max_size=6))),
        candidates=tuple(candidates),
        pairs=tuple(draw(st.lists(pair, max_size=6))),
        budget=draw(st.none() | st.integers(0, 15)),
    )


@st.composite
def side_problems(draw, *, most_candidates=6):
    """Draw a problem as `problems` does, with every side constraint and what to cover."""
    problem = draw(problems(most_candidates=most_candidates))
    instruments = st.sampled_from(["barrier", "infrastructure", "subsidy", None])
    candidates = tuple(dataclasses.replace(c, instrument=draw(instruments)) for c in problem.candidates)
    names = [c.id for c in candidates]
    two = st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True).map(tuple)
    twos = st.lists(two, max_size=2).map(tuple) if len(names) > 1 else st.just(())
    cities = tuple(draw(_cities(len(problem.pairs))))
    targets = tuple(draw(_targets(problem.pairs, cities)))
    caps = draw(
        st.dictionaries(st.sampled_from(["barrier", "infrastructure"]), st.integers(0, 12), max_size=2)
    )
    covers = ["all", "targets"] if problem.budget is None and targets else ["all"]
    return problem.replace(
        candidates=candidates,
        caps=tuple(sorted(caps.items())),
        capacities=draw(capacities(names)),
        cities=cities,
        targets=targets,
        excludes=draw(twos),
        requires=draw(twos),
        cover=draw(st.sampled_from(covers)),
    )


def capacities(names):
    """Draw up to two capacities that some candidates use; of some there is too little for one, or enough."""
    if not names:
        return st.just(())
    uses = st.dictionaries(st.sampled_from(names), st.integers(1, 6), min_size=1, max_size=5)
    drawn = st.tuples(uses, st.integers(0, 12))
    return st.lists(drawn, max_size=2).map(
        lambda found: tuple(
            Capacity(f"line {i}", tuple(sorted(use.items())), most) for i, (use, most) in enumerate(found)
        )
    )


@st.composite
def _cities(draw, pairs):
    cities = []
    for i in range(draw(st.integers(0, 3))):
        mine = draw(st.lists(st.integers(0, pairs - 1), unique=True, max_size=4)) if pairs else []
        need = draw(st.integers(0, len(mine)))
        group = draw(st.sampled_from(["", "small"]))
        cities.append(City(f"t{i}", draw(st.integers(0, 9)), tuple(mine), need, group))
    return cities


@st.composite
def _targets(draw, pairs, cities):
    found = []
    for of, items in (("pairs", pairs), ("cities", cities)):
        weight = sum(item.weight for item in items if item.group == "small")
        if any(item.group == "small" for item in items) and draw(st.booleans()):
            least = draw(st.integers(0, weight) | st.integers(0, weight // 2) | st.just(weight + 1))
            found.append(Target("small", least, of))
    return found


@functools.cache
def dense_problem(seed):
    """Draw a problem that the reduction settles only every other time; the same seed, the same problem."""
    chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    names = [f"c{j}" for j in range(chance.randint(5, 9))]

    def link(fastest, slowest):
        return (*chance.sample(range(6), 2), chance.randint(fastest, slowest))

    def two():
        return tuple(tuple(chance.sample(names, 2)) for _ in range(chance.randint(0, 2)))

    instruments = ("barrier", "infrastructure", "subsidy")
    candidates = tuple(
        Candidate(
            name,
            chance.randint(1, 6),
            both_ways(*(link(1, 5) for _ in range(chance.choice([1, 1, 2])))),
            "road",
            chance.choice([*instruments, None]),
            chance.choice([None] * 12 + ["in", "out"]),
        )
        for name in names
    )
    pairs = tuple(
        Pair(*chance.sample(range(6), 2), chance.randint(4, 14), chance.randint(0, 9), group)
        for group in chance.choices(["", "small", "core"], k=chance.randint(3, 9))
    )
    cities = []
    for i in range(chance.randint(0, 3)):
        mine = chance.sample(range(len(pairs)), chance.randint(1, min(4, len(pairs))))
        need, group = chance.randint(0, len(mine)), chance.choice(["", "small"])
        cities.append(City(f"t{i}", chance.randint(0, 9), tuple(mine), need, group))
    targets = [
        Target(group, int(chance.uniform(0, 0.8) * sum(x.weight for x in items if x.group == group)), of)
        for of, items in (("pairs", pairs), ("cities", cities))
        for group in ("small", "core")
        if any(x.group == group for x in items) and chance.random() < 0.4
    ]
    total = sum(c.cost for c in candidates)
    budget = None if chance.random() < 0.4 else int(total * chance.uniform(0.2, 0.7))
    capped = sorted(chance.sample(instruments, chance.randint(0, 2)))
    return DesignProblem(
        name=f"dense {seed}",
        nodes=tuple(f"n{i}" for i in range(6)),
        arcs=both_ways(*(link(3, 9) for _ in range(3))),
        candidates=candidates,
        pairs=pairs,
        budget=budget,
        cover="targets" if budget is None and targets and chance.random() < 0.6 else "all",
        caps=tuple((name, int(total * chance.uniform(0.05, 0.4))) for name in capped),
        capacities=_dense_capacities(seed, names),
        targets=tuple(targets),
        excludes=two(),
        requires=two(),
        cities=tuple(cities),
    )


def _dense_capacities(seed, names):
    """Draw one or two capacities for every other dense problem, by a chance of their own."""
    chance, found = random.Random(f"capacities {seed}"), []  # noqa: S311 - chance for drawings, no secret
    for i in range(0 if seed % 2 else chance.randint(1, 2)):
        users = chance.sample(names, chance.randint(2, len(names)))
        use = tuple(sorted((name, chance.randint(1, 9)) for name in users))
        found.append(Capacity(f"line {i}", use, int(chance.uniform(0.3, 0.9) * sum(u for _, u in use))))
    return tuple(found)


def enlarged(problem, seed):
    """Return a problem with the same parts and numbers up to the largest of the format, by chance.

    Money, weights and each capacity have a factor of their own, a power of two, to which a little is added.
    """
    chance = random.Random(f"large {seed}")  # noqa: S311 - chance for drawings, no secret

    def grown(total):
        usual = chance.random() < 0.93
        power = chance.choice([0, 8, 20, 29, 30, 31, 36, 40, 44, 46, 47] if usual else [49, 51, 53, 58, 62])
        power = min(power, 61 - total.bit_length())
        noise = chance.choice([0, 0, 1, 1 << power // 2, (1 << power) // 3])
        return lambda number: (number << power) + (chance.randint(0, noise) if number else 0)

    money = grown(sum(c.cost for c in problem.candidates) + (problem.budget or 0))
    worth = grown(
        sum(p.weight for p in problem.pairs)
        + sum(c.weight for c in problem.cities)
        + sum(ring.reward for ring in problem.rings)
    )
    capacities = []
    for capacity in problem.capacities:
        units = grown(sum(use for _, use in capacity.use))
        use = tuple((name, units(number)) for name, number in capacity.use)
        most = min(units(capacity.most), 2**63 - 1)  # it may exceed all that is used
        capacities.append(dataclasses.replace(capacity, use=use, most=most))
    periods = tuple(dataclasses.replace(p, budget=money(p.budget)) for p in problem.periods)
    budget = None if problem.budget is None else money(problem.budget)
    return problem.replace(
        name=f"large {problem.name}",
        candidates=tuple(dataclasses.replace(c, cost=money(c.cost)) for c in problem.candidates),
        budget=sum(p.budget for p in periods) if periods else budget,
        periods=periods,
        caps=tuple((name, money(most)) for name, most in problem.caps),
        capacities=tuple(capacities),
        pairs=tuple(dataclasses.replace(p, weight=worth(p.weight)) for p in problem.pairs),
        cities=tuple(dataclasses.replace(c, weight=worth(c.weight)) for c in problem.cities),
        targets=tuple(dataclasses.replace(t, least=worth(t.least)) for t in problem.targets),
        rings=tuple(dataclasses.replace(ring, reward=worth(ring.reward)) for ring in problem.rings),
    )


def claim(**changes):
    honest = Result(
        problem="line",
        status="optimal",
        built=("ac", "bd"),
        cost=7,
        coverage=18,
        objective=18,
        bound=18.4,
        gap=0.0,
        variant="cuts",
        seconds=0.1,
        seed=1,
        threads=1,
        solver="",
    )
    return honest.replace(**changes)
