"""Draw small problems with side constraints, and solve them by trying every plan."""

from __future__ import annotations

import dataclasses
import itertools

from hypothesis import strategies as st

from optimiser.problem import Candidate, City, DesignProblem, Pair, Target


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


def covered_by(problem, built):
    """Say which pairs are covered, by relaxing every arc n times (Bellman and Ford)."""
    arcs = [*problem.arcs, *(arc for c in problem.candidates if c.id in built for arc in c.arcs)]
    times = {pair.origin: {pair.origin: 0} for pair in problem.pairs}
    for reached in times.values():
        for _ in problem.nodes:
            for tail, head, seconds in arcs:
                if tail in reached:
                    reached[head] = min(reached.get(head, 10**18), reached[tail] + seconds)
    return [times[p.origin].get(p.destination, 10**18) <= p.limit for p in problem.pairs]


def weighed(items, flags, group=None):
    return sum(
        item.weight
        for item, yes in zip(items, flags, strict=True)
        if yes and (group is None or item.group == group)
    )


def city_flags(problem, covered):
    return [sum(covered[k] for k in city.pairs) >= city.need for city in problem.cities]


def fits(problem, built, coverable):
    """Say whether a plan meets every constraint, straight from their definitions."""
    chosen = [c for c in problem.candidates if c.id in built]
    covered = covered_by(problem, built)
    met = {"pairs": (problem.pairs, covered), "cities": (problem.cities, city_flags(problem, covered))}
    return (
        all((c.id in built) == (c.fixed == "in") for c in problem.candidates if c.fixed)
        and (problem.budget is None or sum(c.cost for c in chosen) <= problem.budget)
        and all(sum(c.cost for c in chosen if c.instrument == name) <= most for name, most in problem.caps)
        and not any(a in built and b in built for a, b in problem.excludes)
        and all(b in built for a, b in problem.requires if a in built)
        and all(weighed(*met[t.of], t.group) >= t.least for t in problem.targets)
        and (problem.budget is not None or problem.cover == "targets" or covered == coverable)
    )


def plans(problem):
    """Yield every plan that meets the constraints, with its objective."""
    names = [c.id for c in problem.candidates]
    coverable = covered_by(problem, {c.id for c in problem.candidates if c.fixed != "out"})
    for flags in itertools.product((False, True), repeat=len(names)):
        built = {name for name, yes in zip(names, flags, strict=True) if yes}
        if fits(problem, built, coverable):
            yield built, objective(problem, built)


def objective(problem, built):
    if problem.budget is None:
        return problem.cost_of(built)
    covered = covered_by(problem, built)
    return weighed(problem.pairs, covered) + weighed(problem.cities, city_flags(problem, covered))


def brute_force(problem):
    """Return the optimal objective of a small problem, None when no plan exists."""
    values = [value for _, value in plans(problem)]
    if not values:
        return None
    return min(values) if problem.budget is None else max(values)


GROUPS = ("", "small", "core")


@st.composite
def problems(draw, *, most_candidates=6, fixed=(None, None, None, None, "in", "out"), mirrored=False):
    """Draw a problem of up to six nodes with every side constraint, parallels and zero weights.

    With `mirrored` every arc has its reverse, in the network and in candidates.
    """
    n = draw(st.integers(2, 6))
    node = st.integers(0, n - 1)
    arc = st.tuples(node, node, st.integers(1, 9))

    def mirror(arcs):
        return both_ways(*arcs) if mirrored else tuple(arcs)

    candidates = [
        Candidate(
            f"c{j}",
            draw(st.integers(0, 6)),
            mirror(draw(st.lists(arc, min_size=0 if j % 3 == 2 else 1, max_size=3))),
            "road",
            draw(st.sampled_from([None, "barrier", "subsidy"])),
            draw(st.sampled_from(fixed)),
        )
        for j in range(draw(st.integers(0, most_candidates)))
    ]
    pair = st.builds(Pair, node, node, st.integers(0, 20), st.integers(0, 9), st.sampled_from(GROUPS))
    plain = DesignProblem(
        name="drawn",
        nodes=tuple(f"n{i}" for i in range(n)),
        arcs=mirror(draw(st.lists(arc, max_size=6))),
        candidates=tuple(candidates),
        pairs=tuple(draw(st.lists(pair, max_size=6))),
        budget=draw(st.none() | st.integers(0, 15)),
    )
    return _constrained(draw, plain)


def _constrained(draw, problem):
    names = [c.id for c in problem.candidates]
    two = st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True).map(tuple)
    twos = st.lists(two, max_size=2).map(tuple) if len(names) > 1 else st.just(())
    instruments = st.sampled_from(["barrier", "subsidy"])
    caps = draw(st.dictionaries(instruments, st.integers(0, 10), max_size=1))
    cities = tuple(_city(draw, f"city{i}", len(problem.pairs)) for i in range(draw(st.integers(0, 2))))
    problem = problem.replace(
        caps=tuple(sorted(caps.items())), excludes=draw(twos), requires=draw(twos), cities=cities
    )
    targets = _targets(draw, problem)
    cover = "targets" if targets and problem.budget is None and draw(st.booleans()) else "all"
    return problem.replace(targets=targets, cover=cover)


def _city(draw, name, pairs):
    counted = draw(st.sets(st.integers(0, pairs - 1))) if pairs else set()
    need = draw(st.integers(0, len(counted)))
    return City(name, draw(st.integers(0, 5)), tuple(sorted(counted)), need, draw(st.sampled_from(GROUPS)))


def _targets(draw, problem):
    known = [("pairs", p.group) for p in problem.pairs] + [("cities", c.group) for c in problem.cities]
    known = sorted({two for two in known if two[1]})
    if not known:
        return ()
    chosen = draw(st.lists(st.sampled_from(known), max_size=2, unique=True))
    return tuple(Target(group, draw(st.integers(0, 8)), of) for of, group in chosen)


def relaxed(problem):
    """Return a problem without side constraints and fixings."""
    return problem.replace(
        candidates=tuple(dataclasses.replace(c, fixed=None) for c in problem.candidates),
        cover="all",
        caps=(),
        targets=(),
        excludes=(),
        requires=(),
        cities=(),
    )
