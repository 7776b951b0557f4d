"""Draw small problems with side constraints and mirrored networks, and try every plan of them."""

from __future__ import annotations

import dataclasses
import itertools

from core_drawing import both_ways, brute_force, capacities, covered_by, plan_value
from hypothesis import strategies as st

from optimiser.engine.presolve.pairs import BY_SETS, minimal_sets
from optimiser.problem import Candidate, City, DesignProblem, Pair, Target


def plans(problem):
    """Yield every plan that meets the constraints, with its objective."""
    names = [c.id for c in problem.candidates]
    for flags in itertools.product((False, True), repeat=len(names)):
        built = {name for name, yes in zip(names, flags, strict=True) if yes}
        value = plan_value(problem, built)
        if value is not None:
            yield built, value[0]


def with_sets(rule, stage):
    """Return what a rule makes of a stage, given its minimal sets where it asks for them."""
    return rule(stage, minimal_sets(stage.problem)) if rule in BY_SETS else rule(stage)


def optimum(stage):
    """Return the optimal objective that a stage stands for, None when it has no plan."""
    value = None if stage.reason else brute_force(stage.problem)
    return None if value is None else value + stage.base


def families_by_trial(problem):
    """Return the minimal sets of each pair among all sets that can be paid for."""
    names = [c.id for c in problem.candidates]
    chosen = [set(two) for n in range(len(names) + 1) for two in itertools.combinations(names, n)]
    paid = [s for s in chosen if problem.budget is None or problem.cost_of(s) <= problem.budget]
    covers = [(s, covered_by(problem, s)) for s in paid]
    found = []
    for k in range(len(problem.pairs)):
        enough = [s for s, flags in covers if flags[k]]
        found.append(tuple(sorted(tuple(sorted(s)) for s in enough if not any(o < s for o in enough))))
    return found


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


@st.composite
def corridors(draw, *, most_candidates=6, budgets=(None, None, 3, 6)):
    """Draw a corridor of places 10 s apart, ways to run parts of it faster, and journeys that overlap.

    Each stretch can be made faster in several ways, longer journeys need what shorter ones on them need, and
    mostly all must be covered: minimal sets share candidates, hold one another, and imply one another.
    """
    n = draw(st.integers(3, 5))
    candidates = []
    for j in range(draw(st.integers(2, most_candidates))):
        first = draw(st.integers(0, n - 2))
        last = draw(st.integers(first + 1, min(first + 2, n - 1)))
        seconds = draw(st.sampled_from([2, 5, 9]))
        stretches = [(i, i + 1, seconds) for i in range(first, last)]
        instrument = draw(st.sampled_from([None, None, "barrier", "subsidy"]))
        candidates.append(
            Candidate(f"c{j}", draw(st.integers(1, 4)), both_ways(*stretches), "road", instrument)
        )
    pairs = []
    for _ in range(draw(st.integers(2, 6))):
        ends = sorted(draw(st.lists(st.integers(0, n - 1), min_size=2, max_size=2, unique=True)))
        span = ends[1] - ends[0]
        limit = draw(st.sampled_from([2, 5, 7, 9])) * span + draw(st.integers(0, 3))
        pairs.append(Pair(*ends, limit, draw(st.integers(0, 5)), draw(st.sampled_from(GROUPS))))
    plain = DesignProblem(
        name="corridor",
        nodes=tuple(f"n{i}" for i in range(n)),
        arcs=both_ways(*((i, i + 1, 10) for i in range(n - 1))),
        candidates=tuple(candidates),
        pairs=tuple(pairs),
        budget=draw(st.sampled_from(budgets)),
    )
    return _constrained(draw, plain) if draw(st.booleans()) else plain


def _constrained(draw, problem):
    names = [c.id for c in problem.candidates]
    two = st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True).map(tuple)
    twos = st.lists(two, max_size=2).map(tuple) if len(names) > 1 else st.just(())
    instruments = st.sampled_from(["barrier", "subsidy"])
    caps = draw(st.dictionaries(instruments, st.integers(0, 10), max_size=1))
    cities = tuple(_city(draw, f"city{i}", len(problem.pairs)) for i in range(draw(st.integers(0, 2))))
    problem = problem.replace(
        caps=tuple(sorted(caps.items())),
        capacities=draw(capacities(names)),
        excludes=draw(twos),
        requires=draw(twos),
        cities=cities,
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
        capacities=(),
        targets=(),
        excludes=(),
        requires=(),
        cities=(),
    )
